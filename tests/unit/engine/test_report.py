# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the engine tells of a session."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ansible_collections.winops.rds.plugins.plugin_utils._words.wts import iso_time, seconds_between

from tests.support.calls import QUERY
from tests.unit.engine.session_host import ALICE, Windows, record, results, server_report, session_host

HOUR = 3600
STATES = ("active", "connected", "connect_query", "shadow", "disconnected", "idle", "reset", "down", "init")


async def report_on(windows: Windows, session: dict[str, Any], **settings: Any) -> dict[str, Any]:
    host = session_host(ALICE | session, **settings)
    return record(await windows.run(host, sessions=["12"], check_mode=True), 12)


async def test_everything_that_there_is_to_tell(windows: Windows) -> None:
    session = {
        "id": 65535,  # the last before the listeners
        "name": "TERM04",
        "user": "Жанна",
        "state": "disconnected",
        "protocol": "ica",
        "client_name": "ПК-7",
        "client_address": "10.1.2.3",
        "incoming_bytes": 4_000_000_000,
        "outgoing_bytes": 17,
    }
    report = await windows.run(session_host(session), users=["Жанна"], check_mode=True)
    assert server_report(report)["computer_name"] == "RDSH01"
    told = record(report, 65535)
    times = {name: told.pop(name) for name in list(told) if name.endswith("_time")}
    assert told == {
        "logon": f"|65535|CONTOSO\\Жанна|{times['logon_time']}",
        "id": 65535,
        "name": "TERM04",
        "user": "Жанна",
        "domain": "CONTOSO",
        "state": 4,
        "protocol": 1,
        "client_name": "ПК-7",
        "client_address": "10.1.2.3",
        "locked": False,
        "incoming_bytes": 4_000_000_000,
        "outgoing_bytes": 17,
        "matched_by": ["users:0"],
        "result": "would_log_off",
        "accepted": False,
        "answer": None,
        "error": None,
        "elapsed_ms": 0,
        "ended_processes": [],
    }
    assert set(times) == {"logon_time", "connect_time", "disconnect_time", "last_input_time", "current_time"}


async def test_times(windows: Windows) -> None:
    ahead = 365 * 24 * HOUR
    session = {"state": "disconnected", "logged_on": "1d", "disconnected": "2h", "idle": "3h"}
    told = await report_on(windows, session, clock_offset=ahead)
    now = told["current_time"]
    assert told["connect_time"] == told["logon_time"]
    for name, seconds in ("logon_time", 24 * HOUR), ("disconnect_time", 2 * HOUR), ("last_input_time", 3 * HOUR):
        assert seconds_between(told[name], now) in range(seconds, seconds + 60)
    clock = datetime.fromisoformat(iso_time(now) or "")
    assert abs(clock - datetime.now(UTC) - timedelta(seconds=ahead)) < timedelta(seconds=60)


async def test_times_that_windows_does_not_know(windows: Windows) -> None:
    told = await report_on(windows, {"idle": None})
    assert (told["disconnect_time"], told["last_input_time"]) == (0, 0)
    assert told["logon_time"] > 0


@pytest.mark.parametrize("ipv6_from_byte", [0, 2])
async def test_client_addresses(windows: Windows, ipv6_from_byte: int) -> None:
    """Sources disagree about where an IPv6 address begins: see simulator/README.md."""
    addresses = ["10.1.2.3", "255.0.0.254", "fe80::1", "2001:db8:85a3:1:2:8a2e:370:7334", "2001:db8::", "fd00::1:0"]
    unknown: list[str | None] = ["", None]
    sessions = [ALICE | {"id": 20 + i, "client_address": text} for i, text in enumerate([*addresses, *unknown])]
    host = session_host(*sessions, ipv6_from_byte=ipv6_from_byte)
    report = await windows.run(host, users=["alice"], check_mode=True)
    assert [session["client_address"] for session in server_report(report)["sessions"]] == [*addresses, None, None]


async def test_a_client_that_windows_does_not_tell_with_success(windows: Windows) -> None:
    """A null buffer, as Cassia met it."""
    host = session_host(ALICE | {"client_name": None, "client_address": None})
    report = await windows.run(host, users=["alice"], check_mode=True)
    told = record(report, 12)
    assert (told["client_name"], told["client_address"]) == ("", None)
    assert (told["result"], told["error"]) == ("would_log_off", None)
    assert results(await windows.run(host, clients=["?*", "0.0.0.0/0", "::/0"])) == {}


