# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tell which sessions there are: launch the engine once, which only looks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, cast

from ..plugin_utils._engine.report import Report
from ..plugin_utils._engine.requests import EngineRequest, SessionInfoRequest, request
from ..plugin_utils._options import reason
from ..plugin_utils._options.selection import ARGUMENT_SPEC, Selection
from ..plugin_utils._session_action import SessionAction

if TYPE_CHECKING:
    from ..plugin_utils._engine.processes import ProcessesReport


class ActionModule(SessionAction):
    ARGUMENT_SPEC: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        **ARGUMENT_SPEC,
        "processes": {"type": "bool", "default": False},
        # That of a whole play comes by the defaults of the group.
        **reason.ARGUMENT_SPEC,
    }

    def run_task(self, options: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        selection = Selection.from_options(options, default_all=True)
        look = request(self._kind(options), selection, check_mode=self._task.check_mode)
        if selection.nobody:
            return self.nobody_result(look, selection.nobody)
        report = self.run_look(look, task_vars)
        if options["processes"]:
            return self._result_with_processes(report, look, task_vars)
        return self.session_result(report, look, task_vars)

    # What a collection imports is compiled anew in each run of Ansible, so this is imported where it is asked for.

    def _kind(self, options: dict[str, Any]) -> type[SessionInfoRequest]:
        if not options["processes"]:
            return SessionInfoRequest
        from ..plugin_utils._engine.processes import SessionProcessesRequest

        return SessionProcessesRequest

    def _result_with_processes(self, report: Report, look: EngineRequest, task_vars: dict[str, Any]) -> dict[str, Any]:
        from ..plugin_utils._result import processes

        told = processes.processes_told(cast("ProcessesReport", report))
        result = self.session_result(report, look, task_vars, told=told)
        result["sessions"] = [processes.without_processes(record) for record in result["sessions"]]
        self.warn(processes.processes_warning(result["sessions"]))
        return result
