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
    """Begins with a report, by which each server's clock is set beside the controller's; later ones show whether it has
    been set back.

    :param began: the controller's time, in seconds, when that launch began.
    """

    def __init__(self, report: Report, began: float) -> None:
        self._ahead = _ahead(report, began)
        """For each server whose clock is known, by how much it is ahead of the controller's, at the least."""

    def take(self, report: Report, began: float) -> None:
        """Take in another report: what happens while a clock is behind has not lasted longer once it is set right."""
        for server, ahead in _ahead(report, began).items():
            if server in self._ahead:
                self._ahead[server] = min(self._ahead[server], ahead)

    def latest(self, servers: Sequence[str], seconds: float) -> tuple[int, ...]:
        """Return for each of these servers the latest time that its clock may show, as FILETIMEs. Where nobody was on
        who could have told the time it is the earliest there is, so that nobody there has been idle for any time.

        :param seconds: the controller's time.
        """
        passed = _ticks(seconds + TOLERANCE)
        return tuple(self._ahead[server] + passed if server in self._ahead else 1 for server in servers)


def _ahead(report: Report, began: float) -> dict[str, int]:
    return {server.server: server.current_time - _ticks(began) for server in report.servers if server.current_time}


def _ticks(seconds: float) -> int:
    return round(seconds * _TICKS_PER_SECOND)
