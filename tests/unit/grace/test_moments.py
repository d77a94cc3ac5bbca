# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What becomes of a promise where time does not pass as it should: the controller sleeps, the clock of a host jumps,
somebody is not there to read it. And whoever was spared, is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.winops.rds.plugins.plugin_utils._engine.requests import LogoffRequest

from tests.unit.grace.direct import Farm, outcomes

Serve = Callable[..., Farm]

ALICE = {"id": 12, "user": "alice"}
BOB = {"id": 13, "user": "bob", "name": "rdp-tcp#34"}
AWAY = {"id": 13, "user": "bob", "state": "disconnected", "disconnected": "9h", "idle": "9h"}
QUARTER = {"grace": "15m", "message": "{minutes} min"}
EVERYBODY = {**QUARTER, "all": True}
MINUTE = 60


def iso(farm: Farm, passed: float) -> str:
    return f"{farm.clock.start + timedelta(seconds=passed):%Y-%m-%dT%H:%M:%SZ}"


def sleep(farm: Farm, begin: float, end: float) -> None:
    """The controller is suspended; what it slept for is over when it wakes up."""
    farm.clock.at(begin, lambda: setattr(farm.clock, "passed", end))
    asleep = farm.clock.sleep

    def late(seconds: float) -> None:
        before = farm.clock.passed
        asleep(seconds)
        if before <= begin <= before + seconds:
            farm.clock.passed = max(farm.clock.passed, end)

    farm.clock.sleep = late  # type: ignore[method-assign]


# ---- The controller sleeps ----


@pytest.mark.parametrize("wakes", [15 * MINUTE + 33, 5 * 60 * MINUTE])
def test_a_promise_that_has_passed_is_made_again(serve: Serve, wakes: float) -> None:
    farm = serve(ALICE)
    sleep(farm, 6.5 * MINUTE, wakes)
    task = farm.task(**EVERYBODY, reminders=["5m", "2m"])
    result = task.outcome()
    assert task.messages() == [(0, 12, "15 min"), (wakes, 12, "2 min")]
    assert task.logoffs() == [(wakes + 2 * MINUTE, 12)]
    assert result["deadline"] == iso(farm, wakes + 2 * MINUTE)
    assert outcomes(result) == {12: "logged_off"}
    assert result["sessions"][0]["warnings"] == 2
    assert any("later than promised" in line for line in task.shown)


def test_without_reminders_all_the_time_is_promised_again(serve: Serve) -> None:
    farm = serve(ALICE)
    sleep(farm, 14.5 * MINUTE, 60 * MINUTE)
    task = farm.task(**EVERYBODY)
    task.outcome()
    assert task.logoffs() == [(75 * MINUTE, 12)]


def test_who_wakes_up_shortly_before_the_end_gives_the_time_of_the_last_reminder(serve: Serve) -> None:
    farm = serve(ALICE)
    sleep(farm, 6.5 * MINUTE, 14.5 * MINUTE)
    task = farm.task(**EVERYBODY, reminders=["5m", "2m"])
    task.outcome()
    assert task.messages()[1:] == [(14.5 * MINUTE, 12, "2 min")]
    assert task.logoffs() == [(16.5 * MINUTE, 12)]


def test_a_few_seconds_are_no_delay(serve: Serve) -> None:
    farm = serve(ALICE)
    sleep(farm, 14.9 * MINUTE, 15 * MINUTE + 5)
    task = farm.task(**EVERYBODY)
    task.outcome()
    assert task.logoffs() == [(15 * MINUTE + 5, 12)]


def test_a_computer_whose_clock_stood_still_learns_it_by_the_time_of_day(serve: Serve) -> None:
    farm = serve(ALICE)
    utc = farm.clock.utc
    farm.clock.at(6.5 * MINUTE, lambda: setattr(farm.clock, "utc", lambda: utc() + timedelta(hours=2)))
    farm.host.table.now = utc  # type: ignore[method-assign]
    task = farm.task(**EVERYBODY, reminders=["5m"])
    result = task.outcome()
    assert task.messages()[1:] == [(10 * MINUTE, 12, "5 min")]
    assert task.logoffs() == [(15 * MINUTE, 12)]
    assert result["deadline"] == iso(farm, 135 * MINUTE)


