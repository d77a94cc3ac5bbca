# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Remote shells, of whichever kind: Create, Command, Send, Receive, Signal, Get and Delete ([MS-WSMV] 3.1.4)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import ClassVar

from lxml import etree

from . import faults
from .config import Config
from .envelope import Request, respond, respond_fault, seconds, text
from .events import CommandSignalled, Event, Reply, ShellDeleted
from .namespaces import SHELL, TRANSFER, element, qualified
from .shells import Command, PendingReceive, Shell

STATUS_CONTROL_C_EXIT = 0xC000013A
TERMINATE = SHELL + "/signal/terminate"
CTRL_C = SHELL + "/signal/ctrl_c"
CTRL_BREAK = SHELL + "/signal/ctrl_break"

_ENVELOPE_OVERHEAD = 2048  # bytes of a ReceiveResponse beside its output; about 1600 are used


class ShellResource:
    """A resource URI and all its shells. A kind of shell says in the hooks what is its own."""

    uri: str
    create_options: ClassVar[set[str]]
    signals: ClassVar[set[str]] = {TERMINATE, CTRL_C, CTRL_BREAK}
    whole_pieces: ClassVar[bool] = False
    """Whether output may not be cut anywhere."""
    ends_streams: ClassVar[bool] = True
    """Whether the last output says so for each stream."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._shells: dict[str, Shell] = {}
        self._operations = {
            TRANSFER + "/Create": self._create,
            TRANSFER + "/Get": self._get,
            TRANSFER + "/Delete": self._delete,
            SHELL + "/Command": self._command,
            SHELL + "/Send": self._send,
            SHELL + "/Receive": self._receive,
            SHELL + "/Signal": self._signal,
        }

    # ---- hooks

    def open_shell(self, shell: Shell, wanted: etree._Element) -> None:
        """A shell is about to be there, for which a client asked with this rsp:Shell.

        :raises Fault: it cannot be.
        """

    def describe(self, shell: Shell) -> etree._Element:
        """The rsp:Shell that Windows answers for a shell."""
        raise NotImplementedError

    def start_command(self, request: Request, shell: Shell, line: etree._Element) -> tuple[Command, list[Event]]:
        """Add the command that an rsp:CommandLine asks for; the command, and what that leads to.

        :raises Fault: it cannot be started.
        """
        raise NotImplementedError

    def take_input(self, shell: Shell, command: Command, data: bytes, *, end: bool) -> Iterable[Event]:
        """A client sent something for a command that has not ended; ``end``: it is the last.

        :raises Fault: it makes no sense.
        """
        raise NotImplementedError

    def take_output(self, shell: Shell, command: Command, stream: str, data: bytes) -> None:
        """A command wrote to a stream."""
        command.output.append((stream, data))

    def end_command(self, shell: Shell, command: Command, exit_code: int) -> int:
        """A command ended; the exit code that its client is told."""
        return exit_code

    def stop_command(self, shell: Shell, command: Command) -> None:
        """A client signals a command that has not ended."""

    def close_shell(self, shell: Shell) -> None:
        """A shell is not there any more."""

    # ---- what the service calls

    def handle(self, request: Request) -> Iterator[Event]:
        """Do what the request asks.

        :raises Fault: it cannot be done.
        """
        operation = self._operations.get(request.action)
        if operation is None:
            raise faults.action_not_supported()
        yield from operation(request)

    def write_output(self, command_id: str, stream: str, data: bytes) -> Iterator[Event]:
        """A command wrote to a stream; dropped if it has ended."""
        shell, command = self._find(command_id)
        if shell and command and command.exit_code is None and data:
            self.take_output(shell, command, stream, data)
            yield from self.answer_receive(command)

    def finish(self, command_id: str, exit_code: int, now: float) -> Iterator[Event]:
        """A command ended; ignored if it had ended before."""
        shell, command = self._find(command_id)
        if shell and command and command.exit_code is None:
            command.exit_code = self.end_command(shell, command, exit_code) & 0xFFFFFFFF
            shell.last_used = now
            yield from self.answer_receive(command)

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

    # ---- what the hooks call

    def add_command(self, request: Request, shell: Shell, line: etree._Element) -> Command:
        """Add a command to a shell, under the ID that its client chose, or a new one.

        :raises Fault: the ID is taken, or the shell may have no more.
        """
        limit = self._config.max_operations_per_shell
        if limit is not None and shell.started >= limit:
            raise faults.max_operations(limit)
        command = Command(line.get("CommandId") or request.new_id())
        if self._find(command.id)[1]:
            raise faults.already_exists()
        shell.started += 1
        shell.commands[command.id.upper()] = command
        return command

    def answer_receive(self, command: Command) -> Iterator[Event]:
        """Answer the Receive that waits for a command, if one does and there is something to say."""
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
        reply = respond(pending.request, "s a w rsp p", response)
        command.last = (pending.request.message_id, reply)
        yield reply

    # ---- the operations

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
            delegated=request.delegated,
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
        limit = self._config.max_shells_per_user
        if limit is not None and sum(open.account == shell.account for open in self._shells.values()) >= limit:
            raise faults.max_shells(limit)
        self.open_shell(shell, wanted)
        self._shells[shell.id.upper()] = shell
        yield respond(request, "s a x w rsp p", *self._created(request, shell))

    def _get(self, request: Request) -> Iterator[Event]:
        """Tells what Create told: [MS-WSMV] 3.1.4.5."""
        yield respond(request, "s a x w rsp p", self.describe(self._shell(request)))

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
        yield self.describe(shell)

    def _delete(self, request: Request) -> Iterator[Event]:
        yield from self._close(self._shell(request))
        yield respond(request, "s a w p")

    def _command(self, request: Request) -> Iterator[Event]:
        shell = self._shell(request)
        command, events = self.start_command(request, shell, request.content("rsp:CommandLine"))
        yield from events
        yield self._command_response(request, command)

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
            received.extend(self.take_input(shell, command, data, end=end))
        yield from received
        yield respond(request, "s a x w rsp p", element("rsp:SendResponse"))

    def _receive(self, request: Request) -> Iterator[Event]:
        """A Receive that is sent once more, because its reply got lost, gets the same reply: "it caches the results for
        each message id received", says pypsrp, which does so since 0.9.0 (https://github.com/jborean93/pypsrp/pull/208).
        """
        shell = self._shell(request)
        desired = request.content("rsp:Receive").find(qualified("rsp:DesiredStream"))
        if desired is None:
            raise faults.schema_validation()
        command = self._command_of(shell, desired.get("CommandId"))
        if command.last and command.last[0] == request.message_id:
            yield replace(command.last[1], exchange_id=request.exchange_id)
            return
        # Only the streams that Create asked for are given: [MS-WSMV] 3.1.4.14.
        opened = shell.output_streams.split()
        streams = tuple(name for name in (desired.text or "").split() if name in opened)
        if not streams:
            raise faults.invalid_parameter()
        if command.done_sent:
            raise faults.command_not_found()
        if command.pending and command.pending.request.message_id != request.message_id:
            raise faults.busy()
        command.pending = PendingReceive(request, streams)
        yield from self.answer_receive(command)

    def _signal(self, request: Request) -> Iterator[Event]:
        """Terminate forgets the command; Ctrl+C and Ctrl+Break end it, and its last output can still be fetched."""
        shell = self._shell(request)
        signal = request.content("rsp:Signal")
        command = self._command_of(shell, signal.get("CommandId"))
        code = text(signal, "rsp:Code")
        if command is shell.own:
            raise faults.invalid_parameter()
        # [MS-WSMV] 2.2.4.38 writes Terminate, Windows and its clients write terminate.
        if code.lower() not in self.signals:
            raise faults.invalid_parameter()
        if command.exit_code is None:
            self.stop_command(shell, command)
            yield CommandSignalled(command.id, code)
            command.exit_code = STATUS_CONTROL_C_EXIT
        if code.lower() == TERMINATE:
            del shell.commands[command.id.upper()]
            yield from self._abort_receive(command)
        else:
            yield from self.answer_receive(command)
        yield respond(request, "s a x w rsp p", element("rsp:SignalResponse"))

    def _abort_receive(self, command: Command) -> Iterator[Event]:
        if command.pending:
            yield respond_fault(command.pending.request, faults.aborted())
            command.pending = None

    def _close(self, shell: Shell) -> Iterator[Event]:
        del self._shells[shell.id.upper()]
        yield ShellDeleted(shell.id, tuple(command.id for command in shell.commands.values()))
        for command in shell.receiving():
            yield from self._abort_receive(command)
        self.close_shell(shell)

    def _commands(self) -> Iterator[Command]:
        return (command for shell in self._shells.values() for command in shell.receiving())

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
            if shell.own is None:
                raise faults.invalid_parameter()
            return shell.own
        command = shell.commands.get(command_id.upper())
        if command is None:
            raise faults.command_not_found()
        return command

    def _find(self, command_id: str) -> tuple[Shell, Command] | tuple[None, None]:
        for shell in self._shells.values():
            if command := shell.commands.get(command_id.upper()):
                return shell, command
        return None, None
