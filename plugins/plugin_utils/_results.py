# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From what the engine saw to what a user reads: records, summary, messages and diff."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ._durations import format_duration
from ._message import answer_name
from ._selection import Selection
from ._win32_errors import explain
from ._wts import FIRST_LISTENER_ID, STATES, iso_time, protocol_name, seconds_between, state_name

Record = dict[str, Any]
Error = dict[str, Any]

#: What each result means, in the words of a summary.
RESULTS = {
    "listed": "listed",
    "logged_off": "logged off",
    "would_log_off": "would be logged off",
    "requested": "asked to log off",
    "disconnected": "disconnected",
    "would_disconnect": "would be disconnected",
    "already_disconnected": "already disconnected",
    "sent": "got the message",
    "would_send": "would get the message",
    "answered": "answered",
    "no_answer": "did not answer",
    "already_gone": "already gone",
    "spared": "spared",
    "protected": "protected",
    "denied": "denied",
    "timed_out": "timed out",
    "failed": "failed",
}

#: Results that make the task fail. A protected session does so only where it was asked for by name or ID.
FAILED = frozenset({"denied", "timed_out", "failed"})


@dataclass(frozen=True)
class Action:
    """One of the engine's actions, and what is said about it."""

    untouched: str
    """The result of a session to which nothing was done: in check mode, or because the action is to list it."""
    done: frozenset[str] = frozenset()
    """Results of a session that is no longer as it was, or in check mode would not be; none: nothing changes."""
    after: Mapping[str, Any] | None = None
    """What is different in the record of such a session; None: the session has gone."""
    do_it: str = ""
    """How a hint calls the action, where it spares the console."""
    if_unheard: str = ""
    """What may have happened if the engine's report did not arrive, and what to do."""


ACTIONS = {
    "list": Action("listed", if_unheard="Nothing was changed; run the task again"),
    "log_off": Action(
        "would_log_off",
        done=frozenset({"logged_off", "would_log_off", "requested"}),
        do_it="log it off",
        if_unheard="Sessions may have been logged off: --check tells who is left; run the task again",
    ),
    "disconnect": Action(
        "would_disconnect",
        done=frozenset({"disconnected", "would_disconnect"}),
        after={"name": "", "state": "disconnected"},
        do_it="disconnect it",
        if_unheard="Sessions may have been disconnected: --check tells which are not; run the task again",
    ),
    # A message is no state of the host, so showing one changes nothing.
    "send_message": Action(
        "would_send", if_unheard="Users may have got the message, and get it once more if you run the task again"
    ),
}

_LISTED_FAILURES = 3
_LISTED_NAMES = 5


@dataclass(frozen=True)
class ServerRecords:
    """What the engine saw and did on one server."""

    name: str
    records: list[Record]
    found: set[tuple[str, str]]
    """The options' values that fitted a session there, as (option, value)."""
    changed: bool
    error: Error | None
    """Why its sessions could not be listed or dealt with."""


def server_records(raw: Mapping[str, Any], selection: Selection, action: str, inventory_hostname: str) -> ServerRecords:
    """Return one server's part of the engine's report on this action."""
    name = raw["server"] or raw["computer_name"] or inventory_hostname
    return ServerRecords(
        name=name,
        records=[session_record(session, name, selection, action) for session in raw["sessions"]],
        found={selection.describe_match(match) for match in raw["found"]},
        # What Windows accepted has changed something, whatever came of it.
        changed=bool(ACTIONS[action].done)
        and any(session["requested"] or session["result"] is None for session in raw["sessions"]),
        error=_server_error(raw),
    )


def _server_error(raw: Mapping[str, Any]) -> Error | None:
    if raw["crash"]:
        return own_error(
            f"the session engine stopped: {raw['crash'].splitlines()[0]}", "This is a bug; please report it."
        )
    return windows_error(raw["error"]) if raw["error"] else None


def session_record(raw: Mapping[str, Any], server: str, selection: Selection, action: str) -> Record:
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
        "incoming_bytes": raw["incoming_bytes"],
        "outgoing_bytes": raw["outgoing_bytes"],
        "matched_by": [f"{option}={value}" for option, value in matched],
        "result": raw["result"] or ACTIONS[action].untouched,
        "error": windows_error(raw["error"]) if raw["error"] else None,
        "elapsed_seconds": round(raw["elapsed_ms"] / 1000, 1),
        # "warnings" is added after a grace period.
        **(
            {"ended_processes": raw["ended_processes"], "warnings": raw.get("warnings", 0)}
            if action == "log_off"
            else {}
        ),
        **({"answer": answer_name(raw["answer"])} if action == "send_message" else {}),
    }


