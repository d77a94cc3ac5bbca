# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Other servers: side by side, each for itself, and none is waited for longer than it may take."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.winops.rds.plugins.plugin_utils._engine.requests import LogoffTerminateRequest

from simulator.farm import Host
from tests.support.calls import CLOSE_SERVER, ENUMERATE, LOGOFF, OPEN_SERVER, PROCESSES, QUERY, TERMINATE, WORKSTATION
from tests.unit.engine.session_host import (
    ALICE,
    BOB,
    PATIENCE,
    QUERIES_BEFORE_THE_ACT,
    Report,
    Windows,
    record,
    results,
    server_report,
    session_host,
)


def farm(windows: Windows, *others: Host, **settings: Any) -> Host:
    """The host that tasks run on, from which the others can be reached."""
    here = session_host({"id": 12, "user": "admin"}, name="MGMT", **settings)
    windows.connect(here, *others)
    return here


def rdsh(number: int, *sessions: dict[str, Any], **settings: Any) -> Host:
    return session_host(*(sessions or (ALICE, BOB)), name=f"RDSH0{number}", **settings)


def failure(report: Report, server: str) -> Any:
    """Why a server was not dealt with."""
    return server_report(report, server)["error"]


def opened_and_closed(windows: Windows, here: Host) -> tuple[int, int]:
    functions = [call.function for call in windows.calls_on(here)]
    return functions.count(OPEN_SERVER), functions.count(CLOSE_SERVER)


async def test_each_server_has_its_own_sessions(windows: Windows) -> None:
    second, third = rdsh(2), rdsh(3, BOB, {"id": 14, "user": "alice"})
    here = farm(windows, second, third)
    report = await windows.run(here, users=["alice"], server=["RDSH03", "RDSH02"])
    assert [part["server"] for part in report["servers"]] == ["RDSH03", "RDSH02"]
    assert [part["computer_name"] for part in report["servers"]] == ["RDSH03", "RDSH02"]
    assert results(report, "RDSH02") == {12: "logged_off"}
    assert results(report, "RDSH03") == {14: "logged_off"}
    assert windows.logoffs(second) == [12]
    assert windows.logoffs(third) == [14]
    # The host that the task runs on is not one of them, and all that was opened was closed.
    assert {call.function for call in windows.calls_on(here) if call.function.startswith("WTS")} == {
        OPEN_SERVER,
        CLOSE_SERVER,
    }
    assert opened_and_closed(windows, here) == (4, 4)  # each to look and to act


async def test_check_mode_changes_nothing_elsewhere_either(windows: Windows) -> None:
    second = rdsh(2)
    here = farm(windows, second)
    report = await windows.run(here, all=True, server=["RDSH02"], check_mode=True)
    assert results(report, "RDSH02") == {12: "would_log_off", 13: "would_log_off"}
    assert windows.logoffs(second) == []
    assert opened_and_closed(windows, here) == (1, 1)


async def test_no_wait(windows: Windows) -> None:
    second = rdsh(2, ALICE | {"logoff": "never"}, BOB, faults=[{"call": LOGOFF, "session": 13, "error": 5}])
    report = await windows.run(farm(windows, second), all=True, server=["RDSH02"], timeout=0)
    assert results(report, "RDSH02") == {12: "requested", 13: "denied"}
    assert [record(report, id, "RDSH02")["accepted"] for id in (12, 13)] == [True, False]


@pytest.mark.parametrize("name", ["rdsh02", "RDSH02.contoso.com"])
async def test_names_of_a_server(windows: Windows, name: str) -> None:
    second = rdsh(2, {"id": 12, "user": "RDSH02\\carol"}, {"id": 13, "user": "MGMT\\carol"})
    report = await windows.run(farm(windows, second), users=[".\\carol"], server=[name])
    assert results(report, name) == {12: "logged_off"}
    assert server_report(report, name)["computer_name"] == "RDSH02"


async def test_the_console_of_another_server(windows: Windows) -> None:
    """WTSGetActiveConsoleSessionId tells of the host that asks: session 12 is its console and not RDSH02's."""
    second = rdsh(2, {"id": 1, "name": "Console", "user": "admin"}, ALICE)
    here = farm(windows, second)
    here.table.change(12, name="Console")
    report = await windows.run(here, all=True, server=["RDSH02"])
    assert results(report, "RDSH02") == {1: "protected", 12: "logged_off"}


