# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""All logoffs are requested first, then all are awaited; what Windows refuses is told apart."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from ansible_collections.winops.rds.plugins.plugin_utils._engine.requests import SessionInfoRequest

from tests.support.calls import ENUMERATE, LOGOFF, QUERY
from tests.unit.engine.session_host import (
    ALICE,
    BOB,
    QUERIES_BEFORE_THE_ACT,
    Windows,
    record,
    results,
    server_report,
    session_host,
)


@pytest.fixture(params=[7022, 2], autouse=True)
def gone_session_error(windows: Windows, request: pytest.FixtureRequest) -> int:
    """Sources disagree about how Windows says that it does not have a session: see simulator/README.md."""
    error: int = request.param
    windows.gone_session_error = error
    return error


SHORT = 0.3  # seconds, where a test has to wait for the end of the time-out


async def test_all_are_requested_before_any_is_awaited(windows: Windows) -> None:
    host = session_host(*({"id": 20 + i, "user": f"user{i}", "logoff": 1} for i in range(10)))
    report = await windows.run(host, all=True)
    assert set(results(report).values()) == {"logged_off"}
    calls = windows.calls_on(host)
    requests = {call.session: i for i, call in enumerate(calls) if call.function == LOGOFF}
    assert sorted(requests) == list(range(20, 30))
    looks = [i for i, call in enumerate(calls) if call.function == QUERY and i > requests[call.session]]
    assert min(looks) > max(requests.values())
    # As long as the slowest (1 s), not as their sum (10 s).
    assert 900 <= max(session["elapsed_ms"] for session in server_report(report)["sessions"]) < 4000


async def test_logged_off_is_seen_and_not_assumed(windows: Windows, gone_session_error: int) -> None:
    host = session_host(ALICE | {"logoff": 0.5})
    assert results(await windows.run(host, sessions=["12"])) == {12: "logged_off"}
    assert 12 not in [session.id for session in host.table.sessions()]
    assert windows.identifications(host, 12)[-1].error == gone_session_error
    assert len(windows.identifications(host, 12)) < 12  # it is looked at ten times a second, and no more
    (request,) = windows.mutating_calls_on(host)
    assert request.arguments == ("0", "12", "0")  # this server, without bWait


async def test_a_time_out_settles_only_what_is_late(windows: Windows) -> None:
    host = session_host(ALICE | {"logoff": "never"}, BOB)
    assert results(await windows.run(host, all=True, timeout=SHORT)) == {12: "timed_out", 13: "logged_off"}
    assert windows.logoffs(host) == [12, 13]


async def test_no_wait(windows: Windows) -> None:
    host = session_host(ALICE | {"logoff": "never"}, BOB)
    assert results(await windows.run(host, all=True, timeout=0)) == {12: "requested", 13: "requested"}
    assert [call.function for call in windows.calls_on(host) if call.function.startswith("WTS")][-1] == LOGOFF


@pytest.mark.parametrize("timeout", [10, 0], ids=["wait", "no wait"])
async def test_check_mode_changes_nothing(windows: Windows, timeout: int) -> None:
    host = session_host({"id": 1, "name": "Console", "user": "admin"}, ALICE, BOB | {"state": "disconnected"})
    before = host.table.sessions()
    report = await windows.run(host, all=True, check_mode=True, timeout=timeout)
    assert results(report) == {1: "protected", 12: "would_log_off", 13: "would_log_off"}
    assert windows.logoffs(host) == []
    assert host.table.sessions() == before


async def test_a_second_run_finds_nothing(windows: Windows) -> None:
    host = session_host(ALICE)
    assert results(await windows.run(host, sessions=["12"], users=["alice"])) == {12: "logged_off"}
    report = await windows.run(host, sessions=["12"], users=["alice"])
    assert (results(report), server_report(report)["found"]) == ({}, [])
    assert windows.logoffs(host) == [12]


@pytest.mark.parametrize("timeout", [10, 0], ids=["wait", "no wait"])
@pytest.mark.parametrize(
    ("code", "result"),
    [
        (5, "denied"),
        (7045, "denied"),
        (2, "already_gone"),
        (7022, "already_gone"),
        (6, "failed"),
        (1460, "failed"),
        (1722, "failed"),
    ],
)
async def test_what_windows_answers_to_the_request(windows: Windows, code: int, result: str, timeout: int) -> None:
    host = session_host(ALICE, BOB, faults=[{"call": LOGOFF, "session": 12, "error": code}])
    report = await windows.run(host, all=True, timeout=timeout)
    assert results(report) == {12: result, 13: "logged_off" if timeout else "requested"}
    assert record(report, 12)["error"] == (None if result == "already_gone" else {"call": LOGOFF, "code": code})
    assert windows.logoffs(host) == [12, 13]


