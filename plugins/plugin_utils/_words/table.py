# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tables of text in a terminal."""

from __future__ import annotations

import shutil
import unicodedata
from collections.abc import Collection, Sequence

from .displayable import displayable

_GAP = "  "

#: A column that becomes narrower keeps so much.
_NARROWEST = 8

#: Columns. A narrower terminal is treated as one of this width, because textwrap never ends without room for text.
_NARROWEST_TERMINAL = 20


def terminal_width() -> int:
    """Return the columns of the terminal, or what COLUMNS says; 0 where the output goes elsewhere, or where they are
    too few to write in.

    It has to be asked by the process that Ansible was started as: the workers of ansible-core 2.19 and newer have no
    terminal any more.
    """
    width = shutil.get_terminal_size((0, 0)).columns
    return width if width >= _NARROWEST_TERMINAL else 0


def aligned(
    rows: Sequence[Sequence[str]],
    header: Sequence[str] = (),
    *,
    width: int = 0,
    shrink: Sequence[int] = (),
    keep_end: Collection[int] = (),
    fill: bool = False,
) -> list[str]:
    """Return rows as lines, each column as wide as what is in it. Numbers are aligned to the right.

    :param width: no line is longer; 0: they may be.
    :param shrink: the columns that become narrower where it is too little, in this order.
    :param keep_end: the columns of which the end tells more than the beginning.
    :param fill: the lines end with blanks, where something else is to follow.
    """
    cells = [[displayable(cell) for cell in row] for row in ([header] if header else []) + [*rows]]
    if not cells:
        return []
    widths = [max(map(columns, column)) for column in zip(*cells, strict=True)]
    excess = sum(widths) + len(_GAP) * (len(widths) - 1) - width if width else 0
    for column in shrink:
        less = max(0, min(excess, widths[column] - _NARROWEST))
        widths[column] -= less
        excess -= less
    numbers = {column for column in range(len(widths)) if all(row[column].isdigit() for row in cells[bool(header) :])}
    lines = []
    for row in cells:
        shown = [_shortened(cell, widths[column], keep_end=column in keep_end) for column, cell in enumerate(row)]
        filling = [" " * (widths[column] - columns(cell)) for column, cell in enumerate(shown)]
        filled = [
            blank + cell if column in numbers else cell + blank
            for column, (cell, blank) in enumerate(zip(shown, filling, strict=True))
        ]
        line = _GAP.join(filled)
        lines.append(line if fill else first_line(line.rstrip(), width))
    return lines


def first_line(text: str, width: int) -> str:
    """Return a text as one line of the terminal, shortened where it is longer than that."""
    line = displayable(" ".join(text.split()) if "\n" in text else text, None)
    return _shortened(line, width) if width else line


def columns(text: str) -> int:
    """Return how many columns of a terminal a text takes: a Chinese character has two, a combining mark none.

    https://www.unicode.org/reports/tr11/
    """
    if text.isascii():
        return len(text)
    return sum(map(_columns, text))


def _columns(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _shortened(text: str, width: int, *, keep_end: bool = False) -> str:
    if columns(text) <= width:
        return text
    while columns(text) >= width:
        text = text[1:] if keep_end else text[:-1]
    return f"…{text}" if keep_end else f"{text}…"
