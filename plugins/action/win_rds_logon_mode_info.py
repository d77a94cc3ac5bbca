# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tell the logon mode: one launch of its engine, which reads."""

from __future__ import annotations

from typing import Any

from ..plugin_utils._logon_mode import modes
from ..plugin_utils._logon_mode.action import LogonModeAction


class ActionModule(LogonModeAction):
    def run_task(self, options: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        report = self.launch(modes.READING, task_vars)
        return self.show(modes.reading_result(report), report, task_vars)