@pytest.mark.parametrize("queries", [0, QUERIES_BEFORE_THE_ACT - 1], ids=["at first", "before the act"])
@pytest.mark.parametrize(
    ("code", "result"),
    [(5, "denied"), (7045, "denied"), (2, "already_gone"), (7022, "already_gone"), (6, "failed"), (1722, "failed")],
)
async def test_a_session_that_is_not_identified_is_left_alone(
    windows: Windows, code: int, result: str, queries: int
) -> None:
    host = session_host(ALICE, BOB, faults=[{"call": QUERY, "session": 12, "after": queries, "error": code}])
    report = await windows.run(host, all=True)
    assert results(report) == {12: result, 13: "logged_off"}
    error = {"call": "WTSQuerySessionInformation", "code": code}
    assert record(report, 12)["error"] == (None if result == "already_gone" else error)
    assert windows.logoffs(host) == [13]


@pytest.mark.parametrize(("code", "result"), [(1722, "failed"), (6, "failed"), (1460, "failed"), (5, "denied")])
async def test_an_error_during_the_wait_never_means_gone(windows: Windows, code: int, result: str) -> None:
    fault = {"call": QUERY, "session": 12, "after": QUERIES_BEFORE_THE_ACT, "error": code}
    host = session_host(ALICE, BOB, faults=[fault])
    report = await windows.run(host, all=True, timeout=SHORT)
    assert results(report) == {12: result, 13: "logged_off"}
    assert record(report, 12)["error"] == {"call": "WTSQuerySessionInformation", "code": code}
    assert record(report, 12)["elapsed_ms"] >= SHORT * 1000


@pytest.mark.parametrize("code", [1722, 7007, 7024])
async def test_an_error_that_passes_during_the_wait_is_nothing(windows: Windows, code: int) -> None:
    fault = {"call": QUERY, "session": 12, "after": QUERIES_BEFORE_THE_ACT, "times": 2, "error": code}
    host = session_host(ALICE, faults=[fault])
    report = await windows.run(host, sessions=["12"])
    assert results(report) == {12: "logged_off"}
    assert record(report, 12)["error"] is None
    assert len(windows.identifications(host, 12)) == 5  # listed, before the act, twice the error, gone


async def test_a_session_that_is_closing_for_ever(windows: Windows) -> None:
    fault = {"call": QUERY, "session": 12, "after": QUERIES_BEFORE_THE_ACT, "error": 7007}
    host = session_host(ALICE, faults=[fault])
    assert results(await windows.run(host, sessions=["12"], timeout=SHORT)) == {12: "timed_out"}


async def test_file_not_found_during_the_wait_means_gone(windows: Windows) -> None:
    fault = {"call": QUERY, "session": 12, "after": QUERIES_BEFORE_THE_ACT, "error": 2}
    host = session_host(ALICE | {"logoff": "never"}, faults=[fault])
    assert results(await windows.run(host, sessions=["12"])) == {12: "logged_off"}


async def test_a_busy_session_is_asked_again_until_it_accepts(windows: Windows) -> None:
    host = session_host(ALICE, BOB, faults=[{"call": LOGOFF, "session": 12, "error": 7024, "times": 2}])
    assert results(await windows.run(host, all=True)) == {12: "logged_off", 13: "logged_off"}
    assert windows.logoffs(host) == [12, 13, 12, 12]
    functions = [call.function for call in windows.calls_on(host) if call.session == 12]
    requests = [i for i, function in enumerate(functions) if function == LOGOFF]
    assert [functions[i - 1] for i in requests] == [QUERY] * 3  # whose it is was read before each request


async def test_a_session_that_stays_busy(windows: Windows) -> None:
    host = session_host(ALICE, faults=[{"call": LOGOFF, "error": 7024}])
    report = await windows.run(host, sessions=["12"], timeout=SHORT)
    assert results(report) == {12: "failed"}
    assert record(report, 12)["error"] == {"call": LOGOFF, "code": 7024}


async def test_a_busy_session_is_not_asked_again_without_wait(windows: Windows) -> None:
    host = session_host(ALICE, faults=[{"call": LOGOFF, "error": 7024}])
    assert results(await windows.run(host, sessions=["12"], timeout=0)) == {12: "failed"}
    assert windows.logoffs(host) == [12]


async def test_a_busy_session_that_leaves_by_itself(windows: Windows) -> None:
    host = session_host(ALICE, faults=[{"call": LOGOFF, "error": 7024, "then": [{"remove": 12}]}])
    assert results(await windows.run(host, sessions=["12"])) == {12: "already_gone"}


@pytest.mark.parametrize("timeout", [10, 0], ids=["wait", "no wait"])
async def test_a_session_that_is_leaving_already_was_not_logged_off_by_us(windows: Windows, timeout: int) -> None:
    then = [{"remove": 12}] if timeout else []
    host = session_host(ALICE | {"logoff": "never"}, faults=[{"call": LOGOFF, "then": then}])
    host.table.log_off(12)
    assert results(await windows.run(host, sessions=["12"], timeout=timeout)) == {12: "already_gone"}
    assert [call.error for call in windows.mutating_calls_on(host)] == [7007]


async def test_a_session_that_is_leaving_and_never_gone(windows: Windows) -> None:
    host = session_host(ALICE | {"logoff": "never"})
    host.table.log_off(12)
    assert results(await windows.run(host, sessions=["12"], timeout=SHORT)) == {12: "timed_out"}


