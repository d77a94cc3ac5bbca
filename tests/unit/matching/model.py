# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which sessions a task means, written once more: from the guide, and from nothing that the collection does."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
#: When the hosts of all cases are.
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)

#: Durations as a task gives them, in seconds, and as ``matched_by`` writes them.
DURATIONS: dict[str, tuple[float, str]] = {
    "2h": (7200, "2h"),
    "120m": (7200, "2h"),
    "90s": (90, "1m 30s"),
    "1m 30s": (90, "1m 30s"),
    "PT1M30S": (90, "1m 30s"),
    "1.5 Min.": (90, "1m 30s"),
    "2 hours": (7200, "2h"),
    "1 minute and 30 seconds": (90, "1m 30s"),
    "0.5s": (0.5, "0.5s"),
    "1D4H": (100_800, "1d 4h"),
    "p1dt4h": (100_800, "1d 4h"),
    "366d": (31_622_400, "366d"),
}

#: What people write for a state.
STATE_WORDS = {"disc": "disconnected", "conn": "connected", "connq": "connect_query"}

Account = tuple[str, str]
"""Domain and user."""

Place = tuple[str, int]
"""A host, and the ID of a session there."""

Logon = tuple[int, str, int | None]
"""ID and account of a logon on a host, and when it began, in microseconds since 1601; None: at any time."""


@dataclass(frozen=True)
class Session:
    """A session. Its times are ages in seconds; None: Windows does not know."""

    id: int
    name: str = ""
    user: str = ""
    domain: str = ""
    state: str = "active"
    logged_on: float | None = 3600
    idle: float | None = 0
    disconnected: float | None = None
    client_name: str = ""
    client_address: str = ""
    protocol: str = "rdp"
    locked: bool | None = False

    @property
    def is_of_the_system(self) -> bool:
        return self.id == 0 or self.id >= 65536

    @property
    def is_listener(self) -> bool:
        return self.id >= 65536

    @property
    def has_user(self) -> bool:
        return bool(self.user) and not self.is_of_the_system

    @property
    def is_console(self) -> bool:
        return fold(self.name) == fold("console")


@dataclass(frozen=True)
class World:
    """What the meaning of an option depends on beside the session."""

    computer_name: str
    connecting_account: Account
    look_up: Callable[[str], Account | None]
    """Who a user principal name, a SID or ``dns.domain\\user`` stands for: that is for Windows to say."""
    accounts: Collection[Account] = ()
    """Those that there are."""


@dataclass(frozen=True)
class Outcome:
    """What check mode says of the selected sessions: by their IDs, or on several hosts by their places."""

    results: dict[Any, str]
    matched_by: dict[Any, set[str]]
    not_found: set[str]
    excluded: set[Any] = field(default_factory=set)
    unused_exclusions: set[str] = field(default_factory=set)
    unknown_exclusions: set[str] = field(default_factory=set)
    """If there are any, the task stops, and says nothing else."""
    is_foreign: bool = False
    """Whether it stops because of a record of a host that it does not work on."""


def outcome(sessions: Sequence[Session], options: Mapping[str, Any], world: World) -> Outcome:
    """What a task says on one host."""
    return on_one_host(farm_outcome({world.computer_name: sessions}, options, world))


def on_one_host(told: Outcome) -> Outcome:
    """The same, with IDs for places."""
    return replace(
        told,
        results={id: result for (_host, id), result in told.results.items()},
        matched_by={id: matched for (_host, id), matched in told.matched_by.items()},
        excluded={id for _host, id in told.excluded},
    )


def hosts_of(options: Mapping[str, Any], here: str) -> list[str]:
    """The hosts that a task works on, each once, whatever it calls them."""
    return [*dict.fromkeys(_host_called(name) for name in options.get("server", [here]))]


def farm_outcome(farm: Mapping[str, Sequence[Session]], options: Mapping[str, Any], world: World) -> Outcome:
    """What a task says.

    :param farm: the sessions of each host.
    :param world: of the host that it runs on.
    """
    selecting = _selecting(options)
    if not all(selecting.values()):  # an empty list
        return Outcome({}, {}, set())
    hosts = hosts_of(options, world.computer_name)
    records = [value for option in ("sessions", "exclude_sessions") for value in options.get(option, ())]
    if any(isinstance(value, Mapping) and _host_called(value["server"]) not in hosts for value in records):
        return Outcome({}, {}, set(), is_foreign=True)
    worlds = {host: replace(world, computer_name=host) for host in hosts}
    everywhere = [(host, session) for host in hosts for session in farm[host]]
    excluding = _excluding(options)
    unused = [
        (option, value)
        for option, value in excluding
        # What fits a listener alone spares nobody.
        if not any(
            is_spared(session, option, value, worlds[host])
            or (
                isinstance(value, Mapping)
                and not _is_looked_at(session, selecting, worlds[host])
                and _may_be_logon(session, value, worlds[host])
            )
            for host, session in everywhere
            if not session.is_listener
        )
    ]
    unknown = {
        value
        for option, value in unused
        if option == "users" and not any(_may_be_unused(value, each) for each in worlds.values())
    }
    if unknown:
        return Outcome({}, {}, set(), unknown_exclusions=unknown)
    results: dict[Place, str] = {}
    matched_by: dict[Place, set[str]] = {}
    excluded = set()
    for host, session in everywhere:
        fitting = _fitting(session, selecting, worlds[host])
        if not all(fitting.values()):
            continue
        place = host, session.id
        if any(is_spared(session, option, value, worlds[host]) for option, value in excluding):
            excluded.add(place)
        else:
            results[place] = "protected" if _is_protected(session, options) else "would_log_off"
            matched_by[place] = {
                f"{option}={_as_reported(option, value)}" for option, values in fitting.items() for value in values
            }
    not_found = {
        _as_reported(option, value)
        for option in ("sessions", "users")
        for value in selecting.get(option, ())
        if not isinstance(value, Mapping)  # a logon that has gone is told of as such
        if not any(fits(session, option, value, worlds[host]) for host, session in everywhere)
    }
    return Outcome(results, matched_by, not_found, excluded, {_as_reported(option, value) for option, value in unused})


