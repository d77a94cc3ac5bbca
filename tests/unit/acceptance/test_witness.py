# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What Windows' own commands print, as the acceptance tests read it."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from acceptance.console import SeenEvent, SeenSession, events_in, sessions_in
from simulator.console import languages, wording
from simulator.console.tables import session_table


@dataclass
class Row:
    id: int
    name: str = ""
    user: str = ""
    state: int = 0
    domain: str = "CONTOSO"
    logon_time: None = None
    last_input_time: None = None
    client_name: str = ""
    protocol: int = 2


ROWS = [
    Row(0, "services", state=4),
    Row(1, "console"),
    Row(2, "rdp-tcp#3", "alice"),
    Row(3, "", "Жанна", state=4),
    Row(4, "", "maria da silva", state=4),
    Row(5, "rdp-tcp#41", "a-user-of-21-letters-", state=0),
    Row(12, "31C5CE94259D4006A9E4#0", "bob"),
    Row(65536, "rdp-tcp", state=6),
]


@pytest.mark.parametrize("language", languages())
def test_sessions(language: str) -> None:
    printed = "\r\n".join(session_table(ROWS, wording(language), current=0))
    names = {12: "31C5CE94259D4..."}  # as the command shortens it
    assert sessions_in(printed) == [SeenSession(row.id, names.get(row.id, row.name), row.user) for row in ROWS]


def test_nothing_was_printed() -> None:
    assert sessions_in("") == [] and events_in("") == []


def test_events() -> None:
    """Elements as in the event that this page shows:
    https://psmths.gitbook.io/windows-forensics/artifacts-by-type/event-log-artifacts/terminalservices-localsessionmanager/terminal-services-local-24
    """
    head = (
        '<Event xmlns="http://schemas.microsoft.com/win/2004/08/events/event"><System><EventID>{0}</EventID></System>'
    )
    data = (
        '<UserData><EventXML xmlns="Event_NS"><User>{1}</User><SessionID>{2}</SessionID></EventXML></UserData></Event>'
    )
    other = "<Event><System><EventID>32</EventID></System><UserData></UserData></Event>"
    printed = (head + data).format(23, "CONTOSO\\bob", 14) + other + (head + data).format(24, "CONTOSO\\alice", 3)
    assert events_in(printed) == [SeenEvent(23, 14, "CONTOSO\\bob"), SeenEvent(24, 3, "CONTOSO\\alice")]
