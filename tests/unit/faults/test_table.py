# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The guide to faults names tests that there are, and words that users read; each explained error fits on two lines."""

from __future__ import annotations

import re

import pytest
from ansible_collections.winops.rds.plugins.plugin_utils._engine.report import RefusedCall
from ansible_collections.winops.rds.plugins.plugin_utils._result.records import windows_error
from ansible_collections.winops.rds.plugins.plugin_utils._result.sentences import error_text
from ansible_collections.winops.rds.plugins.plugin_utils._result.win32_errors import _ERRORS, Win32Error

from tests.support.guides import guide
from tests.support.paths import REPOSITORY
from tests.unit.faults import rules

TABLE = guide("faults")


def test_the_tests_that_it_names() -> None:
    sources = [*REPOSITORY.glob("tests/**/test_*.py")]
    defined = set(re.findall(r"def (test_\w+)\(", "".join(source.read_text(encoding="utf-8") for source in sources)))
    named = {name for name in TABLE.literals() if name.startswith("test_")}
    assert len(named) > 20
    assert named <= defined
    for path in TABLE.literals():
        assert not path.startswith("tests/") or (REPOSITORY / path).is_file()


def test_the_errors_that_it_names() -> None:
    known = {f"[{error.code} {error.name}]" for error in _ERRORS}
    named = set(re.findall(r"\[\d+ \w+\]", TABLE.text))
    assert named and named <= known


@pytest.mark.parametrize("error", _ERRORS, ids=lambda error: error.name or "no answer")
def test_an_error_fits_on_two_lines(error: Win32Error) -> None:
    text = error_text(windows_error(RefusedCall("WTSEnumerateSessionsEx", error.code)))
    rules.check_reason(f"RDSH02: session 12 (bob): {text}")
