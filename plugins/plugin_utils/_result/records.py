# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From what an engine reports to the records of a task's result."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from .._engine.acts import FAILED, LIST, LOG_OFF, NOT_ACTED_ON, RESULTS, SEND_MESSAGE, Act
from .._engine.report import RefusedCall, Report, Server, Session
from .._engine.requests import EngineRequest, Label
from .._options.logons import Logon
from .._options.message import answer_name
from .._words.wts import FIRST_LISTENER_ID, STATES, iso_time, protocol_name, seconds_between, state_name
from . import win32_errors

Record = dict[str, Any]
Error = dict[str, Any]


@dataclass(frozen=True)
class ServerRecords:
    """What the engine saw and did on one server."""

    name: str
    records: list[Record]
    excluded: list[Record]
    found: set[Label]
    """The options' values that fitted a session there, as (option, value)."""
    changed: bool
    error: Error | None
    """Why its sessions could not be listed or dealt with."""


def server_records(
    server: Server,
    request: EngineRequest,
    host_name: str,
    explain: Callable[[Session], Error],
    warnings: Mapping[str, int],
    told: Mapping[str, Record] | None = None,
) -> ServerRecords:
    """Return one server's part of the report on an act.

    :param host_name: what the inventory calls the host that the task works on.
    :param explain: says why a session timed out or failed, where Windows gave no error.
    :param warnings: how many warnings of the grace period each logon got.
    :param told: what else the record of a logon says.
    """
    told = told or {}
    # The text comes from the host. What cannot be a computer name is not taken for one.
    own_name = server.computer_name if re.fullmatch(r"[\w-]{1,15}", server.computer_name) else ""
    name = server.server or own_name or host_name
    records = []
    for session in server.sessions:
        record = session_record(session, name, request, warnings.get(session.logon, 0)) | told.get(session.logon, {})
        if session.result in FAILED and session.error is None:
            record["error"] = _stopped() if server.crash else explain(session)
        elif session.result == "protected" and is_named(record):
            record["error"] = protection(record, request.act)
        records.append(record)
    return ServerRecords(
        name=name,
        records=records,
        excluded=[session_record(session, name, request) for session in server.excluded],
        found={request.label(match) for match in server.found},
        # A request that Windows accepted counts as a change, also where the session did not end in time.
        changed=bool(request.act.done)
        and any(session.accepted or session.result == request.act.planned for session in server.sessions),
        error=_server_error(server),
    )


def _stopped() -> Error:
    return own_error(
        "the session engine stopped before it was done with this session",
        "Run the task again; please report it as a bug.",
    )


def _server_error(server: Server) -> Error | None:
    if server.crash:
        return own_error(
            f"the session engine stopped: {server.crash.splitlines()[0]}", "This is a bug; please report it."
        )
    return windows_error(server.error) if server.error else None


def session_record(session: Session, server: str, request: EngineRequest, warnings: int = 0) -> Record:
    """Return one session as users read it."""
    matched = [*map(request.label, session.matched_by), *request.met_by_all]
    record = {
        "server": server,
        "id": session.id,
        "name": session.name,
        "user": session.user,
        "domain": session.domain,
        "account": f"{session.domain}\\{session.user}" if session.domain else session.user,
        "state": state_name(session.state),
        # A disconnected session has no name and no protocol: Windows then answers 0, as for the console.
        "protocol": protocol_name(session.protocol) if session.name and session.protocol is not None else None,
        "client_name": session.client_name or None,
        "client_address": session.client_address or None,
        "locked": session.locked,
        "logon_time": iso_time(session.logon_time),
        "connect_time": iso_time(session.connect_time),
        "disconnect_time": iso_time(session.disconnect_time),
        "last_input_time": iso_time(session.last_input_time),
        # By the host's own clock: the controller's may differ.
        "idle_seconds": seconds_between(session.last_input_time, session.current_time),
        "incoming_bytes": session.incoming_bytes,
        "outgoing_bytes": session.outgoing_bytes,
        "matched_by": [f"{option}={value}" for option, value in matched],
        "result": session.result,
        "error": windows_error(session.error) if session.error else None,
        "elapsed_seconds": round(session.elapsed_ms / 1000, 1),
    }
    if request.act is LOG_OFF:
        record["ended_processes"] = [{"id": process.id, "name": process.name} for process in session.ended_processes]
        record["running"] = None
        record["warnings"] = warnings
    if request.act is SEND_MESSAGE:
        record["answer"] = answer_name(session.answer)
    return record


def gone_records(report: Report, request: EngineRequest, found: Set[Label]) -> list[Record]:
    """Return a record for each logon that the task was given as a record, and that the servers have no more.

    Who has its ID now is somebody else.
    """
    return [
        _gone_record(logon, label, request)
        for label, logon in request.logons_not_in(found).items()
        if all(server.is_complete for server in report.servers if server.is_called(logon.server))
    ]


def _gone_record(logon: Logon, label: Label, request: EngineRequest) -> Record:
    domain, _backslash, user = logon.account.rpartition("\\")
    gone = Session(
        logon="",
        id=logon.id,
        name="",
        user=user,
        domain=domain,
        state=-1,
        protocol=None,
        client_name=None,
        client_address=None,
        locked=None,
        logon_time=logon.seconds * 10_000_000,
        connect_time=0,
        disconnect_time=0,
        last_input_time=0,
        current_time=0,
        incoming_bytes=0,
        outgoing_bytes=0,
        matched_by=(),
        result="already_gone",
        accepted=False,
        answer=None,
        error=None,
        elapsed_ms=0,
        ended_processes=(),
    )
    matched_by = [f"{label[0]}={label[1]}"]
    return session_record(gone, logon.server, request) | {"state": logon.state, "matched_by": matched_by}


def is_named(record: Record) -> bool:
    """Whether a session was asked for by its ID or its name, and not because it fits a description."""
    return any(match.startswith("sessions=") and match.lower() != "sessions=current" for match in record["matched_by"])


def protection(record: Record, act: Act) -> Error:
    """Return why a session that was asked for by ID or name is protected."""
    if record["id"] == 0:
        return own_error("session 0 runs the services of Windows and is never touched", "Leave it out.")
    if record["state"] == "listen" or record["id"] >= FIRST_LISTENER_ID:
        return own_error("this is a listener, which waits for connections, and not a session", "Leave it out.")
    return own_error("the console session is protected", f"Set protect_console=false to {act.do_it}.")


def windows_error(refused: RefusedCall) -> Error:
    """Return code, name, message and hint for a call that Windows refused."""
    error = win32_errors.explain(refused.call, refused.code)
    return {
        "code": error.code,
        "name": error.name,
        "message": f"{error.message} ({refused.call})",
        "hint": error.hint,
    }


def own_error(message: str, hint: str) -> Error:
    """Return an error that this collection states itself: it has no Windows code."""
    return {"code": None, "name": None, "message": message, "hint": hint}


def summarize(records: Sequence[Record], act: Act) -> dict[str, int]:
    """Return the number of sessions for each result that an act may have; of listed sessions, for each state."""
    if act is LIST:
        order = [state for state in STATES if state != "listen"]
        counts = Counter(record["state"] if record["result"] == act.planned else record["result"] for record in records)
    else:
        possible = {act.planned} | act.results | act.kept | NOT_ACTED_ON | FAILED
        order = [result for result in RESULTS if result in possible]
        counts = Counter(record["result"] for record in records)
    return {key: counts[key] for key in dict.fromkeys([*order, *counts])}
