# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The facts that need a session of a test account, or a logon mode (facts/facts.yml)."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from . import console
from .facts.table import Answer, Verdict, facts, what_rests_on
from .stage import ACTIVE, DISCONNECTED, HANGING, RECONNECTED, Stage


@pytest.mark.parametrize("state", [ACTIVE, DISCONNECTED, HANGING])
def test_facts_of_a_session(stage: Stage, state: str) -> None:
    """The last of them is its logoff."""
    stage.needs(alice=state)
    assert not _different(stage.ask([fact for fact in facts() if fact.needs == state], "alice"))


def test_the_name_of_a_session_before_and_after_a_reconnection(stage: Stage) -> None:
    """By the module, since ``query session`` cuts long names."""
    (fact,) = (fact for fact in facts() if fact.needs == RECONNECTED)
    stage.needs(alice=ACTIVE)
    (before,) = stage.task("win_rds_session_info", users=["alice"])["sessions"]
    stage.needs(alice=DISCONNECTED)
    stage.needs(alice=ACTIVE)
    (after,) = stage.task("win_rds_session_info", users=["alice"])["sessions"]
    assert after["id"] == before["id"] and before["name"] and after["name"]
    stage.answers.append(Answer(fact, "the same" if after["name"] == before["name"] else "otherwise"))
    stage.notes.append(f"a session that was called {before['name']} was called {after['name']} after a reconnection")


def test_facts_of_the_logon_modes(stage: Stage) -> None:
    with stage.changing_the_logon_mode():
        for command in console.SWITCHES.values():
            assert not _different(stage.ask([fact for fact in facts() if fact.needs == command], after=command))


def _different(answers: Iterable[Answer]) -> str:
    """What is to be looked at; empty: nothing is."""
    lines = []
    for answer in answers:
        if answer.verdict is Verdict.DIFFERENT:
            lines += [*what_rests_on(answer.fact), f"  answer    {answer.text}"]
    return "\n".join(lines)
