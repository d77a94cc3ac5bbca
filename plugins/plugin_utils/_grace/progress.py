# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The lines that a grace period shows while it lasts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from .._engine.report import Session
from .._result.sentences import count_text
from .._words.displayable import one_line
from .._words.durations import format_duration
from .options import Grace
from .outcome import LONGEST_REASON
from .schedule import FAR, Clock
from .warned import WarnedSessions, names_text

#: Seconds. Where nothing happens for so long, a line says who is left. With four hours, each half hour.
LONGEST_SILENCE = 600.0
_SILENCES = 8


class Progress:
    """The lines of one host.

    :param show: shows a line.
    :param name: how lines name the host.
    :param grace: seconds.
    """

    def __init__(self, show: Callable[[str], None], name: str, clock: Clock, grace: float) -> None:
        self._show = show
        self._name = name
        self._clock = clock
        self._longest_silence = max(LONGEST_SILENCE, grace / _SILENCES)
        self._told_at = clock.seconds()
        self._gone: list[Session] = []
        self._spared: list[Session] = []
        self.left = 0.0
        """How much time is left by the lines; 0: they do not tell."""

    def tell(self, text: str) -> None:
        self._told_at = self._clock.seconds()
        left = f"{format_duration(self.left)} left: " if self.left else ""
        self._show(f"{self._name}: {left}{text}")

    def began(self, warned: WarnedSessions, deadline: datetime, grace: Grace) -> None:
        """Tell who was warned, or is only waited for, and until when."""
        is_told = grace.message is not None
        if warned.on:
            at = f"{'logoff' if grace.logs_off else 'deadline'} at {time_of_day(deadline)}"
            what = "warned" if is_told else "on and waited for"
            self.tell(f"{who(warned.on, what)}; {at} (in {format_duration(grace.seconds)})")
        if warned.unwarned:
            what = "warned and will not be logged off" if is_told else "looked at, so that they are not waited for"
            self.tell(who(warned.unwarned, f"could not be {what}"))

    def looked(self, gone: Sequence[Session], spared: Sequence[Session], on: Sequence[Session]) -> None:
        """Tell of a look: what is new, and now and then how many are left. As long as the end is far, what is new waits
        for that."""
        self._gone += gone
        self._spared += spared
        is_new = bool(self._gone or self._spared)
        is_long_silent = self._clock.seconds() - self._told_at >= self._longest_silence
        if (is_new and self.left <= FAR) or (is_long_silent and (is_new or on)):
            news = [
                f"{what}: {names_text(people)}"
                for what, people in (("gone", self._gone), ("spared", self._spared))
                if people
            ]
            self.tell("; ".join([*news, *([f"{len(on)} still on: {names_text(on)}"] if on else [])]))
            self._gone, self._spared = [], []


def time_of_day(moment: datetime) -> str:
    """Return a time for people, rounded as the engine rounds ``{deadline}``."""
    return f"{moment + timedelta(seconds=30):%H:%M} UTC"


def who(sessions: Sequence[Session], what: str) -> str:
    """``2 sessions warned: alice, bob``"""
    return f"{count_text(len(sessions), 'session')} {what}" + (f": {names_text(sessions)}" if sessions else "")


def first_sentence(error: Exception) -> str:
    """What happened, without what to do about it: here that is to go on."""
    # The two sentences with which Kerberos begins hold nothing: the reason, such as "Ticket expired", comes after them.
    whole = one_line(error, LONGEST_REASON).replace(". Minor code may provide more information", "")
    text, _dot, _rest = whole.partition(". ")
    return text if len(text) <= 200 else f"{text[:200]} …"
