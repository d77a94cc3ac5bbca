# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the engines are asked: the request classes of the C# in plugins/module_utils, member by member.

What a member means is said here, because each byte of the C# travels with each task. A test compares the two.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Set
from dataclasses import dataclass, field, fields, replace
from typing import Any, ClassVar, TypeVar

from .._options.logons import Logon
from .._options.names import SID, Network, client_network, is_current, is_session_id
from .._options.selection import Selection
from .._words.durations import format_duration
from .._words.wts import PROTOCOLS, STATES
from . import acts
from .acts import NOTHING_CHANGED
from .report import Report, read_report

#: How an engine is told to work on the host that it runs on.
LOCAL_SERVER = ""

_TICKS_PER_SECOND = 10_000_000

#: What was typed: an option, and one of its values.
Label = tuple[str, str]

#: Of a member of a request that stays on the controller.
UNSENT = {"sent": False}


def sent_members(request: Any) -> dict[str, Any]:
    """Return what of a request, or of its class, goes to the host: all but what is ``UNSENT``."""
    return {each.name: getattr(request, each.name, None) for each in fields(request) if each.metadata.get("sent", True)}


@dataclass(frozen=True, kw_only=True)
class EngineRequest:
    """What each engine of sessions is asked."""

    act: ClassVar[acts.Act]
    module: ClassVar[str]
    """The module that is launched: its ``.ps1``, by the name that users know."""
    called: ClassVar[str] = "the session engine"
    """How messages name what answers."""

    session_ids: tuple[int, ...]
    session_names: tuple[str, ...]
    current: bool
    """Whether the sessions of the account that the engine runs as are meant."""
    records: tuple[str, ...]
    """Logons by records of them, which tell the server by any of its names and the time to the second."""
    users: tuple[str, ...]
    """``DOMAIN\\user``, each side a pattern, the domain ``.`` the host's own; or a UPN or a SID, which is looked up."""
    states: tuple[int, ...]
    """Numbers of WTS_CONNECTSTATE_CLASS."""
    idle_for: int | None
    """At least so long, in 100 ns; None: no criterion. So are the next two."""
    disconnected_for: int | None
    logged_on_for: int | None
    client_names: tuple[str, ...]
    """Patterns."""
    client_networks: tuple[str, ...]
    """The length of their addresses in bytes, and the bits with which each begins: ``4:00001010`` is 10.0.0.0/8."""
    protocols: tuple[int, ...]
    """Numbers of WTS_PROTOCOL_TYPE."""
    locked: bool | None
    """None: no criterion."""
    all: bool
    """Every session that has a user."""
    exclude_session_ids: tuple[int, ...]
    exclude_session_names: tuple[str, ...]
    """One that is the name of a user spares that user, who was meant for exclude_users."""
    exclude_current: bool
    exclude_records: tuple[str, ...]
    exclude_users: tuple[str, ...]
    logons: tuple[str, ...] = ()
    """Logons that are told of in any case, as earlier reports name them."""
    exclude_logons: tuple[str, ...] = ()
    """Logons that earlier reports of the task told to be spared."""
    unread_logons: tuple[str, ...] = ()
    """Logons that are meant only while they are disconnected."""
    latest_times: tuple[int, ...] = ()
    """For each server the FILETIME that its clock cannot have reached yet; empty: for none. Where it shows a later one
    it has jumped, and idle times are counted up to this."""
    newcomers: bool = True
    """Whether sessions that fit and are none of these logons are meant."""
    check_mode: bool
    """Select and report; make no call that changes anything."""
    servers: tuple[str, ...]
    """Names; LOCAL_SERVER is the host that the engine runs on."""
    server_timeout_ms: int
    """How long a call may take."""
    protect_console: bool = False
    """Whether nothing is done to the console session."""
    ignore_unknown_exclusions: bool
    """Whether those of exclude_users that fit no session may be nobody's name."""
    labels: Mapping[str, Label] = field(metadata=UNSENT)
    """What was typed for each value, in the order of the task. A report names it as ``users:0``."""
    recorded: Mapping[str, Logon] = field(metadata=UNSENT)
    """The logons among these values that were given as records."""
    met_by_all: tuple[Label, ...] = field(metadata=UNSENT)
    """What was typed that every selected session fits: options of one value."""
    must_be_found: bool = field(metadata=UNSENT)
    """Whether the task fails where a value of ``sessions`` or ``users`` fits nobody."""

    def label(self, match: str) -> Label:
        """Return what was typed for a match in the report, such as ``users:0``."""
        return self.labels[match]

    def not_in(self, found: Set[Label], *options: str) -> list[str]:
        """Return the values of these options that are not among those found, in the order in which they were typed."""
        return [value for option, value in self.labels.values() if option in options and (option, value) not in found]

    def logons_not_in(self, found: Set[Label]) -> dict[Label, Logon]:
        """Return the records in ``sessions`` whose logons are not among what was found."""
        selecting = {self.label(match): logon for match, logon in self.recorded.items() if match.startswith("records")}
        return {label: logon for label, logon in selecting.items() if label not in found}

    def read(self, answer: Any) -> Report:
        """Return the report in an answer.

        :raises ReportError: it is none that answers this request.
        """
        return read_report(answer, self)

    @property
    def if_unanswered(self) -> str:
        """What may have happened if no report arrived, and what to do."""
        return NOTHING_CHANGED if self.check_mode else self.act.if_unanswered

    @property
    def may_change(self) -> bool:
        """Whether something may have changed if no report arrived."""
        return bool(self.act.done) and not self.check_mode

    @property
    def text(self) -> str:
        """The request as an engine takes it."""
        return json.dumps(sent_members(self), separators=(",", ":"))


