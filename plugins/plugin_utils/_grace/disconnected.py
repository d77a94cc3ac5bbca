# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""When sessions have been disconnected for so long that they are logged off before the end of a grace period.

By Windows' own times. This only says when it is worth asking: the engine reads both, the state and the time, right
before the act.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from .._engine.report import Session
from .._words.wts import state_name

_TICKS_PER_SECOND = 10_000_000

#: Seconds. As much as a clock may be wrong by its own resolution.
_RESOLUTION = 0.001


class DisconnectedSessions:
    """:param grace: seconds; None: nobody is logged off for being disconnected."""

    def __init__(self, grace: float | None) -> None:
        self._grace = grace
        self._due: dict[str, float] = {}

    def look(self, sessions: Mapping[str, Session], seconds: float) -> None:
        """Take in who is on.

        :param sessions: by their logons, as a report has just told them.
        :param seconds: the controller's time.
        """
        self._due = {
            logon: seconds + left
            for logon, session in sessions.items()
            if self._grace is not None and (left := time_left(session, self._grace)) is not None
        }

    def due(self, seconds: float) -> tuple[str, ...]:
        """Return whose time is over at a time of the controller."""
        return tuple(logon for logon, moment in self._due.items() if moment <= seconds + _RESOLUTION)

    @property
    def next(self) -> float | None:
        """The controller's time when the next one's time is over."""
        return min(self._due.values(), default=None)

    def forget(self, logons: Collection[str] | None = None) -> None:
        """Leave these, or all of them, alone until the next look."""
        self._due = {} if logons is None else {logon: at for logon, at in self._due.items() if logon not in logons}


def time_left(session: Session, grace: float) -> float | None:
    """Return for how many seconds a session may still be disconnected, as far as a report tells; None: it is not, or
    since when is not known."""
    if state_name(session.state) != "disconnected" or not session.disconnect_time:
        return None
    return max(0.0, grace - (session.current_time - session.disconnect_time) / _TICKS_PER_SECOND)
