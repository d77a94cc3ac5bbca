# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is asked of the host at each step of a grace period."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from .._engine.requests import (
    EngineRequest,
    LogoffRequest,
    MessageRequest,
    SessionInfoRequest,
    disconnected_since,
    same_sessions,
)
from .host_times import HostTimes
from .options import Grace
from .schedule import Clock
from .warned import WarnedSessions

R = TypeVar("R", bound=EngineRequest)


def message_request(grace: Grace, logoff: LogoffRequest, left: float, shown: float) -> MessageRequest:
    """Return the request to tell those whom a logoff is about how long is left.

    :param left: seconds until the end.
    :param shown: seconds until the next message.
    """
    return same_sessions(MessageRequest, logoff, **grace.message_members(left, shown))


class Requests:
    """The requests about those who were warned.

    :param logoff: what is asked at the end, if everybody stays as long.
    """

    def __init__(
        self, grace: Grace, logoff: LogoffRequest, warned: WarnedSessions, times: HostTimes, clock: Clock
    ) -> None:
        self._grace = grace
        self._logoff = logoff
        self._warned = warned
        self._times = times
        self._clock = clock

    def message(self, left: float, shown: float) -> MessageRequest:
        """Return the request to tell all of them how long is left."""
        return self._about_them(
            message_request(self._grace, self._logoff, left, shown), newcomers=self._takes_newcomers
        )

    def message_to(self, logons: tuple[str, ...], left: float, shown: float) -> MessageRequest:
        """Return the request to tell these alone."""
        return replace(self.message(left, shown), logons=logons, newcomers=False)

    def look(self) -> SessionInfoRequest:
        """Return the request to see who is still on. Where nobody is logged off at the end, also who is on besides:
        what comes then may be a restart."""
        look = same_sessions(SessionInfoRequest, self._logoff)
        return self._about_them(look, newcomers=self._sees_newcomers)

    def logoff(self) -> LogoffRequest:
        """Return the request of the end."""
        asked = self._about_them(self._logoff, newcomers=self._takes_newcomers)
        return replace(asked, unread_logons=self._warned.unread)

    def early_logoff(self, logons: tuple[str, ...]) -> LogoffRequest:
        """Return the request to log those of these off that are disconnected, and have been for long enough."""
        asked = replace(self.logoff(), logons=logons, newcomers=False)
        return disconnected_since(asked, self._grace.disconnected or 0.0)

    @property
    def _takes_newcomers(self) -> bool:
        """Whether the engine is to take whoever is none of the warned. Those whom a warning did not reach would be
        taken for newcomers, so that then only the newcomers that a look has found are logged off."""
        return self._grace.newcomers and self._warned.everybody_was_warned

    @property
    def _sees_newcomers(self) -> bool:
        return self._grace.newcomers or not self._grace.logs_off

    def _about_them(self, request: R, *, newcomers: bool) -> R:
        """A request about those who were warned, on the servers that still have to be asked."""
        servers = self._warned.servers(newcomers=self._sees_newcomers)
        return replace(
            request,
            servers=servers,
            logons=self._warned.warned,
            latest_times=self._times.latest(servers, self._clock.seconds()),
            newcomers=newcomers,
        )
