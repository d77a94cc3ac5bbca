# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Each launch of a task that enters maintenance goes wrong in each way: what is on the host then, what is said, and
that exiting brings back what was."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from simulator.farm.file import SessionSpec
from simulator.registry import LogonMode
from tests.unit.maintenance.direct import (
    COMMAND,
    CONTROLLER,
    CUT,
    LOST,
    NOT_LAUNCHED,
    NOT_REACHED,
    TIMEOUT,
    UNHEARD,
    WAYS,
    MaintainedFarm,
    maintained,
)

ALICE = {"id": 12, "user": "alice"}
STAYS = {"id": 20, "user": "svc-backup"}
GRACE = {"grace": "1m", "message": "At {deadline}"}
OPTIONS: dict[str, Any] = {"state": "entered", "exclude_users": ["svc-*"]}

#: The launches of a task, without a grace period and with one.
PLAN, CLOSE, LOGOFF, LOOK = range(4)
WITHOUT = ["plan", "close", "logoff", "look"]


SESSIONS = (ALICE, STAYS)


@pytest.fixture(scope="module")
def farm() -> Iterator[MaintainedFarm]:
    with maintained() as farm:
        yield farm


def exited(farm: MaintainedFarm) -> dict[str, Any]:
    result = farm.task(state="exited", run="9").result()
    assert not result.get("failed"), result["msg"]
    return result


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("at", range(4))
@pytest.mark.parametrize("before", ["enabled", "disabled"])
def test_entering_without_a_grace_period(farm: MaintainedFarm, before: LogonMode, at: int, way: str) -> None:
    farm.begin(before, *SESSIONS)
    values = farm.values
    task = farm.task(**OPTIONS)
    task.wrong = {at: way}
    result = task.outcome()
    assert len(task.launches) > at
    if way == CONTROLLER:
        # Nothing could be said. What is on the host says it.
        assert farm.values == values or farm.record
    else:
        assert result.get("failed") or result.get("unreachable"), result
        # It is as it was.
        assert (farm.values, farm.record) == (values, {}), result["msg"]
        if at > CLOSE or (at == CLOSE and way not in (NOT_REACHED, NOT_LAUNCHED)):
            assert "The host is as it was before: its logon mode is " in result["msg"]
            assert result.get("unreachable", False) == (way in (NOT_REACHED, LOST))
            if not result.get("unreachable"):
                assert result["mode"] == before
        logged_off = "alice" not in farm.users().values()
        if logged_off:
            assert result["changed"]
        if at <= CLOSE:
            assert (logged_off, result.get("changed", False)) == (False, False)
    assert "svc-backup" in farm.users().values()
    exited(farm)
    assert (farm.values, farm.record) == (values, {})


def launches_with_grace(farm: MaintainedFarm) -> int:
    farm.begin("enabled", *SESSIONS)
    task = farm.task(**OPTIONS, **GRACE)
    assert not task.result().get("failed")
    return len(task.launches)


@pytest.mark.parametrize("way", [LOST, TIMEOUT, CONTROLLER, NOT_REACHED, CUT])
def test_entering_with_a_grace_period(farm: MaintainedFarm, way: str) -> None:
    for at in range(launches_with_grace(farm)):
        farm.begin("enabled", *SESSIONS)
        task = farm.task(**OPTIONS, **GRACE)
        task.wrong = {at: way}
        task.cut_after = 8
        result = task.outcome()
        if way == CONTROLLER:
            assert farm.mode == "enabled" or farm.record, at
        elif result.get("failed") or result.get("unreachable"):
            assert (farm.mode, farm.record) == ("enabled", {}), (at, result["msg"])
            if "ended the grace period" in result["msg"]:
                assert [record["user"] for record in result["sessions"]] == ["alice"]
                assert "deadline" not in result  # which the role takes for over
        else:
            # A step of the wait was made up for.
            assert (farm.mode, bool(farm.record)) == ("drain", True), at
            assert farm.users() == {20: "svc-backup"}
        exited(farm)
        assert (farm.mode, farm.record) == ("enabled", {}), at


@pytest.mark.parametrize("way", [LOST, UNHEARD, TIMEOUT])
@pytest.mark.parametrize("at", [CLOSE, LOGOFF, LOOK])
def test_it_stays_closed_where_it_cannot_be_opened_again(farm: MaintainedFarm, at: int, way: str) -> None:
    """It is tried for a while. The message has the command, and the host what it needs."""
    farm.begin("enabled", *SESSIONS)
    task = farm.task(**OPTIONS)
    task.wrong = {at: way} | dict.fromkeys(range(at + 1, at + 9), NOT_REACHED)
    result = task.outcome()
    assert (farm.mode, bool(farm.record), result["changed"]) == ("drain", True, True)
    assert f"The host stays in maintenance, and may accept no new logons. To open it: {COMMAND}" in result["msg"]
    assert "It could not be opened again: the host is down" in result["msg"]
    assert farm.clock.passed >= 30
    assert "is not any more" in exited(farm)["msg"]
    assert farm.mode == "enabled"


