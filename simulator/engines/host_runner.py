# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs what arrives on a host: what the simulator knows by itself, and PowerShell by an engine."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from .. import console
from ..farm import Host, LaunchFault
from ..http_service import Stdin
from ..registry import LogonMode
from ..session_table import Session
from ..win32 import RPC_S_SERVER_UNAVAILABLE, Win32Error
from ..windows_api import Launch, WindowsApi
from ..wsman import Invocation
from . import ansible_windows
from .payload import PayloadError, encoded_script, innermost_script, is_bootstrap, parse_module

Write = Callable[[str, bytes], None]

#: What Windows says and returns for a program that it does not have (cmd.exe; 9009 is MSG_DIR_BAD_COMMAND_OR_FILE).
_NOT_RECOGNIZED = "'{0}' is not recognized as an internal or external command,\r\noperable program or batch file.\r\n"
_NOT_RECOGNIZED_CODE = 9009


#: More than any output has.
_ALL = 2**62
#: What a process returns that Task Manager has ended.
_KILLED = 1


class Engine(Protocol):
    """What runs PowerShell, or takes its place."""

    async def run(self, script: str, stdin: bytes, write: Write, launch: Launch, environment: dict[str, str]) -> int:
        """Run a script and return the exit code. ``environment`` is for the stand-in library."""


class HostRunner:
    """The programs of one host.

    :param hosts: all hosts of the farm, which reach each other by name.
    :param launch_seconds: how long a PowerShell takes to start.
    """

    def __init__(
        self, host: Host, hosts: Sequence[Host], api: WindowsApi, engine: Engine, launch_seconds: float
    ) -> None:
        self._host = host
        self._hosts = {other.name.upper(): other for other in hosts}
        self._api = api
        self._engine = engine
        self._launch_seconds = launch_seconds

    async def run(self, invocation: Invocation, stdin: Stdin, write: Write) -> int:
        """Run a command, as :class:`simulator.http_service.CommandRunner` describes."""
        launch, environment = self._api.new_launch(self._host, invocation.account, delegated=invocation.delegated)
        plain = " ".join([invocation.command, *invocation.arguments])
        try:
            script = encoded_script(plain)
            line = plain if script is None else innermost_script(script)
        except PayloadError as error:
            write("stderr", f"{error}\r\n".encode())
            return 1
        await asyncio.sleep(self._launch_seconds if script is not None else 0)
        if script is not None and is_bootstrap(script):
            payload = await stdin.read()
            fault = self._host.launch_faults.pop(0) if self._host.launch_faults else LaunchFault(cut=_ALL)
            if fault.compile_error is not None:
                write("stdout", _not_compiled(fault.compile_error))
                return 1
            if fault.cut is None:
                return _KILLED
            left = fault.cut

            def write_cut(stream: str, data: bytes) -> None:
                nonlocal left
                if stream == "stdout":
                    data, left = data[:left], max(0, left - len(data))
                write(stream, data)

            if result := await self._stand_in(payload, launch):
                write_cut("stdout", json.dumps(result).encode())
                return 1 if result.get("failed") else 0
            return await self._engine.run(script, payload, write_cut, launch, environment)
        try:
            output = await ansible_windows.run_script(line, self._here(launch))
        except console.UncitedLanguage as error:
            write("stderr", f"{error}\r\n".encode())
            return 1
        if output is not None:
            write("stdout", console.encode(output.stdout, self._host.language, invocation.codepage))
            write("stderr", console.encode(output.stderr, self._host.language, invocation.codepage))
            return output.return_code
        if script is not None:
            return await self._engine.run(script, b"", write, launch, environment)
        write("stderr", _NOT_RECOGNIZED.format(invocation.command).encode())
        return _NOT_RECOGNIZED_CODE

    async def _stand_in(self, payload: bytes, launch: Launch) -> ansible_windows.Result | None:
        """The result of a module that needs no engine; None: it needs one, which also says what is wrong with it."""
        try:
            module = parse_module(payload)
        except PayloadError:
            return None
        launch.become(module.become_user, delegated=module.become_password)
        return await ansible_windows.run_module(module, self._here(launch))

    def _here(self, launch: Launch) -> ansible_windows.Here:
        return ansible_windows.Here(self._host, _HostConsole(self._host, self._hosts, self._api, launch))


def _not_compiled(error: str) -> bytes:
    """What Ansible's wrapper writes where the C# of a module does not compile (seen with ansible-core 2.19 on
    PowerShell 7.6; on Windows PowerShell: ansible-collections/ansible.windows issue 657)."""
    message = f"failure during exec_wrapper: Failed to compile C# code:\r\n{error}"
    return json.dumps({"failed": True, "changed": False, "msg": message, "exception": ""}).encode()


class _HostConsole:
    """A host as a console command sees it. Its calls are recorded, and fail, like those of any program."""

    def __init__(self, host: Host, hosts: dict[str, Host], api: WindowsApi, launch: Launch) -> None:
        self._host = host
        self._hosts = hosts
        self._api = api
        self._launch = launch

    @property
    def name(self) -> str:
        return self._host.name

    @property
    def language(self) -> str:
        return self._host.language

    @property
    def account(self) -> str:
        return self._launch.account

    @property
    def now(self) -> datetime:
        return self._host.table.now()

    @property
    def logon_mode(self) -> LogonMode:
        return self._host.logon_mode

    @logon_mode.setter
    def logon_mode(self, mode: LogonMode) -> None:
        self._host.logon_mode = mode

    def sessions(self) -> list[Session]:
        return self._host.sessions_for(self._launch.account)

    async def logoff(self, session_id: int) -> None:
        await self._api.call(self._launch, "WTSLogoffSession", ("0", str(session_id), "1"))

    async def reset(self, session_id: int) -> None:
        session = self._host.table.get(session_id)
        self._host.permissions.require(self._launch.account, "reset", session)
        self._host.table.remove(session_id)

    def schedule_restart(self, seconds: float) -> None:
        self._host.permissions.require(self._launch.account, "administrator")
        self._host.schedule_restart(seconds)

    def abort_restart(self) -> None:
        self._host.permissions.require(self._launch.account, "administrator")
        self._host.abort_restart()

    def server(self, name: str) -> _HostConsole:
        if name.upper() not in self._hosts:
            raise Win32Error(RPC_S_SERVER_UNAVAILABLE)
        host = self._hosts[name.upper()]
        launch, _ = self._api.new_launch(host, self._launch.account)
        return _HostConsole(host, self._hosts, self._api, launch)
