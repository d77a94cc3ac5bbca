# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A message box: its text, its looks and its answers."""

from __future__ import annotations

import pytest
from ansible_collections.winops.rds.plugins.plugin_utils._options.errors import OptionError
from ansible_collections.winops.rds.plugins.plugin_utils._options.message import (
    answer_name,
    check_message,
    message_seconds,
    message_style,
)


@pytest.mark.parametrize(
    ("buttons", "icon", "style"),
    [
        # Sums of the values on the page of MessageBox.
        ("ok", "none", 0x00),
        ("yes_no", "warning", 0x34),
        ("retry_cancel", "information", 0x45),
        ("abort_retry_ignore", "error", 0x12),
        ("yes_no_cancel", "question", 0x23),
        ("ok_cancel", "none", 0x01),
    ],
)
def test_style(buttons: str, icon: str, style: int) -> None:
    assert message_style(buttons, icon) == style


@pytest.mark.parametrize(("duration", "seconds"), [(None, 0), (0.001, 1), (1.0, 1), (1.2, 2), (90.0, 90)])
def test_seconds_are_whole_and_never_less(duration: float | None, seconds: int) -> None:
    assert message_seconds(duration) == seconds


@pytest.mark.parametrize(("number", "name"), [(1, "ok"), (6, "yes"), (None, None), (11, "answer_11")])
def test_answer(number: int | None, name: str | None) -> None:
    assert answer_name(number) == name


def test_placeholders_are_those_of_the_caller() -> None:
    text = "{user}: in {minutes} minutes"
    assert check_message("message", text, ("user", "minutes")) == text
    with pytest.raises(OptionError, match=r"^title holds \{minutes\}, .* accepted are \{user\}, \{server\}$"):
        check_message("title", text, ("user", "server"))
    with pytest.raises(OptionError, match="accepted are none"):
        check_message("title", "{user}", ())
