# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import re

import pytest
from ansible_collections.winops.rds.plugins.plugin_utils._words.durations import (
    LONGEST_SECONDS,
    format_duration,
    parse_duration,
)
from hypothesis import given
from hypothesis import strategies as st

MINUTE, HOUR, DAY, WEEK = 60, 3600, 24 * 3600, 7 * 24 * 3600


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90),
        ("0", 0),
        ("0.5", 0.5),
        ("90s", 90),
        ("15m", 15 * MINUTE),
        ("2h", 2 * HOUR),
        ("1d 4h", DAY + 4 * HOUR),
        ("1d4h", DAY + 4 * HOUR),
        ("1.5h", 90 * MINUTE),
        ("1w 2d 3h 4m 5s", WEEK + 2 * DAY + 3 * HOUR + 4 * MINUTE + 5),
        ("  2 H  30 M ", 2 * HOUR + 30 * MINUTE),
        ("PT30M", 30 * MINUTE),
        ("pt30m", 30 * MINUTE),
        ("P1D", DAY),
        ("P1W", WEEK),
        ("P1DT2H3M4.5S", DAY + 2 * HOUR + 3 * MINUTE + 4.5),
        ("366d", LONGEST_SECONDS),
        ("2 hours", 2 * HOUR),
        ("1 hour", HOUR),
        ("2 hrs", 2 * HOUR),
        ("10 min", 10 * MINUTE),
        ("10min", 10 * MINUTE),
        ("5 Minutes", 5 * MINUTE),
        ("15 mins.", 15 * MINUTE),
        ("90 sec", 90),
        ("1 second", 1),
        ("1 day", DAY),
        ("2 days 4 hours", 2 * DAY + 4 * HOUR),
        ("1 wk", WEEK),
        ("2 weeks", 2 * WEEK),
        ("1h30m", 90 * MINUTE),
        ("1H30M", 90 * MINUTE),
        ("1 hour, 30 minutes", 90 * MINUTE),
        ("1 hour and 30 minutes", 90 * MINUTE),
        ("1.5 hours", 90 * MINUTE),
        ("2\u00a0h", 2 * HOUR),
        ("1\u202fhour,\u00a030\u2009minutes", 90 * MINUTE),
    ],
)
def test_parse(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            " ",
            "soon",
            "-5",
            "+5",
            "-1h",
            "1e3",
            "1_000",
            "5 fortnights",
            "5mm",
            "2h,",
            "and 2h",
            "4h 1d",
            "1h 1h",
            "m",
        ),
        *(
            "P",
            "PT",
            "P1DT",
            "P1H",
            "P1M",
            "P1Y",
            "PT1D",
            "P-1D",
            "00:30:00",
            "30:00",
            "nan",
            "inf",
            "0x10",
            ".5",
            "5.",
        ),
        *("٩٠", "９０", "90ſ", "1h\n5"),
    ],
)
def test_parse_refuses(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a duration.*; accepted are seconds") as refusal:
        parse_duration(text)
    assert repr(text) in str(refusal.value)


@pytest.mark.parametrize(
    ("text", "readings"),
    [
        ("120", "120 seconds is 2m, 120 minutes is 2h"),  # what YAML makes of 2:00
        ("7200", "7200 seconds is 2h, 7200 minutes is 5d"),
        ("90", "90 seconds is 1m 30s, 90 minutes is 1h 30m"),
        ("1.5", "1.5 seconds is 1.5s, 1.5 minutes is 1m 30s"),
        (" 15 ", "15 seconds is 15s, 15 minutes is 15m"),
        ("31622400", "31622400 seconds is 366d"),
        ("0", "write 15m or 2h"),
        ("9" * 400, "write 15m or 2h"),
    ],
)
def test_a_number_alone_is_refused_where_it_may_be_minutes(text: str, readings: str) -> None:
    with pytest.raises(ValueError) as refusal:
        parse_duration(text, unit_needed=True)
    assert str(refusal.value).startswith(
        f"{text!r} has no unit: {readings}. What decides about people needs its unit; "
    )
    assert "timeout" in str(refusal.value)


@pytest.mark.parametrize(
    ("text", "meant"),
    [("1h30", "1h 30m"), ("2h 30", "2h 30m"), ("1,5h", "1h 30m"), (">2h", "2h"), ("2h or more", "2h"),
     (">= 2 hours", "2h"), ("2h+", "2h"), ("half an hour", "30m"), ("an hour", "1h"), ("at least 1 day", "1d"),
     ("in 10 minutes", "10m"), ("10 min from now", "10m"), ("half hour", "30m"), ("½ h", "30m"), ("1½ hours", "1h 30m"),
     ("Half An Hour", "30m"), ("longer than 2 hours", "2h"), ("2 hours ago", "2h"), ("2 Std.", "2h"), ("1 Tag", "1d"),
     ("mehr als 1,5 Stunden", "1h 30m"), ("länger als 30 Minuten", "30m"), ("2 heures", "2h"),
     ("plus de 2 jours", "2d"), ("2 horas", "2h"), ("3 días", "3d"), ("más de 30 minutos", "30m"),
     ("2 uur", "2h"), ("1 Tag 4 Stunden", "1d 4h")],
)  # fmt: skip
def test_what_people_say(text: str, meant: str) -> None:
    assert parse_duration(text, unit_needed=True) == parse_duration(meant)


@pytest.mark.parametrize(
    ("text", "meant"),
    [("≥2h", "2h"), ("=>2h", "2h"), ("min. 2h", "2h"), ("mind. 2 Std.", "2h"), ("almeno 2 ore", "2h"),
     ("più di 2 ore", "2h"), ("meer dan 2 uur", "2h"), ("vor 2 Tagen", "2d"), ("il y a 2 jours", "2d"),
     ("hace 3 días", "3d"), ("desde hace 2 horas", "2h"), ("since 2 hours", "2h"), ("after 5m", "5m"),
     ("2h und mehr", "2h"), ("2h et plus", "2h"), ("2h y más", "2h"), ("1 Stunde und 30 Minuten", "1h 30m"),
     ("1 heure et 30 minutes", "1h 30m"), ("1 hora y 30 minutos", "1h 30m"), ("2h+30m", "2h 30m"),
     ("2h & 30m", "2h 30m"), ("1 heure 30", "1h 30m"), ("1 Std. 30", "1h 30m"), ("eine Stunde", "1h"),
     ("une heure", "1h"), ("un día", "1d"), ("ein Tag", "1d"), ("eine halbe Stunde", "30m"), ("une demi-heure", "30m"),
     ("media hora", "30m"), ("mezz'ora", "30m"), ("half uur", "30m"), ("1 ½ h", "1h 30m"), ("2 hour(s)", "2h"),
     ("2 hour(s) 30 min(s)", "2h 30m"), ("3 Tag(e)", "3d"), ("'2h'", "2h"), ('"2h"', "2h"), ("22h30", "22h 30m")],
)  # fmt: skip
def test_what_people_say_elsewhere(text: str, meant: str) -> None:
    assert parse_duration(text, unit_needed=True) == parse_duration(meant)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        *((text, "j is a day to some and a year to others; days are 2d") for text in ("2j", "2 J", "2j 3h", ">2j")),
        *((text, "write 1h 30m or 1h 18m") for text in ("1,30h", "1.30 Std.", "1,30 heures", "in 1.30h")),
        *((text, "write 5m 30s or 5m 18s") for text in ("5.30m", "5,30 min")),
        ("0,45h", "write 45m or 27m"),
        *(
            (text, "it is how long, and no date or time of day")
            for text in (
                "since 8h",
                "since. 8h",
                "seit 8h30",
                "depuis 8 heures",
                "desde 8 horas",
                "after 22h",
                "vor 17 uur",
                "22h00",
            )
        ),
        *((text, "it is how long, and no date or time of day") for text in ("08h30", "22 h 00", "00h30")),
        *((text, "M may be months") for text in (">15M", "+15M", "½M", "over 15 M", "1,5M")),
        *(
            (text, "give the duration alone; idle_for and the like mean so long, or longer")
            for text in ("≤2h", "≯2h", "=<2h", "max. 2h", "höchstens 2h", "bis zu 2 Stunden", "jusqu'à 2h", "within 2h")
        ),
        *(
            (text, "give the duration alone; idle_for and the like mean so long, or longer")
            for text in ("no more than 2h", "nicht mehr als 2h", "pas plus de 2h", "no más de 2h", "fino a 2 ore")
        ),
        *(
            (text, "give the duration alone; idle_for and the like mean so long, or longer")
            for text in ("hasta 2h", "meno di 2 ore", "minder dan 2 uur", "2h or less")
        ),
    ],
)
def test_what_is_in_doubt(text: str, told: str) -> None:
    """In one of its readings it is shorter than was meant, or the opposite."""
    for unit_needed in (True, False):
        with pytest.raises(ValueError, match="is not a duration") as refusal:
            parse_duration(text, unit_needed=unit_needed)
        assert told in str(refusal.value)