@pytest.mark.parametrize("check_mode", [True, False])
async def test_a_server_that_is_down_or_does_not_exist(windows: Windows, check_mode: bool) -> None:
    second, third = rdsh(2), rdsh(3, rpc="down", rpc_timeout=0.2)
    here = farm(windows, second, third)
    servers = ["RDSH03", "RDSH02", "RDSH99"]
    report = await windows.run(here, all=True, server=servers, check_mode=check_mode)
    assert results(report, "RDSH02") == dict.fromkeys((12, 13), "would_log_off" if check_mode else "logged_off")
    for server in "RDSH03", "RDSH99":
        assert failure(report, server) == {"call": "WTSEnumerateSessionsEx", "code": 1722}
        assert server_report(report, server)["sessions"] == []
    calls = 3 if check_mode else 4  # of those that were looked at, one is acted on
    assert opened_and_closed(windows, here) == (calls, calls)


async def test_servers_that_are_down_are_waited_for_together(windows: Windows) -> None:
    down = [rdsh(number, rpc="down", rpc_timeout=0.1) for number in range(2, 8)]
    windows.meet(ENUMERATE, len(down))
    report = await windows.run(farm(windows, *down), all=True, server=[host.name for host in down])
    assert {failure(report, host.name)["code"] for host in down} == {1722}


@pytest.mark.parametrize("function", [ENUMERATE, LOGOFF])
async def test_servers_are_worked_on_side_by_side(windows: Windows, function: str) -> None:
    others = [rdsh(number) for number in range(2, 8)]
    windows.set_latency(0.05)
    windows.meet(function, len(others))
    report = await windows.run(farm(windows, *others), all=True, server=[host.name for host in others])
    assert [results(report, host.name) for host in others] == [{12: "logged_off", 13: "logged_off"}] * 6


@pytest.mark.parametrize(("options", "touched"), [({"users": [".\\carol"]}, []), ({"users": ["carol"]}, [12])], ids=str)
async def test_a_server_that_does_not_tell_its_name(
    windows: Windows, options: dict[str, Any], touched: list[int]
) -> None:
    carol = {"id": 12, "user": "RDSH02\\carol"}
    second, third = rdsh(2, carol), rdsh(3, {"id": 12, "user": "RDSH03\\carol"})
    second.faults = third.faults = []
    second = rdsh(2, carol, faults=[{"call": WORKSTATION, "error": 5}])
    report = await windows.run(farm(windows, second, third), **options, server=["RDSH02", "RDSH03"])
    assert results(report, "RDSH03") == {12: "logged_off"}
    assert windows.logoffs(second) == touched
    assert failure(report, "RDSH02") == (None if touched else {"call": WORKSTATION, "code": 5})


async def test_local_accounts_that_are_excluded_from_a_server_that_does_not_tell_its_name(windows: Windows) -> None:
    second = rdsh(2, faults=[{"call": WORKSTATION, "error": 1722}])
    report = await windows.run(farm(windows, second), all=True, exclude_users=[".\\carol"], server=["RDSH02"])
    assert failure(report, "RDSH02") == {"call": WORKSTATION, "code": 1722}
    assert windows.logoffs(second) == []


#: For each call at which a server hangs: what becomes of its sessions, and the call for which the server itself is told
#: to have failed. That is not so where the call is about one session: the others are done.
HANGS: dict[str, tuple[dict[str, Any], dict[int, str], str | None]] = {
    "listing its sessions": ({"call": ENUMERATE}, {}, "WTSEnumerateSessionsEx"),
    "telling its name": ({"call": WORKSTATION}, {}, WORKSTATION),
    "telling of its first session": ({"call": QUERY, "session": 12}, {12: "failed", 13: "logged_off"}, None),
    "telling of a client": ({"call": QUERY, "session": 12, "after": 2}, {12: "failed", 13: "logged_off"}, None),
    "telling of its second session": ({"call": QUERY, "session": 13}, {13: "failed", 12: "logged_off"}, None),
    "telling of a session before its logoff": (
        {"call": QUERY, "session": 13, "after": QUERIES_BEFORE_THE_ACT - 1},
        {12: "logged_off", 13: "failed"},  # nobody had asked for its logoff yet
        None,
    ),
    "logging the first off": ({"call": LOGOFF, "session": 12}, {12: "timed_out", 13: "logged_off"}, None),
    "logging the second off": ({"call": LOGOFF, "session": 13}, {12: "logged_off", 13: "timed_out"}, None),
    "telling of a session during the wait": (
        {"call": QUERY, "session": 12, "after": QUERIES_BEFORE_THE_ACT},
        {12: "timed_out", 13: "logged_off"},
        None,
    ),
    "listing processes": (
        {"call": PROCESSES, "session": 12},
        {12: "timed_out", 13: "logged_off"},
        None,
    ),
    "ending a process": ({"call": TERMINATE}, {12: "timed_out", 13: "logged_off"}, None),
}


