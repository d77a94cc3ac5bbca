# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The programs in sessions: listed once for each server, and of nobody but the session that is told."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.winops.rds.plugins.plugin_utils._engine.processes import SessionProcessesRequest

from simulator.farm import Change, Host
from tests.support.calls import OPEN_SERVER, PROCESSES, QUERY
from tests.unit.engine.session_host import ALICE, BOB, PATIENCE, Report, Windows, results, session_host

WINWORD = {"name": "winword.exe", "id": 4711, "memory": 300 << 20, "threads": 40}
SYSTEM = ["csrss.exe", "winlogon.exe", "dwm.exe"]
ANY_SESSION = str(0xFFFFFFFE)


def found(report: Report, number: int = 0) -> Report:
    return dict(report["processes"][number])


def names(report: Report, session: int, number: int = 0) -> list[str]:
    return [process["name"] for process in found(report, number)["running"] if process["session"] == session]


def calls(windows: Windows, host: Host) -> list[tuple[str, ...]]:
    return [call.arguments for call in windows.calls_on(host) if call.function == PROCESSES]


async def test_one_call_lists_those_of_all_sessions(windows: Windows) -> None:
    host = session_host(ALICE | {"processes": [WINWORD, "excel.exe"]}, BOB, {"id": 14, "user": "carol"})
    report = await windows.run(host, SessionProcessesRequest, users=["alice", "bob"])
    assert results(report) == {12: "listed", 13: "listed"}
    assert (names(report, 12), names(report, 13)) == ([*SYSTEM, "winword.exe", "excel.exe"], [*SYSTEM, "explorer.exe"])
    assert names(report, 14) == []  # who was not asked for
    assert (found(report)["lost"], found(report)["error"]) == ([], None)
    word = next(process for process in found(report)["running"] if process["pid"] == 4711)
    assert word == {
        "session": 12,
        "name": "winword.exe",
        "pid": 4711,
        "memory_bytes": 300 << 20,
        "threads": 40,
        "of_person": True,
    }
    assert [p["of_person"] for p in found(report)["running"] if p["session"] == 13] == [False, False, False, True]
    assert calls(windows, host) == [("0", ANY_SESSION)]
    assert windows.mutating_calls_on(host) == []


@pytest.mark.parametrize("selected", [{"users": ["nobody"]}, {"exclude_users": ["nobody"], "all": True}])
async def test_where_nobody_is_told_none_are_listed(windows: Windows, selected: dict[str, Any]) -> None:
    host = session_host(ALICE)
    report = await windows.run(host, SessionProcessesRequest, **selected)
    assert [told["running"] for told in report["processes"]] == [[]] * len(report["servers"])
    assert calls(windows, host) == []


async def test_the_services_and_a_listener(windows: Windows) -> None:
    host = session_host(ALICE)
    host.apply([Change.model_validate({"start_process": {"id": 700, "session": 0, "name": "svchost.exe"}})])
    report = await windows.run(host, SessionProcessesRequest, sessions=["0", "65536"])
    assert (names(report, 0), names(report, 65536), found(report)["lost"]) == (["svchost.exe"], [], [])


async def test_several_servers_each_with_its_own_answer(windows: Windows) -> None:
    here, there = session_host(), session_host(ALICE, name="RDSH02")
    refusing = session_host(BOB, name="RDSH03", faults=[{"call": PROCESSES, "error": 5}])
    down = session_host(name="RDSH04", rpc="down", rpc_timeout=0)
    windows.connect(here, there, refusing, down)
    servers = ["RDSH02", "RDSH03", "RDSH04", "rdsh02.contoso.com"]
    report = await windows.run(here, SessionProcessesRequest, all=True, server=servers)
    assert names(report, 12) == [*SYSTEM, "explorer.exe"]
    assert found(report, 1)["error"] == {"call": "WTSEnumerateProcessesEx", "code": 5}
    # The sessions are told in any case; a server that could not be asked, or has another name, has none.
    assert results(report, "RDSH03") == {13: "listed"}
    assert [found(report, number)["running"] for number in (1, 2, 3)] == [[], [], []]
    assert (len(calls(windows, there)), len(calls(windows, here))) == (1, 0)


async def test_a_server_that_is_not_reached_for_them(windows: Windows) -> None:
    here = session_host(faults=[{"call": OPEN_SERVER, "after": 1, "error": 1722}])
    there = session_host(ALICE, name="RDSH02")
    windows.connect(here, there)
    report = await windows.run(here, SessionProcessesRequest, all=True, server=["RDSH02"])
    assert found(report)["error"] == {"call": "WTSOpenServerEx", "code": 1722}


async def test_an_account_that_is_no_administrator_gets_its_own(windows: Windows) -> None:
    host = session_host(ALICE, BOB, permissions={"alice": ["query"], "bob": ["query"]})
    report = await windows.run(host, SessionProcessesRequest, all=True, account="CONTOSO\\bob")
    assert (names(report, 12), names(report, 13)) == ([], [*SYSTEM, "explorer.exe"])
    assert (found(report)["lost"], found(report)["error"]) == ([], None)


async def test_a_call_that_hangs_is_given_up(windows: Windows) -> None:
    host = session_host(ALICE, faults=[{"call": PROCESSES, "delay": "never"}])
    report = await windows.run(host, SessionProcessesRequest, all=True, server_timeout=PATIENCE)
    assert results(report) == {12: "listed"}
    assert (found(report)["running"], found(report)["error"]) == ([], {"call": "WTSEnumerateProcessesEx", "code": None})


@pytest.mark.parametrize(
    ("change", "lost"),
    [
        ({"remove": 12}, [{"id": 12, "error": None}]),
        ({"put": ALICE | {"logged_on": 5}}, [{"id": 12, "error": None}]),
        ({"put": BOB | {"id": 12, "logged_on": 5}}, [{"id": 12, "error": None}]),
        ({"disconnect": 12}, []),
    ],
    ids=["gone", "logged on again", "another's", "disconnected"],
)
async def test_an_id_that_is_another_logons_by_then(windows: Windows, change: dict[str, Any], lost: list[Any]) -> None:
    """The session is told as it was, and nobody's programs as its."""
    host = session_host(ALICE, BOB, faults=[{"call": PROCESSES, "before": [change]}])
    report = await windows.run(host, SessionProcessesRequest, all=True)
    assert results(report) == {12: "listed", 13: "listed"}
    assert found(report)["lost"] == lost
    assert names(report, 13) == [*SYSTEM, "explorer.exe"]


@pytest.mark.parametrize(
    ("error", "lost"), [(1726, [{"call": "WTSQuerySessionInformation", "code": 1726}]), (7007, [])]
)
async def test_a_session_that_cannot_be_queried_again(windows: Windows, error: int, lost: list[Any]) -> None:
    """On its way out it is still the one that has the ID."""
    fault = {"call": QUERY, "session": 12, "error": error, "after": 4}
    report = await windows.run(session_host(ALICE, faults=[fault]), SessionProcessesRequest, all=True)
    assert [session["error"] for session in found(report)["lost"]] == lost


async def test_one_that_is_stuck(windows: Windows) -> None:
    """It has lost its user, and cannot be queried."""
    host = session_host({"id": 5, "user": "dave", "stuck": True, "processes": ["hung.exe"]})
    report = await windows.run(host, SessionProcessesRequest, states=["down"])
    assert (names(report, 5), found(report)["lost"]) == ([*SYSTEM, "hung.exe"], [])
