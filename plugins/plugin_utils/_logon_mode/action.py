# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the action plugins of the logon mode share: how its result is told."""

from __future__ import annotations

from typing import Any

from .._launch.failed import TaskFailed
from .._result.traced import TracedAction
from .maintenance import Maintenance, maintenance_of, maintenance_text, opening_command
from .modes import Report


class LogonModeAction(TracedAction):
    """Base of the two action plugins."""

    def show(self, result: dict[str, Any], report: Report, task_vars: dict[str, Any]) -> dict[str, Any]:
        """Show the result's sentence, as a warning where the registry stands for no mode, and return the result.

        :raises TaskFailed: the result has an error.
        """
        maintenance = maintenance_of(report.maintenance)
        result["maintenance"] = maintenance
        if maintenance:
            result["msg"] += f" {self._maintenance_text(maintenance, task_vars)}"
        self.say(result["msg"])
        if result["error"]:
            raise TaskFailed(**result)
        if result["mode"] is None:
            self.warn(result["msg"])
        elif maintenance and result["changed"]:
            name = self.host_name(task_vars)
            self.warn(f"{name} is {maintenance_text(maintenance)}, and its logon mode was set all the same.")
        return result

    def _maintenance_text(self, maintenance: Maintenance, task_vars: dict[str, Any]) -> str:
        command = opening_command(self.host_name(task_vars), task_vars)
        return f"The host is {maintenance_text(maintenance)}. To take it out: {command}"
