# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""No more logoffs at once than a server may have, and what is done about one that hangs."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.winops.rds.plugins.plugin_utils._engine.requests import LogoffRequest, LogoffTerminateRequest

from simulator.farm import Host
from tests.support.calls import ENUMERATE, LOGOFF, OPEN_PROCESS, PROCESSES, QUERY, TERMINATE_HERE
from tests.unit.engine.session_host import ALICE, BOB, QUERIES_BEFORE_THE_ACT, Windows, record, results, session_host

SHORT = 0.2  # seconds, where a test has to wait for the end of the time-out


def in_flight(host: Host) -> list[int]:
    return [session.id for session in host.table.sessions() if session.gone_at is not None]


def leave_together(windows: Windows, count: int, *hosts: Host) -> list[int]:
    """Let nobody leave before so many are in flight on each host, and one of them is looked at. Return the list of how
    many are in flight with each logoff that is asked for, which the run fills."""
    seen: list[int] = []

    def call(_: object, function: str, arguments: tuple[str, ...]) -> None:
        leaving = {host.name: in_flight(host) for host in hosts}
        if function == LOGOFF:
            seen.append(1 + sum(map(len, leaving.values())))
        is_look = function == QUERY and any(int(arguments[1]) in ids for ids in leaving.values())
        if is_look and all(len(ids) >= count for ids in leaving.values()):
            for host in hosts:
                for id in leaving[host.name]:
                    host.table.remove(id)

    windows.on_call = call
    return seen


@pytest.mark.parametrize("most", [1, 2, 1000])
async def test_no_more_in_flight_than_there_may_be(windows: Windows, most: int) -> None:
    host = session_host(*({"id": 20 + i, "user": f"user{i}", "logoff": "never"} for i in range(4)))
    seen = leave_together(windows, min(most, 4), host)
    report = await windows.run(host, all=True, max_parallel=most)
    assert set(results(report).values()) == {"logged_off"}
    assert windows.logoffs(host) == [20, 21, 22, 23]
    assert max(seen) == min(most, 4)


async def test_the_limit_is_of_each_server(windows: Windows) -> None:
    sessions = [{"id": 20 + i, "user": f"user{i}", "logoff": "never"} for i in range(2)]
    others = [session_host(*sessions, name=name) for name in ("RDSH02", "RDSH03")]
    here = session_host(name="MGMT")
    windows.connect(here, *others)
    seen = leave_together(windows, 1, *others)
    report = await windows.run(here, all=True, server=["RDSH02", "RDSH03"], max_parallel=1)
    assert [results(report, host.name) for host in others] == [{20: "logged_off", 21: "logged_off"}] * 2
    assert max(seen) <= 2


async def test_who_has_to_wait_has_the_whole_time(windows: Windows) -> None:
    host = session_host(ALICE | {"logoff": "never"}, BOB | {"logoff": 0.6}, {"id": 14, "user": "carol", "logoff": 0.6})
    report = await windows.run(host, all=True, max_parallel=1, timeout=1)
    assert results(report) == {12: "timed_out", 13: "logged_off", 14: "logged_off"}
    requests = {call.session: call.time for call in windows.mutating_calls_on(host)}
    assert requests[13] - requests[12] >= SHORT
    assert requests[14] - requests[13] >= 0.15
    # Counted from its own turn, and not from the first.
    seen_gone = windows.identifications(host, 14)[-1].time
    assert 150 <= record(report, 14)["elapsed_ms"] < 1000 * (seen_gone - requests[12])


async def test_who_is_not_logged_off_takes_nobodys_turn(windows: Windows) -> None:
    """A session that is denied, gone or spared is none that is in flight."""
    faults = [
        {"call": LOGOFF, "session": 12, "error": 5},
        {"call": QUERY, "session": 13, "after": QUERIES_BEFORE_THE_ACT - 1, "before": [{"remove": 13}]},
    ]
    host = session_host(ALICE, BOB, {"id": 14, "user": "carol"}, faults=faults)
    report = await windows.run(host, all=True, max_parallel=1)
    assert results(report) == {12: "denied", 13: "already_gone", 14: "logged_off"}


async def test_who_waits_is_looked_at_when_the_turn_comes(windows: Windows) -> None:
    host = session_host(ALICE | {"logoff": 0.2}, BOB | {"state": "disconnected"})

    def reconnect(_: object, function: str, __: object) -> None:
        if function == LOGOFF:
            host.table.change(13, last_input_time=None, logon_time=host.table.now())

    windows.on_call = reconnect
    assert results(await windows.run(host, all=True, max_parallel=1)) == {12: "logged_off", 13: "already_gone"}
    assert windows.logoffs(host) == [12]


