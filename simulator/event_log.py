# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The Application log of a host."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

EVENTLOG_INFORMATION_TYPE = 4  # winnt.h


@dataclass(frozen=True)
class LoggedEvent:
    """An event, as a program has reported it."""

    time: datetime
    """By the host's clock."""
    account: str
    """Who the program ran as. Windows keeps it only where the program hands over its SID."""
    source: str
    type: int
    category: int
    id: int
    strings: tuple[str, ...]
