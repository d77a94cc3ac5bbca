# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Programs: by an ID, which may become another's, and by a handle, which stays with its program."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from simulator.farm import Change, Host
from simulator.windows_api import Launch, WindowsApi
from tests.unit.simulator.api_host import ALICE, BOB, host, launch_on, refusal

TERMINATE, QUERY_LIMITED_INFORMATION = 0x1, 0x1000
ANY_SESSION = str(0xFFFFFFFE)
WINWORD = 12016  # alice's first program


def happen(host: Host, **change: Any) -> None:
    host.apply([Change.model_validate(change)])


async def opened(api: WindowsApi, launch: Launch, process_id: int = WINWORD, access: int = 0x1001) -> str:
    (handle,) = await api.call(launch, "OpenProcess", (str(access), str(process_id)))
    return str(handle)


def programs(host: Host) -> dict[int, list[str]]:
    """The users' programs, by session."""
    return {
        session.id: [process.name for process in session.processes if process.of_user]
        for session in host.table.sessions()
        if session.processes
    }


@pytest.fixture
def here() -> Host:
    return host(ALICE | {"processes": ["winword.exe", {"name": "excel.exe", "id": 4712}]}, BOB)


async def test_all_programs_of_a_host(api: WindowsApi, here: Host) -> None:
    launch = launch_on(api, here)
    count, *fields = await api.call(launch, "WTSEnumerateProcessesW", ("0",))
    ids = [12004, 12008, 12012, WINWORD, 4712, 13004, 13008, 13012, 13016]
    assert (count, fields[::6], fields[1::6]) == (9, [12] * 5 + [13] * 4, ids)
    assert await api.call(launch, "WTSEnumerateProcessesExW", ("0", ANY_SESSION)) == [count, *fields]


async def test_an_id_is_given_to_another_program(api: WindowsApi, here: Host) -> None:
    launch = launch_on(api, here)
    happen(here, start_process={"id": WINWORD, "session": 13, "name": "outlook.exe"})
    assert programs(here) == {12: ["excel.exe"], 13: ["explorer.exe", "outlook.exe"]}
    assert await api.call(launch, "ProcessIdToSessionId", (str(WINWORD),)) == [13]
    # Whoever ends a program by its ID ends the other one's.
    await api.call(launch, "WTSTerminateProcess", ("0", str(WINWORD), "1"))
    assert programs(here) == {12: ["excel.exe"], 13: ["explorer.exe"]}


async def test_a_handle_stays_with_its_program(api: WindowsApi, here: Host) -> None:
    launch = launch_on(api, here)
    handle = await opened(api, launch)
    began, ended = await api.call(launch, "GetProcessTimes", (handle,))
    assert ended == 0
    happen(here, start_process={"id": WINWORD, "session": 13, "name": "outlook.exe"})
    same, ended = await api.call(launch, "GetProcessTimes", (handle,))
    assert (same, int(ended) > int(began)) == (began, True)
    other, _ = await api.call(launch, "GetProcessTimes", (await opened(api, launch),))
    assert int(other) > int(began)
    # It has ended, so nothing is ended by its handle.
    assert await refusal(api, launch, "TerminateProcess", handle, "1") == 5
    assert programs(here) == {12: ["excel.exe"], 13: ["explorer.exe", "outlook.exe"]}


