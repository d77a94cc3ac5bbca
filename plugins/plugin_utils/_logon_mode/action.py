# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the action plugins of the logon mode share: how its result is told."""

from __future__ import annotations

from typing import Any

from .._launch.failed import TaskFailed
from .._launch.task import TaskAction


class LogonModeAction(TaskAction):
    """Base of the two action plugins."""

    def show(self, result: dict[str, Any]) -> dict[str, Any]:
        """Show the result's sentence, as a warning where the registry stands for no mode, and return the result.

        :raises TaskFailed: the result has an error.
        """
        self.say(result["msg"])
        if result["error"]:
            raise TaskFailed(**result)
        if result["mode"] is None:
            self.warn(result["msg"])
        return result
