# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Answers the calls of the Windows API that the stand-in library (winapi/windows.c) passes on.

Each launch of a program gets a token, by which its calls are answered from its host's session table and recorded.
"""

from __future__ import annotations

import asyncio
import ipaddress
import itertools
import math
import struct
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from .farm import Host
from .message_box import IDASYNC, IDTIMEOUT, pressed
from .registry import KEY_QUERY_VALUE, KEY_SET_VALUE, REG_DWORD, REG_SZ
from .session_table import Session, State
from .win32 import (
    ERROR_ACCESS_DENIED,
    ERROR_INVALID_HANDLE,
    ERROR_INVALID_PARAMETER,
    RPC_S_SERVER_UNAVAILABLE,
    Win32Error,
)

#: Calls that change something on a host.
MUTATING = frozenset(
    {"WTSLogoffSession", "WTSDisconnectSession", "WTSSendMessageW", "WTSTerminateProcess", "RegSetValueExW"}
)

#: Calls of which the second argument is a session ID.
_SESSION_CALLS = frozenset(
    {
        "WTSQuerySessionInformationW",
        "WTSLogoffSession",
        "WTSDisconnectSession",
        "WTSSendMessageW",
        "WTSEnumerateProcessesExW",
    }
)

_LOCAL_SYSTEM = "S-1-5-18"
_SEPARATOR = "\x1f"
_ESCAPES = {"\x1b_": "\x1f", "\x1b[": "\x1b"}  # in this order
_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
_AF_INET, _AF_INET6 = 2, 23  # Windows' numbers (ws2def.h)

_LAST_WORDS_SECONDS = 1.0

Value = str | int


@dataclass(frozen=True)
class Call:
    """A call that was made on a host."""

    time: float
    """Seconds on the monotonic clock, when it began."""
    launch: str
    function: str
    arguments: tuple[str, ...]
    error: int
    """The Win32 error that it gave; 0 is success."""

    @property
    def session(self) -> int | None:
        """The session that it was for, if it was for one."""
        return int(self.arguments[1]) if self.function in _SESSION_CALLS else None


@dataclass
class Launch:
    """A program that was started on a host, and its use of the Windows API."""

    token: str
    host: Host
    account: str
    calls: list[Call]
    leaks: int | None = None
    """Buffers not freed when it ended; None while it runs, or where it never called the API."""
    connections: set[asyncio.Task[None]] = field(default_factory=set)
    servers: dict[int, str] = field(default_factory=dict)
    """The other hosts that it has opened, by handle."""
    keys: dict[int, tuple[str, int]] = field(default_factory=dict)
    """The keys of the registry that it has opened, by handle, and the access that it asked for."""

    async def settled(self) -> None:
        """Wait until everything that the ended program said has been heard. A call that hangs ends with its program."""
        if self.connections:
            _, hanging = await asyncio.wait(self.connections, timeout=_LAST_WORDS_SECONDS)
            for connection in hanging:
                connection.cancel()


class WindowsApi:
    """The other end of the stand-in library, for all hosts of a farm.

    :param socket_path: a Unix socket to listen on.
    """

    def __init__(self, socket_path: Path, hosts: Sequence[Host] = (), rpc_latency: float = 0.0) -> None:
        self.socket_path = socket_path
        self.calls: dict[str, list[Call]] = {}
        self.launches: list[Launch] = []
        self._hosts = {host.name.upper(): host for host in hosts}
        self._rpc_latency = rpc_latency
        self._by_token: dict[str, Launch] = {}
        self._tokens = itertools.count(1)
        self._handles = itertools.count(4096)
        self._server: asyncio.Server | None = None
        #: Functions of which the first argument is a server's handle.
        self._session_functions: dict[str, Callable[[Host, tuple[str, ...]], Awaitable[list[Value]]]] = {
            "WTSEnumerateSessionsExW": _enumerate_sessions,
            "WTSQuerySessionInformationW": _query_session_information,
            "WTSLogoffSession": _logoff_session,
            "WTSDisconnectSession": _disconnect_session,
            "WTSSendMessageW": _send_message,
            "WTSEnumerateProcessesExW": _enumerate_processes,
            "WTSTerminateProcess": _terminate_process,
        }
        #: The others.
        self._functions: dict[str, Callable[..., list[Value]]] = {
            "WTSOpenServerExW": self._open_server,
            "WTSCloseServer": lambda launch, handle: [launch.servers.pop(int(handle))],
            "WTSGetActiveConsoleSessionId": lambda launch, _: [launch.host.table.console_id()],
            "GetUserNameExW": lambda launch, _: [launch.account],
            "LookupAccountNameW": _look_up_name,
            "LookupAccountSidW": _look_up_sid,
            "RegOpenKeyExW": self._open_key,
            "RegQueryValueExW": _query_value,
            "RegSetValueExW": _set_value,
            "RegCloseKey": _close_key,
        }

    async def start(self) -> None:
        self._server = await asyncio.start_unix_server(self._serve, self.socket_path)

    async def stop(self) -> None:
        if self._server:
            self._server.close()
            await asyncio.gather(*(launch.settled() for launch in self.launches))

    def calls_on(self, host: Host) -> list[Call]:
        """Return the record of calls made on a host, oldest first; it grows while programs run."""
        return self.calls.setdefault(host.name, [])

    def mutating_calls_on(self, host: Host) -> list[Call]:
        """Return the calls made on a host that change something, also those that failed."""
        return [call for call in self.calls_on(host) if call.function in MUTATING]

    def new_launch(self, host: Host, account: str) -> tuple[Launch, dict[str, str]]:
        """Register a program that an account is about to start on a host; return it and the environment it needs."""
        launch = Launch(str(next(self._tokens)), host, account, self.calls_on(host))
        self.launches.append(launch)
        self._by_token[launch.token] = launch
        return launch, {"SIMULATOR_SOCKET": str(self.socket_path), "SIMULATOR_LAUNCH": launch.token}

    async def call(self, launch: Launch, function: str, arguments: tuple[str, ...]) -> list[Value]:
        """Carry out one call with the faults that the host has that it goes to, and record it there.

        :raises Win32Error: the call fails.
        """
        began, error = time.monotonic(), 0
        server = self._server_of(launch, function, arguments)
        host = launch.host if server is None else self._hosts.get(server.upper())
        session = int(arguments[1]) if function in _SESSION_CALLS else None
        faults = [fault for fault in host.faults if fault.strikes(function, session)] if host else []
        try:
            if server is not None:
                await self._reach(host)
            assert host is not None
            for fault in faults:
                host.apply(fault.before)
                await _pass(fault.delay)
                if fault.error:
                    raise Win32Error(fault.error)
            if function in self._session_functions:
                return await self._session_functions[function](host, arguments)
            if function == "NetWkstaGetInfo":
                return [host.name, host.domain, *host.windows_version]
            return self._functions[function](launch, *(arguments or ("",)))
        except Win32Error as refusal:
            error = refusal.code
            raise
        finally:
            record = Call(began, launch.token, function, arguments, error)
            (self.calls_on(host) if host else launch.calls).append(record)
            if host:
                for fault in faults:
                    host.apply(fault.then)

    def _server_of(self, launch: Launch, function: str, arguments: tuple[str, ...]) -> str | None:
        """The other host that a call goes to; None: it stays on the host that it was made on.

        :raises Win32Error: 6 ERROR_INVALID_HANDLE, it goes nowhere.
        """
        if function == "NetWkstaGetInfo":
            return _host_name(arguments[0]) or None
        if function not in self._session_functions or arguments[0] == "0":
            return None
        if int(arguments[0]) not in launch.servers:
            raise Win32Error(ERROR_INVALID_HANDLE)
        return launch.servers[int(arguments[0])]

    async def _reach(self, host: Host | None) -> None:
        """Take the time that it takes to reach another host.

        :raises Win32Error: 1722 RPC_S_SERVER_UNAVAILABLE, it is down, or there is none of that name.
        """
        if host is None or not host.rpc_up:
            await _pass(host.rpc_timeout if host else self._rpc_latency)
            raise Win32Error(RPC_S_SERVER_UNAVAILABLE)
        await _pass(self._rpc_latency)

    def _open_server(self, launch: Launch, name: str) -> list[Value]:
        """Succeeds for any name, as WTSOpenServerEx does: the first call with the handle shows whether it is there."""
        handle = next(self._handles)
        launch.servers[handle] = _host_name(name)
        return [handle]

    def _open_key(self, launch: Launch, path: str, access: str) -> list[Value]:
        launch.host.registry.require(path)
        handle = next(self._handles)
        launch.keys[handle] = (path, int(access))
        return [handle]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        launch: Launch | None = None
        task = asyncio.current_task()
        assert task is not None
        try:
            launch = self._by_token[await _read(reader)]
            launch.connections.add(task)
            while True:
                function, *arguments = map(_unescaped, (await _read(reader)).split(_SEPARATOR))
                if function == "ProcessExit":
                    launch.leaks = int(arguments[0])
                    _write(writer, "0")
                    continue
                try:
                    values = await self.call(launch, function, tuple(arguments))
                    _write(writer, _SEPARATOR.join(map(str, (0, *values))))
                except Win32Error as error:
                    _write(writer, str(error.code))
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            if launch:
                launch.connections.discard(task)


def _host_name(server: str) -> str:
    """A DNS name is found by its first label."""
    return server.lstrip("\\").partition(".")[0]


async def _read(reader: asyncio.StreamReader) -> str:
    (length,) = struct.unpack("<I", await reader.readexactly(4))
    return (await reader.readexactly(length)).decode("utf-16-le", "surrogatepass")


def _unescaped(argument: str) -> str:
    for written, meant in _ESCAPES.items():
        argument = argument.replace(written, meant)
    return argument


def _write(writer: asyncio.StreamWriter, text: str) -> None:
    data = text.encode("utf-16-le", "surrogatepass")
    writer.write(struct.pack("<I", len(data)) + data)


async def _enumerate_sessions(host: Host, arguments: tuple[str, ...]) -> list[Value]:
    sessions = host.table.sessions()
    values: list[Value] = [len(sessions)]
    for session in sessions:
        values += (session.id, session.state, session.name, "", session.user, session.domain, "")
    return values


async def _query_session_information(host: Host, arguments: tuple[str, ...]) -> list[Value]:
    session = host.table.get(int(arguments[1]))
    classes: dict[int, Callable[[Session], list[Value]]] = {  # WTS_INFO_CLASS
        4: lambda s: [s.id],
        5: lambda s: [s.user],
        6: lambda s: [s.name],
        7: lambda s: [s.domain],
        8: lambda s: [s.state],
        10: lambda s: [s.client_name],
        14: lambda s: _client_address(s.client_address),
        16: lambda s: [s.protocol],
        25: lambda s: _session_info(s, host),
    }
    if int(arguments[2]) not in classes:
        raise Win32Error(ERROR_INVALID_PARAMETER)
    return classes[int(arguments[2])](session)


def _session_info(session: Session, host: Host) -> list[Value]:
    swapped = host.windows_version == (6, 1)  # see the page of WTSINFOEX_LEVEL1_W
    flags = -1 if session.locked is None else int(session.locked == swapped)
    times = (
        session.logon_time,
        session.connect_time,
        session.disconnect_time,
        session.last_input_time,
        host.table.now(),
    )
    traffic = (session.incoming_bytes, session.outgoing_bytes)
    names = (session.name, session.user, session.domain)
    return [session.id, session.state, flags, *names, *map(_filetime, times), *traffic]


def _filetime(moment: datetime | None) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1) * 10 if moment else 0


def _client_address(text: str) -> list[Value]:
    """AddressFamily and the 20 bytes of Address, IPv4 from the third and IPv6 from the first, as described at
    https://learn.microsoft.com/windows/win32/api/wtsapi32/ns-wtsapi32-wts_client_address"""
    if not text:
        return [0]
    address = ipaddress.ip_address(text)
    if address.version == 4:
        return [_AF_INET, 0, 0, *address.packed]
    return [_AF_INET6, *address.packed]


