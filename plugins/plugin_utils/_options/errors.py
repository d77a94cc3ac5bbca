# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is wrong with an option, and the name that was probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Collection


class OptionError(ValueError):
    """An option of a task is wrong; the message names it, its value and what is accepted."""


def nearest(name: str, known: Collection[str], likeness: float = 0.6) -> str | None:
    """Return the known name that a misspelt one is most like; None if it is like none.

    :param likeness: how like it has to be, as the ratio of :mod:`difflib`: 1 is the same.
    """
    return next(iter(difflib.get_close_matches(name.lower(), known, 1, likeness)), None)
