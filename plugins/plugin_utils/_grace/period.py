# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A grace period from the warning to the logoff. The controller waits; the host is only asked at each step.

==========  =================================  ======================================================================
state       who is meant                       what ends it
==========  =================================  ======================================================================
warning     whom the task selects              no answer: the task fails, and nobody was logged off. Nobody could be
                                               warned: nobody is logged off. Else the deadline is fixed: all the time
                                               that was promised, counted from the answer
waiting     the logons that were warned and    nobody is left; Ansible has ended; the deadline. A look or a reminder
            are still on and meant; those who  that does not reach the host changes nothing, and is made up for at
            come later, if they are wanted,    the next step
            once they are warned too
logging     the same, identified once more     an answer; or the last of several attempts without one, after which it
off         by the host right before the act   is known who was warned, and perhaps not who was logged off
==========  =================================  ======================================================================

The connection is open during a step and closed between two. Interrupted, a task says in ``warning`` and ``waiting``
that nobody was logged off, and who had been warned; in ``logging off``, that some may have been.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

from .._engine.report import Report, Session
from .._engine.requests import EngineRequest, LogoffRequest, MessageRequest, SessionInfoRequest, same_sessions
from .._result.sentences import count_text
from .._words.displayable import one_line
from .._words.durations import format_duration
from .host import TaskHost
from .options import Grace
from .schedule import Clock, Schedule, Step
from .warned import WarnedSessions, names_text

#: Seconds. Where the logoff cannot be carried out at the end, it is tried again after each of these pauses.
END_PAUSES = (5.0, 10.0, 15.0)

LONGEST_REASON = 600  # characters

#: Seconds. Where nothing happens for so long, a line says how long is left. With four hours, each half hour.
LONGEST_SILENCE = 600.0
_SILENCES = 8

R = TypeVar("R", bound=EngineRequest)


@dataclass(frozen=True)
class Outcome:
    """What became of everybody in a grace period."""

    report: Report
    warnings: Mapping[str, int]
    """How many messages each logon got."""
    deadline: datetime
    failure: NotCarriedOut | None = None
    """Why the host could not be worked on at the end; None: it could."""


@dataclass(frozen=True)
class NotCarriedOut:
    """The host could not be worked on at the end."""

    reason: str
    warned: str
    """Who had been warned and was on at the last look, in words."""
    unknown: bool
    """Whether somebody may have been logged off."""


