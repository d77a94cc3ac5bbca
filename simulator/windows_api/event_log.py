# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The event log (advapi32.dll)."""

from __future__ import annotations

from dataclasses import dataclass

from ..event_log import LoggedEvent
from ..farm import Host
from ..win32 import ERROR_INVALID_PARAMETER, Win32Error
from .launch import Answer, Launch, Value

#: "Each string is limited to 31,839 characters."
#: https://learn.microsoft.com/windows/win32/api/winbase/nf-winbase-reporteventw
LONGEST_STRING = 31839


@dataclass(frozen=True)
class _Source:
    """An event source that a program has a handle of."""

    name: str


async def _register(launch: Launch, host: Host, source: str) -> list[Value]:
    """It takes the right to write, which administrators have, and users at the keyboard or in a session; but not those
    who come over the network, as by WinRM. A source that nobody has registered writes to the Application log.

    https://learn.microsoft.com/windows/win32/eventlog/event-logging-security
    https://learn.microsoft.com/windows/win32/api/winbase/nf-winbase-registereventsourcew
    """
    host.permissions.require(launch.account, "administrator")
    return [launch.open(_Source(source))]


async def _report(
    launch: Launch, host: Host, handle: str, kind: str, category: str, event: str, *strings: str
) -> list[Value]:
    source = launch.opened(handle, _Source)
    if any(len(text.encode("utf-16-le", "surrogatepass")) // 2 > LONGEST_STRING for text in strings):
        raise Win32Error(ERROR_INVALID_PARAMETER)
    host.event_log.append(
        LoggedEvent(host.table.now(), launch.account, source.name, int(kind), int(category), int(event), strings)
    )
    return []


async def _deregister(launch: Launch, _host: Host, handle: str) -> list[Value]:
    launch.close(handle, _Source)
    return []


HERE: dict[str, Answer] = {
    "RegisterEventSourceW": _register,
    "ReportEventW": _report,
    "DeregisterEventSource": _deregister,
}
