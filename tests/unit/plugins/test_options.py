# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Options are refused before any host is contacted, in words that name the option and the value."""

from __future__ import annotations

import datetime
import re
from typing import Any

import pytest
from ansible_collections.winops.rds.plugins.action.win_rds_logoff import ActionModule
from ansible_collections.winops.rds.plugins.action.win_rds_logon_mode import ActionModule as LogonMode
from ansible_collections.winops.rds.plugins.action.win_rds_message import ActionModule as Message
from ansible_collections.winops.rds.plugins.action.win_rds_session_info import ActionModule as SessionInfo
from ansible_collections.winops.rds.plugins.plugin_utils._options.errors import OptionError
from ansible_collections.winops.rds.plugins.plugin_utils._options.given import (
    NULL_IS_DEFAULT,
    options_of_defaults,
    refuse_repeated,
    validated_options,
)

from tests.support.guides import guide

SPEC = ActionModule.ARGUMENT_SPEC
ALIASES = [(name, alias) for name, option in SPEC.items() for alias in option.get("aliases", ())]
LISTS = [name for name, option in SPEC.items() if option["type"] == "list"]
RECORD = {"id": 12, "account": "CONTOSO\\alice"}


def options(**given: Any) -> dict[str, Any]:
    return validated_options(given, SPEC)


def refusal(**given: Any) -> str:
    with pytest.raises(OptionError) as raised:
        options(**given)
    return str(raised.value)


def test_types_and_defaults() -> None:
    given = options(session=12, user="alice,bob", all="no", protect_console="false", timeout=90)
    assert given["sessions"] == ["12"]
    assert given["users"] == ["alice", "bob"]
    assert (given["all"], given["protect_console"], given["wait"]) == (False, False, True)
    assert given["timeout"] == 90.0
    assert given["states"] is None
    given = options(all=True, client="PC7", server="RDSH02,RDSH03", max_parallel="5", sessions=[12, "TERM04"])
    assert (given["clients"], given["server"]) == (["PC7"], ["RDSH02", "RDSH03"])
    assert (given["max_parallel"], given["sessions"]) == (5, ["12", "TERM04"])
    assert (given["missing"], given["on_timeout"], given["server_timeout"]) == ("ignore", "fail", 30.0)
    assert (given["unknown_exclusions"], given["locked"], given["protocols"]) == ("fail", None, None)
    given = options(locked="no", protocol="rdp", unknown_exclusions="ignore")
    assert (given["locked"], given["protocols"], given["unknown_exclusions"]) == (False, ["rdp"], "ignore")


def test_all_options_as_one_template() -> None:
    """ansible-core 2.19 and later hand it on as what belongs to no option."""
    assert options(_raw_params={"users": ["alice"], "missing": "fail"}, missing="ignore")["missing"] == "fail"
    assert refusal(_raw_params={"users": None}).startswith("users is null")


@pytest.mark.parametrize(
    ("text", "meant"),
    [("12", "sessions=12"), ("12 14", "sessions=12,14"), ("all", "all=true"), ("terminate", "on_timeout=terminate"),
     ("4h", "idle_for='1d 4h'"), ("alice", "users=alice")],
)  # fmt: skip
def test_words_that_belong_to_no_option(text: str, meant: str) -> None:
    message = refusal(_raw_params=text, all=True)
    assert message.startswith(f"{text!r} belongs to no option. Say which: ")
    assert meant in message
    with pytest.raises(OptionError, match="mode=drain"):
        validated_options({"_raw_params": "drain"}, LogonMode.ARGUMENT_SPEC)


@pytest.mark.parametrize(
    "places",
    [
        ["users=alice users=bob"],
        ['exclude_sessions="1 2" all=true users=alice exclude_users=c users=bob'],
        ['{"users": "alice", "all": true, "users": "bob"}'],
        ["all=true users=alice", {"users": ["bob"]}],
        [{"users": ["alice"]}, {"users": ["bob"]}],
        ["winops.rds.win_rds_logoff users=alice users=bob"],
    ],
    ids=str,
)
def test_an_option_that_is_given_twice(places: list[Any]) -> None:
    with pytest.raises(OptionError, match="users is given twice, and only one of them would count"):
        refuse_repeated(*places)


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        '{"a": "x=1 x=2"}',
        '{"a": {"b": 1}, "b": 2}',
        "{{ a }}",
        "users=alice all=true",
        "message='users=1 users=2'",
    ],
)
def test_nothing_is_given_twice(text: str | None) -> None:
    refuse_repeated(text)


