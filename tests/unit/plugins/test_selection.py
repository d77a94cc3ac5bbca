# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The selecting options: what they become, and what is refused in which words."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.winops.rds.plugins.plugin_utils._selection import (
    SELECTABLE_STATES,
    SELECTING,
    Selection,
    SelectionError,
)
from hypothesis import given
from hypothesis import strategies as st

LISTS = ("sessions", "users", "states", "exclude_users", "exclude_sessions")


def refusal(**options: Any) -> str:
    with pytest.raises(SelectionError) as raised:
        Selection.from_options(options)
    return str(raised.value)


def engine_options(**options: Any) -> dict[str, Any]:
    """What is not empty of the engine's options."""
    return {name: value for name, value in Selection.from_options(options).engine_options().items() if value}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"sessions": ["12"]}, {"session_ids": ["12"]}),
        ({"sessions": [" 007 "]}, {"session_ids": ["7"]}),
        ({"sessions": ["0"]}, {"session_ids": ["0"]}),
        ({"sessions": ["4294967293"]}, {"session_ids": ["4294967293"]}),
        ({"sessions": ["TERM04", "12", "rdp-tcp#3", "12a"]},
         {"session_names": ["TERM04", "rdp-tcp#3", "12a"], "session_ids": ["12"]}),
        # Digits of other scripts make no ID, for Windows neither.
        ({"sessions": ["١٢", "１２", "²"]}, {"session_names": ["١٢", "１２", "²"]}),
        ({"sessions": ["x" * 32]}, {"session_names": ["x" * 32]}),
        ({"users": ["alice"]}, {"users": ["*\\alice"]}),
        ({"users": ["CONTOSO\\alice", ".\\bob", "*"]}, {"users": ["CONTOSO\\alice", ".\\bob", "*\\*"]}),
        ({"states": ["Disconnected", "ACTIVE"]}, {"states": ["4", "0"]}),
        ({"all": True}, {"all": True}),
        ({"all": True, "exclude_users": ["bob", "F\\*"], "exclude_sessions": ["3", "console"]},
         {"all": True, "exclude_users": ["*\\bob", "F\\*"], "exclude_session_ids": ["3"],
          "exclude_session_names": ["console"]}),
        ({"sessions": ["12"], "users": ["a"], "states": ["idle"], "all": False},
         {"session_ids": ["12"], "users": ["*\\a"], "states": ["5"]}),
    ],
    ids=str,
)  # fmt: skip
def test_engine_options(options: dict[str, Any], expected: dict[str, Any]) -> None:
    assert engine_options(**options) == expected


def test_the_engine_gets_every_option_always() -> None:
    names = set(Selection.from_options({"all": True}).engine_options())
    assert names == set(Selection.from_options({"sessions": ["1"]}).engine_options())
    assert names == set(Selection.from_options({"users": ["a"], "exclude_users": ["b"]}).engine_options())


@pytest.mark.parametrize("options", [{}, {"all": False}, {"exclude_users": ["bob"]}, dict.fromkeys(LISTS)], ids=str)
def test_no_selecting_option(options: dict[str, Any]) -> None:
    message = refusal(**options)
    for option in SELECTING:
        assert option in message


@pytest.mark.parametrize("option", LISTS)
def test_empty_lists_and_values(option: str) -> None:
    selecting = {"all": True} if option.startswith("exclude") else {}
    assert f"{option} is an empty list" in refusal(**{option: []}, **selecting)
    for value in "", "  ", "\t":
        assert f"{option} holds an empty value" in refusal(**{option: ["1", value]}, **selecting)