@pytest.mark.parametrize(("fault", "outcome", "call"), HANGS.values(), ids=HANGS)
async def test_a_server_that_hangs(
    windows: Windows, fault: dict[str, Any], outcome: dict[int, str], call: str | None
) -> None:
    second = rdsh(2, ALICE | {"logoff": "never"}, BOB, faults=[fault | {"delay": "never"}])
    third = rdsh(3)
    report = await windows.run(
        farm(windows, second, third),
        LogoffTerminateRequest,
        all=True,
        server=["RDSH02", "RDSH03"],
        server_timeout=PATIENCE,
        timeout=0.25,  # the first look is after 0.1 s, and bob has gone by then
        hung_servers=1,
    )
    assert results(report, "RDSH03") == {12: "logged_off", 13: "logged_off"}
    hung = server_report(report, "RDSH02")
    assert hung["error"] == (call and {"call": call, "code": None})
    assert {session["id"]: session["result"] for session in hung["sessions"]} == outcome
    function = fault["call"].removesuffix("W")
    for session in hung["sessions"]:
        assert session["error"] == (None if session["result"] == "logged_off" else {"call": function, "code": None})
        # What Windows has accepted is told, and nothing was touched that is said not to have been.
        accepted = [call.session for call in windows.mutating_calls_on(second) if call.function == LOGOFF]
        assert session["accepted"] == (session["id"] in accepted)
    assert second.table.crashed is False


@pytest.mark.parametrize("hanging", [2, 3, 5])
@pytest.mark.parametrize("function", [QUERY, LOGOFF])
async def test_where_calls_for_three_sessions_hang_it_is_the_server_that_hangs(
    windows: Windows, function: str, hanging: int
) -> None:
    """Otherwise a server that does not answer would cost its time-out for each of its sessions."""
    ids = [*range(10, 16)]
    host = session_host(
        *({"id": id, "user": f"user{id}"} for id in ids),
        faults=[{"call": function, "session": id, "delay": "never"} for id in ids[:hanging]],
    )
    report = await windows.run(host, all=True, server_timeout=PATIENCE)
    of_server = server_report(report)
    outcome = {session["id"]: session["result"] for session in of_server["sessions"]}
    unanswered = "timed_out" if function == LOGOFF else "failed"
    if hanging < 3:
        assert of_server["error"] is None
        assert outcome == {id: unanswered if id in ids[:hanging] else "logged_off" for id in ids}
    else:
        assert of_server["error"] == {"call": function.removesuffix("W"), "code": None}
        # Who was not looked at is not told of; who was not asked is failed.
        assert outcome == (
            dict.fromkeys(ids[:3], "failed")
            if function == QUERY
            else {id: "timed_out" if id in ids[:3] else "failed" for id in ids}
        )
        assert windows.logoffs(host) == []


async def test_what_hangs_costs_others_no_more_than_time(windows: Windows) -> None:
    """A look at one session hangs while another is logging off, and while a third has not been asked."""
    host = session_host(
        ALICE | {"logoff": 0.1},
        BOB | {"logoff": 0.2},
        {"id": 14, "user": "carol"},
        faults=[{"call": QUERY, "session": 12, "after": QUERIES_BEFORE_THE_ACT, "delay": "never"}],
    )
    report = await windows.run(host, all=True, server_timeout=PATIENCE, max_parallel=2)
    assert results(report) == {12: "timed_out", 13: "logged_off", 14: "logged_off"}
    assert windows.logoffs(host) == [12, 13, 14]


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize("failing", [[], [{"call": ENUMERATE, "error": 1722}]], ids=["", "after an error"])
async def test_a_server_that_hangs_when_it_is_closed(
    windows: Windows, check_mode: bool, failing: list[dict[str, Any]]
) -> None:
    """All is said and done by then, also where it is opened once more to act."""
    second = rdsh(2, faults=failing)
    here = farm(windows, second, faults=[{"call": CLOSE_SERVER, "delay": "never"}])
    report = await windows.run(
        here,
        all=True,
        server=["RDSH02"],
        server_timeout=PATIENCE,
        check_mode=check_mode,
        hung_servers=1 if check_mode or failing else 2,
    )
    if failing:
        assert failure(report, "RDSH02") == {"call": "WTSEnumerateSessionsEx", "code": 1722}
    else:
        assert results(report, "RDSH02") == dict.fromkeys((12, 13), "would_log_off" if check_mode else "logged_off")