@pytest.mark.parametrize("version", [(10, 0), (6, 3), (6, 2), (6, 1), (6, 0)], ids=str)
async def test_locked(windows: Windows, version: tuple[int, int]) -> None:
    """Windows 7 and Server 2008 R2 (6.1) report the two flags the wrong way round."""
    locked = [True, False, None]
    host = session_host(
        *(ALICE | {"id": 20 + i, "locked": value} for i, value in enumerate(locked)), windows_version=version
    )
    report = await windows.run(host, users=["alice"], check_mode=True)
    assert [session["locked"] for session in server_report(report)["sessions"]] == locked


async def test_protocols(windows: Windows) -> None:
    host = session_host(*(ALICE | {"id": 20 + i, "protocol": p} for i, p in enumerate(["console", "ica", "rdp"])))
    report = await windows.run(host, users=["alice"], check_mode=True)
    assert [session["protocol"] for session in server_report(report)["sessions"]] == [0, 1, 2]


async def test_states(windows: Windows) -> None:
    host = session_host(*(ALICE | {"id": 20 + i, "state": state} for i, state in enumerate(STATES)))
    report = await windows.run(host, users=["alice"], check_mode=True)
    assert [session["state"] for session in server_report(report)["sessions"]] == [0, 1, 2, 3, 4, 5, 7, 8, 9]
    report = await windows.run(host, states=[*STATES], check_mode=True)
    matched_by = [session["matched_by"] for session in server_report(report)["sessions"]]
    assert matched_by == [[f"states:{i}"] for i in range(len(STATES))]


@pytest.mark.parametrize("queries", [1, 2, 3])
async def test_a_client_of_which_windows_tells_nothing_is_no_failure(windows: Windows, queries: int) -> None:
    fault = {"call": QUERY, "session": 12, "after": queries, "times": 1, "error": 87}
    host = session_host(ALICE | {"client_name": "PC7", "client_address": "10.1.2.3"}, faults=[fault])
    told = record(await windows.run(host, sessions=["12"]), 12)
    assert (told["result"], told["error"]) == ("logged_off", None)
    known = [2, "PC7", "10.1.2.3"][: queries - 1]
    assert [told["protocol"], told["client_name"], told["client_address"]] == known + [None] * (3 - len(known))


WORKSTATION_STOPPED = {"call": "NetWkstaGetInfo", "error": 2138}  # NERR_WkstaNotStarted


async def test_a_host_that_does_not_tell_its_name(windows: Windows) -> None:
    host = session_host(ALICE, faults=[WORKSTATION_STOPPED])
    report = await windows.run(host, users=["alice"])
    assert server_report(report)["computer_name"] == ""
    assert results(report) == {12: "logged_off"}


@pytest.mark.parametrize("options", [{"users": [".\\carol"]}, {"all": True, "exclude_users": [".\\carol"]}], ids=str)
async def test_a_local_account_of_a_host_that_does_not_tell_its_name(windows: Windows, options: dict[str, Any]) -> None:
    host = session_host({"id": 12, "user": "RDSH01\\carol"}, faults=[WORKSTATION_STOPPED])
    report = await windows.run(host, **options)
    assert server_report(report)["error"] == {"call": "NetWkstaGetInfo", "code": 2138}
    assert windows.logoffs(host) == []


async def test_many_sessions(windows: Windows) -> None:
    host = session_host(*({"id": 100 + i, "user": f"user{i}"} for i in range(200)))
    report = await windows.run(host, users=["user*"], check_mode=True)
    assert [session["user"] for session in server_report(report)["sessions"]] == [f"user{i}" for i in range(200)]


async def test_no_sessions_of_users(windows: Windows) -> None:
    assert results(await windows.run(session_host(), all=True)) == {}


@pytest.mark.parametrize("check_mode", [True, False])
async def test_no_sessions_at_all(windows: Windows, check_mode: bool) -> None:
    """Session 0 is always there: who lists nothing has not told that nobody is logged on."""
    host = session_host(empty_list_error=0)
    for session in host.table.sessions():
        host.table.remove(session.id)
    report = server_report(await windows.run(host, all=True, check_mode=check_mode))
    assert (report["error"], report["sessions"]) == ({"call": "WTSEnumerateSessionsEx", "code": 0}, [])
