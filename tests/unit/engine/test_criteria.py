# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How long a session is idle, disconnected or logged on, and where its client is."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from simulator.farm import Host
from simulator.session_table import State
from tests.support.calls import LOGOFF, QUERY, SESSION_INFO
from tests.unit.engine.session_host import ALICE, BOB, Windows, record, results, server_report, session_host

HOUR = 3600
YEAR = 365 * 24 * HOUR


async def selected(windows: Windows, host: Host, **options: Any) -> list[int]:
    return sorted(results(await windows.run(host, check_mode=True, **options)))


TIMES = (
    {"id": 12, "user": "busy", "idle": 0, "logged_on": "2h"},
    {"id": 13, "user": "idle", "idle": "1h", "logged_on": "1d"},
    {"id": 14, "user": "unknown", "idle": None, "logged_on": "1d"},
    {"id": 15, "user": "away", "state": "disconnected", "idle": "3h", "disconnected": "2h", "logged_on": "3h"},
    {"id": 16, "user": "just-away", "state": "disconnected", "idle": "1m", "disconnected": "1m", "logged_on": "1m"},
    {"id": 17, "name": "rdp-tcp#17"},  # a logon screen
    {"id": 18, "state": "disconnected"},
)


@pytest.mark.parametrize(
    ("options", "ids"),
    [
        ({"idle_for": "30m"}, [13, 15]),
        ({"idle_for": "2h"}, [15]),
        ({"idle_for": "4h"}, []),
        ({"idle_for": "0.001s"}, [12, 13, 15, 16]),  # what is unknown has not lasted for any time
        ({"disconnected_for": "0.001s"}, [15, 16]),
        ({"disconnected_for": "1h"}, [15]),
        ({"disconnected_for": "2h 30m"}, []),
        ({"logged_on_for": "0.001s"}, [12, 13, 14, 15, 16]),
        ({"logged_on_for": "2h 30m"}, [13, 14, 15]),
        # Each narrows the others.
        ({"idle_for": "30m", "disconnected_for": "1h"}, [15]),
        ({"idle_for": "30m", "logged_on_for": "20h"}, [13]),
        ({"idle_for": "30m", "users": ["busy", "idle"]}, [13]),
        ({"idle_for": "30m", "states": ["active"]}, [13]),
        ({"all": True, "idle_for": "30m", "exclude_users": ["idle"]}, [15]),
        ({"sessions": ["14", "17", "18"], "idle_for": "0.001s"}, []),
        ({"sessions": ["0", "65536"], "logged_on_for": "0.001s"}, []),
    ],
    ids=str,
)
async def test_durations(windows: Windows, options: dict[str, Any], ids: list[int]) -> None:
    assert await selected(windows, session_host(*TIMES), **options) == ids


@pytest.mark.parametrize(("way", "ids"), [("kept", [15]), ("disconnection", []), ("none", [])])
async def test_the_last_input_of_a_disconnected_session(windows: Windows, way: str, ids: list[int]) -> None:
    host = session_host(*TIMES, last_input_when_disconnected=way)
    assert await selected(windows, host, idle_for="2h 30m") == ids
    longer = [15] if way == "disconnection" else ids
    assert await selected(windows, host, idle_for="1h 30m") == longer


@pytest.mark.parametrize("offset", [-400 * YEAR, -YEAR, YEAR, 400 * YEAR])
async def test_ages_are_by_the_clock_of_the_host(windows: Windows, offset: int) -> None:
    host = session_host(*TIMES, clock_offset=offset)
    assert await selected(windows, host, idle_for="30m") == [13, 15]
    assert await selected(windows, host, disconnected_for="1h") == [15]


OPTIONS = {
    "idle_for": "last_input_time",
    "disconnected_for": "disconnect_time",
    "logged_on_for": "logon_time",
}


@pytest.mark.parametrize(("option", "moment"), OPTIONS.items())
@pytest.mark.parametrize(("late", "is_selected"), [(-1, True), (0, True), (1, False)])
async def test_the_threshold(windows: Windows, option: str, moment: str, late: int, is_selected: bool) -> None:
    """To the microsecond: two hours are "at least two hours"."""
    host = session_host(ALICE | {"state": "disconnected", "idle": "1d", "logged_on": "1d"})
    now = host.table.now()
    host.table.now = lambda: now  # type: ignore[method-assign]
    host.table.change(12, **{moment: now - timedelta(hours=2) + timedelta(microseconds=late)})
    assert await selected(windows, host, **{option: "2h"}) == [12] * is_selected


