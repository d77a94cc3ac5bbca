# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A grace period after which nobody is logged off: who has stayed, and what is said where that is not known."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from ansible_collections.winops.rds.plugins.plugin_utils._engine.requests import (
    LogoffRequest,
    MessageRequest,
    SessionInfoRequest,
)

from simulator.farm import Fault
from tests.support.calls import LOGOFF
from tests.unit.grace.direct import Farm, Task, outcomes

Serve = Callable[..., Farm]

ALICE, BOB, CAROL = ({"id": 12 + n, "user": user} for n, user in enumerate(("alice", "bob", "carol")))
DAVE = {"id": 20, "user": "dave", "logged_on": 0}
OPERATOR = {"id": 1, "name": "console", "user": "operator"}
MINUTE = 60
QUARTER = {"all": True, "grace": "15m"}
TOLD = {**QUARTER, "message": "{user}, please log off by {deadline}.", "reminders": ["5m"]}
modes = pytest.mark.parametrize("mode", ["leave", "fail"])


def touched(farm: Farm) -> list[int]:
    """For whom a logoff was asked for, by whomever."""
    return [call.session for call in farm.api.witnessed if call.function == LOGOFF]


@modes
def test_who_stays_is_named_and_nobody_is_logged_off(serve: Serve, mode: str) -> None:
    farm = serve(ALICE, BOB, OPERATOR)
    farm.change(6.5 * MINUTE, {"remove": 13})
    task = farm.task(**TOLD, at_deadline=mode)
    result = task.outcome()
    end = f"{farm.clock.utc():%H:%M}"
    assert outcomes(result) == {1: "protected", 12: "stayed", 13: "already_gone"}
    assert (result["changed"], result.get("failed", False)) == (False, mode == "fail")
    assert f"Still on at {end} UTC: CONTOSO\\alice." in result["msg"]
    assert (result["msg"].startswith("Still on"), "Run the task again" in result["msg"]) == (mode == "fail",) * 2
    assert result["summary"]["stayed"] == 1
    assert "alice" in result["diff"]["after"]
    assert result["deadline"] == f"{farm.clock.utc():%Y-%m-%dT%H:%M:%SZ}"
    assert (touched(farm), task.launches(LogoffRequest)) == ([], [])
    assert task.launches(SessionInfoRequest)[-1] == 15 * MINUTE
    assert task.launches(MessageRequest) == [0, 10 * MINUTE]
    assert task.shown[0] == f"RDSH01: 2 sessions warned: alice, bob; deadline at {end} UTC (in 15m)"
    assert task.shown[-1] == "RDSH01: 1 session still on: alice"


@modes
def test_it_ends_once_everybody_has_left(serve: Serve, mode: str) -> None:
    farm = serve(ALICE)
    farm.change(6.5 * MINUTE, {"remove": 12})
    task = farm.task(**TOLD, at_deadline=mode)
    result = task.outcome()
    assert farm.clock.passed == 7 * MINUTE
    assert (outcomes(result), result["changed"], "failed" in result) == ({12: "already_gone"}, False, False)
    assert result["msg"] == "1 session selected: 1 already gone."
    assert task.shown[-1] == "RDSH01: 8m left: nobody is left of those who were waited for, so it ends here"


@modes
@pytest.mark.parametrize("message", [{}, {"message": ""}], ids=["none", "empty"])
def test_nobody_has_to_be_told(serve: Serve, mode: str, message: dict[str, str]) -> None:
    """It begins with a plan of the logoff, which knows who is protected."""
    farm = serve(ALICE, BOB, OPERATOR)
    farm.change(6.5 * MINUTE, {"remove": 13})
    task = farm.task(**QUARTER, **message, at_deadline=mode)
    result = task.outcome()
    assert outcomes(result) == {1: "protected", 12: "stayed", 13: "already_gone"}
    assert [record["warnings"] for record in result["sessions"]] == [0, 0, 0]
    assert (task.launches(MessageRequest), task.messages(), touched(farm)) == ([], [], [])
    assert [one.passed for one in task.launched if one.request["check_mode"]] == task.launches(LogoffRequest) == [0]
    assert task.shown[0].startswith("RDSH01: 2 sessions on and waited for: alice, bob; deadline at ")


@modes
def test_who_is_on_is_not_known_where_the_last_look_fails(serve: Serve, mode: str) -> None:
    farm = serve(ALICE, BOB)
    farm.change(6.5 * MINUTE, {"remove": 13})
    task = farm.task(**TOLD, at_deadline=mode)
    farm.clock.at(14.5 * MINUTE, lambda: setattr(task.connection, "down", True))
    result = task.outcome()
    assert farm.clock.passed == 15 * MINUTE + 30
    assert (result["failed"], result["changed"]) == (True, False)
    assert outcomes(result) == {12: "failed", 13: "already_gone"}
    assert (
        "it is not known who is on. On at the last look: alice. Run the task again. The reason: the host is down"
        in (result["msg"])
    )


def test_the_last_look_is_tried_again(serve: Serve) -> None:
    farm = serve(ALICE)
    task = farm.task(**TOLD, at_deadline="leave")
    farm.clock.at(14.5 * MINUTE, lambda: setattr(task.connection, "down", True))
    farm.clock.at(15 * MINUTE + 8, lambda: setattr(task.connection, "down", False))
    assert outcomes(task.outcome()) == {12: "stayed"}
    assert task.launched[-1].passed == 15 * MINUTE + 15


