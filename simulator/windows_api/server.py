# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Takes the calls of all programs of a farm, and lets each be answered by the host that it goes to."""

from __future__ import annotations

import asyncio
import itertools
import secrets
import struct
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from ..farm import Host, SecondHop
from ..win32 import ERROR_ACCESS_DENIED, RPC_S_SERVER_UNAVAILABLE, Win32Error
from . import accounts, event_log, processes, registry, servers, sessions
from .launch import MUTATING, SESSION_CALLS, Answer, Call, Launch, Value
from .times import pass_time

_SEPARATOR = "\x1f"
_ESCAPES = {"\x1b_": "\x1f", "\x1b[": "\x1b"}  # in this order

_ON_SERVERS: dict[str, Answer] = {**sessions.ON_SERVERS, **processes.ON_SERVERS}
_ANSWERS: dict[str, Answer] = {
    **_ON_SERVERS,
    **servers.BY_NAME,
    **servers.HERE,
    **sessions.HERE,
    **processes.HERE,
    **accounts.HERE,
    **registry.HERE,
    **event_log.HERE,
}


class WindowsApi:
    """The other end of the stand-in library, for all hosts of a farm.

    Each launch of a program gets a token, by which its calls are answered from its host's state and recorded. Nobody
    guesses it: programs on Wine come by TCP (engines/wine.py), which every user of this machine reaches.

    :param socket_path: a Unix socket to listen on.
    :param hosts: those that reach each other by name.
    :param rpc_latency: seconds that a call from host to host takes.
    :param second_hop: whether such a call needs credentials that the account handed on.
    """

    def __init__(
        self,
        socket_path: Path,
        hosts: Sequence[Host] = (),
        rpc_latency: float = 0.0,
        second_hop: SecondHop = "any",
    ) -> None:
        self.socket_path = socket_path
        self.calls: dict[str, list[Call]] = {}
        self.launches: list[Launch] = []
        self.rpc_latency = rpc_latency
        self._second_hop = second_hop
        self._by_token: dict[str, Launch] = {}
        self._tokens = itertools.count(1)
        self._server: asyncio.Server | None = None
        self.connect(*hosts)

    def connect(self, *hosts: Host) -> None:
        """Let these hosts, and no others, reach each other by name."""
        self._hosts = {host.name.upper(): host for host in hosts}

    async def start(self) -> None:
        self._server = await asyncio.start_unix_server(self._serve, self.socket_path)

    async def stop(self) -> None:
        """Stop listening, and hang up on the programs that still run."""
        if self._server:
            self._server.close()
        connections = [connection for launch in self.launches for connection in launch.connections]
        for connection in connections:
            connection.cancel()
        await asyncio.gather(*connections, return_exceptions=True)

    def calls_on(self, host: Host) -> list[Call]:
        """Return the record of calls made on a host, oldest first; it grows while programs run."""
        return self.calls.setdefault(host.name, [])

    def mutating_calls_on(self, host: Host) -> list[Call]:
        """Return the calls made on a host that change something, also those that failed."""
        return [call for call in self.calls_on(host) if call.function in MUTATING]

    def new_launch(self, host: Host, account: str, *, delegated: bool = False) -> tuple[Launch, dict[str, str]]:
        """Register a program that an account is about to start on a host; return it and the environment it needs.

        :param delegated: whether the account has credentials there with which it reaches other hosts.
        """
        launch = Launch(f"{next(self._tokens)}-{secrets.token_hex(8)}", host, account, self.calls_on(host), delegated)
        self.launches.append(launch)
        self._by_token[launch.token] = launch
        return launch, {"SIMULATOR_SOCKET": str(self.socket_path), "SIMULATOR_LAUNCH": launch.token}

    async def call(self, launch: Launch, function: str, arguments: tuple[str, ...]) -> list[Value]:
        """Carry out one call with the faults that the host has that it goes to, and record it there.

        Cancelled before it was carried out, it leaves no record: nothing was asked of Windows, and nothing answered.

        :raises Win32Error: the call fails.
        """
        began, error, is_carried_out = time.monotonic(), 0, False
        server = self.server_of(launch, function, arguments)
        host = self.host_of(launch, server)
        session = int(arguments[1]) if function in SESSION_CALLS else None
        faults = [fault for fault in host.faults if fault.strikes(function, session)] if host else []
        try:
            if server is not None:
                await self._reach(launch, host)
            assert host is not None
            for fault in faults:
                host.apply(fault.before)
                await pass_time(fault.delay)
                if fault.error:
                    raise Win32Error(fault.error)
            is_carried_out = True
            return await self.answer(launch, host, function, arguments)
        except Win32Error as refusal:
            error = refusal.code
            raise
        finally:
            if is_carried_out or error:
                record = Call(began, launch.token, function, arguments, error)
                (self.calls_on(host) if host else launch.calls).append(record)
            if host:
                for fault in faults:
                    host.apply(fault.then)

    async def answer(self, launch: Launch, host: Host, function: str, arguments: tuple[str, ...]) -> list[Value]:
        """Carry out one call on the host that it goes to: it has arrived there, and the faults have had their say.

        :raises Win32Error: the call fails.
        """
        return await _ANSWERS[function](launch, host, *arguments)

    def server_of(self, launch: Launch, function: str, arguments: tuple[str, ...]) -> str | None:
        """Return the name of the host that a call goes to; None: it stays on the host that it was made on.

        :raises Win32Error: 6 ERROR_INVALID_HANDLE, it goes nowhere.
        """
        if function in servers.BY_NAME:
            return servers.host_name(arguments[0]) or None
        if function not in _ON_SERVERS or arguments[0] == "0":
            return None
        return launch.opened(arguments[0], servers.OpenServer).name

    def host_of(self, launch: Launch, server: str | None) -> Host | None:
        """Return the host that ``server_of`` names; None: there is none of that name."""
        return launch.host if server is None else self._hosts.get(server.upper())

    async def _reach(self, launch: Launch, host: Host | None) -> None:
        """Take the time that it takes to reach another host.

        :raises Win32Error: 1722 RPC_S_SERVER_UNAVAILABLE, it is down, or there is none of that name;
            5 ERROR_ACCESS_DENIED, it asks for credentials, and the program has none.
        """
        if host is None or not host.rpc_up:
            await pass_time(host.rpc_timeout if host else self.rpc_latency)
            raise Win32Error(RPC_S_SERVER_UNAVAILABLE)
        await pass_time(self.rpc_latency)
        if self._second_hop == "delegated" and not (launch.delegated or launch.host is host):
            raise Win32Error(ERROR_ACCESS_DENIED)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the calls of one thread of a program, one after the other, until it ends."""
        launch: Launch | None = None
        task = asyncio.current_task()
        assert task is not None
        try:
            launch = self._by_token.get(await _read(reader))
            if launch is None:
                return
            launch.connections.add(task)
            message = await _read(reader)
            while True:
                # A thread says nothing while its call is under way; what ends the wait for more is the program's end.
                following = asyncio.create_task(_read(reader))
                answering = asyncio.create_task(self._answer_message(launch, message))
                try:
                    await asyncio.wait({following, answering}, return_when=asyncio.FIRST_COMPLETED)
                    if not answering.done():
                        await following
                    _write(writer, await answering)
                    message = await following
                finally:
                    following.cancel()
                    answering.cancel()
                    await asyncio.gather(following, answering, return_exceptions=True)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()  # or the socket would outlive a loop that is closed at once
            if launch:
                launch.connections.discard(task)

    async def _answer_message(self, launch: Launch, message: str) -> str:
        function, *arguments = map(_unescaped, message.split(_SEPARATOR))
        if function == "ProcessExit":
            launch.leaks = int(arguments[0])
            return "0"
        try:
            values = await self.call(launch, function, tuple(arguments))
        except Win32Error as error:
            return str(error.code)
        return _SEPARATOR.join(map(str, (0, *values)))


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
