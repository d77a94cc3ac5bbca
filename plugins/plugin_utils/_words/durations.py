# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Durations as people write them."""

from __future__ import annotations

import re
import unicodedata

ACCEPTED = "units (30s, 15m, 2h, 2 hours, 1d 4h) or ISO 8601 (PT30M)"
LONGEST_SECONDS = 366 * 24 * 3600

_SECONDS = {"w": 7 * 24 * 3600, "d": 24 * 3600, "h": 3600, "m": 60, "s": 1}
#: What people write for each unit, in German, French, Spanish, Italian and Dutch, too, without accents. A j is a day in
#: French and a year in German and Dutch.
_WORDS = {
    "w": "w wk wks week weeks woche wochen semaine semaines semana semanas settimana settimane weken",
    "d": "d day days tag tage tagen jour jours dia dias giorno giorni dag dagen",
    "h": "h hr hrs hour hours std stunde stunden heure heures hora horas ora ore uur uren",
    "m": "m min mins minute minutes minuten minuto minutos minuti minuut",
    "s": "s sec secs second seconds sek sekunde sekunden seconde secondes segundo segundos secondo secondi seconden",
}
UNIT_OF = {word: unit for unit, words in _WORDS.items() for word in words.split()}

_NUMBER = r"(\d+(?:\.\d+)?)"
_PLAIN = re.compile(_NUMBER, re.ASCII)
_PART = re.compile(rf"{_NUMBER}\s*([a-z]+)\.?", re.ASCII | re.IGNORECASE)
#: ``1d 4h``, ``1h30m``, ``1 hour, 30 minutes``, ``1 hour and 30 min.``, ``2h+30m``
_UNITS = re.compile(
    rf"{_PART.pattern}(?:\s*(?:[,&+]|(?:and|und|et|y|e|en)\b)?\s*{_PART.pattern})*", re.ASCII | re.IGNORECASE
)
# ISO 8601 has months and years too, but these have no fixed length.
_ISO_8601 = re.compile(
    rf"P(?:{_NUMBER}W)?(?:{_NUMBER}D)?(?:T(?=\d)(?:{_NUMBER}H)?(?:{_NUMBER}M)?(?:{_NUMBER}S)?)?",
    re.ASCII | re.IGNORECASE,
)
#: Days, and hours and minutes, or minutes and seconds, or all three: as quser, .NET and Python write them. Without
#: seconds, ``30.11:00`` may be a date.
_CLOCK = re.compile(
    r"(?:(\d{1,3})(?:\+|\.(?=\d+:\d+:)|:(?=\d+:\d+:)|\s*(?:d|days?|tage?|jours?|dias?|giorn[io]|dag(?:en)?)\s*[,+]?\s*))?"
    r"(\d{1,3}):(\d\d)(?::(\d\d))?",
    re.ASCII | re.IGNORECASE,
)
_TIME_OF_DAY = re.compile(
    r"\d\s*(?:[ap]\.?m\b|uhr|o'clock)|\b(?:today|tonight|tomorrow|noon|midnight)\b|\d-\d\d?-\d|\d[./]\d\d?[./]\d",
    re.ASCII | re.IGNORECASE,
)
#: One and a half second to some, and one and a half thousand to others.
_THOUSANDS = re.compile(r"[1-9]\d{0,2}(?:([.,])\d{3})+(?!\d)", re.ASCII)
_FRACTIONS = {"½": ".5", "¼": ".25", "¾": ".75"}
_CALENDAR = re.compile(
    r"\d\s*(mo|months?|monate?n?|mois|mes|meses|y|yrs?|years?|jahre?n?|ans?)\b|^P[^T]*\d[YM]", re.ASCII | re.IGNORECASE
)
#: What holds anyway, without accents.
_ANYWAY = re.compile(
    r"^(?:[>\u2265]=?|=>|\+|(?:at least|(?:more|longer|greater|older) than|over|in|for|after|since|min|minimum|"
    r"mind|mindestens|wenigstens|(?:mehr|langer) als|uber|seit|vor|au moins|plus de|depuis|il y a|"
    r"al menos|mas de|desde hace|desde|hace|almeno|piu di|minstens|meer dan)\b\.?)\s*|"
    r"\+$|\s+(?:from now|ago|(?:or|and) (?:more|longer)|(?:oder|und) (?:mehr|langer)|(?:ou|et) plus|[oy] mas)$",
    re.IGNORECASE,
)
#: The opposite.
_AT_MOST = re.compile(
    r"^(?:[<\u2264\u226f]|=<|(?:less|shorter|fewer) than|under|below|within|at most|up to|max|hochstens|bis|"
    r"weniger als|(?:no|not|nicht|pas) (?:more|longer|mehr|langer|plus|mas)\b|moins de|au plus|jusqu|menos de|"
    r"como maximo|hasta|meno di|fino a|al massimo|minder dan|hoogstens|tot)|\bor less$",
    re.IGNORECASE,
)
#: An hour as French, Spanish and Dutch write it, after a word that is for both: ``depuis 8h``, ``after 22h``.
_SINCE_AN_HOUR = re.compile(
    r"^(?:after|since|seit|vor|depuis|desde(?! hace))\.?\s*\d+\s*(?:h(?:\s*\d\d)?|heures?|horas?|uur)\b|"
    r"\b0\d\s*h\s*\d\d$|\d\s*h\s*00$",
    re.ASCII | re.IGNORECASE,
)
#: An hour and thirty minutes to some, and thirty hundredths of it to others. A quarter and a half are clear.
_MINUTES_OR_HUNDREDTHS = re.compile(r"(?<![\d.])(\d+)\.(?!00|25|50)([0-5]\d)\s*([a-z]+)", re.ASCII | re.IGNORECASE)
_DAY_OR_YEAR = re.compile(r"(\d+)\s*j\b", re.ASCII | re.IGNORECASE)
_HALF = re.compile(
    r"^(?:(?:an?|een) )?half (?:an? )?|^(?:eine[rn]? )?halbe[rn]? |^(?:une? )?demi[ -]|^media |^(?:una )?mezz(?:'|a )",
    re.IGNORECASE,
)
_ONE = re.compile(r"^(?:an?|one|eine?|une?|una|een)\s", re.IGNORECASE)
#: ``1h30``
_MINUTES_LEFT_BARE = re.compile(r"^(\d+\s*(?:h|hrs?|hours?|std\.?|stunden?|heures?))\s*([0-5]\d)$", re.ASCII | re.I)
#: Why ``timeout: 60`` is taken and ``grace: 600`` is not.
_WHY_A_UNIT = (
    "What decides about people needs its unit; only a wait, such as timeout and server_timeout, may be seconds alone"
)
#: An M that comes first is a month to some programs (systemd.time) and a minute to others.
_MONTH_OR_MINUTE = re.compile(rf"{_NUMBER}\s*M\b", re.ASCII)


