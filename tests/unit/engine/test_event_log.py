# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What was done to sessions stands in the event log of the host that the engine ran on, and nothing else does."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from ansible_collections.winops.rds.plugins.plugin_utils._engine.requests import (
    DisconnectRequest,
    EngineRequest,
    LogoffRequest,
    LogoffTerminateRequest,
)
from ansible_collections.winops.rds.plugins.plugin_utils._engine.trace import trace

from simulator.event_log import EVENTLOG_INFORMATION_TYPE, LoggedEvent
from simulator.farm import Fault, Host
from simulator.windows_api.event_log import LONGEST_STRING
from tests.support.calls import LOGOFF
from tests.support.engines import CONNECTING_ACCOUNT
from tests.unit.engine.session_host import ALICE, BOB, PATIENCE, Report, Windows, results, session_host

MODULE = "winops.rds.win_rds_logoff"
WRITTEN = {"call": "ReportEvent", "code": 0}


def events(host: Host) -> list[dict[str, Any]]:
    return [json.loads(text) for event in host.event_log for text in event.strings]


def logged_sessions(host: Host) -> list[dict[str, Any]]:
    return [session for event in events(host) for session in event["sessions"]]


def sid(host: Host, user: str) -> str:
    return host.directory.find(f"CONTOSO\\{user}").sid


async def run(windows: Windows, host: Host, reason: str | None = None, **options: Any) -> Report:
    members = {"trace": trace(MODULE, reason, "sessions"), "trace_names": True}
    report: Report = await windows.run(host, **{"all": True, "members": members, **options})
    return report


async def test_an_event(windows: Windows) -> None:
    host = session_host(ALICE)
    report = await run(windows, host, "CHG-4711 patching")
    (event,) = host.event_log
    (text,) = event.strings
    assert event == LoggedEvent(
        event.time, CONNECTING_ACCOUNT, "Ansible", EVENTLOG_INFORMATION_TYPE, 0, 3389, event.strings
    )
    assert json.loads(text) == {
        "account": CONNECTING_ACCOUNT,
        "module": MODULE,
        "reason": "CHG-4711 patching",
        "sessions": [{"server": "", "id": 12, "account": sid(host, "alice"), "result": "logged_off"}],
    }
    assert report["logged"] == WRITTEN


@pytest.mark.parametrize(
    ("kind", "result"),
    [
        (LogoffRequest, "logged_off"),
        (LogoffTerminateRequest, "logged_off"),
        (DisconnectRequest, "disconnected"),
    ],
)
async def test_one_event_for_all_that_was_done(windows: Windows, kind: type[EngineRequest], result: str) -> None:
    host = session_host(ALICE, BOB, {"id": 14, "user": "carol"})
    await run(windows, host, kind=kind, exclude_users=["carol"])
    (event,) = events(host)
    assert {session["id"]: session["result"] for session in event["sessions"]} == {12: result, 13: result}


async def test_none_where_nothing_was_changed(windows: Windows) -> None:
    host = session_host(ALICE)
    for check_mode, users in ((True, ["alice"]), (False, ["nobody"])):
        report = await run(windows, host, all=False, users=users, check_mode=check_mode)
        assert report["logged"] is None
    assert (await run(windows, host))["logged"] == WRITTEN
    assert (await run(windows, host))["logged"] is None
    assert len(host.event_log) == 1
    assert [call.function for call in windows.calls_on(host)].count("GetUserNameExW") == 1


async def test_who_was_not_acted_on_is_not_in_it(windows: Windows) -> None:
    """Also where another one was; and whoever Windows was asked about, and did not go, is."""
    host = session_host(ALICE, BOB, {"id": 14, "user": "carol", "logoff": "never"}, faults=[
        {"call": LOGOFF, "session": 12, "error": 5},
    ])  # fmt: skip
    report = await run(windows, host, timeout=0.3)
    assert results(report) == {12: "denied", 13: "logged_off", 14: "timed_out"}
    assert {session["id"]: session["result"] for session in logged_sessions(host)} == {
        13: "logged_off",
        14: "timed_out",
    }


async def test_without_names(windows: Windows) -> None:
    host = session_host(ALICE)
    await run(windows, host, members={"trace": trace(MODULE, None, "sessions"), "trace_names": False})
    assert logged_sessions(host) == [{"server": "", "id": 12, "account": None, "result": "logged_off"}]
    assert "LookupAccountNameW" not in {call.function for call in windows.calls_on(host)}


