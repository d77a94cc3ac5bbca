# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Remote shells and the commands in them: state only, no messages ([MS-WSMV] 3.1.1)."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .envelope import Request
from .events import Reply


@dataclass(frozen=True)
class PendingReceive:
    """A Receive that waits for output until its deadline."""

    request: Request
    streams: tuple[str, ...]

    @property
    def deadline(self) -> float:
        """When it is answered with the TimedOut fault."""
        return self.request.now + self.request.operation_timeout


@dataclass
class Command:
    """A command: its output that nobody has fetched yet and, once it has ended, its exit code.

    One without an ID stands for the shell itself. ``last_alone``: the last of several pieces comes in another reply
    than those before it. ``last``: the reply to the Receive with this MessageID.
    """

    id: str
    output: deque[tuple[str, bytes]] = field(default_factory=deque)
    exit_code: int | None = None
    input_closed: bool = False
    done_sent: bool = False
    last_alone: bool = False
    pending: PendingReceive | None = None
    last: tuple[str, Reply] | None = None

    def take_output(
        self, streams: tuple[str, ...], budget: int, overhead: int, *, whole: bool = False
    ) -> list[tuple[str, bytes]]:
        """The oldest pieces on these streams that fit.

        :param budget: bytes of XML that the pieces may take; a piece is cut where it does not fit.
        :param overhead: bytes that each piece takes beside its base64 text.
        :param whole: a piece that does not fit is left, not cut.
        """
        taken: list[tuple[str, bytes]] = []
        kept: deque[tuple[str, bytes]] = deque()
        held_back = [self.output.pop()] if self.last_alone and len(self.output) > 1 else []
        while self.output:
            stream, data = self.output.popleft()
            if stream not in streams:
                kept.append((stream, data))
                continue
            room = max(0, budget - overhead) // 4 * 3
            if whole and room < len(data):
                room = 0
            if room:
                taken.append((stream, data[:room]))
                budget -= overhead + (len(data[:room]) + 2) // 3 * 4
            if len(data) > room:
                self.output.appendleft((stream, data[room:]))
                break
        self.output.extendleft(reversed(kept))
        self.output.extend(held_back)
        return taken

    def has_output(self, streams: tuple[str, ...]) -> bool:
        """Whether output on these streams waits."""
        return any(stream in streams for stream, _ in self.output)


@dataclass
class Shell:
    """A shell: what rsp:Shell asked for, and its commands. Only its own account may use it.

    ``delegated``: who opened it handed on credentials, with which its commands reach other hosts.

    ``own`` holds the output that belongs to none of its commands, for a kind of shell that has such.
    """

    id: str
    account: str
    delegated: bool
    client_address: str
    input_streams: str
    output_streams: str
    environment: Mapping[str, str]
    working_directory: str | None
    idle_timeout: float
    codepage: int
    no_profile: bool
    last_used: float
    commands: dict[str, Command] = field(default_factory=dict)
    started: int = 0
    own: Command | None = None

    def receiving(self) -> Sequence[Command]:
        """What a Receive may be for: its commands, and itself."""
        return [*self.commands.values(), *([self.own] if self.own else [])]

    @property
    def idle_deadline(self) -> float | None:
        """When it is closed for being idle; never while a command runs or is asked for."""
        if any(command.exit_code is None or command.pending for command in self.commands.values()):
            return None
        return self.last_used + self.idle_timeout
