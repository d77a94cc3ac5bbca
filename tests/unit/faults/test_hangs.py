# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A call that never comes back costs its own session, or its own server, and no other session and server anything."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.unit.faults import rules
from tests.unit.faults.hosts import farm

SESSIONS = [{"id": 12, "user": "alice"}, {"id": 13, "user": "bob"}, {"id": 20, "user": "dave"}]
OPTIONS = {"users": ["alice", "bob"], "timeout": "0.3s", "on_timeout": "terminate", "server_timeout": "1s"}

#: Calls that are about a server: which, and after how many of them.
OF_A_SERVER = {
    "opening the server": ("WTSOpenServerEx", 0),
    "listing": ("WTSEnumerateSessionsEx", 0),
    "asking for the name": ("NetWkstaGetInfo", 0),
    "closing the server": ("WTSCloseServer", 0),
}

#: Calls that are about a session.
OF_A_SESSION = {
    "identifying": ("WTSQuerySessionInformation", 0),
    "asking for the client": ("WTSQuerySessionInformation", 1),
    "identifying again": ("WTSQuerySessionInformation", 4),
    "the request": ("WTSLogoffSession", 0),
    "waiting": ("WTSQuerySessionInformation", 5),
    "listing processes": ("WTSEnumerateProcessesEx", 0),
}


def hanging(call: str, after: int, **which: Any) -> dict[str, Any]:
    return {"call": call, "after": after, "delay": "never", **which}


@pytest.mark.parametrize("call", OF_A_SESSION)
@pytest.mark.parametrize("session", [12, 13])
def test_call_that_hangs_for_one_of_several_sessions(call: str, session: int) -> None:
    function, after = OF_A_SESSION[call]
    sessions = [each | {"logoff": "never" if each["id"] == session else "0.1s"} for each in SESSIONS]
    with farm({"name": "RDSH01", "sessions": sessions, "faults": [hanging(function, after, session=session)]}) as tried:
        result = tried.logoff(**OPTIONS)
        rules.check(tried, OPTIONS, result)
        other = 25 - session
        assert {record["id"]: record["result"] for record in result["sessions"]} == {
            session: "failed" if call in ("identifying", "asking for the client", "identifying again") else "timed_out",
            other: "logged_off",
        }
        assert tried.users() == {20: "dave", session: tried.users()[session]}
        assert "did not answer within server_timeout" in result["msg"]


def test_call_that_hangs_while_a_process_is_ended() -> None:
    sessions = [session | {"logoff": "never"} for session in SESSIONS]
    with farm({"name": "RDSH01", "sessions": sessions, "faults": [hanging("TerminateProcess", 0, times=1)]}) as tried:
        result = tried.logoff(**OPTIONS)
        rules.check(tried, OPTIONS, result)
        assert {record["id"]: record["result"] for record in result["sessions"]} == {12: "timed_out", 13: "logged_off"}


@pytest.mark.parametrize("call", OF_A_SERVER | OF_A_SESSION)
def test_call_that_hangs_on_one_of_several_servers(call: str) -> None:
    """It hangs for each session of that server."""
    function, after = (OF_A_SERVER | OF_A_SESSION)[call]
    slow = [session | {"logoff": "never"} for session in SESSIONS]
    # What opens and closes a server happens on the computer that the engine runs on.
    here = [hanging(function, after)] if function in ("WTSOpenServerEx", "WTSCloseServer") else []
    there = [] if here else [hanging(function, after)]
    with farm(
        {"name": "RDSH01", "faults": here},
        {"name": "RDSH02", "sessions": slow, "faults": there},
        {"name": "RDSH03", "sessions": SESSIONS},
    ) as tried:
        began = time.monotonic()
        servers = ["RDSH02"] if here else ["RDSH02", "RDSH03"]
        result = tried.logoff(**OPTIONS, server=servers)
        assert time.monotonic() - began < 10
        rules.check(tried, OPTIONS, result)
        assert tried.users("RDSH02").get(20) == "dave"
        if not here:
            assert tried.users("RDSH03") == {20: "dave"}
        if function == "WTSCloseServer":
            assert result["summary"]["logged_off"] == len(result["sessions"]) == 2
            return
        assert result["failed"]
        assert "did not answer within server_timeout" in result["msg"]
        assert "the server did not answer within server_timeout" in result["msg"]


@pytest.mark.parametrize("function", ["WTSEnumerateSessionsEx", "WTSLogoffSession", "WTSQuerySessionInformation"])
def test_call_that_hangs_on_the_host_itself(function: str) -> None:
    with farm({"name": "RDSH01", "sessions": SESSIONS, "faults": [hanging(function, 0)]}) as tried:
        result = tried.logoff(**OPTIONS)
        rules.check(tried, OPTIONS, result)
        assert result["failed"] and result["changed"] is False
        assert tried.users() == {12: "alice", 13: "bob", 20: "dave"}
        assert tried.leaks == 0


@pytest.mark.parametrize(
    ("function", "options"),
    [
        ("GetUserNameEx", {"sessions": ["current"]}),
        ("LookupAccountName", {"users": ["alice@contoso.com"]}),
        ("LookupAccountSid", {"users": ["alice@contoso.com"]}),
    ],
)
def test_look_up_that_hangs(function: str, options: dict[str, Any]) -> None:
    """A domain controller that does not answer."""
    with farm({"name": "RDSH01", "sessions": SESSIONS, "faults": [hanging(function, 0)]}) as tried:
        result = tried.logoff(**options, server_timeout="1s")
        rules.check(tried, options, result)
        assert result["msg"].startswith(
            "an account could not be looked up, so nobody was touched: the server did not answer within"
        )
        assert tried.carried_out() == []


def test_call_that_is_late_is_waited_for() -> None:
    faults = [{"call": function, "delay": 0.1} for function in ("WTSEnumerateSessionsEx", "WTSLogoffSession")]
    with farm({"name": "RDSH01", "sessions": SESSIONS, "faults": faults}) as tried:
        result = tried.logoff(users=["alice", "bob"], server_timeout="5s")
        rules.check(tried, {"users": ["alice", "bob"]}, result)
        assert result["summary"]["logged_off"] == len(result["sessions"]) == 2
