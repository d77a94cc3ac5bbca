# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A grace period from the warning to its end. The controller waits; the host is only asked at each step.

============  =================================  ====================================================================
state         who is meant                       what ends it
============  =================================  ====================================================================
warning       whom the task selects              no answer: the task fails, and nobody was logged off. Nobody could
                                                 be warned: nobody is logged off. Else the deadline is fixed: all the
                                                 time that was promised, counted from the answer. Where nobody is to
                                                 be told, a plan of the logoff takes the place of the warning
waiting       the logons that were warned and    nobody is left; Ansible has ended; the deadline. A look or a
              are still on and meant; those who  reminder that does not reach the host changes nothing, and is made
              come later, if they are wanted,    up for at the next step
              once they are warned too
disconnected  of these, who has been             an answer, after which the wait goes on; without one it goes on, too:
              disconnected for long enough,      the next look tells who is still on. Whoever could not be logged off
              as the host sees it right before   is not asked again before the end
              the act
logging off   those who are still waited for,    an answer; or the last of several attempts without one, after which
              identified once more by the host   it is known who was warned, and perhaps not who was logged off
              right before the act
leaving       in place of it, where nobody is    the last look: who is still on has stayed; or no answer to several,
              logged off at the end: the same    after which it is known who was on before
============  =================================  ====================================================================

A promise that has passed is made again before it is kept: where the end, or a reminder, comes late by more than a
tolerance, as after the controller was suspended, ``waiting`` begins again with the shortest time that was promised.
Where nobody is logged off at the end, no promise can be broken.

The connection is open during a step and closed between two. Interrupted, a task says in ``warning`` and ``waiting``
who was logged off so far, or nobody, and who had been warned; in ``disconnected`` and ``logging off``, that some may
have been.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from .._engine.acts import LOG_OFF
from .._engine.report import Report, Session
from .._engine.requests import EngineRequest, LogoffRequest
from .._words.durations import format_duration
from .disconnected import DisconnectedSessions
from .host import TaskHost
from .host_times import HostTimes
from .options import Grace
from .outcome import NotCarriedOut, Outcome, not_carried_out
from .progress import Progress, first_sentence, time_of_day, who
from .requests import Requests, message_request
from .schedule import Clock, Schedule, Step
from .warned import WarnedSessions, names_text

#: Seconds. Where the end cannot be carried out, it is tried again after each of these pauses.
END_PAUSES = (5.0, 10.0, 15.0)

