# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The answers to the calls of the Windows API. (What C# makes of them is tested in tests/unit/engine.)"""

from __future__ import annotations

import asyncio
import contextlib
import os
import struct
import sys
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from simulator.engines import build
from simulator.farm import Fault, Host
from simulator.message_box import Message
from simulator.session_table import State
from simulator.win32 import Win32Error
from simulator.windows_api import Value, WindowsApi
from tests.support.engines import answering
from tests.unit.simulator.api_host import ALICE, QUERY, SEND, host, launch_on, refusal

MB_OK, MB_YESNO = "0", "4"
IDOK, IDYES, IDTIMEOUT, IDASYNC = 1, 6, 32000, 32001


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.01)


async def test_enumeration(api: WindowsApi) -> None:
    launch = launch_on(api, host(ALICE))
    values = await api.call(launch, "WTSEnumerateSessionsExW", ("0",))
    assert values == [
        3,
        *(0, 4, "services", "", "", "", ""),
        *(12, 0, "rdp-tcp#0", "", "alice", "CONTOSO", ""),
        *(65536, 6, "rdp-tcp", "", "", "", ""),
    ]


@pytest.mark.parametrize(
    ("info_class", "values"),
    [
        (4, [12]),
        (5, ["alice"]),
        (6, ["rdp-tcp#0"]),
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


async def test_disconnecting_waits_if_it_is_to_wait(api: WindowsApi) -> None:
    here = host(ALICE | {"disconnect": 0.2}, ALICE | {"id": 13, "disconnect": "never"})
    launch = launch_on(api, here)
    await api.call(launch, "WTSDisconnectSession", ("0", "12", "1"))
    assert here.table.get(12).state is State.DISCONNECTED
    await api.call(launch, "WTSDisconnectSession", ("0", "13", "0"))
    assert here.table.get(13).state is State.ACTIVE
    assert await refusal(api, launch, "WTSDisconnectSession", "0", "14", "0") == 7022
    assert [call.session for call in api.mutating_calls_on(here)] == [12, 13, 14]


async def test_a_disconnected_session_in_windows_words(api: WindowsApi) -> None:
    launch = launch_on(api, host(ALICE))
    await api.call(launch, "WTSDisconnectSession", ("0", "12", "1"))
    session = (await api.call(launch, "WTSEnumerateSessionsExW", ("0",)))[8:15]
    assert session == [12, 4, "", "", "alice", "CONTOSO", ""]
    assert [await api.call(launch, QUERY, ("0", "12", number)) for number in ("10", "14", "16")] == [[""], [0], [0]]
    times = (await api.call(launch, QUERY, ("0", "12", "25")))[6:11]
    assert 0 not in times  # of logon, connection, disconnection, last input, and now


async def test_bytes(api: WindowsApi) -> None:
    launch = launch_on(api, host(ALICE | {"incoming_bytes": 4000000000, "outgoing_bytes": 7}))
    assert (await api.call(launch, QUERY, ("0", "12", "25")))[11:] == [4000000000, 7]


async def test_a_message_that_nobody_waits_for(api: WindowsApi) -> None:
    here = host(ALICE | {"answer": "ok", "answer_after": "never"})
    launch = launch_on(api, here)
    assert await api.call(launch, SEND, ("0", "12", "Title", "Text", MB_OK, "60", "0")) == [IDASYNC]
    (call,) = api.mutating_calls_on(here)
    assert (call.function, call.session) == (SEND, 12)
    assert call.arguments == ("0", "12", "Title", "Text", MB_OK, "60", "0")
    (message,) = here.table.get(12).messages
    assert message == Message("Title", "Text", 0, message.time)
    assert message.time >= call.time
    assert await refusal(api, launch, SEND, "0", "13", "Title", "Text", MB_OK, "60", "0") == 7022


@pytest.mark.parametrize(
    ("user", "style", "timeout", "answer"),
    [
        ({"answer": "yes"}, MB_YESNO, "0", IDYES),
        ({"answer": "yes", "answer_after": 0.2}, MB_YESNO, "60", IDYES),
        ({"answer": "cancel"}, MB_OK, "0", IDOK),
        ({}, MB_OK, "1", IDTIMEOUT),
        ({"answer": "yes", "answer_after": "never"}, MB_YESNO, "1", IDTIMEOUT),
        ({"answer": "ok"}, MB_YESNO, "1", IDTIMEOUT),  # there is no such button
        ({"answer": "ok", "state": "disconnected"}, MB_OK, "1", IDTIMEOUT),  # nobody is there
    ],
    ids=str,
)
async def test_answers(api: WindowsApi, user: dict[str, Any], style: str, timeout: str, answer: int) -> None:
    here = host(ALICE | user)
    arguments = ("0", "12", "Title", "Text", style, timeout, "1")
    began = time.monotonic()
    assert await api.call(launch_on(api, here), SEND, arguments) == [answer]
    assert time.monotonic() - began >= (1 if answer == IDTIMEOUT else user.get("answer_after", 0))
    assert len(here.table.get(12).messages) == 1


async def test_without_an_answer_and_a_time_a_message_is_there_for_ever(api: WindowsApi) -> None:
    launch = launch_on(api, host(ALICE))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(api.call(launch, SEND, ("0", "12", "Title", "Text", MB_OK, "0", "1")), 0.1)


async def test_who_leaves_does_not_answer(api: WindowsApi) -> None:
    leaves = {"call": SEND, "before": [{"after": 0.1, "remove": 12}]}
    launch = launch_on(api, host(ALICE | {"answer": "ok", "answer_after": 0.3}, faults=[leaves]))
    assert await refusal(api, launch, SEND, "0", "12", "Title", "Text", MB_OK, "0", "1") == 7022


async def test_a_user_leaves_some_time_after_a_warning(api: WindowsApi) -> None:
    leaves = {"call": "WTSSendMessage", "session": 12, "times": 1, "then": [{"after": 0.2, "remove": 12}]}
    here = host(ALICE, faults=[leaves])
    launch = launch_on(api, here)
    await api.call(launch, SEND, ("0", "12", "Title", "Text", MB_OK, "60", "0"))
    warned = time.monotonic()
    assert here.table.get(12).user == "alice"
    await until(lambda: 12 not in [session.id for session in here.table.sessions()])
    assert time.monotonic() - warned >= 0.19
    assert len(api.mutating_calls_on(here)) == 1


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
    size = (10, 50 << 20)  # threads and memory
    assert values == [
        4,
        *(12, 12004, "csrss.exe", "S-1-5-18", *size),
        *(12, 12008, "winlogon.exe", "S-1-5-18", *size),
        *(12, 12012, "dwm.exe", "S-1-5-18", *size),
        *(12, 12016, "winword.exe", alice, *size),
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
    assert await api.call(launch, "LookupAccountNameW", ("", "alice@contoso.com")) == [sid, "CONTOSO", 1]
    assert await api.call(launch, "LookupAccountSidW", ("", sid)) == ["alice", "CONTOSO", 1]
    assert await refusal(api, launch, "LookupAccountNameW", "", "bob@contoso.com") == 1332
    assert await refusal(api, launch, "LookupAccountSidW", "", "S-1-5-21-1-2-3-4") == 1332
    assert [call.error for call in api.calls_on(here)] == [0, 0, 0, 1332, 1332]


@pytest.mark.parametrize("system", ["", "RDSH01", "\\\\RDSH01", "rdsh01.contoso.com"])
async def test_local_accounts_by_any_name_of_the_server(api: WindowsApi, system: str) -> None:
    here = host(ALICE)
    here.directory.join("RDSH01")
    local = here.directory.add("RDSH01", "bob")
    launch, _ = api.new_launch(here, "CONTOSO\\ansible")
    assert await api.call(launch, "LookupAccountNameW", (system, "RDSH01\\bob")) == [local.sid, "RDSH01", 1]
    assert await api.call(launch, "LookupAccountSidW", (system, local.sid)) == ["bob", "RDSH01", 1]


async def test_ones_own_principal_name_and_the_dns_name_of_ones_domain(api: WindowsApi) -> None:
    here = host({"id": 12, "user": "RDSH01\\guest"}, ALICE)
    of_domain, _ = api.new_launch(here, "CONTOSO\\alice")
    assert await api.call(of_domain, "GetUserNameExW", ("12",)) == ["contoso.com\\alice"]
    assert await api.call(of_domain, "GetUserNameExW", ("8",)) == ["alice@contoso.com"]
    local, _ = api.new_launch(here, "RDSH01\\guest")
    for form in "8", "12":
        assert await refusal(api, local, "GetUserNameExW", form) == 1332


@pytest.fixture
async def farm() -> AsyncIterator[tuple[WindowsApi, Host, Host]]:
    """Two hosts, of which the second is reached from the first in 50 ms."""
    here, there = host(ALICE), host(ALICE, name="RDSH02", rpc_timeout=0.1)
    async with answering(WindowsApi, [here, there], rpc_latency=0.05) as api:
        yield api, here, there


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


async def test_text_may_hold_what_separates_arguments(api: WindowsApi) -> None:
    here = host(ALICE)
    await say(api, launch_on(api, here).token, f"{SEND}\x1f0\x1f12\x1fa\x1b_b\x1b[_\x1fText\x1f0\x1f0\x1f0")
    assert [message.title for message in here.table.get(12).messages] == ["a\x1fb\x1b_"]


#: A program that shows the messages that it is given: title and text in hexadecimal, and how many bytes each has.
SHOW = """
import ctypes, sys
library = ctypes.CDLL(sys.argv[1])
for title, title_bytes, text, text_bytes in zip(*[iter(sys.argv[2:])] * 4):
    response = ctypes.c_uint32()
    succeeded = library.WTSSendMessageW(
        None, 12, bytes.fromhex(title), int(title_bytes), bytes.fromhex(text), int(text_bytes), 0, 60,
        ctypes.byref(response), 0)
    print(succeeded, response.value)
"""

#: A program of which four threads make a call each, and which ends when its input does.
THREADS = """
import ctypes, sys, threading
library = ctypes.CDLL(sys.argv[1])
threads = [threading.Thread(target=library.WTSDisconnectSession, args=(None, 12, 1)) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
sys.stdin.read()
"""


@contextlib.asynccontextmanager
async def program(launch: dict[str, str], text: str, *arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    library = await build.windows_library() / "wtsapi32.dll.so"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", text, str(library), *arguments),
        env={**os.environ, **launch},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(60):
            yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def sent(title: str, title_bytes: int, text: str, text_bytes: int) -> list[str]:
    return [hexadecimal(title), str(title_bytes), hexadecimal(text), str(text_bytes)]


def hexadecimal(text: str) -> str:
    return f"{text}\0".encode("utf-16-le").hex()


async def test_lengths_of_a_message_are_in_bytes(api: WindowsApi) -> None:
    here, long = host(ALICE), "\x1f\x1bж" * 5000
    _launch, environment = api.new_launch(here, "ansible")
    messages = [
        *sent("Title", 10, "Text", 8),
        *sent("Title", 5, "Text", 4),  # a caller that counts characters
        *sent("Title", 12, "Text", 10),  # a caller that counts the final NUL
        *sent("", 0, long, 30000),
    ]
    async with program(environment, SHOW, *messages) as process:
        output, _ = await process.communicate()
    assert output.decode().split() == ["1", str(IDASYNC)] * 4
    shown = [(message.title, message.text) for message in here.table.get(12).messages]
    assert shown == [("Title", "Text"), ("Ti", "Te"), ("Title\0", "Text\0"), ("", long)]


async def test_a_thread_that_ends_closes_its_connection(api: WindowsApi) -> None:
    here = host(ALICE | {"disconnect": 0.2})
    launch, environment = api.new_launch(here, "ansible")
    async with program(environment, THREADS) as process:
        await until(lambda: len(api.calls_on(here)) == 4)
        assert [call.error for call in api.calls_on(here)] == [0] * 4
        await until(lambda: not launch.connections)
        assert launch.leaks is None  # it still runs
        await process.communicate(b"")
    assert launch.leaks == 0  # its last words are heard all the same


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
