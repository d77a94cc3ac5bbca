# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The launch, and what is said where it fails."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.playbook.task import Task
from ansible_collections.winops.rds.plugins.action.win_rds_logoff import ActionModule
from ansible_collections.winops.rds.plugins.plugin_utils._engine.requests import (
    DisconnectRequest,
    EngineRequest,
    LogoffRequest,
    MessageRequest,
    SessionInfoRequest,
    request,
    same_sessions,
)
from ansible_collections.winops.rds.plugins.plugin_utils._selection import Selection
from ansible_collections.winops.rds.plugins.plugin_utils._task_failed import TaskFailed

from tests.support import reports
from tests.support.reports import raw_report, raw_server

MEMBERS: dict[str, Any] = {"title": "t", "message": "m", "message_style": 0, "message_seconds": 0, "remaining_ms": 0}
LOOK = request(SessionInfoRequest, Selection(all=True), check_mode=False)
LOGOFF = same_sessions(LogoffRequest, LOOK, timeout_ms=1000, max_parallel=None)
DISCONNECT = same_sessions(DisconnectRequest, LOOK, timeout_ms=1000)
MESSAGE = same_sessions(MessageRequest, LOOK, wait_for_answer=False, **MEMBERS)


class Launched(ActionModule):
    """The action plugin, with what comes back from the host."""

    def __init__(self, **answer: Any) -> None:
        super().__init__(Task.load({"action": "winops.rds.win_rds_logoff"}), None, None, None, None, None)
        self.answer = answer

    def _execute_module(self, **_: Any) -> dict[str, Any]:
        return self.answer

    def failure(self) -> dict[str, Any]:
        with pytest.raises(TaskFailed) as raised:
            self.run_engine(LOGOFF, {})
        return raised.value.result


class Broken(ActionModule):
    """The action plugin, whose connection breaks."""

    def __init__(self, error: Exception, asked: EngineRequest) -> None:
        super().__init__(Task.load({"action": "winops.rds.win_rds_logoff"}), None, None, None, None, None)
        self.error, self.asked = error, asked

    def _execute_module(self, **_: Any) -> dict[str, Any]:
        raise self.error

    def launch_engine(self) -> None:
        self.run_engine(self.asked, {})


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (LOGOFF, "Sessions may have been logged off: --check tells who is left; run the task again."),
        (DISCONNECT, "Sessions may have been disconnected: --check tells which are not; run the task again."),
        (MESSAGE, "Users may have got the message, and get it once more if you run the task again."),
        (LOOK, "Nothing was changed; run the task again."),
    ],
)
@pytest.mark.parametrize("error", [AnsibleError, OSError, ValueError])
def test_a_connection_that_breaks_leaves_open_what_was_done(
    error: type[Exception], asked: EngineRequest, words: str
) -> None:
    with pytest.raises(NoAnswer) as raised:
        Broken(error("winrm send_input failed; \nstdout: x"), asked).launch_engine()
    assert str(raised.value) == f"no answer from the session engine: winrm send_input failed; stdout: x. {words}"


def test_a_host_that_is_not_reached_is_unreachable() -> None:
    with pytest.raises(AnsibleConnectionFailure, match="refused"):
        Broken(AnsibleConnectionFailure("refused"), LOGOFF).launch_engine()


@pytest.mark.parametrize("poll", [0, 5])
def test_async_is_refused_with_the_reason(poll: int) -> None:
    task = Task.load({"action": "winops.rds.win_rds_logoff", "async": 30, "poll": poll})
    result = ActionModule(task, None, None, None, None, None).run(None, {})
    assert result["failed"]
    assert result["msg"].startswith("async is not supported: the controller takes part in this task")
    assert all(words in result["msg"] for words in ("async: 0", "wait=false", "forks"))


def test_a_launch_that_failed_is_told_in_the_words_of_the_connection() -> None:
    failure = Launched(unreachable=True, msg="ntlm: the specified credentials were rejected by the server").failure()
    assert failure["msg"] == "ntlm: the specified credentials were rejected by the server"
    assert (failure["failed"], failure["unreachable"]) == (True, True)
    assert Launched().failure()["msg"] == "the session engine did not run"


@pytest.mark.parametrize(
    ("code", "words"), [(1355, "1355 ERROR_NO_SUCH_DOMAIN"), (1789, "1789 ERROR_TRUSTED_RELATIONSHIP_FAILURE")]
)
def test_accounts_that_could_not_be_looked_up(code: int, words: str) -> None:
    report = {"servers": [], "unknown_exclusions": [], "error": {"call": "LookupAccountName", "code": code}}
    message = Launched(report=report).failure()["msg"]
    assert message.startswith("an account could not be looked up: ")
    assert f"(LookupAccountName) [{words}]. " in message


def test_a_report() -> None:
    told = raw_report(raw_server())
    assert Launched(report=told, changed=False).run_engine(LOGOFF, {}) == reports.report(told)


def test_a_report_that_is_none() -> None:
    message = Launched(report={"servers": [{}], "unknown_exclusions": [], "error": None}).failure()["msg"]
    assert message.startswith("the session engine's answer cannot be read: ")
    assert "--check" in message