HANGING = ALICE | {"logoff": "never", "processes": ["winword.exe", "excel.exe"]}
#: csrss.exe, winlogon.exe and dwm.exe come first.
WINWORD, EXCEL = {"id": 12016, "name": "winword.exe"}, {"id": 12020, "name": "excel.exe"}


async def test_what_hangs_is_ended(windows: Windows) -> None:
    host = session_host(HANGING, BOB)
    report = await windows.run(host, LogoffTerminateRequest, all=True, timeout=SHORT)
    assert results(report) == {12: "logged_off", 13: "logged_off"}
    assert record(report, 12)["ended_processes"] == [WINWORD, EXCEL]
    assert record(report, 13)["ended_processes"] == []
    assert windows.terminations(host) == [WINWORD["id"], EXCEL["id"]]
    assert host.table.crashed is False  # of the system's processes none was touched
    requests = [call.time for call in windows.mutating_calls_on(host)]
    assert requests[2] - requests[0] >= SHORT  # and not before the time-out
    assert record(report, 12)["elapsed_ms"] >= 1000 * SHORT
    assert record(report, 12)["error"] is None


async def test_what_hangs_of_an_account_of_entra_id_is_ended(windows: Windows) -> None:
    host = session_host(HANGING | {"user": "AzureAD\\AliceAdams"})
    report = await windows.run(host, LogoffTerminateRequest, all=True, timeout=SHORT)
    assert results(report) == {12: "logged_off"}
    assert record(report, 12)["ended_processes"] == [WINWORD, EXCEL]
    assert host.table.crashed is False


@pytest.mark.parametrize(
    ("kind", "check_mode", "result"),
    [(LogoffRequest, False, "timed_out"), (LogoffTerminateRequest, True, "would_log_off")],
)
async def test_nothing_is_ended_unless_it_is_to_be(
    windows: Windows, kind: type[LogoffRequest], check_mode: bool, result: str
) -> None:
    host = session_host(HANGING)
    report = await windows.run(host, kind, all=True, timeout=SHORT, check_mode=check_mode)
    assert results(report) == {12: result}
    assert PROCESSES not in {call.function for call in windows.calls_on(host)}
    assert windows.terminations(host) == []


async def test_nothing_is_ended_of_a_session_that_leaves_in_time(windows: Windows) -> None:
    host = session_host(HANGING | {"logoff": 0.2})
    report = await windows.run(host, LogoffTerminateRequest, all=True, timeout=10)
    assert results(report) == {12: "logged_off"}
    assert PROCESSES not in {call.function for call in windows.calls_on(host)}


LEFT: dict[str, dict[str, Any]] = {
    "gone before the list": {"before": [{"remove": 12}]},
    "gone after it": {"then": [{"remove": 12}]},
    "taken over before the list": {"before": [{"put": HANGING | {"user": "mallory"}}]},
    "taken over after it": {"then": [{"put": HANGING | {"user": "mallory"}}]},
    "the same user logged on again": {"before": [{"put": HANGING | {"logged_on": 1}}]},
}


@pytest.mark.parametrize("changes", LEFT.values(), ids=LEFT)
async def test_nothing_is_ended_for_a_session_that_left(windows: Windows, changes: dict[str, Any]) -> None:
    """Its ID may be somebody else's by then, whose processes are nobody's business."""
    host = session_host(HANGING, faults=[{"call": PROCESSES, **changes}])
    report = await windows.run(host, LogoffTerminateRequest, sessions=["12"], timeout=SHORT)
    assert results(report) == {12: "logged_off"}
    assert record(report, 12)["ended_processes"] == []
    assert windows.terminations(host) == []
    assert windows.logoffs(host) == [12]


async def test_a_session_that_leaves_while_its_processes_are_ended(windows: Windows) -> None:
    host = session_host(HANGING, faults=[{"call": TERMINATE_HERE, "times": 1, "then": [{"remove": 12}]}])
    report = await windows.run(host, LogoffTerminateRequest, sessions=["12"], timeout=SHORT)
    assert results(report) == {12: "logged_off"}
    assert record(report, 12)["ended_processes"] == [WINWORD]  # excel.exe was not there any more