@pytest.mark.parametrize(("option", "moment"), OPTIONS.items())
async def test_what_began_in_the_future_has_not_lasted_for_any_time(windows: Windows, option: str, moment: str) -> None:
    """The clock of the host was put back."""
    host = session_host(ALICE | {"state": "disconnected"})
    host.table.change(12, **{moment: host.table.now() + timedelta(hours=1)})
    assert await selected(windows, host, **{option: "0.001s"}) == []
    assert await selected(windows, host, users=["alice"]) == [12]


@pytest.mark.parametrize(("option", "moment"), OPTIONS.items())
async def test_what_has_no_known_beginning(windows: Windows, option: str, moment: str) -> None:
    host = session_host(ALICE | {"state": "disconnected"})
    host.table.change(12, **{moment: None})
    assert await selected(windows, host, **{option: "0.001s"}) == []


async def test_a_connected_session_has_a_time_of_its_last_disconnection(windows: Windows) -> None:
    host = session_host(ALICE)
    host.table.change(12, disconnect_time=host.table.now() - timedelta(hours=5))
    assert await selected(windows, host, disconnected_for="1h") == []


CLIENTS = (
    {"id": 12, "user": "a", "client_name": "PC-0815", "client_address": "10.1.2.3"},
    {"id": 13, "user": "b", "client_name": "ПК-7", "client_address": "10.2.0.1"},
    {"id": 14, "user": "c", "client_name": "LAPTOP", "client_address": "2001:db8::1"},
    {"id": 15, "user": "d", "client_name": "THIN", "client_address": "fe80::1"},
    {"id": 16, "user": "e", "state": "disconnected"},  # nowhere
    {"id": 17, "client_name": "PC-0815", "client_address": "10.1.2.3"},  # a logon screen
)


@pytest.mark.parametrize(
    ("clients", "ids"),
    [
        (["PC-0815"], [12]),
        (["pc-*"], [12]),
        (["пк-?"], [13]),
        (["PC"], []),
        (["?*"], [12, 13, 14, 15]),  # any client that has a name
        (["10.1.2.3"], [12]),
        (["10.1.2.3/32"], [12]),
        (["10.1.2.2/31"], [12]),
        (["10.1.2.4/31"], []),
        (["10.1.0.0/16"], [12]),
        (["10.0.0.0/14"], [12, 13]),
        (["0.0.0.0/0"], [12, 13]),  # any client that has an IPv4 address
        (["::/0"], [14, 15]),
        (["2001:db8::/32"], [14]),
        (["2001:DB8:0::1"], [14]),
        (["2001:db8::/127", "fe80::/10"], [14, 15]),
        (["2001:db8::2/127"], []),
        (["::ffff:10.1.2.3"], []),
        # Any of several.
        (["LAPTOP", "10.2.0.0/16"], [13, 14]),
        (["PC-0815", "10.1.2.3"], [12]),
    ],
    ids=str,
)
@pytest.mark.parametrize("ipv6_from_byte", [0, 2])
async def test_clients(windows: Windows, clients: list[str], ids: list[int], ipv6_from_byte: int) -> None:
    assert await selected(windows, session_host(*CLIENTS, ipv6_from_byte=ipv6_from_byte), clients=clients) == ids


async def test_clients_narrow_what_else_is_selected(windows: Windows) -> None:
    host = session_host(*CLIENTS)
    assert await selected(windows, host, clients=["10.0.0.0/8"], users=["b", "c"]) == [13]
    assert await selected(windows, host, clients=["10.0.0.0/8"], exclude_users=["b"]) == [12]
    assert await selected(windows, host, all=True, clients=["?*"], idle_for="1h") == []


async def test_every_value_that_a_client_fits_is_told(windows: Windows) -> None:
    report = await windows.run(
        session_host(*CLIENTS), check_mode=True, clients=["PC-*", "LAPTOP", "10.0.0.0/8", "*15", "10.1.2.3"]
    )
    matched_by = {session["id"]: session["matched_by"] for session in server_report(report)["sessions"]}
    assert matched_by == {
        12: ["client_names:0", "client_names:2", "client_networks:0", "client_networks:1"],
        13: ["client_networks:0"],
        14: ["client_names:1"],
    }


