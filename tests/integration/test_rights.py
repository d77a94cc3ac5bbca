# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The guide about rights: what it says of an account that lacks one."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.guides import guide

from .conftest import Farm

Serve = Callable[..., Farm]

ALL = {"query", "reset", "disconnect", "message"}
LOGOFF, GRACE = ("win_rds_logoff", "users=alice"), ("win_rds_logoff", "users=alice grace=1s message=Soon")
DISCONNECT, MESSAGE = ("win_rds_disconnect", "users=alice"), ("win_rds_message", "users=alice message=Hi")
MODE = ("win_rds_logon_mode", "mode=drain")
MISSING = {
    "Query Information": ("query", LOGOFF),
    "Reset or Logoff, whichever it takes": ("reset", LOGOFF),
    "Disconnect": ("disconnect", DISCONNECT),
    "Message": ("message", MESSAGE),
    "administrator, for the logon mode": ("", MODE),
}


def farm(serve: Serve, permissions: set[str]) -> Farm:
    host = {"name": "RDSH01", "sessions": [{"id": 12, "user": "alice"}], "permissions": {"operator": [*permissions]}}
    return serve(hosts=[host], account={"user": "operator"})


def texts() -> dict[str, str]:
    """What the guide says that people read, by what is missing."""
    (table,) = guide("guide_rights").section("4. See whether it works").tables()
    return {row["missing"]: row["you read"] for row in table}


@pytest.mark.parametrize("missing", MISSING)
def test_what_is_read_without_a_permission(serve: Serve, missing: str) -> None:
    permission, (module, options) = MISSING[missing]
    hosts = farm(serve, ALL - {permission})
    result = hosts.adhoc(f"winops.rds.{module}", options).only()
    assert (result.status, result["changed"]) == ("failed", False)
    assert texts()[missing] in result["msg"]
    assert {call.error for call in hosts.simulation.mutating_calls("RDSH01")} <= {5}
    assert hosts.users() == {12: "alice"}


@pytest.mark.parametrize("door", ["winrm", "psrp"])
def test_what_is_read_without_the_way_in(serve: Serve, door: str) -> None:
    other = {"winrm": "psrp", "psrp": "winrm"}[door]
    hosts = serve(hosts=[{"name": "RDSH01", "doors": [other], "sessions": [{"id": 12, "user": "alice"}]}])
    result = hosts.logoff("all=true", "-e", f"ansible_connection={door}")
    assert result.status == "unreachable"
    read, _, _ = texts()[f"the way in, by {door}"].partition(" after ")
    assert read in " ".join(result["msg"].split())
    assert hosts.logoff("all=true", "--check", "-e", f"ansible_connection={other}").status == "ok"
    assert hosts.users() == {12: "alice"}


def test_each_row_is_read_here() -> None:
    assert {*texts()} == {*MISSING, "the way in, by winrm", "the way in, by psrp"}


@pytest.mark.parametrize(
    ("permissions", "tasks"),
    [({"query", "reset"}, [LOGOFF]), ({"query", "reset", "message"}, [GRACE]),
     ({"query", "disconnect"}, [DISCONNECT]), ({"query", "message"}, [MESSAGE]),
     ({"query"}, [("win_rds_session_info", "")])],
    ids=lambda case: str(sorted(case)),
)  # fmt: skip
def test_the_permissions_of_the_table_are_enough(
    serve: Serve, permissions: set[str], tasks: list[tuple[str, str]]
) -> None:
    hosts = farm(serve, permissions)
    for module, options in tasks:
        assert hosts.adhoc(f"winops.rds.{module}", options).only().status == "ok"


@pytest.mark.parametrize("takes", ["reset", "logoff"])
def test_reset_and_logoff_are_enough_whichever_it_takes(serve: Serve, takes: str) -> None:
    other = {"reset": "logoff", "logoff": "reset"}[takes]
    host = {"name": "RDSH01", "sessions": [{"id": 12, "user": "alice"}], "logoff_permission": takes}
    account = {"user": "operator"}
    hosts = serve(hosts=[{**host, "permissions": {"operator": ["query", other]}}], account=account)
    result = hosts.logoff("users=alice")
    assert result.outcomes() == {12: "denied"}
    assert texts()["Reset or Logoff, whichever it takes"] in result["msg"]
    hosts = serve(hosts=[{**host, "permissions": {"operator": ["query", "reset", "logoff"]}}], account=account)
    assert hosts.logoff("users=alice").outcomes() == {12: "logged_off"}


def test_with_grace_who_cannot_be_warned_is_not_logged_off(serve: Serve) -> None:
    hosts = farm(serve, ALL - {"message"})
    assert hosts.logoff(GRACE[1]).outcomes() == {12: "denied"}
    assert hosts.users() == {12: "alice"}


def test_check_mode_does_not_tell_whether_the_account_may_log_off(serve: Serve) -> None:
    assert farm(serve, {"query"}).logoff("users=alice", "--check").outcomes() == {12: "would_log_off"}