def test_one_of_several_servers_is_lost_and_its_people_have_not_stayed(serve: Serve) -> None:
    lost = Fault.model_validate({"call": "WTSEnumerateSessionsEx", "error": 1722})
    farm = serve(hosts=[{"name": "RDSH01", "sessions": [BOB]}, {"name": "RDSH02", "sessions": [ALICE]}])
    farm.clock.at(14.5 * MINUTE, lambda: farm.hosts["RDSH02"].faults.append(lost))
    result = farm.task(**TOLD, at_deadline="leave", server=["RDSH01", "RDSH02"]).outcome()
    assert [(one["server"], one["result"]) for one in result["sessions"]] == [
        ("RDSH01", "stayed"),
        ("RDSH02", "failed"),
    ]
    assert result["failed"] and "[1722 RPC_S_SERVER_UNAVAILABLE]" in result["msg"]


def test_one_session_that_cannot_be_looked_at_has_not_stayed(serve: Serve) -> None:
    farm = serve(ALICE, BOB)
    farm.faults(14.5 * MINUTE, {"call": "WTSQuerySessionInformation", "session": 13, "error": 1726})
    result = farm.task(**TOLD, at_deadline="leave").outcome()
    assert outcomes(result) == {12: "stayed", 13: "failed"}
    assert result["failed"] and "[1726 RPC_S_CALL_FAILED]" in result["msg"]


@modes
def test_who_logs_on_meanwhile_is_named_and_left_alone(serve: Serve, mode: str) -> None:
    """What comes next may be a restart."""
    farm = serve(ALICE)
    farm.change(6.5 * MINUTE, {"put": DAVE}, {"remove": 12})
    result = farm.task(**TOLD, at_deadline=mode).outcome()
    assert (outcomes(result), "failed" in result) == ({12: "already_gone"}, False)
    assert result["msg"].endswith(" Also on by now: dave.")
    farm = serve(ALICE)
    farm.change(6.5 * MINUTE, {"put": DAVE})
    farm.change(9.5 * MINUTE, {"put": {**DAVE, "id": 12, "user": "mallory"}})
    result = farm.task(**QUARTER, at_deadline=mode).outcome()
    assert outcomes(result) == {12: "already_gone"}
    assert result["msg"].endswith(" Also on by now: mallory, dave.")


def test_who_does_not_match_any_more_is_spared(serve: Serve) -> None:
    farm = serve({**ALICE, "idle": "3h"}, {**BOB, "idle": "3h"})
    farm.change(6.5 * MINUTE, {"input": 13})
    task = farm.task(idle_for="1h", grace="15m", at_deadline="leave")
    assert outcomes(task.outcome()) == {12: "stayed", 13: "spared"}


def test_no_promise_is_broken_where_nobody_is_logged_off(serve: Serve) -> None:
    """The controller sleeps over the end: nothing is put off."""
    farm = serve(ALICE)
    asleep = farm.clock.sleep

    def late(seconds: float) -> None:
        asleep(seconds)
        farm.clock.passed = max(farm.clock.passed, 5 * 60 * MINUTE)

    farm.clock.sleep = late  # type: ignore[method-assign]
    task = farm.task(**TOLD, at_deadline="leave")
    assert outcomes(task.outcome()) == {12: "stayed"}
    assert len(task.messages()) == 1
    assert not any("later than promised" in line for line in task.shown)


def test_a_task_that_is_tried_again_tells_of_all_attempts(serve: Serve) -> None:
    """Who had stayed and has left by the second attempt, and who was logged off before the end of the first."""
    farm = serve(ALICE, {**BOB, "state": "disconnected", "disconnected": "2h"}, CAROL)
    options = {**TOLD, "at_deadline": "fail", "disconnected_grace": "10m"}
    first, second = farm.task(**options), farm.task(**options)
    second._task = first._task
    assert outcomes(first.outcome()) == {12: "stayed", 13: "logged_off", 14: "stayed"}
    farm.change(farm.clock.passed, {"remove": 12})
    farm.change(farm.clock.passed + 6.5 * MINUTE, {"remove": 14})
    result = second.outcome()
    assert outcomes(result) == {12: "already_gone", 13: "logged_off", 14: "already_gone"}
    assert (result["changed"], result.get("failed", False)) == (True, False)


@pytest.mark.parametrize(
    ("options", "results", "words"),
    [
        (
            {"at_deadline": "leave"},
            ("stayed", "stayed"),
            "2 would be warned now. Whoever is still on at {} would stay.",
        ),
        (
            {"at_deadline": "fail", "message": ""},
            ("stayed", "stayed"),
            "2 would be waited for. Whoever is still on at {} would make the task fail.",
        ),
        (
            {"at_deadline": "leave", "disconnected_grace": "10m"},
            ("stayed", "would_log_off"),
            "2 would be warned now. Whoever is still on at {} would stay. Disconnected for 10m, and so to be logged "
            "off at once: 1.",
        ),
        (
            {"disconnected_grace": "10m"},
            ("would_log_off", "would_log_off"),
            "2 would be warned now, and logged off at {}. Disconnected for 10m, and so to be logged off at once: 1.",
        ),
    ],
    ids=str,
)
def test_check_mode_says_what_would_happen(
    serve: Serve, options: dict[str, str], results: tuple[str, str], words: str
) -> None:
    farm = serve(ALICE, {**BOB, "state": "disconnected", "disconnected": "2h"})
    task = Task(farm, {**QUARTER, "message": "Please log off.", **options}, check=True)
    result = task.outcome()
    assert tuple(outcomes(result).values()) == results
    assert (result["changed"], result.get("failed", False)) == ("would_log_off" in results, False)
    assert (farm.clock.passed, len(task.launched), task.messages(), touched(farm)) == (0, 1, [], [])
    deadline = datetime.fromisoformat(result["deadline"]) + timedelta(seconds=30)  # told to the minute, rounded
    assert result["msg"].endswith(words.format(f"{deadline:%H:%M} UTC"))
