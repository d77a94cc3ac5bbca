# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Text from hosts, made fit to be shown.

Whoever logs on chooses the names of computers and programs, and a terminal obeys what is in them: escape sequences,
line ends that begin a line of their own, marks that turn the direction of writing.
"""

from __future__ import annotations

import unicodedata

#: Controls, format characters (directions, zero widths), surrogates, private use, unassigned; line ends.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})

#: Longer than any account, and short enough for a line.
LONGEST_NAME = 128


def displayable(text: str, longest: int | None = LONGEST_NAME) -> str:
    r"""Return a text as it can be shown: what is not seen, or does something, is written as ``\x1b`` or ``\u202e``.

    :param longest: how many characters of it are shown; None: all.
    """
    shown = text if longest is None or len(text) <= longest else f"{text[: longest - 1]}…"
    if shown.isascii() and shown.isprintable():
        return shown
    return "".join(map(_escaped, shown))


def _escaped(character: str) -> str:
    # A blank that only looks like a space would make two names look the same.
    is_other_blank = unicodedata.category(character) == "Zs" and character != " "
    if unicodedata.category(character) not in _UNSEEN and not is_other_blank:
        return character
    return character.encode("unicode_escape").decode()