def test_who_is_not_reached_by_the_new_promise_is_spared(serve: Serve) -> None:
    farm = serve(ALICE, {"id": 14, "user": "carol"})
    sleep(farm, 6.5 * MINUTE, 20 * MINUTE)
    farm.faults(7 * MINUTE, {"call": "WTSSendMessage", "session": 14, "error": 1726})
    task = farm.task(**EVERYBODY)
    result = task.outcome()
    assert outcomes(result) == {12: "logged_off", 14: "failed"}
    assert [session for _, session in task.logoffs()] == [12]
    assert farm.users() == {14: "carol"}
    assert result["failed"] is True


def test_asleep_while_the_logoff_was_to_be_tried_again(serve: Serve) -> None:
    farm = serve(ALICE)
    task = farm.task(**EVERYBODY, reminders=["1m"])
    farm.clock.at(14.5 * MINUTE, lambda: setattr(task.connection, "down", True))
    farm.clock.at(15 * MINUTE + 2, lambda: setattr(task.connection, "down", False))
    sleep(farm, 15 * MINUTE + 1, 60 * MINUTE)
    task.outcome()
    assert task.messages()[-1] == (60 * MINUTE, 12, "1 min")
    assert task.logoffs() == [(61 * MINUTE, 12)]


def test_a_host_that_is_not_reached_for_the_new_promise_keeps_everybody(serve: Serve) -> None:
    farm = serve(ALICE)
    task = farm.task(**EVERYBODY)
    sleep(farm, 14.5 * MINUTE, 60 * MINUTE)
    farm.clock.at(14.6 * MINUTE, lambda: setattr(task.connection, "down", True))
    result = task.outcome()
    assert (result["failed"], result["changed"]) == (True, False)
    assert "nobody was logged off" in result["msg"]
    assert farm.users() == {12: "alice"}


# ---- The clock of a host jumps ----


def jump(farm: Farm, passed: float, ahead: timedelta, host: str = "RDSH01") -> None:
    """From then on, the host's clock is so far ahead."""
    now = farm.clock.utc
    farm.clock.at(passed, lambda: setattr(farm.hosts[host].table, "now", lambda: now() + ahead))


def test_nobody_is_idle_because_the_clock_of_the_host_jumped(serve: Serve) -> None:
    """Alice is at work, Carol has been away since before."""
    farm = serve(ALICE | {"idle": "5m"}, {"id": 14, "user": "carol", "idle": "3h"})
    jump(farm, 6.5 * MINUTE, timedelta(hours=2))
    task = farm.task(**QUARTER, idle_for="1h", newcomers="logoff")
    result = task.outcome()
    assert outcomes(result) == {14: "logged_off"}
    assert farm.users() == {12: "alice"}


def test_who_came_back_does_not_become_idle_by_a_jump(serve: Serve) -> None:
    farm = serve(ALICE | {"idle": "2h"}, {"id": 14, "user": "carol", "idle": "3h"})
    farm.change(3.5 * MINUTE, {"input": 12})
    jump(farm, 14.9 * MINUTE, timedelta(hours=2))
    result = farm.task(**QUARTER, idle_for="1h").outcome()
    assert outcomes(result) == {12: "spared", 14: "logged_off"}
    assert farm.users() == {12: "alice"}


def test_who_becomes_idle_as_time_passes_is_a_newcomer(serve: Serve) -> None:
    farm = serve(ALICE | {"idle": "55m"}, {"id": 14, "user": "carol", "idle": "3h"})
    result = farm.task(**QUARTER, idle_for="1h", newcomers="logoff").outcome()
    assert outcomes(result) == {12: "logged_off", 14: "logged_off"}


def test_a_clock_that_goes_back_and_forth(serve: Serve) -> None:
    """Her last input was while it was two hours behind."""
    farm = serve(ALICE | {"idle": "2h"}, {"id": 14, "user": "carol", "idle": "5h"})
    jump(farm, 3.5 * MINUTE, timedelta(hours=-2))
    farm.change(5.5 * MINUTE, {"input": 12})
    jump(farm, 14.9 * MINUTE, timedelta(0))
    result = farm.task(**QUARTER, idle_for="1h").outcome()
    assert outcomes(result) == {12: "spared", 14: "logged_off"}
    assert farm.users() == {12: "alice"}