class GracePeriod:
    """One grace period.

    :param logoff: what is asked at its end, if everybody stays as long.
    :param name: how lines of progress name the host.
    """

    def __init__(self, grace: Grace, host: TaskHost, clock: Clock, logoff: LogoffRequest, name: str) -> None:
        self._grace = grace
        self._host = host
        self._clock = clock
        self._logoff = logoff
        self._name = name
        self._schedule = Schedule(grace.seconds, grace.reminders)
        self._reached = True
        self._if_interrupted: Callable[[], str] = lambda: "users may have been warned; nobody was logged off"
        self._due = grace.seconds
        self._longest_silence = max(LONGEST_SILENCE, grace.seconds / _SILENCES)
        self._told_at = clock.seconds()

    def run(self) -> Outcome:
        """Warn, wait, remind, look, log off.

        :raises Exception: what came of the warning, if it could not be launched.
        """
        with self._host.telling_if_interrupted(lambda: f"{self._name}: interrupted: {self._if_interrupted()}"):
            return self._run()

    def _run(self) -> Outcome:
        seconds = self._grace.seconds
        warning = self._host.launch(self._message(seconds))
        # Counted from here, so that nobody has less time than the message promised.
        self._end = self._clock.seconds() + seconds
        self._deadline = self._clock.utc() + timedelta(seconds=seconds)
        self._warned = WarnedSessions(warning)
        self._if_interrupted = self._warned_in_vain
        self._host.disconnect()
        self._tell_warned()
        if not self._warned.warned:
            return self._outcome(self._warned.report_without_logoff())
        while not self._warned.everybody_has_left:
            self._due, step = self._schedule.next_step(self._left)
            self._clock.sleep(max(0.0, self._left - self._due))
            self._host.require_controller()
            if step is Step.END:
                return self._log_off()
            self._take(step)
        self._tell("nobody is left to be logged off, so it ends here")
        return self._outcome(self._warned.report_without_logoff())

    def _warned_in_vain(self) -> str:
        at, names = time_of_day(self._deadline), names_text(self._warned.on)
        return f"nobody was logged off; run the task again, or tell those who were warned of a logoff at {at}: {names}"

    def _perhaps_logged_off(self) -> str:
        names = names_text(self._warned.on)
        return f"some of these may have been logged off; run the task again with --check to see who is left: {names}"

    def _outcome(self, report: Report, failure: NotCarriedOut | None = None) -> Outcome:
        return Outcome(report, self._warned.warnings, self._deadline, failure)

    def _take(self, step: Step) -> None:
        """Carry out a step of the wait. If the host cannot be worked on, the next step makes up for it."""
        try:
            self._host.connect()
            if step is Step.REMIND:
                self._remind()
            else:
                self._look()
        except Exception as error:  # connection plugins let the exceptions of their libraries through
            if self._reached or step is Step.REMIND:
                self._tell(f"the host was not reached; the next step tries again: {_first_sentence(error)}")
            self._reached = False
            if step is Step.REMIND:
                self._schedule.remind_at_next_step()
        else:
            if not self._reached:
                self._tell("the host is reached again")
            self._reached = True
        finally:
            self._host.disconnect()

    def _remind(self) -> None:
        report = self._host.launch(self._about_them(self._message(self._left), newcomers=self._takes_newcomers))
        reached, missed = self._warned.take_messages(report)
        self._warned.look(report)
        self._tell(_who(reached, "reminded") + (f"; could not be reminded: {names_text(missed)}" if missed else ""))

    def _look(self) -> None:
        look = same_sessions(SessionInfoRequest, self._logoff)
        report = self._host.launch(self._about_them(look, newcomers=self._grace.newcomers))
        gone, spared = self._warned.look(report)
        if gone or spared:
            news = (("gone", gone), ("spared", spared), ("still on", self._warned.on))
            self._tell("; ".join(f"{what}: {names_text(sessions)}" for what, sessions in news if sessions))
        newcomers = self._warned.newcomers(report) if self._grace.newcomers else ()
        if newcomers:
            message = self._about_them(self._message(self._left), newcomers=False)
            reached, _missed = self._warned.take_messages(self._host.launch(replace(message, logons=newcomers)))
            self._warned.look(report)
            self._tell(_who(reached, "logged on meanwhile and warned"))
        if self._warned.on and self._clock.seconds() - self._told_at >= self._longest_silence:
            self._tell(f"still on: {names_text(self._warned.on)}")

    def _log_off(self) -> Outcome:
        self._if_interrupted = self._perhaps_logged_off
        self._tell(_who(self._warned.on, "to be logged off now"))
        unknown = False
        pauses = iter(END_PAUSES)
        while True:
            launched = False
            try:
                self._host.connect()
                launched = True
                report = self._host.launch(self._about_them(self._logoff, newcomers=self._takes_newcomers))
                return self._outcome(self._warned.report(report, gone="logged_off" if unknown else "already_gone"))
            except Exception as error:  # as above
                unknown = unknown or (launched and self._host.may_have_acted(error))
                pause = next(pauses, None)
                if pause is None:
                    failure = not_carried_out(error, self._warned.on, unknown=unknown)
                    return self._outcome(self._warned.report_without_logoff(), failure)
                self._tell(f"the logoff is tried again in {format_duration(pause)}: {_first_sentence(error)}")
            finally:
                self._host.disconnect()
            self._clock.sleep(pause)
            self._host.require_controller()

    @property
    def _left(self) -> float:
        """Seconds until the logoff."""
        return self._end - self._clock.seconds()

    @property
    def _takes_newcomers(self) -> bool:
        """Whether the engine is to take whoever is none of the warned. Those whom a warning did not reach would be
        taken for newcomers, so that then only the newcomers that a look has found are logged off."""
        return self._grace.newcomers and self._warned.everybody_was_warned

    def _about_them(self, request: R, *, newcomers: bool) -> R:
        """Return a request about those who were warned, on the servers that still have to be asked."""
        servers = self._warned.servers(newcomers=self._grace.newcomers)
        return replace(
            request,
            servers=servers,
            logons=self._warned.warned,
            exclude_logons=self._warned.spared,
            newcomers=newcomers,
        )

    def _message(self, left: float) -> MessageRequest:
        shown = left - self._schedule.next_message(left)
        return same_sessions(MessageRequest, self._logoff, **self._grace.message_members(left, shown))

    def _tell_warned(self) -> None:
        self._told_at = self._clock.seconds()
        warned, unwarned = self._warned.on, self._warned.unwarned
        if warned:
            self._host.tell(
                f"{self._name}: {_who(warned, 'warned')}; logoff at {time_of_day(self._deadline)} "
                f"(in {format_duration(self._grace.seconds)})"
            )
        if unwarned:
            self._host.tell(f"{self._name}: {_who(unwarned, 'could not be warned and will not be logged off')}")

    def _tell(self, text: str) -> None:
        self._told_at = self._clock.seconds()
        left = f"{format_duration(self._due)} left: " if self._due else ""
        self._host.tell(f"{self._name}: {left}{text}")


def not_carried_out(error: Exception, warned: Sequence[Session], *, unknown: bool) -> NotCarriedOut:
    """Return what a logoff that an error prevented means."""
    return NotCarriedOut(one_line(error, LONGEST_REASON), names_text(warned), unknown)


def time_of_day(moment: datetime) -> str:
    """Return a time for people, rounded as the engine rounds ``{deadline}``."""
    return f"{moment + timedelta(seconds=30):%H:%M} UTC"


def _who(sessions: list[Session], what: str) -> str:
    """``2 sessions warned: alice, bob``"""
    return f"{count_text(len(sessions), 'session')} {what}" + (f": {names_text(sessions)}" if sessions else "")


def _first_sentence(error: Exception) -> str:
    """What happened, without what to do about it: here that is to go on."""
    text, _dot, _rest = one_line(error, LONGEST_REASON).partition(". ")
    return text if len(text) <= 200 else f"{text[:200]} …"