@pytest.mark.parametrize(
    "text",
    ["2½3h", "1h90", "1+24:00", "1+02:60", "1.30:00:00", "30.11:00", "1.02:30", "~2h", "about 2h", "-2h", "-1+02:30",
     "2h-3h", "2 to 3 hours", "half 2 uur", "half een uur", "à 2h", ">2h <4h", "1 500m", "2h.30", "1 mn", "1 sem",
     "1:30h"],
)  # fmt: skip
def test_what_may_be_anything(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("text", "hours"), [("1.25h", 1.25), ("0,75h", 0.75), ("1,50h", 1.5), ("2.0h", 2), ("0.3h", 0.3)]
)
def test_a_fraction_that_is_clear(text: str, hours: float) -> None:
    assert parse_duration(text) == pytest.approx(hours * 3600)


@pytest.mark.parametrize(
    ("text", "meant"), [("30m 2h", "2h 30m"), ("30 Minuten 2 Stunden", "2h 30m"), (">30m 2h", "2h 30m")]
)
def test_the_smaller_unit_first(text: str, meant: str) -> None:
    """They may be two durations."""
    with pytest.raises(ValueError, match=re.escape(f"{text!r} is not a duration (write {meant}); accepted are ")):
        parse_duration(text)


@pytest.mark.parametrize(
    "text", ["1 month", "1mo", "2 years", "1y", "P1M", "P1Y2M", "P1Y", "1 Monat", "2 mois", "2 ans"]
)
def test_what_has_no_fixed_length(text: str) -> None:
    with pytest.raises(ValueError, match="months and years have no fixed length: give days, as in 30d"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["<2h", "less than 2h", "up to 2 hours", "weniger als 2 Stunden"])
