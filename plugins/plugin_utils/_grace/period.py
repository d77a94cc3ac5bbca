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

A promise that has passed is made again before it is kept: where the end, or a reminder, comes late by more than a
tolerance, as after the controller was suspended, ``waiting`` begins again with the shortest time that was promised.

The connection is open during a step and closed between two. Interrupted, a task says in ``warning`` and ``waiting``
that nobody was logged off, and who had been warned; in ``logging off``, that some may have been.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

from .._engine.acts import LOG_OFF
from .._engine.report import Report, Session
from .._engine.requests import EngineRequest, LogoffRequest, MessageRequest, SessionInfoRequest, same_sessions
from .._result.sentences import count_text
from .._words.displayable import one_line
from .._words.durations import format_duration
from .host import TaskHost
from .host_times import HostTimes
from .options import Grace
from .schedule import Clock, Schedule, Step
from .warned import WarnedSessions, names_text

#: Seconds. Where the logoff cannot be carried out at the end, it is tried again after each of these pauses.
END_PAUSES = (5.0, 10.0, 15.0)

#: Seconds by which a step may be late: a look on a slow host takes as long.
TOLERANCE = 20.0

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
    answer_lost: bool = False
    """Whether an answer to the logoff was lost before another one came: who has gone since may have been logged off."""


@dataclass(frozen=True)
class NotCarriedOut:
    """The host could not be worked on at the end."""

    reason: str
    warned: str
    """Who had been warned and was on at the last look, in words."""
    unknown: bool
    """Whether somebody may have been logged off."""


