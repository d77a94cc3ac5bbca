# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which sessions a task means: the options that every module shares, checked and made ready for the engine."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ._wts import LAST_SESSION_ID, LONGEST_SESSION_NAME, STATES

#: Options by which sessions are selected; each narrows what the others select.
SELECTING = ("sessions", "users", "states", "all")

#: Options that narrow what a task touches. To take an empty one for "not given" would touch more.
NARROWING = (*SELECTING, "exclude_users", "exclude_sessions")

#: Listeners are not sessions that anybody could end.
SELECTABLE_STATES = tuple(state for state in STATES if state != "listen")

#: The shared part of each module's argument spec (documented in doc_fragments/session_selection.py).
ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    "sessions": {"type": "list", "elements": "str", "aliases": ["session"]},
    "users": {"type": "list", "elements": "str", "aliases": ["user"]},
    "states": {"type": "list", "elements": "str", "aliases": ["state"]},
    "all": {"type": "bool", "default": False},
    "exclude_users": {"type": "list", "elements": "str"},
    "exclude_sessions": {"type": "list", "elements": "str"},
}


class SelectionError(ValueError):
    """An option that selects sessions is wrong; the message names it, its value and what is accepted."""


@dataclass(frozen=True)
class Selection:
    """The selecting options as given, known to be sound."""

    sessions: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    all: bool = False
    exclude_users: tuple[str, ...] = ()
    exclude_sessions: tuple[str, ...] = ()

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> Selection:
        """Check the options of a task (types already coerced) and return what they select.

        :raises SelectionError: nothing is selected, a value cannot be right, or two options contradict each other.
        """
        selection = cls(
            sessions=_values(options, "sessions"),
            users=_values(options, "users"),
            states=tuple(state.lower() for state in _values(options, "states")),
            all=bool(options.get("all")),
            exclude_users=_values(options, "exclude_users"),
            exclude_sessions=_values(options, "exclude_sessions"),
        )
        selection._check()
        return selection

    def engine_options(self) -> dict[str, Any]:
        """Return the options of win_rds_engine: numbers as text, accounts as ``DOMAIN\\user``."""
        return {
            "session_ids": [str(int(value)) for value in self.sessions if _is_number(value)],
            "session_names": [value for value in self.sessions if not _is_number(value)],
            "users": [_account_pattern(value) for value in self.users],
            "states": [str(STATES.index(value)) for value in self.states],
            "all": self.all,
            "exclude_session_ids": [str(int(value)) for value in self.exclude_sessions if _is_number(value)],
            "exclude_session_names": [value for value in self.exclude_sessions if not _is_number(value)],
            "exclude_users": [_account_pattern(value) for value in self.exclude_users],
        }

    def describe_match(self, match: str) -> tuple[str, str]:
        """Return option and value for an engine's ``criterion:position``, such as ``session_names:0``."""
        criterion, position = match.split(":")
        if criterion == "session_ids":
            return "sessions", [value for value in self.sessions if _is_number(value)][int(position)]
        if criterion == "session_names":
            return "sessions", [value for value in self.sessions if not _is_number(value)][int(position)]
        return criterion, getattr(self, criterion)[int(position)]

    def not_found(self, found: set[tuple[str, str]]) -> list[str]:
        """Return the values of ``sessions`` and ``users`` that fitted no session, in the order given."""
        wanted = [("sessions", value) for value in self.sessions] + [("users", value) for value in self.users]
        return [value for option, value in wanted if (option, value) not in found]

    def _check(self) -> None:
        if not (self.sessions or self.users or self.states or self.all):
            raise SelectionError(
                f"no session is selected: give at least one of {', '.join(SELECTING)} (all=true: every user session)"
            )
        if self.all:
            for option in ("sessions", "users", "states"):
                if getattr(self, option):
                    raise SelectionError(
                        f"all=true selects every user session, so it contradicts {option}: leave one of them out"
                    )
        for option in ("sessions", "exclude_sessions"):
            for value in getattr(self, option):
                _check_session(option, value)
        for option in ("users", "exclude_users"):
            for value in getattr(self, option):
                _check_account(option, value)
        for value in self.states:
            if value not in SELECTABLE_STATES:
                raise SelectionError(
                    f"states: {value!r} is not the state of a session; accepted are {', '.join(SELECTABLE_STATES)}"
                )
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


def _is_number(value: str) -> bool:
    return value.isascii() and value.isdigit()


def _check_session(option: str, value: str) -> None:
    accepted = f"accepted are a session ID (0 to {LAST_SESSION_ID}) and a session name such as rdp-tcp#3"
    sign, digits = value[:1], value[1:]
    if sign in "+-" and digits.isdigit():
        raise SelectionError(f"{option}: {value} is not a session ID, which has no sign; {accepted}")
    if len(value) > LONGEST_SESSION_NAME:
        raise SelectionError(f"{option}: {value!r} has more than {LONGEST_SESSION_NAME} characters; {accepted}")
    if _is_number(value) and int(value) > LAST_SESSION_ID:
        raise SelectionError(f"{option}: {value} is not a session ID, which has 32 bits; {accepted}")


def _check_account(option: str, value: str) -> None:
    domain, separator, user = value.rpartition("\\")
    if "@" in value or value.upper().startswith("S-1-"):
        raise SelectionError(
            f"{option}: {value!r}: write the account as DOMAIN\\user; names with @ and SIDs are not looked up"
        )
    if not user or (separator and not domain) or "\\" in domain:
        raise SelectionError(
            f"{option}: {value!r} is not an account; accepted are alice, CONTOSO\\alice, .\\alice (a local account) "
            "and patterns with * and ?"
        )


def _account_pattern(value: str) -> str:
    return value if "\\" in value else f"*\\{value}"