async def test_processes_that_cannot_be_ended(windows: Windows) -> None:
    host = session_host(HANGING, BOB, faults=[{"call": TERMINATE_HERE, "error": 5}])
    report = await windows.run(host, LogoffTerminateRequest, all=True, timeout=SHORT)
    assert results(report) == {12: "timed_out", 13: "logged_off"}
    assert (record(report, 12)["ended_processes"], record(report, 12)["error"]) == ([], None)
    assert windows.terminations(host) == [WINWORD["id"], EXCEL["id"]]  # it was tried once


async def test_a_session_that_hangs_all_the_same_is_awaited_once_more(windows: Windows) -> None:
    host = session_host(HANGING, faults=[{"call": TERMINATE_HERE, "after": 1, "error": 5}])
    report = await windows.run(host, LogoffTerminateRequest, all=True, timeout=SHORT)
    assert results(report) == {12: "timed_out"}
    assert record(report, 12)["ended_processes"] == [WINWORD]
    assert record(report, 12)["elapsed_ms"] >= 2 * 1000 * SHORT
    assert windows.terminations(host) == [WINWORD["id"], EXCEL["id"]]


async def test_a_session_without_a_process_of_its_user(windows: Windows) -> None:
    host = session_host(HANGING | {"processes": []})
    report = await windows.run(host, LogoffTerminateRequest, all=True, timeout=SHORT)
    assert results(report) == {12: "timed_out"}
    assert windows.terminations(host) == []


async def test_processes_that_are_not_listed(windows: Windows) -> None:
    host = session_host(HANGING, BOB, faults=[{"call": PROCESSES, "error": 5}])
    report = await windows.run(host, LogoffTerminateRequest, all=True, timeout=SHORT)
    assert results(report) == {12: "denied", 13: "logged_off"}
    assert record(report, 12)["error"] == {"call": "WTSEnumerateProcessesEx", "code": 5}
    assert record(report, 12)["accepted"] is True
    assert windows.terminations(host) == []


async def test_a_session_that_is_busy_for_ever(windows: Windows) -> None:
    host = session_host(HANGING, faults=[{"call": LOGOFF, "error": 7024}])
    report = await windows.run(host, LogoffTerminateRequest, all=True, timeout=SHORT)
    assert results(report) == {12: "failed"}
    assert record(report, 12)["error"] == {"call": LOGOFF, "code": 7024}
    assert record(report, 12)["ended_processes"] == [WINWORD, EXCEL]
    assert windows.terminations(host) == [WINWORD["id"], EXCEL["id"]]  # once


async def test_a_session_that_is_busy_until_its_processes_are_ended(windows: Windows) -> None:
    host = session_host(HANGING | {"logoff": 0}, faults=[{"call": LOGOFF, "error": 7024}])

    def free(_: object, function: str, __: object) -> None:
        if function == TERMINATE_HERE:
            host.faults = []

    windows.on_call = free
    report = await windows.run(host, LogoffTerminateRequest, all=True, timeout=SHORT)
    assert results(report) == {12: "logged_off"}
    assert record(report, 12)["ended_processes"] == [WINWORD, EXCEL]


async def test_a_session_that_was_leaving_by_itself_and_hangs(windows: Windows) -> None:
    """Its end is our doing then."""
    host = session_host(HANGING)
    host.table.log_off(12)
    report = await windows.run(host, LogoffTerminateRequest, all=True, timeout=SHORT)
    assert results(report) == {12: "logged_off"}
    assert record(report, 12)["accepted"] is True
    assert record(report, 12)["ended_processes"] == [WINWORD, EXCEL]


async def test_processes_of_another_server(windows: Windows) -> None:
    here, other = session_host(HANGING, name="MGMT"), session_host(HANGING, name="RDSH02")
    windows.connect(here, other)
    report = await windows.run(here, LogoffTerminateRequest, all=True, server=["RDSH02"], timeout=SHORT)
    assert results(report, "RDSH02") == {12: "logged_off"}
    assert record(report, 12, "RDSH02")["ended_processes"] == [WINWORD, EXCEL]
    assert windows.mutating_calls_on(here) == []
    assert other.table.crashed is False


@pytest.fixture(params=["", "RDSH02"], ids=["the host itself", "another server"])
def place(windows: Windows, request: pytest.FixtureRequest) -> tuple[Host, Host, dict[str, Any]]:
    """The host that a task runs on, the one that it works on, and the options that say so."""
    name: str = request.param
    host = session_host(HANGING, BOB, name=name or "RDSH01")
    if not name:
        return host, host, {}
    here = session_host(name="MGMT")
    windows.connect(here, host)
    return here, host, {"server": [name]}


