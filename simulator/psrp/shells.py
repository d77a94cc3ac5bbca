# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runspace pools as shells of WS-Management: fragments in Create, Command and Send, and from Receive ([MS-PSRP])."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from lxml import etree

from ..wsman import CommandShells, CommandStarted, Config, Event, InputReceived, Invocation, faults
from ..wsman.envelope import Request
from ..wsman.namespaces import element, qualified
from ..wsman.shells import Command, Shell
from .pool import PipelineInput, PipelineRefused, PipelineStarted, PoolError, RunspacePool

_UTF8_CODE_PAGE = 65001


@dataclass
class _Pool:
    """A runspace pool, and the output that belongs to none of its pipelines."""

    pool: RunspacePool
    own: Command = field(default_factory=lambda: Command(""))


class RunspacePools(CommandShells):
    """The resource URI ``…/powershell/Microsoft.PowerShell``: a shell is a runspace pool, a command a pipeline.

    The script of a pipeline is started as the command ``PowerShell -EncodedCommand``, with the text of its input on
    stdin. What that program writes comes back once it has ended.
    """

    uri = "http://schemas.microsoft.com/powershell/Microsoft.PowerShell"
    create_options: ClassVar[set[str]] = {"protocolversion", "WINRS_NOPROFILE"}
    # [MS-PSRP] 3.1.5.3.9 writes crtl_c; [MS-WSMV] 2.2.4.38 and clients write ctrl_c.
    signals: ClassVar[set[str]] = CommandShells.signals | {"powershell/signal/ctrl_c", "powershell/signal/crtl_c"}
    whole_pieces: ClassVar[bool] = True  # a client reads each reply to its end, so no fragment may be cut
    ends_streams: ClassVar[bool] = False

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self._pools: dict[str, _Pool] = {}

    def write_output(self, command_id: str, stream: str, data: bytes) -> Iterator[Event]:
        shell, command = self._find(command_id)
        if shell and command and command.exit_code is None:
            self._pool_of(shell).pool.write(command.id.upper(), stream, data)
        yield from ()

    def finish(self, command_id: str, exit_code: int, now: float) -> Iterator[Event]:
        shell, command = self._find(command_id)
        if shell and command and command.exit_code is None:
            self._pool_of(shell).pool.finish(command.id.upper(), exit_code)
            self._queue_output(shell)
        # Recorded: the exit code on this level is 0, whatever that of the script is.
        yield from super().finish(command_id, 0, now)

    def _create(self, request: Request) -> Iterator[Event]:
        wanted = request.content("rsp:Shell")
        try:
            pool = RunspacePool(_decoded(wanted.findtext(qualified("psrp:creationXml"))))
        except PoolError:
            raise faults.schema_validation() from None
        if wanted.get("ShellId", "").upper() != pool.id:
            raise faults.schema_validation()
        events = list(super()._create(request))
        self._pools[pool.id] = _Pool(pool)
        self._queue_output(self._shells[pool.id])
        yield from events

    def _about(self, request: Request, shell: Shell) -> etree._Element:
        """Recorded: pypsrp's tests, test_psrp_open_runspace."""
        values = {
            "ShellId": shell.id,
            "ResourceUri": self.uri,
            "Owner": shell.account,
            "ClientIP": shell.client_address,
            "ProcessId": "1868",
            "IdleTimeOut": f"PT{shell.idle_timeout:.3f}S",
            "InputStreams": shell.input_streams,
            "OutputStreams": shell.output_streams,
            "MaxIdleTimeOut": "PT2147483.647S",
            "Locale": "en-US",
            "DataLocale": "en-US",
            "CompressionMode": "NoCompression",
            "ProfileLoaded": "No" if shell.no_profile else "Yes",
            "Encoding": "UTF8",
            "BufferMode": "Block",
            "State": "Connected",
            "ShellRunTime": "P0DT0H0M0S",
            "ShellInactivity": "P0DT0H0M0S",
        }
        return element("rsp:Shell", *(element(f"rsp:{name}", value) for name, value in values.items()))

    def _command(self, request: Request) -> Iterator[Event]:
        shell = self._shell(request)
        line = request.content("rsp:CommandLine")
        fragments = _decoded("".join(part.text or "" for part in line.iterfind(qualified("rsp:Arguments"))))
        command = self._add_command(request, shell, line)
        try:
            self._pool_of(shell).pool.add_pipeline(command.id)
            yield from self._take_input(shell, command, fragments, end=False)
        except (PoolError, faults.Fault):
            del shell.commands[command.id.upper()]
            raise faults.schema_validation() from None
        yield self._command_response(request, command)

    def _take_input(self, shell: Shell, command: Command, data: bytes, end: bool) -> Iterable[Event]:
        events: list[Event] = []
        try:
            for event in self._pool_of(shell).pool.receive(data):
                target = shell.commands[event.pipeline_id]
                match event:
                    case PipelineStarted(_, script):
                        events.append(CommandStarted(shell.id, target.id, _invocation(shell, script)))
                    case PipelineInput(_, None):
                        events.append(InputReceived(target.id, b"", True))
                    case PipelineInput(_, str(text)):
                        events.append(InputReceived(target.id, f"{text}\n".encode(), False))
                    case PipelineRefused(_, reason):
                        events += self.write_output(target.id, "stderr", f"The simulator says: {reason}.".encode())
                        events += self.finish(target.id, 1, shell.last_used)
        except (PoolError, KeyError):
            raise faults.schema_validation() from None
        self._queue_output(shell)
        return [*events, *self._answer_receive(self._pool_of(shell).own)]

    def _signal(self, request: Request) -> Iterator[Event]:
        shell = self._shell(request)
        command = self._command_of(shell, request.content("rsp:Signal").get("CommandId"))
        if command.exit_code is None:
            self._pool_of(shell).pool.stop(command.id.upper())
            self._queue_output(shell)
        yield from super()._signal(request)

    def _close(self, shell: Shell) -> Iterator[Event]:
        yield from super()._close(shell)
        yield from self._abort_receive(self._pools.pop(shell.id.upper()).own)

    def _commands(self) -> Iterator[Command]:
        yield from super()._commands()
        yield from (pool.own for pool in self._pools.values())

    def _command_of(self, shell: Shell, command_id: str | None) -> Command:
        return super()._command_of(shell, command_id) if command_id else self._pool_of(shell).own

    def _pool_of(self, shell: Shell) -> _Pool:
        return self._pools[shell.id.upper()]

    def _answer_receive(self, command: Command) -> Iterator[Event]:
        # Recorded: the state of a pool comes in a reply of its own, after its capabilities and data.
        held_back = [command.output.pop()] if not command.id and len(command.output) > 1 else []
        yield from super()._answer_receive(command)
        command.output.extend(held_back)

    def _queue_output(self, shell: Shell) -> None:
        for pipeline_id, fragment in self._pool_of(shell).pool.take_outgoing():
            command = shell.commands[pipeline_id] if pipeline_id else self._pool_of(shell).own
            command.output.append(("stdout", fragment))


def _decoded(text: str | None) -> bytes:
    try:
        return base64.b64decode("".join((text or "").split()), validate=True)
    except (binascii.Error, ValueError):
        raise faults.schema_validation() from None


def _invocation(shell: Shell, script: str) -> Invocation:
    return Invocation(
        command="PowerShell",
        arguments=("-EncodedCommand", base64.b64encode(script.encode("utf-16-le")).decode()),
        environment=shell.environment,
        working_directory=shell.working_directory,
        account=shell.account,
        client_address=shell.client_address,
        # The text of a program is decoded as it was encoded, so that code page does not show.
        codepage=_UTF8_CODE_PAGE,
        no_profile=shell.no_profile,
    )
