# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who was warned before a logoff, who is still on, and what became of each: several reports of the engines as one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from .._engine.acts import FAILED, LIST, LOG_OFF, NOT_ACTED_ON, STAYED
from .._engine.report import Report, Server, Session
from .._result import sentences
from .._result.attempts import last_word
from .._words.wts import state_name

_LISTED_NAMES = 10


class WarnedSessions:
    """Begins with the report on the warning, or where nobody is told with a plan of the logoff; later reports say who
    has left."""

    def __init__(self, warning: Report) -> None:
        self._warning = warning
        self._known: dict[str, Session] = {}
        """Each logon that was ever meant, as it was first seen."""
        self._server_of: dict[str, str] = {}
        self._on: list[str] = []
        self._seen: dict[str, Session] = {}
        self._early: dict[str, Session] = {}
        """What became of those who were to be logged off before the end."""
        self._followed: dict[str, None] = {}
        """The logons that are meant at the end: they know when that is, or read nothing that could tell them."""
        self._unread: dict[str, None] = {}
        """Those of them that have read nothing of that, because they are disconnected."""
        self.warnings: Counter[str] = Counter()
        """How many messages each logon got."""
        self.take_messages(warning)
        self.look(warning)

    def take_messages(self, report: Report) -> tuple[list[Session], list[Session]]:
        """Take in a report on messages, and return the sessions that were reached, and those that were not."""
        reached, missed = [], []
        for logon, server, session in self._logons(report):
            self._known.setdefault(logon, session)
            self._server_of[logon] = server.server
            if session.result in ("sent", LOG_OFF.planned):
                self.warnings[logon] += session.result == "sent"
                self._followed[logon] = None
                self._unread.pop(logon, None)
                reached.append(session)
            elif session.result in FAILED and _takes_no_message(session):
                if logon not in self._followed:
                    self._followed[logon] = self._unread[logon] = None
            elif session.result in FAILED:
                if logon in self._unread:
                    self._drop(logon, session)
                missed.append(session)
        return reached, missed

    def take_new_promise(self, report: Report) -> list[Session]:
        """Take in a report on messages that promise a later end: whom none has reached is not meant any more. Return
        the sessions that were reached."""
        before, self._followed, self._unread = self._followed, {}, {}
        reached, _missed = self.take_messages(report)
        told = {logon: session for logon, _server, session in self._logons(report)}
        servers = {server.server: server for server in report.servers}
        for logon in before:
            server = servers.get(self._server_of[logon])
            if logon in self._followed:
                continue
            if logon in told:
                self._drop(logon, told[logon])
            elif server is None or server.is_complete:
                self._followed[logon] = None  # gone, which the report at the end says
            else:
                self._drop(logon, replace(self._known[logon], result="failed", error=server.error))
        self.look(report)
        return reached

    def _drop(self, logon: str, session: Session) -> None:
        """It is not meant any more, for what a report says of its session."""
        self._followed.pop(logon, None)
        self._unread.pop(logon, None)
        self._known[logon] = session

    def look(self, report: Report) -> tuple[list[Session], list[Session]]:
        """See in a report on all who is still on, of those who were warned. Return who has left since, and who is
        there and not meant any more."""
        before, self._last = self._on, report
        seen = {logon: session for logon, _server, session in self._logons(report)}
        silent = {server.server for server in report.servers if not server.is_complete}
        self._on = [
            logon
            for logon in self.warned
            if (seen[logon].result not in NOT_ACTED_ON if logon in seen else self._server_of[logon] in silent)
        ]
        self._seen = {logon: seen[logon] for logon in self._on if logon in seen}
        off = set(before) - set(self._on)
        spared = {logon for logon in off if logon in seen and seen[logon].result != "already_gone"}
        return (
            [self._known[logon] for logon in before if logon in off and logon not in spared],
            [self._known[logon] for logon in before if logon in spared],
        )

    def take_early_logoffs(self, report: Report) -> tuple[list[Session], list[Session]]:
        """Take in a report on logoffs before the end. Return who was logged off, and who was to be and is still on."""
        off, failed = [], []
        for logon, _server, session in self._logons(report):
            if session.result in NOT_ACTED_ON:  # left or came back, which the next look tells
                continue
            self._early[logon] = replace(session, logon=logon)
            if session.result != LOG_OFF.gone:
                failed.append(session)
                continue
            off.append(session)
            self._followed.pop(logon, None)
            self._unread.pop(logon, None)
            self._on = [other for other in self._on if other != logon]
        return off, failed

    @property
    def logged_off(self) -> list[Session]:
        """Who was logged off before the end."""
        return [session for session in self._early.values() if session.result == LOG_OFF.gone]

    @property
    def may_go_early(self) -> dict[str, Session]:
        """Who is meant, was on at the last look, and was not to be logged off yet; as that look saw them."""
        return {logon: self._seen[logon] for logon in self._on if logon in self._seen and logon not in self._early}

    @property
    def warned(self) -> tuple[str, ...]:
        """The logons that are meant at the end: a warning has reached them, or they are disconnected."""
        return tuple(self._followed)

    @property
    def unread(self) -> tuple[str, ...]:
        """Those of them that no warning has reached, so that they are meant as long as they are disconnected."""
        return tuple(self._unread)

    def back(self, report: Report) -> tuple[str, ...]:
        """Return those of these whose user is connected again, by a list of sessions."""
        return tuple(
            logon
            for logon, _server, session in self._logons(report)
            if logon in self._unread and session.result == LIST.planned and not _is_disconnected(session)
        )

    @property
    def on(self) -> list[Session]:
        """The sessions that were warned, and are still there and meant."""
        return [self._known[logon] for logon in self._on]

    @property
    def unwarned(self) -> list[Session]:
        """The sessions that no warning has reached, though one should have."""
        return [s for logon, s in self._known.items() if s.result in FAILED and logon not in self._followed]

    @property
    def everybody_was_warned(self) -> bool:
        return not self.unwarned and all(server.is_complete for server in self._warning.servers)

    @property
    def everybody_has_left(self) -> bool:
        return not self._on and all(server.is_complete for server in self._last.servers)

    def servers(self, *, newcomers: bool) -> tuple[str, ...]:
        """Return the servers that still have to be asked: those with somebody to log off."""
        warned = {self._server_of[logon] for logon in self.warned}
        return tuple(
            server.server
            for server in self._warning.servers
            if server.server in warned or (newcomers and server.is_complete)
        )

    def newcomers(self, report: Report) -> dict[str, Session]:
        """Return the sessions in a list that were not there at the warning, by their logons."""
        incomplete = {server.server for server in self._warning.servers if not server.is_complete}
        return {
            logon: session
            for logon, server, session in self._logons(report)
            if logon not in self._known and session.result == LIST.planned and server.server not in incomplete
        }

    def report(self, logoff: Report) -> Report:
        """Return what became of everybody.

        :param logoff: the report on the logoff.
        """
        return self._merged(logoff, dict.fromkeys(self.warned, "already_gone"))

    def report_without_logoff(self) -> Report:
        """Return what became of everybody where the logoff was not carried out: who is still on is ``failed``."""
        results = {**dict.fromkeys(self.warned, "already_gone"), **dict.fromkeys(self._on, "failed")}
        return self._merged(self._last_with(lambda logon, session: session.result in NOT_ACTED_ON), results)

    def report_of_stayed(self) -> Report:
        """Return what became of everybody where nobody is logged off at the end: who was on at the last look has
        stayed, unless there was more to be said."""
        last = self._last_with(lambda logon, session: logon in self._followed)
        servers = (
            replace(server, sessions=tuple(self._stayed(server.server, session) for session in server.sessions))
            for server in last.servers
        )
        return self._merged(replace(last, servers=tuple(servers)), dict.fromkeys(self.warned, "already_gone"))

    def _stayed(self, server: str, session: Session) -> Session:
        if session.result != LIST.planned:
            return session
        return self._early.get(self._logon(server, session), replace(session, result=STAYED))

    def _last_with(self, is_told: Callable[[str, Session], bool]) -> Report:
        """The last report, with some of its sessions."""
        servers = (
            replace(
                server,
                sessions=tuple(s for s in server.sessions if is_told(self._logon(server.server, s), s)),
            )
            for server in self._last.servers
        )
        return replace(self._last, servers=tuple(servers))

    def _merged(self, last: Report, results: Mapping[str, str]) -> Report:
        """Return all reports as one: with the last word on each session.

        :param results: for each logon that was warned its result, if the last report has none or says that it has gone.
        """
        ended = {logon: session for logon, _server, session in self._logons(last)}
        asked = {server.server: server for server in last.servers}
        server_of = {**self._server_of, **{logon: server.server for logon, server, _session in self._logons(last)}}
        merged = []
        for first in self._warning.servers:
            now = asked.get(first.server, first)
            here = [logon for logon in {**self._known, **ended} if server_of[logon] == first.server]
            merged.append(
                replace(
                    now,
                    found=tuple(sorted({*first.found, *now.found})),
                    sessions=tuple(self._last_word(logon, ended.get(logon), results.get(logon), now) for logon in here),
                    # What is asked about certain logons alone is not told of others.
                    excluded=tuple({session.logon: session for session in (*first.excluded, *now.excluded)}.values()),
                    error=now.error or first.error,
                    crash=now.crash or first.crash,
                )
            )
        return replace(last, servers=tuple(merged))

    def _last_word(self, logon: str, ended: Session | None, result: str | None, server: Server) -> Session:
        early = self._early.get(logon)
        if early and early.result == LOG_OFF.gone:
            return early
        return last_word(early, self._word_at_the_end(logon, ended, result, server), LOG_OFF)

    def _word_at_the_end(self, logon: str, ended: Session | None, result: str | None, server: Server) -> Session:
        # The session keeps the logon that was warned, also where the host could not identify it any more.
        session = replace(ended, logon=logon) if ended else replace(self._known[logon], accepted=False)
        if result is None or (ended and ended.result != "already_gone"):
            return session
        if ended is None and not server.is_complete:
            return replace(session, result="failed", error=server.error)
        return replace(session, result=result, accepted=result == "logged_off", error=None, elapsed_ms=0)

    def _logons(self, report: Report) -> Iterator[tuple[str, Server, Session]]:
        for server in report.servers:
            for session in server.sessions:
                yield self._logon(server.server, session), server, session

    def _logon(self, server: str, session: Session) -> str:
        if session.result in FAILED | {"already_gone"} and not session.logon_time:
            # The host could not identify the session. Nothing shows that the ID has another owner, so it is taken for
            # the logon that had it.
            had_id = [
                logon
                for logon, known in self._known.items()
                if known.id == session.id and self._server_of[logon] == server
            ]
            return had_id[-1] if had_id else session.logon
        return session.logon


