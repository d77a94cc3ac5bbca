# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Text from hosts, made fit to be shown.

Whoever logs on chooses the names of computers and programs, and a terminal obeys what is in them: escape sequences,
line ends that begin a line of their own, marks that turn the direction of writing.
"""

from __future__ import annotations

#: Characters. No account is longer, and a line has room for it.
LONGEST_NAME = 128


def displayable(text: str, longest: int | None = LONGEST_NAME) -> str:
    r"""Return a text as it can be shown: what is not seen, or does something, is written as ``\x1b`` or ``\u202e``.

    :param longest: how many characters of it are shown; None: all.
    """
    shown = text if longest is None or len(text) <= longest else f"{text[: longest - 1]}…"
    # Control characters are not printable, and neither are blanks other than the space, with which two names would
    # look the same: https://docs.python.org/3/library/stdtypes.html#str.isprintable
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in shown)


def one_line(text: object, longest: int) -> str:
    """Return the words of somebody else, a connection plugin or PowerShell, for a place in a line of ours."""
    return displayable(" ".join(str(text).split()), longest)
