# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a command sees of the host that it runs on, and what it leaves behind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ..registry import LogonMode


@dataclass(frozen=True)
class Output:
    """What a command wrote, as text with CRLF line ends (`encode` gives the bytes), and its exit code."""

    stdout: str
    stderr: str
    return_code: int


class SessionRow(Protocol):
    """One session as WTSEnumerateSessionsEx and WTSSessionInfoEx show it. Times are aware, UTC; None: unknown."""

    @property
    def id(self) -> int: ...
    @property
    def name(self) -> str:
        """WinStation name; empty while the session is disconnected."""

    @property
    def user(self) -> str: ...
    @property
    def domain(self) -> str: ...
    @property
    def state(self) -> int:
        """WTS_CONNECTSTATE_CLASS."""

    @property
    def logon_time(self) -> datetime | None: ...
    @property
    def last_input_time(self) -> datetime | None: ...
    @property
    def client_name(self) -> str | None: ...
    @property
    def protocol(self) -> int:
        """WTS_PROTOCOL_TYPE: 0 console, 1 ICA, 2 RDP."""


class Console(Protocol):
    """The host, to a command that `account` runs on it. The host's local time is UTC."""

    @property
    def name(self) -> str:
        """`RDSH01`."""

    @property
    def language(self) -> str:
        """Display language, one of `languages()`: `fr-FR`."""

    @property
    def account(self) -> str:
        r"""`CONTOSO\ansible`."""

    @property
    def now(self) -> datetime:
        """Aware, UTC."""

    @property
    def logon_mode(self) -> LogonMode:
        """Whether the host accepts logons, and for how long not."""

    @logon_mode.setter
    def logon_mode(self, mode: LogonMode) -> None: ...

    def sessions(self) -> Sequence[SessionRow]:
        """All sessions, session 0 and the listeners included.

        :raises Win32Error: they cannot be enumerated.
        """

    async def logoff(self, session_id: int) -> None:
        """Log a session off and wait until it has gone, as logoff.exe does (WTSLogoffSession, bWait=TRUE).

        :raises Win32Error: it cannot be logged off.
        """

    async def reset(self, session_id: int) -> None:
        """Delete a session, whatever its programs are at.

        :raises Win32Error: it cannot be deleted.
        """

    def schedule_restart(self, seconds: float) -> None:
        """Restart the host after so many seconds.

        :raises Win32Error: 1190, that is to happen already; 5, the account may not.
        """

    def abort_restart(self) -> None:
        """Take that back.

        :raises Win32Error: 1116, it is not to happen; 5, the account may not.
        """

    def server(self, name: str) -> Console:
        """Another host (`/server:`).

        :raises Win32Error: 1722, it cannot be reached.
        """
