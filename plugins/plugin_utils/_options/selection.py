# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which sessions a task means: the options that every module shares, checked and made ready for the engine."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from .._words.wts import FIRST_LISTENER_ID, PROTOCOLS, STATES, state_like, state_meant, state_perhaps_meant
from .durations import Duration
from .errors import OptionError
from .logons import Logon
from .names import (
    CONJUNCTION,
    CURRENT,
    account_meant,
    check_account,
    check_client,
    check_server,
    check_session,
    client_network,
    is_current,
    is_session_id,
    perhaps_left_out,
)

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

#: Lists of which an empty one selects nobody: it is a variable that happens to hold none.
SELECTING_LISTS = ("sessions", "users", "states", "clients", "protocols", "server")

#: Options whose default is that of the field of Selection.
_WITH_DEFAULT = ("server_timeout", "missing", "unknown_exclusions")

#: Those of them that leave sessions out.
NARROWING = tuple(option for option in SELECTING if option != "all")

#: Listeners are not sessions that anybody could end.
SELECTABLE_STATES = tuple(state for state in STATES if state != "listen")


@dataclass(frozen=True)
class Selection:
    """The selecting options as given, known to be sound."""

    sessions: tuple[str | Logon, ...] = ()
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
    exclude_sessions: tuple[str | Logon, ...] = ()
    servers: tuple[str, ...] = ()
    server_timeout: float = 30.0
    missing: str = "ignore"
    unknown_exclusions: str = "fail"
    nobody: str = ""
    """The option that is an empty list, so that no session is meant whatever else is given; "": none is."""

    @classmethod
    def from_options(cls, options: Mapping[str, Any], *, default_all: bool = False) -> Selection:
        """Check the options of a task (types already coerced) and return what they select.

        :param default_all: without any selecting option, every session that has a user is meant.
        :raises OptionError: nothing is selected, a value cannot be right, or two options contradict each other.
        """
        selection = cls(
            sessions=_session_values(options, "sessions"),
            users=tuple(map(account_meant, _values(options, "users"))),
            states=tuple(map(_state, _values(options, "states"))),
            idle_for=options.get("idle_for"),
            disconnected_for=options.get("disconnected_for"),
            logged_on_for=options.get("logged_on_for"),
            clients=_values(options, "clients"),
            protocols=tuple(protocol.lower() for protocol in _values(options, "protocols")),
            locked=options.get("locked"),
            all=bool(options.get("all")),
            exclude_users=tuple(map(account_meant, _values(options, "exclude_users"))),
            exclude_sessions=_session_values(options, "exclude_sessions"),
            # A server that is named twice is one.
            servers=tuple({value.lower(): value for value in _values(options, "server")}.values()),
            nobody=next((option for option in SELECTING_LISTS if options.get(option) == []), ""),
            **{option: options[option] for option in _WITH_DEFAULT if option in options},
        )
        if default_all and not selection._selects:
            selection = replace(selection, all=True)
        selection._check()
        return selection

    @property
    def _selects(self) -> bool:
        # locked=false selects, so it is compared with None.
        return self.all or bool(self.nobody) or any(getattr(self, option) not in ((), None) for option in NARROWING)

    def _check(self) -> None:
        if not self._selects:
            raise OptionError(
                f"no session is selected: give at least one of {', '.join(SELECTING)} (all=true: every user session)"
            )
        for option in ("sessions", "exclude_sessions"):
            for value in getattr(self, option):
                if isinstance(value, str):
                    check_session(option, value)
                    self._check_one_server(option, value)
        for option in ("users", "exclude_users"):
            for value in getattr(self, option):
                check_account(option, value)
        for value in self.users:
            # What is left of the template "{{ name }}*" where there is no name. Each name has a character for one ?.
            if "*" in value and value.count("?") < 2 and not value.strip("*?\\"):
                raise OptionError(f"users: {value!r} leaves nobody out; if that is meant, give all=true")
        for value in self.clients:
            check_client(value)
        self._refuse_left_out()
        for value in self.servers:
            check_server(value)
        for value in self.protocols:
            if value not in PROTOCOLS:
                raise OptionError(f"protocols: {value!r} is not a protocol; accepted are {', '.join(PROTOCOLS)}")
        for option in ("sessions", "users"):
            # Of two lists of records, one may well leave out what the other holds.
            excluded = {value.lower() for value in getattr(self, f"exclude_{option}") if isinstance(value, str)}
            for value in getattr(self, option):
                if isinstance(value, str) and value.lower() in excluded:
                    raise OptionError(f"{option} and exclude_{option} both name {value!r}: leave it out of one of them")

    def _refuse_left_out(self) -> None:
        """A name that is not on would change nothing, and whom it was to leave out would be selected."""
        for option, instead in ("users", "name in exclude_users whom the task leaves alone"), ("clients", "give each"):
            if found := perhaps_left_out(getattr(self, option)):
                value, other = found
                raise OptionError(
                    f"{option}: {value!r} may be a name, or say who is to be left out of {other!r}: {instead}; a blank "
                    "in a name may be written as ?"
                )

    def _check_one_server(self, option: str, value: str) -> None:
        """An ID and a name are those of another session on each server."""
        if len(self.servers) > 1 and not is_current(value):
            raise OptionError(
                f"{option}: {value!r} is another session on each of {len(self.servers)} servers. Give the records of "
                f'the sessions that are meant, as a module returned them ({option}: "{{{{ found.sessions }}}}"), or '
                "work on one server at a time"
            )