@pytest.mark.parametrize(
    ("given", "meant"),
    [("sesions", "sessions"), ("usres", "users"), ("exclude_uses", "exclude_users"), ("Users", "users"),
     ("idle-for", "idle_for"), ("disconected_for", "disconnected_for"), ("execlude_sessions", "exclude_sessions"),
     ("remindrs", "reminders")],
)  # fmt: skip
def test_an_unknown_option_names_the_nearest(given: str, meant: str) -> None:
    message = refusal(**{given: "x", "all": True})
    assert message.startswith(f"unknown option {given}; did you mean {meant} instead of {given}? accepted are all, ")
    assert all(option in message for option in SPEC)


def test_unknown_options_that_are_like_none() -> None:
    assert refusal(qqq=1, all=True, zzz=2).startswith("unknown option qqq, zzz; accepted are all, ")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"all": "maybe"}, ["all is true or false, and 'maybe' is neither"]),
        ({"wait": "later", "all": True}, ["wait is true or false, and 'later' is neither"]),
        ({"max_parallel": "many", "all": True}, ["max_parallel: 'many' is not a whole number"]),
        ({"missing": "error", "all": True}, ["missing", "ignore, fail", "error"]),
        ({"unknown_exclusions": "warn", "all": True}, ["unknown_exclusions", "fail, ignore", "warn"]),
        ({"locked": [True]}, ["locked is true or false, and [True] is neither"]),
        ({"on_timeout": "kill", "all": True}, ["on_timeout", "fail, terminate", "kill"]),
        ({"idle_for": ["2h"]}, ["idle_for: ['2h'] is not text; give the one value and no list: idle_for: 2h"]),
        ({"message": True}, ["message: True is not text; in YAML, yes, no, on and off need quotes"]),
        ({"timeout": {"minutes": 2}}, ["timeout: {'minutes': 2} is not text"]),
        (
            {"timeout": datetime.date(2026, 1, 1)},
            ["timeout: ", "is not text; it is how long, such as 15m, and no date"],
        ),
        ({"reason": datetime.date(2026, 1, 1)}, ["reason: ", "is not text; write it in quotes"]),
        ({"grace": False}, ["grace: False is not text; it is how long, such as 15m"]),
        ({"reminders": [{"minutes": 5}]}, ["reminders: a record is not a value; give text"]),
        ({"reminders": "5m 1m"}, ["reminders: '5m 1m' is several: separate them by commas (5m,1m)"]),
        ({"reminders": ["10m", "5min 1min"]}, ["separate them by commas (5min,1min)"]),
        ({"sessions": [3.0]}, ["sessions: 3.0 is not text; accepted is text and whole numbers, or records"]),
        ({"wait": 30}, ["wait is true or false, and 30 is how long: give timeout=30"]),
        ({"wait": "30"}, ["wait is true or false, and '30' is how long: give timeout=30"]),
        (
            {"at_deadline": "failed"},
            ["value of at_deadline must be one of: logoff, leave, fail, got: failed (write fail)"],
        ),
        ({"at_deadline": "22:00"}, ["got: 22:00 (how long users have is grace)"]),
        ({"at_deadline": "15m"}, ["got: 15m (how long users have is grace)"]),
        ({"deadline": "22:00"}, ["for deadline, write grace=15m and message"]),
        ({"atdeadline": "leave"}, ["did you mean at_deadline instead of atdeadline?"]),
        ({"ticket": "CHG-4711"}, ["for ticket, write reason=CHG-4711"]),
        ({"processes": True}, ["for processes, use winops.rds.win_rds_session_info, which has processes"]),
        ({"max_parallel": True}, ["max_parallel: True is not a whole number"]),
        ({"reminders": [5]}, ["reminders: '5' has no unit: 5 seconds is 5s, 5 minutes is 5m"]),
        ({"reminders": 1.5}, ["reminders: '1.5' has no unit"]),
        ({"idle_for": {"hours": 2, "minutes": 30}}, ["write idle_for: 2 hours 30 minutes"]),
    ],
    ids=str,
)
def test_a_value_of_another_type(given: dict[str, Any], words: list[str]) -> None:
    message = refusal(**given)
    assert [word for word in words if word not in message] == []


