# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How late it can be on a host, by its own clock: a clock that jumps makes everybody seem idle for as long."""

from __future__ import annotations

from collections.abc import Sequence

from .._engine.report import Report

#: Seconds. A launch takes some, and clocks do not go alike.
TOLERANCE = 60

_TICKS_PER_SECOND = 10_000_000


class HostTimes:
    """Begins with a report, by which each server's clock is set beside the controller's.

    :param began: the controller's time, in seconds, when that launch began.
    """

    def __init__(self, report: Report, began: float) -> None:
        self._began = began
        self._first = {
            server.server: max((session.current_time for session in server.sessions), default=0)
            for server in report.servers
        }

    def latest(self, servers: Sequence[str], seconds: float) -> tuple[int, ...]:
        """Return for each of these servers the latest time that its clock may show, as FILETIMEs; 0: not known.

        :param seconds: the controller's time.
        """
        passed = round((seconds - self._began + TOLERANCE) * _TICKS_PER_SECOND)
        return tuple(first + passed if (first := self._first.get(server, 0)) else 0 for server in servers)
