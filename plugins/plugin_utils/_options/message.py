# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A message box in a session: its text, its looks and its answers.

Numbers: https://learn.microsoft.com/windows/win32/api/winuser/nf-winuser-messagebox (MB_*, ID*).
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Collection

from .errors import OptionError
from .names import NOTHING

#: MB_OK, MB_OKCANCEL, …
BUTTONS = {
    "ok": 0x0,
    "ok_cancel": 0x1,
    "abort_retry_ignore": 0x2,
    "yes_no_cancel": 0x3,
    "yes_no": 0x4,
    "retry_cancel": 0x5,
}

#: MB_ICONINFORMATION, …
ICONS = {
    "none": 0x0,
    "error": 0x10,
    "question": 0x20,
    "warning": 0x30,
    "information": 0x40,
}

#: What people call them, too.
ICON_WORDS = {"info": "information", "warn": "warning"}

#: IDOK, IDCANCEL, …: the button that was pressed.
_ANSWERS = {1: "ok", 2: "cancel", 3: "abort", 4: "retry", 5: "ignore", 6: "yes", 7: "no"}

#: A word in braces, or a brace alone.
_BRACED = re.compile(r"\{[^{}]*\}|[{}]")


def check_message(option: str, text: str, placeholders: Collection[str]) -> str:
    """Return a text that is to be shown; ``{user}`` and the like are the placeholders that it may hold.

    :raises OptionError: it is nothing, holds a control character, another placeholder or a single brace.
    """
    if not text.strip():
        raise OptionError(f"{option} is empty; say what the users should read")
    if text.strip().lower() in NOTHING:
        raise OptionError(f"{option} is {text!r}, which users would read so; say what they should read")
    for character in text:
        # Windows would show the text only up to a NUL.
        if unicodedata.category(character) == "Cc" and character not in "\t\r\n":
            raise OptionError(f"{option} holds the control character {character!r}")
    accepted = [f"{{{name}}}" for name in placeholders]
    for braced in _BRACED.findall(text):
        if braced not in accepted:
            raise OptionError(
                f"{option} holds {braced}, which is not known; braces are for placeholders, and accepted are "
                f"{', '.join(accepted) or 'none'}"
            )
    return text


def message_style(buttons: str, icon: str) -> int:
    """Return the MB_* flags for these choices."""
    return BUTTONS[buttons] | ICONS[icon]


def message_seconds(duration: float | None) -> int:
    """Return for how long a message is shown: whole seconds, as Windows takes them; 0 is "until it is closed"."""
    return math.ceil(duration or 0)


def answer_name(number: int | None) -> str | None:
    """Return the name of the button that was pressed; None if there was no answer, ``answer_<number>`` if unknown."""
    return None if number is None else _ANSWERS.get(number, f"answer_{number}")