@pytest.mark.parametrize("sessions", [[ALICE | {"idle": "5m"}], []], ids=["somebody", "nobody"])
def test_the_clock_of_a_server_where_nobody_was_idle_at_first(serve: Serve, sessions: list[dict[str, Any]]) -> None:
    carol = {"id": 14, "user": "carol", "idle": "3h"}
    farm = serve(hosts=[{"name": "RDSH01", "sessions": [carol]}, {"name": "RDSH02", "sessions": sessions}])
    farm.change(6.4 * MINUTE, {"put": {"id": 15, "user": "dave", "logged_on": 0}}, host="RDSH02")
    jump(farm, 6.5 * MINUTE, timedelta(hours=2), "RDSH02")
    task = farm.task(**QUARTER, idle_for="1h", newcomers="logoff", server=["RDSH01", "RDSH02"])
    assert outcomes(task.outcome()) == {14: "logged_off"}
    assert {*farm.users("RDSH02")} == {15, *(session["id"] for session in sessions)}


# ---- Disconnected sessions that take no message ----


@pytest.fixture(params=[5, 1, 7024, 2, 7022])
def refusing(request: pytest.FixtureRequest, serve: Serve) -> Farm:
    host = {"name": "RDSH01", "sessions": [ALICE, AWAY], "disconnected_message_error": request.param}
    return serve(hosts=[host])


def test_who_is_disconnected_needs_no_warning(refusing: Farm) -> None:
    task = refusing.task(**EVERYBODY, reminders=["5m"])
    result = task.outcome()
    assert not result.get("failed")
    assert outcomes(result) == {12: "logged_off", 13: "logged_off"}
    assert {record["id"]: record["warnings"] for record in result["sessions"]} == {12: 2, 13: 0}
    assert all(record["error"] is None for record in result["sessions"])
    assert not any("could not be" in line for line in task.shown)


def test_who_comes_back_is_warned(refusing: Farm) -> None:
    refusing.change(6.5 * MINUTE, {"reconnect": 13})
    task = refusing.task(**EVERYBODY)
    result = task.outcome()
    assert task.messages()[1:] == [(7 * MINUTE, 13, "8 min")]
    assert outcomes(result) == {12: "logged_off", 13: "logged_off"}
    assert "RDSH01: 8m left: 1 session back and warned: bob" in task.shown


def test_who_comes_back_unseen_is_spared(refusing: Farm) -> None:
    refusing.change(14.9 * MINUTE, {"reconnect": 13})
    result = refusing.task(**EVERYBODY).outcome()
    assert outcomes(result) == {12: "logged_off", 13: "spared"}
    assert refusing.users() == {13: "bob"}


def test_who_comes_back_and_cannot_be_warned_is_spared(refusing: Farm) -> None:
    refusing.change(6.5 * MINUTE, {"reconnect": 13})
    refusing.faults(6.6 * MINUTE, {"call": "WTSSendMessage", "session": 13, "error": 1726})
    result = refusing.task(**EVERYBODY).outcome()
    assert outcomes(result) == {12: "logged_off", 13: "failed"}
    assert refusing.users() == {13: "bob"}


# ---- Who was spared stays spared ----


@pytest.mark.parametrize("newcomers", ["ignore", "logoff"])
@pytest.mark.parametrize("selecting", [{"all": True}, {"states": ["disconnected"]}], ids=str)
def test_who_is_excluded_by_a_name_that_the_session_loses(
    serve: Serve, newcomers: str, selecting: dict[str, Any]
) -> None:
    farm = serve(ALICE | {"state": "disconnected"}, BOB)
    farm.change(3.5 * MINUTE, {"disconnect": 13})
    task = farm.task(**QUARTER, **selecting, exclude_sessions=["rdp-tcp#34"], newcomers=newcomers)
    result = task.outcome()
    assert farm.users() == {13: "bob"}
    assert [session for _, session, _ in task.messages()] == [12]
    assert task.launches(LogoffRequest) == [15 * MINUTE]
    assert outcomes(result) == {12: "logged_off"}


def test_two_people_of_one_name_are_told_apart(serve: Serve) -> None:
    farm = serve(ALICE, {"id": 14, "user": "FABRIKAM\\alice"}, BOB)
    task = farm.task(**EVERYBODY)
    task.outcome()
    assert "3 sessions warned: CONTOSO\\alice, bob, FABRIKAM\\alice" in task.shown[0]
