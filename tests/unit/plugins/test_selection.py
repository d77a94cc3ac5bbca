# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The selecting options: what they become, and what is refused in which words."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.winops.rds.plugins.plugin_utils._engine.requests import (
    SessionInfoRequest,
    request,
    sent_members,
)
from ansible_collections.winops.rds.plugins.plugin_utils._options.errors import OptionError
from ansible_collections.winops.rds.plugins.plugin_utils._options.given import validated_options
from ansible_collections.winops.rds.plugins.plugin_utils._options.selection import (
    ARGUMENT_SPEC,
    SELECTABLE_STATES,
    SELECTING,
    Selection,
)
from ansible_collections.winops.rds.plugins.plugin_utils._words.wts import STATES
from hypothesis import given
from hypothesis import strategies as st

from tests.support.paths import REPOSITORY
from tests.support.selections import selected

LISTS = ("sessions", "users", "states", "clients", "protocols", "exclude_users", "exclude_sessions", "server")
TICKS = 10_000_000  # 100 ns in a second

#: The engine's lists of which it reports the positions that fitted, and the option that each comes from.
CRITERIA = {
    "session_ids": "sessions",
    "session_names": "sessions",
    "users": "users",
    "states": "states",
    "client_names": "clients",
    "client_networks": "clients",
    "protocols": "protocols",
    "exclude_session_ids": "exclude_sessions",
    "exclude_session_names": "exclude_sessions",
    "exclude_users": "exclude_users",
}


def refusal(**options: Any) -> str:
    with pytest.raises(OptionError) as raised:
        selected(**options)
    return str(raised.value)


def asked(**options: Any) -> SessionInfoRequest:
    return request(SessionInfoRequest, selected(**options), check_mode=False)


#: What is asked without any option.
NOTHING = sent_members(request(SessionInfoRequest, Selection(), check_mode=False))


def engine_options(**options: Any) -> dict[str, Any]:
    """What an engine is asked because of these options, lists as lists."""
    return {
        name: [*value] if isinstance(value, tuple) else value
        for name, value in sent_members(asked(**options)).items()
        if value != NOTHING[name]
    }


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"sessions": ["12"]}, {"session_ids": [12]}),
        ({"sessions": [" 007 "]}, {"session_ids": [7]}),
        ({"sessions": ["0"]}, {"session_ids": [0]}),
        ({"sessions": ["4294967293"]}, {"session_ids": [4294967293]}),
        ({"sessions": ["TERM04", "12", "rdp-tcp#3", "12a"]},
         {"session_names": ["TERM04", "rdp-tcp#3", "12a"], "session_ids": [12]}),
        ({"sessions": ["x" * 32]}, {"session_names": ["x" * 32]}),
        ({"users": ["alice"]}, {"users": ["*\\alice"]}),
        ({"users": ["CONTOSO\\alice", ".\\bob", "a*"]}, {"users": ["CONTOSO\\alice", ".\\bob", "*\\a*"]}),
        ({"states": ["Disconnected", "ACTIVE"]}, {"states": [4, 0]}),
        ({"sessions": ["Current", "12"]}, {"current": True, "session_ids": [12]}),
        ({"all": True, "exclude_sessions": ["current"]}, {"all": True, "exclude_current": True}),
        # Without a backslash an account has to be looked up: a user principal name, a SID.
        ({"users": ["alice@contoso.com", "S-1-5-21-1-2-3-1104", "s-1-5-18"]},
         {"users": ["alice@contoso.com", "S-1-5-21-1-2-3-1104", "s-1-5-18"]}),
        ({"users": ["S-1", "xS-1-5-18"]}, {"users": ["*\\S-1", "*\\xS-1-5-18"]}),
        ({"all": True, "exclude_users": ["bob@contoso.com"]}, {"all": True, "exclude_users": ["bob@contoso.com"]}),
        ({"idle_for": "90s"}, {"idle_for": 90 * TICKS}),
        ({"disconnected_for": "1d 4h", "logged_on_for": "0.5s"},
         {"disconnected_for": 28 * 3600 * TICKS, "logged_on_for": TICKS // 2}),
        ({"protocols": ["RDP", "console", "ica"]}, {"protocols": [2, 0, 1]}),
        ({"locked": True}, {"locked": True}),
        ({"locked": False}, {"locked": False}),
        # The DNS name of a domain is looked up.
        ({"users": ["contoso.com\\alice"]}, {"users": ["contoso.com\\alice"]}),
        ({"all": True, "unknown_exclusions": "ignore"}, {"all": True, "ignore_unknown_exclusions": True}),
        ({"all": True, "unknown_exclusions": "fail"}, {"all": True}),
        ({"clients": ["PC-*", "10.1.2.3", "10.1.2.3/16", "FE80::/10", "2001:db8::0:1", "fe80", "pc7.contoso.com"]},
         {"client_names": ["PC-*", "fe80", "pc7.contoso.com"],
          "client_networks": ["4:" + "00001010" "00000001" "00000010" "00000011", "4:" + "00001010" "00000001",
                              "16:1111111010", f"16:{0x2001_0DB8:032b}{1:096b}"]}),
        ({"clients": ["0.0.0.0/0", "::/0"]}, {"client_networks": ["4:", "16:"]}),
        ({"all": True, "server": ["RDSH02", "rdsh03.contoso.com", "10.0.0.7", "rdsh02"]},
         {"all": True, "servers": ["rdsh02", "rdsh03.contoso.com", "10.0.0.7"]}),
        ({"all": True, "states": ["active"], "idle_for": "1h"},
         {"all": True, "states": [0], "idle_for": 3600 * TICKS}),
        ({"all": True}, {"all": True}),
        ({"all": True, "exclude_users": ["bob", "F\\*"], "exclude_sessions": ["3", "console"]},
         {"all": True, "exclude_users": ["*\\bob", "F\\*"], "exclude_session_ids": [3],
          "exclude_session_names": ["console"]}),
        ({"sessions": ["12"], "users": ["a"], "states": ["idle"], "all": False},
         {"session_ids": [12], "users": ["*\\a"], "states": [5]}),
    ],
    ids=str,
)  # fmt: skip
def test_engine_options(options: dict[str, Any], expected: dict[str, Any]) -> None:
    assert engine_options(**options) == expected