async def test_a_session_is_asked_only_once(windows: Windows) -> None:
    host = session_host(ALICE | {"logoff": 0.5, "name": "TERM04"})
    options = {"sessions": ["12", "TERM04", "012"], "users": ["alice", "al*", "CONTOSO\\alice"], "states": ["active"]}
    assert results(await windows.run(host, **options)) == {12: "logged_off"}
    assert windows.logoffs(host) == [12]


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize("code", [5, 1722])
async def test_sessions_that_cannot_be_listed(windows: Windows, code: int, check_mode: bool) -> None:
    host = session_host(ALICE, faults=[{"call": ENUMERATE, "error": code}])
    report = await windows.run(host, all=True, check_mode=check_mode)
    assert server_report(report) == {
        "server": "",
        "computer_name": "",
        "alias_of": None,
        "found": [],
        "sessions": [],
        "excluded": [],
        "spared": [],
        "current_time": 0,
        "error": {"call": "WTSEnumerateSessionsEx", "code": code},
        "crash": None,
    }


async def test_failures_at_every_point_stop_no_other_session(windows: Windows) -> None:
    faults = [
        {"call": QUERY, "session": 20, "error": 5},
        {"call": QUERY, "session": 21, "after": 1, "error": 1722},
        {"call": QUERY, "session": 22, "after": 4, "error": 6},
        {"call": LOGOFF, "session": 23, "error": 5},
        {"call": QUERY, "session": 24, "after": 5, "error": 1722},
        {"call": LOGOFF, "session": 25, "error": 7024},
    ]
    host = session_host(*({"id": 20 + i, "user": f"user{i}"} for i in range(7)), faults=faults)
    expected = ["denied", "failed", "failed", "denied", "failed", "failed", "logged_off"]
    assert list(results(await windows.run(host, all=True, timeout=SHORT)).values()) == expected


async def test_a_call_that_hangs_ends_with_its_program(windows: Windows) -> None:
    host = session_host(ALICE, faults=[{"call": QUERY, "session": 12, "delay": "never"}])
    asked = asyncio.Event()
    windows.on_call = lambda _, function, __: asked.set() if function == QUERY else None
    run = asyncio.create_task(windows.run(host, sessions=["12"]))
    await asked.wait()
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    (launch,) = windows.launches
    await launch.settled()
    assert launch.leaks is None  # it had no last words
    assert windows.logoffs(host) == []


async def test_a_slow_call_is_waited_for(windows: Windows) -> None:
    host = session_host(ALICE, faults=[{"call": LOGOFF, "delay": 0.5}])
    assert results(await windows.run(host, sessions=["12"], timeout=SHORT)) == {12: "logged_off"}


LEAVING = {"call": QUERY, "session": 12, "error": 7007}


@pytest.mark.parametrize(
    ("fault", "timeout", "result"),
    [
        ({"times": 1}, 10, "logged_off"),  # it answers by the time that it is acted on
        ({}, SHORT, "timed_out"),
        ({}, 0, "already_gone"),
        ({"times": 3, "then": [{"after": 0.2, "remove": 12}]}, 10, "already_gone"),
        ({"times": 1, "then": [{"put": {"id": 12, "user": "mallory"}}]}, 10, "already_gone"),
    ],
    ids=str,
)
async def test_a_session_that_is_leaving_at_the_first_look(
    windows: Windows, fault: dict[str, Any], timeout: float, result: str
) -> None:
    host = session_host(ALICE | {"logoff": 0.2}, BOB, faults=[LEAVING | fault])
    report = await windows.run(host, all=True, timeout=timeout)
    assert results(report) == {12: result, 13: "logged_off" if timeout else "requested"}
    assert record(report, 12)["accepted"] == (result == "logged_off")
    assert windows.logoffs(host).count(12) == (result == "logged_off")


@pytest.mark.parametrize(
    ("options", "result"),
    [({"users": ["alice"]}, "listed"), ({"logged_on_for": "1m"}, "failed"), ({"protocols": ["rdp"]}, "failed")],
    ids=str,
)
async def test_a_session_that_is_leaving_is_listed_where_its_name_is_all_that_counts(
    windows: Windows, options: dict[str, Any], result: str
) -> None:
    """Whether its times or its client fit is not known."""
    host = session_host(ALICE, faults=[LEAVING])
    report = await windows.run(host, SessionInfoRequest, **options)
    assert results(report) == {12: result}
    assert (record(report, 12)["user"], record(report, 12)["logon_time"]) == ("alice", 0)
    error = {"call": "WTSQuerySessionInformation", "code": 7007} if result == "failed" else None
    assert record(report, 12)["error"] == error


async def test_a_session_that_is_leaving_and_excluded(windows: Windows) -> None:
    host = session_host(ALICE, BOB, faults=[LEAVING])
    report = await windows.run(host, all=True, exclude_users=["alice"])
    assert results(report) == {13: "logged_off"}
    assert [session["id"] for session in server_report(report)["excluded"]] == [12]
