# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Log sessions off: check the options, warn and wait if that is wanted, tell what became of each session."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ..plugin_utils._engine.report import MOST_SESSIONS, Session
from ..plugin_utils._engine.requests import LogoffRequest, LogoffTerminateRequest, milliseconds, request
from ..plugin_utils._grace.options import ARGUMENT_SPEC as GRACE_ARGUMENT_SPEC
from ..plugin_utils._grace.options import Grace
from ..plugin_utils._options.durations import Duration
from ..plugin_utils._options.errors import OptionError
from ..plugin_utils._options.selection import ARGUMENT_SPEC, Selection
from ..plugin_utils._result.records import Error, own_error
from ..plugin_utils._result.sentences import names_text
from ..plugin_utils._session_action import SessionAction
from ..plugin_utils._words.durations import format_duration

DEFAULT_TIMEOUT = 120.0  # seconds


class ActionModule(SessionAction):
    ARGUMENT_SPEC: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        **ARGUMENT_SPEC,
        **GRACE_ARGUMENT_SPEC,
        "protect_console": {"type": "bool", "default": True},
        "wait": {"type": "bool", "default": True},
        "timeout": {"type": Duration("give no session the time to log off; use wait=false to return at once")},
        "on_timeout": {"type": "str", "choices": ["fail", "terminate"], "default": "fail"},
        "max_parallel": {"type": "int"},
    }

    def run_task(self, options: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        selection = Selection.from_options(options)
        timeout = DEFAULT_TIMEOUT if options["timeout"] is None else options["timeout"]
        _check_wait(options)
        terminate = options["on_timeout"] == "terminate"
        grace = Grace.from_options(options)

        logoff = request(
            LogoffTerminateRequest if terminate else LogoffRequest,
            selection,
            check_mode=self._task.check_mode,
            protect_console=options["protect_console"],
            timeout_ms=milliseconds(timeout) if options["wait"] else 0,
            max_parallel=options["max_parallel"],
        )

        if selection.nobody:
            return {**self.nobody_result(logoff, selection.nobody), "deadline": None}

        def explain(session: Session) -> Error:
            return _unexplained(session, timeout, terminate=terminate)

        if grace is None:
            report = self.run_engine(logoff, task_vars)
            return {**self.session_result(report, logoff, task_vars, explain), "deadline": None}
        # Not before it is needed: what a collection imports is compiled anew in each run of Ansible.
        from ..plugin_utils._grace.task import run_with_grace, with_deadline

        outcome = run_with_grace(self, grace, logoff, task_vars)
        return with_deadline(self.session_result(outcome.report, logoff, task_vars, explain, outcome.warnings), outcome)


def _check_wait(options: dict[str, Any]) -> None:
    if not options["wait"]:
        for option, given in (
            ("timeout", options["timeout"] is not None),
            ("max_parallel", options["max_parallel"] is not None),
            ("on_timeout=terminate", options["on_timeout"] == "terminate"),
        ):
            if given:
                raise OptionError(f"{option} is about the wait, so it contradicts wait=false: leave one of them out")
    if options["max_parallel"] is not None and not 1 <= options["max_parallel"] <= MOST_SESSIONS:
        raise OptionError(f"max_parallel: {options['max_parallel']} is not accepted; accepted are 1 to {MOST_SESSIONS}")


def _unexplained(session: Session, timeout: float, *, terminate: bool) -> Error:
    """Why a session was not logged off, where Windows gave no error."""
    if session.result == "failed":
        return own_error("the host could not be worked on when the grace period was over", "Run the task again.")
    waited = format_duration(timeout)
    if session.ended_processes:
        ended = names_text([process.name for process in session.ended_processes])
        return own_error(
            f"Windows still had the session {waited} after {ended} had been ended",
            "Only a restart of the host removes a session that stays so.",
        )
    after = (
        f"Windows accepted the logoff and still had the session after {waited}"
        if session.accepted
        else f"the session was on its way out already, and Windows still had it after {waited}"
    )
    if terminate:
        return own_error(
            f"{after}; no program was found there that this account may end",
            "Connect (or become) as an administrator; else only a restart of the host removes it.",
        )
    return own_error(
        after,
        "Raise 'timeout', or end its programs with on_timeout=terminate; else only a restart of the host removes it.",
    )
