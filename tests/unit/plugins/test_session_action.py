# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A launch of an engine of sessions: what its report has to be, and what is said where none comes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible.errors import AnsibleError
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
from ansible_collections.winops.rds.plugins.plugin_utils._launch.action import NotKnown
from ansible_collections.winops.rds.plugins.plugin_utils._launch.failed import TaskFailed
from ansible_collections.winops.rds.plugins.plugin_utils._options.selection import Selection

from tests.support import reports
from tests.support.reports import Raw, raw_report, raw_server, raw_session

MEMBERS: dict[str, Any] = {"title": "t", "message": "m", "message_style": 0, "message_seconds": 0, "remaining_ms": 0}
TRACE: dict[str, Any] = {"trace": "", "trace_names": True}
LOOK = request(SessionInfoRequest, Selection(all=True), check_mode=False)
LOGOFF = same_sessions(LogoffRequest, LOOK, timeout_ms=1000, max_parallel=None, **TRACE)
DISCONNECT = same_sessions(DisconnectRequest, LOOK, timeout_ms=1000, **TRACE)
MESSAGE = same_sessions(MessageRequest, LOOK, wait_for_answer=False, **MEMBERS)
CHECK = replace(LOGOFF, check_mode=True)
EXCLUDING = request(
    LogoffRequest,
    Selection(all=True, exclude_users=("bob", "alise")),
    check_mode=False,
    timeout_ms=1000,
    max_parallel=None,
    **TRACE,
)
SELECTING = request(
    LogoffRequest,
    Selection(users=("alice",), exclude_users=("bob", "alise")),
    check_mode=False,
    timeout_ms=1000,
    max_parallel=None,
    **TRACE,
)

#: What a message says if it is not known what was done, and whether the task counts as changed.
UNHEARD = [
    (LOGOFF, "Sessions may have been logged off: --check tells who is left; run the task again", True),
    (DISCONNECT, "Sessions may have been disconnected: --check tells which are not; run the task again", True),
    (MESSAGE, "Users may have got the message, and get it once more if you run the task again", False),
    (LOOK, "Nothing was changed; run the task again", False),
    (CHECK, "Nothing was changed; run the task again", False),
]


class Launched(ActionModule):
    """The action plugin, with what comes back from the host."""

    def __init__(self, **answer: Any) -> None:
        super().__init__(Task.load({"action": "winops.rds.win_rds_logoff"}), None, None, None, None, None)
        self.answer = answer

    def _execute_module(self, **_: Any) -> dict[str, Any]:
        self.launch_begins()
        if "error" in self.answer:
            raise self.answer["error"]
        return self.answer

    def failure(self, asked: EngineRequest = LOGOFF) -> TaskFailed:
        with pytest.raises(TaskFailed) as raised:
            self.run_engine(asked, {})
        return raised.value


@pytest.mark.parametrize(("asked", "words", "changed"), UNHEARD)
@pytest.mark.parametrize("error", [AnsibleError, OSError, ValueError])
def test_a_connection_that_breaks_leaves_open_what_was_done(
    error: type[Exception], asked: EngineRequest, words: str, changed: bool
) -> None:
    failure = Launched(error=error("winrm send_input failed; \nstdout: x")).failure(asked)
    assert isinstance(failure, NotKnown)
    assert str(failure) == f"no answer from the session engine: winrm send_input failed; stdout: x. {words}."
    assert failure.result["changed"] is changed


@pytest.mark.parametrize(("asked", "words", "changed"), UNHEARD)
def test_a_result_without_a_report_leaves_open_what_was_done(asked: EngineRequest, words: str, changed: bool) -> None:
    failure = Launched(msg="MODULE FAILURE", module_stdout="{", rc=1).failure(asked)
    assert isinstance(failure, NotKnown)
    assert str(failure) == (
        f"no report came from the session engine, so what it did is not known: MODULE FAILURE. {words}."
    )
    assert failure.result["changed"] is changed
    assert failure.result["module_stdout"] == "{"


@pytest.mark.parametrize("poll", [0, 5])
def test_async_is_refused_with_the_reason(poll: int) -> None:
    task = Task.load({"action": "winops.rds.win_rds_logoff", "async": 30, "poll": poll})
    result = ActionModule(task, None, None, None, None, None).run(None, {})
    assert result["failed"]
    assert result["msg"].startswith("async is not supported: the controller takes part in this task")
    assert all(words in result["msg"] for words in ("async: 0", "wait=false", "forks"))


@pytest.mark.parametrize(
    ("code", "words"), [(1355, "1355 ERROR_NO_SUCH_DOMAIN"), (1789, "1789 ERROR_TRUSTED_RELATIONSHIP_FAILURE")]
)
def test_accounts_that_could_not_be_looked_up(code: int, words: str) -> None:
    failure = Launched(report=raw_report(error={"call": "LookupAccountNameW", "code": code})).failure()
    assert str(failure).startswith("an account could not be looked up, so nobody was touched: ")
    assert f"(LookupAccountNameW) [{words}]. " in str(failure)
    assert not failure.result.get("changed") and not isinstance(failure, NotKnown)


def test_exclusions_that_are_nobodys_stop_the_task() -> None:
    failure = Launched(report=raw_report(unknown_exclusions=[{"position": 1, "use": 0, "name": None}])).failure(
        EXCLUDING
    )
    assert str(failure).startswith("exclude_users: alise is no account, which would spare nobody, so nobody was touch")
    assert not failure.result.get("changed") and not isinstance(failure, NotKnown)


