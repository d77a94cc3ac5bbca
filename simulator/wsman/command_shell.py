# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The text-based command shell (WinRS): Create, Command, Send, Receive, Signal, Delete ([MS-WSMV] 3.1.4)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Iterator
from typing import ClassVar

from lxml import etree

from . import faults
from .config import Config
from .envelope import Request, respond, respond_fault, seconds, text
from .events import CommandSignalled, CommandStarted, Event, InputReceived, Invocation, Reply, ShellDeleted
from .namespaces import SHELL, TRANSFER, element, qualified
from .shells import Command, PendingReceive, Shell

STATUS_CONTROL_C_EXIT = 0xC000013A
TERMINATE = SHELL + "/signal/terminate"
CTRL_C = SHELL + "/signal/ctrl_c"
CTRL_BREAK = SHELL + "/signal/ctrl_break"

_ENVELOPE_OVERHEAD = 2048  # bytes of a ReceiveResponse beside its output; about 1600 are used
_COMMAND_OPTIONS = {"WINRS_CONSOLEMODE_STDIN", "WINRS_SKIP_CMD_SHELL"}


class CommandShells:
    """The resource URI ``…/windows/shell/cmd`` and all its shells."""

    uri = SHELL + "/cmd"
    create_options: ClassVar[set[str]] = {"WINRS_NOPROFILE", "WINRS_CODEPAGE"}
    signals: ClassVar[set[str]] = {TERMINATE, CTRL_C, CTRL_BREAK}
    whole_pieces: ClassVar[bool] = False  # output may be cut anywhere
    ends_streams: ClassVar[bool] = True  # the last output says so for each stream

    def __init__(self, config: Config) -> None:
        self._config = config
        self._shells: dict[str, Shell] = {}
        self._operations = {
            TRANSFER + "/Create": self._create,
            TRANSFER + "/Delete": self._delete,
            SHELL + "/Command": self._command,
            SHELL + "/Send": self._send,
            SHELL + "/Receive": self._receive,
            SHELL + "/Signal": self._signal,
        }

    def handle(self, request: Request) -> Iterator[Event]:
        """Do what the request asks.

        Raises:
            Fault: it cannot be done.
        """
        operation = self._operations.get(request.action)
        if operation is None:
            raise faults.action_not_supported()
        yield from operation(request)

    def write_output(self, command_id: str, stream: str, data: bytes) -> Iterator[Event]:
        """A command wrote to a stream; dropped if it has ended."""
        _, command = self._find(command_id)
        if command and command.exit_code is None and data:
            command.output.append((stream, data))
            yield from self._answer_receive(command)

    def finish(self, command_id: str, exit_code: int, now: float) -> Iterator[Event]:
        """A command ended; ignored if it had ended before."""
        shell, command = self._find(command_id)
        if shell and command and command.exit_code is None:
            command.exit_code = exit_code & 0xFFFFFFFF
            shell.last_used = now
            yield from self._answer_receive(command)

    def abandon(self, exchange_id: int) -> None:
        """Nobody waits for the answer to that request any more."""
        for command in self._commands():
            if command.pending and command.pending.request.exchange_id == exchange_id:
                command.pending = None

    def next_timeout(self) -> float | None:
        """When ``advance`` has something to do next."""
        receives = [command.pending.deadline for command in self._commands() if command.pending]
        idle = [shell.idle_deadline for shell in self._shells.values()]
        return min([*receives, *(deadline for deadline in idle if deadline is not None)], default=None)

    def advance(self, now: float) -> Iterator[Event]:
        """Answer each Receive that has waited too long, and close each shell that was idle too long."""
        for command in self._commands():
            if command.pending and command.pending.deadline <= now:
                yield respond_fault(command.pending.request, faults.timed_out())
                command.pending = None
        for shell in list(self._shells.values()):
            if shell.idle_deadline is not None and shell.idle_deadline <= now:
                yield from self._close(shell)

    def close(self) -> Iterator[Event]:
        """Close every shell."""
        for shell in list(self._shells.values()):
            yield from self._close(shell)

    def _create(self, request: Request) -> Iterator[Event]:
        wanted = request.content("rsp:Shell")
        if request.required_options - self.create_options:
            raise faults.options_not_supported()
        codepage = request.options.get("WINRS_CODEPAGE", "437")
        if not codepage.isdecimal() or len(codepage) > 5:
            raise faults.invalid_parameter()
        shell = Shell(
            # A shell ID that the client chooses: [MS-WSMV] 2.2.4.37, the ShellId attribute.
            id=wanted.get("ShellId") or request.new_id(),
            account=request.account,
            client_address=request.client_address,
            input_streams=text(wanted, "rsp:InputStreams", "stdin"),
            output_streams=text(wanted, "rsp:OutputStreams", "stdout stderr"),
            environment={
                variable.get("Name", ""): variable.text or ""
                for variable in wanted.iterfind(f"{qualified('rsp:Environment')}/{qualified('rsp:Variable')}")
            },
            working_directory=text(wanted, "rsp:WorkingDirectory") or None,
            idle_timeout=seconds(text(wanted, "rsp:IdleTimeOut", f"PT{self._config.idle_timeout}S")),
            codepage=int(codepage),
            no_profile=request.option("WINRS_NOPROFILE"),
            last_used=request.now,
        )
        if shell.id.upper() in self._shells:
            raise faults.already_exists()
        self._shells[shell.id.upper()] = shell
        yield respond(request, "s a x w rsp p", *self._created(request, shell))

    def _created(self, request: Request, shell: Shell) -> Iterator[etree._Element]:
        yield element(
            "x:ResourceCreated",
            element("a:Address", request.to),
            element(
                "a:ReferenceParameters",
                element("w:ResourceURI", self.uri),
                element("w:SelectorSet", element("w:Selector", shell.id, Name="ShellId")),
            ),
        )
        yield self._about(request, shell)

    def _about(self, request: Request, shell: Shell) -> etree._Element:
        about = element("rsp:Shell", element("rsp:ShellId", shell.id), element("rsp:ResourceUri", self.uri))
        about.append(element("rsp:Owner", shell.account))
        about.append(element("rsp:ClientIP", shell.client_address))
        if shell.working_directory:
            about.append(element("rsp:WorkingDirectory", shell.working_directory))
        if shell.environment:
            # Recorded: Windows names a variable without its backslashes here, and sets it under its full name.
            names = {name.replace("\\", ""): value for name, value in shell.environment.items()}
            variables = (element("rsp:Variable", value, Name=name) for name, value in names.items())
            about.append(element("rsp:Environment", *variables))
        about.append(element("rsp:IdleTimeOut", f"PT{shell.idle_timeout:.3f}S"))
        about.append(element("rsp:InputStreams", shell.input_streams))
        about.append(element("rsp:OutputStreams", shell.output_streams))
        about.append(element("rsp:ShellRunTime", "P0DT0H0M0S"))
        about.append(element("rsp:ShellInactivity", "P0DT0H0M0S"))
        return about

    def _delete(self, request: Request) -> Iterator[Event]:
        yield from self._close(self._shell(request))
        yield respond(request, "s a w p")

    def _command(self, request: Request) -> Iterator[Event]:
        shell = self._shell(request)
        line = request.content("rsp:CommandLine")
        if request.required_options - _COMMAND_OPTIONS:
            raise faults.options_not_supported()
        invocation = Invocation(
            command=line.findtext(qualified("rsp:Command")) or "",
            arguments=tuple(argument.text or "" for argument in line.iterfind(qualified("rsp:Arguments"))),
            environment=shell.environment,
            working_directory=shell.working_directory,
            account=request.account,
            client_address=request.client_address,
            codepage=shell.codepage,
            no_profile=shell.no_profile,
            console_mode_stdin=request.option("WINRS_CONSOLEMODE_STDIN"),
            skip_cmd_shell=request.option("WINRS_SKIP_CMD_SHELL"),
        )
        if not invocation.command:
            raise faults.invalid_parameter()
        if invocation.skip_cmd_shell and "\\" not in invocation.command:
            raise faults.file_not_found()
        command = self._add_command(request, shell, line)
        yield CommandStarted(shell.id, command.id, invocation)
        yield self._command_response(request, command)

    def _add_command(self, request: Request, shell: Shell, line: etree._Element) -> Command:
        limit = self._config.max_operations_per_shell
        if limit is not None and shell.started >= limit:
            raise faults.max_operations(limit)
        command = Command(line.get("CommandId") or request.new_id())
        if self._find(command.id)[1]:
            raise faults.already_exists()
        shell.started += 1
        shell.commands[command.id.upper()] = command
        return command

    def _command_response(self, request: Request, command: Command) -> Reply:
        return respond(request, "s a x w rsp p", element("rsp:CommandResponse", element("rsp:CommandId", command.id)))

    def _send(self, request: Request) -> Iterator[Event]:
        shell = self._shell(request)
        streams = list(request.content("rsp:Send").iterfind(qualified("rsp:Stream")))
        if not streams:
            raise faults.schema_validation()
        received: list[Event] = []
        for stream in streams:
            command = self._command_of(shell, stream.get("CommandId"))
            if stream.get("Name") not in shell.input_streams.split():
                raise faults.invalid_parameter()
            try:
                data = base64.b64decode("".join((stream.text or "").split()), validate=True)
            except (binascii.Error, ValueError):
                raise faults.schema_validation() from None
            end = stream.get("End", "").lower() in ("true", "1")
            if command.exit_code is not None:
                continue  # input that an ended command did not consume is discarded: [MS-WSMV] 3.1.4.13
            if command.input_closed:
                raise faults.input_closed()
            command.input_closed = end
            received.extend(self._take_input(shell, command, data, end))
        yield from received
        yield respond(request, "s a x w rsp p", element("rsp:SendResponse"))

    def _take_input(self, shell: Shell, command: Command, data: bytes, end: bool) -> Iterable[Event]:
        return [InputReceived(command.id, data, end)]

    def _receive(self, request: Request) -> Iterator[Event]:
        shell = self._shell(request)
        desired = request.content("rsp:Receive").find(qualified("rsp:DesiredStream"))
        if desired is None:
            raise faults.schema_validation()
        command = self._command_of(shell, desired.get("CommandId"))
        # Only the streams that Create asked for are given: [MS-WSMV] 3.1.4.14.
        opened = shell.output_streams.split()
        streams = tuple(name for name in (desired.text or "").split() if name in opened)
        if not streams:
            raise faults.invalid_parameter()
        if command.done_sent:
            raise faults.command_not_found()
        if command.pending:
            raise faults.busy()
        command.pending = PendingReceive(request, streams)
        yield from self._answer_receive(command)

    def _answer_receive(self, command: Command) -> Iterator[Event]:
        pending = command.pending
        if pending is None:
            return
        overhead = len(f'<rsp:Stream Name="stdout" CommandId="{command.id}"></rsp:Stream>')
        budget = pending.request.max_envelope_size - _ENVELOPE_OVERHEAD
        output = command.take_output(pending.streams, budget, overhead, whole=self.whole_pieces)
        done = command.exit_code is not None and not command.has_output(pending.streams)
        if not output and not done:
            return
        command.pending = None
        response = element("rsp:ReceiveResponse")
        of_command = {"CommandId": command.id} if command.id else {}
        for stream, data in output:
            encoded = base64.b64encode(data).decode("ascii")
            response.append(element("rsp:Stream", encoded, Name=stream, **of_command))
        state = element("rsp:CommandState", **of_command)
        if done:
            command.done_sent = True
            for stream in pending.streams if self.ends_streams else ():
                response.append(element("rsp:Stream", Name=stream, **of_command, End="true"))
            state.append(element("rsp:ExitCode", str(command.exit_code)))
        state.set("State", f"{SHELL}/CommandState/{'Done' if done else 'Running'}")
        if command.id:
            response.append(state)
        yield respond(pending.request, "s a w rsp p", response)

    def _signal(self, request: Request) -> Iterator[Event]:
        """Terminate forgets the command; Ctrl+C and Ctrl+Break end it, and its last output can still be fetched."""
        shell = self._shell(request)
        signal = request.content("rsp:Signal")
        command = self._command_of(shell, signal.get("CommandId"))
        code = text(signal, "rsp:Code")
        # [MS-WSMV] 2.2.4.38 writes Terminate, Windows and its clients write terminate.
        if code.lower() not in self.signals:
            raise faults.invalid_parameter()
        if command.exit_code is None:
            yield CommandSignalled(command.id, code)
            command.exit_code = STATUS_CONTROL_C_EXIT
        if code.lower() == TERMINATE:
            del shell.commands[command.id.upper()]
            yield from self._abort_receive(command)
        else:
            yield from self._answer_receive(command)
        yield respond(request, "s a x w rsp p", element("rsp:SignalResponse"))

    def _abort_receive(self, command: Command) -> Iterator[Event]:
        if command.pending:
            yield respond_fault(command.pending.request, faults.aborted())
            command.pending = None

    def _close(self, shell: Shell) -> Iterator[Event]:
        del self._shells[shell.id.upper()]
        yield ShellDeleted(shell.id, tuple(command.id for command in shell.commands.values()))
        for command in shell.commands.values():
            yield from self._abort_receive(command)

    def _commands(self) -> Iterator[Command]:
        return (command for shell in self._shells.values() for command in shell.commands.values())

    def _shell(self, request: Request) -> Shell:
        """The shell that the request selects; using it restarts its idle time."""
        shell_id = request.selectors.get("shellid")
        if not shell_id:
            raise faults.shell_id_missing()
        shell = self._shells.get(shell_id.upper())
        if shell is None:
            raise faults.shell_not_found(shell_id)
        if shell.account.lower() != request.account.lower():
            raise faults.access_denied()
        shell.last_used = request.now
        return shell

    def _command_of(self, shell: Shell, command_id: str | None) -> Command:
        if not command_id:
            raise faults.invalid_parameter()
        command = shell.commands.get(command_id.upper())
        if command is None:
            raise faults.command_not_found()
        return command

    def _find(self, command_id: str) -> tuple[Shell, Command] | tuple[None, None]:
        for shell in self._shells.values():
            if command := shell.commands.get(command_id.upper()):
                return shell, command
        return None, None