@pytest.mark.parametrize("session", [12, 13])
async def test_an_id_that_another_program_has_by_then(
    windows: Windows, place: tuple[Host, Host, dict[str, Any]], session: int
) -> None:
    """In the same session, or in somebody else's."""
    here, host, options = place
    start = {"start_process": {"id": WINWORD["id"], "session": session, "name": "outlook.exe"}}
    host.faults = session_host(faults=[{"call": PROCESSES, "times": 1, "then": [start]}]).faults
    report = await windows.run(here, LogoffTerminateRequest, users=["alice"], timeout=SHORT, **options)
    server = options.get("server", [""])[0]
    assert record(report, 12, server)["ended_processes"] == [EXCEL]
    assert windows.terminations(host) == [EXCEL["id"]]
    assert results(report, server) == {12: "logged_off" if session == 13 else "timed_out"}
    assert [process.name for process in host.table.get(session).processes if process.of_user][-1] == "outlook.exe"


async def test_an_id_that_becomes_another_programs_while_the_first_is_open(windows: Windows) -> None:
    start = {"start_process": {"id": WINWORD["id"], "session": 13, "name": "outlook.exe"}}
    host = session_host(HANGING, BOB, faults=[{"call": OPEN_PROCESS, "times": 1, "then": [start]}])
    report = await windows.run(host, LogoffTerminateRequest, users=["alice"], timeout=SHORT)
    assert record(report, 12)["ended_processes"] == [EXCEL]
    assert [process.name for process in host.table.get(13).processes if process.of_user] == [
        "explorer.exe",
        "outlook.exe",
    ]


STUCK = ALICE | {"stuck": True, "processes": ["winword.exe", "excel.exe"]}


@pytest.mark.parametrize("options", [{"sessions": ["12"]}, {"states": ["down"]}], ids=str)
async def test_a_session_that_is_stuck(
    windows: Windows, place: tuple[Host, Host, dict[str, Any]], options: dict[str, Any]
) -> None:
    """It has lost its user, and each query of it answers that it is on its way out."""
    here, host, server = place
    host.table.remove(12)
    host.apply(session_host(faults=[{"call": LOGOFF, "then": [{"put": STUCK}]}]).faults[0].then)
    name = server.get("server", [""])[0]
    report = await windows.run(here, LogoffRequest, timeout=SHORT, **options, **server)
    assert results(report, name) == {12: "timed_out"}
    assert record(report, 12, name)["accepted"] is False
    report = await windows.run(here, LogoffTerminateRequest, check_mode=True, **options, **server)
    assert results(report, name) == {12: "would_log_off"}
    assert windows.terminations(host) == []
    report = await windows.run(here, LogoffTerminateRequest, timeout=SHORT, **options, **server)
    assert results(report, name) == {12: "logged_off"}
    assert record(report, 12, name)["accepted"] is True
    assert record(report, 12, name)["ended_processes"] == [WINWORD, EXCEL]
    assert (host.table.crashed, 12 in [session.id for session in host.table.sessions()]) == (False, False)


async def test_a_session_that_is_stuck_and_has_gone_when_its_processes_were_listed(windows: Windows) -> None:
    gone = {"call": ENUMERATE, "after": 1, "before": [{"put": BOB | {"id": 12}}]}
    host = session_host(STUCK, faults=[gone])

    def stay_pending(_: object, function: str, __: object) -> None:
        if function == ENUMERATE:
            host.table.change(12, stuck=True)

    windows.on_call = stay_pending
    report = await windows.run(host, LogoffTerminateRequest, sessions=["12"], timeout=SHORT)
    assert results(report) == {12: "already_gone"}
    assert windows.terminations(host) == []


async def test_an_account_that_may_log_off_and_not_end_processes(windows: Windows) -> None:
    """What it is not shown it does not end; the session stays."""
    host = session_host(HANGING, permissions={"CONTOSO\\ansible": ["query", "reset"]})
    report = await windows.run(host, LogoffTerminateRequest, all=True, timeout=SHORT)
    assert results(report) == {12: "timed_out"}
    assert (record(report, 12)["accepted"], record(report, 12)["ended_processes"]) == (True, [])
    assert windows.terminations(host) == []