@pytest.mark.parametrize("name", ["programs", "memory", "with_processes"])
def test_what_processes_are_called(name: str) -> None:
    with pytest.raises(OptionError, match=f"for {name}, write processes=true;"):
        validated_options({name: True}, SessionInfo.ARGUMENT_SPEC)


@pytest.mark.parametrize(
    "option",
    [
        spelling
        for name, option in SPEC.items()
        if name not in NULL_IS_DEFAULT
        for spelling in (name, *option.get("aliases", ()))
    ],
)
def test_null_is_not_taken_for_nothing(option: str) -> None:
    """An exclusion that is null by mistake would exclude nobody, and without a grace period nobody is warned."""
    assert refusal(**{option: None}).startswith(f"{option} is null; ")


@pytest.mark.parametrize("option", [*sorted(NULL_IS_DEFAULT & SPEC.keys()), "title"])
def test_null_is_the_default_where_no_value_spares_more_people(option: str) -> None:
    for nothing in (None, "", " ", "none", "None", "null"):
        assert options(**{option: nothing}) == options()


def test_where_null_is_the_default_is_told() -> None:
    paragraph = re.search(r"Null is as not given for (.*?): none of", guide("matching").text, re.DOTALL)
    assert paragraph and {*re.findall(r"\w+", paragraph[1])} - {"and"} == NULL_IS_DEFAULT
    assert SPEC.keys() | Message.ARGUMENT_SPEC.keys() | SessionInfo.ARGUMENT_SPEC.keys() >= NULL_IS_DEFAULT


@pytest.mark.parametrize(
    "option",
    [
        name
        for name, option in SPEC.items()
        if name not in NULL_IS_DEFAULT and (option["type"] not in ("list", "str") or "choices" in option)
    ],
)
def test_what_stands_for_nothing(option: str) -> None:
    """An answer that was left empty in a survey, and what templates make of null."""
    instead = ", or leave the option out (in a template: default(omit, true)"
    told = refusal(**{option: " "})
    assert told.startswith(f"{option} is empty; give ") and instead in told
    for word in ("none", "None", "null"):
        told = refusal(**{option: word})
        assert told.startswith(f"{option} is {word!r}, which stands for nothing; give ") and instead in told


def test_a_choice_that_is_called_none() -> None:
    assert validated_options({"message": "Hi", "icon": "None"}, Message.ARGUMENT_SPEC)["icon"] == "none"
    with pytest.raises(
        OptionError, match=r"^mode is empty; give one of enabled, disabled, drain, drain_until_restart$"
    ):
        validated_options({"mode": ""}, LogonMode.ARGUMENT_SPEC)


@pytest.mark.parametrize("option", [name for name in LISTS if name != "reminders"])
@pytest.mark.parametrize(
    ("value", "words"),
    [
        (["alice", None], "holds null"),
        ([[["alice", "bob"]]], "is a list in a list; make it one, with the filter flatten"),
        ([True], "True is not text; accepted is "),
        (False, "(in YAML, yes, no, on and off are no text without)"),
        ([1.5], "1.5 is not text; "),
        (12.0, "12.0 is not text; "),
        ([b"alice"], "b'alice' is not text; "),
        ([datetime.date(2026, 1, 1)], " is not text; "),
        ('["alice', "is text that looks like a list; give a list, which after -e is JSON as a whole (-e '{"),
        ("[alice,bob", "or separate the values by commas (a,b)"),
        ("[!svc-backup alice]", "is text that looks like a list"),
        ("[alice, &bob carol]", "is text that looks like a list"),
        pytest.param("[" * 1000, "is text that looks like a list", id="1,000 brackets"),
        ('[[["alice"]]]', "is a list in a list"),
        ("{'alice'}", "is text that looks like a list"),
        ("@('alice','bob')", "is text that looks like a list"),
        ("- alice\n- bob", "is text that looks like a list"),
    ],
    ids=str,
)
def test_a_list_of_something_else(option: str, value: Any, words: str) -> None:
    message = refusal(**{option: value})
    assert message.startswith(f"{option}: ")
    assert words in message