class _NotReached(Exception):
    """The host could not be worked on when it had to be."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


class _PromisePassed(Exception):
    """So much time has passed that users have to be warned again before they are logged off."""


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
        self._shortest_promise = min((grace.seconds, *grace.reminders))
        self._tolerance = TOLERANCE
        self._unknown = False
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
        began = self._clock.seconds()
        warning = self._host.launch(self._message(seconds))
        self._promise(seconds)
        self._warned = WarnedSessions(warning)
        self._host_times = HostTimes(warning, began)
        self._if_interrupted = self._warned_in_vain
        self._host.disconnect()
        self._tell_warned()
        if not self._warned.warned:
            return self._outcome(self._warned.report_without_logoff())
        while not self._warned.everybody_has_left:
            self._due, step = self._schedule.next_step(self._left)
            self._clock.sleep(max(0.0, self._left - self._due))
            self._host.require_controller()
            try:
                if self._comes_too_late(step):
                    self._promise_again()
                elif step is Step.END:
                    return self._log_off()
                else:
                    self._take(step)
            except _PromisePassed:
                self._promise_again()
            except _NotReached as missed:
                failure = not_carried_out(missed.error, self._warned.on, unknown=self._unknown)
                return self._outcome(self._warned.report_without_logoff(), failure)
        self._tell("nobody is left to be logged off, so it ends here")
        return self._outcome(self._warned.report_without_logoff())

    def _promise(self, seconds: float) -> None:
        """Fix the end. Counted from the answer to the warning, so that nobody has less time than it promised."""
        self._end = self._clock.seconds() + seconds
        self._deadline = self._clock.utc() + timedelta(seconds=seconds)

    def _comes_too_late(self, step: Step) -> bool:
        """Whether what was promised has passed, or a reminder would leave less time than any message promises."""
        # A computer that was suspended may stop the clock, and set the time of day when it wakes up.
        left = min(self._left, (self._deadline - self._clock.utc()).total_seconds())
        needed = {Step.END: 0.0, Step.REMIND: self._shortest_promise}.get(step, -math.inf)
        return left < needed - self._tolerance

    def _promise_again(self) -> None:
        """Warn those who are still on once more, and give them the shortest time that was promised."""
        seconds = self._shortest_promise
        self._due = 0.0
        self._tell(
            f"this comes later than promised, so the logoff is put off: there are {format_duration(seconds)} left"
        )
        message = self._message(seconds)
        report = self._insist("warning", lambda: self._about_them(message, newcomers=self._takes_newcomers))
        self._promise(seconds)
        self._schedule = Schedule(seconds, ())
        # Where it is a slow host that makes the steps late, this is to end some day.
        self._tolerance *= 2
        reached = self._warned.take_new_promise(report)
        self._tell(f"{_who(reached, 'warned again')}; logoff at {time_of_day(self._deadline)}")

    def _warned_in_vain(self) -> str:
        at, names = time_of_day(self._deadline), names_text(self._warned.on)
        return f"nobody was logged off; run the task again, or tell those who were warned of a logoff at {at}: {names}"

    def _perhaps_logged_off(self) -> str:
        names = names_text(self._warned.on)
        return f"some of these may have been logged off; run the task again with --check to see who is left: {names}"

    def _outcome(self, report: Report, failure: NotCarriedOut | None = None) -> Outcome:
        return Outcome(report, self._warned.warnings, self._deadline, failure, self._unknown)

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
        report = self._launch(self._about_them(self._message(self._left), newcomers=self._takes_newcomers))
        reached, missed = self._warned.take_messages(report)
        self._warned.look(report)
        self._tell(_who(reached, "reminded") + (f"; could not be reminded: {names_text(missed)}" if missed else ""))

    def _look(self) -> None:
        look = same_sessions(SessionInfoRequest, self._logoff)
        report = self._launch(self._about_them(look, newcomers=self._grace.newcomers))
        gone, spared = self._warned.look(report)
        if gone or spared:
            news = (("gone", gone), ("spared", spared), ("still on", self._warned.on))
            self._tell("; ".join(f"{what}: {names_text(sessions)}" for what, sessions in news if sessions))
        if self._grace.newcomers:
            self._warn(self._warned.newcomers(report), report, "logged on meanwhile and warned")
        self._warn(self._warned.back(report), report, "back and warned")
        if self._warned.on and self._clock.seconds() - self._told_at >= self._longest_silence:
            self._tell(f"still on: {names_text(self._warned.on)}")

    def _launch(self, request: EngineRequest) -> Report:
        began = self._clock.seconds()
        report = self._host.launch(request)
        self._host_times.take(report, began)
        return report

    def _log_off(self) -> Outcome:
        self._if_interrupted = self._perhaps_logged_off
        self._tell(_who(self._warned.on, "to be logged off now"))
        report = self._insist("logoff", self._end_request)
        return self._outcome(self._warned.report(report))

    def _end_request(self) -> LogoffRequest:
        request = self._about_them(self._logoff, newcomers=self._takes_newcomers)
        return replace(request, unread_logons=self._warned.unread)

    def _insist(self, what: str, request: Callable[[], EngineRequest]) -> Report:
        """Launch what cannot be left out, a few times if need be.

        :raises _NotReached: the host could not be worked on.
        :raises _PromisePassed: a pause lasted longer than it should.
        """
        pauses = iter(END_PAUSES)
        while True:
            asked, launched = request(), False
            try:
                self._host.connect()
                launched = True
                return self._host.launch(asked)
            except Exception as error:  # see _take: any exception may come
                may_have_acted = launched and self._host.may_have_acted(error)
                self._unknown = self._unknown or (asked.act is LOG_OFF and may_have_acted)
                pause = next(pauses, None)
                if pause is None:
                    raise _NotReached(error) from None
                self._tell(f"the {what} is tried again in {format_duration(pause)}: {_first_sentence(error)}")
            finally:
                self._host.disconnect()
            before = self._clock.seconds()
            self._clock.sleep(pause)
            self._host.require_controller()
            if asked.act is LOG_OFF and self._clock.seconds() - before - pause > self._tolerance:
                raise _PromisePassed

    def _warn(self, logons: tuple[str, ...], look: Report, what: str) -> None:
        """Warn those whom a look has found, and no message has told yet how long is left."""
        if logons:
            message = self._about_them(self._message(self._left), newcomers=False)
            reached, _missed = self._warned.take_messages(self._host.launch(replace(message, logons=logons)))
            self._warned.look(look)
            self._tell(_who(reached, what))

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
            latest_times=self._host_times.latest(servers, self._clock.seconds()),
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
    # The two sentences with which Kerberos begins hold nothing: the reason, such as "Ticket expired", comes after them.
    whole = one_line(error, LONGEST_REASON).replace(". Minor code may provide more information", "")
    text, _dot, _rest = whole.partition(". ")
    return text if len(text) <= 200 else f"{text[:200]} …"
