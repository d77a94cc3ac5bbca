# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What Windows' own commands say, in whatever language they say it.

They are the witness of the tests: nothing of the collection is asked. The titles of the columns and the words for the
states are translated, the places of the columns are not (simulator/console/tables.py, from samples in five languages).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

#: https://learn.microsoft.com/windows-server/administration/windows-commands/query-session
QUERY_SESSION = "query session"

#: https://learn.microsoft.com/windows-server/administration/windows-commands/change-logon
QUERY_LOGON_MODE = "change logon /query"
SWITCHES = {
    "enabled": "change logon /enable",
    "disabled": "change logon /disable",
    "drain": "change logon /drain",
    "drain_until_restart": "change logon /drainuntilrestart",
}

#: The newest entries of what the session manager writes down, as XML:
#: https://learn.microsoft.com/windows-server/administration/windows-commands/wevtutil
RECENT_EVENTS = "wevtutil qe Microsoft-Windows-TerminalServices-LocalSessionManager/Operational /rd:true /c:50 /f:xml"

#: Of these events: "Session logoff succeeded", and "Session has been disconnected", which follows the former, too.
#: https://www.cybertriage.com/artifact/terminalservices_localsessionmanager_log/terminalservices_localsessionmanager_operational_23/
#: https://www.cybertriage.com/artifact/terminalservices_localsessionmanager_log/terminalservices_localsessionmanager_operational_24/
LOGGED_OFF, DISCONNECTED = 23, 24

# The mark of the caller's session, the session name in 16 columns and two blanks; a user's name that is too long moves
# what follows it.
_ROW = re.compile(r"[ >](?P<name>.{16})  (?P<user>.*?) +(?P<id>\d+)(?= |$)")
_EVENT = re.compile(r"<Event .*?</Event>", re.DOTALL)


@dataclass(frozen=True)
class SeenSession:
    """A row of ``query session``."""

    id: int
    name: str
    """Empty while it is disconnected."""
    user: str

    @property
    def is_connected(self) -> bool:
        return bool(self.name)


@dataclass(frozen=True)
class SeenEvent:
    """An entry of the session manager's log."""

    id: int
    session: int
    user: str
    """``CONTOSO\\alice``"""


def logoff(session_id: int) -> str:
    """The command that logs a session off, and waits for it.

    https://learn.microsoft.com/windows-server/administration/windows-commands/logoff
    """
    return f"logoff {session_id}"


def reset(session_id: int) -> str:
    """The command that deletes a session, also one that does not respond any more.

    https://learn.microsoft.com/windows-server/administration/windows-commands/reset-session
    """
    return f"reset session {session_id}"


def sessions_in(output: str) -> list[SeenSession]:
    """Return the rows of ``query session``.

    :param output: what it printed.
    """
    rows = filter(None, map(_ROW.match, output.splitlines()[1:]))  # the first line has the titles
    return [SeenSession(int(row["id"]), row["name"].strip(), row["user"].strip()) for row in rows]


def events_in(output: str) -> list[SeenEvent]:
    """Return the events that are about a session, the newest first.

    :param output: XML, as ``wevtutil`` prints it: one element after the other, without a root.
    """

    def text(event: str, element: str) -> str:
        found = re.search(rf"<{element}[^>]*>([^<]*)</{element}>", event)
        return found[1] if found else ""

    events = _EVENT.findall(output)
    return [
        SeenEvent(int(text(event, "EventID")), int(text(event, "SessionID")), text(event, "User"))
        for event in events
        if text(event, "SessionID")
    ]
