# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A program that runs on a host: its handles, and the calls of the Windows API that it made."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

from ..farm import Host
from ..win32 import ERROR_INVALID_HANDLE, Win32Error

#: Calls that change something on a host.
MUTATING = frozenset(
    {
        "WTSLogoffSession",
        "WTSDisconnectSession",
        "WTSSendMessageW",
        "WTSTerminateProcess",
        "TerminateProcess",
        "RegCreateKeyExW",
        "RegDeleteTreeW",
        "RegDeleteValueW",
        "RegSetValueExW",
    }
)

#: Calls of which the second argument is a session ID.
SESSION_CALLS = frozenset(
    {
        "WTSQuerySessionInformationW",
        "WTSLogoffSession",
        "WTSDisconnectSession",
        "WTSSendMessageW",
        "WTSEnumerateProcessesExW",
    }
)

Value = str | int
_Opened = TypeVar("_Opened")


@dataclass(frozen=True)
class Call:
    """A call that was made on a host."""

    time: float
    """Seconds on the monotonic clock, when it began."""
    launch: str
    function: str
    arguments: tuple[str, ...]
    error: int
    """The Win32 error that it gave; 0 is success."""

    @property
    def session(self) -> int | None:
        """The session that it was for, if it was for one."""
        return int(self.arguments[1]) if self.function in SESSION_CALLS else None


@dataclass
class Launch:
    """A program that was started on a host, and its use of the Windows API."""

    token: str
    host: Host
    account: str
    calls: list[Call]
    delegated: bool = False
    """Whether its account has credentials here with which it reaches other hosts."""
    leaks: int | None = None
    """Buffers and handles not given back when it ended; None while it runs, or where it never called the API."""
    connections: set[asyncio.Task[None]] = field(default_factory=set)
    handles: dict[int, object] = field(default_factory=dict)
    """What it has open: servers, keys of the registry, programs."""
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(4096))

    def become(self, user: str | None, *, delegated: bool) -> None:
        """Go on as another user, if one is given, whose password nobody checks.

        :param delegated: whether one was given, so that the logon has credentials for other hosts, too.
        """
        if user:
            domain, _, name = user.rpartition("\\")
            self.account = f"{domain or self.host.domain}\\{name}"
            self.delegated = delegated

    def open(self, opened: object) -> int:
        """Return a handle by which the program has something open."""
        handle = next(self._numbers)
        self.handles[handle] = opened
        return handle

    def opened(self, handle: str, kind: type[_Opened]) -> _Opened:
        """Return what is open by a handle.

        :raises Win32Error: 6 ERROR_INVALID_HANDLE, nothing of that kind.
        """
        opened = self.handles.get(int(handle))
        if not isinstance(opened, kind):
            raise Win32Error(ERROR_INVALID_HANDLE)
        return opened

    def close(self, handle: str, kind: type[_Opened]) -> _Opened:
        """Close a handle, and return what was open by it.

        :raises Win32Error: as ``opened``.
        """
        opened = self.opened(handle, kind)
        del self.handles[int(handle)]
        return opened

    async def settled(self) -> None:
        """Wait until everything that the ended program said has been heard; a call that hung has ended with it."""
        if self.connections:
            await asyncio.wait(self.connections)


Answer = Callable[..., Awaitable[list[Value]]]
"""Carries a call out: ``answer(launch, host, *arguments)``, where ``host`` is the one that the call goes to.

It returns the values that the stand-in library lays out in memory.

:raises Win32Error: the call fails.
"""