#: Whether Windows takes a message to a disconnected session no page says: that of ``msg`` speaks of active ones, and
#: somebody saw that Send-RDUserMessage "will not send a message to disconnected sessions"
#: (https://github.com/MicrosoftDocs/windows-powershell-docs/issues/2318). Nobody sits there to read it.
_SENDING = "WTSSendMessage"


def _is_disconnected(session: Session) -> bool:
    return state_name(session.state) == "disconnected"


def _takes_no_message(session: Session) -> bool:
    """Whether a message could not be sent because nobody would read it."""
    return _is_disconnected(session) and session.error is not None and session.error.call == _SENDING


def names_text(sessions: Sequence[Session]) -> str:
    """Return who these are, a long list shortened: ``alice, bob (2), session 7``; of two people with one name in two
    domains with these."""
    accounts = {(session.user.lower(), session.domain.lower()) for session in sessions}
    several = Counter(user for user, _domain in accounts)

    def name(session: Session) -> str:
        if not session.user:
            return f"session {session.id}"
        is_one = several[session.user.lower()] == 1 or not session.domain
        return session.user if is_one else f"{session.domain}\\{session.user}"

    people = Counter(map(name, sessions))
    names = [name if count == 1 else f"{name} ({count})" for name, count in people.items()]
    return sentences.names_text(names, _LISTED_NAMES)
