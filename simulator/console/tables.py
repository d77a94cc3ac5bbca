# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The two tables, in fixed columns.

Measured on the samples that the tests quote: a field that is too long moves all that follows it, an empty session name
leaves its columns blank, and only the titles of the columns are translated, never their places.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from .host import SessionRow
from .wording import Wording


def user_table(rows: Iterable[SessionRow], wording: Wording, now: datetime, current: int | None = None) -> list[str]:
    """Return the lines of `query user`; `current` is the caller's session on this host."""
    lines = [wording.text("user_header")]
    for row in rows:
        idle = _idle(row, now)
        # "none" brings its own blanks, and in each language other ones: it does not end where a number does.
        idle_column = wording.text("idle_none") if idle is None else f"{idle:>9}  "
        logon = wording.time(row.logon_time) if row.logon_time else ""
        lines.append(
            f"{_mark(row, current)}{row.user:<20}  {_name(row):<16}{row.id:>5}  {wording.state(row.state):<6}  "
            f"{idle_column}{logon}"
        )
    return lines


def session_table(rows: Iterable[SessionRow], wording: Wording, current: int | None = None) -> list[str]:
    """Return the lines of `query session`; TYPE and DEVICE are padded blanks, as on a current Windows."""
    lines = [wording.text("session_header")]
    lines += [
        f"{_mark(row, current)}{_name(row):<16}  {row.user:<20}  {row.id:>5}  {wording.state(row.state):<8}{'':<20}"
        for row in rows
    ]
    return lines


def _mark(row: SessionRow, current: int | None) -> str:
    return ">" if row.id == current else " "


def _name(row: SessionRow) -> str:
    # Seen as "31c5ce94259d4...", the second listener of a Remote Desktop Session Host (ru-RU.yml, session_header).
    return row.name if len(row.name) <= 16 else f"{row.name[:13]}..."


def _idle(row: SessionRow, now: datetime) -> str | None:
    """Return `.` below a minute, `8`, `1:22`, `1+06:20` (days); None if unknown."""
    if row.last_input_time is None:
        return None
    hours, minutes = divmod(int((now - row.last_input_time).total_seconds()) // 60, 60)
    days, hours = divmod(hours, 24)
    if days > 0:
        return f"{days}+{hours:02}:{minutes:02}"
    if hours > 0:
        return f"{hours}:{minutes:02}"
    return f"{minutes}" if minutes > 0 else "."