@pytest.mark.parametrize(
    ("code", "result"), [(5, "denied"), (1722, "failed"), (7022, "already_gone"), (2, "already_gone")]
)
async def test_a_client_that_windows_does_not_tell_may_be_the_one_that_is_meant(
    windows: Windows, code: int, result: str
) -> None:
    """Not to know whether a session is meant is a failure, and no reason to say that none is."""
    fault = {"call": QUERY, "session": 12, "after": 1, "error": code}
    host = session_host(ALICE | {"client_name": "PC7"}, BOB | {"client_name": "PC8"}, faults=[fault])
    report = await windows.run(host, clients=["PC*"])
    assert results(report) == {12: result, 13: "logged_off"}
    error = {"call": "WTSQuerySessionInformation", "code": code}
    assert record(report, 12)["error"] == (error if result != "already_gone" else None)
    assert windows.logoffs(host) == [13]


async def test_a_client_of_which_enough_is_known(windows: Windows) -> None:
    """Its address is denied, but its name fits; another session does not fit in any case."""
    fault = {"call": QUERY, "session": 12, "after": 3, "times": 1, "error": 5}
    host = session_host(ALICE | {"client_name": "PC7"}, faults=[fault])
    assert await selected(windows, host, clients=["PC7", "10.0.0.0/8"]) == [12]
    host = session_host(ALICE, faults=[{"call": QUERY, "session": 12, "after": 1, "error": 5}])
    assert await selected(windows, host, clients=["PC7"], idle_for="1h") == []


async def test_a_client_is_asked_for_again_only_where_it_counts(windows: Windows) -> None:
    host = session_host(ALICE | {"client_name": "PC7"})
    await windows.run(host, clients=["PC7"], timeout=0)
    assert [call.arguments[2] for call in windows.calls_on(host) if call.function == QUERY] == [
        *("25", "16", "10", "14"),
        *("25", "16", "10", "14"),
    ]


CHANGES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "came back from idle": ({"idle_for": "1h"}, {"last_input_time": None}),
    "reconnected": ({"disconnected_for": "0.001s"}, {"state": State.ACTIVE, "name": "rdp-tcp#1"}),
    "reconnected, by state": ({"states": ["disconnected"]}, {"state": State.CONNECTED}),
    "from another client": ({"clients": ["PC7"]}, {"client_name": "PC8"}),
    "from another address": ({"clients": ["10.1.0.0/16"]}, {"client_address": "10.2.0.1"}),
    "to an excluded session": ({"users": ["alice"], "exclude_sessions": ["TERM04"]}, {"name": "TERM04"}),
}


@pytest.mark.parametrize(("options", "changes"), CHANGES.values(), ids=CHANGES)
async def test_a_session_that_is_not_meant_any_more_when_its_turn_comes(
    windows: Windows, options: dict[str, Any], changes: dict[str, Any]
) -> None:
    session = {"state": "disconnected", "idle": "2h", "client_name": "PC7", "client_address": "10.1.2.3"}
    host = session_host(ALICE | session, BOB | session)

    def come_back(_: object, function: str, arguments: tuple[str, ...]) -> None:
        if arguments[1:] == ("12", str(SESSION_INFO)) and windows.identifications(host, 12):
            now = {"last_input_time": host.table.now()} if "last_input_time" in changes else {}
            host.table.change(12, **{**changes, **now})

    windows.on_call = come_back
    options = {**options, "users": ["alice", "bob"]}
    # Bob is looked at after alice, and stays as he was.
    assert results(await windows.run(host, **options)) == {12: "spared", 13: "logged_off"}
    assert windows.logoffs(host) == [13]


async def test_a_session_that_is_spared_while_it_is_busy(windows: Windows) -> None:
    busy = {"call": LOGOFF, "error": 7024, "times": 1}
    host = session_host(ALICE | {"idle": "2h"}, faults=[busy])

    def come_back(_: object, function: str, arguments: tuple[str, ...]) -> None:
        if windows.logoffs(host):
            host.table.change(12, last_input_time=host.table.now())

    windows.on_call = come_back
    assert results(await windows.run(host, idle_for="1h")) == {12: "spared"}
    assert windows.logoffs(host) == [12]