def _state(value: str) -> str:
    state = state_meant(value)
    if state in SELECTABLE_STATES:
        return state
    accepted = ", ".join(SELECTABLE_STATES)
    raise OptionError(f"states: {value!r} is not the state of a session{_state_hint(value)}; accepted are {accepted}")


def _state_hint(value: str) -> str:
    if hint := _STATE_HINTS.get(re.sub(r"[\s_-]", "", value).lower()):
        return hint
    if re.search(r"(?:^|\s)(?:[!^~-]|<>|(?:not|no|non|nicht|all but|except|without)\b)", value, re.IGNORECASE):
        return " (none can be left out; give those that are meant)"
    words = re.split(r"[\s/|]+", value)
    if len(words) > 1 and all(map(state_meant, words)):
        return " (several are separated by commas; users who do nothing are meant by idle_for, such as idle_for=30m)"
    if found := state_meant(value) or state_perhaps_meant(value) or state_like(value):
        return f" (write {found})" if found in SELECTABLE_STATES else " (it is that of a listener)"
    return ""


#: What is said of sessions that is no state, and what asks for it.
_STATE_HINTS = {
    **dict.fromkeys(("absent", "logoff", "loggedoff", "present", "signedout"), " (the module says what is done to it)"),
    **dict.fromkeys(("all", "any", "*"), " (give all=true)"),
    **dict.fromkeys(("away", "inactive", "inaktiv", "idling"), " (give idle_for, such as idle_for=30m)"),
    **dict.fromkeys(("online", "loggedon", "inuse", "running"), " (write active)"),
    **dict.fromkeys(("offline", "suspended"), " (write disconnected)"),
    **dict.fromkeys(("broken", "dead", "hung", "stuck"), " (write down, init or reset)"),
    "locked": " (give locked=true)",
    "unlocked": " (give locked=false)",
    **dict.fromkeys(("none", "null"), " (for nobody, give an empty list)"),
    "console": " (give protocols=console)",
    "rdp": " (give protocols=rdp)",
}


def _lasting(instead: str) -> Duration:
    """The type of an option that asks how long a session has lasted. 0 is what a template with the filter int makes of
    a text that is no number."""
    return Duration(f"leave nobody out; if that is meant, give {instead}", unit_needed=True)


#: The shared part of each module's argument spec (documented in doc_fragments/session_selection.py).
ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    "sessions": {
        "type": "list",
        "elements": "raw",
        "aliases": ["session", "id", "ids", "session_id", "session_ids", "session_name", "session_names"],
    },
    "users": {"type": "list", "elements": "str", "aliases": ["user", "username", "usernames", "account", "accounts"]},
    "states": {"type": "list", "elements": "str", "aliases": ["state"]},
    "idle_for": {"type": _lasting("all=true")},
    "disconnected_for": {"type": _lasting("states=disconnected")},
    "logged_on_for": {"type": _lasting("all=true")},
    "clients": {"type": "list", "elements": "str", "aliases": ["client", "client_name", "client_address"]},
    "protocols": {"type": "list", "elements": "str", "aliases": ["protocol"]},
    "locked": {"type": "bool"},
    "all": {"type": "bool", "default": Selection.all},
    "exclude_users": {
        "type": "list",
        "elements": "str",
        "aliases": ["exclude_user", "exclude_username", "exclude_account"],
    },
    "exclude_sessions": {
        "type": "list",
        "elements": "raw",
        "aliases": ["exclude_session", "exclude_id", "exclude_ids", "exclude_session_id"],
    },
    "missing": {"type": "str", "choices": ["ignore", "fail"], "default": Selection.missing},
    "unknown_exclusions": {"type": "str", "choices": ["fail", "ignore"], "default": Selection.unknown_exclusions},
    "server": {"type": "list", "elements": "str", "aliases": ["servers"]},
    "server_timeout": {"type": Duration("give no server the time to answer"), "default": "30s"},
}


