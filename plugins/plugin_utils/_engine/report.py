# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the engines report: the report classes of the C# in plugins/module_utils, member by member, as a test shows.

Between an engine and the controller are PowerShell and the connection. What they spoil is not to be told as the truth,
nor to end in a traceback, so a report is checked before anything is made of it.
"""

from __future__ import annotations

import types
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from typing import Any, Protocol, TypeVar, Union, get_args, get_origin, get_type_hints

from .._words.wts import LAST_SESSION_ID
from . import acts


class Asked(Protocol):
    """What a report is held against: a request, as far as a report can contradict it."""

    @property
    def act(self) -> acts.Act: ...
    @property
    def check_mode(self) -> bool: ...
    @property
    def servers(self) -> tuple[str, ...]: ...
    @property
    def exclude_users(self) -> tuple[str, ...]: ...
    @property
    def labels(self) -> Mapping[str, tuple[str, str]]: ...


class ReportError(ValueError):
    """The report is not of this form, or does not fit the request; the message says where."""


@dataclass(frozen=True)
class RefusedCall:
    """A call of Windows' that failed (CallReport)."""

    call: str
    code: int | None
    """The Win32 error; 0: Windows gave neither an answer nor an error; None: the call did not come back."""


@dataclass(frozen=True)
class Process:
    """A process that was ended (ProcessReport)."""

    id: int
    name: str


@dataclass(frozen=True)
class Session:
    """A selected session, and what became of it (SessionReport). Times are FILETIMEs."""

    logon: str
    """ID, account and logon time on its server, as one text: a later request may name the logon by it."""
    id: int
    name: str
    user: str
    domain: str
    state: int
    protocol: int | None
    client_name: str | None
    client_address: str | None
    locked: bool | None
    logon_time: int
    connect_time: int
    disconnect_time: int
    last_input_time: int
    current_time: int
    incoming_bytes: int
    outgoing_bytes: int
    matched_by: tuple[str, ...]
    result: str
    accepted: bool
    """Whether Windows accepted what it was asked for."""
    answer: int | None
    """The button by which the user closed a message; None: nobody was asked, or nobody answered."""
    error: RefusedCall | None
    elapsed_ms: int
    ended_processes: tuple[Process, ...]


@dataclass(frozen=True)
class Server:
    """What was seen and done on one server (ServerReport)."""

    server: str
    computer_name: str
    """NetBIOS name; empty if Windows does not tell."""
    alias_of: str | None
    """The first name in the request of a server that has several: by that it was worked on. None: by this one."""
    found: tuple[str, ...]
    """The values that fitted a session, as ``criterion:position``."""
    sessions: tuple[Session, ...]
    excluded: tuple[Session, ...]
    """The sessions that would have been selected, and an exclusion spared."""
    spared: tuple[str, ...]
    """The logons that an exclusion fits, selected or not. Without a time: any logon of this account under this ID."""
    current_time: int
    """By the server's clock, as a FILETIME; 0: not known, because there was no session to ask about."""
    error: RefusedCall | None
    """Why the server could not be worked on, or not to the end."""
    crash: str | None
    """The exception that ended the work on this server, which is a bug."""

    @property
    def is_complete(self) -> bool:
        """Whether all that was to be done there was done, so that who is not in it is not there."""
        return self.error is None and self.crash is None

    def is_called(self, name: str) -> bool:
        """Whether a record with this name may be of it, as the engine decides that."""
        own, given = self.computer_name.lower(), name.lower()
        if given == self.server.lower():
            return True
        return given.partition(".")[0][:LONGEST_COMPUTER_NAME] == own if own else not self.server


@dataclass(frozen=True)
class UnknownExclusion:
    """A value of exclude_users that fitted no session, nor would one of the account that it is (UnknownExclusion)."""

    position: int
    use: int
    """SID_NAME_USE: what it is; 0: nothing that has a name."""
    name: str | None
    """``DOMAIN\\user``: what Windows calls it; None: there is nothing."""


@dataclass(frozen=True)
class ForeignRecord:
    """A record among the exclusions or the sessions that is of no server of the request (ForeignRecord)."""

    server: str
    """Whose it is."""
    computers: tuple[str, ...]
    """What the servers of the request call themselves."""


@dataclass(frozen=True)
class Report:
    """What an engine of sessions reports (EngineReport)."""

    servers: tuple[Server, ...]
    unknown_exclusions: tuple[UnknownExclusion, ...]
    """If there are any, no server was worked on."""
    foreign_record: ForeignRecord | None
    """If there is one, no server was worked on."""
    error: RefusedCall | None
    """Why an account could not be looked up. Then no server was worked on, either."""
    logged: RefusedCall | None
    """What came of writing an event; code 0: it was written. None: nothing was changed, so that there is none."""


