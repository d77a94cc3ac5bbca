# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A task that Ansible tries again (``until``): Ansible keeps the last result, so that one tells of all attempts.

Otherwise a logoff that took longer than ``timeout`` would be reported by nobody: the first attempt says that the
session is still there, and the second one finds no session any more.
"""

from __future__ import annotations

from dataclasses import replace

from .._engine.acts import UNSETTLED, Act
from .._engine.report import Report, Server, Session
from .._engine.requests import EngineRequest


def in_doubt(earlier: Report | None) -> tuple[str, ...]:
    """Return the logons that may still be on after an attempt, so that the next one has to tell what became of them."""
    if earlier is None:
        return ()
    return tuple(
        session.logon for server in earlier.servers for session in server.sessions if session.result in UNSETTLED
    )


def takes_newcomers(earlier: Report | None, request: EngineRequest) -> bool:
    """Whether an attempt may mean other logons than the earlier ones did. An ID and a name are somebody else's by then,
    perhaps."""
    by_place = request.session_ids or request.session_names
    return not (by_place and earlier and any(server.sessions for server in earlier.servers))


def as_one(earlier: Report | None, now: Report, act: Act) -> Report:
    """Return the reports of all attempts as one, with the last word on each logon.

    :param earlier: those before, as one.
    """
    if earlier is None:
        return now
    before = {server.server: server for server in earlier.servers}
    return replace(now, servers=tuple(_server(before.get(server.server), server, act) for server in now.servers))


def _server(before: Server | None, now: Server, act: Act) -> Server:
    if before is None:
        return now
    told = {session.logon: session for session in before.sessions}
    logons = {session.logon for session in now.sessions}
    left = [session for session in before.sessions if session.logon not in logons]
    excluded = {session.logon: session for session in (*before.excluded, *now.excluded)}
    return replace(
        now,
        found=tuple(sorted({*before.found, *now.found})),
        sessions=(
            *(_absent(session, now, act) for session in left),
            *(last_word(told.get(session.logon), session, act) for session in now.sessions),
        ),
        excluded=tuple(excluded.values()),
    )


def _absent(before: Session, server: Server, act: Act) -> Session:
    """Who is not told of any more has gone, if the server could be asked."""
    return _gone(before, act) if server.is_complete and before.result in UNSETTLED else before


def last_word(before: Session | None, now: Session, act: Act) -> Session:
    """Return what became of a logon, by what was told of it before, and now."""
    if before is None:
        return now
    if now.result == "already_gone":
        return _gone(before, act)
    if now.result in act.already and before.result in act.done:
        return before
    return replace(now, accepted=before.accepted or now.accepted)


def _gone(before: Session, act: Act) -> Session:
    if before.result in act.done:
        return before
    return replace(before, result=act.gone if before.accepted else "already_gone", error=None)