#: Seconds by which a step may be late: a look on a slow host takes as long.
TOLERANCE = 20.0


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
        self._progress = Progress(host.tell, name, clock, grace.seconds)
        self._disconnected = DisconnectedSessions(grace.disconnected)
        self._reached = True
        told = "" if grace.message is None else "users may have been warned; "
        self._if_interrupted: Callable[[], str] = lambda: f"{told}nobody was logged off"
        self._shortest_promise = min((grace.seconds, *grace.reminders))
        self._tolerance = TOLERANCE
        self._unknown = False
        self._others: dict[str, Session] = {}
        #: Seconds before the end. Who would be logged off early then is left to the logoff at the end, which a session
        #: that takes its time would delay.
        self._too_near = min(logoff.timeout_ms / 1000, grace.seconds / 2) if grace.logs_off else 0.0

    def run(self) -> Outcome:
        """Warn, wait, remind, look, log off.

        :raises Exception: what came of the warning, if it could not be launched.
        """
        with self._host.telling_if_interrupted(lambda: f"{self._name}: interrupted: {self._if_interrupted()}"):
            return self._run()

    def _run(self) -> Outcome:
        seconds = self._grace.seconds
        began = self._clock.seconds()
        if self._grace.message is None:
            warning = self._host.launch(replace(self._logoff, check_mode=True))
        else:
            warning = self._host.launch(message_request(self._grace, self._logoff, seconds, self._shown(seconds)))
        self._promise(seconds)
        self._warned = WarnedSessions(warning)
        self._note_disconnected()
        self._host_times = HostTimes(warning, began)
        self._requests = Requests(self._grace, self._logoff, self._warned, self._host_times, self._clock)
        self._if_interrupted = self._warned_in_vain
        self._host.disconnect()
        self._progress.began(self._warned, self._deadline, self._grace)
        if not self._warned.warned:
            return self._outcome(self._warned.report_without_logoff())
        try:
            return self._wait()
        except BaseException as error:
            if not self._host.has_timed_out(error):
                raise
            return self._cut_off()

    def _wait(self) -> Outcome:
        while not self._warned.everybody_has_left:
            self._progress.left, step = self._schedule.next_step(self._left, self._disconnected_left)
            self._clock.sleep(max(0.0, self._left - self._progress.left))
            self._host.require_controller()
            try:
                if self._comes_too_late(step):
                    self._promise_again()
                elif step is Step.END:
                    return self._log_off() if self._grace.logs_off else self._leave()
                else:
                    self._take(step)
            except _PromisePassed:
                self._promise_again()
            except _NotReached as missed:
                failure = not_carried_out(
                    missed.error, self._warned.on, logged_off=self._warned.logged_off, unknown=self._unknown
                )
                return self._outcome(self._warned.report_without_logoff(), failure)
        meant = "to be logged off" if self._grace.logs_off else "of those who were waited for"
        self._progress.tell(f"nobody is left {meant}, so it ends here")
        return self._outcome(self._warned.report_without_logoff())

    def _cut_off(self) -> Outcome:
        words = self._if_interrupted()
        self._progress.left = 0.0
        self._progress.tell(f"interrupted: {words}")
        self._unknown = self._unknown or self._host.may_be_acting
        return replace(self._outcome(self._warned.report_without_logoff()), cut_off=words)

    def _promise(self, seconds: float) -> None:
        """Fix the end. Counted from the answer to the warning, so that nobody has less time than it promised."""
        self._end = self._clock.seconds() + seconds
        self._deadline = self._clock.utc() + timedelta(seconds=seconds)

    def _comes_too_late(self, step: Step) -> bool:
        """Whether what was promised has passed, or a reminder would leave less time than any message promises."""
        if not self._grace.logs_off:
            return False
        # A computer that was suspended may stop the clock, and set the time of day when it wakes up.
        left = min(self._left, (self._deadline - self._clock.utc()).total_seconds())
        needed = {Step.END: 0.0, Step.REMIND: self._shortest_promise}.get(step, -math.inf)
        return left < needed - self._tolerance

    def _promise_again(self) -> None:
        """Warn those who are still on once more, and give them the shortest time that was promised."""
        seconds = self._shortest_promise
        self._progress.left = 0.0
        self._progress.tell(
            f"this comes later than promised, so the logoff is put off: there are {format_duration(seconds)} left"
        )
        shown = self._shown(seconds)
        report = self._insist("warning", lambda: self._requests.message(seconds, shown))
        self._promise(seconds)
        self._schedule = Schedule(seconds, ())
        # Where it is a slow host that makes the steps late, this is to end some day.
        self._tolerance *= 2
        reached = self._warned.take_new_promise(report)
        self._note_disconnected()
        self._progress.tell(f"{who(reached, 'warned again')}; logoff at {time_of_day(self._deadline)}")

    def _warned_in_vain(self) -> str:
        names = names_text(self._warned.on)
        if not self._grace.logs_off:
            return f"{self.so_far}; on at the last look: {names}"
        at = time_of_day(self._deadline)
        return f"{self.so_far}; run the task again, or tell those who were warned of a logoff at {at}: {names}"

    def _perhaps_logged_off(self, sessions: list[Session]) -> str:
        off, names = self._warned.logged_off, names_text(sessions)
        before = f"{who(off, 'logged off before the end')}; " if off else ""
        told = "some of these may have been logged off; run the task again with --check to see who is left"
        return f"{before}{told}: {names}"

    @property
    def so_far(self) -> str:
        """Who was logged off before the end, in words."""
        off = self._warned.logged_off
        told = f"{who(off, 'logged off before the end')}, nobody else" if off else "nobody was logged off"
        return f"{told} as far as was told, and an answer to a logoff was lost" if self._unknown else told

    def _outcome(self, report: Report, failure: NotCarriedOut | None = None) -> Outcome:
        others = names_text([*self._others.values()])
        return Outcome(report, self._warned.warnings, self._deadline, failure, self._unknown, others)

    def _take(self, step: Step) -> None:
        """Carry out a step of the wait. If the host cannot be worked on, the next step makes up for it."""
        owes_reminder = step is Step.REMIND
        try:
            self._host.connect()
            if step is Step.REMIND:
                self._remind()
                owes_reminder = False
            elif step is Step.LOOK:
                self._look()
            self._log_off_disconnected()
        except Exception as error:  # connection plugins let the exceptions of their libraries through
            if self._reached or owes_reminder:
                self._progress.tell(f"the host was not reached; the next step tries again: {first_sentence(error)}")
            self._reached = False
            self._disconnected.forget()
            if owes_reminder:
                self._schedule.remind_at_next_step()
        else:
            if not self._reached:
                self._progress.tell("the host is reached again")
            self._reached = True
        finally:
            self._host.disconnect()

    def _remind(self) -> None:
        left = self._left
        report = self._launch(self._requests.message(left, self._shown(left)))
        reached, missed = self._warned.take_messages(report)
        self._see(report)
        self._progress.tell(
            who(reached, "reminded") + (f"; could not be reminded: {names_text(missed)}" if missed else "")
        )

    def _look(self) -> None:
        report = self._launch(self._requests.look())
        self._progress.looked(*self._see(report), self._warned.on)
        newcomers = self._warned.newcomers(report)
        if self._grace.newcomers:
            self._warn(tuple(newcomers), report, "logged on meanwhile and warned")
        else:
            self._others = newcomers
        self._warn(self._warned.back(report), report, "back and warned")

    def _see(self, report: Report) -> tuple[list[Session], list[Session]]:
        gone_and_spared = self._warned.look(report)
        self._note_disconnected()
        return gone_and_spared

    def _note_disconnected(self) -> None:
        self._disconnected.look(self._warned.may_go_early, self._clock.seconds())

    def _log_off_disconnected(self) -> None:
        """Log off those who have been disconnected for long enough, by what the last look saw; the host looks again."""
        due = self._disconnected.due(self._clock.seconds())
        if self._left <= self._too_near:
            return
        # Whom the host leaves alone is looked at before it is asked about once more.
        self._disconnected.forget(due)
        people = {logon: session for logon, session in self._warned.may_go_early.items() if logon in due}
        if not people:
            return
        before, self._if_interrupted = self._if_interrupted, lambda: self._perhaps_logged_off([*people.values()])
        try:
            report = self._host.launch(self._requests.early_logoff((*people,)))
        except Exception as error:
            self._unknown = self._unknown or self._host.may_have_acted(error)
            self._if_interrupted = before
            raise
        self._if_interrupted = before
        off, others = self._warned.take_early_logoffs(report)
        waited = format_duration(self._grace.disconnected or 0.0)
        left = "not logged off" if self._logoff.timeout_ms else "asked to log off"
        for sessions, what in (off, "logged off"), (others, left):
            if sessions:
                self._progress.tell(who(sessions, f"disconnected for {waited} and {what}"))

    def _launch(self, request: EngineRequest) -> Report:
        began = self._clock.seconds()
        report = self._host.launch(request)
        self._host_times.take(report, began)
        return report

    def _log_off(self) -> Outcome:
        self._if_interrupted = lambda: self._perhaps_logged_off(self._warned.on)
        self._progress.tell(who(self._warned.on, "to be logged off now"))
        report = self._insist("logoff", self._requests.logoff)
        return self._outcome(self._warned.report(report))

    def _leave(self) -> Outcome:
        report = self._insist("last look", self._requests.look)
        self._warned.look(report)
        self._others = self._warned.newcomers(report)
        self._progress.tell(who(self._warned.on, "still on"))
        return self._outcome(self._warned.report_of_stayed())

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
                self._progress.tell(f"the {what} is tried again in {format_duration(pause)}: {first_sentence(error)}")
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
            left = self._left
            message = self._requests.message_to(logons, left, self._shown(left))
            reached, _missed = self._warned.take_messages(self._host.launch(message))
            self._see(look)
            self._progress.tell(who(reached, what))

    @property
    def _left(self) -> float:
        """Seconds until the end."""
        return self._end - self._clock.seconds()

    @property
    def _disconnected_left(self) -> float:
        """Seconds until the end when somebody will have been disconnected for long enough; 0: nobody will."""
        moment = self._disconnected.next
        left = 0.0 if moment is None else min(self._left, self._end - moment)
        return left if left > self._too_near else 0.0

    def _shown(self, left: float) -> float:
        """For how many seconds a message is shown."""
        return left - self._schedule.next_message(left)
