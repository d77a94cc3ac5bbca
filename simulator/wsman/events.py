# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the WS-Management service tells the application that drives it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Invocation:
    """A command as its client asked for it (rsp:CommandLine in the shell that rsp:Shell opened).

    The arguments are as on the wire: a client may send them one by one, or all as one string. ``delegated``: its
    account handed on credentials with which the command reaches other hosts.
    """

    command: str
    arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    working_directory: str | None = None
    account: str = ""
    client_address: str = ""
    delegated: bool = False
    codepage: int = 437
    no_profile: bool = False
    console_mode_stdin: bool = False
    skip_cmd_shell: bool = False


@dataclass(frozen=True)
class Reply:
    """The answer to one request: an HTTP status (200, or 500 with a SOAP fault) and the envelope."""

    exchange_id: int
    status: int
    body: bytes


@dataclass(frozen=True)
class CommandStarted:
    """Run this; report with ``write_output`` and ``finish``."""

    shell_id: str
    command_id: str
    invocation: Invocation


@dataclass(frozen=True)
class InputReceived:
    """Bytes for the standard input of a command; ``end`` closes it."""

    command_id: str
    data: bytes
    end: bool


@dataclass(frozen=True)
class CommandSignalled:
    """Stop that command. It has ended for its client: what it still reports is dropped. The code is a URI."""

    command_id: str
    code: str


@dataclass(frozen=True)
class ShellDeleted:
    """A shell was closed by its client, or was idle for too long. Stop its commands that still run."""

    shell_id: str
    command_ids: tuple[str, ...]


Event = Reply | CommandStarted | InputReceived | CommandSignalled | ShellDeleted
