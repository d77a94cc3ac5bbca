# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the task makes of the engine's report."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.playbook.task import Task
from ansible_collections.winops.rds.plugins.action.win_rds_logoff import ActionModule
from ansible_collections.winops.rds.plugins.plugin_utils._results import CHANGED, FAILED, RESULTS
from ansible_collections.winops.rds.plugins.plugin_utils._session_action import TaskFailed, validated_options

from tests.unit.plugins.test_results import raw

DENIED = {"call": "WTSLogoffSession", "code": 5}


class Reported(ActionModule):
    """The action plugin, at the moment when the engine has come back."""

    def __init__(self, *sessions: dict[str, Any], found: list[str] | None = None, diff: bool = False) -> None:
        task = Task.load({"action": "winops.rds.win_rds_logoff", "diff": diff})
        super().__init__(task, None, None, None, None, None)
        self.report = {"computer_name": "RDSH01", "found": found or [], "sessions": [*sessions], "error": None}
        self.said: list[str] = []

    def run_engine(self, options: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        return self.report

    def say(self, text: str) -> None:
        self.said.append(text)

    def result(self, **given: Any) -> dict[str, Any]:
        """The task's result, failed or not."""
        options = validated_options(given, ActionModule.ARGUMENT_SPEC)
        try:
            return self.run_task(options, {"inventory_hostname": "rdsh01.example"})
        except TaskFailed as failure:
            return failure.result


def session(result: str | None, error: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    return raw(result=result, error=error, matched_by=[], **changes)


@pytest.mark.parametrize("outcome", RESULTS)
def test_changed_and_failed(outcome: str) -> None:
    engine = None if outcome == "would_log_off" else outcome
    result = Reported(session(engine, DENIED if outcome in ("denied", "failed") else None)).result(all=True)
    assert result["changed"] == (outcome in CHANGED)
    assert result.get("failed", False) == (outcome in FAILED)
    assert result["summary"] == {outcome: 1}
    assert [record["result"] for record in result["sessions"]] == [outcome]
    assert bool(result["sessions"][0]["error"]) == (outcome in FAILED)


def test_nothing_selected_is_no_change_and_no_failure() -> None:
    result = Reported(found=[]).result(sessions=["12", "TERM04"], users=["bob"])
    assert (result["changed"], result.get("failed", False)) == (False, False)
    assert result["not_found"] == ["12", "TERM04", "bob"]
    assert result["msg"] == "No session matches. Not found: 12, TERM04, bob."


def test_a_failure_hides_no_success() -> None:
    result = Reported(session("logged_off", id=12), session("denied", DENIED, id=13)).result(all=True)
    assert (result["changed"], result["failed"]) == (True, True)
    assert [record["id"] for record in result["sessions"]] == [12, 13]
    assert "1 of 2 sessions could not be logged off" in result["msg"]
    assert "5 ERROR_ACCESS_DENIED" in result["msg"]


def test_a_time_out_says_how_long_it_was() -> None:
    result = Reported(session("timed_out")).result(all=True, timeout="90")
    assert "still had the session after 1m 30s" in result["msg"]
    assert "timeout" in result["sessions"][0]["error"]["hint"]


@pytest.mark.parametrize(
    ("protected", "words"),
    [
        ({"id": 0, "name": "services", "state": 4}, "session 0 runs the services of Windows"),
        ({"id": 65536, "name": "rdp-tcp", "state": 6}, "this is a listener"),
        ({"id": 7, "name": "ica-tcp", "state": 6}, "this is a listener"),
        ({"id": 70000, "name": "x", "state": 0}, "this is a listener"),
        ({"id": 1, "name": "Console", "state": 0}, "protect_console=false"),
    ],
    ids=str,
)
def test_protection_is_an_error_only_for_who_asked_for_that_session(protected: dict[str, Any], words: str) -> None:
    named = Reported(session("protected", **protected)).result(sessions=[protected["id"]])
    assert named["failed"]
    assert words in named["msg"]
    swept = Reported(session("protected", **protected)).result(states=["active", "disconnected"])
    assert "failed" not in swept
    assert swept["msg"] == "1 session selected: 1 protected."
    assert swept["sessions"][0]["error"] is None


def test_a_host_without_a_name_has_the_one_of_the_inventory() -> None:
    action = Reported(session("logged_off"))
    action.report["computer_name"] = ""
    assert action.result(all=True)["sessions"][0]["server"] == "rdsh01.example"


def test_each_action_is_told_in_words() -> None:
    action = Reported(session("logged_off", elapsed_ms=2340), session("denied", DENIED, id=13), session(None, id=14))
    action.result(all=True)
    assert action.said[0] == "RDSH01: session 12 (CONTOSO\\alice): logged off after 2.3s"
    assert action.said[1].startswith("RDSH01: session 13 (CONTOSO\\alice): denied: the connecting account may not")
    assert action.said[2] == "RDSH01: session 14 (CONTOSO\\alice): would be logged off"


def test_a_diff_only_where_it_is_asked_for() -> None:
    assert "diff" not in Reported(session("logged_off")).result(all=True)
    diff = Reported(session("logged_off"), diff=True).result(all=True)["diff"]
    assert (len(diff["before"].splitlines()), diff["after"]) == (1, "")
