# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What still runs in the sessions that did not log off in time: one more look at them, and only then."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from .._engine.processes import ProcessesReport, SessionProcessesRequest
from .._engine.report import Report, Session
from .._engine.requests import LogoffRequest, request
from .._options.selection import Selection
from .._result.processes import running_names
from .._session_action import SessionAction


def still_running(
    action: SessionAction, report: Report, logoff: LogoffRequest, task_vars: dict[str, Any]
) -> dict[str, list[str]]:
    """Return the names of the programs in each logon that timed out, as far as they are known.

    A failure of the look changes nothing: what became of the sessions is known without it.
    """
    stayed = {
        server.server: here
        for server in report.servers
        if server.is_complete and (here := {s.id: s for s in server.sessions if _has_stayed(s)})
    }
    if not stayed:
        return {}
    try:
        looked = action.launch(_look(stayed, logoff), task_vars)
    except BaseException as error:
        # The task's keyword timeout has ended a look that nothing waits for.
        if not isinstance(error, Exception) and not action.is_timeout(error):
            raise
        return {}
    finally:
        action.in_doubt = None
    return dict(_names(stayed, looked))


def _has_stayed(session: Session) -> bool:
    """Whether Windows still had it. Of one with an error it did not answer, and might not do so again."""
    return session.result == "timed_out" and session.error is None


def _look(stayed: dict[str, dict[int, Session]], logoff: LogoffRequest) -> SessionProcessesRequest:
    """By IDs, since a session that is being torn down loses its user and its times first."""
    ids = sorted({session_id for here in stayed.values() for session_id in here})
    look = request(SessionProcessesRequest, Selection(sessions=tuple(map(str, ids))), check_mode=False)
    return replace(look, servers=tuple(stayed), server_timeout_ms=logoff.server_timeout_ms)


def _names(stayed: dict[str, dict[int, Session]], looked: ProcessesReport) -> Iterator[tuple[str, list[str]]]:
    for server, processes in zip(looked.servers, looked.processes, strict=True):
        lost = {session.id for session in processes.lost}
        for now in server.sessions:
            session = stayed[server.server].get(now.id)
            here = [process for process in processes.running if process.session == now.id]
            if session and here and now.id not in lost and not processes.error and not _is_another(session, now):
                yield session.logon, running_names(here)


def _is_another(session: Session, now: Session) -> bool:
    """Whether the ID is another logon's by now, as the engine decides that."""
    accounts = [(one.domain.casefold(), one.user.casefold()) for one in (session, now)]
    return (now.user != "" and accounts[0] != accounts[1]) or now.logon_time not in (0, session.logon_time)