@pytest.mark.parametrize("options", [{}, {"all": False}, {"exclude_users": ["bob"]}], ids=str)
def test_no_selecting_option(options: dict[str, Any]) -> None:
    message = refusal(**options)
    for option in SELECTING:
        assert option in message


@pytest.mark.parametrize("option", LISTS)
def test_empty_values(option: str) -> None:
    """Beside others one selects nobody. Where nothing else is left, and where it was to spare somebody, it is a
    variable that should have held somebody."""
    value = {"protocols": "rdp", "states": "active", "server": "RDSH02"}.get(option, "1")
    selecting = {"all": True} if option not in SELECTING else {}
    for empty in "", "  ", "\t":
        assert f"{option} holds an empty value" in refusal(**{option: [empty]}, **selecting)
        if option.startswith("exclude_"):
            assert f"{option} holds an empty value" in refusal(**{option: [value, empty]}, **selecting)
        else:
            assert selected(**{option: [value, empty]}, **selecting) == selected(**{option: [value]}, **selecting)


@pytest.mark.parametrize("option", LISTS)
def test_empty_lists(option: str) -> None:
    """Whoever is to be selected by one is nobody, whatever else is given; whoever is to be spared is suspicious."""
    if option.startswith("exclude_"):
        assert f"{option} is an empty list, and would spare nobody" in refusal(**{option: []}, all=True)
    else:
        assert selected(**{option: []}).nobody == option
        assert selected(**{option: []}, all=True, idle_for="2h", exclude_users=["alice"]).nobody == option
        options = validated_options({option: []}, ARGUMENT_SPEC)
        assert not Selection.from_options(options, default_all=True).all


@pytest.mark.parametrize("option", ["idle_for", "disconnected_for", "logged_on_for"])
@pytest.mark.parametrize("value", ["soon", "-5", "2y", "400d", "2:00"])
def test_durations_that_cannot_be(option: str, value: str) -> None:
    assert refusal(**{option: value}).startswith(f"{option}: {value!r} is ")


