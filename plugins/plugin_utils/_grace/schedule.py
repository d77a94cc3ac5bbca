# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""When something is done in a grace period."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime, timezone
from enum import Enum, auto

#: Seconds. A look is a launch, which costs the host a second or two.
SHORTEST_LOOK_INTERVAL = 5.0
LONGEST_LOOK_INTERVAL = 60.0
LOOKS = 10
#: Seconds. How far apart looks are as long as the end is far, and when it is.
FAR_LOOK_INTERVAL = 300.0
FAR = 3600.0


class Clock:
    """The controller's time."""

    def seconds(self) -> float:
        """Seconds since some moment. They never jump, as the time of day may, and go on while the computer is
        suspended, where its system tells such a time (``CLOCK_BOOTTIME`` of Linux)."""
        return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()

    def utc(self) -> datetime:
        return datetime.now(timezone.utc)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


#: What grace periods go by. Tests put a clock of their own here.
clock = Clock()


class Step(Enum):
    LOOK = auto()
    REMIND = auto()
    DISCONNECTED = auto()
    """Somebody has been disconnected for long enough."""
    END = auto()


class Schedule:
    """Which step comes next. It is told how much time is left, so that a step that took long delays no other."""

    def __init__(self, grace: float, reminders: Sequence[float]) -> None:
        #: Seconds between two looks, in the last hour.
        self.look_interval = min(LONGEST_LOOK_INTERVAL, max(SHORTEST_LOOK_INTERVAL, grace / LOOKS))
        self._reminders = set(reminders)
        self._owed = False

    def next_step(self, left: float, due: float = 0.0) -> tuple[float, Step]:
        """Return how much time will be left at the next step, and which it is.

        Looks are a whole interval before the end, and at least half of one away from the step before and from the next
        reminder and the end.

        :param due: how much time will be left when somebody has been disconnected for long enough; 0: nobody will be.
        """
        missed = {reminder for reminder in self._reminders if reminder >= left}
        self._reminders -= missed
        if left <= 0:
            return 0.0, Step.END
        if missed:  # the step before was slow: one reminder takes the place of all those that it covered
            return left, Step.REMIND
        message = self.next_message(left)
        look, apart = self._next_look(left)
        due = self._as_one(left, due)
        owed, self._owed = self._owed, False
        if due > max(look, message) and (not message or due - message >= apart):
            return due, Step.REMIND if owed else Step.DISCONNECTED
        if look - message >= apart:
            return look, Step.REMIND if owed else Step.LOOK
        self._reminders.discard(message)
        return message, Step.REMIND if message else Step.END

    def _next_look(self, left: float) -> tuple[float, float]:
        """Return how much time will be left at the next look, and how far it has to be from other steps."""
        apart = FAR_LOOK_INTERVAL / 2
        look = (left - apart) // FAR_LOOK_INTERVAL * FAR_LOOK_INTERVAL
        if look >= FAR:
            return look, apart
        apart = self.look_interval / 2
        return min(FAR, (left - apart) // self.look_interval * self.look_interval), apart

    def _as_one(self, left: float, due: float) -> float:
        """Return when that is done which is due then, so that what falls into one interval is one step."""
        if due >= left:
            return left
        return due // self.look_interval * self.look_interval or due

    def next_message(self, left: float) -> float:
        """Return how much time will be left at the next reminder; 0 at the end."""
        return max((reminder for reminder in self._reminders if reminder < left), default=0.0)

    def remind_at_next_step(self) -> None:
        """A reminder could not be sent."""
        self._owed = True
