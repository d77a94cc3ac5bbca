# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Each fault at each call that a task makes, one after the other: "at any point" is meant literally."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from tests.unit.faults import rules
from tests.unit.faults.hosts import farm

SESSIONS = [
    {"id": 1, "name": "console", "user": "operator"},
    {"id": 12, "user": "alice"},
    {"id": 13, "user": "bob", "state": "disconnected"},
    {"id": 14, "user": "carol"},
    {"id": 20, "user": "dave"},
]
OPTIONS = {"users": ["alice", "bob", "carol"]}
LEFT_ALONE = {1: "operator", 20: "dave"}
SETTLED = {"logged_off", "already_gone"}

Fault = dict[str, Any]


def hosts(where: str, faults: list[Fault]) -> list[dict[str, Any]]:
    """RDSH01 on which the task runs, and RDSH02; the sessions and the faults are on one of them."""
    full = {"sessions": SESSIONS, "faults": faults}
    return [
        {"name": "RDSH01", **(full if where == "RDSH01" else {"faults": faults})},
        {"name": "RDSH02", **(full if where == "RDSH02" else {})},
    ]


def options(where: str) -> dict[str, Any]:
    return OPTIONS | ({} if where == "RDSH01" else {"server": ["RDSH02"]}) | {"timeout": "0.2s"}


@cache
def calm_calls(where: str) -> list[str]:
    """The calls of a task in which nothing goes wrong."""
    with farm(*hosts(where, [])) as calm:
        calm.logoff(**options(where))
        calls = [call.function for call in calm.api.witnessed if call.host == where]
    assert len(calls) > 15
    return calls


def points(where: str) -> Iterator[Fault]:
    """Each of these calls, as a fault that strikes there, once."""
    calls = calm_calls(where)
    for position, function in enumerate(calls):
        yield {"call": function, "after": calls[:position].count(function), "times": 1}


def outcome(where: str, faults: list[Fault], *, again: bool = False) -> dict[str, Any]:
    """Run the task with these faults and check the rules; run it again without them: then nobody is left."""
    with farm(*hosts(where, faults)) as tried:
        try:
            result = tried.logoff(**options(where))
            rules.check(tried, options(where), result)
            if again:
                for host in tried.hosts.values():
                    host.faults = []
                rest = tried.logoff(**options(where))
                rules.check(tried, options(where), rest)
                assert not rest.get("failed"), rest["msg"]
                assert not {"alice", "bob", "carol"} & {*tried.users(where).values()}
            assert LEFT_ALONE.items() <= tried.users(where).items()
        except AssertionError as broken:
            broken.add_note(f"at {faults}")
            raise
    return result


def outcomes(result: dict[str, Any]) -> dict[int, str]:
    return {record["id"]: record["result"] for record in result["sessions"]}


WHERE = pytest.mark.parametrize("where", ["RDSH01", "RDSH02"])


@pytest.mark.parametrize("error", [5, 1722, 7024])
def test_error_once_at_any_call(error: int) -> None:
    for point in points("RDSH01"):
        result = outcome("RDSH01", [point | {"error": error}], again=error == 5)
        if not any(server["error"] for server in result["servers"]):
            done = [each for each in outcomes(result).values() if each in SETTLED]
            assert len(done) >= 2, "one session's failure stopped another"


def test_rpc_server_unavailable_from_any_call_on() -> None:
    calls = calm_calls("RDSH02")
    for point in points("RDSH02"):
        position = [i for i, call in enumerate(calls) if call == point["call"]][point["after"]]
        outcome(
            "RDSH02", [{"call": f, "after": calls[:position].count(f), "error": 1722} for f in {*calls}], again=True
        )


@WHERE
def test_session_gone_at_any_call(where: str) -> None:
    for point in points(where):
        result = outcome(where, [point | {"before": [{"remove": 13}]}])
        assert not result.get("failed"), result["msg"]
        assert set(outcomes(result).values()) <= SETTLED


@WHERE
def test_id_reused_at_any_call(where: str) -> None:
    successor = {"put": {"id": 13, "user": "mallory", "logged_on": 0}}
    for point in points(where):
        result = outcome(where, [point | {"before": [successor]}])
        assert not result.get("failed"), result["msg"]
        assert set(outcomes(result).values()) <= SETTLED


def test_same_user_again_under_the_same_id_at_any_call() -> None:
    """A new logon of the same account is another session, though the next task means it as well."""
    successor = {"put": {"id": 13, "user": "bob", "logged_on": 0}}
    for point in points("RDSH01"):
        assert not outcome("RDSH01", [point | {"before": [successor]}]).get("failed")


def test_session_that_appears_at_any_call() -> None:
    """Who comes after the sessions were listed was not there when the task decided."""
    for point in points("RDSH01"):
        result = outcome("RDSH01", [point | {"before": [{"put": {"id": 30, "user": "alice"}}]}])
        assert not result.get("failed")
        assert {12, 13, 14} <= set(outcomes(result)) <= {12, 13, 14, 30}
