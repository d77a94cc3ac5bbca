# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

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
            "5 minutes",
            "5min",
            "4h 1d",
            "1h 1h",
            "1h30",
            "m",
            "1,5h",
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
        *("٩٠", "９０", "90ſ", "1h\n30"),
    ],
)
def test_parse_refuses(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a duration.*; accepted are seconds") as refusal:
        parse_duration(text)
    assert repr(text) in str(refusal.value)


@pytest.mark.parametrize(
    ("text", "readings"),
    [
        ("120", "2m or 2h"),  # what YAML makes of 2:00
        ("90", "1m 30s or 1h 30m"),
        ("1.5", "1.5s or 1m 30s"),
        (" 15 ", "15s or 15m"),
        ("0", "15m or 2h"),
        ("9" * 400, "15m or 2h"),
    ],
)
def test_a_number_alone_is_refused_where_it_may_be_minutes(text: str, readings: str) -> None:
    with pytest.raises(ValueError) as refusal:
        parse_duration(text, unit_needed=True)
    assert str(refusal.value) == f"{text!r} has no unit: write {readings}"


@pytest.mark.parametrize(
    ("text", "meant"),
    [("2:00", "2m or 2h"), ("0:45", "45s or 45m"), ("1+02:30", "1d 2h 30m"), ("8:00:00", "8h"), ("00:30:00", "30m")],
)
def test_times_as_quser_shows_them(text: str, meant: str) -> None:
    for unit_needed in (True, False):
        with pytest.raises(ValueError) as refusal:
            parse_duration(text, unit_needed=unit_needed)
        assert f"{text!r} is not a duration (write {meant}); accepted are " in str(refusal.value)


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


@given(st.text("0123456789. \twdhmsPT", max_size=20))
def test_whatever_is_parsed_is_a_time_of_at_most_a_year(text: str) -> None:
    try:
        seconds = parse_duration(text)
    except ValueError:
        return
    assert 0 <= seconds <= LONGEST_SECONDS
