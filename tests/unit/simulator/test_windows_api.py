# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The answers to the calls of the Windows API. (What C# makes of them is tested in tests/unit/engine.)"""

from __future__ import annotations

import asyncio
import struct
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from simulator.directory import Directory
from simulator.farm import Fault, Host, HostSpec
from simulator.win32 import Win32Error
from simulator.windows_api import Launch, Value, WindowsApi

ALICE = {"id": 12, "user": "alice", "client_name": "PC7", "client_address": "10.1.2.3"}
QUERY = "WTSQuerySessionInformationW"


@pytest.fixture
async def api() -> AsyncIterator[WindowsApi]:
    with tempfile.TemporaryDirectory() as folder:
        api = WindowsApi(Path(folder) / "socket")
        await api.start()
        yield api
        await api.stop()


def host(*sessions: dict[str, Any], **settings: Any) -> Host:
    spec = HostSpec.model_validate({"name": "RDSH01", "sessions": sessions, **settings})
    return Host(spec, "CONTOSO", "127.0.1.1", Directory("contoso.com"))


def launch_on(api: WindowsApi, host: Host) -> Launch:
    launch, environment = api.new_launch(host, "ansible")
    assert environment == {"SIMULATOR_SOCKET": str(api.socket_path), "SIMULATOR_LAUNCH": launch.token}
    return launch


async def refusal(api: WindowsApi, launch: Launch, function: str, *arguments: str) -> int:
    with pytest.raises(Win32Error) as error:
        await api.call(launch, function, arguments)
    return error.value.code


async def test_enumeration(api: WindowsApi) -> None:
    launch = launch_on(api, host(ALICE))
    values = await api.call(launch, "WTSEnumerateSessionsExW", ("0",))
    assert values == [
        3,
        *(0, 4, "services", "", "", "", ""),
        *(12, 0, "rdp-tcp#12", "", "alice", "CONTOSO", ""),
        *(65536, 6, "rdp-tcp", "", "", "", ""),
    ]


@pytest.mark.parametrize(
    ("info_class", "values"),
    [
        (4, [12]),
        (5, ["alice"]),
        (6, ["rdp-tcp#12"]),
        (7, ["CONTOSO"]),
        (8, [0]),
        (10, ["PC7"]),
        (14, [2, 0, 0, 10, 1, 2, 3]),
        (16, [2]),
    ],
)
async def test_query(api: WindowsApi, info_class: int, values: list[Value]) -> None:
    launch = launch_on(api, host(ALICE))
    assert await api.call(launch, QUERY, ("0", "12", str(info_class))) == values


async def test_query_refuses(api: WindowsApi) -> None:
    launch = launch_on(api, host(ALICE))
    assert await refusal(api, launch, QUERY, "0", "12", "999") == 87
    assert await refusal(api, launch, QUERY, "0", "13", "25") == 7022


async def test_calls_are_recorded_in_order_with_their_errors(api: WindowsApi) -> None:
    here = host(ALICE)
    launch = launch_on(api, here)
    await api.call(launch, "WTSEnumerateSessionsExW", ("0",))
    await refusal(api, launch, QUERY, "0", "13", "25")
    await api.call(launch, "WTSLogoffSession", ("0", "12", "0"))
    await refusal(api, launch, "WTSLogoffSession", "0", "12", "0")
    calls = api.calls_on(here)
    assert [(call.function, call.session, call.error) for call in calls] == [
        ("WTSEnumerateSessionsExW", None, 0),
        (QUERY, 13, 7022),
        ("WTSLogoffSession", 12, 0),
        ("WTSLogoffSession", 12, 7022),
    ]
    assert [call.time for call in calls] == sorted(call.time for call in calls)
    assert api.mutating_calls_on(here) == calls[2:]
    assert {call.launch for call in calls} == {launch.token}


async def test_each_host_has_its_own_record(api: WindowsApi) -> None:
    here, there = host(ALICE), host(ALICE, name="RDSH02")
    await api.call(launch_on(api, here), "WTSLogoffSession", ("0", "12", "0"))
    assert api.calls_on(there) == []
    assert there.table.get(12).gone_at is None


async def test_logoff_waits_if_it_is_to_wait(api: WindowsApi) -> None:
    here = host(ALICE | {"logoff": 0.2})
    await api.call(launch_on(api, here), "WTSLogoffSession", ("0", "12", "1"))
    with pytest.raises(Win32Error):
        here.table.get(12)


async def test_an_error_keeps_the_call_from_being_carried_out(api: WindowsApi) -> None:
    here = host(ALICE, faults=[{"call": "WTSLogoffSession", "error": 5, "times": 1}])
    launch = launch_on(api, here)
    assert await refusal(api, launch, "WTSLogoffSession", "0", "12", "0") == 5
    assert here.table.get(12).gone_at is None
    await api.call(launch, "WTSLogoffSession", ("0", "12", "0"))


