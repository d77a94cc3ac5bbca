# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A call that never comes back costs its own server its time-out, and no other server anything."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.unit.faults import rules
from tests.unit.faults.hosts import farm

SESSIONS = [{"id": 12, "user": "alice"}, {"id": 13, "user": "bob"}, {"id": 20, "user": "dave"}]
OPTIONS = {"users": ["alice", "bob"], "timeout": "0.3s", "on_timeout": "terminate", "server_timeout": "0.4s"}
QUERIES_BEFORE_THE_ACT = 2 * 4 + 1

CALLS = {
    "opening the server": ("WTSOpenServerEx", 0),
    "listing": ("WTSEnumerateSessionsEx", 0),
    "asking for the name": ("NetWkstaGetInfo", 0),
    "identifying": ("WTSQuerySessionInformation", 0),
    "asking for the client": ("WTSQuerySessionInformation", 1),
    "identifying again": ("WTSQuerySessionInformation", QUERIES_BEFORE_THE_ACT - 1),
    "the request": ("WTSLogoffSession", 0),
    "the second request": ("WTSLogoffSession", 1),
    "waiting": ("WTSQuerySessionInformation", QUERIES_BEFORE_THE_ACT + 1),
    "listing processes": ("WTSEnumerateProcessesEx", 0),
    "ending a process": ("WTSTerminateProcess", 0),
    "closing the server": ("WTSCloseServer", 0),
}


def hanging(call: str, after: int) -> dict[str, Any]:
    return {"call": call, "after": after, "delay": "never"}


@pytest.mark.parametrize("call", CALLS)
def test_call_that_hangs_on_one_of_several_servers(call: str) -> None:
    function, after = CALLS[call]
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
            assert result["summary"] == {"logged_off": 2}
            return
        assert result["failed"]
        assert "did not answer within server_timeout" in result["msg"]
        assert "[1460 ERROR_TIMEOUT]" in result["msg"]
        # The handle of the server that does not answer: its thread is still in the call when the program ends.
        assert tried.leaks in (0, 1)


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
        result = tried.logoff(**options, server_timeout="0.3s")
        rules.check(tried, options, result)
        assert result["msg"].startswith("an account could not be looked up: the server did not answer within")
        assert tried.carried_out() == []


def test_call_that_is_late_is_waited_for() -> None:
    faults = [{"call": function, "delay": 0.1} for function in ("WTSEnumerateSessionsEx", "WTSLogoffSession")]
    with farm({"name": "RDSH01", "sessions": SESSIONS, "faults": faults}) as tried:
        result = tried.logoff(users=["alice", "bob"], server_timeout="5s")
        rules.check(tried, {"users": ["alice", "bob"]}, result)
        assert result["summary"] == {"logged_off": 2}
