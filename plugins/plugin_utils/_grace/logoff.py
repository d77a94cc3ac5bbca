# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A logoff as a task describes it: its own options, what is asked, and what is told of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .._engine.report import MOST_SESSIONS, Report, Session
from .._engine.requests import LogoffRequest, LogoffTerminateRequest, milliseconds, request
from .._launch.failed import TaskFailed
from .._options import reason
from .._options.durations import Duration
from .._options.errors import OptionError
from .._options.reason import checked_reason
from .._options.selection import Selection
from .._result.records import Error, own_error
from .._result.sentences import names_text, running_text
from .._session_action import SessionAction
from .._words.durations import format_duration
from .options import Grace

if TYPE_CHECKING:
    from .outcome import Outcome

DEFAULT_TIMEOUT = 120.0  # seconds

#: Why a session has failed that was meant at the end of a grace period.
_NOT_REACHED = own_error("the host could not be worked on when the grace period was over", "Run the task again.")
_CUT_OFF = own_error("the task's keyword timeout ended the grace period", "Run the task again, with a longer one.")

#: The logoff's own part of the argument spec.
ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    "protect_console": {"type": "bool", "default": True},
    "timeout": {"type": Duration("give no session the time to log off; use wait=false to return at once")},
    "on_timeout": {"type": "str", "choices": ["fail", "terminate"], "default": "fail"},
    "max_parallel": {"type": "int"},
    **reason.ARGUMENT_SPEC,
}


class LogoffAction(SessionAction):
    """Base of the action plugins that log sessions off."""

    LEAVES_TRACE = True

    def logoff_request(
        self, options: Mapping[str, Any], selection: Selection, *, check_mode: bool, wait: bool = True
    ) -> LogoffRequest:
        """Return what is asked of the host at the end of the grace period, or at once.

        :raises OptionError: max_parallel cannot be right.
        """
        most = options["max_parallel"]
        if most is not None and not 1 <= most <= MOST_SESSIONS:
            raise OptionError(f"max_parallel: {most} is not accepted; accepted are 1 to {MOST_SESSIONS}")
        return request(
            LogoffTerminateRequest if options["on_timeout"] == "terminate" else LogoffRequest,
            selection,
            check_mode=check_mode,
            protect_console=options["protect_console"],
            timeout_ms=milliseconds(_timeout(options)) if wait else 0,
            max_parallel=most,
            trace=self.trace(checked_reason(options), "sessions"),
            trace_names=not self._task.no_log,
        )

    def log_off(
        self, logoff: LogoffRequest, grace: Grace | None, options: Mapping[str, Any], task_vars: dict[str, Any]
    ) -> dict[str, Any]:
        """Log off, with a grace period or without one, and return the result, which says itself whether it failed.

        :raises TaskFailed: the task's keyword timeout has ended the grace period before its end.
        """
        if grace is None:
            report = self.run_engine(logoff, task_vars)
            return {**self.logoff_result(report, logoff, options, task_vars), "deadline": None}
        # Not before it is needed: what a collection imports is compiled anew in each run of Ansible.
        from .task import run_with_grace, with_deadline

        outcome = run_with_grace(self, grace, logoff, task_vars)
        result = self.logoff_result(outcome.report, logoff, options, task_vars, outcome)
        result = with_deadline(result, outcome, grace, check_mode=logoff.check_mode)
        if outcome.cut_off:
            raise TaskFailed(**result, timedout={"period": self._task.timeout})
        return result

    def logoff_result(
        self,
        report: Report,
        logoff: LogoffRequest,
        options: Mapping[str, Any],
        task_vars: dict[str, Any],
        outcome: Outcome | None = None,
    ) -> dict[str, Any]:
        """Return the result of a report, with what still runs in the sessions that timed out.

        :param outcome: of the grace period that the report is about.
        """
        running: dict[str, list[str]] = {}
        cut_off = outcome is not None and outcome.cut_off != ""
        timed_out = any(session.result == "timed_out" for server in report.servers for session in server.sessions)
        if timed_out and not cut_off:
            from .still_running import still_running

            running = still_running(self, report, logoff, task_vars)

        def explain(session: Session) -> Error:
            terminate = options["on_timeout"] == "terminate"
            if session.result == "failed":
                return _CUT_OFF if cut_off else _NOT_REACHED
            return _unexplained(session, _timeout(options), running.get(session.logon, []), terminate=terminate)

        told = {logon: {"running": names} for logon, names in running.items()}
        warnings = outcome.warnings if outcome else {}
        return self.session_result(report, logoff, task_vars, explain, warnings, told)


def _timeout(options: Mapping[str, Any]) -> float:
    """The time for a session to log off, in seconds."""
    timeout: float | None = options["timeout"]
    return DEFAULT_TIMEOUT if timeout is None else timeout


def _unexplained(session: Session, timeout: float, running: Sequence[str], *, terminate: bool) -> Error:
    """Why a session was not logged off, where Windows gave no error.

    :param running: the names of the programs that were still running in it; none: that is not known.
    """
    waited = format_duration(timeout)
    if session.ended_processes:
        ended = names_text([process.name for process in session.ended_processes])
        return own_error(
            f"Windows still had the session {waited} after {ended} had been ended{running_text(running)}",
            "Only a restart of the host removes a session that stays so.",
        )
    after = (
        f"Windows accepted the logoff and still had the session after {waited}"
        if session.accepted
        else f"the session was on its way out already, and Windows still had it after {waited}"
    )
    if running:
        how = (
            "Connect (or become) as an administrator to end them"
            if terminate
            else "Raise 'timeout', or end them with on_timeout=terminate"
        )
        return own_error(f"{after}{running_text(running)}", f"{how}; else only a restart removes it.")
    if terminate:
        return own_error(
            f"{after}; no program was found there that this account may end",
            "Connect (or become) as an administrator; else only a restart of the host removes it.",
        )
    return own_error(
        after,
        "Raise 'timeout', or end its programs with on_timeout=terminate; else only a restart of the host removes it.",
    )