@pytest.mark.parametrize(
    ("option", "instead"),
    [("idle_for", "all=true"), ("disconnected_for", "states=disconnected"), ("logged_on_for", "all=true")],
)
@pytest.mark.parametrize("value", ["0h", "0s", "0.0001s", "PT0M"])
def test_durations_of_nothing(option: str, instead: str, value: str) -> None:
    assert refusal(**{option: value}) == f"{option}: 0 would leave nobody out; if that is meant, give {instead}"


@pytest.mark.parametrize("option", ["idle_for", "disconnected_for", "logged_on_for"])
def test_durations_without_a_unit(option: str) -> None:
    message = refusal(**{option: "120"})
    assert message.startswith(f"{option}: '120' has no unit: 120 seconds is 2m, 120 minutes is 2h. ")


@pytest.mark.parametrize("value", ["*", "**", "*\\*"])
def test_users_that_are_everybody(value: str) -> None:
    assert refusal(users=["alice", value]) == f"users: {value!r} leaves nobody out; if that is meant, give all=true"
    selected(all=True, exclude_users=[value])


@pytest.mark.parametrize(
    ("value", "state"),
    [("Disc", 4), ("disc.", 4), ("DISC", 4), ("Discon", 4), ("disconnect", 4), ("Conn", 1), ("connect", 1),
     ("ConnQ", 2),
     ("connect query", 2), ("connect-query", 2), ("Active", 0), ("WTSActive", 0), ("WTSDisconnected", 4), ("Down", 8)],
)  # fmt: skip
def test_states_as_people_write_them(value: str, state: int) -> None:
    assert engine_options(states=[value]) == {"states": [state]}
    assert asked(states=[value]).labels == {"states:0": ("states", STATES[state])}


WORDINGS = [*(REPOSITORY / "simulator/console/wordings").glob("*.yml")]


@pytest.mark.parametrize("wording", WORDINGS, ids=lambda path: path.stem)
def test_states_as_quser_prints_them(wording: Path) -> None:
    """They are taken, with their accents or without. In other languages than English, those of no user's session are
    not, of which one may also mean a user who does nothing."""
    states = yaml.safe_load(wording.read_text("utf-8")).get("states", {})
    words = {word: STATES[number] for number, word in states.items() if number != "source"}
    for word, state in words.items():
        for spelling in (word, word.upper(), word.rstrip(".")):
            if state == "listen" or (state == "idle" and wording.stem != "en-US"):
                told = "(it is that of a listener)" if state == "listen" else f"(write {state})"
                assert f"states: {spelling!r} is not the state of a session {told}" in refusal(states=[spelling])
            else:
                assert selected(states=[spelling]).states == (state,)


@pytest.mark.parametrize(
    ("value", "hint"),
    [("Inactif", "(write idle)"), ("4", "(write disconnected)"), ("locked", "(give locked=true)"),
     ("inactive", "(give idle_for, such as idle_for=30m)"), ("online", "(write active)"),
     ("disconected", "(write disconnected)"), ("all", "(give all=true)")],
)  # fmt: skip
def test_what_is_no_state_and_what_is_meant(value: str, hint: str) -> None:
    assert f"states: {value!r} is not the state of a session {hint}" in refusal(states=[value])


@pytest.mark.parametrize("value", ["Disc Active", "Disc or Active", "disc/active", "Disc, and Active", "Getr. | Aktiv"])
def test_several_states_in_one_text(value: str) -> None:
    assert set(selected(states=[value]).states) == {"disconnected", "active"}


@pytest.mark.parametrize(
    ("value", "hint"),
    [("-active", "none can be left out"), ("Disc -Active", "none can be left out"),
     ("Disc not Active", "none can be left out"), ("Disc - Active", "none can be left out"),
     (".active", "write active"), ("active idle", "several are separated by commas"),
     ("Idle/Active", "several are separated by commas")],
)  # fmt: skip
def test_states_that_leave_out_and_states_in_doubt(value: str, hint: str) -> None:
    """Who is active and idle is a user who does nothing."""
    assert f"states: {value!r} is not the state of a session ({hint}" in refusal(states=[value])
    assert selected(states=["active", "idle"]).states == ("active", "idle")


