# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What comes back from a user who answers a message box."""

from __future__ import annotations

import pytest

from simulator.message_box import Button, pressed

MB_ICONSTOP, MB_SYSTEMMODAL = 0x10, 0x1000


@pytest.mark.parametrize(
    ("style", "buttons"),
    [
        (0, {"OK"}),
        (1, {"OK", "CANCEL"}),
        (2, {"ABORT", "RETRY", "IGNORE"}),
        (3, {"YES", "NO", "CANCEL"}),
        (4, {"YES", "NO"}),
        (5, {"RETRY", "CANCEL"}),
        (6, {"CANCEL", "TRY_AGAIN", "CONTINUE"}),
        (7, set()),
    ],
)
def test_a_user_presses_a_button_that_is_there(style: int, buttons: set[str]) -> None:
    style |= MB_ICONSTOP | MB_SYSTEMMODAL
    assert {button.name for button in Button if pressed(button, style) is button} == buttons


def test_esc_closes_a_box_that_has_only_ok() -> None:
    assert pressed(Button.CANCEL, 0) is Button.OK
    assert pressed(Button.CANCEL, 4) is None


def test_a_user_who_does_not_answer() -> None:
    assert pressed(None, 0) is None
