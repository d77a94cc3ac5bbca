# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which sessions a task means: the options that every module shares, checked and made ready for the engine."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Mapping, Set
from dataclasses import dataclass, replace
from typing import Any

from ._durations import parse_duration
from ._wts import LAST_SESSION_ID, LONGEST_SESSION_NAME, PROTOCOLS, STATES

#: Options by which sessions are selected; each narrows what the others select.
SELECTING = (
    "sessions",
    "users",
    "states",
    "idle_for",
    "disconnected_for",
    "logged_on_for",
    "clients",
    "protocols",
    "locked",
    "all",
)

#: In ``sessions``: those of the account that the task runs as.
CURRENT = "current"

#: Listeners are not sessions that anybody could end.
SELECTABLE_STATES = tuple(state for state in STATES if state != "listen")

#: The shared part of each module's argument spec (documented in doc_fragments/session_selection.py).
ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    "sessions": {"type": "list", "elements": "str", "aliases": ["session"]},
    "users": {"type": "list", "elements": "str", "aliases": ["user"]},
    "states": {"type": "list", "elements": "str", "aliases": ["state"]},
    "idle_for": {"type": "str"},
    "disconnected_for": {"type": "str"},
    "logged_on_for": {"type": "str"},
    "clients": {"type": "list", "elements": "str", "aliases": ["client"]},
    "protocols": {"type": "list", "elements": "str", "aliases": ["protocol"]},
    "locked": {"type": "bool"},
    "all": {"type": "bool", "default": False},
    "exclude_users": {"type": "list", "elements": "str"},
    "exclude_sessions": {"type": "list", "elements": "str"},
    "missing": {"type": "str", "choices": ["ignore", "fail"], "default": "ignore"},
    "unknown_exclusions": {"type": "str", "choices": ["fail", "ignore"], "default": "fail"},
    "server": {"type": "list", "elements": "str", "aliases": ["servers"]},
    "server_timeout": {"type": "str", "default": "30s"},
}

_SID = re.compile(r"S-1-\d+(-\d+){1,15}", re.ASCII | re.IGNORECASE)


class SelectionError(ValueError):
    """An option that selects sessions is wrong; the message names it, its value and what is accepted."""


@dataclass(frozen=True)
class Selection:
    """The selecting options as given, known to be sound."""

    sessions: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    idle_for: float | None = None
    disconnected_for: float | None = None
    logged_on_for: float | None = None
    clients: tuple[str, ...] = ()
    protocols: tuple[str, ...] = ()
    locked: bool | None = None
    all: bool = False
    exclude_users: tuple[str, ...] = ()
    exclude_sessions: tuple[str, ...] = ()
    servers: tuple[str, ...] = ()
    server_timeout: float = 30.0
    missing: str = "ignore"
    unknown_exclusions: str = "fail"

    @classmethod
    def from_options(cls, options: Mapping[str, Any], *, default_all: bool = False) -> Selection:
        """Check the options of a task (types already coerced) and return what they select.

        :param default_all: without any selecting option, every session that has a user is meant.
        :raises SelectionError: nothing is selected, a value cannot be right, or two options contradict each other.
        """
        selection = cls(
            sessions=_session_values(options, "sessions"),
            users=_values(options, "users"),
            states=tuple(state.lower() for state in _values(options, "states")),
            idle_for=duration_option(options, "idle_for"),
            disconnected_for=duration_option(options, "disconnected_for"),
            logged_on_for=duration_option(options, "logged_on_for"),
            clients=_values(options, "clients"),
            protocols=tuple(protocol.lower() for protocol in _values(options, "protocols")),
            locked=options.get("locked"),
            all=bool(options.get("all")),
            exclude_users=_values(options, "exclude_users"),
            exclude_sessions=_session_values(options, "exclude_sessions"),
            # A server that is named twice is one.
            servers=tuple({value.lower(): value for value in _values(options, "server")}.values()),
            server_timeout=time_option(options, "server_timeout", "no server the time to answer") or cls.server_timeout,
            missing=options.get("missing") or cls.missing,
            unknown_exclusions=options.get("unknown_exclusions") or cls.unknown_exclusions,
        )
        if default_all and not selection._selects:
            selection = replace(selection, all=True)
        selection._check()
        return selection

    def not_found(self, found: Set[tuple[str, str]]) -> list[str]:
        """Return the values of ``sessions`` and ``users`` that fitted no session, in the order given."""
        wanted = [("sessions", value) for value in self.sessions] + [("users", value) for value in self.users]
        return [value for option, value in wanted if (option, value) not in found]

    def unused_exclusions(self, found: Set[tuple[str, str]]) -> list[str]:
        """Return the values of ``exclude_sessions`` and ``exclude_users`` that fitted no session."""
        given = [("exclude_sessions", value) for value in self.exclude_sessions]
        given += [("exclude_users", value) for value in self.exclude_users]
        return [value for option, value in given if (option, value) not in found]

    @property
    def _selects(self) -> bool:
        # A duration may be 0, which selects every session whose time is known, and locked may be False.
        return self.all or any(getattr(self, option) not in ((), None) for option in SELECTING if option != "all")

    def _check(self) -> None:
        if not self._selects:
            raise SelectionError(
                f"no session is selected: give at least one of {', '.join(SELECTING)} (all=true: every user session)"
            )
        for option in ("sessions", "exclude_sessions"):
            for value in getattr(self, option):
                _check_session(option, value)
        for option in ("users", "exclude_users"):
            for value in getattr(self, option):
                _check_account(option, value)
        for value in self.clients:
            _check_client(value)
        for value in self.servers:
            _check_server(value)
        for value in self.states:
            if value not in SELECTABLE_STATES:
                raise SelectionError(
                    f"states: {value!r} is not the state of a session; accepted are {', '.join(SELECTABLE_STATES)}"
                )
        for value in self.protocols:
            if value not in PROTOCOLS:
                raise SelectionError(f"protocols: {value!r} is not a protocol; accepted are {', '.join(PROTOCOLS)}")
        for option in ("sessions", "users"):
            excluded = {value.lower() for value in getattr(self, f"exclude_{option}")}
            for value in getattr(self, option):
                if value.lower() in excluded:
                    raise SelectionError(
                        f"{option} and exclude_{option} both name {value!r}: leave it out of one of them"
                    )