T = TypeVar("T")

#: MAX_COMPUTERNAME_LENGTH, of a name that may be longer in DNS.
LONGEST_COMPUTER_NAME = 15
#: More than any host has.
MOST_SESSIONS = 65535
#: Longer than any name that Windows gives, in characters.
LONGEST_TEXT = 1024


def read_report(value: Any, request: Asked) -> Report:
    """Return the report that answers a request.

    :raises ReportError: something is missing, not of its type, or cannot be.
    """
    report: Report = read(Report, value, "report")
    for number, unknown in enumerate(report.unknown_exclusions):
        if not 0 <= unknown.position < len(request.exclude_users):
            raise ReportError(f"report.unknown_exclusions[{number}] is none of those of the task")
    if report.error is not None or report.unknown_exclusions or report.foreign_record:
        if report.servers:
            raise ReportError("report.servers were worked on in spite of an error")
        return report
    if [server.server for server in report.servers] != list(request.servers):
        raise ReportError("report.servers are not those of the task")
    for number, server in enumerate(report.servers):
        where = f"report.servers[{number}]"
        _check_matches(server.found, request.labels, f"{where}.found")
        _check_sessions(server, request, where)
    return report


def _check_sessions(server: Server, request: Asked, where: str) -> None:
    selecting = {match for match, (option, _typed) in request.labels.items() if not option.startswith("exclude_")}
    sessions = [*server.sessions, *server.excluded]
    if len(sessions) > MOST_SESSIONS or len({session.id for session in sessions}) < len(sessions):
        raise ReportError(f"{where}.sessions are too many, or have an ID twice")
    for session in sessions:
        of_session = f"{where}.sessions, ID {session.id}"
        if not 0 <= session.id <= LAST_SESSION_ID:
            raise ReportError(f"{of_session}, which is none")
        _check_matches(session.matched_by, selecting, f"{of_session}: matched_by")
    for session in server.sessions:
        _check_result(session, server, request, f"{where}.sessions, ID {session.id}: result")
    for session in server.excluded:
        if session.result != "excluded" or session.accepted:
            raise ReportError(f"{where}.excluded, ID {session.id}: result is {_short(session.result)}")


def _check_result(session: Session, server: Server, request: Asked, where: str) -> None:
    act = request.act
    only_looks = request.check_mode or act is acts.LIST
    possible = acts.NOT_ACTED_ON | acts.FAILED | ({act.planned} | act.already if only_looks else act.results)
    needs_error = session.result in ("denied", "failed") and server.crash is None
    if session.result not in possible or (needs_error and session.error is None) or (only_looks and session.accepted):
        raise ReportError(f"{where} is {_short(session.result)}")


def _check_matches(matches: Sequence[str], possible: Collection[str], where: str) -> None:
    """Each is a criterion and the position of its value, such as ``users:0``."""
    for match in matches:
        if match not in possible:
            raise ReportError(f"{where} holds {_short(match)}")


def read(kind: Any, value: Any, where: str) -> Any:
    """Return a value of JSON as what it has to be.

    :param kind: a dataclass, ``tuple[kind, ...]``, ``kind | None``, int, bool or str.
    :raises ReportError: it is not.
    """
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return value if value is None else read(arguments[0], value, where)
    if origin is tuple:
        elements = _of_type(value, list, where)
        return tuple(read(arguments[0], e, f"{where}[{i}]") for i, e in enumerate(elements))
    if isinstance(kind, type) and is_dataclass(kind):
        members = _of_type(value, dict, where)
        hints = _hints(kind)
        for field in fields(kind):
            if field.name not in members:
                raise ReportError(f"{where}.{field.name} is missing")
        return kind(**{name: read(hints[name], members[name], f"{where}.{name}") for name in hints})
    checked = _of_type(value, kind, where)
    if kind is str and len(checked) > LONGEST_TEXT and not where.endswith(".crash"):
        raise ReportError(f"{where} has {len(checked)} characters")
    # The engine has no larger numbers.
    if kind is int and (isinstance(checked, bool) or checked.bit_length() > 64):
        raise ReportError(f"{where} is {_short(value)}")
    return checked


@cache
def _hints(kind: type[Any]) -> dict[str, Any]:
    return get_type_hints(kind)


def _of_type(value: Any, kind: type[T], where: str) -> T:
    if not isinstance(value, kind):
        raise ReportError(f"{where} is {_short(value)}")
    return value


def _short(value: Any) -> str:
    """A value, or its type where it may be long."""
    is_named = isinstance(value, (list, Mapping, int)) and not isinstance(value, bool)
    text = type(value).__name__ if is_named else repr(value)
    return text if len(text) <= 20 else f"{text[:20]}…"
