# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An action plugin at the moment when the engine has come back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible.playbook.task import Task
from ansible_collections.winops.rds.plugins.action.win_rds_disconnect import ActionModule as Disconnect
from ansible_collections.winops.rds.plugins.action.win_rds_logoff import ActionModule as Logoff
from ansible_collections.winops.rds.plugins.action.win_rds_message import ActionModule as Message
from ansible_collections.winops.rds.plugins.action.win_rds_session_info import ActionModule as SessionInfo
from ansible_collections.winops.rds.plugins.plugin_utils._engine.acts import (
    DISCONNECT,
    LIST,
    LOG_OFF,
    SEND_MESSAGE,
    Act,
)
from ansible_collections.winops.rds.plugins.plugin_utils._engine.report import Report
from ansible_collections.winops.rds.plugins.plugin_utils._engine.requests import EngineRequest
from ansible_collections.winops.rds.plugins.plugin_utils._launch.failed import TaskFailed
from ansible_collections.winops.rds.plugins.plugin_utils._options.given import validated_options
from ansible_collections.winops.rds.plugins.plugin_utils._session_action import SessionAction

from tests.support import reports
from tests.support.reports import raw_report, raw_server, raw_session


class Reporting(SessionAction):
    """To be mixed with an action plugin: no launch, but a report of these sessions."""

    def __init__(
        self,
        *sessions: dict[str, Any],
        found: list[str] | None = None,
        error: dict[str, Any] | None = None,
        diff: bool = False,
    ) -> None:
        super().__init__(
            Task.load({"action": "winops.rds.win_rds_logoff", "diff": diff, "check_mode": False}),
            None,
            None,
            None,
            None,
            None,
        )
        server = raw_server(*sessions, found=found or [], error=error)
        self.report = raw_report(server)
        self.asked: EngineRequest | None = None
        self.said: list[str] = []

    def run_engine(self, request: EngineRequest, task_vars: dict[str, Any]) -> Report:
        self.asked = request
        return reports.report(self.report)

    def say(self, text: str) -> None:
        self.said.append(text)

    def result(self, **given: Any) -> dict[str, Any]:
        """The task's result, failed or not. Options that are refused raise an OptionError."""
        options = validated_options(given, self.ARGUMENT_SPEC)
        try:
            result = self.run_task(options, {"inventory_hostname": "rdsh01.example"})
        except TaskFailed as failure:
            result = failure.result
        return self.with_event(result)


class ReportedLogoff(Reporting, Logoff):
    pass


class ReportedDisconnect(Reporting, Disconnect):
    pass


class ReportedMessage(Reporting, Message):
    pass


class ReportedSessionInfo(Reporting, SessionInfo):
    pass


#: For each module its action plugin, what it does, and options with which it can be called.
MODULES: dict[str, tuple[Callable[..., Reporting], Act, dict[str, Any]]] = {
    "winops.rds.win_rds_logoff": (ReportedLogoff, LOG_OFF, {}),
    "winops.rds.win_rds_disconnect": (ReportedDisconnect, DISCONNECT, {}),
    "winops.rds.win_rds_message": (ReportedMessage, SEND_MESSAGE, {"message": "Hello"}),
    "winops.rds.win_rds_session_info": (ReportedSessionInfo, LIST, {}),
}


def session(result: str, error: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """One session as the engine reports it."""
    return raw_session(result=result, error=error, **changes)
