# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runspace pools as shells of WS-Management: fragments in Create, Command and Send, and from Receive ([MS-PSRP])."""

from __future__ import annotations

import base64
import binascii
from typing import ClassVar

from lxml import etree

from ..wsman import CommandStarted, Config, Event, InputReceived, Invocation, ShellResource, faults
from ..wsman.envelope import Request
from ..wsman.namespaces import element, qualified
from ..wsman.shells import Command, Shell
from .pool import PipelineInput, PipelineRefused, PipelineStarted, PoolError, RunspacePool

_UTF8_CODE_PAGE = 65001


class RunspacePools(ShellResource):
    """The resource URI ``…/powershell/Microsoft.PowerShell``: a shell is a runspace pool, a command a pipeline.

    The script of a pipeline is started as the command ``PowerShell -EncodedCommand``, with the text of its input on
    stdin. What that program writes comes back once it has ended.
    """

    uri = "http://schemas.microsoft.com/powershell/Microsoft.PowerShell"
    create_options: ClassVar[set[str]] = {"protocolversion", "WINRS_NOPROFILE"}
    # [MS-PSRP] 3.1.5.3.9 writes crtl_c; [MS-WSMV] 2.2.4.38 and clients write ctrl_c.
    signals: ClassVar[set[str]] = ShellResource.signals | {"powershell/signal/ctrl_c", "powershell/signal/crtl_c"}
    whole_pieces: ClassVar[bool] = True  # a client reads each reply to its end, so no fragment may be cut
    ends_streams: ClassVar[bool] = False

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self._pools: dict[str, RunspacePool] = {}

    def open_shell(self, shell: Shell, wanted: etree._Element) -> None:
        try:
            pool = RunspacePool(_decoded(wanted.findtext(qualified("psrp:creationXml"))))
        except PoolError:
            raise faults.schema_validation() from None
        self._pools[shell.id.upper()] = pool
        # Recorded: the state of a pool comes in a reply of its own, after its capabilities and data.
        shell.own = Command("", last_alone=True)
        self._queue_output(shell)

    def close_shell(self, shell: Shell) -> None:
        del self._pools[shell.id.upper()]

    def describe(self, shell: Shell) -> etree._Element:
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

    def start_command(self, request: Request, shell: Shell, line: etree._Element) -> tuple[Command, list[Event]]:
        fragments = _decoded("".join(part.text or "" for part in line.iterfind(qualified("rsp:Arguments"))))
        command = self.add_command(request, shell, line)
        try:
            self._pool_of(shell).add_pipeline(command.id)
            return command, self.take_input(shell, command, fragments, end=False)
        except (PoolError, faults.Fault):
            del shell.commands[command.id.upper()]
            raise faults.schema_validation() from None

    def take_input(self, shell: Shell, command: Command, data: bytes, *, end: bool) -> list[Event]:
        events: list[Event] = []
        try:
            for event in self._pool_of(shell).receive(data):
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
        return [*events, *(self.answer_receive(shell.own) if shell.own else ())]

    def take_output(self, shell: Shell, command: Command, stream: str, data: bytes) -> None:
        self._pool_of(shell).write(command.id.upper(), stream, data)

    def end_command(self, shell: Shell, command: Command, exit_code: int) -> int:
        """Recorded: the exit code on this level is 0, whatever that of the script is."""
        self._pool_of(shell).finish(command.id.upper(), exit_code)
        self._queue_output(shell)
        return 0

    def stop_command(self, shell: Shell, command: Command) -> None:
        self._pool_of(shell).stop(command.id.upper())
        self._queue_output(shell)

    def _pool_of(self, shell: Shell) -> RunspacePool:
        return self._pools[shell.id.upper()]

    def _queue_output(self, shell: Shell) -> None:
        for pipeline_id, fragment in self._pool_of(shell).take_outgoing():
            command = shell.commands[pipeline_id] if pipeline_id else shell.own
            assert command is not None  # open_shell
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
        delegated=shell.delegated,
        # The text of a program is decoded as it was encoded, so that code page does not show.
        codepage=_UTF8_CODE_PAGE,
        no_profile=shell.no_profile,
    )