def is_named(record: Record) -> bool:
    """Whether a session was asked for by its ID or its name, and not because it fits a description."""
    return any(match.startswith("sessions=") and match.lower() != "sessions=current" for match in record["matched_by"])


def protection(record: Record, action: str) -> Error:
    """Return why a session that was asked for by ID or name is protected."""
    if record["id"] == 0:
        return own_error("session 0 runs the services of Windows and is never touched", "Leave it out.")
    if record["state"] == "listen" or record["id"] >= FIRST_LISTENER_ID:
        return own_error("this is a listener, which waits for connections, and not a session", "Leave it out.")
    return own_error("the console session is protected", f"Set protect_console=false to {ACTIONS[action].do_it}.")


def windows_error(raw: Mapping[str, Any]) -> Error:
    """Return code, name, message and hint for a call that Windows refused."""
    error = explain(raw["code"])
    return {
        "code": error.code,
        "name": error.name,
        "message": f"{error.message} ({raw['call']})",
        "hint": error.hint,
    }


def own_error(message: str, hint: str) -> Error:
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


def session_text(record: Record) -> str:
    """Return what became of a session, for a line of ``-v``."""
    text = f"{record['server']}: {session_title(record)}: {RESULTS[record['result']]}"
    if record["result"] == "listed":
        idle = "" if record["idle_seconds"] is None else f", idle {format_duration(record['idle_seconds'])}"
        text = f"{record['server']}: {session_title(record)}: {record['state']}{idle}"
    if record["result"] in ("logged_off", "disconnected", "answered"):
        text += f" after {format_duration(record['elapsed_seconds'])}"
    if record.get("ended_processes"):
        text += f", having ended {ended_names(record)}"
    if record.get("answer"):
        text += f": {record['answer']}"
    return text + (f": {error_text(record['error'])}" if record["error"] else "")


def ended_names(record: Record) -> str:
    """Return the names of the processes that were ended in a session."""
    return ", ".join(process["name"] for process in record["ended_processes"])


def summarize(records: Sequence[Record]) -> dict[str, int]:
    """Return the number of sessions for each result that occurred; of sessions that were listed, for each state."""
    counts = Counter(record["state"] if record["result"] == "listed" else record["result"] for record in records)
    order = [*STATES, *RESULTS]
    return {key: counts[key] for key in sorted(counts, key=lambda key: order.index(key) if key in order else -1)}


def summary_text(records: Sequence[Record], not_found: Sequence[str]) -> str:
    """Return the outcome of a task in one sentence."""
    counts = [f"{count} {RESULTS.get(key, key)}" for key, count in summarize(records).items()]
    text = f"{_sessions(len(records))} selected: {', '.join(counts)}." if records else "No session matches."
    return text + (f" Not found: {names_text(not_found)}." if not_found else "")


def names_text(names: Sequence[str], listed: int = _LISTED_NAMES) -> str:
    """Return the first so many of some names, and how many more there are."""
    more = len(names) - listed
    return ", ".join(names[:listed]) + (f" and {more} more" if more > 0 else "")


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


def session_diff(records: Sequence[Record], action: str) -> dict[str, str]:
    """Return the selected sessions before and after, for ``--diff``. Those that left by themselves are in neither."""
    before = [record for record in records if record["result"] != "already_gone"]
    return {
        "before_header": "sessions before",
        "after_header": "sessions after",
        "before": _table(before),
        "after": _table([left for record in before if (left := _left(record, ACTIONS[action])) is not None]),
    }


def _left(record: Record, action: Action) -> Record | None:
    """What is left of a session after the action, or in check mode would be."""
    if record["result"] not in action.done:
        return record
    return None if action.after is None else {**record, **action.after}


def _sessions(count: int) -> str:
    return f"{count} session" if count == 1 else f"{count} sessions"


def _table(records: Sequence[Record]) -> str:
    return "".join(
        f"{record['server']:<16} {record['id']:>6}  {record['name'] or '-':<16} "
        f"{record['account'] or '-':<24} {record['state']}\n"
        for record in records
    )
