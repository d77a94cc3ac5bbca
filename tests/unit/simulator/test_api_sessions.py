# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What was seen of sessions in more than one way, each by the farm file; and sessions that are out of the ordinary."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest

from simulator.farm import FarmSpec, hosts_of
from simulator.session_table import State
from simulator.windows_api import WindowsApi
from tests.unit.simulator.api_host import ALICE, BOB, QUERY, SEND, host, launch_on, refusal

CLIENT_NAME, CLIENT_ADDRESS, SESSION_INFO, SESSION_INFO_EX = "10", "14", "24", "25"
CURRENT_SESSION = str(0xFFFFFFFF)


@pytest.mark.parametrize("settings", [{"gone_session_error": 2}, {"gone_session_error": 7022}, {}], ids=str)
async def test_a_session_that_has_gone(api: WindowsApi, settings: dict[str, Any]) -> None:
    launch = launch_on(api, host(ALICE, **settings))
    await api.call(launch, "WTSLogoffSession", ("0", "12", "0"))
    error = settings.get("gone_session_error", 7022)
    assert await refusal(api, launch, QUERY, "0", "12", SESSION_INFO_EX) == error
    for act in "WTSLogoffSession", "WTSDisconnectSession":
        assert await refusal(api, launch, act, "0", "12", "0") == error
    assert await refusal(api, launch, SEND, "0", "12", "Title", "Text", "0", "0", "0") == error


@pytest.mark.parametrize("first_byte", [0, 2])
async def test_an_ipv6_address(api: WindowsApi, first_byte: int) -> None:
    client = {"client_address": "2001:db8::15"}
    launch = launch_on(api, host(ALICE | client, ipv6_from_byte=first_byte))
    family, *data = await api.call(launch, QUERY, ("0", "12", CLIENT_ADDRESS))
    assert family == 23
    assert data == [0] * first_byte + [*ipaddress.ip_address("2001:db8::15").packed]


async def test_an_ipv4_address_is_where_it_always_is(api: WindowsApi) -> None:
    launch = launch_on(api, host(ALICE, ipv6_from_byte=2))
    assert await api.call(launch, QUERY, ("0", "12", CLIENT_ADDRESS)) == [2, 0, 0, 10, 1, 2, 3]


@pytest.mark.parametrize(("field", "info_class"), [("client_name", CLIENT_NAME), ("client_address", CLIENT_ADDRESS)])
async def test_a_null_buffer(api: WindowsApi, field: str, info_class: str) -> None:
    launch = launch_on(api, host(ALICE | {field: None}))
    assert await api.call(launch, QUERY, ("0", "12", info_class)) == []
    for other in {CLIENT_NAME, CLIENT_ADDRESS, SESSION_INFO_EX} - {info_class}:
        assert await api.call(launch, QUERY, ("0", "12", other)) != []


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        ({}, ["services", "console", "rdp-tcp#0", "TERM04", "rdp-tcp"]),
        ({"session_names": "lower"}, ["services", "console", "rdp-tcp#0", "TERM04", "rdp-tcp"]),
        ({"session_names": "mixed"}, ["Services", "Console", "RDP-Tcp#0", "TERM04", "RDP-Tcp"]),
    ],
    ids=str,
)
async def test_session_names(api: WindowsApi, settings: dict[str, Any], names: list[str]) -> None:
    here = host({"id": 1, "name": "console"}, ALICE, BOB | {"name": "TERM04"}, **settings)
    launch = launch_on(api, here)
    for function, fields_each in ("WTSEnumerateSessionsExW", 7), ("WTSEnumerateSessionsW", 3):
        assert (await api.call(launch, function, ("0",)))[3::fields_each] == names
    shown = [
        [(await api.call(launch, QUERY, ("0", session_id, info_class)))[field] for session_id in ("0", "1", "12", "13")]
        for info_class, field in (("6", 0), (SESSION_INFO, 4), (SESSION_INFO_EX, 3))
    ]
    assert shown == [names[:4]] * 3
    assert await api.call(launch, "WTSGetActiveConsoleSessionId", ()) == [1]


async def test_session_info(api: WindowsApi) -> None:
    """Class 24 tells what class 25 does, in another order and without the lock."""
    launch = launch_on(api, host(BOB | {"state": "disconnected", "incoming_bytes": 5, "outgoing_bytes": 6}))
    state, session_id, received, sent, name, domain, user, *times = await api.call(
        launch, QUERY, ("0", "13", SESSION_INFO)
    )
    assert (state, session_id, received, sent) == (4, 13, 5, 6)
    assert (name, domain, user) == ("", "CONTOSO", "bob")
    logon, connect, disconnect, last_input, now = (await api.call(launch, QUERY, ("0", "13", SESSION_INFO_EX)))[6:11]
    assert times[:4] == [connect, disconnect, last_input, logon]
    assert 0 <= int(now) - int(times[4]) < 600_000_000  # a minute


async def test_the_current_session_is_that_of_services(api: WindowsApi) -> None:
    """Over WinRM, every program runs there."""
    launch = launch_on(api, host(ALICE))
    assert await api.call(launch, QUERY, ("0", CURRENT_SESSION, "4")) == [0]
    assert await refusal(api, launch, "WTSLogoffSession", "0", CURRENT_SESSION, "0") == 5


