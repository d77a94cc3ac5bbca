# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The selecting options: what they become, and what is refused in which words."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest
from ansible_collections.winops.rds.plugins.plugin_utils._options import OptionError
from ansible_collections.winops.rds.plugins.plugin_utils._selection import (
    SELECTABLE_STATES,
    SELECTING,
    Selection,
)
from hypothesis import given
from hypothesis import strategies as st

LISTS = ("sessions", "users", "states", "clients", "exclude_users", "exclude_sessions", "server")
TICKS = 10_000_000  # 100 ns in a second

#: The engine's lists of which it reports the positions that fitted, and the option that each comes from.
CRITERIA = {
    "session_ids": "sessions",
    "session_names": "sessions",
    "users": "users",
    "states": "states",
    "client_names": "clients",
    "client_networks": "clients",
}


def refusal(**options: Any) -> str:
    with pytest.raises(OptionError) as raised:
        Selection.from_options(options)
    return str(raised.value)


def engine_options(**options: Any) -> dict[str, Any]:
    """What is not empty of the engine's options, and where it is to work unless it is on the host itself."""
    sent = Selection.from_options(options).engine_options()
    return {name: value for name, value in sent.items() if value and (name, value) != ("servers", [""])}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"sessions": ["12"]}, {"session_ids": ["12"]}),
        ({"sessions": [" 007 "]}, {"session_ids": ["7"]}),
        ({"sessions": ["0"]}, {"session_ids": ["0"]}),
        ({"sessions": ["4294967293"]}, {"session_ids": ["4294967293"]}),
        ({"sessions": ["TERM04", "12", "rdp-tcp#3", "12a"]},
         {"session_names": ["TERM04", "rdp-tcp#3", "12a"], "session_ids": ["12"]}),
        ({"sessions": ["x" * 32]}, {"session_names": ["x" * 32]}),
        ({"users": ["alice"]}, {"users": ["*\\alice"]}),
        ({"users": ["CONTOSO\\alice", ".\\bob", "*"]}, {"users": ["CONTOSO\\alice", ".\\bob", "*\\*"]}),
        ({"states": ["Disconnected", "ACTIVE"]}, {"states": ["4", "0"]}),
        ({"sessions": ["Current", "12"]}, {"current": True, "session_ids": ["12"]}),
        ({"all": True, "exclude_sessions": ["current"]}, {"all": True, "exclude_current": True}),
        # Without a backslash an account has to be looked up: a user principal name, a SID.
        ({"users": ["alice@contoso.com", "S-1-5-21-1-2-3-1104", "s-1-5-18"]},
         {"users": ["alice@contoso.com", "S-1-5-21-1-2-3-1104", "s-1-5-18"]}),
        ({"users": ["S-1", "xS-1-5-18"]}, {"users": ["*\\S-1", "*\\xS-1-5-18"]}),
        ({"all": True, "exclude_users": ["bob@contoso.com"]}, {"all": True, "exclude_users": ["bob@contoso.com"]}),
        ({"idle_for": "90s"}, {"idle_for": str(90 * TICKS)}),
        ({"disconnected_for": "1d 4h", "logged_on_for": "0.5s"},
         {"disconnected_for": str(28 * 3600 * TICKS), "logged_on_for": str(TICKS // 2)}),
        # Nobody would say so, and it means: whose last input is known.
        ({"idle_for": "0s"}, {"idle_for": "0"}),
        ({"clients": ["PC-*", "10.1.2.3", "10.1.2.3/16", "FE80::/10", "2001:db8::0:1", "fe80", "pc7.contoso.com"]},
         {"client_names": ["PC-*", "fe80", "pc7.contoso.com"],
          "client_networks": ["10.1.2.3/32", "10.1.0.0/16", "fe80::/10", "2001:db8::1/128"]}),
        ({"all": True, "server": ["RDSH02", "rdsh03.contoso.com", "10.0.0.7", "rdsh02"]},
         {"all": True, "servers": ["rdsh02", "rdsh03.contoso.com", "10.0.0.7"]}),
        ({"all": True, "states": ["active"], "idle_for": "1h"},
         {"all": True, "states": ["0"], "idle_for": str(3600 * TICKS)}),
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
    selecting = {"all": True} if option not in SELECTING else {}
    assert f"{option} is an empty list" in refusal(**{option: []}, **selecting)
    for value in "", "  ", "\t":
        assert f"{option} holds an empty value" in refusal(**{option: ["1", value]}, **selecting)


@pytest.mark.parametrize("option", ["idle_for", "disconnected_for", "logged_on_for"])
@pytest.mark.parametrize("value", ["", "soon", "-5", "2y", "400d", "2:00"])
def test_durations_that_cannot_be(option: str, value: str) -> None:
    assert refusal(**{option: value}).startswith(f"{option}: {value!r} is ")


@pytest.mark.parametrize("option", ["idle_for", "disconnected_for", "logged_on_for"])
def test_durations_without_a_unit(option: str) -> None:
    assert refusal(**{option: "120"}) == f"{option}: '120' has no unit: write 2m or 2h"


@pytest.mark.parametrize("value", ["listen", "disc", "4", "activ", "active,idle", "*"])
def test_unknown_states(value: str) -> None:
    message = refusal(states=["active", value])
    assert message.startswith(f"states: {value!r} is not the state of a session")
    for state in SELECTABLE_STATES:
        assert state in message


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"users": ["Alice", "bob"], "exclude_users": ["aLICE"]}, ["users", "exclude_users", "'Alice'"]),
        ({"sessions": ["TERM04"], "exclude_sessions": ["term04"]}, ["sessions", "exclude_sessions", "'TERM04'"]),
        ({"sessions": ["current"], "exclude_sessions": ["Current"]}, ["sessions", "exclude_sessions", "'current'"]),
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


def test_current_is_not_found_where_nobody_is_logged_on_with_the_account() -> None:
    selection = Selection.from_options({"sessions": ["current", "12"]})
    assert selection.not_found(set()) == ["current", "12"]
    assert selection.not_found({selection.describe_match("current:0")}) == ["12"]


def test_what_all_selected_sessions_meet() -> None:
    assert Selection.from_options({"users": ["a"]}).met_by_all() == []
    assert Selection.from_options({"all": True, "logged_on_for": "2h"}).met_by_all() == [
        ("logged_on_for", "2h"),
        ("all", "true"),
    ]


def test_states_are_no_values_that_could_be_missing() -> None:
    selection = Selection.from_options({"states": ["Idle"]})
    assert selection.describe_match("states:0") == ("states", "idle")
    assert selection.not_found(set()) == []


VALUES = st.text("0123456789+-\\*?.@/:aSZé١ \t", max_size=40)
DURATIONS = ("idle_for", "disconnected_for", "logged_on_for")
OPTIONS = st.fixed_dictionaries(
    {"all": st.booleans()},
    optional={
        **{name: st.lists(VALUES | st.sampled_from(("current", "S-1-5-18", "a@b.c")), max_size=3) for name in LISTS},
        **{name: st.text("0123456789hms.", max_size=5).map("1{}m".format) for name in DURATIONS},
    },
)


@given(OPTIONS)
def test_options_are_either_refused_or_understood(options: dict[str, Any]) -> None:
    try:
        selection = Selection.from_options(options)
    except OptionError:
        return
    sent = selection.engine_options()
    for name in "session_ids", "exclude_session_ids":
        assert all(0 <= int(value) <= 0xFFFFFFFD and value.isascii() for value in sent[name])
    for name in "session_names", "exclude_session_names":
        assert all(0 < len(value) <= 32 for value in sent[name])
    for name in "users", "exclude_users":
        patterns = [value for value in sent[name] if "\\" in value]
        assert all(value.count("\\") == 1 and value.strip("\\") == value for value in patterns)
        looked_up = [value for value in sent[name] if "\\" not in value]
        assert all("@" in value or value.upper().startswith("S-1-") for value in looked_up)
    for name in DURATIONS:
        assert sent[name] is None or 0 <= int(sent[name]) <= 366 * 24 * 3600 * TICKS
    assert all(ipaddress.ip_network(value) for value in sent["client_networks"])
    for criterion, option in CRITERIA.items():
        matches = [f"{criterion}:{i}" for i in range(len(sent[criterion]))]
        assert [selection.describe_match(match)[0] for match in matches] == [option] * len(matches)
    assert sent["current"] == ("current" in [value.strip(" \t\r\n").lower() for value in options.get("sessions", [])])
    assert sent["servers"]