def test_a_report() -> None:
    told = raw_report(raw_server())
    assert Launched(report=told, changed=False).run_engine(LOGOFF, {}) == reports.report(told)


def unreadable(report: Raw, asked: EngineRequest = LOGOFF) -> str:
    """Why a report is not believed."""
    failure = Launched(report=report).failure(asked)
    assert isinstance(failure, NotKnown)
    assert failure.result["changed"] is asked.may_change
    begin = "the session engine's answer cannot be read: "
    assert str(failure).startswith(begin)
    assert str(failure).endswith(f". {asked.if_unanswered}, with -vvv to see the answer.")
    return str(failure).removeprefix(begin).partition(". ")[0]


DENIED = {"call": "WTSLogoffSession", "code": 5}
BOTH = replace(SELECTING, servers=("", "RDSH02"))


@pytest.mark.parametrize("asked", [LOGOFF, CHECK, MESSAGE], ids=["logoff", "check", "message"])
def test_a_report_that_is_none(asked: EngineRequest) -> None:
    assert unreadable(raw_report({}), asked) == "report.servers[0].server is missing"


@pytest.mark.parametrize(
    ("report", "why"),
    [
        (raw_report(raw_server()), "report.servers are not those of the task"),
        (raw_report(raw_server(server="RDSH02"), raw_server()), "report.servers are not those of the task"),
        (raw_report(raw_server(), error=DENIED), "report.servers were worked on in spite of an error"),
        (
            raw_report(raw_server(), unknown_exclusions=[{"position": 0, "use": 0, "name": None}]),
            "report.servers were worked on in spite of an error",
        ),
        (
            raw_report(
                unknown_exclusions=[{"position": 1, "use": 0, "name": None}, {"position": 2, "use": 0, "name": None}]
            ),
            "report.unknown_exclusions[1] is none of those of the task",
        ),
        (
            raw_report(unknown_exclusions=[{"position": -1, "use": 0, "name": None}]),
            "report.unknown_exclusions[0] is none of those of the task",
        ),
    ],
    ids=str,
)
def test_a_report_that_does_not_fit_the_request(report: Raw, why: str) -> None:
    assert unreadable(report, BOTH) == why


WHERE = "report.servers[0]"


@pytest.mark.parametrize(
    ("server", "why"),
    [
        ({"sessions": [raw_session(), raw_session(user="bob")]}, ".sessions are too many, or have an ID twice"),
        (
            {"sessions": [raw_session()], "excluded": [raw_session(result="excluded", accepted=False)]},
            ".sessions are too many, or have an ID twice",
        ),
        ({"sessions": [raw_session(id=-1)]}, ".sessions, ID -1, which is none"),
        ({"sessions": [raw_session(id=0xFFFFFFFE)]}, ".sessions, ID 4294967294, which is none"),
        ({"sessions": [raw_session(user="x" * 1025, logon="")]}, ".sessions[0].user has 1025 characters"),
        ({"sessions": [raw_session(result="excluded")]}, ".sessions, ID 12: result is 'excluded'"),
        ({"sessions": [raw_session(result="listed")]}, ".sessions, ID 12: result is 'listed'"),
        ({"sessions": [raw_session(result="denied")]}, ".sessions, ID 12: result is 'denied'"),
        ({"excluded": [raw_session(accepted=False)]}, ".excluded, ID 12: result is 'logged_off'"),
        ({"excluded": [raw_session(result="excluded", accepted=True)]}, ".excluded, ID 12: result is 'excluded'"),
        # Whom an exclusion means is not selected by it.
        (
            {"sessions": [raw_session(matched_by=["exclude_users:0"])]},
            ".sessions, ID 12: matched_by holds 'exclude_users:0'",
        ),
        ({"sessions": [raw_session(matched_by=["users:1"])]}, ".sessions, ID 12: matched_by holds 'users:1'"),
        ({"sessions": [raw_session(matched_by=["users:00"])]}, ".sessions, ID 12: matched_by holds 'users:00'"),
        ({"found": ["exclude_users:2"]}, ".found holds 'exclude_users:2'"),
        ({"found": ["current:0"]}, ".found holds 'current:0'"),
        ({"found": ["check_mode:0"]}, ".found holds 'check_mode:0'"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_server_of_a_report_that_cannot_be(server: Raw, why: str) -> None:
    assert unreadable(raw_report(raw_server(**server)), SELECTING).startswith(f"{WHERE}{why[:30]}")


def test_a_server_with_too_many_sessions() -> None:
    # Made here and not as a case of the test above, which every process of the tests would keep: 65,536 dictionaries.
    report = raw_report(raw_server(*[raw_session(id=n) for n in range(65536)]))
    assert unreadable(report, SELECTING).startswith(f"{WHERE}.sessions are too many, or have an ID twice")


def test_what_matched_and_what_was_excluded_is_read() -> None:
    told = raw_report(
        raw_server(
            raw_session(matched_by=["users:0"], user="x" * 1024, logon=""),
            excluded=[raw_session(id=13, result="excluded", accepted=False)],
            found=["users:0", "exclude_users:1"],
        )
    )
    assert Launched(report=told).run_engine(SELECTING, {}) == reports.report(told)


def test_in_check_mode_nothing_can_have_been_accepted() -> None:
    told = raw_report(raw_server(raw_session(result="would_log_off", accepted=True)))
    assert unreadable(told, CHECK) == f"{WHERE}.sessions, ID 12: result is 'would_log_off'"
    assert (
        unreadable(raw_report(raw_server(raw_session())), CHECK) == f"{WHERE}.sessions, ID 12: result is 'logged_off'"
    )