async def test_a_program_starts_when_its_user_logs_on(api: WindowsApi) -> None:
    here = host(ALICE | {"logged_on": "2h"}, clock_offset=-86400)
    launch = launch_on(api, here)
    (began, _) = await api.call(launch, "GetProcessTimes", (await opened(api, launch),))
    moment = datetime(1601, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(began) // 10)
    assert moment == here.table.get(12).logon_time
    assert abs(datetime.now(UTC) - timedelta(hours=26) - moment) < timedelta(minutes=1)


async def test_ending_a_program_by_its_handle(api: WindowsApi, here: Host) -> None:
    here.table.change(12, logoff_seconds=float("inf"))
    launch = launch_on(api, here)
    await api.call(launch, "WTSLogoffSession", ("0", "12", "0"))
    handles = [await opened(api, launch, process_id) for process_id in (WINWORD, 4712)]
    for handle in handles:
        assert 12 in [session.id for session in here.table.sessions()]
        await api.call(launch, "TerminateProcess", (handle, "1"))
        assert await refusal(api, launch, "TerminateProcess", handle, "1") == 5
    assert 12 not in [session.id for session in here.table.sessions()]
    assert here.table.crashed is False
    assert [call.function for call in api.mutating_calls_on(here)][1:] == ["TerminateProcess"] * 4


async def test_a_program_ends_with_its_session(api: WindowsApi, here: Host) -> None:
    launch = launch_on(api, here)
    handle = await opened(api, launch)
    happen(here, remove=12)
    assert await refusal(api, launch, "OpenProcess", "1", str(WINWORD)) == 87
    assert await refusal(api, launch, "ProcessIdToSessionId", str(WINWORD)) == 87
    assert await refusal(api, launch, "TerminateProcess", handle, "1") == 5
    began, ended = await api.call(launch, "GetProcessTimes", (handle,))
    assert int(ended) > int(began)
    assert await api.call(launch, "GetProcessTimes", (handle,)) == [began, ended]


async def test_a_program_ends_by_itself(api: WindowsApi, here: Host) -> None:
    happen(here, end_process=WINWORD)
    happen(here, end_process=WINWORD)  # which happens to nobody
    assert programs(here)[12] == ["excel.exe"]


async def test_a_program_of_the_system_has_the_systems_name(api: WindowsApi, here: Host) -> None:
    happen(here, start_process={"id": WINWORD, "session": 0, "name": "svchost.exe"})
    fields = await api.call(launch_on(api, here), "WTSEnumerateProcessesExW", ("0", "0"))
    assert fields == [1, 0, WINWORD, "svchost.exe", "S-1-5-18", 10, 50 << 20]


async def test_threads_and_memory_of_which_windows_tells_32_bits(api: WindowsApi) -> None:
    here = host(ALICE | {"processes": [{"name": "big.exe", "memory": (4 << 30) + 5, "threads": 77}]})
    fields = await api.call(launch_on(api, here), "WTSEnumerateProcessesExW", ("0", "12"))
    assert fields[-6:] == [12, WINWORD, "big.exe", fields[-3], 77, 5]


@pytest.mark.parametrize("error", [0, 5])
async def test_an_account_that_is_no_administrator(api: WindowsApi, error: int) -> None:
    """It gets its own programs only, or an error: no page says which."""
    here = host(ALICE, BOB, permissions={"alice": ["query"]}, process_list_error=error)
    launch = launch_on(api, here, account="CONTOSO\\alice")
    if error:
        assert await refusal(api, launch, "WTSEnumerateProcessesExW", "0", ANY_SESSION) == error
    else:
        count, *fields = await api.call(launch, "WTSEnumerateProcessesExW", ("0", ANY_SESSION))
        assert (count, {*fields[::6]}) == (4, {12})


async def test_access_is_that_which_was_asked_for(api: WindowsApi, here: Host) -> None:
    launch = launch_on(api, here)
    only_query = await opened(api, launch, access=QUERY_LIMITED_INFORMATION)
    assert await refusal(api, launch, "TerminateProcess", only_query, "1") == 5
    only_terminate = await opened(api, launch, access=TERMINATE)
    assert await refusal(api, launch, "GetProcessTimes", only_terminate) == 5
    await api.call(launch, "TerminateProcess", (only_terminate, "1"))


async def test_nobody_opens_csrss(api: WindowsApi, here: Host) -> None:
    assert await refusal(api, launch_on(api, here), "OpenProcess", "1", "12004") == 5


@pytest.mark.parametrize("function", ["GetProcessTimes", "CloseHandle"])
async def test_what_is_closed_is_closed(api: WindowsApi, here: Host, function: str) -> None:
    launch = launch_on(api, here)
    handle = await opened(api, launch)
    await api.call(launch, "CloseHandle", (handle,))
    assert launch.handles == {}
    assert await refusal(api, launch, function, handle) == 6


async def test_a_handle_is_of_one_kind(api: WindowsApi, here: Host) -> None:
    launch = launch_on(api, here)
    (server,) = await api.call(launch, "WTSOpenServerW", ("RDSH02",))
    assert await refusal(api, launch, "GetProcessTimes", str(server)) == 6
    assert await refusal(api, launch, "WTSEnumerateProcessesW", await opened(api, launch)) == 6


@pytest.mark.parametrize("process_id", ["0", "99999"])
async def test_there_is_no_such_program(api: WindowsApi, here: Host, process_id: str) -> None:
    assert await refusal(api, launch_on(api, here), "OpenProcess", "1", process_id) == 87
