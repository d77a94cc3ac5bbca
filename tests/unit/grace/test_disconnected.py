# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Sessions that have been disconnected for long enough are logged off before the end: these, then, and no others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.winops.rds.plugins.plugin_utils._engine.requests import LogoffRequest, SessionInfoRequest

from simulator.farm import Change, Fault
from tests.unit.grace.direct import Farm, Task, outcomes

Serve = Callable[..., Farm]

ALICE, BOB = {"id": 12, "user": "alice"}, {"id": 13, "user": "bob"}
AWAY = {**BOB, "state": "disconnected", "disconnected": "9h"}
MINUTE = 60
#: A look each minute.
OPTIONS = {"all": True, "grace": "30m", "message": "{minutes} min", "disconnected_grace": "10m"}
#: Seen at 4 min, due at 13.5: with whoever is due in the same minute.
DUE = 14 * MINUTE
deadlines = pytest.mark.parametrize("at_deadline", ["logoff", "leave", "fail"])


def away(farm: Farm, since: float = 3.5) -> None:
    """Bob closes the client, so many minutes after the beginning."""
    farm.change(since * MINUTE, {"disconnect": 13})


@deadlines
def test_who_is_disconnected_for_long_enough(serve: Serve, at_deadline: str) -> None:
    farm = serve(ALICE, BOB)
    away(farm)
    task = farm.task(**OPTIONS, at_deadline=at_deadline)
    result = task.outcome()
    at_the_end = [(30 * MINUTE, 12)] if at_deadline == "logoff" else []
    assert task.logoffs() == [(DUE, 13), *at_the_end]
    assert outcomes(result) == {12: "logged_off" if at_the_end else "stayed", 13: "logged_off"}
    assert (result["changed"], result.get("failed", False)) == (True, at_deadline == "fail")
    assert {record["id"]: record["warnings"] for record in result["sessions"]} == {12: 1, 13: 1}
    assert "RDSH01: 16m left: 1 session disconnected for 10m and logged off: bob" in task.shown
    # What is not due costs nothing, and the logoff is part of the look.
    assert task.launches(SessionInfoRequest) == [*range(MINUTE, (30 if at_the_end else 31) * MINUTE, MINUTE)]


@pytest.mark.parametrize(("grace", "away_for"), [("0", "1m"), ("30s", "2m"), ("10m", "9h")])
def test_who_is_so_at_the_beginning_goes_at_once(serve: Serve, grace: str, away_for: str) -> None:
    farm = serve(ALICE, {**AWAY, "disconnected": away_for})
    task = farm.task(**{**OPTIONS, "disconnected_grace": grace}, reminders=["5m"])
    result = task.outcome()
    assert task.logoffs() == [(0, 13), (30 * MINUTE, 12)]
    assert outcomes(result) == {12: "logged_off", 13: "logged_off"}


def test_at_once_is_at_the_look_that_sees_it(serve: Serve) -> None:
    farm = serve(ALICE, BOB)
    away(farm)
    task = farm.task(**{**OPTIONS, "disconnected_grace": "0s"})
    task.outcome()
    assert task.logoffs()[0] == (4 * MINUTE, 13)


def test_nobody_else_is_left_so_it_ends_there(serve: Serve) -> None:
    farm = serve(AWAY)
    task = farm.task(**OPTIONS, at_deadline="fail")
    result = task.outcome()
    assert (farm.clock.passed, len(task.launched), result["changed"], "failed" in result) == (0, 2, True, False)
    assert result["msg"] == "1 session selected: 1 logged off."


def test_who_needs_no_warning_is_one_who_takes_none(serve: Serve) -> None:
    farm = serve(hosts=[{"name": "RDSH01", "sessions": [ALICE, AWAY], "disconnected_message_error": 5}])
    result = farm.task(**OPTIONS, at_deadline="leave").outcome()
    assert (outcomes(result), result.get("failed", False)) == ({12: "stayed", 13: "logged_off"}, False)


def test_who_comes_back_starts_anew(serve: Serve) -> None:
    farm = serve(ALICE, BOB)
    away(farm)
    farm.change(8.5 * MINUTE, {"reconnect": 13})
    away(farm, 9.5)
    task = farm.task(**OPTIONS)
    task.outcome()
    assert task.logoffs() == [(20 * MINUTE, 13), (30 * MINUTE, 12)]


@deadlines
def test_who_comes_back_unseen_is_seen_by_the_host(serve: Serve, at_deadline: str) -> None:
    """Between the look and the logoff, which is not asked for again before the next look sees bob disconnected."""
    farm = serve(ALICE, BOB)
    away(farm)
    task = farm.task(**OPTIONS, at_deadline=at_deadline)
    back = [Change.model_validate({"reconnect": 13})]
    task.before_launch = lambda engine: engine == LogoffRequest.module and farm.host.apply(back)
    result = task.outcome()
    assert [passed for passed, _session in task.logoffs()] == ([30 * MINUTE] * 2 if at_deadline == "logoff" else [])
    assert task.launches(LogoffRequest)[0] == DUE
    assert outcomes(result)[13] == ("logged_off" if at_deadline == "logoff" else "stayed")


