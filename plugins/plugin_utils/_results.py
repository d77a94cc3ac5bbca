# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From what the engine saw to what a user reads: records, summary, messages and diff."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ._selection import Selection
from ._win32_errors import explain
from ._wts import iso_time, protocol_name, seconds_between, state_name

Record = dict[str, Any]

#: What each result means, in the words of a summary.
RESULTS = {
    "logged_off": "logged off",
    "would_log_off": "would be logged off",
    "requested": "asked to log off",
    "already_gone": "already gone",
    "spared": "spared",
    "protected": "protected",
    "denied": "denied",
    "timed_out": "timed out",
    "failed": "failed",
}

#: Results that mean that something changed, or in check mode would change.
CHANGED = frozenset({"logged_off", "would_log_off", "requested"})

#: Results that make the task fail. A protected session does so only where it was asked for by name or ID.
FAILED = frozenset({"denied", "timed_out", "failed"})

_LISTED_FAILURES = 3


@dataclass(frozen=True)
class ServerRecords:
    """What the engine saw and did on one server."""

    name: str
    records: list[Record]
    found: set[tuple[str, str]]
    """The options' values that fitted a session there, as (option, value)."""
    changed: bool
    error: dict[str, Any] | None
    """Why its sessions could not be listed or dealt with."""


def server_records(raw: Mapping[str, Any], selection: Selection, inventory_hostname: str) -> ServerRecords:
    """Return one server's part of the engine's report."""
    name = raw["server"] or raw["computer_name"] or inventory_hostname
    records = [session_record(session, name, selection) for session in raw["sessions"]]
    return ServerRecords(
        name=name,
        records=records,
        found={selection.describe_match(match) for match in raw["found"]},
        # What Windows accepted has changed something, whatever came of it.
        changed=any(session["requested"] for session in raw["sessions"])
        or any(record["result"] == "would_log_off" for record in records),
        error=_server_error(raw),
    )


def _server_error(raw: Mapping[str, Any]) -> dict[str, Any] | None:
    if raw["crash"]:
        return own_error(
            f"the session engine stopped: {raw['crash'].splitlines()[0]}", "This is a bug; please report it."
        )
    return windows_error(raw["error"]) if raw["error"] else None


def session_record(raw: Mapping[str, Any], server: str, selection: Selection) -> Record:
    """Return one session as users read it, from what the engine tells of it."""
    matched = [selection.describe_match(match) for match in raw["matched_by"]] + selection.met_by_all()
    return {
        "server": server,
        "id": raw["id"],
        "name": raw["name"],
        "user": raw["user"],
        "domain": raw["domain"],
        "account": f"{raw['domain']}\\{raw['user']}" if raw["domain"] else raw["user"],
        "state": state_name(raw["state"]),
        # A disconnected session has no name and no protocol: Windows then answers 0, as for the console.
        "protocol": protocol_name(raw["protocol"]) if raw["name"] and raw["protocol"] is not None else None,
        "client_name": raw["client_name"] or None,
        "client_address": raw["client_address"] or None,
        "locked": raw["locked"],
        "logon_time": iso_time(raw["logon_time"]),
        "connect_time": iso_time(raw["connect_time"]),
        "disconnect_time": iso_time(raw["disconnect_time"]),
        "last_input_time": iso_time(raw["last_input_time"]),
        # By the host's own clock: the controller's may differ.
        "idle_seconds": seconds_between(raw["last_input_time"], raw["current_time"]),
        "matched_by": [f"{option}={value}" for option, value in matched],
        "result": raw["result"] or "would_log_off",
        "error": windows_error(raw["error"]) if raw["error"] else None,
        "elapsed_seconds": round(raw["elapsed_ms"] / 1000, 1),
        "ended_processes": raw["ended_processes"],
    }


def is_named(record: Record) -> bool:
    """Whether a session was asked for by its ID or its name, and not because it fits a description."""
    return any(match.startswith("sessions=") and match.lower() != "sessions=current" for match in record["matched_by"])


def windows_error(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return code, name, message and hint for a call that Windows refused."""
    error = explain(raw["code"])
    return {
        "code": error.code,
        "name": error.name,
        "message": f"{error.message} ({raw['call']})",
        "hint": error.hint,
    }


def own_error(message: str, hint: str) -> dict[str, Any]:
    """Return an error that this collection states itself: it has no Windows code."""
    return {"code": None, "name": None, "message": message, "hint": hint}


def error_text(error: Mapping[str, Any]) -> str:
    """Return an error as one or two sentences: what, what Windows answered, what to do."""
    windows = f" [{error['code']} {error['name']}]" if error["code"] is not None else ""
    return f"{error['message']}{windows}. {error['hint']}"


def session_title(record: Record) -> str:
    """Return how a message names a session: ``session 12 (CONTOSO\\alice)``."""
    who = record["account"] or record["name"] or "nobody"
    return f"session {record['id']} ({who})"


def summarize(records: Sequence[Record]) -> dict[str, int]:
    """Return the number of sessions for each result that occurred."""
    counts = Counter(record["result"] for record in records)
    return {result: counts[result] for result in RESULTS if counts[result]}


def summary_text(records: Sequence[Record], not_found: Sequence[str]) -> str:
    """Return the outcome of a task in one sentence."""
    counts = [f"{count} {RESULTS[result]}" for result, count in summarize(records).items()]
    text = f"{_sessions(len(records))} selected: {', '.join(counts)}." if records else "No session matches."
    return text + (f" Not found: {', '.join(not_found)}." if not_found else "")


def failure_reasons(servers: Sequence[ServerRecords], records: Sequence[Record]) -> list[str]:
    """Return why a task failed, a reason for each server and session that was not dealt with."""
    several = len(servers) > 1
    reasons = [f"{server.name}: {error_text(server.error)}" for server in servers if server.error]
    for record in records:
        if record["result"] in FAILED or (record["result"] == "protected" and is_named(record)):
            where = f"{record['server']}: " if several else ""
            reasons.append(f"{where}{session_title(record)}: {error_text(record['error'])}")
    return reasons


def failure_text(reasons: Sequence[str], records: Sequence[Record], not_found: Sequence[str]) -> str:
    """Return the message of a task that failed: the first reasons in full, how many more, and what was done."""
    more = len(reasons) - _LISTED_FAILURES
    return (
        " | ".join(reasons[:_LISTED_FAILURES])
        + (f" | and {more} more, see 'servers' and 'sessions'." if more > 0 else "")
        + (f" {summary_text(records, not_found)}" if records else "")
    )


def session_diff(records: Sequence[Record]) -> dict[str, str]:
    """Return the selected sessions before and after, for ``--diff``. Those that left by themselves are in neither."""
    before = [record for record in records if record["result"] != "already_gone"]
    after = [record for record in before if record["result"] not in CHANGED]
    return {
        "before_header": "sessions before",
        "after_header": "sessions after",
        "before": _table(before),
        "after": _table(after),
    }


def _sessions(count: int) -> str:
    return f"{count} session" if count == 1 else f"{count} sessions"


def _table(records: Sequence[Record]) -> str:
    return "".join(
        f"{record['server']:<16} {record['id']:>6}  {record['name'] or '-':<16} "
        f"{record['account'] or '-':<24} {record['state']}\n"
        for record in records
    )