@dataclass(frozen=True, kw_only=True)
class TracedRequest(EngineRequest):
    """What an engine is asked that changes sessions, and says so in the event log of its host."""

    trace: str
    """How the event begins, as ``trace`` makes it."""
    trace_names: bool
    """Whether it tells whose the sessions were."""


class SessionInfoRequest(EngineRequest):
    act = acts.LIST
    module = "winops.rds.win_rds_session_info"


@dataclass(frozen=True, kw_only=True)
class LogoffRequest(TracedRequest):
    act = acts.LOG_OFF
    module = "winops.rds.win_rds_logoff"

    timeout_ms: int
    """How long a session is awaited; 0: not at all."""
    max_parallel: int | None
    """How many sessions may be awaited on a server at a time; None: any number."""


class LogoffTerminateRequest(LogoffRequest):
    """Where a session does not end in time, its processes are ended."""

    module = "winops.rds.win_rds_logoff_terminate_engine"


@dataclass(frozen=True, kw_only=True)
class DisconnectRequest(TracedRequest):
    act = acts.DISCONNECT
    module = "winops.rds.win_rds_disconnect"

    timeout_ms: int


@dataclass(frozen=True, kw_only=True)
class MessageRequest(EngineRequest):
    act = acts.SEND_MESSAGE
    module = "winops.rds.win_rds_message"

    title: str
    message: str
    """``{user}``, ``{server}`` and ``{deadline}`` are filled in on the host, as in the title."""
    message_style: int
    """MB_* flags."""
    message_seconds: int
    """How long it is shown; 0: until it is closed."""
    wait_for_answer: bool
    remaining_ms: int
    """The time until ``{deadline}``."""


R = TypeVar("R", bound=EngineRequest)


