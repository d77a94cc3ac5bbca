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
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from .farm import Host
from .session_table import Session
from .win32 import ERROR_INVALID_PARAMETER, Win32Error

#: Calls that change something on a host.
MUTATING = frozenset({"WTSLogoffSession"})

_SEPARATOR = "\x1f"
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
        return int(self.arguments[1]) if len(self.arguments) > 1 else None


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

    def __init__(self, socket_path: Path) -> None:
        self.socket_path = socket_path
        self.calls: dict[str, list[Call]] = {}
        self.launches: list[Launch] = []
        self._by_token: dict[str, Launch] = {}
        self._tokens = itertools.count(1)
        self._server: asyncio.Server | None = None
        self._functions: dict[str, Callable[[Host, tuple[str, ...]], Awaitable[list[Value]]]] = {
            "WTSEnumerateSessionsExW": _enumerate_sessions,
            "WTSQuerySessionInformationW": _query_session_information,
            "WTSLogoffSession": _logoff_session,
            "WTSGetActiveConsoleSessionId": _console_session,
            "NetWkstaGetInfo": _workstation_info,
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
        """Carry out one call with the faults that its host has, and record it.

        :raises Win32Error: the call fails.
        """
        began, error = time.monotonic(), 0
        session = int(arguments[1]) if len(arguments) > 1 else None
        faults = [fault for fault in launch.host.faults if fault.strikes(function, session)]
        try:
            for fault in faults:
                launch.host.apply(fault.before)
                await asyncio.sleep(fault.delay) if math.isfinite(fault.delay) else await asyncio.Event().wait()
                if fault.error:
                    raise Win32Error(fault.error)
            return await self._functions[function](launch.host, arguments)
        except Win32Error as refusal:
            error = refusal.code
            raise
        finally:
            launch.calls.append(Call(began, launch.token, function, arguments, error))
            for fault in faults:
                launch.host.apply(fault.then)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        launch: Launch | None = None
        task = asyncio.current_task()
        assert task is not None
        try:
            launch = self._by_token[await _read(reader)]
            launch.connections.add(task)
            while True:
                function, *arguments = (await _read(reader)).split(_SEPARATOR)
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


async def _read(reader: asyncio.StreamReader) -> str:
    (length,) = struct.unpack("<I", await reader.readexactly(4))
    return (await reader.readexactly(length)).decode("utf-16-le", "surrogatepass")


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
    flags = -1 if session.locked is None else int(session.locked != (host.windows_version > (6, 1)))
    times = (
        session.logon_time,
        session.connect_time,
        session.disconnect_time,
        session.last_input_time,
        host.table.now(),
    )
    return [session.id, session.state, flags, session.name, session.user, session.domain, *map(_filetime, times)]


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
        await asyncio.sleep(seconds) if math.isfinite(seconds) else await asyncio.Event().wait()
    return []


async def _console_session(host: Host, arguments: tuple[str, ...]) -> list[Value]:
    return [host.table.console_id()]


async def _workstation_info(host: Host, arguments: tuple[str, ...]) -> list[Value]:
    return [host.name, host.domain, *host.windows_version]
