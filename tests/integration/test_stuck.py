# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Sessions that are stuck: down for ever, busy for ever, on their way out for ever."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .conftest import Farm

Serve = Callable[..., Farm]

DOWN = {"id": 5, "user": "dave", "stuck": True}
ALICE = {"id": 12, "user": "alice"}
BUSY = {"call": "WTSLogoffSession", "session": 12, "error": 7024}
CLOSING = {"call": "WTSQuerySessionInformation", "session": 12, "error": 7007}
ENDED = {"TerminateProcess", "WTSTerminateProcess"}


def ended(farm: Farm, host: str = "RDSH01") -> int:
    calls = farm.simulation.api.mutating_calls_on(farm.simulation.hosts[host])
    return sum(call.function in ENDED and call.error == 0 for call in calls)


def sessions(farm: Farm, host: str = "RDSH01") -> set[int]:
    return {session.id for session in farm.simulation.hosts[host].table.sessions()} - {0, 65536}


def test_one_that_is_down_is_listed_and_fails_nothing(serve: Serve) -> None:
    farm = serve([DOWN, ALICE])
    result = farm.adhoc("winops.rds.win_rds_session_info", "states=down,active").only()
    assert result.status == "ok"
    down, alice = sorted(result["sessions"], key=lambda record: record["id"])
    assert (down["id"], down["state"], down["account"], down["error"]) == (5, "down", "", None)
    assert {down[name] for name in down if name.endswith("_time") or name == "idle_seconds"} == {None}
    assert alice["state"] == "active"
    # Everybody is every user; one that has lost its user is nobody's.
    assert farm.adhoc("winops.rds.win_rds_session_info").only().outcomes() == {12: "listed"}


@pytest.mark.parametrize("server", ["", "RDSH02"], ids=["here", "another server"])
def test_down_sessions_are_cleaned_by_ending_their_programs(serve: Serve, server: str) -> None:
    farm = serve(hosts=[{"name": "RDSH01", "sessions": [DOWN, ALICE]}, {"name": "RDSH02", "sessions": [DOWN, ALICE]}])
    where = f" server={server}" if server else ""
    run = farm.adhoc(
        "winops.rds.win_rds_logoff", f"states=down on_timeout=terminate timeout=1s{where}", "--limit", "RDSH01"
    )
    result = run.only()
    assert (result.status, result["changed"]) == ("ok", True)
    (record,) = result["sessions"]
    assert (record["result"], [process["name"] for process in record["ended_processes"]]) == (
        "logged_off",
        ["explorer.exe"],
    )
    here = server or "RDSH01"
    assert (sessions(farm, here), ended(farm, here)) == ({12}, 1)


def test_a_down_session_that_nothing_was_done_about(serve: Serve) -> None:
    farm = serve([DOWN])
    result = farm.logoff("states=down timeout=1s")
    assert (result.status, result["changed"], result.outcomes()) == ("failed", False, {5: "timed_out"})
    assert "was on its way out already" in result["msg"] and "accepted" not in result["msg"]
    assert "on_timeout=terminate" in result["msg"] and "restart" in result["msg"]


@pytest.mark.parametrize("fault", [BUSY, CLOSING], ids=["busy", "closing"])
def test_programs_are_ended_where_windows_refuses_for_ever(serve: Serve, fault: dict[str, Any]) -> None:
    farm = serve([ALICE | {"logoff": "never"}], faults=[fault])
    result = farm.logoff("users=alice on_timeout=terminate timeout=1s")
    assert ended(farm) == 1
    assert result["changed"] is True


@pytest.mark.parametrize("queries", [0, 4], ids=["at the first look", "at the second"])
def test_who_is_on_the_way_out_is_awaited(serve: Serve, queries: int) -> None:
    leaving = {**CLOSING, "after": queries, "times": 3}
    leaves = {"call": "WTSQuerySessionInformation", "session": 12, "after": queries + 2, "then": [{"remove": 12}]}
    farm = serve([ALICE], faults=[leaves, leaving])
    result = farm.logoff("users=alice")
    assert (result.status, result["changed"]) == ("ok", False)
    assert result.outcomes() == {12: "already_gone"}


def test_who_is_on_the_way_out_is_never_judged_by_times_that_nobody_knows(serve: Serve) -> None:
    farm = serve([ALICE | {"idle": "2h"}], faults=[CLOSING])
    result = farm.logoff("idle_for=1h on_timeout=terminate timeout=1s")
    assert result.status == "failed"
    assert farm.simulation.api.mutating_calls_on(farm.simulation.hosts["RDSH01"]) == []


def test_states_of_broken_sessions_reach_neither_services_nor_listeners_nor_logon_screens(serve: Serve) -> None:
    screens = [{"id": 7, "state": "connected"}, {"id": 8, "state": "disconnected"}]
    farm = serve([DOWN, *screens])
    result = farm.logoff("states=down,init,reset,connected,disconnected", "--check")
    assert result.outcomes() == {5: "would_log_off"}


def test_a_program_that_has_got_the_id_meanwhile_is_left_alone(serve: Serve) -> None:
    """Between the list and the end of a program its ID becomes that of another, in somebody else's session."""
    taken = {"start_process": {"session": 13, "id": 777, "name": "payroll.exe"}}
    hosts = [
        {
            "name": "RDSH01",
            "sessions": [
                ALICE | {"logoff": "never", "processes": [{"name": "hung.exe", "id": 777}]},
                {"id": 13, "user": "bob"},
            ],
            "faults": [{"call": "OpenProcess", "before": [taken]}],
        }
    ]
    farm = serve(hosts=hosts)
    farm.logoff("users=alice on_timeout=terminate timeout=1s")
    assert ended(farm) == 0
    bob = next(s for s in farm.simulation.hosts["RDSH01"].table.sessions() if s.id == 13)
    assert "payroll.exe" in [process.name for process in bob.processes]