def test_since_when_it_is_not_known_it_waits_for_the_end(serve: Serve) -> None:
    farm = serve(ALICE, {**AWAY, "disconnected": None})
    task = farm.task(**{**OPTIONS, "disconnected_grace": 0})
    task.outcome()
    assert task.logoffs() == [(30 * MINUTE, 12), (30 * MINUTE, 13)]


def test_a_clock_that_jumps_makes_nobody_disconnected_for_longer(serve: Serve) -> None:
    farm = serve(ALICE, BOB)
    away(farm)
    now = farm.host.table.now
    farm.clock.at(5.5 * MINUTE, lambda: setattr(farm.host.table, "now", lambda: now().replace(year=now().year + 1)))
    task = farm.task(**OPTIONS, at_deadline="leave")
    assert outcomes(task.outcome()) == {12: "stayed", 13: "logged_off"}
    ((passed, session),) = task.logoffs()
    assert session == 13 and passed >= 13.5 * MINUTE - 60


def test_an_id_that_somebody_else_got_meanwhile(serve: Serve) -> None:
    farm = serve(ALICE, AWAY | {"disconnected": "5m"})
    mallory = {**AWAY, "user": "mallory", "logged_on": 0}
    farm.change(4.4 * MINUTE, {"put": mallory})
    farm.change(6.5 * MINUTE, {"remove": 12})
    task = farm.task(**OPTIONS)
    assert outcomes(task.outcome()) == {12: "already_gone", 13: "already_gone"}
    assert (task.logoffs(), farm.users()) == ([], {13: "mallory"})


def test_only_whom_the_options_select(serve: Serve) -> None:
    carol = {"id": 14, "user": "carol", "state": "disconnected", "disconnected": "9h"}
    farm = serve(ALICE, AWAY, carol)
    task = farm.task(**OPTIONS, exclude_users="carol", at_deadline="leave")
    task.outcome()
    assert farm.users() == {12: "alice", 14: "carol"}


def test_a_longer_time_of_the_task_holds(serve: Serve) -> None:
    farm = serve(AWAY | {"disconnected": "3h"}, {**AWAY, "id": 14, "user": "carol"})
    options = {**OPTIONS, "all": "{{ omit }}", "disconnected_for": "8h"}
    del options["all"]
    result = farm.task(**options, at_deadline="leave").outcome()
    assert (outcomes(result), farm.users()) == ({14: "logged_off"}, {13: "bob"})


def test_who_logs_on_meanwhile_is_left_alone_unless_wanted(serve: Serve) -> None:
    dave = {"id": 20, "user": "dave", "logged_on": 0, "state": "disconnected", "disconnected": 0}
    for newcomers, moment in ("ignore", None), ("logoff", 19 * MINUTE):
        farm = serve(ALICE)
        farm.change(8.5 * MINUTE, {"put": dave})
        task = farm.task(**OPTIONS, newcomers=newcomers)
        task.outcome()
        assert ((moment, 20) in task.logoffs()) == (moment is not None)
        assert len(task.logoffs()) == 1 + (moment is not None)


def test_the_host_is_not_reached_when_the_time_is_over(serve: Serve) -> None:
    farm = serve(ALICE, BOB)
    away(farm)
    task = farm.task(**OPTIONS, at_deadline="leave")
    farm.clock.at(12.5 * MINUTE, lambda: setattr(task.connection, "down", True))
    farm.clock.at(15.5 * MINUTE, lambda: setattr(task.connection, "down", False))
    assert outcomes(task.outcome()) == {12: "stayed", 13: "logged_off"}
    assert task.logoffs() == [(16 * MINUTE, 13)]


def test_a_reminder_that_was_sent_is_not_sent_again(serve: Serve) -> None:
    """The launch after it is lost."""
    farm = serve(ALICE, BOB)
    away(farm)
    task = farm.task(**OPTIONS, reminders=["16m"])
    task.before_launch = lambda engine: engine == LogoffRequest.module and not task.logoffs() and broken()
    failed: list[bool] = []

    def broken() -> None:
        if not failed:
            failed.append(True)
            raise OSError("the connection is broken")

    task.outcome()
    assert [passed for passed, session, _text in task.messages() if session == 12] == [0, DUE]
    assert task.logoffs()[0] == (DUE + MINUTE, 13)