def _values(options: Mapping[str, Any], option: str) -> tuple[str, ...]:
    if options.get(option) is None:
        return ()
    values = tuple(str(value).strip() for value in options[option])
    # An empty list is nearly always a variable that should have held something: never take it for "no restriction".
    if not values or not all(values):
        what = "is an empty list" if not values else "holds an empty value"
        raise SelectionError(f"{option} {what}; give values, or leave the option out (in a template: default(omit))")
    for value in values:
        # An excluded account that silently fits nobody would be logged off.
        if any(unicodedata.category(character) == "Cc" for character in value):
            raise SelectionError(
                f"{option}: {value!r} holds a control character; in double quotes and at a prompt a backslash has to "
                "be doubled (CONTOSO\\\\alice)"
            )
    return values


def _session_values(options: Mapping[str, Any], option: str) -> tuple[str, ...]:
    # "current" is told to the engine, and found by it, once: so there is one spelling of it.
    values = _values(options, option)
    return tuple(dict.fromkeys(CURRENT if is_current(value) else value for value in values))


def is_session_id(value: str) -> bool:
    """Whether a value of ``sessions`` is a session ID."""
    return value.isascii() and value.isdigit()


def _check_session(option: str, value: str) -> None:
    accepted = f"accepted are a session ID (0 to {LAST_SESSION_ID}) and a session name such as rdp-tcp#3"
    sign, digits = value[:1], value[1:]
    if sign in "+-" and digits.isdigit():
        raise SelectionError(f"{option}: {value} is not a session ID, which has no sign; {accepted}")
    if len(value) > LONGEST_SESSION_NAME:
        raise SelectionError(f"{option}: {value!r} has more than {LONGEST_SESSION_NAME} characters; {accepted}")
    if is_session_id(value) and int(value) > LAST_SESSION_ID:
        raise SelectionError(f"{option}: {value} is not a session ID, which has 32 bits; {accepted}")


def _check_account(option: str, value: str) -> None:
    domain, separator, user = value.rpartition("\\")
    name, at, suffix = value.partition("@")
    is_upn = bool(at and name and suffix and not separator and not set("*?@") & set(name + suffix))
    is_pattern = bool(user and not at and bool(separator) == bool(domain) and "\\" not in domain)
    if not (is_upn or is_pattern):
        raise SelectionError(
            f"{option}: {value!r} is not an account; accepted are alice, CONTOSO\\alice, .\\alice (a local account), "
            "patterns of these with * and ?, alice@contoso.com, and a SID"
        )


def _check_client(value: str) -> None:
    if "/" in value and client_network(value) is None:
        raise SelectionError(
            f"clients: {value!r} is not a network; accepted are 10.1.0.0/16, 2001:db8::/32, an address, and a computer "
            "name with * and ?"
        )


def _check_server(value: str) -> None:
    # A NetBIOS or DNS name or an address, as logoff takes it.
    if not re.fullmatch(r"[\w.:-]+", value):
        raise SelectionError(f"server: {value!r} is not the name or address of a server, such as RDSH02")


def duration_option(options: Mapping[str, Any], option: str) -> float | None:
    """Return a duration option in seconds; None where it is not given.

    :raises SelectionError: it is no duration.
    """
    text = options.get(option)
    if text is None:
        return None
    try:
        return parse_duration(text)
    except ValueError as error:
        raise SelectionError(f"{option}: {error}") from None


def time_option(options: Mapping[str, Any], option: str, nothing: str) -> float | None:
    """Return a duration option of more than nothing in seconds; None where it is not given.

    :param nothing: what a duration of 0 would give.
    :raises SelectionError: it is no duration, or 0.
    """
    seconds = duration_option(options, option)
    # The engine counts in milliseconds.
    if seconds is not None and seconds < 0.001:
        raise SelectionError(f"{option}: 0 would give {nothing}")
    return seconds


def client_network(value: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    """Return the network that a client has to be in; None if the value is the pattern of a name."""
    # An address may name an interface of the client (fe80::1%eth0), which Windows does not tell.
    address = re.sub("%[^/]+", "", value) if ":" in value else value
    try:
        return ipaddress.ip_network(address, strict=False)
    except ValueError:
        return None


def is_current(value: str) -> bool:
    """Whether a value of ``sessions`` means those of the account that the task runs as."""
    return value.lower() == CURRENT


def is_session_name(value: str) -> bool:
    """Whether a value of ``sessions`` is a session name."""
    return not is_session_id(value) and not is_current(value)


def is_sid(value: str) -> bool:
    """Whether the name of an account is a SID."""
    return _SID.fullmatch(value) is not None
