# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""No text from a host does anything to a terminal."""

from __future__ import annotations

import unicodedata

import pytest
from ansible_collections.winops.rds.plugins.plugin_utils._displayable import displayable
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "shown"),
    [("CONTOSO\\élodie", "CONTOSO\\élodie"), ("иванова 中文", "иванова 中文"), ("\x1b[2J", "\\x1b[2J"),
     ("a\nb", "a\\nb"), ("\u202ecod", "\\u202ecod"), ("a\xa0b", "a\\xa0b"), ("\udc80", "\\udc80"), ("\x7f\x85", "\\x7f\\x85")],
)  # fmt: skip
def test_what_is_not_seen_is_written(text: str, shown: str) -> None:
    assert displayable(text) == shown


@given(st.text())
def test_nothing_that_is_not_seen_is_left(text: str) -> None:
    assert {unicodedata.category(character)[0] for character in displayable(text)} <= {*"LMNPSZ"}
    assert len(displayable(text, None).splitlines()) <= 1