def later_outcome(
    sessions: Sequence[Session],
    options: Mapping[str, Any],
    world: World,
    *,
    warned: Collection[Logon],
    spared: Collection[Logon],
    newcomers: bool,
) -> tuple[dict[int, str], set[int]]:
    """What a later step of a grace period says on one host: results, and those who are excluded.

    :param warned: the logons that are followed.
    :param spared: those that an exclusion has fitted before.
    :param newcomers: whether others are meant who fit.
    """
    results, excluded = {}, set()
    for session in sessions:
        is_warned = logon_of(session) in warned
        is_meant = all(_fitting(session, _selecting(options), world).values())
        is_excluded = was_spared(session, spared) or is_excluded_now(session, options, world)
        if not is_warned and not (newcomers and is_meant):
            continue
        if not is_meant or (is_warned and is_excluded):
            results[session.id] = "spared"
        elif is_excluded:
            excluded.add(session.id)
        else:
            results[session.id] = "protected" if _is_protected(session, options) else "would_log_off"
    return results, excluded


def logon_of(session: Session) -> Logon:
    began = None if session.logged_on is None else NOW - timedelta(seconds=session.logged_on)
    time = None if began is None else (began - EPOCH) // timedelta(microseconds=1)
    return session.id, fold(f"{session.domain}\\{session.user}"), time


def was_spared(session: Session, spared: Collection[Logon]) -> bool:
    """Whether a session is one of these logons, or may be."""
    id, account, time = logon_of(session)
    return any((id, account) == each[:2] and (time == each[2] or None in (time, each[2])) for each in spared)


def is_excluded_now(session: Session, options: Mapping[str, Any], world: World) -> bool:
    return any(is_spared(session, option, value, world) for option, value in _excluding(options))


def _selecting(options: Mapping[str, Any]) -> dict[str, Sequence[Any]]:
    return {
        option: _values(value)
        for option, value in options.items()
        if option in SELECTING and (option, value) != ("all", False)
    }