async def _logoff_session(host: Host, arguments: tuple[str, ...]) -> list[Value]:
    seconds = host.table.log_off(int(arguments[1]))
    if arguments[2] != "0":
        await _pass(seconds)
    return []


async def _disconnect_session(host: Host, arguments: tuple[str, ...]) -> list[Value]:
    seconds = host.table.disconnect(int(arguments[1]))
    if arguments[2] != "0":
        await _pass(seconds)
    return []


async def _send_message(host: Host, arguments: tuple[str, ...]) -> list[Value]:
    """Waits only for users who are there: nobody presses a button in a disconnected session."""
    _server, session_id, title, text, style, timeout, wait = arguments
    session = host.table.show(int(session_id), title, text, int(style))
    if wait == "0":
        return [IDASYNC]
    button = None if session.state is State.DISCONNECTED else pressed(session.answer, int(style))
    answered_after = session.answer_seconds if button else math.inf
    limit = int(timeout) or math.inf
    await _pass(min(answered_after, limit))
    host.table.get(session.id)
    return [button if button and answered_after <= limit else IDTIMEOUT]


async def _enumerate_processes(host: Host, arguments: tuple[str, ...]) -> list[Value]:
    session = host.table.get(int(arguments[1]))
    values: list[Value] = [len(session.processes)]
    for process in session.processes:
        owner = host.directory.add(session.domain, session.user).sid if process.of_user else _LOCAL_SYSTEM
        values += (session.id, process.id, process.name, owner)
    return values


