# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Seeing, telling, suspending, and the logon mode."""

from __future__ import annotations

import pytest

from . import console
from .rdp import CLIENT_NAME
from .stage import ACTIVE, DISCONNECTED, Stage


def test_list(stage: Stage) -> None:
    """As ``query session`` shows them."""
    stage.needs(alice=ACTIVE, bob=DISCONNECTED)
    outcome = stage.task("win_rds_session_info")
    listed = {stage.role_of(record["user"]): record for record in outcome["sessions"]}
    assert outcome["changed"] is False
    assert {role: record["state"] for role, record in listed.items()} == {"alice": "active", "bob": "disconnected"}
    for role in "alice", "bob":
        record, seen = listed[role], stage.session(role)
        assert (record["id"], record["name"].lower()) == (seen.id, seen.name.lower())
        assert record["account"].lower() == str(stage.accounts[role]).lower()
        assert record["logon_time"]
    assert (listed["alice"]["protocol"], listed["alice"]["client_name"]) == ("rdp", CLIENT_NAME)
    assert listed["alice"]["client_address"] and not listed["alice"]["locked"]


def test_message(stage: Stage) -> None:
    stage.needs(alice=ACTIVE, bob=DISCONNECTED)
    outcome = stage.task("win_rds_message", message="Hello {user}, greetings from {server}.", show_for="1s")
    assert (outcome["changed"], outcome.results) == (False, {"alice": "sent", "bob": "sent"})
    assert outcome.on == {"alice", "bob"}


def test_message_that_nobody_answers(stage: Stage) -> None:
    stage.needs(alice=ACTIVE, bob=DISCONNECTED)
    outcome = stage.task("win_rds_message", message="Nobody is to answer this.", answer_timeout="2s")
    assert outcome.results == {"alice": "no_answer", "bob": "no_answer"}


def test_disconnect(stage: Stage) -> None:
    stage.needs(alice=ACTIVE, bob=DISCONNECTED)
    outcome = stage.task("win_rds_disconnect")
    assert outcome.results == {"alice": "disconnected", "bob": "already_disconnected"}
    assert (outcome["changed"], outcome.on, outcome.connected) == (True, {"alice", "bob"}, set())


def test_logon_modes_are_those_of_windows_command(stage: Stage) -> None:
    """In any language: the command says the same after our task as after its own switch."""
    query = console.QUERY_LOGON_MODE
    modes = ["disabled", "drain", "drain_until_restart", "enabled"]
    with stage.changing_the_logon_mode():
        for mode, another in zip(modes, [*modes[1:], "drain"], strict=True):
            read = stage.task("win_rds_logon_mode_info", before=[console.SWITCHES[mode], query])
            assert (read["mode"], read["changed"]) == (mode, False)
            written = stage.task("win_rds_logon_mode", mode=mode, before=[console.SWITCHES[another]], also=[query])
            assert (written["mode"], written["changed"]) == (mode, True)
            assert written.said[query] == read.said[query]


@pytest.mark.parametrize("by", ["the command", "the module"])
def test_a_disabled_host_lets_nobody_in(stage: Stage, by: str) -> None:
    """What the command writes is disputed (facts.yml: change_logon_disable), so the module may do something else."""
    stage.needs(alice=DISCONNECTED)
    with stage.changing_the_logon_mode():
        if by == "the command":
            stage.run(console.SWITCHES["disabled"])
        else:
            stage.task("win_rds_logon_mode", mode="disabled")
        assert not stage.can_log_on("bob")
        assert not stage.can_log_on("alice")


def test_a_drained_host_gives_no_new_session(stage: Stage) -> None:
    stage.needs(alice=DISCONNECTED)
    with stage.changing_the_logon_mode():
        stage.task("win_rds_logon_mode", mode="drain")
        assert not stage.can_log_on("bob")
        assert stage.can_log_on("alice")
