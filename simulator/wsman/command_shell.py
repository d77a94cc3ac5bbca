# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The text-based command shell (WinRS)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from lxml import etree

from . import faults
from .envelope import Request
from .events import CommandStarted, Event, InputReceived, Invocation
from .namespaces import SHELL, element, qualified
from .shell_resource import ShellResource
from .shells import Command, Shell

_COMMAND_OPTIONS = {"WINRS_CONSOLEMODE_STDIN", "WINRS_SKIP_CMD_SHELL"}


class CommandShells(ShellResource):
    """The resource URI ``…/windows/shell/cmd``: a command is a program."""

    uri = SHELL + "/cmd"
    create_options: ClassVar[set[str]] = {"WINRS_NOPROFILE", "WINRS_CODEPAGE"}

    def describe(self, shell: Shell) -> etree._Element:
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

    def start_command(self, request: Request, shell: Shell, line: etree._Element) -> tuple[Command, list[Event]]:
        if request.required_options - _COMMAND_OPTIONS:
            raise faults.options_not_supported()
        invocation = Invocation(
            command=line.findtext(qualified("rsp:Command")) or "",
            arguments=tuple(argument.text or "" for argument in line.iterfind(qualified("rsp:Arguments"))),
            environment=shell.environment,
            working_directory=shell.working_directory,
            account=request.account,
            client_address=request.client_address,
            delegated=shell.delegated,
            codepage=shell.codepage,
            no_profile=shell.no_profile,
            console_mode_stdin=request.option("WINRS_CONSOLEMODE_STDIN"),
            skip_cmd_shell=request.option("WINRS_SKIP_CMD_SHELL"),
        )
        if not invocation.command:
            raise faults.invalid_parameter()
        if invocation.skip_cmd_shell and "\\" not in invocation.command:
            raise faults.file_not_found()
        command = self.add_command(request, shell, line)
        return command, [CommandStarted(shell.id, command.id, invocation)]

    def take_input(self, shell: Shell, command: Command, data: bytes, *, end: bool) -> Iterable[Event]:
        return [InputReceived(command.id, data, end)]
