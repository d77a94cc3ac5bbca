# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Disconnect sessions: check the options, launch the engine once, tell what became of each session."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ..plugin_utils._engine.report import Session
from ..plugin_utils._engine.requests import DisconnectRequest, milliseconds, request
from ..plugin_utils._options import reason
from ..plugin_utils._options.durations import Duration
from ..plugin_utils._options.reason import checked_reason
from ..plugin_utils._options.selection import ARGUMENT_SPEC
from ..plugin_utils._result.records import Error, own_error
from ..plugin_utils._session_action import SessionAction
from ..plugin_utils._words.durations import format_duration


class ActionModule(SessionAction):
    ARGUMENT_SPEC: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        **ARGUMENT_SPEC,
        "protect_console": {"type": "bool", "default": True},
        "timeout": {"type": Duration("give no session the time to be disconnected"), "default": "30s"},
        **reason.ARGUMENT_SPEC,
    }
    LEAVES_TRACE = True

    def run_task(self, options: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        selection = self.whom_to_act_on(options)
        timeout = options["timeout"]
        disconnection = request(
            DisconnectRequest,
            selection,
            check_mode=self._task.check_mode,
            protect_console=options["protect_console"],
            timeout_ms=milliseconds(timeout),
            trace=self.trace(checked_reason(options), "sessions"),
            trace_names=not self._task.no_log,
        )
        if selection.nobody:
            return self.nobody_result(disconnection, selection.nobody)
        report = self.run_engine(disconnection, task_vars)
        return self.session_result(report, disconnection, task_vars, lambda session: _unexplained(session, timeout))


def _unexplained(session: Session, timeout: float) -> Error:
    """Why a session was not disconnected, where Windows gave no error."""
    begin = "Windows accepted the request" if session.accepted else "the session was on its way out already"
    return own_error(
        f"{begin} and the session was still connected after {format_duration(timeout)}",
        "Raise 'timeout', or run the task again to see whether it is disconnected by now.",
    )
