# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who was warned before a logoff, who is still on, and what became of each: several reports of the engine as one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from . import _results
from ._results import FAILED

#: A report of the engine, or a part of it, in the form of ``_report.py``.
Raw = dict[str, Any]

#: Results of a session that is not to be logged off: it has left, or is not meant any more.
_OFF = frozenset({"already_gone", "spared", "protected"})

_LISTED_NAMES = 10


class Roll:
    """Begins with the report on the warning; later reports say who has left."""

    def __init__(self, warning: Raw) -> None:
        self._warning = warning
        self._known: dict[str, Raw] = {}
        """Each logon that was ever meant, as it was first seen."""
        self._warnings: Counter[str] = Counter()
        self._on: list[str] = []
        self.take_messages(warning)
        self.look(warning)

    def take_messages(self, report: Raw) -> tuple[list[Raw], list[Raw]]:
        """Take in a report on messages, and return the sessions that were reached, and those that were not."""
        reached, missed = [], []
        for logon, session in self._logons(report):
            self._known.setdefault(logon, session)
            if session["result"] == "sent":
                self._warnings[logon] += 1
                reached.append(session)
            elif session["result"] in FAILED:
                missed.append(session)
        return reached, missed

    def look(self, report: Raw) -> tuple[list[Raw], list[Raw]]:
        """See in a report on all who is still on, of those who were warned. Return who has left since, and who is
        there and not meant any more."""
        before, self._last = self._on, report
        seen, silent = dict(self._logons(report)), {s["server"] for s in report["servers"] if _trouble(s)}
        self._on = [
            logon
            for logon in self.warned
            if (seen[logon]["result"] not in _OFF if logon in seen else _server(logon) in silent)
        ]
        off = set(before) - set(self._on)
        spared = {logon for logon in off if logon in seen and seen[logon]["result"] != "already_gone"}
        return (
            [self._known[logon] for logon in before if logon in off and logon not in spared],
            [self._known[logon] for logon in before if logon in spared],
        )

    @property
    def warned(self) -> list[str]:
        """The logons that a warning has reached, as the engine's option ``logons`` takes them."""
        return [logon for logon in self._known if self._warnings[logon]]

    @property
    def on(self) -> list[Raw]:
        """The sessions that were warned, and are still there and meant."""
        return [self._known[logon] for logon in self._on]

    @property
    def unwarned(self) -> list[Raw]:
        """The sessions that no warning has reached, though one should have."""
        return [s for logon, s in self._known.items() if s["result"] in FAILED and not self._warnings[logon]]

    @property
    def everybody_was_warned(self) -> bool:
        return not self.unwarned and not any(map(_trouble, self._warning["servers"]))

    @property
    def everybody_has_left(self) -> bool:
        return not self._on and not any(map(_trouble, self._last["servers"]))

    def servers(self, *, newcomers: bool) -> list[str]:
        """Return the servers that still have to be asked: those with somebody to log off."""
        warned = {_server(logon) for logon in self.warned}
        return [
            server["server"]
            for server in self._warning["servers"]
            if server["server"] in warned or (newcomers and not _trouble(server))
        ]

    def newcomers(self, report: Raw) -> list[str]:
        """Return the logons in a list of sessions that were not there at the warning."""
        incomplete = {server["server"] for server in self._warning["servers"] if _trouble(server)}
        return [
            logon
            for logon, session in self._logons(report)
            if logon not in self._known and session["result"] is None and _server(logon) not in incomplete
        ]

    def report(self, logoff: Raw, *, gone: str = "already_gone") -> Raw:
        """Return what became of everybody.

        :param logoff: the report on the logoff.
        :param gone: the result of who was warned and is not there any more.
        """
        return self._merged(logoff, dict.fromkeys(self.warned, gone))

    def report_without_logoff(self) -> Raw:
        """Return what became of everybody where the logoff was not carried out: who is still on is ``failed``."""
        off = [
            {**server, "sessions": [session for session in server["sessions"] if session["result"] in _OFF]}
            for server in self._last["servers"]
        ]
        results = {**dict.fromkeys(self.warned, "already_gone"), **dict.fromkeys(self._on, "failed")}
        return self._merged({**self._last, "servers": off}, results)

    def _merged(self, last: Raw, results: Mapping[str, str]) -> Raw:
        """Return all reports as one: with the last word on each session.

        :param results: for each logon that was warned its result, if the last report has none or says that it has gone.
        """
        ended = dict(self._logons(last))
        asked = {server["server"]: server for server in last["servers"]}
        by_server: dict[str, list[str]] = {}
        for logon in {**self._known, **ended}:
            by_server.setdefault(_server(logon), []).append(logon)
        merged = []
        for first in self._warning["servers"]:
            now = asked.get(first["server"], first)
            here = by_server.get(first["server"], [])
            sessions = [self._last_word(logon, ended.get(logon), results.get(logon), _trouble(now)) for logon in here]
            merged.append(
                {
                    **now,
                    "found": sorted({*first["found"], *now["found"]}),
                    "sessions": sessions,
                    "error": now["error"] or first["error"],
                    "crash": now["crash"] or first["crash"],
                }
            )
        return {**last, "servers": merged}

    def _last_word(self, logon: str, ended: Raw | None, result: str | None, trouble: Raw | None) -> Raw:
        session = {**(ended or {**self._known[logon], "requested": False}), "warnings": self._warnings[logon]}
        if result is None or (ended and ended["result"] != "already_gone"):
            return session
        if trouble and not ended:
            return {**session, "result": "failed", "error": trouble}
        return {**session, "result": result, "requested": result == "logged_off", "error": None, "elapsed_ms": 0}

    def _logons(self, report: Raw) -> Iterator[tuple[str, Raw]]:
        for server in report["servers"]:
            for session in server["sessions"]:
                yield self._logon(server["server"], session), session

    def _logon(self, server: str, session: Raw) -> str:
        logon = f"{server}|{session['id']}|{session['logon_time']}|{session['domain']}\\{session['user']}"
        if session["result"] in FAILED and not session["logon_time"]:
            # It could not be identified. As nobody can say that it is somebody else now, it is who had this ID.
            had_id = [known for known in self._known if known.startswith(f"{server}|{session['id']}|")]
            return had_id[-1] if had_id else logon
        return logon


def names_text(sessions: Sequence[Mapping[str, Any]]) -> str:
    """Return who these are, a long list shortened: ``alice, bob (2), session 7``."""
    people = Counter(session["user"] or f"session {session['id']}" for session in sessions)
    names = [name if count == 1 else f"{name} ({count})" for name, count in people.items()]
    return _results.names_text(names, _LISTED_NAMES)


def _server(logon: str) -> str:
    return logon.partition("|")[0]


def _trouble(server: Raw) -> Raw | None:
    """Why a server's part of a report is not complete."""
    if server["crash"]:
        return {"call": "SessionEngine", "code": 1359}
    error: Raw | None = server["error"]
    return error