async def _terminate_process(host: Host, arguments: tuple[str, ...]) -> list[Value]:
    host.table.end_process(int(arguments[1]))
    return []


def _look_up_name(launch: Launch, name: str) -> list[Value]:
    account = launch.host.directory.find(name)
    return [account.sid, account.domain]


def _look_up_sid(launch: Launch, sid: str) -> list[Value]:
    account = launch.host.directory.find(sid)
    return [account.user, account.domain]


def _key(launch: Launch, handle: str, access: int) -> str:
    """The path of a key that is open.

    :raises Win32Error: 6 ERROR_INVALID_HANDLE, it is not open; 5 ERROR_ACCESS_DENIED, not for this access.
    """
    path, opened_for = launch.keys.get(int(handle), ("", 0))
    if not path:
        raise Win32Error(ERROR_INVALID_HANDLE)
    if not opened_for & access:
        raise Win32Error(ERROR_ACCESS_DENIED)
    return path


def _query_value(launch: Launch, handle: str, name: str) -> list[Value]:
    value = launch.host.registry.get(_key(launch, handle, KEY_QUERY_VALUE), name)
    return [REG_DWORD if isinstance(value, int) else REG_SZ, value]


def _set_value(launch: Launch, handle: str, name: str, value_type: str, value: str) -> list[Value]:
    typed = int(value) if int(value_type) == REG_DWORD else value
    launch.host.registry.set(_key(launch, handle, KEY_SET_VALUE), name, typed)
    return []


def _close_key(launch: Launch, handle: str) -> list[Value]:
    if launch.keys.pop(int(handle), None) is None:
        raise Win32Error(ERROR_INVALID_HANDLE)
    return []


async def _pass(seconds: float) -> None:
    await asyncio.sleep(seconds) if math.isfinite(seconds) else await asyncio.Event().wait()