def otherwise(name: str) -> str:
    """What to do about an option whose value a variable should have held. Without one that selects, others than are
    meant could be: so it selects nobody then."""
    if name in SELECTING_LISTS:
        return "an empty list, which selects nobody (in a template: default([], true))"
    return "leave the option out (in a template: default(omit, true); or skip the task with when)"


def means_all(options: Mapping[str, Any]) -> bool:
    """Whether the options of a task that lists sessions leave out only what they exclude, which it tells as well."""
    return all(options.get(option) is None for option in NARROWING)


def _values(options: Mapping[str, Any], option: str) -> tuple[str, ...]:
    return tuple(str(value) for value in _given(options, option))


def _given(options: Mapping[str, Any], option: str) -> tuple[Any, ...]:
    """The values of a list: records, and texts without what is around them."""
    if options.get(option) is None:
        return ()
    values = tuple(value for each in options[option] for value in _bare_values(each, option))
    # Beside others that select, an empty one selects nobody: the last line of a file, ``alice,``. One that was to spare
    # somebody might have been anybody's name.
    if any(values) and option in SELECTING_LISTS:
        values = tuple(value for value in values if value != "")
    if not all(values):
        raise OptionError(f"{option} holds an empty value; give values, or {otherwise(option)}")
    # It is nearly always a variable that should have held somebody.
    if not values and option not in SELECTING_LISTS:
        raise OptionError(f"{option} is an empty list, and would spare nobody; give values, or {otherwise(option)}")
    return values


#: Beside an address with a blank between them, it is its network's.
_NETMASK = re.compile(r"(?:255|0)\.", re.ASCII)

#: What has no blank, so that a text which holds several of them and nothing else means each.
_WITHOUT_BLANKS: dict[str, Callable[[str], Any]] = {
    "sessions": is_session_id,
    "exclude_sessions": is_session_id,
    # An idle session that is active is a user who does nothing.
    "states": lambda text: (state := state_meant(text)) and state != "idle",
    "clients": lambda text: client_network(text) and not _NETMASK.match(text),
    "protocols": lambda text: text.lower() in PROTOCOLS,
}
#: Blanks may separate thousands. Of more than these no session of a user has the ID.
_THOUSANDS = re.compile(r"[1-9][0-9]{0,2}(?:\s[0-9]{3})+")


def _bare_values(value: Any, option: str) -> tuple[Any, ...]:
    """The value, or the values of a text that holds several: ``12 14``, ``Disc or Active``."""
    if isinstance(value, Mapping):
        return (value,)
    text = _bare(str(value))
    is_one = _WITHOUT_BLANKS.get(option)
    if (
        is_one is None
        or is_one(text)
        or (_THOUSANDS.fullmatch(text) and int(re.sub(r"\s", "", text)) < FIRST_LISTENER_ID)
    ):
        return (text,)
    several = re.split(rf"{CONJUNCTION}|[\s/|]+" if option in ("states", "protocols") else rf"{CONJUNCTION}|\s+", text)
    return (*several,) if all(map(is_one, several)) else (text,)


def _bare(text: str) -> str:
    """Without the blanks around it, and without the quotes, which are part of no name. Not more than ASCII's blanks: a
    no-break space is what YAML's double quotes make of ``CONTOSO\\_alice``."""
    blanks = " \t\r\n"
    text = text.strip(blanks)
    return text[1:-1].strip(blanks) if re.fullmatch(r'"[^"]*"', text) else text


def _session_values(options: Mapping[str, Any], option: str) -> tuple[str | Logon, ...]:
    # "current" is told to the engine, and found by it, once: so there is one spelling of it.
    values = (
        Logon.from_record(option, value) if isinstance(value, Mapping) else CURRENT if is_current(value) else value
        for value in _given(options, option)
    )
    return tuple(dict.fromkeys(values))
