# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the engines are asked: the request classes of the C# in plugins/module_utils, member by member.

What a member means is said here, because each byte of the C# travels with each task. A test compares the two.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar, TypeVar

from .._options.names import SID, Network, client_network, is_current, is_session_id, is_session_name
from .._options.selection import Selection
from .._words.durations import format_duration
from .._words.wts import PROTOCOLS, STATES
from . import acts
from .acts import NOTHING_CHANGED

#: How an engine is told to work on the host that it runs on.
LOCAL_SERVER = ""

_TICKS_PER_SECOND = 10_000_000


@dataclass(frozen=True, kw_only=True)
class EngineRequest:
    """What each engine of sessions is asked."""

    act: ClassVar[acts.Act]
    module: ClassVar[str]
    """The internal module that is launched."""

    session_ids: tuple[int, ...]
    session_names: tuple[str, ...]
    current: bool
    """Whether the sessions of the account that the engine runs as are meant."""
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
    exclude_users: tuple[str, ...]
    logons: tuple[str, ...] = ()
    """Logons that are told of in any case, as earlier reports name them."""
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

    @property
    def if_unheard(self) -> str:
        """What may have happened if no report arrived, and what to do."""
        return NOTHING_CHANGED if self.check_mode else self.act.if_unheard

    @property
    def may_change(self) -> bool:
        """Whether something may have changed if no report arrived."""
        return bool(self.act.done) and not self.check_mode

    @property
    def text(self) -> str:
        """The request as an engine takes it."""
        return json.dumps(asdict(self), separators=(",", ":"))


class SessionInfoRequest(EngineRequest):
    act = acts.LIST
    module = "winops.rds.win_rds_session_info_engine"


@dataclass(frozen=True, kw_only=True)
class LogoffRequest(EngineRequest):
    act = acts.LOG_OFF
    module = "winops.rds.win_rds_logoff_engine"

    timeout_ms: int
    """How long a session is awaited; 0: not at all."""
    max_parallel: int | None
    """How many sessions may be awaited on a server at a time; None: any number."""


class LogoffTerminateRequest(LogoffRequest):
    """Where a session does not end in time, its processes are ended."""

    module = "winops.rds.win_rds_logoff_terminate_engine"


@dataclass(frozen=True, kw_only=True)
class DisconnectRequest(EngineRequest):
    act = acts.DISCONNECT
    module = "winops.rds.win_rds_disconnect_engine"

    timeout_ms: int


@dataclass(frozen=True, kw_only=True)
class MessageRequest(EngineRequest):
    act = acts.SEND_MESSAGE
    module = "winops.rds.win_rds_message_engine"

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
    return kind(
        session_ids=tuple(int(value) for value in selection.sessions if is_session_id(value)),
        session_names=tuple(filter(is_session_name, selection.sessions)),
        current=any(map(is_current, selection.sessions)),
        users=tuple(map(_account, selection.users)),
        states=tuple(map(STATES.index, selection.states)),
        idle_for=_ticks(selection.idle_for),
        disconnected_for=_ticks(selection.disconnected_for),
        logged_on_for=_ticks(selection.logged_on_for),
        client_names=tuple(value for value in selection.clients if client_network(value) is None),
        client_networks=tuple(_bits(net) for value in selection.clients if (net := client_network(value)) is not None),
        protocols=tuple(map(PROTOCOLS.index, selection.protocols)),
        locked=selection.locked,
        all=selection.all,
        exclude_session_ids=tuple(int(value) for value in selection.exclude_sessions if is_session_id(value)),
        exclude_session_names=tuple(filter(is_session_name, selection.exclude_sessions)),
        exclude_current=any(map(is_current, selection.exclude_sessions)),
        exclude_users=tuple(map(_account, selection.exclude_users)),
        servers=selection.servers or (LOCAL_SERVER,),
        server_timeout_ms=milliseconds(selection.server_timeout),
        ignore_unknown_exclusions=selection.unknown_exclusions == "ignore",
        check_mode=check_mode,
        **own,
    )


def same_sessions(kind: type[R], other: EngineRequest, **own: Any) -> R:
    """Return a request of another kind about the sessions of one that there is."""
    return kind(**{field.name: getattr(other, field.name) for field in fields(EngineRequest)} | own)


def milliseconds(seconds: float) -> int:
    """Return a duration as the engines take it."""
    return round(seconds * 1000)


Criteria = dict[str, tuple[str, Callable[[str], bool]]]

#: For each criterion of the engines the option that it comes from, and which of its values it holds.
CRITERIA: Criteria = {
    "session_ids": ("sessions", is_session_id),
    "session_names": ("sessions", is_session_name),
    "current": ("sessions", is_current),
    "users": ("users", lambda value: True),
    "states": ("states", lambda value: True),
    "client_names": ("clients", lambda value: client_network(value) is None),
    "client_networks": ("clients", lambda value: client_network(value) is not None),
    "protocols": ("protocols", lambda value: True),
}
#: The same for exclusions.
EXCLUSIONS: Criteria = {
    "exclude_session_ids": ("exclude_sessions", is_session_id),
    "exclude_session_names": ("exclude_sessions", is_session_name),
    "exclude_current": ("exclude_sessions", is_current),
    "exclude_users": ("exclude_users", lambda value: True),
}


def describe_match(selection: Selection, match: str) -> tuple[str, str]:
    """Return option and value for an engine's ``criterion:position``, such as ``session_names:0``."""
    criterion, position = match.split(":")
    option, fits = (CRITERIA | EXCLUSIONS)[criterion]
    return option, [value for value in getattr(selection, option) if fits(value)][int(position)]


def met_by_all(selection: Selection) -> list[tuple[str, str]]:
    """Return the options, with their values, that every selected session fits: those of one value."""
    durations = [(option, getattr(selection, option)) for option in ("idle_for", "disconnected_for", "logged_on_for")]
    met = [(option, format_duration(seconds)) for option, seconds in durations if seconds is not None]
    if selection.locked is not None:
        met.append(("locked", str(selection.locked).lower()))
    return [*met, ("all", "true")] if selection.all else met


def _ticks(seconds: float | None) -> int | None:
    """A duration in 100 ns, the unit of a FILETIME."""
    return None if seconds is None else round(seconds * _TICKS_PER_SECOND)


def _bits(network: Network) -> str:
    size = network.max_prefixlen
    return f"{size // 8}:" + f"{int(network.network_address):0{size}b}"[: network.prefixlen]


def _account(value: str) -> str:
    """With a backslash a pattern, without one an account that has to be looked up."""
    return value if "\\" in value or "@" in value or SID.fullmatch(value) else f"*\\{value}"