async def test_what_happens_before_and_after_a_call(api: WindowsApi) -> None:
    fault = {
        "call": QUERY,
        "times": 1,
        "before": [{"put": {"id": 12, "user": "bob"}}],
        "then": [{"put": {"id": 12, "user": "carol"}}],
    }
    launch = launch_on(api, host(ALICE, faults=[fault]))
    assert await api.call(launch, QUERY, ("0", "12", "5")) == ["bob"]
    assert await api.call(launch, QUERY, ("0", "12", "5")) == ["carol"]


async def test_a_call_that_hangs(api: WindowsApi) -> None:
    launch = launch_on(api, host(ALICE, faults=[{"call": QUERY, "delay": "never"}]))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(api.call(launch, QUERY, ("0", "12", "5")), 0.1)


async def test_names_of_the_computer(api: WindowsApi) -> None:
    launch = launch_on(api, host(windows_version=(6, 1)))
    assert await api.call(launch, "NetWkstaGetInfo", ("",)) == ["RDSH01", "CONTOSO", 6, 1]
    assert await api.call(launch, "WTSGetActiveConsoleSessionId", ()) == [0xFFFFFFFF]


@pytest.mark.parametrize(
    ("version", "flags"),
    [((10, 0), [0, 1, -1]), ((6, 3), [0, 1, -1]), ((6, 1), [1, 0, -1]), ((6, 0), [0, 1, -1])],
    ids=str,
)
async def test_locked(api: WindowsApi, version: tuple[int, int], flags: list[int]) -> None:
    """The two are swapped on Windows 7 and Server 2008 R2, and nowhere else."""
    locked = [{"id": 20 + i, "locked": value} for i, value in enumerate([True, False, None])]
    launch = launch_on(api, host(*locked, windows_version=version))
    assert [(await api.call(launch, QUERY, ("0", str(20 + i), "25")))[2] for i in range(3)] == flags


async def test_processes(api: WindowsApi) -> None:
    here = host(ALICE | {"processes": ["winword.exe"]})
    launch = launch_on(api, here)
    alice = here.directory.find("CONTOSO\\alice").sid
    values = await api.call(launch, "WTSEnumerateProcessesExW", ("0", "12"))
    assert values == [
        4,
        *(12, 12004, "csrss.exe", "S-1-5-18"),
        *(12, 12008, "winlogon.exe", "S-1-5-18"),
        *(12, 12012, "dwm.exe", "S-1-5-18"),
        *(12, 12016, "winword.exe", alice),
    ]
    await api.call(launch, "WTSLogoffSession", ("0", "12", "0"))
    assert await refusal(api, launch, "WTSEnumerateProcessesExW", "0", "12") == 7022
    assert await refusal(api, launch, "WTSTerminateProcess", "0", "12016", "1") == 87
    assert [call.function for call in api.mutating_calls_on(here)] == ["WTSLogoffSession", "WTSTerminateProcess"]
    assert [call.session for call in api.calls_on(here)] == [12, 12, 12, None]


async def test_ending_processes(api: WindowsApi) -> None:
    here = host(ALICE | {"logoff": "never"})
    launch = launch_on(api, here)
    await api.call(launch, "WTSLogoffSession", ("0", "12", "0"))
    await api.call(launch, "WTSTerminateProcess", ("0", "12016", "1"))
    assert 12 not in [session.id for session in here.table.sessions()]
    assert here.table.crashed is False


async def test_names_of_accounts(api: WindowsApi) -> None:
    here = host(ALICE)
    launch, _ = api.new_launch(here, "CONTOSO\\ansible")
    sid = here.directory.find("CONTOSO\\alice").sid
    assert await api.call(launch, "GetUserNameExW", ()) == ["CONTOSO\\ansible"]
    assert await api.call(launch, "LookupAccountNameW", ("alice@contoso.com",)) == [sid, "CONTOSO"]
    assert await api.call(launch, "LookupAccountSidW", (sid,)) == ["alice", "CONTOSO"]
    assert await refusal(api, launch, "LookupAccountNameW", "bob@contoso.com") == 1332
    assert await refusal(api, launch, "LookupAccountSidW", "S-1-5-18") == 1332
    assert [call.error for call in api.calls_on(here)] == [0, 0, 0, 1332, 1332]


@pytest.fixture
async def farm() -> AsyncIterator[tuple[WindowsApi, Host, Host]]:
    """Two hosts, of which the second is reached from the first in 50 ms."""
    here, there = host(ALICE), host(ALICE, name="RDSH02", rpc_timeout=0.1)
    with tempfile.TemporaryDirectory() as folder:
        api = WindowsApi(Path(folder) / "socket", [here, there], rpc_latency=0.05)
        await api.start()
        yield api, here, there
        await api.stop()