@pytest.mark.parametrize("at", [LOGOFF, LOOK])
@pytest.mark.parametrize("way", [LOST, UNHEARD, NOT_LAUNCHED])
def test_it_may_be_kept_closed(farm: MaintainedFarm, at: int, way: str) -> None:
    farm.begin("enabled", *SESSIONS)
    task = farm.task(**OPTIONS, keep_closed=True)
    task.wrong = {at: way}
    result = task.outcome()
    assert (farm.mode, bool(farm.record), result["changed"]) == ("drain", True, True)
    assert f"To open it: {COMMAND}" in result["msg"]
    again = farm.task(**OPTIONS, run="2").result()
    assert not again.get("failed") and again["maintenance"]["previous_mode"] == "enabled"
    exited(farm)
    assert farm.mode == "enabled"


@pytest.mark.parametrize("at", range(4))
@pytest.mark.parametrize("way", WAYS)
def test_a_host_that_was_in_maintenance_stays_so(farm: MaintainedFarm, at: int, way: str) -> None:
    """Also where the run that has begun it is this one."""
    farm.begin("enabled", *SESSIONS)
    first = farm.task(**OPTIONS)
    first.wrong = {LOGOFF: CONTROLLER}
    first.outcome()
    for run in ("1", "2"):
        task = farm.task(**OPTIONS, run=run)
        task.wrong = {at: way}
        result = task.outcome()
        assert (farm.mode, bool(farm.record)) == ("drain", True)
        if at > CLOSE and way != CONTROLLER:
            assert f"was in maintenance before, and stays so. To open it: {COMMAND}" in result["msg"]
    assert farm.record["PREVIOUSTSSERVERDRAINMODE"] == 0
    exited(farm)
    assert farm.mode == "enabled"


@pytest.mark.parametrize("way", [LOST, UNHEARD, CUT, TIMEOUT, CONTROLLER])
def test_exiting(farm: MaintainedFarm, way: str) -> None:
    for before in ("enabled", "drain", "disabled"):
        farm.begin(before, *SESSIONS)
        values = farm.values
        assert not farm.task(**OPTIONS).result().get("failed")
        task = farm.task(state="exited", run="2")
        task.wrong = {0: way}
        result = task.outcome()
        assert farm.values == values or farm.record
        if way != CONTROLLER:
            assert COMMAND in result["msg"] and result["changed"]
        exited(farm)
        assert (farm.values, farm.record) == (values, {})


def test_who_is_left_stops_it(farm: MaintainedFarm) -> None:
    """Somebody who logs on while others are logged off, as an administrator may. The host is opened again."""
    farm.begin("enabled", *SESSIONS)
    task = farm.task(**OPTIONS)
    launched = task._execute_module

    def launch(**how: Any) -> dict[str, Any]:
        answer = launched(**how)
        if len(task.launches) == LOGOFF + 1:
            farm.host.put(SessionSpec(id=40, user="admin"))
        return answer

    task._execute_module = launch  # type: ignore[method-assign]
    result = task.outcome()
    assert result["msg"].startswith("Still on: CONTOSO\\admin. They have got on meanwhile, ")
    assert "name in exclude_users who may stay. The host is as it was before" in result["msg"]
    assert (result["failed"], result["changed"], farm.mode, farm.record) == (True, True, "enabled", {})
    assert [record["user"] for record in result["remaining"]] == ["admin", "svc-backup"]


@pytest.mark.parametrize("way", [LOST, NOT_REACHED])
def test_an_unreachable_result_does_not_look_like_a_host_that_was_entered(farm: MaintainedFarm, way: str) -> None:
    """With ignore_unreachable a play goes on, and Ansible takes such a result for ``success``: the role asks for
    ``sessions`` as well."""
    farm.begin("enabled", *SESSIONS)
    task = farm.task(**OPTIONS)
    task.wrong = {LOOK: way}
    result = task.outcome()
    assert (result["unreachable"], result["changed"]) == (True, True)
    assert "sessions" not in result


def test_what_was_told_before_a_look_failed_is_in_the_result(farm: MaintainedFarm) -> None:
    farm.begin("enabled", *SESSIONS)
    task = farm.task(**OPTIONS)
    task.wrong = {LOOK: UNHEARD}
    result = task.outcome()
    assert (result["failed"], [record["result"] for record in result["sessions"]]) == (True, ["logged_off"])
    assert (result["changed"], result["mode"], result["maintenance"]) == (True, "enabled", None)
    assert "remaining" not in result


@pytest.mark.parametrize("way", [LOST, NOT_REACHED, UNHEARD])
def test_a_look_after_a_failure_that_fails_too_hides_nothing_of_it(farm: MaintainedFarm, way: str) -> None:
    farm.begin("enabled", ALICE | {"logoff": "never"}, STAYS)
    task = farm.task(**OPTIONS, timeout="0.2s")
    look = LOOK + 1  # after the one at what still runs
    task.wrong = {look: way}
    result = task.outcome()
    assert task.launches[look] == "win_rds_session_info"
    assert (result["failed"], [record["result"] for record in result["sessions"]]) == (True, ["timed_out"])
    assert "(CONTOSO\\alice): Windows accepted the logoff" in result["msg"]
    assert "remaining" not in result