@deadlines
@pytest.mark.parametrize("carried_out", [True, False])
def test_no_answer_comes(serve: Serve, at_deadline: str, carried_out: bool) -> None:
    farm = serve(ALICE, BOB)
    away(farm)
    task = farm.task(**OPTIONS, at_deadline=at_deadline)
    broken: list[str] = []

    def break_once(launched: str) -> None:
        if launched == LogoffRequest.module and not broken:
            broken.append(launched)
            raise OSError("the connection is broken")

    setattr(task, "after_launch" if carried_out else "before_launch", break_once)
    result = task.outcome()
    assert outcomes(result)[13] == ("already_gone" if carried_out else "logged_off")
    assert result["changed"]
    assert "An answer to the logoff was lost" in result["msg"]
    assert 13 not in farm.users()


@deadlines
def test_who_could_not_be_logged_off_is_not_asked_again_before_the_end(serve: Serve, at_deadline: str) -> None:
    farm = serve(ALICE, AWAY)
    farm.host.faults.append(Fault.model_validate({"call": "WTSLogoffSession", "session": 13, "error": 5}))
    task = farm.task(**OPTIONS, at_deadline=at_deadline)
    result = task.outcome()
    again = [(30 * MINUTE, 12), (30 * MINUTE, 13)] if at_deadline == "logoff" else []
    assert task.logoffs() == [(0, 13), *again]
    assert outcomes(result) == {12: "logged_off" if again else "stayed", 13: "denied"}
    assert result["failed"] and "[5 ERROR_ACCESS_DENIED]" in result["msg"]
    assert "RDSH01: 30m left: 1 session disconnected for 10m and not logged off: bob" in task.shown


@pytest.mark.parametrize(("gone", "result"), [(True, "logged_off"), (False, "timed_out")])
def test_a_session_that_takes_its_time_is_told_as_it_is_in_the_end(serve: Serve, gone: bool, result: str) -> None:
    farm = serve(ALICE, AWAY | {"logoff": "never"})
    if gone:
        farm.change(6.5 * MINUTE, {"remove": 13})
    told = farm.task(**OPTIONS, timeout="0.3s", at_deadline="leave").outcome()
    assert outcomes(told) == {12: "stayed", 13: result}
    assert (told["changed"], told.get("failed", False)) == (True, not gone)


def test_without_waiting(serve: Serve) -> None:
    farm = serve(ALICE, AWAY)
    task = farm.task(**OPTIONS, wait=False, at_deadline="leave")
    result = task.outcome()
    assert (outcomes(result), result["changed"]) == ({12: "stayed", 13: "requested"}, True)
    assert task.logoffs() == [(0, 13)]


def test_shortly_before_the_end_it_is_left_to_the_end(serve: Serve) -> None:
    """A session that takes its time would put the logoff of the others off."""
    for at_deadline, moment in ("logoff", 30.0), ("leave", 29.0):
        farm = serve(ALICE, BOB)
        away(farm, 18.5)
        task = farm.task(**OPTIONS, at_deadline=at_deadline)
        task.outcome()
        assert (moment * MINUTE, 13) in task.logoffs()


def test_several_servers(serve: Serve) -> None:
    """Each session by the clock of its server; the one that is lost for a while is asked again."""
    lost = Fault.model_validate({"call": "WTSEnumerateSessionsEx", "error": 1722})
    farm = serve(hosts=[{"name": "RDSH01", "sessions": [ALICE, AWAY]}, {"name": "RDSH02", "sessions": [AWAY]}])
    farm.clock.at(0, lambda: None)
    task = farm.task(**OPTIONS, server=["RDSH01", "RDSH02"], at_deadline="leave")
    faults = farm.hosts["RDSH02"].faults
    task.before_launch = lambda engine: engine == LogoffRequest.module and not farm.clock.passed and faults.append(lost)
    farm.clock.at(3.5 * MINUTE, faults.clear)
    result = task.outcome()
    assert task.logoffs() == [(0, 13), (4 * MINUTE, 13)]
    assert [(one["server"], one["id"], one["result"]) for one in result["sessions"]] == [
        ("RDSH01", 12, "stayed"),
        ("RDSH01", 13, "logged_off"),
        ("RDSH02", 13, "logged_off"),
    ]
    assert not result.get("failed")


def test_those_of_one_minute_go_together(serve: Serve) -> None:
    """And as long as the end is far, their time brings a step earlier than the looks."""
    people = [{"id": 20 + n, "user": f"user{n}"} for n in range(10)]
    farm = serve(ALICE, *people)
    for n in range(10):
        farm.change(11 * MINUTE + 7 * n, {"disconnect": 20 + n})
    task = farm.task(**{**OPTIONS, "grace": "6h"}, at_deadline="leave")
    task.outcome()
    # Seen at 15 min; due from 21 to 22:03 min.
    assert task.launches(LogoffRequest) == [21 * MINUTE, 22 * MINUTE, 23 * MINUTE]
    # The warning, the looks, of which one would have come right after these, and these.
    assert len(task.launched) == 1 + 60 + 60 - 1 + 3
    assert {session for _passed, session in task.logoffs()} == {*range(20, 30)}