def request(kind: type[R], selection: Selection, *, check_mode: bool, **own: Any) -> R:
    """Return a request about the sessions that a task selects.

    :param own: what the selection does not say.
    """
    values: dict[str, list[Any]] = defaultdict(list)
    labels, recorded = {}, {}
    for option in _LISTS:
        for typed in getattr(selection, option):
            member, value = _criterion(option, typed)
            match = f"{member}:{len(values[member])}"
            labels[match] = (option, str(typed))
            if isinstance(typed, Logon):
                recorded[match] = typed
            values[member].append(value)
    return kind(
        session_ids=tuple(values["session_ids"]),
        session_names=tuple(values["session_names"]),
        current=bool(values["current"]),
        records=tuple(values["records"]),
        users=tuple(values["users"]),
        states=tuple(values["states"]),
        idle_for=_ticks(selection.idle_for),
        disconnected_for=_ticks(selection.disconnected_for),
        logged_on_for=_ticks(selection.logged_on_for),
        client_names=tuple(values["client_names"]),
        client_networks=tuple(values["client_networks"]),
        protocols=tuple(values["protocols"]),
        locked=selection.locked,
        all=selection.all,
        exclude_session_ids=tuple(values["exclude_session_ids"]),
        exclude_session_names=tuple(values["exclude_session_names"]),
        exclude_current=bool(values["exclude_current"]),
        exclude_records=tuple(values["exclude_records"]),
        exclude_users=tuple(values["exclude_users"]),
        servers=selection.servers or (LOCAL_SERVER,),
        server_timeout_ms=milliseconds(selection.server_timeout),
        ignore_unknown_exclusions=selection.unknown_exclusions == "ignore",
        check_mode=check_mode,
        labels=labels,
        recorded=recorded,
        met_by_all=_met_by_all(selection),
        must_be_found=selection.missing == "fail",
        **own,
    )


#: The options that have several values.
_LISTS = ("sessions", "users", "states", "clients", "protocols", "exclude_sessions", "exclude_users")


def _criterion(option: str, typed: str | Logon) -> tuple[str, Any]:
    """Return the member of a request that a value of an option belongs to, and what is sent of it."""
    kind = option.removeprefix("exclude_")
    prefix = option.removesuffix(kind)
    if isinstance(typed, Logon):
        return f"{prefix}records", typed.text
    if kind == "sessions":
        if is_session_id(typed):
            return f"{prefix}session_ids", int(typed)
        return (f"{prefix}current", True) if is_current(typed) else (f"{prefix}session_names", typed)
    if kind == "users":
        return f"{prefix}users", _account(typed)
    if kind == "clients":
        network = client_network(typed)
        return ("client_names", typed) if network is None else ("client_networks", _bits(network))
    return option, (STATES if option == "states" else PROTOCOLS).index(typed)


def _met_by_all(selection: Selection) -> tuple[Label, ...]:
    durations = [(option, getattr(selection, option)) for option in ("idle_for", "disconnected_for", "logged_on_for")]
    met = [(option, format_duration(seconds)) for option, seconds in durations if seconds is not None]
    if selection.locked is not None:
        met.append(("locked", str(selection.locked).lower()))
    return (*met, ("all", "true")) if selection.all else tuple(met)


def same_sessions(kind: type[R], other: EngineRequest, **own: Any) -> R:
    """Return a request of another kind about the sessions of one that there is."""
    return kind(**{each.name: getattr(other, each.name) for each in fields(EngineRequest)} | own)


def disconnected_since(asked: R, seconds: float) -> R:
    """Return a request about those of the sessions alone that have been disconnected for so long."""
    return replace(asked, disconnected_for=max(asked.disconnected_for or 0, round(seconds * _TICKS_PER_SECOND)))


def milliseconds(seconds: float) -> int:
    """Return a duration as the engines take it."""
    return round(seconds * 1000)


def _ticks(seconds: float | None) -> int | None:
    """A duration in 100 ns, the unit of a FILETIME."""
    return None if seconds is None else round(seconds * _TICKS_PER_SECOND)


def _bits(network: Network) -> str:
    size = network.max_prefixlen
    return f"{size // 8}:" + f"{int(network.network_address):0{size}b}"[: network.prefixlen]


def _account(value: str) -> str:
    """With a backslash a pattern, without one an account that has to be looked up."""
    return value if "\\" in value or "@" in value or SID.fullmatch(value) else f"*\\{value}"
