# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Logging off, the main job: whom a task means, what it says, and who is on the host afterwards."""

from __future__ import annotations

import time

from . import console
from .stage import ACTIVE, DISCONNECTED, HANGING, Stage


def test_check_mode_logs_nobody_off(stage: Stage) -> None:
    stage.needs(alice=ACTIVE, bob=DISCONNECTED)
    outcome = stage.task("win_rds_logoff", check=True)
    assert outcome["changed"] is True
    assert outcome.results == {"alice": "would_log_off", "bob": "would_log_off"}
    assert outcome.on == {"alice", "bob"}


def test_denied_to_who_may_not(stage: Stage) -> None:
    """Whether Windows shows another's session to somebody without rights depends on its settings: the act it denies."""
    stage.needs(alice=ACTIVE, bob=DISCONNECTED)
    outcome = stage.task("win_rds_logoff", users=["bob"], become="alice")
    stage.provided_if("sessions" in outcome.result.values, f"alice could not run a task: {outcome['msg']}")
    assert outcome["changed"] is False
    assert outcome.results in ({"bob": "denied"}, {})
    assert outcome.failed or outcome["not_found"] == [str(stage.accounts["bob"])]
    assert outcome.on == {"alice", "bob"}


def test_idle_time_that_nobody_has_reached(stage: Stage) -> None:
    stage.needs(alice=ACTIVE, bob=DISCONNECTED)
    outcome = stage.task("win_rds_logoff", idle_for="1d")
    assert (outcome["changed"], outcome.results) == (False, {})
    assert outcome.on == {"alice", "bob"}


def test_by_state(stage: Stage) -> None:
    stage.needs(alice=ACTIVE, bob=DISCONNECTED)
    outcome = stage.task("win_rds_logoff", states=["disconnected"])
    assert (outcome["changed"], outcome.results) == (True, {"bob": "logged_off"})
    assert outcome.on == {"alice"}


def test_second_run_changes_nothing(stage: Stage) -> None:
    stage.needs(alice=ACTIVE)
    outcome = stage.task("win_rds_logoff", states=["disconnected"])
    assert (outcome.failed, outcome["changed"], outcome.results) == (False, False, {})
    assert outcome.on == {"alice"}


def test_by_id(stage: Stage) -> None:
    stage.needs(alice=ACTIVE, bob=DISCONNECTED)
    outcome = stage.task("win_rds_logoff", sessions=[stage.session("bob").id])
    assert (outcome["changed"], outcome.results) == (True, {"bob": "logged_off"})
    assert outcome.on == {"alice"}


def test_by_session_name(stage: Stage) -> None:
    stage.needs(alice=ACTIVE, bob=ACTIVE)
    outcome = stage.task("win_rds_logoff", sessions=[stage.session("bob").name.upper()])
    assert (outcome["changed"], outcome.results) == (True, {"bob": "logged_off"})
    assert outcome.on == {"alice"}


def test_by_user_as_windows_writes_it_down(stage: Stage) -> None:
    """The log of the session manager says so, too."""
    stage.needs(alice=ACTIVE, bob=ACTIVE)
    session = stage.session("bob")
    outcome = stage.task("win_rds_logoff", users=["bob"], also=[console.RECENT_EVENTS])
    assert (outcome["changed"], outcome.results) == (True, {"bob": "logged_off"})
    assert outcome.on == {"alice"}
    events = console.events_in(outcome.said[console.RECENT_EVENTS])
    if not events:
        stage.notes.append("the log of the session manager could not be read, so it did not confirm a logoff")
    else:
        logoffs = [(event.session, event.user.lower()) for event in events if event.id == console.LOGGED_OFF]
        assert (session.id, str(stage.accounts["bob"]).lower()) in logoffs


def test_several_at_once_and_an_exclusion(stage: Stage) -> None:
    stage.needs(alice=ACTIVE, bob=ACTIVE, carol=DISCONNECTED)
    outcome = stage.task("win_rds_logoff", exclude_users=["alice"])
    assert (outcome["changed"], outcome.results) == (True, {"bob": "logged_off", "carol": "logged_off"})
    assert [stage.role_of(record["user"]) for record in outcome["excluded"]] == ["alice"]
    assert outcome.on == {"alice"}


def test_grace_period(stage: Stage) -> None:
    stage.needs(alice=ACTIVE)
    began = time.monotonic()
    outcome = stage.task("win_rds_logoff", grace="5s", message="{user}, this host is closed at {deadline}.")
    assert time.monotonic() - began >= 5
    assert (outcome["changed"], outcome.results) == (True, {"alice": "logged_off"})
    assert outcome.on == set()


def test_by_idle_time(stage: Stage) -> None:
    stage.needs(alice=ACTIVE, bob=DISCONNECTED)
    time.sleep(2)
    known = [record["idle_seconds"] for record in stage.task("win_rds_session_info")["sessions"]]
    stage.provided_if(None not in known, "Windows does not know when the last input was, where there was none yet")
    outcome = stage.task("win_rds_logoff", idle_for="2s")
    assert (outcome["changed"], outcome.results) == (True, {"alice": "logged_off", "bob": "logged_off"})
    assert outcome.on == set()


def test_hanging_logoff_and_its_end(stage: Stage) -> None:
    """Without ``terminate`` it is told that the session is still there; with it, its programs are ended."""
    stage.needs(carol=HANGING)
    hanging = stage.task("win_rds_logoff", timeout="5s")
    stage.provided_if("carol" in hanging.on, "Windows logged carol off although her program refuses to end")
    assert (hanging.failed, hanging["changed"], hanging.results) == (True, True, {"carol": "timed_out"})
    ended = stage.task("win_rds_logoff", timeout="5s", on_timeout="terminate")
    assert (ended.failed, ended.results) == (False, {"carol": "logged_off"})
    assert ended["sessions"][0]["ended_processes"]
    assert ended.on == set()