def _excluding(options: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return [
        (option.removeprefix("exclude_"), value)
        for option, values in options.items()
        if option.startswith("exclude_")
        for value in values
    ]


def _fitting(session: Session, selecting: Mapping[str, Sequence[Any]], world: World) -> dict[str, list[Any]]:
    """The values of each option that a session fits."""
    return {
        option: [value for value in values if fits(session, option, value, world)]
        for option, values in selecting.items()
    }


def _host_called(name: str) -> str:
    return name.partition(".")[0].upper()


def fits(session: Session, option: str, value: Any, world: World) -> bool:
    """Whether a session fits one value of one option."""
    if option == "sessions":
        if isinstance(value, Mapping):
            return _is_logon(session, value, world)
        if value.isascii() and value.isdigit():
            return session.id == int(value)
        if value.lower() == "current":
            return session.has_user and _is_account(session, world.connecting_account)
        return fold(session.name) == fold(value)
    is_stuck = option == "states" and session.state in ("down", "init", "reset") and not session.is_of_the_system
    return (session.has_user or is_stuck) and _FITS[option](session, value, world)


def _is_looked_at(session: Session, selecting: Mapping[str, Sequence[Any]], world: World) -> bool:
    """Whether the host is asked for a session's logon time, since what the list tells of it fits."""
    return all(
        any(
            _may_be_logon(session, value, world) if isinstance(value, Mapping) else fits(session, option, value, world)
            for value in values
        )
        for option, values in selecting.items()
        if option in ("sessions", "users", "states")
    )


def _may_be_logon(session: Session, record: Mapping[str, Any], world: World) -> bool:
    """Whether a session is the logon of a record by what the list tells, which is without the logon time."""
    return _is_logon(replace(session, logged_on=None), {**record, "logon_time": None}, world)


def is_spared(session: Session, option: str, value: Any, world: World) -> bool:
    """Whether a session fits one value of an exclusion: a user's name in exclude_sessions spares that user."""
    if isinstance(value, Mapping) and session.logged_on is None:
        return _may_be_logon(session, value, world)
    is_the_users = (
        option == "sessions" and isinstance(value, str) and session.has_user and fold(session.user) == fold(value)
    )
    return is_the_users or fits(session, option, value, world)


def _may_be_unused(value: str, world: World) -> bool:
    """Whether an exclusion that fits no session is in order: it is a pattern, or somebody's name."""
    value = value.removeprefix("*\\")  # in any domain, which is what a name alone means, too
    if "*" in value or "?" in value:
        domain = value.rpartition("\\")[0]
        is_own = domain == "." or fold(domain) == fold(world.computer_name)
        return not domain or is_own or bool(set("*?") & set(domain)) or world.look_up(domain) is not None
    if _is_looked_up(value):
        return world.look_up(value) is not None
    domain, _, user = value.rpartition("\\")
    domains = [world.computer_name] if domain == "." else [domain] if domain else [d for d, _ in world.accounts]
    return any(_is_named(account, domain, user) for account in world.accounts for domain in domains)


def record_of(session: Session, server: str) -> dict[str, Any]:
    """What identifies a session in the records of the modules: its logon to the second."""
    account = f"{session.domain}\\{session.user}" if session.domain else session.user
    time = None if session.logged_on is None else f"{NOW - timedelta(seconds=session.logged_on):%Y-%m-%dT%H:%M:%SZ}"
    return {"server": server, "id": session.id, "account": account, "logon_time": time}


def _is_logon(session: Session, record: Mapping[str, Any], world: World) -> bool:
    own = record_of(session, world.computer_name)
    return (
        fold(record["server"].partition(".")[0]) == fold(world.computer_name)
        and fold(own["account"]) == fold(record["account"])
        and (own["id"], own["logon_time"]) == (record["id"], record["logon_time"])
    )


def _is_looked_up(value: str) -> bool:
    domain, backslash, _ = value.partition("\\")
    return "." in domain[1:] if backslash else "@" in value or value.upper().startswith("S-1-")


def _is_named(account: Account, domain: str, user: str) -> bool:
    return (fold(account[0]), fold(account[1])) == (fold(domain), fold(user))


def _fits_user(session: Session, value: str, world: World) -> bool:
    if _is_looked_up(value):
        account = world.look_up(value)
        return account is not None and _is_account(session, account)
    domain, _, user = value.rpartition("\\")
    if domain == ".":
        return fold(session.domain) == fold(world.computer_name) and _like(user, session.user)
    return _like(domain or "*", session.domain) and _like(user, session.user)


def _fits_client(session: Session, value: str, _: World) -> bool:
    try:
        network = ipaddress.ip_network(value, strict=False)
    except ValueError:
        return bool(session.client_name) and _like(value, session.client_name)
    return bool(session.client_address) and ipaddress.ip_address(session.client_address) in network


_FITS = {
    "users": _fits_user,
    "states": lambda session, value, _: session.state == _state(value),
    "idle_for": lambda session, value, _: not session.is_console and _lasts(session.idle, value),
    "disconnected_for": lambda session, value, _: (
        session.state == "disconnected" and _lasts(session.disconnected, value)
    ),
    "logged_on_for": lambda session, value, _: _lasts(session.logged_on, value),
    "clients": _fits_client,
    "protocols": lambda session, value, _: bool(session.name) and session.protocol == value.lower(),
    "locked": lambda session, value, _: session.locked is value,
    "all": lambda *_: True,
}
SELECTING = ("sessions", *_FITS)


def _state(value: str) -> str:
    return STATE_WORDS.get(value.lower(), value.lower())


def _values(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else [value]


def _as_reported(option: str, value: Any) -> str:
    if isinstance(value, Mapping):
        return f"{value['id']} ({value['account']}) on {value['server']}"
    if option == "states":
        return _state(value)
    if option in ("protocols", "locked") or (option == "sessions" and value.lower() == "current"):
        return str(value).lower()
    return "true" if value is True else DURATIONS[value][1] if option.endswith("_for") else str(value)


def _is_protected(session: Session, options: Mapping[str, Any]) -> bool:
    return session.is_of_the_system or (session.is_console and options.get("protect_console", True))


def _lasts(age: float | None, duration: str) -> bool:
    return age is not None and age >= DURATIONS[duration][0]


def _is_account(session: Session, account: Account) -> bool:
    return (fold(session.domain), fold(session.user)) == (fold(account[0]), fold(account[1]))


def _like(pattern: str, text: str) -> bool:
    return _regex(pattern).fullmatch(fold(text)) is not None


@cache
def _regex(pattern: str) -> re.Pattern[str]:
    wildcards = {"*": ".*", "?": "."}
    return re.compile("".join(wildcards.get(c) or re.escape(c) for c in fold(pattern)), re.DOTALL)


@cache
def fold(text: str) -> str:
    """A letter and its capital are the same if each is the other's only case, up to U+FFFF."""
    return "".join(c.upper() if c.upper().lower() == c <= "\uffff" else c for c in text)
