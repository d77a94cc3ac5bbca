# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a task leaves in the event log of its host, and tells of that."""

from __future__ import annotations

from typing import Any, ClassVar

from .._engine.report import RefusedCall
from .._engine.trace import trace
from .._launch.action import R_co, Request
from .._launch.task import TaskAction
from .records import windows_error
from .sentences import error_text


class TracedAction(TaskAction):
    """Base of the action plugins whose engines may write an event."""

    #: Whether the module changes something, and says so in the event log.
    LEAVES_TRACE: ClassVar[bool] = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        return self.with_event(super().run(tmp, task_vars))

    def with_event(self, result: dict[str, Any]) -> dict[str, Any]:
        """Return a result with whether what was changed, by all attempts at the task, is in the event log."""
        return {**result, "event_logged": self.attempts.event_logged} if self.LEAVES_TRACE else result

    def launch(self, request: Request[R_co], task_vars: dict[str, Any]) -> R_co:
        report = super().launch(request, task_vars)
        logged: RefusedCall | None = getattr(report, "logged", None)
        if logged is not None and logged.code == 0:
            self.attempts.event_logged = self.attempts.event_logged is not False
        elif logged is not None:
            self.attempts.event_logged = False
            self.warn(
                f"{self.host_name(task_vars)}: what was changed is not in the event log: "
                f"{error_text(windows_error(logged))}"
            )
        return report

    def trace(self, reason: str | None, changes: str, **told: str) -> str:
        """Return how the event of a launch begins.

        :param changes: what the list of changes at its end is called.
        :param told: what else it tells.
        """
        return trace(f"winops.rds.{type(self).__module__.rpartition('.')[2]}", reason, changes, **told)
