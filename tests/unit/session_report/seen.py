# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Results to make reports of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from ansible_collections.winops.rds.plugins.plugin_utils._result.sentences import names_text, running_text
from ansible_collections.winops.rds.plugins.plugin_utils._session_report.files import head_of
from ansible_collections.winops.rds.plugins.plugin_utils._session_report.page import page
from ansible_collections.winops.rds.plugins.plugin_utils._session_report.seen import TaskResult
from ansible_collections.winops.rds.plugins.plugin_utils._session_report.view import view

START = datetime(2026, 11, 21, 22, 0, tzinfo=UTC)

#: Names that would do something, if they were not only shown.
EVIL = (
    "<script>document.title='taken'</script>",
    '"><img src=x onerror="document.title=\'taken\'">',
    "</style></script><b>bold",
    "{{ 7 * 7 }}{% raw %}",
    "\u202ecod.exe",
    "\x1b[2J\x07",
    "=cmd|'/c calc'!A0",
    "+1;=1+1",
    "@SUM(1)",
    "-1\t=2",
    "＝1",
    "a\r\n=1",
)


def record(id: int, user: str = "alice", server: str = "RDSH01", **changes: Any) -> dict[str, Any]:
    """A session as a result has it."""
    session = {
        "server": server, "id": id, "name": f"rdp-tcp#{id}", "user": user, "domain": "CONTOSO",
        "account": f"CONTOSO\\{user}", "state": "active", "protocol": "rdp", "client_name": f"PC-{id}",
        "client_address": f"10.0.0.{id}", "locked": False, "logon_time": "2026-11-21T13:18:00Z", "connect_time": None,
        "disconnect_time": None, "last_input_time": None, "idle_seconds": 60 * id, "matched_by": ["all=true"],
        "result": "listed", "error": None, "elapsed_seconds": 0.0,
    }  # fmt: skip
    return {**session, **changes}


def programs(*named: tuple[str, int]) -> dict[str, Any]:
    """What a record says of programs, each with its bytes."""
    listed = [{"name": name, "pid": 4, "memory_bytes": size, "threads": 1} for name, size in named]
    return {"processes": listed, "process_count": len(named), "memory_bytes": sum(size for _name, size in named)}


def timed_out(session: dict[str, Any], *, ended: list[str], running: list[str]) -> dict[str, Any]:
    """A session in which programs were ended, and others still run, as a logoff tells of it."""
    message = f"Windows still had it after {names_text(ended)} had been ended{running_text(running)}"
    error = {"code": None, "name": None, "message": message, "hint": "Restart it."}
    told = {"result": "timed_out", "error": error, "running": running, "warnings": 0}
    return session | told | {"ended_processes": [{"id": 4, "name": name} for name in ended]}


def result(*sessions: dict[str, Any], server: str = "RDSH01", **others: Any) -> dict[str, Any]:
    return {"changed": False, "servers": [{"server": server, "error": None}], "sessions": [*sessions], **others}


def mode(after: str, before: str) -> dict[str, Any]:
    told = {"mode": after, "previous_mode": before, "accepts_logons": after == "enabled"}
    return {"changed": after != before, **told}


def at(minutes: float, host: str, values: dict[str, Any], lasts: float = 0, **others: Any) -> TaskResult:
    """A result that began so many minutes after the start, and took some."""
    began = START + timedelta(minutes=minutes)
    return TaskResult(host, values, began=began, ended=began + timedelta(minutes=lasts), **others)


def night() -> list[TaskResult]:
    """A host that is closed, emptied, worked on and opened."""
    alice, bob, carol = record(12), record(14, "bob", state="disconnected"), record(17, "carol")
    acted = [
        {**alice, "result": "already_gone", "warnings": 1},
        {**bob, "result": "logged_off", "warnings": 3, "elapsed_seconds": 2.1},
        {**carol, "result": "spared", "warnings": 2, "idle_seconds": 1},
    ]
    work = TaskResult("rdsh01", {"changed": True}, "Install updates", False)
    return [
        at(0, "rdsh01", mode("drain", "enabled"), task="Close"),
        at(1, "rdsh01", result(*acted, deadline="2026-11-21T22:16:00Z", changed=True), 15.5, reminders=["5m", "1m"]),
        at(17, "rdsh01", result(carol, record(20, "erin", logon_time="2026-11-21T22:12:00Z"))),
        at(18, "rdsh01", work.values, 10, task=work.task, is_ours=False),
        at(28, "rdsh01", mode("enabled", "drain"), task="Open"),
    ]


def evil_page(*, masked: bool = False) -> str:
    """A page in which every name from Windows would do something."""
    sessions = [
        record(number, name, client_name=name, name=name, client_address=name, result="denied", warnings=0,
               error={"code": 5, "name": "ERROR_ACCESS_DENIED", "message": name, "hint": name},
               ended_processes=[{"id": 4, "name": name}], running=[name], **programs((name, 4), (name, 5)))
        for number, name in enumerate(EVIL, 2)
    ]  # fmt: skip
    seen = [at(0, name, result(*sessions, server=name)) for name in EVIL]
    seen += [at(1, f"down{name}", {"unreachable": True, "msg": name}, task=name, failed=True) for name in EVIL]
    return page(view(seen), head_of("Evil <b>", [(name, name) for name in EVIL]), idle_limit=60, masked=masked)
