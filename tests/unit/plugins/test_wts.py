# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""FILETIMEs and numbers of the WTS API."""

from __future__ import annotations

import pytest
from ansible_collections.winops.rds.plugins.plugin_utils._words.wts import (
    PROTOCOLS,
    STATES,
    iso_time,
    protocol_name,
    seconds_between,
    state_name,
)

SECOND = 10_000_000  # FILETIME's 100 ns
UNIX_EPOCH = 116_444_736_000_000_000


@pytest.mark.parametrize(
    ("filetime", "text"),
    [
        (0, None),
        (-1, None),
        (-(2**63), None),
        (1, "1601-01-01T00:00:00Z"),
        (SECOND, "1601-01-01T00:00:01Z"),
        (UNIX_EPOCH - 1, "1969-12-31T23:59:59Z"),
        (UNIX_EPOCH, "1970-01-01T00:00:00Z"),
        (UNIX_EPOCH + 1_000_000_000 * SECOND + 9_999_999, "2001-09-09T01:46:40Z"),
        (2_650_467_743_990_000_000, "9999-12-31T23:59:59Z"),
        (2_650_467_744_000_000_000, None),  # the year 10000
        (2**63 - 1, None),  # "never", in many structures of Windows
    ],
)
def test_iso_time(filetime: int, text: str | None) -> None:
    assert iso_time(filetime) == text


@pytest.mark.parametrize(
    ("earlier", "later", "seconds"),
    [
        (0, UNIX_EPOCH, None),
        (-1, UNIX_EPOCH, None),
        (UNIX_EPOCH, UNIX_EPOCH, 0),
        (UNIX_EPOCH, UNIX_EPOCH + SECOND - 1, 0),
        (UNIX_EPOCH, UNIX_EPOCH + 90 * SECOND, 90),
        (UNIX_EPOCH + SECOND, UNIX_EPOCH, 0),  # an input in the very moment
        (UNIX_EPOCH, 0, 0),
    ],
)
def test_seconds_between(earlier: int, later: int, seconds: int | None) -> None:
    assert seconds_between(earlier, later) == seconds


def test_names_of_numbers_that_later_windows_may_have() -> None:
    assert [state_name(number) for number in range(len(STATES))] == [*STATES]
    assert [protocol_name(number) for number in range(len(PROTOCOLS))] == [*PROTOCOLS]
    assert (state_name(10), state_name(-1)) == ("state_10", "state_-1")
    assert (protocol_name(3), protocol_name(-1)) == ("protocol_3", "protocol_-1")
