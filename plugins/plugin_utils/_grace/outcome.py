# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What became of everybody in a grace period."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from .._engine.report import Report, Session
from .._words.displayable import one_line
from .warned import names_text

LONGEST_REASON = 600  # characters


@dataclass(frozen=True)
class Outcome:
    """What became of everybody in a grace period, or in check mode would."""

    report: Report
    warnings: Mapping[str, int]
    """How many messages each logon got."""
    deadline: datetime
    failure: NotCarriedOut | None = None
    """Why the host could not be worked on at the end; None: it could."""
    answer_lost: bool = False
    """Whether an answer to a logoff was lost before another one came: who has gone since may have been logged off."""
    others: str = ""
    """Who was on at the last look and is none of those whom this is about, in words."""
    cut_off: str = ""
    """What is to be said where the task's keyword timeout has ended it before its end; empty: it has not."""
    due: int = 0
    """In check mode: how many would be logged off at once."""


@dataclass(frozen=True)
class NotCarriedOut:
    """The host could not be worked on at the end."""

    reason: str
    on: str
    """Who was meant and was on at the last look, in words."""
    logged_off: str
    """Who had been logged off before the end, in words."""
    unknown: bool
    """Whether somebody may have been logged off of whom that is not known."""


def not_carried_out(
    error: Exception, on: Sequence[Session], *, logged_off: Sequence[Session] = (), unknown: bool
) -> NotCarriedOut:
    """Return what an end that an error prevented means."""
    return NotCarriedOut(one_line(error, LONGEST_REASON), names_text(on), names_text(logged_off), unknown)
