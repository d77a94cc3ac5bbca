# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What an account needs on a host to log users off, and what it can do with less."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .conftest import Farm

Serve = Callable[..., Farm]

SESSIONS = [{"id": 12, "user": "alice"}, {"id": 13, "user": "bob"}]


def farm(serve: Serve, permissions: dict[str, list[str]], user: str = "operator", **fields: object) -> Farm:
    host = {"name": "RDSH01", "sessions": SESSIONS, "permissions": permissions, **fields}
    return serve(hosts=[host], account={"user": user, "domain": "CONTOSO"})


def test_query_and_reset_are_enough(serve: Serve) -> None:
    hosts = farm(serve, {"operator": ["query", "reset"]})
    assert hosts.logoff("all=true").outcomes() == {12: "logged_off", 13: "logged_off"}
    assert hosts.users() == {}


def test_without_reset_each_logoff_is_denied(serve: Serve) -> None:
    hosts = farm(serve, {"operator": ["query", "disconnect", "message"]})
    result = hosts.logoff("all=true")
    assert (result.status, result.outcomes()) == ("failed", {12: "denied", 13: "denied"})
    assert hosts.users() == {12: "alice", 13: "bob"}


@pytest.mark.parametrize("permissions", [{}, {"operator": ["reset"]}, {"alice": ["administrator"]}], ids=str)
def test_without_query_nobody_is_seen(serve: Serve, permissions: dict[str, list[str]]) -> None:
    hosts = farm(serve, permissions)
    result = hosts.logoff("all=true")
    # There is always session 0, so that no session is seen does not mean that nobody is logged on.
    assert (result.status, result["sessions"], result["changed"]) == ("failed", [], False)
    assert result["servers"][0]["error"]["name"] == "ERROR_NO_MORE_ITEMS"
    assert hosts.users() == {12: "alice", 13: "bob"}


@pytest.mark.parametrize("error", [0, 5, 259])
def test_an_account_that_sees_nobody_does_not_learn_that_nobody_is_logged_on(serve: Serve, error: int) -> None:
    """Whichever way Windows says it; a task that expects an empty host would go on otherwise."""
    hosts = farm(serve, {}, empty_list_error=error)
    for module, options in ("session_info", ""), ("logoff", "users=alice"), ("disconnect", "all=true"):
        result = hosts.adhoc(f"winops.rds.win_rds_{module}", options).only()
        assert (result.status, result["changed"], result["sessions"]) == ("failed", False, [])
        assert result["servers"][0]["error"]["code"] == error
    assert hosts.users() == {12: "alice", 13: "bob"}


def test_to_log_oneself_off_takes_nothing(serve: Serve) -> None:
    hosts = farm(serve, {}, user="alice")
    assert hosts.logoff("all=true").outcomes() == {12: "logged_off"}
    assert hosts.users() == {13: "bob"}


@pytest.mark.parametrize("server", ["", "RDSH02"])
def test_to_end_programs_takes_an_administrator(serve: Serve, server: str) -> None:
    """Windows accepts the logoff, and the account may not end what keeps the session."""
    hosts = [
        {
            "name": name,
            "sessions": [{"id": 12, "user": "alice", "logoff": "never"}],
            "permissions": {"operator": ["query", "reset"]},
        }
        for name in ("RDSH01", "RDSH02")
    ]
    served = serve(hosts=hosts[:1] if not server else hosts, account={"user": "operator", "domain": "CONTOSO"})
    run = served.adhoc(
        "winops.rds.win_rds_logoff",
        f"users=alice timeout=1s on_timeout=terminate {server and f'server={server}'}",
        "--limit=RDSH01",
    )
    (record,) = run.only()["sessions"]
    assert (record["result"], record["ended_processes"]) == ("timed_out", [])
    assert record["error"]["message"].endswith("; no program was found there that this account may end")
    assert "as an administrator" in record["error"]["hint"]
    assert run.only()["changed"]