async def test_a_server_that_hangs_when_it_is_opened(windows: Windows) -> None:
    second, third = rdsh(2), rdsh(3)
    here = farm(windows, second, third, faults=[{"call": OPEN_SERVER, "delay": "never", "times": 1}])
    report = await windows.run(here, all=True, server=["RDSH02", "RDSH03"], server_timeout=PATIENCE)
    hung = [part for part in report["servers"] if part["error"]]
    assert [part["error"] for part in hung] == [{"call": "WTSOpenServerEx", "code": None}]
    assert sorted(windows.logoffs(second) + windows.logoffs(third)) == [12, 13]


async def test_the_host_itself_may_hang(windows: Windows) -> None:
    host = session_host(ALICE, BOB, faults=[{"call": LOGOFF, "session": 12, "delay": "never"}])
    report = await windows.run(host, all=True, server_timeout=PATIENCE)
    assert results(report) == {12: "timed_out", 13: "logged_off"}
    assert windows.logoffs(host) == [13]  # the other has not come back to be recorded


LAST_LOOK = {"call": QUERY, "session": 12, "after": QUERIES_BEFORE_THE_ACT - 1}


@pytest.mark.parametrize("order", [["RDSH02", "RDSH03"], ["RDSH03", "RDSH02"]], ids=str)
@pytest.mark.parametrize(
    ("fault", "outcome", "touched"),
    [
        ({"call": LOGOFF, "session": 12}, {12: "timed_out", 13: "logged_off"}, [12, 13]),
        (LAST_LOOK, {12: "failed", 13: "logged_off"}, [13]),
        ({"call": ENUMERATE}, {}, []),
    ],
    ids=["logoff", "last look", "enumeration"],
)
async def test_what_was_given_up_is_left_alone_also_when_the_call_comes_back(
    windows: Windows, fault: dict[str, Any], outcome: dict[int, str], touched: list[int], order: list[str]
) -> None:
    second = rdsh(2, faults=[fault | {"delay": 2 * PATIENCE, "times": 1}])
    third = rdsh(3, ALICE | {"logoff": 3 * PATIENCE})  # this takes so long that the other can come back
    here = farm(windows, second, third)
    report = await windows.run(here, all=True, server=order, server_timeout=PATIENCE)
    assert results(report, "RDSH03") == {12: "logged_off"}
    sessions = server_report(report, "RDSH02")["sessions"]
    assert {session["id"]: session["result"] for session in sessions} == outcome
    late = [call for call in windows.calls_on(second) if call.function == fault["call"]][-1]
    assert sorted(filter(None, windows.logoffs(second))) == touched
    came_back = windows.calls_on(second).index(late)
    assert [call for call in windows.calls_on(second)[came_back + 1 :] if call.session == 12] == []
    assert opened_and_closed(windows, here) == ((3, 3) if fault["call"] == ENUMERATE else (5, 5))


async def test_slow_is_not_hung(windows: Windows) -> None:
    """The time-out is for a call, and not for all that there is to do on a server."""
    second = rdsh(2, faults=[{"call": QUERY, "delay": PATIENCE / 6}])
    report = await windows.run(farm(windows, second), all=True, server=["RDSH02"], server_timeout=PATIENCE)
    assert results(report, "RDSH02") == {12: "logged_off", 13: "logged_off"}


async def test_many_servers(windows: Windows) -> None:
    others = [session_host(ALICE | {"logoff": 0.3}, name=f"H{i}") for i in range(60)]
    here = farm(windows, *others)
    report = await windows.run(here, all=True, server=[host.name for host in others])
    assert [results(report, host.name) for host in others] == [{12: "logged_off"}] * 60
    assert opened_and_closed(windows, here) == (120, 120)
    elapsed = [record(report, 12, host.name)["elapsed_ms"] for host in others]
    requested = [windows.mutating_calls_on(host)[0].time for host in others]
    assert max(requested) - min(requested) < sum(elapsed) / 1000 / 2
