# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Time, as Windows writes it and as calls take it."""

from __future__ import annotations

import asyncio
import math
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)


def file_time(moment: datetime | None) -> int:
    """Return a FILETIME, in units of 100 ns since 1601; 0: unknown."""
    return (moment - _EPOCH) // timedelta(microseconds=1) * 10 if moment else 0


async def pass_time(seconds: float) -> None:
    """Take so long; infinity: for ever."""
    await asyncio.sleep(seconds) if math.isfinite(seconds) else await asyncio.Event().wait()