def parse_duration(text: str, *, unit_needed: bool = False) -> float:
    """Return the duration in seconds.

    :param unit_needed: refuse a number alone. It may be hours and minutes: YAML reads ``2:00`` as 120.
    :raises ValueError: not a duration, or longer than a year; the message says what is accepted.
    """
    stripped = " ".join(text.split())  # with each kind of blank: a number and its unit are kept together by U+00A0
    stripped = re.sub(r"""^(["'])(.*)\1$""", r"\2", stripped)
    if _PLAIN.fullmatch(stripped) and not _THOUSANDS.fullmatch(stripped):
        if unit_needed:
            raise ValueError(f"{text!r} has no unit: {_readings(stripped)}. {_WHY_A_UNIT}")
        seconds = float(stripped)
    else:
        sizes = _days_and_clock(_bare(stripped)) or _sizes(_in_units(stripped))
        if sizes is None:
            accepted = ACCEPTED if unit_needed else f"seconds (90), {ACCEPTED}"
            raise ValueError(f"{text!r} is not a duration{_meant(stripped)}; accepted are {accepted}")
        seconds = sum(sizes)
    if seconds > LONGEST_SECONDS:
        raise ValueError(f"{text!r} is longer than a year")
    return seconds


def _plain(text: str) -> str:
    """Without accents. What strikes a sign out is none of them: U+226F is "not greater than"."""
    return re.sub(r"(?<=[^\W\d_])[\u0300-\u036f]+", "", unicodedata.normalize("NFD", text))


def _bare(text: str) -> str:
    """Without accents (``3 días``), and without what holds anyway (``>2h``)."""
    return _ANYWAY.sub("", _plain(text))


def _in_units(text: str) -> str:
    """The same as numbers and units, where it has a decimal comma (``1,5h``), a fraction (``1½h``), minutes without
    their unit (``1h30``), a number in words (``half an hour``), accents (``3 días``), or what holds anyway (``>2h``).
    """
    if _THOUSANDS.search(text) or _SINCE_AN_HOUR.search(_plain(text)):
        return text
    text = re.sub(r"(\d*) ?([½¼¾])(?!\d)", lambda found: f" {found[1] or 0}{_FRACTIONS[found[2]]}", _bare(text)).strip()
    text = re.sub(r"(\d),(\d+\s*[a-z]+\.?)$", r"\1.\2", text, flags=re.ASCII | re.IGNORECASE)
    text = re.sub(r"(?i)(?<=[a-z])\((?:s|e|n|en)\)", "", text)  # hour(s)
    text = _ONE.sub("1 ", _HALF.sub("0.5 ", text))
    return _MINUTES_LEFT_BARE.sub(r"\1 \2m", text)