@pytest.mark.parametrize("option", ["sessions", "exclude_sessions"])
@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("-1", "which has no sign"),
        ("+1", "which has no sign"),
        ("-١", "which has no sign"),
        ("4294967294", "which has 32 bits"),  # WTS_ANY_SESSION
        ("4294967295", "which has 32 bits"),  # WTS_CURRENT_SESSION
        ("4294967296", "which has 32 bits"),
        ("9" * 32, "which has 32 bits"),
        ("9" * 5000, "more than 32 characters"),
        ("x" * 33, "more than 32 characters"),
    ],
    ids=lambda text: text[:12],
)
def test_sessions_that_cannot_be(option: str, value: str, reason: str) -> None:
    message = refusal(**{"all": True, option: [value]} if option != "sessions" else {option: [value]})
    assert message.startswith(f"{option}: ")
    assert value in message
    assert reason in message
    assert "accepted are a session ID (0 to 4294967293) and a session name" in message


@pytest.mark.parametrize("option", ["users", "exclude_users"])
@pytest.mark.parametrize("value", ["\\alice", "CONTOSO\\", "\\", "A\\B\\c", "\\\\server\\alice", "a\\\\b"])
def test_accounts_that_cannot_be(option: str, value: str) -> None:
    message = refusal(**{"all": True, option: [value]} if option != "users" else {option: [value]})
    assert message.startswith(f"{option}: {value!r} is not an account; accepted are alice, CONTOSO\\alice")


@pytest.mark.parametrize("value", ["listen", "disc", "4", "activ", "active,idle", "*"])
def test_unknown_states(value: str) -> None:
    message = refusal(states=["active", value])
    assert message.startswith(f"states: {value!r} is not the state of a session")
    for state in SELECTABLE_STATES:
        assert state in message


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"all": True, "sessions": ["12"]}, ["all", "sessions"]),
        ({"all": True, "users": ["alice"]}, ["all", "users"]),
        ({"all": True, "states": ["idle"]}, ["all", "states"]),
        ({"users": ["Alice", "bob"], "exclude_users": ["aLICE"]}, ["users", "exclude_users", "'Alice'"]),
        ({"sessions": ["TERM04"], "exclude_sessions": ["term04"]}, ["sessions", "exclude_sessions", "'TERM04'"]),
    ],
    ids=str,
)
def test_contradictions(options: dict[str, Any], named: list[str]) -> None:
    message = refusal(**options)
    assert [word for word in named if word not in message] == []


def test_not_found_keeps_the_order_given() -> None:
    selection = Selection.from_options({"sessions": ["TERM04", "12", "007", "x"], "users": ["bob", "al*"]})
    found = {selection.describe_match(match) for match in ("session_ids:0", "session_names:1", "users:1")}
    assert found == {("sessions", "12"), ("sessions", "x"), ("users", "al*")}
    assert selection.not_found(found) == ["TERM04", "007", "bob"]


def test_states_are_no_values_that_could_be_missing() -> None:
    selection = Selection.from_options({"states": ["Idle"]})
    assert selection.describe_match("states:0") == ("states", "idle")
    assert selection.not_found(set()) == []


VALUES = st.text("0123456789+-\\*?.aZé١ \t", max_size=40)


@given(st.fixed_dictionaries({}, optional={name: st.lists(VALUES, max_size=3) for name in LISTS}), st.booleans())
def test_options_are_either_refused_or_understood(options: dict[str, list[str]], all_sessions: bool) -> None:
    try:
        selection = Selection.from_options({**options, "all": all_sessions})
    except SelectionError:
        return
    sent = selection.engine_options()
    for name in "session_ids", "exclude_session_ids":
        assert all(0 <= int(value) <= 0xFFFFFFFD and value.isascii() for value in sent[name])
    for name in "session_names", "exclude_session_names":
        assert all(0 < len(value) <= 32 for value in sent[name])
    for name in "users", "exclude_users":
        assert all(value.count("\\") == 1 and value.strip("\\") == value for value in sent[name])
    for name, values in sent.items():
        if name != "all" and not name.startswith("exclude"):
            assert [selection.describe_match(f"{name}:{i}")[0] for i in range(len(values))] == [
                name.replace("session_ids", "sessions").replace("session_names", "sessions")
            ] * len(values)
