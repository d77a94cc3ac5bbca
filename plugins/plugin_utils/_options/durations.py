# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The type of an option that is a length of time."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .._words.durations import UNIT_OF, parse_duration
from .errors import OptionError


@dataclass(frozen=True)
class Duration:
    """A type of argument specs, beside Ansible's own: what is typed is a text, and the value is a number of seconds."""

    zero_would: str | None = None
    """What a duration of 0 would do, which is the reason to refuse it; None: it is accepted."""
    unit_needed: bool = False
    """Whether a number alone is refused, as it is wherever a duration decides whom a task touches, or when."""
    zero_is_plain: bool = False
    """Whether 0 needs no unit all the same, since it is as much in each."""

    def seconds(self, option: str, text: str) -> float:
        """Return what was typed for an option.

        :raises OptionError: it is no duration, or 0.
        """
        try:
            unit_needed = self.unit_needed and not (self.zero_is_plain and re.fullmatch(r"0+(\.0+)?", text.strip()))
            seconds = parse_duration(text, unit_needed=unit_needed)
        except ValueError as error:
            raise OptionError(f"{option}: {error}") from None
        # The engine counts in milliseconds.
        if self.zero_would is not None and seconds < 0.001:
            raise OptionError(f"{option}: 0 would {self.zero_would}")
        return seconds


def duration_of_fields(fields: Mapping[str, Any]) -> str:
    """Return as text what somebody has written as ``{hours: 2, minutes: 30}``; "" where it is anything else."""
    if any(str(unit).lower() not in UNIT_OF for unit in fields):
        return ""
    text = " ".join(f"{number} {unit}" for unit, number in fields.items())
    return text if is_duration(text) else ""


def is_duration(text: str) -> bool:
    """Whether it is a duration with its unit."""
    try:
        parse_duration(text, unit_needed=True)
    except ValueError:
        return False
    return True
