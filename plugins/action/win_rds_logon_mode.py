# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Set the logon mode: one launch of its engine, which reads, writes what is not so yet, and reads again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ..plugin_utils._logon_mode import modes
from ..plugin_utils._logon_mode.action import LogonModeAction
from ..plugin_utils._options import reason
from ..plugin_utils._options.errors import OptionError
from ..plugin_utils._options.reason import checked_reason


class ActionModule(LogonModeAction):
    ARGUMENT_SPEC: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "mode": {"type": "str", "choices": [*modes.MODES], "required": True, "meant": modes.mode_meant},
        **reason.ARGUMENT_SPEC,
    }
    LEAVES_TRACE = True

    def validated(self, given: Mapping[str, Any]) -> dict[str, Any]:
        if not given:
            raise OptionError("mode is required. To read the mode, use winops.rds.win_rds_logon_mode_info")
        return super().validated(given)

    def run_task(self, options: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        mode, check_mode = options["mode"], self._task.check_mode
        trace = self.trace(checked_reason(options), "written", mode=mode)
        report = self.launch(modes.request_for(mode, check_mode=check_mode, trace=trace), task_vars)
        result = modes.setting_result(report, mode, check_mode=check_mode)
        if self._task.diff:
            result["diff"] = modes.diff_of(result)
        return self.show(result, report, task_vars)