async def test_services_cannot_be_logged_off(api: WindowsApi) -> None:
    here = host(ALICE)
    assert await refusal(api, launch_on(api, here), "WTSLogoffSession", "0", "0", "1") == 5
    assert [session.id for session in here.table.sessions()] == [0, 12, 65536]


@pytest.mark.parametrize(
    ("call", "left"),
    [
        ("WTSLogoffSession", {1: State.ACTIVE, 13: State.ACTIVE, 14: State.DISCONNECTED}),
        (
            "WTSDisconnectSession",
            {1: State.ACTIVE, 12: State.DISCONNECTED, 13: State.ACTIVE, 14: State.DISCONNECTED},
        ),
    ],
)
async def test_an_act_on_a_listener_is_one_on_all_that_are_connected_by_it(
    api: WindowsApi, call: str, left: dict[int, State]
) -> None:
    here = host(
        {"id": 1, "name": "console", "user": "operator"},
        ALICE,
        {"id": 13, "user": "bob", "listener": "rdp-sxs"},
        {"id": 14, "user": "carol", "state": "disconnected"},
        listeners=["rdp-tcp", "rdp-sxs"],
    )
    await api.call(launch_on(api, here), call, ("0", "65536", "0"))
    states = {session.id: session.state for session in here.table.sessions()}
    assert states == {0: State.DISCONNECTED, **left, 65536: State.LISTEN, 65537: State.LISTEN}


async def test_listeners_and_the_names_of_who_came_by_them(api: WindowsApi) -> None:
    """As others saw them: https://github.com/VertigoRay/PSQuser/issues/7 and the sources of console/wordings."""
    here = host(
        {"id": 3, "user": "alice", "listener": "31C5CE94259D4006A9E4"},
        {"id": 1, "user": "bob"},
        {"id": 0x10000 - 1, "user": "carol"},
        listeners=["31C5CE94259D4006A9E4", "rdp-tcp", "rdp-sxs240705700"],
    )
    assert {session.id: session.name for session in here.table.sessions() if session.id} == {
        3: "31C5CE94259D4006A9E4#0",
        1: "31C5CE94259D4006A9E4#2",
        65535: "31C5CE94259D4006A9E4#3",
        65536: "31C5CE94259D4006A9E4",
        65537: "rdp-tcp",
        65538: "rdp-sxs240705700",
    }
    here.table.drop(3)
    here.table.reconnect(3)
    assert here.table.get(3).name == "31C5CE94259D4006A9E4#4"


STUCK = {"id": 12, "user": "alice", "stuck": True, "processes": ["explorer.exe", "winword.exe"]}


async def test_a_session_that_is_stuck_has_lost_its_user(api: WindowsApi) -> None:
    here = host(STUCK)
    launch = launch_on(api, here)
    assert (await api.call(launch, "WTSEnumerateSessionsExW", ("0",)))[8:15] == [12, State.DOWN, "", "", "", "", ""]
    for info_class in "4", "8", CLIENT_NAME, SESSION_INFO, SESSION_INFO_EX:
        assert await refusal(api, launch, QUERY, "0", "12", info_class) == 7007
    for act in "WTSLogoffSession", "WTSDisconnectSession":
        assert await refusal(api, launch, act, "0", "12", "0") == 7007
    assert await refusal(api, launch, SEND, "0", "12", "Title", "Text", "0", "60", "0") == 7007
    # Its programs are still whose they were.
    sids = (await api.call(launch, "WTSEnumerateProcessesExW", ("0", "12")))[4::6]
    assert sids == ["S-1-5-18"] * 3 + [here.directory.find("CONTOSO\\alice").sid] * 2


async def test_a_session_that_is_stuck_goes_with_its_programs(api: WindowsApi) -> None:
    here = host(STUCK)
    launch = launch_on(api, here)
    for process_id in "12016", "12020":
        assert 12 in [session.id for session in here.table.sessions()]
        await api.call(launch, "WTSTerminateProcess", ("0", process_id, "1"))
    assert await refusal(api, launch, QUERY, "0", "12", SESSION_INFO_EX) == 7022


async def test_a_session_that_is_stuck_goes_with_a_restart(api: WindowsApi) -> None:
    here = host(STUCK)
    here.restart()
    assert [session.id for session in here.table.sessions()] == [0, 65536]


async def test_local_accounts_have_no_principal_name(api: WindowsApi) -> None:
    farm = {
        "accounts": ["RDSH01\\backup"],
        "account": {"user": "admin", "domain": ""},
        "hosts": [{"name": "RDSH01", "sessions": [{"id": 12, "user": "RDSH01\\kiosk"}, {"id": 13, "user": "kiosk"}]}],
    }
    (here,) = hosts_of(FarmSpec.model_validate(farm))
    launch = launch_on(api, here)
    for user in "kiosk", "backup", "admin":
        sid, domain, _ = await api.call(launch, "LookupAccountNameW", ("", f"RDSH01\\{user}"))
        assert domain == "RDSH01"
        assert await api.call(launch, "LookupAccountSidW", ("", str(sid))) == [user, "RDSH01", 1]
    for user in "backup", "admin":
        assert await refusal(api, launch, "LookupAccountNameW", "", f"{user}@contoso.com") == 1332
    # The domain's account of that name has it.
    assert (await api.call(launch, "LookupAccountNameW", ("", "kiosk@contoso.com")))[1] == "CONTOSO"