@pytest.mark.parametrize(
    ("text", "values"),
    [('["alice","bob"]', ["alice", "bob"]), ("[alice, bob]", ["alice", "bob"]), (" ['alice'] ", ["alice"]),
     (r'["CONTOSO\\alice"]', ["CONTOSO\\alice"]), (r"[CONTOSO\alice]", ["CONTOSO\\alice"]),
     ("[0012345, no]", ["0012345", "no"]),
     ("[12:30, 1_2]", ["12:30", "1_2"]), ("[]", [])],
)  # fmt: skip
def test_a_list_in_text(text: str, values: list[str]) -> None:
    """As JSON and YAML write it, and nothing in it becomes a number or a truth value."""
    assert options(users=text)["users"] == values
    assert options(exclude_sessions=text)["exclude_sessions"] == values


@pytest.mark.parametrize(
    "value", [[["alice", "bob"]], ["alice", ["bob"]], "alice;bob", ["alice;bob"], '[["alice", "bob"]]']
)
def test_a_list_in_a_list_and_semicolons(value: Any) -> None:
    """``["{{ names }}"]`` is a list in a list."""
    for option in "users", "exclude_users":
        assert options(**{option: value})[option] == ["alice", "bob"]


@pytest.mark.parametrize("value", ["Smith, Alice; Jones, Bob", ["Smith, Alice; Jones, Bob"]], ids=str)
def test_people_between_semicolons(value: Any) -> None:
    """As Outlook lists them. Alice may be another one."""
    for option in "users", "exclude_users":
        values = options(**{option: value})[option]
        assert any("Alice; Jones" in each for each in values)
    assert options(sessions="12;14,16")["sessions"] == ["12", "14", "16"]


def test_a_set() -> None:
    """Filters such as union make one, in some versions of ansible-core."""
    assert options(users={"bob", "alice"})["users"] == ["alice", "bob"]
    assert options(exclude_users=frozenset(["bob"]))["exclude_users"] == ["bob"]
    assert options(users=set())["users"] == []


def test_an_empty_list_in_a_list_spares_nobody_and_selects_nobody() -> None:
    assert options(users=["alice", []])["users"] == ["alice"]
    assert options(users=[[]])["users"] == []
    assert options(exclude_users=["alice", []])["exclude_users"] == ["alice", ""]
    assert options(sessions=[[{"id": 3}], 4])["sessions"] == [{"id": 3}, "4"]


@pytest.mark.parametrize(
    ("given", "choice"),
    [({"missing": "FAIL"}, "fail"), ({"on_timeout": "Terminate"}, "terminate"), ({"newcomers": "log-off"}, "logoff")],
    ids=str,
)
def test_a_choice_in_other_letters(given: dict[str, Any], choice: str) -> None:
    (option,) = given
    assert options(**given)[option] == choice


@pytest.mark.parametrize("option", [name for name in LISTS if "sessions" not in name and name != "reminders"])
@pytest.mark.parametrize("value", [5349, [5349], ["alice", 5349]], ids=str)
def test_a_number_is_no_name(option: str, value: Any) -> None:
    assert refusal(**{option: value}) == (
        f"{option}: 5349 is not text; accepted is text: write it in quotes (YAML changes numbers: 0012345 becomes 5349)"
    )


@pytest.mark.parametrize(
    ("option", "field"),
    [("users", "account"), ("exclude_users", "account"),
     ("clients", "client_name"), ("states", "state"), ("protocols", "protocol"), ("server", "server")],
)  # fmt: skip
def test_a_record_is_refused_in_one_short_line(option: str, field: str) -> None:
    message = refusal(**{option: [{**RECORD, "client_name": "x" * 9000}] * 50})
    assert f"{{{{ found.sessions | map(attribute='{field}') }}}}" in message
    assert len(message) < 150


@pytest.mark.parametrize(("option", "alias"), ALIASES)
def test_an_option_under_two_names(option: str, alias: str) -> None:
    assert refusal(**{option: "1", alias: "2"}) == f"{option} and {alias} are one option: give one of them"


def test_options_of_module_defaults() -> None:
    outer, own, inner = {"reason": "outer", "idle_for": "1h"}, {"reason": "own"}, {"reason": "inner"}
    defaults = [{"m": own, "group/g": outer, "other": {"reason": "no"}}, "{{ a_template }}", {"group/g": inner}]
    assert options_of_defaults(defaults, {"m", "group/g"}) == [own, outer, inner]
    assert options_of_defaults(defaults, {"m", "group/g"}, replaced=True) == [inner, own]
