# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Options are refused before any host is contacted, in words that name the option and the value."""

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
from ansible_collections.winops.rds.plugins.plugin_utils._selection import ARGUMENT_SPEC, Selection
from ansible_collections.winops.rds.plugins.plugin_utils._session_action import (
    NoAnswer,
    TaskFailed,
    validated_options,
)

from tests.support import reports
from tests.support.reports import raw_report, raw_server

ALIASES = [(name, alias) for name, option in ARGUMENT_SPEC.items() for alias in option.get("aliases", ())]
SPELLINGS = [alias for name, option in ARGUMENT_SPEC.items() for alias in (name, *option.get("aliases", ()))]


def options(**given: Any) -> dict[str, Any]:
    return validated_options(given, ActionModule.ARGUMENT_SPEC)


def refusal(**given: Any) -> str:
    with pytest.raises(TaskFailed) as raised:
        options(**given)
    assert raised.value.result == {"failed": True, "msg": str(raised.value)}
    return str(raised.value)


def test_types_and_defaults() -> None:
    given = options(session=12, user="alice,bob", all="no", protect_console="false", timeout=90)
    assert given["sessions"] == ["12"]
    assert given["users"] == ["alice", "bob"]
    assert (given["all"], given["protect_console"], given["wait"]) == (False, False, True)
    assert given["timeout"] == "90"
    assert given["states"] is None
    given = options(all=True, client="PC7", server="RDSH02,RDSH03", max_parallel="5", idle_for=90)
    assert (given["clients"], given["server"]) == (["PC7"], ["RDSH02", "RDSH03"])
    assert (given["max_parallel"], given["idle_for"]) == (5, "90")
    assert (given["missing"], given["on_timeout"], given["server_timeout"]) == ("ignore", "fail", "30s")


def test_an_unknown_option() -> None:
    message = refusal(sesions=12, userz="x", all=True)
    assert message.startswith("unknown option sesions, userz; accepted are all, ")
    assert all(option in message for option in ActionModule.ARGUMENT_SPEC)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"all": "maybe"}, ["'all'", "'maybe'", "Valid booleans"]),
        ({"users": {"alice": 1}}, ["'users'", "dict"]),
        ({"wait": "later", "all": True}, ["'wait'", "'later'"]),
        ({"max_parallel": "many", "all": True}, ["'max_parallel'", "many"]),
        ({"missing": "error", "all": True}, ["missing", "ignore, fail", "error"]),
        ({"on_timeout": "kill", "all": True}, ["on_timeout", "fail, terminate", "kill"]),
    ],
    ids=str,
)
def test_a_value_of_another_type(given: dict[str, Any], words: list[str]) -> None:
    message = refusal(**given)
    assert [word for word in words if word not in message] == []


@pytest.mark.parametrize("option", SPELLINGS)
def test_null_is_not_taken_for_nothing(option: str) -> None:
    """An exclusion that is null by mistake would exclude nobody."""
    assert refusal(**{option: None}).startswith(f"{option} is null; ")


@pytest.mark.parametrize("option", [option for option in SPELLINGS if option != "all"])
@pytest.mark.parametrize("value", [["alice", None], [["alice", "bob"]], [{"name": "alice"}]], ids=str)
def test_a_list_of_something_else(option: str, value: list[Any]) -> None:
    message = refusal(**{option: value})
    assert message.startswith(f"{option}: {value!r} is not a list of plain values")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"idle_for": ["2h"]}, "idle_for: ['2h'] is not text"),
        ({"timeout": {"minutes": 2}}, "timeout: {'minutes': 2} is not text"),
        ({"max_parallel": True}, "max_parallel: True is not a number"),
    ],
    ids=str,
)
def test_what_ansible_would_turn_into_text_or_a_number(given: dict[str, Any], words: str) -> None:
    assert refusal(all=True, **given) == words


@pytest.mark.parametrize(("option", "alias"), ALIASES)
def test_an_option_under_two_names(option: str, alias: str) -> None:
    assert refusal(**{option: "1", alias: "2"}) == f"{option} and {alias} are one option: give one of them"


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