def _days_and_clock(text: str) -> list[float] | None:
    """The seconds of ``1+02:30``, as ``quser`` shows it; without days it may be a time of day."""
    match = _CLOCK.fullmatch(text)
    if match is None or match[1] is None or int(match[2]) > 23 or max(map(int, match.groups("0")[2:])) > 59:
        return None
    return [int(number or 0) * size for number, size in zip(match.groups(), (86400, 3600, 60, 1), strict=True)]


def _sizes(text: str) -> list[float] | None:
    """The seconds of each part, of which the larger units come first; None: it is no duration."""
    iso = _ISO_8601.fullmatch(text)
    if iso and any(iso.groups()):
        return [float(number or 0) * size for number, size in zip(iso.groups(), _SECONDS.values(), strict=True)]
    parts = _parts(text)
    units = [unit for _number, unit in parts]
    in_order = [unit for unit in _SECONDS if unit in units]
    is_in_doubt = _MONTH_OR_MINUTE.match(text) or _THOUSANDS.search(text) or _hundredths(text)
    if not parts or units != in_order or is_in_doubt:
        return None
    return [number * _SECONDS[unit] for number, unit in parts]


def _parts(text: str) -> list[tuple[float, str]]:
    """Numbers with their units; none if it is anything else."""
    parts = _PART.findall(text) if _UNITS.fullmatch(text) else []
    if any(word.lower() not in UNIT_OF for _number, word in parts):
        return []
    return [(float(number), UNIT_OF[word.lower()]) for number, word in parts]


def _hundredths(text: str) -> str:
    """Both readings of ``1.30h``; "" for anything else."""
    match = _MINUTES_OR_HUNDREDTHS.search(text)
    unit = UNIT_OF.get(match[3].lower()) if match else None
    if match is None or unit not in ("h", "m"):
        return ""
    size = _SECONDS[unit]
    whole, hundredths = int(match[1]) * size, int(match[2])
    return f"{format_duration(whole + hundredths * size / 60)} or {format_duration(whole + hundredths * size / 100)}"


def _readings(number: str) -> str:
    """How to write a number with a unit."""
    readings = [
        f"{number} {name} is {format_duration(float(number) * size)}"
        for name, size in (("seconds", 1), ("minutes", 60))
        if 0 < float(number) * size <= LONGEST_SECONDS
    ]
    return ", ".join(readings) or "write 15m or 2h"


def _meant(text: str) -> str:
    """How to write what is nearly a duration, or why there is no such thing."""
    if _CALENDAR.search(text):
        return " (months and years have no fixed length: give days, as in 30d)"
    if minutes := _MONTH_OR_MINUTE.match(_in_units(text)):
        return f" (M may be months, which have no fixed length; minutes are {minutes[1]}m)"
    if separated := _THOUSANDS.search(text):
        return f" (a {separated[1]} before three digits may separate thousands; leave it out, or give another unit)"
    if days := _DAY_OR_YEAR.search(text):
        return f" (j is a day to some and a year to others; days are {days[1]}d)"
    if _AT_MOST.search(_plain(text)) or _AT_MOST.search(text):
        return " (give the duration alone; idle_for and the like mean so long, or longer)"
    if _TIME_OF_DAY.search(text) or _SINCE_AN_HOUR.search(_plain(text)):
        return " (it is how long, and no date or time of day)"
    written = _clock_readings(text) or _hundredths(_in_units(text)) or _in_order(text)
    return f" (write {written})" if written else ""


def _clock_readings(text: str) -> str:
    """A time with colons: ``2:00``, ``1:30:00``."""
    match = _CLOCK.fullmatch(text)
    if match is None:
        return ""
    first, second, third = (int(number or 0) for number in match.groups()[1:])
    if match[4]:
        return format_duration(first * 3600 + second * 60 + third)
    readings = dict.fromkeys((format_duration(first * 60 + second), format_duration(first * 3600 + second * 60)))
    return f"{' or '.join(readings)}; it is how long, and no time of day"


def _in_order(text: str) -> str:
    """What has the smaller unit first: ``30m 2h``."""
    parts = _parts(_in_units(text))
    if len({unit for _number, unit in parts}) < len(parts):
        return ""
    return format_duration(sum(number * _SECONDS[unit] for number, unit in parts)) if parts else ""


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