async def test_of_a_session_whose_times_do_not_fit_nothing_else_is_asked(windows: Windows) -> None:
    """Nearly all sessions of a large host, perhaps: a query less for each of three."""
    host = session_host(ALICE | {"logged_on": "2h"}, BOB | {"logged_on": "1m"})
    assert results(await windows.run(host, logged_on_for="1h", check_mode=True)) == {12: "would_log_off"}
    asked = [call.session for call in windows.calls_on(host) if call.function == QUERY]
    assert (asked.count(12), asked.count(13)) == (4, 1)


PROTOCOLS = (
    {"id": 1, "name": "Console", "user": "a"},
    {"id": 12, "user": "b"},
    {"id": 13, "user": "c", "protocol": "ica", "name": "ICA-tcp#1", "locked": True},
    {"id": 14, "user": "d", "state": "disconnected", "locked": True},  # Windows answers 0 for it, as for the console
    {"id": 15, "user": "e", "locked": None},
    {"id": 16, "name": "rdp-tcp#16"},  # a logon screen
)


@pytest.mark.parametrize(
    ("options", "ids"),
    [
        ({"protocols": ["rdp"]}, [12, 15]),
        ({"protocols": ["ica"]}, [13]),
        ({"protocols": ["console"]}, [1]),
        ({"protocols": ["console", "ica"]}, [1, 13]),
        ({"protocols": ["rdp"], "users": ["b", "c"]}, [12]),
        ({"locked": True}, [13, 14]),
        ({"locked": False}, [1, 12]),  # of which it is known
        ({"locked": True, "protocols": ["ica", "rdp"]}, [13]),
        ({"locked": True, "states": ["disconnected"]}, [14]),
    ],
    ids=str,
)
@pytest.mark.parametrize("version", [(10, 0), (6, 1)], ids=str)
async def test_protocols_and_the_lock(
    windows: Windows, options: dict[str, Any], ids: list[int], version: tuple[int, int]
) -> None:
    host = session_host(*PROTOCOLS, windows_version=version)
    assert await selected(windows, host, **{"users": ["?"], **options}) == ids


async def test_which_protocol_fitted_is_told(windows: Windows) -> None:
    report = await windows.run(session_host(*PROTOCOLS), check_mode=True, protocols=["ica", "rdp"])
    matched_by = {session["id"]: session["matched_by"] for session in server_report(report)["sessions"]}
    assert matched_by == {12: ["protocols:1"], 13: ["protocols:0"], 15: ["protocols:1"]}


@pytest.mark.parametrize("locked", [True, False])
async def test_the_lock_on_a_host_that_does_not_tell_its_version(windows: Windows, locked: bool) -> None:
    """There the two flags may be the wrong way round."""
    host = session_host(*PROTOCOLS, faults=[{"call": "NetWkstaGetInfo", "error": 2138}])
    report = await windows.run(host, locked=locked)
    assert server_report(report)["error"] == {"call": "NetWkstaGetInfo", "code": 2138}
    assert windows.logoffs(host) == []


async def test_the_console_is_never_idle(windows: Windows) -> None:
    """What Windows tells of it is not to be relied on; also where only its ID says that it is the console."""
    host = session_host({"id": 1, "name": "Console", "user": "a", "idle": "2h"}, ALICE | {"idle": "2h"})
    options = {"idle_for": "1h", "protect_console": False}
    assert await selected(windows, host, **options) == [12]
    host.table.console_id = lambda: 12  # type: ignore[method-assign]
    assert await selected(windows, host, **options) == []
    assert await selected(windows, host, all=True, protect_console=False) == [1, 12]


@pytest.mark.parametrize("state", ["down", "init", "reset"])
async def test_a_broken_session_without_a_user(windows: Windows, state: str) -> None:
    host = session_host({"id": 14, "state": state}, {"id": 15, "state": "disconnected"}, ALICE | {"state": state})
    assert await selected(windows, host, states=[state, "disconnected"]) == [12, 14]
    assert await selected(windows, host, states=[state], users=["??*"]) == [12]
    assert await selected(windows, host, all=True) == [12]
    assert await selected(windows, host, states=[state], logged_on_for="0.001s") == [12]
