# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the engines report: the report classes of the C# in plugins/module_utils, member by member, as a test shows.

Between an engine and the controller are PowerShell and the connection. What they spoil is not to be told as the truth,
nor to end in a traceback, so a report is checked before anything is made of it.
"""

from __future__ import annotations

import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from . import acts
from .requests import CRITERIA, EngineRequest


class ReportError(ValueError):
    """The report is not of this form, or does not fit the request; the message says where."""


@dataclass(frozen=True)
class RefusedCall:
    """A call of Windows' that failed (CallReport)."""

    call: str
    code: int


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
    found: tuple[str, ...]
    """The values that fitted a session, as ``criterion:position``."""
    sessions: tuple[Session, ...]
    error: RefusedCall | None
    """Why the server could not be worked on, or not to the end."""
    crash: str | None
    """The exception that ended the work on this server, which is a bug."""

    @property
    def is_complete(self) -> bool:
        """Whether all that was to be done there was done, so that who is not in it is not there."""
        return self.error is None and self.crash is None


@dataclass(frozen=True)
class Report:
    """What an engine of sessions reports (EngineReport)."""

    servers: tuple[Server, ...]
    unknown_exclusions: tuple[str, ...]
    """Values of exclude_users that no account has."""
    error: RefusedCall | None
    """Why an account could not be looked up."""


T = TypeVar("T")


def read_report(value: Any, request: EngineRequest) -> Report:
    """Return the report that answers a request.

    :raises ReportError: something is missing, not of its type, or cannot be.
    """
    report: Report = read(Report, value, "report")
    if report.error is None and [server.server for server in report.servers] != list(request.servers):
        raise ReportError("report.servers are not those of the task")
    for number, server in enumerate(report.servers):
        where = f"report.servers[{number}]"
        _check_matches(server.found, request, f"{where}.found")
        for position, session in enumerate(server.sessions):
            _check_result(session, server, request, f"{where}.sessions[{position}].result")
            _check_matches(session.matched_by, request, f"{where}.sessions[{position}].matched_by")
    return report


def _check_result(session: Session, server: Server, request: EngineRequest, where: str) -> None:
    act = request.act
    possible = acts.OFF | acts.FAILED
    possible |= {act.planned} if request.check_mode or act is acts.LIST else act.results
    needs_error = session.result in ("denied", "failed") and server.crash is None
    if session.result not in possible or (needs_error and session.error is None):
        raise ReportError(f"{where} is {_short(session.result)}")


def _check_matches(matches: Sequence[str], request: EngineRequest, where: str) -> None:
    """Each is a criterion and the position of its value, such as ``users:0``."""
    for match in matches:
        criterion, _separator, position = match.partition(":")
        values = getattr(request, criterion) if criterion in CRITERIA else None
        count = len(values) if isinstance(values, tuple) else int(bool(values))
        if not (position.isascii() and position.isdigit() and int(position[:9]) < count):
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
    number = _of_type(value, kind, where)
    # What the engine counts has 64 bits.
    if kind is int and (isinstance(number, bool) or number.bit_length() > 64):
        raise ReportError(f"{where} is {_short(value)}")
    return number


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
