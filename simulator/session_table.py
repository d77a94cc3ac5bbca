# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The truth of one host: which sessions it has, at any moment.

Time passes: a session that was asked to log off is there until its ``logoff_seconds`` are over, and one that was asked
to disconnect is connected until its ``disconnect_seconds`` are.
"""

from __future__ import annotations

import contextlib
import itertools
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import Any, Literal

from .message_box import Button, Message
from .process import Process
from .win32 import (
    ERROR_ACCESS_DENIED,
    ERROR_CTX_CLOSE_PENDING,
    ERROR_CTX_WINSTATION_NOT_FOUND,
    ERROR_INVALID_PARAMETER,
    Win32Error,
)

__all__ = ["FIRST_LISTENER_ID", "SERVICES_ID", "Process", "Protocol", "Session", "SessionTable", "State"]

SERVICES_ID = 0
FIRST_LISTENER_ID = 65536


class State(IntEnum):
    """WTS_CONNECTSTATE_CLASS (wtsapi32.h)."""

    ACTIVE = 0
    CONNECTED = 1
    CONNECT_QUERY = 2
    SHADOW = 3
    DISCONNECTED = 4
    IDLE = 5
    LISTEN = 6
    RESET = 7
    DOWN = 8
    INIT = 9


class Protocol(IntEnum):
    """WTS_PROTOCOL_TYPE_* (wtsapi32.h)."""

    CONSOLE = 0
    ICA = 1
    RDP = 2


@dataclass
class Session:
    """One session. Times are aware and in UTC; None is unknown, which Windows reports as 0."""

    id: int
    name: str = ""
    listener: str = "rdp-tcp"
    """By which it came; each of its names begins with it."""
    former_name: str = ""
    """What it was called before it was disconnected."""
    user: str = ""
    domain: str = ""
    state: State = State.ACTIVE
    protocol: Protocol = Protocol.RDP
    client_name: str | None = ""
    """None: Windows succeeds with a null buffer. So client_address."""
    client_address: str | None = ""
    locked: bool | None = False
    logon_time: datetime | None = None
    connect_time: datetime | None = None
    disconnect_time: datetime | None = None
    last_input_time: datetime | None = None
    logoff_seconds: float = 0.0
    """How long the session takes to log off; infinity: it hangs."""
    disconnect_seconds: float = 0.0
    """How long it takes to disconnect; infinity: it never does."""
    incoming_bytes: int = 0
    outgoing_bytes: int = 0
    answer: Button | None = None
    """What the user answers to a message box; None: nothing."""
    answer_seconds: float = 0.0
    """How long that takes the user."""
    messages: list[Message] = field(default_factory=list)
    """What it was shown, oldest first."""
    processes: list[Process] = field(default_factory=list)
    stuck: bool = False
    """It has lost its user and stays, its close pending, until the programs of the user have ended."""
    gone_at: float | None = field(default=None, compare=False)
    """When it has gone, on the monotonic clock; None while nobody asked for it."""
    disconnected_at: float | None = field(default=None, compare=False)
    """When it will be disconnected, on the monotonic clock; None where nobody asked for it, or it is."""


#: The time of the last input that a session has once it is disconnected.
LastInput = Literal["kept", "disconnection", "none"]


class SessionTable:
    """The sessions of a host.

    :param clock: seconds on a monotonic clock; a test may bring its own.
    :param clock_offset: how far the host's wall clock is ahead of this machine's.
    :param listeners: the names of the listeners, which have IDs of their own.
    :param last_input_when_disconnected: what a session's time of the last input is from its disconnection on.
    :param keeps_names: whether a session has its former name after a reconnection.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        clock_offset: timedelta = timedelta(),
        listeners: Sequence[str] = ("rdp-tcp",),
        last_input_when_disconnected: LastInput = "kept",
        keeps_names: bool = False,
    ) -> None:
        self._clock = clock
        self._clock_offset = clock_offset
        self._last_input_when_disconnected = last_input_when_disconnected
        self._keeps_names = keeps_names
        self._sessions: dict[int, Session] = {}
        self._connections: defaultdict[str, Iterator[int]] = defaultdict(itertools.count)
        self.listeners = (*listeners,)
        """The names of the listeners, by ID. They are there as long as the host is."""
        self.crashed = False
        """Whether somebody ended a process that Windows cannot do without."""
        self.add(Session(SERVICES_ID, "services", state=State.DISCONNECTED, protocol=Protocol.CONSOLE))
        for listener_id, name in enumerate(listeners, FIRST_LISTENER_ID):
            self.add(Session(listener_id, name, state=State.LISTEN))

    def now(self) -> datetime:
        """Return the host's wall clock."""
        return datetime.now(UTC) + self._clock_offset

    def sessions(self) -> list[Session]:
        """Return the sessions that the host has now, by ID, session 0 and the listeners included."""
        now = self._clock()
        self._sessions = {id: session for id, session in sorted(self._sessions.items()) if not _has_gone(session, now)}
        for session in self._sessions.values():
            self._settle(session, now)
        return [*self._sessions.values()]

    def get(self, session_id: int) -> Session:
        """Return one session.

        :raises Win32Error: 7022 ERROR_CTX_WINSTATION_NOT_FOUND, the host does not have it.
        """
        session, now = self._sessions.get(session_id), self._clock()
        if session is None or _has_gone(session, now):
            raise Win32Error(ERROR_CTX_WINSTATION_NOT_FOUND)
        self._settle(session, now)
        return session

    def new_name(self, session_id: int, listener: str) -> str:
        """Return what a session is called that is connected now, by a listener.

        A listener counts its connections, so the number is not the session's ID, and another one at each connection:
        session 22 was RDP-Tcp#34 (https://github.com/prometheus-community/windows_exporter/issues/2025), 42 was
        rdp-tcp#111 (https://github.com/VertigoRay/PSQuser/issues/7). Here it never is the ID, not even by chance.
        """
        number = next(number for number in self._connections[listener] if number != session_id)
        return f"{listener}#{number}"

    def add(self, session: Session) -> None:
        """Let a session appear; one with the same ID is replaced, as when Windows gives an ID out again."""
        self._sessions[session.id] = session
        self._set_last_input(session)

    def change(self, session_id: int, **changes: Any) -> Session:
        """Set fields of a session.

        :raises Win32Error: 7022, the host does not have it.
        """
        session = replace(self.get(session_id), **changes)
        self.add(session)
        return session

    def remove(self, session_id: int) -> None:
        """Let a session be gone at once (its user logged off, say). No error if there is none."""
        self._sessions.pop(session_id, None)

    def log_off(self, session_id: int) -> float:
        """Begin a logoff, and return the seconds until the session has gone; of a listener, all that came by it have.

        Session 0 is no user's: access is denied (https://github.com/danports/cassia/issues/66). "If you reset a
        listener session, all sessions that use the connection are reset":
        https://learn.microsoft.com/previous-versions/windows/it-pro/windows-server-2003/cc786232(v=ws.10)

        :raises Win32Error: 7022, the host does not have it; 7007 ERROR_CTX_CLOSE_PENDING, it is going already; 5
            ERROR_ACCESS_DENIED, it cannot be logged off.
        """
        session = self.get(session_id)
        if session.id == SERVICES_ID:
            raise Win32Error(ERROR_ACCESS_DENIED)
        if session.state is State.LISTEN:
            return self._each_that_came_by(session, self.log_off)
        if session.gone_at is not None or session.stuck:
            raise Win32Error(ERROR_CTX_CLOSE_PENDING)
        session.gone_at = self._clock() + session.logoff_seconds
        return session.logoff_seconds

    def disconnect(self, session_id: int) -> float:
        """Begin to disconnect a session, and return the seconds until it is disconnected; 0 if it is already. Of a
        listener, all that came by it are, as in :meth:`log_off`.

        :raises Win32Error: 7022, the host does not have it; 7007 ERROR_CTX_CLOSE_PENDING, it is logging off or stuck.
        """
        session, now = self.get(session_id), self._clock()
        if session.gone_at is not None or session.stuck:
            raise Win32Error(ERROR_CTX_CLOSE_PENDING)
        if session.state is State.LISTEN:
            return self._each_that_came_by(session, self.disconnect)
        if session.state is State.DISCONNECTED:
            return 0.0
        if session.disconnected_at is None:
            session.disconnected_at = now + session.disconnect_seconds
        return session.disconnected_at - now

    def _each_that_came_by(self, listener: Session, begin: Callable[[int], float]) -> float:
        """Begin something with each session that is connected by a listener, and return the seconds that it takes."""
        seconds = 0.0
        for session in self.sessions():
            is_connected = session.state not in (State.LISTEN, State.DISCONNECTED)
            if is_connected and session.protocol is not Protocol.CONSOLE and session.listener == listener.name:
                with contextlib.suppress(Win32Error):  # it is going already
                    seconds = max(seconds, begin(session.id))
        return seconds

    def drop(self, session_id: int) -> None:
        """Let a session be disconnected at once, as when its user closes the client.

        :raises Win32Error: 7022, the host does not have it.
        """
        session, now = self.get(session_id), self._clock()
        if session.state is not State.DISCONNECTED:
            session.disconnected_at = now
            self._settle(session, now)

    def reconnect(self, session_id: int, client_name: str = "", client_address: str = "") -> None:
        """Let a session's user come back to it, from a client: under a new name, unless it keeps its own.

        :raises Win32Error: 7022, the host does not have it.
        """
        session = self.get(session_id)
        former = (session.name or session.former_name) if self._keeps_names else ""
        self.change(
            session_id,
            name=former or self.new_name(session_id, session.listener),
            state=State.ACTIVE,
            protocol=Protocol.RDP,
            client_name=client_name,
            client_address=client_address,
            connect_time=self.now(),
            disconnect_time=None,
            disconnected_at=None,
        )

    def show(self, session_id: int, title: str, text: str, style: int) -> Session:
        """Show a session a message box, and return the session.

        A disconnected session has a desktop, too: its user finds the message there.

        :param style: MB_* flags.
        :raises Win32Error: 7022, the host does not have it; 7007 ERROR_CTX_CLOSE_PENDING, it is stuck.
        """
        session = self.get(session_id)
        if session.stuck:
            raise Win32Error(ERROR_CTX_CLOSE_PENDING)
        session.messages.append(Message(title, text, style, self._clock()))
        return session

    def _settle(self, session: Session, now: float) -> None:
        """Disconnect a session of which the time has come."""
        if session.disconnected_at is None or session.disconnected_at > now:
            return
        session.disconnect_time = self.now() - timedelta(seconds=now - session.disconnected_at)
        session.disconnected_at = None
        session.state = State.DISCONNECTED
        session.protocol = Protocol.CONSOLE
        session.former_name = session.name
        session.name = session.client_name = session.client_address = ""
        self._set_last_input(session)

    def _set_last_input(self, session: Session) -> None:
        """None was seen on Windows Server 2003 or 2008, with the advice to take the time of the disconnection instead:
        https://htd2007.blogspot.com/2008/02/idle-time-on-terminal-service-session-1.html
        """
        if session.disconnect_time and self._last_input_when_disconnected != "kept":
            is_known = self._last_input_when_disconnected == "disconnection"
            session.last_input_time = session.disconnect_time if is_known else None

    def process(self, process_id: int) -> tuple[Session, Process]:
        """Return the program that has an ID now, and its session.

        :raises Win32Error: 87 ERROR_INVALID_PARAMETER, there is none.
        """
        for session in self.sessions():
            for process in session.processes:
                if process.id == process_id:
                    return session, process
        raise Win32Error(ERROR_INVALID_PARAMETER)

    def session_of(self, process: Process) -> Session | None:
        """Return the session that a program runs in; None if it has ended, itself or with its session."""
        return next((session for session in self.sessions() if process in session.processes), None)

    def start_process(self, session_id: int, process: Process) -> None:
        """Let a program start in a session. Whichever had its ID has ended before.

        :raises Win32Error: 7022, the host does not have the session.
        """
        session = self.get(session_id)
        with contextlib.suppress(Win32Error):  # the ID is free
            self.end_process(process.id)
        session.processes.append(process)

    def end_process(self, process_id: int) -> None:
        """End a program. A session that is logging off, or stuck, has gone once its user has none left.

        :raises Win32Error: 87 ERROR_INVALID_PARAMETER, there is no such program.
        """
        session, process = self.process(process_id)
        session.processes.remove(process)
        process.ended = self.now()
        self.crashed |= not process.of_user
        is_going = session.gone_at is not None or session.stuck
        if is_going and not any(process.of_user for process in session.processes):
            session.gone_at = self._clock()

    def console_id(self) -> int:
        """Return what WTSGetActiveConsoleSessionId answers: 0xFFFFFFFF where nothing is attached to the console."""
        named = [session.id for session in self._sessions.values() if session.name.lower() == "console"]
        for session_id in named:
            with contextlib.suppress(Win32Error):  # it has gone
                if self.get(session_id).name:
                    return session_id
        return 0xFFFFFFFF


def _has_gone(session: Session, now: float) -> bool:
    return session.gone_at is not None and session.gone_at <= now
