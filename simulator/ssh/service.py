# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The SSH service of one simulated host: OpenSSH's sshd, whose sessions are handed to the host's shell."""

from __future__ import annotations

import asyncio
import contextlib
import getpass
import json
import os
import shlex
import shutil
import socket
import sys
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path

from ..http_service import CommandRunner, CutConnection, Hook, Stdin
from ..wsman import Invocation
from . import forced_command
from .default_shell import DefaultShell, words
from .keys import ClientKey, make_key

#: sshd_config(5).
_CONFIGURATION = """\
HostKey {host_key}
AuthorizedKeysFile {authorized_keys}
AuthenticationMethods publickey
AllowUsers {user}
PermitRootLogin prohibit-password
# The folder for temporary files, where the keys are, is everybody's.
StrictModes no
UsePAM no
DisableForwarding yes
PermitUserRC no
ForceCommand {command}
LogLevel VERBOSE
"""

#: Where Debian's sshd, started by root, wants to be; else its service makes the folder.
_PRIVILEGE_SEPARATION = Path("/run/sshd")


@dataclass(frozen=True)
class SshCommand:
    """A command that arrived: when (seconds, monotonic), by which connection (its client's port), and its line."""

    time: float
    client_port: int
    line: str


class SshService:
    """A host's SSH service. Whoever has the client's key logs on, as the user who serves the farm.

    :param folder: for its keys and files; there is none, and nobody else may enter the one above.
    :param port: 0 is any free one.
    :param account: as whom the client's commands are run on the host.
    :ivar commands: those so far, oldest first.
    :ivar before_logon: hook, awaited with the client's port when a connection has come and nothing was said yet.
    :ivar before_run: hook, awaited with a command's line before it is run.
    :ivar before_reply: hook, awaited when it has ended, before its output is sent.
    """

    def __init__(
        self,
        folder: Path,
        address: str,
        port: int,
        client_key: ClientKey,
        runner: CommandRunner,
        account: str,
        default_shell: DefaultShell,
    ) -> None:
        self.commands: list[SshCommand] = []
        self.before_logon: Hook | None = None
        self.before_run: Hook | None = None
        self.before_reply: Hook | None = None
        self.address = address
        self.port = port
        self._folder = folder
        self._client_key = client_key
        self._runner = runner
        self._account = account
        self._default_shell = default_shell
        self._connections: dict[int, socket.socket] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._shell: asyncio.Server | None = None
        self._listener: socket.socket | None = None

    async def start(self) -> None:
        """Listen.

        :raises OSError: that is not possible; FileNotFoundError where OpenSSH's server is not installed.
        """
        sshd = shutil.which("sshd", path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"]))
        if sshd is None:
            raise FileNotFoundError("sshd is not installed (Debian: openssh-server)")
        if os.geteuid() == 0:
            _PRIVILEGE_SEPARATION.mkdir(mode=0o755, exist_ok=True)
        self._folder.mkdir()
        self._listener = socket.create_server((self.address, self.port))
        self._listener.setblocking(False)
        self.port = self._listener.getsockname()[1]
        host_key = make_key(self._folder / "host").read_text("utf-8").strip()
        self._client_key.trust(self.address, self.port, host_key)
        shell = self._folder / "shell"
        command = shlex.join([sys.executable, "-I", "-S", str(forced_command.__file__), str(shell)])
        configuration = self._folder / "sshd_config"
        configuration.write_text(
            _CONFIGURATION.format(
                host_key=self._folder / "host",
                authorized_keys=self._client_key.public,
                user=getpass.getuser(),
                command=f"exec {command}",
            ),
            "utf-8",
        )
        self._shell = await asyncio.start_unix_server(self._run, shell)
        self._start(self._accept(self._listener, sshd, configuration))

    async def stop(self) -> None:
        """Cut all connections, stop their commands, and stop listening."""
        if self._shell:
            self._shell.close()
        for connection in self._connections.values():
            _cut(connection)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._listener:
            self._listener.close()

    def _start(self, work: Coroutine[None, None, None]) -> None:
        self._keep(asyncio.create_task(work))

    def _keep(self, task: asyncio.Task[None]) -> None:
        """Remember a task until it is done, so that it can be stopped."""
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _accept(self, listener: socket.socket, sshd: str, configuration: Path) -> None:
        while True:
            connection, client = await asyncio.get_running_loop().sock_accept(listener)
            try:
                if self.before_logon:
                    await self.before_logon(str(client[1]))
            except CutConnection:
                connection.close()
            else:
                self._start(self._serve(connection, client[1], sshd, configuration))

    async def _serve(self, connection: socket.socket, client_port: int, sshd: str, configuration: Path) -> None:
        """One connection, as inetd served it: with an sshd of its own."""
        connection.setblocking(True)
        with connection, (self._folder / "log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *(sshd, "-i", "-e", "-f", configuration),
                stdin=connection.fileno(),
                stdout=connection.fileno(),
                stderr=log,
            )
            self._connections[client_port] = connection
            try:
                await process.wait()
            except asyncio.CancelledError:
                process.kill()
                await process.wait()
                raise
            finally:
                del self._connections[client_port]

    async def _run(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._keep(task)
        request = json.loads(await reader.readline())
        line: str = request["command"]
        client_address, client_port, *_ = request["connection"].split()
        self.commands.append(SshCommand(asyncio.get_running_loop().time(), int(client_port), line))
        stdin = Stdin()
        feeding = asyncio.create_task(_feed(reader, stdin))
        output = {"stdout": b"", "stderr": b""}

        def write(stream: str, data: bytes) -> None:
            output[stream] += data

        command, *arguments = words(line, self._default_shell) or [""]
        invocation = Invocation(
            command, tuple(arguments), account=self._account, client_address=client_address, codepage=65001
        )
        try:
            if self.before_run:
                await self.before_run(line)
            exit_code = await self._runner.run(invocation, stdin, write)
            if self.before_reply:
                await self.before_reply(line)
            lengths = {stream: len(data) for stream, data in output.items()}
            writer.write(json.dumps({**lengths, "exit_code": exit_code}).encode() + b"\n")
            writer.write(output["stdout"] + output["stderr"])
            with contextlib.suppress(ConnectionError):  # the client has gone
                await writer.drain()
        except CutConnection:
            _cut(self._connections[int(client_port)])
        finally:
            feeding.cancel()
            writer.close()


def _cut(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):  # the client has cut it
        connection.shutdown(socket.SHUT_RDWR)


async def _feed(reader: asyncio.StreamReader, stdin: Stdin) -> None:
    while data := await reader.read(2**16):
        stdin.feed(data, end=False)
    stdin.feed(b"", end=True)
