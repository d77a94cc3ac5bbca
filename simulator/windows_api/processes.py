# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Programs: of any server by their ID (wtsapi32.dll), and of the host itself by a handle (kernel32.dll).

Those of other users take a member of the Administrators group:
https://learn.microsoft.com/windows/win32/api/wtsapi32/nf-wtsapi32-wtsenumerateprocessesexw
https://learn.microsoft.com/windows/win32/api/wtsapi32/nf-wtsapi32-wtsterminateprocess
"""

from __future__ import annotations

from dataclasses import dataclass

from ..farm import Host
from ..process import Process
from ..session_table import Session
from ..win32 import ERROR_ACCESS_DENIED, Win32Error
from .launch import Answer, Launch, Value
from .times import file_time

_LOCAL_SYSTEM = "S-1-5-18"
_ANY_SESSION = 0xFFFFFFFE  # WTS_ANY_SESSION (wtsapi32.h)
# What a process is opened for (winnt.h).
_PROCESS_TERMINATE, _PROCESS_QUERY_INFORMATION, _PROCESS_QUERY_LIMITED_INFORMATION = 0x1, 0x400, 0x1000


@dataclass(frozen=True)
class _OpenProcess:
    """A program that is open, and the access that it was opened for."""

    process: Process
    access: int


async def _enumerate(launch: Launch, host: Host, server: str) -> list[Value]:
    return await _enumerate_ex(launch, host, server, str(_ANY_SESSION))


async def _enumerate_ex(launch: Launch, host: Host, _server: str, session_id: str) -> list[Value]:
    """What the account may not see is left out, and no error; or all is refused, where the host is set so.

    "Only the processes from the sessions on which the user has WINSTATION_QUERY permission will be retrieved":
    https://learn.microsoft.com/openspecs/windows_protocols/ms-tsts/6f43f9e4-2d80-4c5c-bc0b-7f653b1d7c02
    """
    if host.process_list_error and not host.permissions.has(launch.account, "administrator"):
        raise Win32Error(host.process_list_error)
    any_session = int(session_id) == _ANY_SESSION
    sessions = host.table.sessions() if any_session else [host.table.get(int(session_id))]
    shown = [
        (session, process)
        for session in sessions
        for process in session.processes
        if host.permissions.has(launch.account, "administrator", session)
    ]
    values: list[Value] = [len(shown)]
    for session, process in shown:
        memory = process.memory & 0xFFFFFFFF  # WorkingSetSize is a DWORD; which of the bits are left, no page says
        values += (session.id, process.id, process.name, _owner_sid(process, session, host), process.threads, memory)
    return values


def _owner_sid(process: Process, session: Session, host: Host) -> str:
    domain, user = process.owner or (session.domain, session.user)
    return host.directory.add(domain, user).sid if process.of_user else _LOCAL_SYSTEM


async def _terminate_by_id(launch: Launch, host: Host, _server: str, process_id: str, _code: str) -> list[Value]:
    session, process = host.table.process(int(process_id))
    _require(launch, host, session, process)
    host.table.end_process(process.id)
    return []


async def _open(launch: Launch, host: Host, access: str, process_id: str) -> list[Value]:
    """Access to CSRSS is denied to everybody.

    https://learn.microsoft.com/windows/win32/api/processthreadsapi/nf-processthreadsapi-openprocess
    """
    session, process = host.table.process(int(process_id))
    _require(launch, host, session, process)
    if process.name == "csrss.exe":
        raise Win32Error(ERROR_ACCESS_DENIED)
    return [launch.open(_OpenProcess(process, int(access)))]


async def _session_of_id(_launch: Launch, host: Host, process_id: str) -> list[Value]:
    session, _ = host.table.process(int(process_id))
    return [session.id]


async def _times(launch: Launch, host: Host, handle: str) -> list[Value]:
    """When the program was created and when it ended; while it runs, the latter is undefined, and here 0.

    https://learn.microsoft.com/windows/win32/api/processthreadsapi/nf-processthreadsapi-getprocesstimes
    """
    opened = launch.opened(handle, _OpenProcess)
    if not opened.access & (_PROCESS_QUERY_INFORMATION | _PROCESS_QUERY_LIMITED_INFORMATION):
        raise Win32Error(ERROR_ACCESS_DENIED)
    process = opened.process
    if process.ended is None and host.table.session_of(process) is None:
        process.ended = host.table.now()  # with its session, which nobody noted
    return [file_time(process.started), file_time(process.ended)]


async def _terminate(launch: Launch, host: Host, handle: str, _code: str) -> list[Value]:
    """Once it has ended, the call fails with error 5.

    https://learn.microsoft.com/windows/win32/api/processthreadsapi/nf-processthreadsapi-terminateprocess
    """
    opened = launch.opened(handle, _OpenProcess)
    if not opened.access & _PROCESS_TERMINATE or host.table.session_of(opened.process) is None:
        raise Win32Error(ERROR_ACCESS_DENIED)
    host.table.end_process(opened.process.id)
    return []


async def _close(launch: Launch, _host: Host, handle: str) -> list[Value]:
    launch.close(handle, _OpenProcess)
    return []


def _require(launch: Launch, host: Host, session: Session, process: Process) -> None:
    """Check that the account may touch a program: one of its own, or any as an administrator."""
    host.permissions.require(launch.account, "administrator", session if process.of_user else None)


#: Those of which the first argument is a server's handle.
ON_SERVERS: dict[str, Answer] = {
    "WTSEnumerateProcessesW": _enumerate,
    "WTSEnumerateProcessesExW": _enumerate_ex,
    "WTSTerminateProcess": _terminate_by_id,
}

HERE: dict[str, Answer] = {
    "OpenProcess": _open,
    "ProcessIdToSessionId": _session_of_id,
    "GetProcessTimes": _times,
    "TerminateProcess": _terminate,
    "CloseHandle": _close,
}
