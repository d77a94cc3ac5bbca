# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is wrong with an option, said in one way; names and durations as people type them."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from typing import Any

from .._words.durations import parse_duration


class OptionError(ValueError):
    """An option of a task is wrong; the message names it, its value and what is accepted."""


def nearest(name: str, known: Collection[str], likeness: float = 0.6) -> str | None:
    """Return the known name that a misspelt one is most like; None if it is like none.

    :param likeness: how like it has to be, as the ratio of :mod:`difflib`: 1 is the same.
    """
    return next(iter(difflib.get_close_matches(name.lower(), known, 1, likeness)), None)


def duration_option(options: Mapping[str, Any], option: str, *, unit_needed: bool = False) -> float | None:
    """Return a duration option in seconds; None where it is not given.

    :param unit_needed: a number alone is refused, as it is wherever one decides whom a task touches, or when.
    :raises OptionError: it is no duration.
    """
    text = options.get(option)
    return None if text is None else duration_value(option, text, unit_needed=unit_needed)


def duration_value(option: str, text: str, *, unit_needed: bool = False) -> float:
    """Return one value of an option of durations, in seconds. As :func:`duration_option`.

    :raises OptionError: it is no duration.
    """
    try:
        return parse_duration(text, unit_needed=unit_needed)
    except ValueError as error:
        raise OptionError(f"{option}: {error}") from None


def time_option(options: Mapping[str, Any], option: str, nothing: str, *, unit_needed: bool = False) -> float | None:
    """Return a duration option of more than nothing in seconds; None where it is not given.

    :param nothing: what a duration of 0 would give.
    :param unit_needed: as for :func:`duration_option`.
    :raises OptionError: it is no duration, or 0.
    """
    seconds = duration_option(options, option, unit_needed=unit_needed)
    # The engine counts in milliseconds.
    if seconds is not None and seconds < 0.001:
        raise OptionError(f"{option}: 0 would give {nothing}")
    return seconds
