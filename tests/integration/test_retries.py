# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Ansible's ``until`` and ``retries``: what the last attempt says is all that anybody learns of the others."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from simulator.farm import Change
from tests.support.calls import ENUMERATE, LOGOFF

from .test_grace import cut_launch

Serve = Callable[..., Any]


def until_success(*, delay: int = 2, **options: Any) -> list[dict[str, Any]]:
    task = {"winops.rds.win_rds_logoff": options, "register": "r", "until": "r is success"}
    return [{"name": "logoff", **task, "retries": 3, "delay": delay}]


def test_what_the_first_attempt_logged_off_the_last_one_tells(serve: Serve) -> None:
    farm = serve([{"id": 12, "user": "alice", "logoff": 2.5}, {"id": 13, "user": "bob", "logoff": 2.5}])
    run = farm.playbook(until_success(all=True, timeout="1s"))
    assert run.exit_code == 0, run.output
    result = run.of("logoff")
    assert result["attempts"] >= 2
    assert result["changed"] is True
    assert result.outcomes() == {12: "logged_off", 13: "logged_off"}
    assert result["msg"] == "2 sessions selected: 2 logged off."
    assert result["not_found"] == []
    assert all(record["error"] is None for record in result["sessions"])
    assert farm.users() == {}


def test_who_was_done_with_at_once_is_told_too(serve: Serve) -> None:
    farm = serve([{"id": 12, "user": "alice"}, {"id": 13, "user": "bob", "logoff": 2.5}])
    result = farm.playbook(until_success(users=["alice", "bob"], timeout="1s")).of("logoff")
    assert result.outcomes() == {12: "logged_off", 13: "logged_off"}
    assert result["not_found"] == []


def test_an_attempt_of_which_nothing_is_known_tells_of_those_before(serve: Serve) -> None:
    """Two launches are those of the first attempt: the logoff, and the look at what still runs."""
    heard, killed = {"cut": 2**40}, {"killed": True}
    sessions = [{"id": 12, "user": "alice"}, {"id": 13, "user": "bob", "logoff": "never"}]
    farm = serve(hosts=[{"name": "RDSH01", "sessions": sessions, "launch_faults": [heard, heard, killed]}])
    (task,) = until_success(all=True, timeout="1s", delay=0)
    result = farm.playbook([{**task, "retries": 1}]).of("logoff")
    assert (result.status, result["changed"]) == ("failed", True)
    assert result.outcomes() == {12: "logged_off", 13: "timed_out"}
    assert result.counts() == {"logged_off": 1, "timed_out": 1}
    assert "what it did is not known" in result["msg"]
    assert "An earlier attempt of this task: session 13 (CONTOSO\\bob): Windows accepted the logoff" in result["msg"]


def test_an_attempt_that_does_not_reach_the_host_tells_in_words_of_those_before(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No records: where Ansible is to ignore it, `is success` is true, and who is on is not known."""
    monkeypatch.setenv("FAKE_CLOCK", str(tmp_path / "woken.jsonl"))
    farm = serve([{"id": 12, "user": "alice"}, {"id": 13, "user": "bob", "state": "disconnected"}])
    cut_launch(farm, 5, "Create", times=99)  # the warning, bob's logoff, one look and the last one
    grace = {"grace": "10s", "at_deadline": "fail", "disconnected_grace": "0"}
    (task,) = until_success(all=True, delay=0, **grace)
    result = farm.playbook([{**task, "retries": 1}]).of("logoff")
    assert (result.status, result["attempts"], result["changed"]) == ("unreachable", 2, True)
    assert "An earlier attempt of this task: Still on at" in result["msg"]
    assert "2 sessions selected: 1 logged off, 1 stayed." in result["msg"]
    assert "sessions" not in result.values
    assert farm.users() == {12: "alice"}


def test_who_does_not_fit_any_more_is_not_told_as_logged_off(serve: Serve) -> None:
    """Windows has accepted her logoff, and then she comes back: she is there, and no longer disconnected."""
    farm = serve([{"id": 12, "user": "alice", "state": "disconnected", "logoff": 60}])
    changes = Thread(target=_reconnect_after_the_logoff, args=(farm,))
    changes.start()
    run = farm.playbook(until_success(states=["disconnected"], timeout="1s", delay=3))
    changes.join()
    result = run.of("logoff")
    assert result.outcomes() == {12: "spared"}
    assert result["changed"] is True
    assert farm.users() == {12: "alice"}


def test_who_was_spared_by_the_first_attempt_is_spared_by_the_others(serve: Serve) -> None:
    """A session loses the name by which it is excluded when its user disconnects."""
    sessions = [{"id": 12, "name": "rdp-tcp#7", "user": "alice"}, {"id": 13, "user": "bob", "logoff": 2.5}]
    away = {"call": ENUMERATE, "after": 1, "times": 1, "before": [{"disconnect": 12}]}
    farm = serve(sessions, faults=[away])
    run = farm.playbook(until_success(all=True, exclude_sessions=["rdp-tcp#7"], timeout="1s"))
    result = run.of("logoff")
    assert result["attempts"] >= 2
    assert result.outcomes() == {13: "logged_off"}
    assert [record["account"] for record in result["excluded"]] == ["CONTOSO\\alice"]
    assert farm.users() == {12: "alice"}


@pytest.mark.parametrize("selecting", [{"sessions": [12, 13]}, {"sessions": ["TERM04", 13]}], ids=str)
def test_who_gets_the_id_and_the_name_between_two_attempts_is_left_alone(
    serve: Serve, selecting: dict[str, Any]
) -> None:
    alice, mallory = {"id": 12, "name": "TERM04", "user": "alice", "logoff": 2.5}, {"id": 12, "user": "mallory"}
    farm = serve([alice, {"id": 13, "user": "bob"}])
    changes = Thread(target=_put_when_gone, args=(farm, {**mallory, "name": "TERM04", "logged_on": 0}))
    changes.start()
    result = farm.playbook(until_success(**selecting, timeout="1s", delay=4)).of("logoff")
    changes.join()
    assert [(record["user"], record["result"]) for record in result["sessions"]] == [
        ("alice", "logged_off"),
        ("bob", "logged_off"),
    ]
    assert (result.status, result["attempts"], result["not_found"]) == ("ok", 2, [])
    assert farm.users() == {12: "mallory"}


def _put_when_gone(farm: Any, session: dict[str, Any]) -> None:
    while session["id"] in farm.users():
        time.sleep(0.1)
    farm.simulation.hosts["RDSH01"].apply([Change.model_validate({"put": session})])


def _reconnect_after_the_logoff(farm: Any) -> None:
    while not any(call.function == LOGOFF for call in farm.simulation.calls("RDSH01")):
        time.sleep(0.1)
    time.sleep(1.5)
    farm.simulation.hosts["RDSH01"].apply([Change(reconnect=12)])


def test_a_logon_mode_that_was_changed_by_an_earlier_attempt_is_changed(serve: Serve) -> None:
    farm = serve([])
    task = {
        "name": "mode",
        "winops.rds.win_rds_logon_mode": {"mode": "drain"},
        "register": "r",
        "until": "r.attempts > 1",
        "retries": 2,
        "delay": 0,
    }
    result = farm.playbook([task]).of("mode")
    assert result["attempts"] == 2
    assert result["changed"] is True
