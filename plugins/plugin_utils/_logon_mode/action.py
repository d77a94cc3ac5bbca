# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the action plugins of the logon mode share: one launch of its engine, and how its result is told."""

from __future__ import annotations

from typing import Any

from .._engine.acts import NOTHING_CHANGED
from .._launch.failed import TaskFailed
from .._session_action import SessionAction
from .modes import LogonModeRequest, Report, read_report

ENGINE = "winops.rds.win_rds_logon_mode_engine"
_UNHEARD = "The mode may have been set; run the task again"


class LogonModeAction(SessionAction):
    """Base of the two action plugins."""

    def ask(self, request: LogonModeRequest, task_vars: dict[str, Any]) -> Report:
        """Launch the engine on the target, once, and return its report.

        :raises NothingLaunched: it was not started.
        :raises NotKnown: it may have been started, and no report came that can be read.
        :raises AnsibleConnectionFailure: the host is not reached.
        """
        return self.hear(
            ENGINE,
            "the logon mode engine",
            request.text,
            task_vars,
            _UNHEARD if request.may_change else NOTHING_CHANGED,
            read_report,
            may_change=request.may_change,
        )

    def tell(self, result: dict[str, Any]) -> dict[str, Any]:
        """Show the result's sentence, as a warning where the registry stands for no mode, and return the result.

        :raises TaskFailed: the result has an error.
        """
        self.say(result["msg"])
        if result["error"]:
            raise TaskFailed(**result)
        if result["mode"] is None:
            self.warn(result["msg"])
        return result
