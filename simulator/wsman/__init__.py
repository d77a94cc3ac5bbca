# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""WS-Management as the WinRM service of Windows speaks it ([MS-WSMV]), without sockets, threads or a clock."""

from __future__ import annotations

from .command_shell import CommandShells
from .config import Config
from .events import (
    CommandSignalled,
    CommandStarted,
    Event,
    InputReceived,
    Invocation,
    Reply,
    ShellDeleted,
)
from .service import Resource, Service
from .shell_resource import STATUS_CONTROL_C_EXIT, ShellResource

__all__ = [
    "STATUS_CONTROL_C_EXIT",
    "CommandShells",
    "CommandSignalled",
    "CommandStarted",
    "Config",
    "Event",
    "InputReceived",
    "Invocation",
    "Reply",
    "Resource",
    "Service",
    "ShellDeleted",
    "ShellResource",
]
