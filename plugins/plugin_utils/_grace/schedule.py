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
    END = auto()


class Schedule:
    """Which step comes next. It is told how much time is left, so that a step that took long delays no other."""

    def __init__(self, grace: float, reminders: Sequence[float]) -> None:
        self.look_interval = min(LONGEST_LOOK_INTERVAL, max(SHORTEST_LOOK_INTERVAL, grace / LOOKS))
        self._reminders = set(reminders)
        self._owed = False

    def next_step(self, left: float) -> tuple[float, Step]:
        """Return how much time will be left at the next step, and which it is.

        Looks are whole ``look_interval`` before the end, and at least half of it away from the step before and from
        the next reminder and the end.
        """
        missed = {reminder for reminder in self._reminders if reminder >= left}
        self._reminders -= missed
        if left <= 0:
            return 0.0, Step.END
        if missed:  # the step before was slow: one reminder takes the place of all those that it covered
            return left, Step.REMIND
        message, apart = self.next_message(left), self.look_interval / 2
        look = (left - apart) // self.look_interval * self.look_interval
        owed, self._owed = self._owed, False
        if look - message >= apart:
            return look, Step.REMIND if owed else Step.LOOK
        self._reminders.discard(message)
        return message, Step.REMIND if message else Step.END

    def next_message(self, left: float) -> float:
        """Return how much time will be left at the next reminder; 0 at the end."""
        return max((reminder for reminder in self._reminders if reminder < left), default=0.0)

    def remind_at_next_step(self) -> None:
        """A reminder could not be sent."""
        self._owed = True
