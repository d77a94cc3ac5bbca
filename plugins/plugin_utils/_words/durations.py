# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Durations as people write them."""

from __future__ import annotations

import re

ACCEPTED = "units (30s, 15m, 2h, 1d 4h) or ISO 8601 (PT30M)"
LONGEST_SECONDS = 366 * 24 * 3600

_SECONDS = {"w": 7 * 24 * 3600, "d": 24 * 3600, "h": 3600, "m": 60, "s": 1}
_NUMBER = r"(\d+(?:\.\d+)?)"
_PLAIN = re.compile(_NUMBER, re.ASCII)
_UNITS = re.compile("".join(rf"\s*(?:{_NUMBER}\s*{unit})?" for unit in _SECONDS) + r"\s*", re.ASCII | re.IGNORECASE)
# ISO 8601 has months and years too, but these have no fixed length.
_ISO_8601 = re.compile(
    rf"P(?:{_NUMBER}W)?(?:{_NUMBER}D)?(?:T(?=\d)(?:{_NUMBER}H)?(?:{_NUMBER}M)?(?:{_NUMBER}S)?)?",
    re.ASCII | re.IGNORECASE,
)
#: Days, and hours and minutes, or minutes and seconds, or all three.
_CLOCK = re.compile(r"(?:(\d{1,3})\+)?(\d{1,3}):(\d\d)(?::(\d\d))?", re.ASCII)


def parse_duration(text: str, *, unit_needed: bool = False) -> float:
    """Return the duration in seconds.

    :param unit_needed: refuse a number alone. It may be hours and minutes: YAML reads ``2:00`` as 120.
    :raises ValueError: not a duration, or longer than a year; the message says what is accepted.
    """
    stripped = text.strip()
    if _PLAIN.fullmatch(stripped):
        seconds = float(stripped)
        if unit_needed:
            raise ValueError(f"{text!r} has no unit: write {_readings(seconds)}")
    else:
        match = _ISO_8601.fullmatch(stripped) or _UNITS.fullmatch(stripped)
        if match is None or not any(match.groups()):
            accepted = ACCEPTED if unit_needed else f"seconds (90), {ACCEPTED}"
            raise ValueError(f"{text!r} is not a duration{_meant(stripped)}; accepted are {accepted}")
        seconds = sum(float(number or 0) * unit for number, unit in zip(match.groups(), _SECONDS.values(), strict=True))
    if seconds > LONGEST_SECONDS:
        raise ValueError(f"{text!r} is longer than a year")
    return seconds


def _readings(number: float) -> str:
    """A number as seconds and as minutes."""
    if not 0 < number <= LONGEST_SECONDS:
        return "15m or 2h"
    return f"{format_duration(number)} or {format_duration(number * 60)}"


def _meant(text: str) -> str:
    """How to write a time with colons, as ``quser`` shows one: ``2:00``, ``1+02:30``."""
    match = _CLOCK.fullmatch(text)
    if match is None:
        return ""
    days, first, second, third = (int(number or 0) for number in match.groups())
    if third or text.count(":") == 2:
        return f" (write {format_duration(days * 86400 + first * 3600 + second * 60 + third)})"
    hours = format_duration(days * 86400 + first * 3600 + second * 60)
    return f" (write {hours})" if days else f" (write {format_duration(first * 60 + second)} or {hours})"


def format_duration(seconds: float) -> str:
    """Return the duration in the units that :func:`parse_duration` reads: ``2m``, ``1h 30m``, ``0.4s``."""
    if round(seconds, 1) < 60:
        return f"{seconds:.1f}".removesuffix(".0") + "s"
    rest = round(seconds)
    parts = []
    for unit, size in list(_SECONDS.items())[1:]:
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count}{unit}")
    return " ".join(parts)