@pytest.mark.parametrize("name", ["RDSH02", "rdsh02", "\\\\RDSH02", "rdsh02.contoso.com"])
async def test_another_server(farm: tuple[WindowsApi, Host, Host], name: str) -> None:
    api, here, there = farm
    launch = launch_on(api, here)
    (handle,) = await api.call(launch, "WTSOpenServerExW", (name,))
    assert handle != 0
    began = time.monotonic()
    await api.call(launch, "WTSLogoffSession", (str(handle), "12", "0"))
    assert time.monotonic() - began >= 0.05
    assert await api.call(launch, "NetWkstaGetInfo", (name,)) == ["RDSH02", "CONTOSO", 10, 0]
    await api.call(launch, "WTSCloseServer", (str(handle),))
    # Each host knows what was asked of it.
    assert [call.function for call in api.calls_on(here)] == ["WTSOpenServerExW", "WTSCloseServer"]
    assert [call.function for call in api.calls_on(there)] == ["WTSLogoffSession", "NetWkstaGetInfo"]
    assert [session.id for session in here.table.sessions()] == [0, 12, 65536]
    assert [session.id for session in there.table.sessions()] == [0, 65536]
    # What is closed is closed.
    assert await refusal(api, launch, "WTSEnumerateSessionsExW", str(handle)) == 6


async def test_a_handle_is_of_the_program_that_opened_it(farm: tuple[WindowsApi, Host, Host]) -> None:
    api, here, _ = farm
    (handle,) = await api.call(launch_on(api, here), "WTSOpenServerExW", ("RDSH02",))
    assert await refusal(api, launch_on(api, here), "WTSEnumerateSessionsExW", str(handle)) == 6


@pytest.mark.parametrize("name", ["RDSH02", "RDSH99"])
async def test_a_server_that_does_not_answer(farm: tuple[WindowsApi, Host, Host], name: str) -> None:
    """It is opened all the same: the first call shows it."""
    api, here, there = farm
    there.rpc_up = False
    launch = launch_on(api, here)
    (handle,) = await api.call(launch, "WTSOpenServerExW", (name,))
    began = time.monotonic()
    assert await refusal(api, launch, "WTSEnumerateSessionsExW", str(handle)) == 1722
    assert time.monotonic() - began >= (0.1 if name == "RDSH02" else 0.05)
    assert await refusal(api, launch, "NetWkstaGetInfo", name) == 1722
    # A host is asked as always by its own programs.
    assert len(await api.call(launch_on(api, there), "WTSEnumerateSessionsExW", ("0",))) > 1


async def test_faults_are_of_the_host_that_a_call_goes_to(farm: tuple[WindowsApi, Host, Host]) -> None:
    api, here, there = farm
    denied = Fault.model_validate({"call": "WTSLogoffSession", "error": 5})
    launch = launch_on(api, here)
    (handle,) = await api.call(launch, "WTSOpenServerExW", ("RDSH02",))
    there.faults = [denied]
    assert await refusal(api, launch, "WTSLogoffSession", str(handle), "12", "0") == 5
    await api.call(launch, "WTSLogoffSession", ("0", "12", "0"))


def message(text: str) -> bytes:
    data = text.encode("utf-16-le")
    return struct.pack("<I", len(data)) + data


async def say(api: WindowsApi, *messages: str) -> bytes:
    """Everything that the simulator answers to a program, until it or the program has no more to say."""
    reader, writer = await asyncio.open_unix_connection(api.socket_path)
    writer.write(b"".join(map(message, messages)))
    writer.write_eof()
    try:
        return await asyncio.wait_for(reader.read(), 5)
    finally:
        writer.close()


async def test_the_protocol_of_the_stand_in_library(api: WindowsApi) -> None:
    launch = launch_on(api, host(ALICE))
    query = f"{QUERY}\x1f0\x1f12\x1f"
    answers = await say(api, launch.token, query + "5", query + "999", "ProcessExit\x1f3")
    assert answers == message("0\x1falice") + message("87") + message("0")
    assert launch.leaks == 3


async def test_a_program_that_nobody_launched_is_told_nothing(api: WindowsApi) -> None:
    assert await say(api, "999", "WTSEnumerateSessionsExW\x1f0") == b""


async def test_a_function_that_is_not_simulated(api: WindowsApi) -> None:
    launch = launch_on(api, host(ALICE))
    assert await say(api, launch.token, "WTSShutdownSystem\x1f0") == b""


async def test_the_end_of_a_program_that_hangs_in_a_call_is_not_awaited_for_ever(api: WindowsApi) -> None:
    launch = launch_on(api, host(ALICE, faults=[{"call": QUERY, "delay": "never"}]))
    _, writer = await asyncio.open_unix_connection(api.socket_path)
    writer.write(message(launch.token) + message(f"{QUERY}\x1f0\x1f12\x1f5"))
    while not launch.connections:
        await asyncio.sleep(0.01)
    writer.close()
    await asyncio.wait_for(launch.settled(), 5)
