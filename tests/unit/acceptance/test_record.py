# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Records of acceptance tests, and what they leave unproven."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from acceptance import record
from acceptance.facts.ask import Windows
from acceptance.facts.table import Answer, facts
from acceptance.record import FAILED, NOT_PROVIDED, PASSED, Record, TestResult, kept_records, unproven

WINDOWS = Windows("Windows Server 2022 Standard", "21H2", "20348.2700", "fr-FR", "5.1.20348.2700", "4.8.04161")


def test_without_a_record_everything_is_unproven() -> None:
    assert unproven([]) == (record.tests(), [*facts()])
    assert "test_hanging_logoff_and_its_end" in record.tests()


def test_what_a_record_proves(tmp_path: Path) -> None:
    first, second, third = facts()[:3]
    answers = [Answer(first, "error 2"), Answer(second, "error 5"), Answer(third, None, "why not")]
    results = [
        TestResult("test_by_id", PASSED, seconds=1.0),
        TestResult("test_by_state", FAILED, "AssertionError"),
        TestResult("test_grace_period", NOT_PROVIDED, "alice did not log on: rdsh01.example.com says no"),
    ]
    path = Record(WINDOWS, results, answers, ["a note: of rdsh01.example.com"]).write(tmp_path)
    written = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert "20348.2700" in path.name
    assert (written["windows"]["language"], written["notes"]) == ("fr-FR", ["a note"])
    assert written["tests"]["test_grace_period"] == "not provided: alice did not log on"
    assert written["tests"]["test_by_state"] == "failed"
    assert "example.com" not in path.read_text(encoding="utf-8")
    tests_left, facts_left = unproven([written])
    assert [name for name in record.tests() if name not in tests_left] == ["test_by_id"]
    assert [fact for fact in facts() if fact not in facts_left] == [first]


def test_a_test_with_parameters_is_proven_by_its_name() -> None:
    told = {"tests": {"test_facts_of_a_session[active]": PASSED}, "facts": {}}
    assert "test_facts_of_a_session" not in unproven([told])[0]


def test_what_is_unproven_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    record.main()
    printed = capsys.readouterr().out
    tests_left, facts_left = unproven(kept_records())
    assert printed.startswith(f"{len(kept_records())} records. ")
    for name in (*tests_left, *(fact.name for fact in facts_left)):
        assert name in printed
    assert "console_message: What does a message to the console answer? (Never asked: the console is not of" in printed


def test_the_records_that_are_kept_are_of_windows() -> None:
    """A rehearsal proves nothing."""
    for kept in kept_records():
        assert kept["windows"]["product"].startswith("Windows")
