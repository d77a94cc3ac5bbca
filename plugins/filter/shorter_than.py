# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The durations of a list that are shorter than another one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..plugin_utils._words.durations import parse_duration


def shorter_than(durations: Sequence[str], longest: Any) -> list[str]:
    try:
        seconds = parse_duration(str(longest), unit_needed=True)
    except ValueError:
        return [*durations]
    return [duration for duration in durations if parse_duration(duration) < seconds]


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"shorter_than": shorter_than}
