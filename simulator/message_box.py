# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A message box that WTSSendMessage shows: its buttons, and what Windows answers for them.

https://learn.microsoft.com/windows/win32/api/wtsapi32/nf-wtsapi32-wtssendmessagew
https://learn.microsoft.com/windows/win32/api/winuser/nf-winuser-messageboxw
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

#: What WTSSendMessage answers where no button was pressed: the time was over, or nobody waited.
IDTIMEOUT, IDASYNC = 32000, 32001

_MB_TYPEMASK = 0xF


class Button(IntEnum):
    """ID* (winuser.h)."""

    OK = 1
    CANCEL = 2
    ABORT = 3
    RETRY = 4
    IGNORE = 5
    YES = 6
    NO = 7
    TRY_AGAIN = 10
    CONTINUE = 11


#: The buttons of each of MB_OK, MB_OKCANCEL, MB_ABORTRETRYIGNORE, MB_YESNOCANCEL, MB_YESNO, MB_RETRYCANCEL and
#: MB_CANCELTRYCONTINUE.
_BUTTONS = (
    {Button.OK},
    {Button.OK, Button.CANCEL},
    {Button.ABORT, Button.RETRY, Button.IGNORE},
    {Button.YES, Button.NO, Button.CANCEL},
    {Button.YES, Button.NO},
    {Button.RETRY, Button.CANCEL},
    {Button.CANCEL, Button.TRY_AGAIN, Button.CONTINUE},
)


@dataclass(frozen=True)
class Message:
    """A message that a session was shown."""

    title: str
    text: str
    style: int
    """MB_* flags."""
    time: float
    """Seconds on the monotonic clock, as in the call log."""


def pressed(button: Button | None, style: int) -> Button | None:
    """Return what comes back from a user who answers with a button; None if the box does not have it.

    Esc closes a box that has only OK, and counts as OK there.
    """
    kind = style & _MB_TYPEMASK
    buttons = _BUTTONS[kind] if kind < len(_BUTTONS) else set()
    if buttons == {Button.OK} and button is Button.CANCEL:
        return Button.OK
    return button if button in buttons else None
