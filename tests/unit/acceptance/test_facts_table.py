# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The table of facts names what there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from acceptance.facts.table import NOTHING, TOLD, UNASKED, Answer, Fact, Verdict, facts, what_rests_on
from acceptance.stage import ACTIVE, DISCONNECTED, HANGING, RECONNECTED
from tests.support.paths import REPOSITORY

QUESTIONS = REPOSITORY / "acceptance/facts/collections/ansible_collections/winops/acceptance/plugins/module_utils"
SWITCHES = ("/disable", "/drain", "/drainuntilrestart", "/enable")

each_fact = pytest.mark.parametrize("fact", facts(), ids=lambda fact: fact.name)


def text_of(place: str) -> tuple[str, str]:
    """The text of a file, and what is to be in it."""
    path, _, content = place.partition(" ")
    return (REPOSITORY / path).read_text(encoding="utf-8"), content


@each_fact
def test_the_code_that_it_names_is_there(fact: Fact) -> None:
    assert fact.code
    for place in fact.code:
        text, content = text_of(place)
        assert content in text, place


@each_fact
def test_the_tests_that_it_names_are_there(fact: Fact) -> None:
    assert fact.tests
    for place in fact.tests:
        text, function = text_of(place)
        assert re.search(rf"\bdef {function or 'test_'}", text), place


@each_fact
def test_it_is_whole(fact: Fact) -> None:
    re.compile(fact.expected)
    assert fact.question.endswith("?") and fact.rule.endswith(".")
    assert fact.sources and all(source.startswith("https://") for source in fact.sources)
    modes = {f"change logon {switch}" for switch in SWITCHES}
    assert fact.needs in {NOTHING, TOLD, ACTIVE, DISCONNECTED, HANGING, RECONNECTED, UNASKED} | modes
    assert (fact.needs == UNASKED) == bool(fact.unasked)


def test_names_are_given_once() -> None:
    assert len({fact.name for fact in facts()}) == len(facts())


def test_each_question_of_the_engine_is_asked_and_no_other() -> None:
    """``csharp_compiles`` is asked by launching the shipped engines, ``reconnected_name`` by a test of its own."""
    text = "".join(path.read_text(encoding="utf-8") for path in Path(QUESTIONS).glob("*_questions.cs"))
    known = set(re.findall(r'^\t\t\{ "(\w+)", subject => ', text, re.MULTILINE))
    asked = {fact.asks for fact in facts() if fact.needs != UNASKED}
    assert known == asked - {"csharp_compiles", "reconnected_name"}


def test_what_an_answer_says() -> None:
    (fact,) = (fact for fact in facts() if fact.name == "absent_session")
    assert Answer(fact, "error 2").verdict is Verdict.EXPECTED
    assert Answer(fact, "error 7022").verdict is Verdict.EXPECTED
    assert Answer(fact, "error 70225").verdict is Verdict.DIFFERENT
    assert Answer(fact, "").verdict is Verdict.DIFFERENT
    assert Answer(fact, None, "why not").verdict is Verdict.NOT_ASKABLE
    lines = "\n".join(what_rests_on(fact))
    for named in (fact.rule, *fact.code, *fact.tests, *fact.sources):
        assert named in lines