@pytest.mark.parametrize("error", [1332, 1722, 1355])
async def test_a_name_stays_where_windows_finds_no_sid(windows: Windows, error: int) -> None:
    fault = {"call": "LookupAccountName", "error": error, "times": 1}
    host = session_host(ALICE, BOB, faults=[fault])
    await run(windows, host)
    assert [session["account"] for session in logged_sessions(host)] == ["CONTOSO\\alice", sid(host, "bob")]


@pytest.mark.parametrize("name", ['a"%1/b', "{%2}]}", "\u202egnp.exe", "日本%n", "\U00020bb7野家", "\x1b[2J\n"])
async def test_hostile_names_stay_what_they_are(windows: Windows, name: str) -> None:
    """In a text that holds no percent sign, which Event Viewer would fill in, and no line end or escape sequence."""
    fault = {"call": "LookupAccountName", "error": 1332}
    host = session_host({"id": 12, "user": name}, faults=[fault])
    await run(windows, host, "100 % of %1")
    assert [session["account"] for session in logged_sessions(host)] == [f"CONTOSO\\{name}"]
    assert [event["reason"] for event in events(host)] == ["100 % of %1"]
    (event,) = host.event_log
    assert "%" not in event.strings[0] and event.strings[0].isascii() and event.strings[0].isprintable()


async def test_what_does_not_fit_in_one_event_is_in_several(windows: Windows) -> None:
    host = session_host(*({"id": number, "user": f"user{number:04}"} for number in range(2, 1002)))
    report = await run(windows, host, "x" * 200, server_timeout=60)
    assert report["logged"] == WRITTEN
    texts = [text for event in host.event_log for text in event.strings]
    assert 1 < len(texts) < 10
    assert max(map(len, texts)) <= LONGEST_STRING < sum(map(len, texts))
    assert min(map(len, texts[:-1])) > LONGEST_STRING - 200
    assert [session["id"] for session in logged_sessions(host)] == [*range(2, 1002)]
    assert {event["reason"] for event in events(host)} == {"x" * 200}


async def test_sessions_of_other_servers_are_told_where_the_task_ran(windows: Windows) -> None:
    here, there = session_host(), session_host(ALICE, {"id": 13, "user": "RDSH02\\eve"}, name="RDSH02")
    here.directory = there.directory
    windows.connect(here, there)
    await run(windows, here, server=["RDSH02"])
    eve = there.directory.find("RDSH02\\eve", "RDSH02").sid
    assert [(session["server"], session["id"], session["account"]) for session in logged_sessions(here)] == [
        ("RDSH02", 12, sid(there, "alice")),
        ("RDSH02", 13, eve),
    ]
    assert there.event_log == []


@pytest.mark.parametrize("call", ["RegisterEventSource", "ReportEvent"])
@pytest.mark.parametrize("error", [5, 1502, 1722])
async def test_a_log_that_cannot_be_written(windows: Windows, call: str, error: int) -> None:
    host = session_host(ALICE, faults=[{"call": call, "error": error}])
    report = await run(windows, host)
    assert results(report) == {12: "logged_off"}
    assert report["logged"] == {"call": call, "code": error}
    assert host.event_log == []


@pytest.mark.parametrize("call", ["RegisterEventSource", "ReportEvent", "LookupAccountName", "GetUserNameEx"])
async def test_a_log_that_does_not_answer(windows: Windows, call: str) -> None:
    """The report comes all the same."""
    host = session_host(ALICE)
    host.faults = [Fault.model_validate({"call": call, "delay": "never"})]
    began = time.monotonic()
    report = await run(windows, host, server_timeout=PATIENCE, hung_servers=call == "ReportEvent")
    assert time.monotonic() - began < 20
    assert results(report) == {12: "logged_off"}
    assert report["logged"] == {"call": call, "code": None}


async def test_who_may_not_write_to_the_log(windows: Windows) -> None:
    host = session_host(ALICE, permissions={CONNECTING_ACCOUNT: ["query", "reset"]})
    report = await run(windows, host)
    assert results(report) == {12: "logged_off"}
    assert report["logged"] == {"call": "RegisterEventSource", "code": 5}
