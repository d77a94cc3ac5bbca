# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Disconnect sessions: check the options, launch the engine once, tell what became of each session."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ..plugin_utils._durations import format_duration
from ..plugin_utils._options import time_option
from ..plugin_utils._results import own_error
from ..plugin_utils._selection import ARGUMENT_SPEC, Selection
from ..plugin_utils._session_action import SessionAction, milliseconds


class ActionModule(SessionAction):
    ARGUMENT_SPEC: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        **ARGUMENT_SPEC,
        "protect_console": {"type": "bool", "default": True},
        "timeout": {"type": "str", "default": "30s"},
    }

    def run_task(self, options: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        selection = Selection.from_options(options)
        timeout = time_option(options, "timeout", "no session the time to be disconnected") or 0.0
        timed_out = own_error(
            f"Windows accepted the request and the session was still connected after {format_duration(timeout)}",
            "Raise 'timeout', or run the task again to see whether it is disconnected by now.",
        )
        report = self.run_engine(
            self.engine_options(
                selection,
                "disconnect",
                protect_console=options["protect_console"],
                wait=True,
                timeout_ms=milliseconds(timeout),
            ),
            task_vars,
        )
        return self.session_result(report, selection, task_vars, "disconnect", explain=lambda record: timed_out)