@pytest.mark.parametrize("value", ["rdp ica", "RDP or ICA", "rdp/ica", "rdp|ica"])
def test_several_protocols_in_one_text(value: str) -> None:
    assert selected(protocols=[value]).protocols == ("rdp", "ica")


@pytest.mark.parametrize("value", ["1 000", "12 140", "1\u00a0234", "1\u202f234", "65 535"])
def test_blanks_that_may_separate_thousands(value: str) -> None:
    for option in "sessions", "exclude_sessions":
        assert f"{option}: {value!r} is not a session: it holds" in refusal(all=True, **{option: [value]})
    assert selected(sessions=["12 14", "1 2 3", "101 102"]).sessions == ("12", "14", "1", "2", "3", "101", "102")


@pytest.mark.parametrize(
    "value", ["10.1.0.0 255.255.0.0", "10.1.0.0 0.0.255.255", "10.1.2.3 - 10.1.2.9", "10.1.2.3 PC1"]
)
def test_an_address_beside_something_else(value: str) -> None:
    assert "an address stands beside something else; give a network as 10.1.0.0/16" in refusal(clients=[value])


@pytest.mark.parametrize(
    "word", ["not", "but not", "except", "ohne", "nicht", "sauf", "salvo", "behalve", "keep", "a.k.a."]
)
def test_who_is_left_out_among_those_who_are_meant(word: str) -> None:
    """``svc-*, not svc-backup``: it would be somebody's name, who is not on, and svc-backup would be logged off."""
    for left_out in f"{word} SVC-backup", f"{word} CONTOSO\\svc-backup", f"CONTOSO\\{word} svc-backup":
        for of in "svc-*", "CONTOSO\\svc-*":
            told = f"users: {left_out!r} may be a name, or say who is to be left out of {of!r}: name in exclude_users"
            assert told in refusal(users=[of, left_out])
            assert told in refusal(users=[left_out, "bob", of])
    assert f"{word} PC1' may be a name, or say who is to be left out of 'PC*'" in refusal(
        clients=["PC*", f"{word} PC1"]
    )
    for clear in ["svc-*", f"{word} alice"], ["alice", f"{word} alice"]:
        assert selected(users=clear).users == (*clear,)
    assert selected(all=True, exclude_users=["svc-*", f"{word} svc-backup"]).exclude_users


def test_several_sessions_and_addresses_in_one_text() -> None:
    assert selected(sessions=["12 14", "2 and 3"]).sessions == ("12", "14", "2", "3")
    assert selected(all=True, exclude_sessions=["12 14"]).exclude_sessions == ("12", "14")
    assert selected(clients=["10.1.2.3 10.2.0.0/16"]).clients == ("10.1.2.3", "10.2.0.0/16")
    assert "holds a blank" in refusal(sessions=["12 rdp-tcp#3"])


@pytest.mark.parametrize(
    ("value", "network"),
    [("10.1.2.*", "10.1.2.0/24"), ("10.1.*", "10.1.0.0/16"), ("10.1.*.*", "10.1.0.0/16"), ("10.*", "10.0.0.0/8"),
     ("010.1.*", None), ("10.1.2.3.*", None), ("10.*.*.*.*", None), ("300.1.*", None), ("10.1.*.5", None)],
)  # fmt: skip
def test_networks_as_people_write_them(value: str, network: str | None) -> None:
    if network is None:
        assert f"clients: {value!r} is not a client: it looks like an address and is none" in refusal(clients=[value])
    else:
        assert engine_options(clients=[value]) == engine_options(clients=[network])


@pytest.mark.parametrize("value", ["listen", "4", "activ", "active,idle", "*", "asleep"])
def test_unknown_states(value: str) -> None:
    message = refusal(states=["active", value])
    assert message.startswith(f"states: {value!r} is not the state of a session")
    for state in SELECTABLE_STATES:
        assert state in message


