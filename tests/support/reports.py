# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reports of the engines of sessions, as they arrive and as they are read."""

from __future__ import annotations

from typing import Any

from ansible_collections.winops.rds.plugins.plugin_utils._engine.report import Report, Server, Session, read

FILETIME_2026 = 134_117_064_000_000_000  # 2026-01-01T02:00:00Z
SECOND = 10_000_000

Raw = dict[str, Any]


def raw_session(**changes: Any) -> Raw:
    """A session that was logged off, but for these changes."""
    session = {
        "id": 12,
        "name": "TERM04",
        "user": "alice",
        "domain": "CONTOSO",
        "state": 0,
        "protocol": 2,
        "client_name": "PC7",
        "client_address": "10.1.2.3",
        "locked": False,
        "logon_time": FILETIME_2026,
        "connect_time": FILETIME_2026,
        "disconnect_time": 0,
        "last_input_time": FILETIME_2026 + 60 * SECOND,
        "current_time": FILETIME_2026 + 150 * SECOND,
        "incoming_bytes": 4711,
        "outgoing_bytes": 3_000_000_000,
        "matched_by": [],
        "result": "logged_off",
        "answer": None,
        "error": None,
        "elapsed_ms": 1449,
        "ended_processes": [],
        **changes,
    }
    session.setdefault("accepted", session["result"] in ("logged_off", "requested", "timed_out"))
    return {"logon": "|{id}|{domain}\\{user}|{logon_time}".format(**session), **session}


def raw_server(*sessions: Raw, **changes: Any) -> Raw:
    """A server's part of a report; its name is empty for the host that the task runs on."""
    return {
        "server": "",
        "computer_name": "RDSH01",
        "alias_of": None,
        "found": [],
        "sessions": [*sessions],
        "excluded": [],
        "spared": [],
        "current_time": FILETIME_2026 + 150 * SECOND,
        "error": None,
        "crash": None,
        **changes,
    }


def raw_report(*servers: Raw, **changes: Any) -> Raw:
    return {
        "servers": [*servers],
        "unknown_exclusions": [],
        "foreign_record": None,
        "error": None,
        "logged": None,
        **changes,
    }


def session(**changes: Any) -> Session:
    read_session: Session = read(Session, raw_session(**changes), "session")
    return read_session


def server(*sessions: Raw, **changes: Any) -> Server:
    read_server: Server = read(Server, raw_server(*sessions, **changes), "server")
    return read_server


def report(raw: Raw) -> Report:
    read_report: Report = read(Report, raw, "report")
    return read_report
