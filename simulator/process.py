# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A program that runs on a host."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(eq=False)
class Process:
    """A program that runs in a session. Its ID may be given out again once it has ended; it is itself for ever.

    That is what a handle holds: "the process object is deleted when the last handle to the process is closed".
    https://learn.microsoft.com/windows/win32/procthread/terminating-a-process
    """

    id: int
    name: str
    of_user: bool = True
    """False: it runs as the system, and Windows stops with an error if somebody ends it."""
    owner: tuple[str, str] | None = None
    """Domain and user, of a program of the user; None: those of its session."""
    memory: int = 0
    """Its working set, in bytes."""
    threads: int = 1
    started: datetime | None = None
    ended: datetime | None = None