class TaskTimeoutError(BaseException):
    """As ansible-core's."""


def strike(error: BaseException) -> None:
    raise error


def test_the_keyword_timeout_tells_who_was_logged_off(serve: Serve) -> None:
    farm = serve(ALICE, AWAY)
    task = farm.task(**OPTIONS)
    task._task.timeout = 300
    farm.clock.at(5 * MINUTE - 1, lambda: strike(TaskTimeoutError()))
    result = task.outcome()
    assert (result["failed"], result["changed"], result["timedout"]) == (True, True, {"period": 300})
    assert result["msg"].startswith(
        "The task's keyword timeout ended the grace period: 1 session logged off before the end: bob, nobody else; run "
        "the task again, or tell those who were warned of a logoff at "
    )
    assert outcomes(result) == {12: "failed", 13: "logged_off"}
    assert result["sessions"][0]["error"]["message"] == "the task's keyword timeout ended the grace period"


def test_the_keyword_timeout_before_a_later_attempt_has_begun(serve: Serve) -> None:
    """What the first attempt has changed is changed."""
    farm = serve(ALICE, AWAY)
    task = farm.task(**OPTIONS, at_deadline="fail")
    task._task.timeout = 3600
    first = task.outcome()
    assert outcomes(first) == {12: "stayed", 13: "logged_off"}
    task.connection._connect = lambda: strike(TaskTimeoutError())  # type: ignore[method-assign]
    last = task.outcome()
    assert (last["failed"], last["changed"], last["timedout"]) == (True, True, {"period": 3600})
    assert last["msg"].startswith("the task's keyword timeout (3600s) ended it before the host was asked. An earlier")
    assert outcomes(last) == outcomes(first)


@pytest.mark.parametrize("at_the_end", [False, True])
def test_the_keyword_timeout_during_a_logoff(serve: Serve, at_the_end: bool) -> None:
    """The host goes on: who was being logged off is not known, and counts as changed."""
    farm = serve(ALICE, AWAY)
    task = farm.task(**OPTIONS)
    task._task.timeout = 300
    before = len(task.launches(LogoffRequest))

    def launched(engine: str) -> None:
        if engine == LogoffRequest.module and len(task.launches(LogoffRequest)) == before + at_the_end:
            strike(TaskTimeoutError())

    task.before_launch = launched
    result = task.outcome()
    assert (result["failed"], result["changed"], result["timedout"]) == (True, True, {"period": 300})
    assert outcomes(result) == {12: "failed", 13: "logged_off" if at_the_end else "failed"}
    who = "alice" if at_the_end else "bob"
    assert (
        f"some of these may have been logged off; run the task again with --check to see who is left: {who}."
        in (result["msg"])
    )


def test_a_host_that_is_gone_at_the_end(serve: Serve) -> None:
    said = {
        "logoff": "The host could not be worked on then, and nobody but bob was logged off",
        "leave": "it is not known who is on. On at the last look: alice. Logged off before: bob.",
    }
    for at_deadline, words in said.items():
        farm = serve(ALICE, AWAY)
        task = farm.task(**OPTIONS, at_deadline=at_deadline)
        farm.clock.at(29.5 * MINUTE, lambda task=task: setattr(task.connection, "down", True))
        result = task.outcome()
        assert (result["failed"], result["changed"]) == (True, True)
        assert words in result["msg"]
        assert outcomes(result) == {12: "failed", 13: "logged_off"}


def test_a_plan_changes_nothing(serve: Serve) -> None:
    farm = serve(ALICE, AWAY)
    task = Task(farm, {**OPTIONS}, check=True)
    task.outcome()
    assert (task.logoffs(), farm.users(), len(task.launched)) == ([], {12: "alice", 13: "bob"}, 1)


def test_the_request_is_the_same_but_for_the_time(serve: Serve) -> None:
    """Everything that selects is checked by the host once more."""
    farm = serve(ALICE, AWAY)
    task = farm.task(**OPTIONS, exclude_users="svc-*", on_timeout="fail", max_parallel=2)
    task.outcome()
    early, end = (one.request for one in task.launched if one.engine == LogoffRequest.module)
    different: dict[str, Any] = {name: early[name] for name in early if early[name] != end[name]}
    assert different.keys() == {"disconnected_for", "logons", "latest_times"}
    assert different["disconnected_for"] == 10 * MINUTE * 10_000_000
    assert (end["disconnected_for"], len(early["logons"]), len(end["logons"])) == (None, 1, 1)
