# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read or set the logon mode: one launch of its own engine, which reads, writes what is not so yet, and reads again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ..plugin_utils import _logon_mode
from ..plugin_utils._engine.acts import NOTHING_CHANGED
from ..plugin_utils._session_action import SessionAction
from ..plugin_utils._task_failed import TaskFailed

ENGINE = "winops.rds.win_rds_logon_mode_engine"
_UNHEARD = "The mode may have been set; run the task again"


class ActionModule(SessionAction):
    ARGUMENT_SPEC: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "mode": {"type": "str", "choices": [*_logon_mode.MODES]}
    }

    def run_task(self, options: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        mode = options["mode"]
        request = _logon_mode.request_for(mode, check_mode=self._task.check_mode)
        may_change = mode is not None and not self._task.check_mode
        report = self.hear(
            ENGINE,
            "the logon mode engine",
            request.text,
            task_vars,
            _UNHEARD if may_change else NOTHING_CHANGED,
            _logon_mode.read_report,
            may_change=may_change,
        )
        result = _logon_mode.result_of(report, mode, check_mode=self._task.check_mode)
        if self._task.diff:
            result["diff"] = _logon_mode.diff_of(result)
        self.say(result["msg"])
        if result["error"]:
            raise TaskFailed(**result)
        if result["mode"] is None:
            self._display.warning(result["msg"])
        return result