def test_the_opposite_of_what_is_asked(text: str) -> None:
    """Nobody is to be logged off for having been idle for longer than that."""
    with pytest.raises(ValueError, match="give the duration alone; idle_for and the like mean so long, or longer"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["1M", "30M", "1.5 M", "5M 30s"])
def test_a_capital_that_may_be_months(text: str) -> None:
    """A session that was disconnected a minute ago is not one that was disconnected a month ago."""
    with pytest.raises(ValueError, match=r"M may be months.*; minutes are [\d.]+m\)"):
        parse_duration(text)


@pytest.mark.parametrize(
    "text",
    ["10:00 PM", "6pm", "6 p.m.", "22:00 Uhr", "tomorrow 6:00", "tonight", "2026-11-30", "2026-11-30T06:00",
     "30.11.2026", "11/30/2026 6:00"],
)  # fmt: skip
def test_a_time_of_day_is_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a duration \(it is how long, and no date or time of day\)"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["1.440m", "1.000s", "1,000s", "10.000 sec", "1.000.000s", "1.500"])
def test_thousands_that_may_be_separated(text: str) -> None:
    """A session that has been idle for a minute and a half is not one that has been for a day."""
    with pytest.raises(ValueError, match=r"a [.,] before three digits may separate thousands"):
        parse_duration(text)
    assert parse_duration("0.125h") == 450
    assert parse_duration("1.3333333333h") == pytest.approx(4800)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2:00", "2m or 2h; it is how long, and no time of day"),
        ("0:45", "45s or 45m; it is how long, and no time of day"),
        ("00:00", "0s; it is how long, and no time of day"),
        ("8:00:00", "8h"),
        ("00:30:00", "30m"),
    ],
)
def test_times_that_may_be_of_the_day(text: str, meant: str) -> None:
    for unit_needed in (True, False):
        with pytest.raises(ValueError) as refusal:
            parse_duration(text, unit_needed=unit_needed)
        assert f"{text!r} is not a duration (write {meant}); accepted are " in str(refusal.value)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("1+02:30", "1d 2h 30m"),  # quser
        ("0.00:30:00", "30m"),  # .NET
        ("1.02:00:00", "1d 2h"),
        ("1:02:30:00", "1d 2h 30m"),
        ("1 day, 2:00:00", "1d 2h"),  # Python
        ("1 Tag, 2:00:00", "1d 2h"),
        ("1d 02:30", "1d 2h 30m"),
        ("1 jour 02:30", "1d 2h 30m"),
        (">1+02:30", "1d 2h 30m"),
        ("más de 1+02:30", "1d 2h 30m"),
    ],
)
def test_times_with_days(text: str, meant: str) -> None:
    assert parse_duration(text, unit_needed=True) == parse_duration(meant)


@pytest.mark.parametrize("text", ["367d", "31622401", "P53W", "9999999999h", "9" * 400])
def test_parse_refuses_more_than_a_year(text: str) -> None:
    with pytest.raises(ValueError, match="is longer than a year"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (0.04, "0s"),
        (0.44, "0.4s"),
        (1, "1s"),
        (59.94, "59.9s"),
        (59.96, "1m"),
        (60, "1m"),
        (120, "2m"),
        (5400, "1h 30m"),
        (90061, "1d 1h 1m 1s"),
        (WEEK, "7d"),
    ],
)
def test_format(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


@given(st.floats(0, LONGEST_SECONDS))
def test_what_is_formatted_is_parsed(seconds: float) -> None:
    precision = 0.06 if seconds < 60 else 0.51
    assert parse_duration(format_duration(seconds)) == pytest.approx(seconds, abs=precision)


@given(st.text("0123456789. \twdhmsPTinaycoer,", max_size=20))
def test_whatever_is_parsed_is_a_time_of_at_most_a_year(text: str) -> None:
    try:
        seconds = parse_duration(text)
    except ValueError:
        return
    assert 0 <= seconds <= LONGEST_SECONDS