@pytest.mark.parametrize("value", ["tcp", "2", "rdp-tcp", "*", "rdp,ica"])
def test_unknown_protocols(value: str) -> None:
    assert refusal(protocols=["rdp", value]) == (
        f"protocols: {value!r} is not a protocol; accepted are console, ica, rdp"
    )


@pytest.mark.parametrize("option", ["users", "exclude_users"])
@pytest.mark.parametrize("value", ["contoso.com\\al*", "*.com\\alice", "contoso.co?\\alice"])
def test_no_pattern_of_an_account_that_has_to_be_looked_up(option: str, value: str) -> None:
    assert "the domain has to be its NetBIOS name" in refusal(**{"all": True, option: [value]})


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


def labels(request: SessionInfoRequest, *matches: str) -> set[tuple[str, str]]:
    return {request.label(match) for match in matches}


def test_not_found_keeps_the_order_given() -> None:
    look = asked(sessions=["TERM04", "12", "007", "x"], users=["bob", "al*"])
    found = labels(look, "session_ids:0", "session_names:1", "users:1")
    assert found == {("sessions", "12"), ("sessions", "x"), ("users", "al*")}
    assert look.not_in(found, "sessions", "users") == ["TERM04", "007", "bob"]


def test_current_is_not_found_where_nobody_is_logged_on_with_the_account() -> None:
    look = asked(sessions=["current", "12"])
    assert look.not_in(set(), "sessions", "users") == ["current", "12"]
    assert look.not_in(labels(look, "current:0"), "sessions", "users") == ["12"]


def test_unused_exclusions_keep_the_order_given() -> None:
    look = asked(all=True, exclude_sessions=["TERM04", "12", "current", "x"], exclude_users=["bob", "al*"])
    exclusions = ("exclude_sessions", "exclude_users")
    found = labels(look, "exclude_session_ids:0", "exclude_session_names:1", "exclude_users:1")
    assert look.not_in(found, *exclusions) == ["TERM04", "current", "bob"]
    found |= labels(look, "exclude_current:0")
    assert look.not_in(found, *exclusions) == ["TERM04", "bob"]
    # What was found by an exclusion was not found by a selecting option.
    assert asked(users=["bob"]).not_in({("exclude_users", "bob")}, "sessions", "users") == ["bob"]


def test_what_all_selected_sessions_meet() -> None:
    assert asked(users=["a"]).met_by_all == ()
    assert asked(all=True, logged_on_for="2h").met_by_all == (("logged_on_for", "2h"), ("all", "true"))


def test_what_stays_on_the_controller_is_not_sent() -> None:
    sent = json.loads(asked(users=["alice"], missing="fail").text)
    assert not {"labels", "met_by_all", "must_be_found"} & sent.keys()


def test_states_are_no_values_that_could_be_missing() -> None:
    look = asked(states=["Idle"])
    assert look.label("states:0") == ("states", "idle")
    assert look.not_in(set(), "sessions", "users") == []


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
        look = asked(**options)
    except OptionError:
        return
    sent = json.loads(look.text)
    for name in "session_ids", "exclude_session_ids":
        assert all(0 <= value <= 0xFFFFFFFD for value in sent[name])
    for name in "session_names", "exclude_session_names":
        assert all(0 < len(value) <= 32 for value in sent[name])
    for name in "users", "exclude_users":
        patterns = [value for value in sent[name] if "\\" in value]
        assert all(value.count("\\") == 1 and value.strip("\\") == value for value in patterns)
        looked_up = [value for value in sent[name] if "\\" not in value]
        assert all("@" in value or value.upper().startswith("S-1-") for value in looked_up)
    for name in DURATIONS:
        assert sent[name] is None or 0 <= sent[name] <= 366 * 24 * 3600 * TICKS
    assert all(re.fullmatch("4:[01]{0,32}|16:[01]{0,128}", value) for value in sent["client_networks"])
    for criterion, option in CRITERIA.items():
        matches = [f"{criterion}:{i}" for i in range(len(sent[criterion]))]
        assert [look.label(match)[0] for match in matches] == [option] * len(matches)
    assert sent["current"] == ("current" in [value.strip(" \t\r\n").lower() for value in options.get("sessions", [])])
    assert sent["servers"]
