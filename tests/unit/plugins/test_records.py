# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From the engine's report to what a user reads."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.winops.rds.plugins.plugin_utils._engine.acts import (
    DISCONNECT,
    FAILED,
    LIST,
    LOG_OFF,
    NOT_ACTED_ON,
    RESULTS,
    SEND_MESSAGE,
    Act,
)
from ansible_collections.winops.rds.plugins.plugin_utils._engine.report import Session, UnknownExclusion
from ansible_collections.winops.rds.plugins.plugin_utils._options.selection import SELECTABLE_STATES
from ansible_collections.winops.rds.plugins.plugin_utils._result import records, sentences

from tests.support import reports
from tests.support.reports import Raw, raw_session
from tests.support.selections import asked

ACTS = (LIST, LOG_OFF, DISCONNECT, SEND_MESSAGE)
EVERYTHING: dict[str, Any] = {"sessions": ["TERM04", "12"], "users": ["CONTOSO\\al*"], "states": ["Active"]}


def raw(**changes: Any) -> Raw:
    """A session that fits each value of EVERYTHING, as an engine reports it."""
    return raw_session(**{"matched_by": ["session_ids:0", "session_names:0", "users:0", "states:0"], **changes})


def unexplained(session: Session) -> records.Error:
    return records.own_error("it is not gone", "Wait.")


def server(*sessions: Raw, act: Act = LOG_OFF, **changes: Any) -> records.ServerRecords:
    return records.server_records(
        reports.server(*sessions, **changes), asked(act, **EVERYTHING), "rdsh01.example", unexplained, {}
    )


def record(act: Act = LOG_OFF, **changes: Any) -> dict[str, Any]:
    return records.session_record(reports.session(**raw(**changes)), "RDSH01", asked(act, **EVERYTHING))


def records_of(*outcomes: str) -> list[dict[str, Any]]:
    return [record(id=10 + i, result=outcome, error=None) for i, outcome in enumerate(outcomes)]


def denied(session_id: int) -> dict[str, Any]:
    return record(id=session_id, result="denied", error={"call": "WTSLogoffSession", "code": 5})


def test_a_record() -> None:
    assert record() == {
        "server": "RDSH01",
        "id": 12,
        "name": "TERM04",
        "user": "alice",
        "domain": "CONTOSO",
        "account": "CONTOSO\\alice",
        "state": "active",
        "protocol": "rdp",
        "client_name": "PC7",
        "client_address": "10.1.2.3",
        "locked": False,
        "logon_time": "2026-01-01T02:00:00Z",
        "connect_time": "2026-01-01T02:00:00Z",
        "disconnect_time": None,
        "last_input_time": "2026-01-01T02:01:00Z",
        "idle_seconds": 90,
        "incoming_bytes": 4711,
        "outgoing_bytes": 3_000_000_000,
        "matched_by": ["sessions=12", "sessions=TERM04", "users=CONTOSO\\al*", "states=active"],
        "result": "logged_off",
        "error": None,
        "elapsed_seconds": 1.4,
        "ended_processes": [],
        "running": None,
        "warnings": 0,
    }


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"result": "would_log_off"}, {"result": "would_log_off"}),
        ({"matched_by": []}, {"matched_by": []}),
        ({"domain": ""}, {"account": "alice"}),
        ({"user": "", "domain": ""}, {"account": "", "user": ""}),
        ({"client_name": "", "client_address": ""}, {"client_name": None, "client_address": None}),
        ({"client_name": None, "client_address": None}, {"client_name": None, "client_address": None}),
        ({"last_input_time": 0}, {"last_input_time": None, "idle_seconds": None}),
        ({"locked": None}, {"locked": None}),
        ({"protocol": 0}, {"protocol": "console"}),
        ({"protocol": 1}, {"protocol": "ica"}),
        ({"protocol": 9}, {"protocol": "protocol_9"}),
        ({"protocol": None}, {"protocol": None}),
        # Windows tells "console" of a session that is nowhere.
        ({"name": "", "protocol": 0, "state": 4}, {"protocol": None, "state": "disconnected"}),
        ({"state": 42}, {"state": "state_42"}),
    ],
    ids=str,
)
def test_parts_of_a_record(changes: dict[str, Any], expected: dict[str, Any]) -> None:
    made = record(**changes)
    assert {name: made[name] for name in expected} == expected


def test_an_error() -> None:
    error = denied(12)["error"]
    assert (error["code"], error["name"]) == (5, "ERROR_ACCESS_DENIED")
    assert "WTSLogoffSession" in error["message"]
    text = sentences.error_text(error)
    assert text == f"{error['message']} [5 ERROR_ACCESS_DENIED]. {error['hint']}"
    assert sentences.error_text(records.own_error("it is protected", "Do not.")) == "it is protected. Do not."


NONE_LOGGED_OFF = dict.fromkeys(
    (
        "logged_off",
        "would_log_off",
        "requested",
        "already_gone",
        "stayed",
        "spared",
        "protected",
        "denied",
        "timed_out",
        "failed",
    ),
    0,
)


def test_a_summary_has_every_result_that_there_may_be() -> None:
    outcomes = records_of("protected", "logged_off", "already_gone", "logged_off")
    counted = records.summarize(outcomes, LOG_OFF)
    assert counted == {**NONE_LOGGED_OFF, "logged_off": 2, "already_gone": 1, "protected": 1}
    assert [*counted] == [*NONE_LOGGED_OFF]
    assert records.summarize([], LOG_OFF) == NONE_LOGGED_OFF


def test_a_summary_of_each_act() -> None:
    others = {"already_gone", "spared", "protected", "denied", "timed_out", "failed"}
    disconnected = {"disconnected", "would_disconnect", "already_disconnected"}
    assert records.summarize([], DISCONNECT) == dict.fromkeys(disconnected | others, 0)
    sent = {"sent", "would_send", "answered", "no_answer"}
    assert records.summarize([], SEND_MESSAGE) == dict.fromkeys(sent | others, 0)


def test_a_summary_of_listed_sessions_has_every_state_that_there_may_be() -> None:
    listed = [record(LIST, result="listed"), record(LIST, result="listed", state=42), record(LIST, result="denied")]
    nothing = dict.fromkeys(SELECTABLE_STATES, 0)
    assert records.summarize(listed, LIST) == {**nothing, "active": 1, "state_42": 1, "denied": 1}
    assert records.summarize([], LIST) == nothing


@pytest.mark.parametrize(
    ("outcomes", "not_found", "text"),
    [
        ([], [], "No session matches."),
        ([], ["bob", "13"], "No session matches. Not found: bob, 13."),
        (["logged_off"], [], "1 session selected: 1 logged off."),
        (["would_log_off"] * 2, [], "2 sessions selected: 2 would be logged off."),
        (["spared", "logged_off", "requested"], ["x"],
         "3 sessions selected: 1 logged off, 1 asked to log off, 1 spared. Not found: x."),
    ],
)  # fmt: skip
def test_summary_text(outcomes: list[str], not_found: list[str], text: str) -> None:
    assert sentences.summary_text(records_of(*outcomes), not_found) == text


@pytest.mark.parametrize(("count", "end"), [(4, "n4"), (5, "n5"), (6, "n5 and 1 more"), (7, "n5 and 2 more")])
def test_of_many_names_the_first_are_told_and_how_many_more_there_are(count: int, end: str) -> None:
    names = [f"n{number}" for number in range(1, count + 1)]
    text = sentences.names_text(names)
    assert text == ", ".join([*names[: min(count, 5) - 1], end])


@pytest.mark.parametrize(
    ("options", "matched_by"),
    [
        ({"all": True}, ["all=true"]),
        ({"idle_for": "90m"}, ["idle_for=1h 30m"]),
        ({"disconnected_for": "P1D"}, ["disconnected_for=1d"]),
        ({"logged_on_for": "90m"}, ["logged_on_for=1h 30m"]),
        ({"all": True, "idle_for": "1s", "logged_on_for": "2s"}, ["idle_for=1s", "logged_on_for=2s", "all=true"]),
        ({"locked": True}, ["locked=true"]),
        ({"locked": False, "idle_for": "1s"}, ["idle_for=1s", "locked=false"]),
    ],
    ids=str,
)
def test_what_every_selected_session_meets(options: dict[str, Any], matched_by: list[str]) -> None:
    made = records.session_record(reports.session(), "RDSH01", asked(LOG_OFF, **options))
    assert made["matched_by"] == matched_by


def test_all_criteria_that_a_session_meets() -> None:
    options = {"sessions": ["current"], "clients": ["PC*", "10.0.0.0/8"], "protocols": ["RDP"], "idle_for": "5m"}
    told = ["current:0", "client_names:0", "client_networks:0", "protocols:0"]
    made = records.session_record(reports.session(matched_by=told), "RDSH01", asked(LOG_OFF, **options))
    assert made["matched_by"] == [
        "sessions=current",
        "clients=PC*",
        "clients=10.0.0.0/8",
        "protocols=rdp",
        "idle_for=5m",
    ]


@pytest.mark.parametrize(
    ("matched_by", "named"),
    [
        (["sessions=12"], True),
        (["users=alice", "sessions=TERM04"], True),
        (["sessions=current"], False),
        (["sessions=CURRENT"], False),
        (["users=sessions=12"], False),
        (["all=true"], False),
    ],
    ids=str,
)
def test_who_was_asked_for_by_name(matched_by: list[str], named: bool) -> None:
    assert records.is_named({"matched_by": matched_by}) == named


def test_processes_that_were_ended() -> None:
    ended = [{"id": 4711, "name": "winword.exe"}]
    assert record(ended_processes=ended)["ended_processes"] == ended


@pytest.mark.parametrize(
    ("names", "name"),
    [
        ({}, "RDSH01"),
        ({"server": "rdsh02"}, "rdsh02"),  # as the task calls it
        ({"computer_name": ""}, "rdsh01.example"),
        # What cannot be the name of a computer comes from a host that is not what it should be.
        ({"computer_name": "\x1b[2J"}, "rdsh01.example"),
        ({"computer_name": "RDSH01\n"}, "rdsh01.example"),
        ({"computer_name": "x" * 16}, "rdsh01.example"),
        ({"server": "rdsh02", "computer_name": ""}, "rdsh02"),
    ],
    ids=str,
)
def test_the_name_of_a_server(names: dict[str, str], name: str) -> None:
    of_server = server(raw(), **names)
    assert of_server.name == name
    assert [session["server"] for session in of_server.records] == [name]


def test_a_server_that_was_not_dealt_with() -> None:
    assert server(raw()).error is None
    unreachable = server(error={"call": "WTSEnumerateSessionsEx", "code": 1722}).error
    assert unreachable
    assert (unreachable["code"], unreachable["name"]) == (1722, "RPC_S_SERVER_UNAVAILABLE")
    crashed = server(crash="System.InvalidCastException: no\n  at somewhere\n  at the end").error
    assert crashed
    assert (crashed["code"], crashed["message"]) == (
        None,
        "the session engine stopped: System.InvalidCastException: no",
    )


def test_a_session_of_a_server_on_which_the_engine_stopped() -> None:
    """It has no error of Windows, so that is said; what Windows has said is kept."""
    sessions = raw(result="failed"), raw(result="timed_out", id=13), raw(result="denied", error=DENIED, id=14)
    records = server(*sessions, raw(id=15), crash="System.Exception: no").records
    assert [(record["error"] or {}).get("message", "")[:26] for record in records] == [
        "the session engine stopped",
        "the session engine stopped",
        "the connecting account may",
        "",
    ]
    assert records[0]["error"]["code"] is None and "report it as a bug" in records[0]["error"]["hint"]


def test_what_windows_does_not_explain_is_explained_by_the_task() -> None:
    timed_out, refused = server(raw(result="timed_out"), raw(result="timed_out", error=DENIED, id=13)).records
    assert timed_out["error"] == unexplained(reports.session())
    assert refused["error"]["code"] == 5


@pytest.mark.parametrize(
    ("session", "changed"),
    [
        ({"result": "logged_off"}, True),
        ({"result": "requested"}, True),
        ({"result": "would_log_off"}, True),
        ({"result": "timed_out", "accepted": True}, True),
        ({"result": "failed", "accepted": True}, True),
        # It was leaving already when it was asked to.
        ({"result": "timed_out", "accepted": False}, False),
        ({"result": "already_gone"}, False),
        ({"result": "spared"}, False),
        ({"result": "protected"}, False),
        ({"result": "denied"}, False),
        ({"result": "failed"}, False),
    ],
    ids=str,
)
def test_a_server_has_changed_where_windows_accepted_a_request(session: dict[str, Any], changed: bool) -> None:
    assert server(raw(**session)).changed == changed
    assert server(raw(result="spared"), raw(**session)).changed == changed


def test_what_was_found_on_a_server() -> None:
    assert server(found=["session_ids:0", "users:0"]).found == {("sessions", "12"), ("users", "CONTOSO\\al*")}


def test_exclusions_that_were_found_on_a_server() -> None:
    logoff = asked(LOG_OFF, all=True, exclude_users=["bob", "eve"], exclude_sessions=["7", "current", "TERM09"])
    found = ["exclude_users:1", "exclude_session_ids:0", "exclude_current:0"]
    made = records.server_records(reports.server(found=found), logoff, "rdsh01.example", unexplained, {})
    assert made.found == {("exclude_users", "eve"), ("exclude_sessions", "7"), ("exclude_sessions", "current")}
    assert logoff.not_in(made.found, "exclude_sessions", "exclude_users") == ["TERM09", "bob"]


def test_excluded_sessions_are_told_apart_and_change_nothing() -> None:
    of_server = server(excluded=[raw(id=13, result="excluded", accepted=False, logon_time=0)])
    assert (of_server.records, of_server.changed, of_server.error) == ([], False, None)
    (excluded,) = of_server.excluded
    assert (excluded["id"], excluded["result"], excluded["error"]) == (13, "excluded", None)
    assert excluded["logon_time"] is None
    assert excluded.keys() == record().keys()


def reasons(*servers: records.ServerRecords) -> list[str]:
    return sentences.failure_reasons(servers, [session for of_server in servers for session in of_server.records])


DENIED = {"call": "WTSLogoffSession", "code": 5}


def test_reasons_of_one_server_do_not_repeat_its_name() -> None:
    (reason,) = reasons(server(raw(result="logged_off"), raw(result="denied", error=DENIED)))
    assert reason.startswith("session 12 (CONTOSO\\alice): the connecting account may not do this (WTSLogoffSession)")


def test_reasons_of_several_servers() -> None:
    refusing = server(raw(result="denied", error=DENIED), server="RDSH02")
    down = server(server="RDSH03", error={"call": "WTSEnumerateSessionsEx", "code": 1722})
    of_server, of_session = reasons(server(raw()), refusing, down)
    assert down.error
    assert of_server == f"RDSH03: {sentences.error_text(down.error)}"
    assert of_session.startswith("RDSH02: session 12 (CONTOSO\\alice): ")


def test_failure_text_names_the_first_and_counts_the_rest() -> None:
    failures = [denied(20 + i) for i in range(5)]
    why = sentences.failure_reasons([server()], failures)
    text = sentences.failure_text(why, [*failures, *records_of("logged_off")], [])
    assert text.startswith("session 20 (CONTOSO\\alice): ")
    assert [text.count(f"session {id} ") for id in range(20, 25)] == [1, 1, 1, 0, 0]
    assert "| and 2 more, see 'servers' and 'sessions'." in text
    assert text.endswith(" 6 sessions selected: 1 logged off, 5 denied.")
    assert "more" not in sentences.failure_text(why[:3], failures[:3], [])


def test_failure_text_of_what_was_never_listed_has_no_summary() -> None:
    assert sentences.failure_text(["RDSH01: it is down."], [], ["12"]) == "RDSH01: it is down."


@pytest.mark.parametrize(
    ("use", "what"),
    [(0, "no account"), (2, "a group"), (3, "a domain"), (4, "a group"), (5, "a group"), (9, "a computer"),
     (8, "no account"), (1, "CONTOSO\\Alisé in other letters")],
)  # fmt: skip
def test_an_exclusion_that_is_nobodys(use: int, what: str) -> None:
    text = sentences.unknown_exclusions_text([("alise", UnknownExclusion(1, use, "CONTOSO\\Alisé"))])
    assert text.startswith(f"exclude_users: alise is {what}, which would spare nobody, so nobody was touched. ")
    # Not where it would have somebody logged off who was to be spared.
    assert ("unknown_exclusions=ignore" in text) == (use != 1)


def test_many_exclusions_that_are_nobodys() -> None:
    unknown = [(f"CONTOSO\\user{n}", UnknownExclusion(n, 0, None)) for n in range(7)]
    text = sentences.unknown_exclusions_text(unknown)
    assert "CONTOSO\\user0 is no account, " in text and "CONTOSO\\user4 is no account and 2 more, which" in text


@pytest.mark.parametrize(
    ("changes", "title"),
    [
        ({}, "session 12 (CONTOSO\\alice)"),
        ({"user": "", "domain": ""}, "session 12 (TERM04)"),
        ({"user": "", "domain": "", "name": ""}, "session 12 (nobody)"),
    ],
)
def test_title(changes: dict[str, Any], title: str) -> None:
    assert sentences.session_title(record(**changes)) == title


def test_diff_holds_what_was_and_what_is() -> None:
    outcomes = ["logged_off", "would_log_off", "requested", "protected", "spared", "denied", "timed_out", "failed"]
    diff = sentences.session_diff([*records_of(*outcomes), record(id=99, result="already_gone")], LOG_OFF)
    ids = {side: [int(line.split()[1]) for line in diff[side].splitlines()] for side in ("before", "after")}
    assert ids == {"before": [*range(10, 18)], "after": [*range(13, 18)]}
    assert (diff["before_header"], diff["after_header"]) == ("sessions before", "sessions after")
    assert all(word in diff["before"].splitlines()[0] for word in ("RDSH01", "TERM04", "CONTOSO\\alice", "active"))


def test_diff_of_nothing_shows_nothing() -> None:
    diff = sentences.session_diff([], LOG_OFF)
    assert diff["before"] == diff["after"] == ""


def test_a_diff_line_ends_without_blanks() -> None:
    disconnected = record(name="", user="", domain="", protocol=0, state=4)
    unknown = {"result": "protected", "idle_seconds": None}
    (line,) = sentences.session_diff([disconnected | unknown], LOG_OFF)["after"].splitlines()
    assert line == line.rstrip()
    assert line.split() == ["RDSH01", "12", "-", "-", "disconnected"]


def test_diff_of_disconnecting_shows_what_is_left_of_the_sessions() -> None:
    would, done, was = (
        record(DISCONNECT, id=10 + n, result=result, **state)
        for n, (result, state) in enumerate(
            [("would_disconnect", {}), ("disconnected", {}), ("already_disconnected", {"name": "", "state": 4})]
        )
    )
    diff = sentences.session_diff([would, done, was], DISCONNECT)
    columns = {side: [line.split() for line in diff[side].splitlines()] for side in ("before", "after")}
    assert [(c[1], c[2], c[4]) for c in columns["before"]] == [
        ("10", "TERM04", "active"),
        ("11", "TERM04", "active"),
        ("12", "-", "disconnected"),
    ]
    assert [(c[1], c[2], c[4]) for c in columns["after"]] == [(str(n), "-", "disconnected") for n in (10, 11, 12)]


def test_every_result_has_one_meaning() -> None:
    done = [result for act in ACTS for result in act.done]
    assert len(done) == len(set(done))
    assert FAILED.isdisjoint(done)
    assert set(RESULTS) >= FAILED | NOT_ACTED_ON | {*done}
    assert set(RESULTS) >= {result for act in ACTS for result in (act.planned, *act.results, *act.kept)}
    assert all(act.done <= act.results | {act.planned} for act in ACTS)


def test_what_only_some_actions_tell() -> None:
    assert {"ended_processes", "answer"} & set(record(LIST)) == set()
    assert {"ended_processes", "answer"} & set(record(DISCONNECT)) == set()
    assert record(SEND_MESSAGE, answer=6)["answer"] == "yes"
    assert "ended_processes" not in record(SEND_MESSAGE)


@pytest.mark.parametrize(
    ("act", "changed"), [(LIST, False), (LOG_OFF, True), (DISCONNECT, True), (SEND_MESSAGE, False)]
)
def test_which_acts_change_something(act: Act, changed: bool) -> None:
    assert server(raw(result="failed", accepted=True), act=act).changed == changed
    assert server(raw(result=act.planned), act=act).changed == changed
    assert not server(raw(result="failed"), act=act).changed


@pytest.mark.parametrize(
    ("count", "text"),
    [(1, "user0"), (5, "user0, user1, user2, user3, user4"), (7, "user0, user1, user2, user3, user4 and 2 more")],
)
def test_a_long_list_of_names_is_shortened(count: int, text: str) -> None:
    names = [f"user{n}" for n in range(count)]
    assert sentences.names_text(names) == text
    assert sentences.summary_text([], names) == f"No session matches. Not found: {text}."


@pytest.mark.parametrize(
    ("act", "changes", "text"),
    [
        (LIST, {"result": "listed"}, "active, idle 1m 30s"),
        (LIST, {"result": "listed", "last_input_time": 0, "state": 4}, "disconnected"),
        (LIST, {"result": "failed", "error": {"call": "X", "code": 1726}}, "failed: the Remote Desktop Services of"),
        (DISCONNECT, {"result": "disconnected"}, "disconnected after 1.4s"),
        (DISCONNECT, {"result": "already_disconnected"}, "already disconnected"),
        (SEND_MESSAGE, {"result": "sent"}, "got the message"),
        (SEND_MESSAGE, {"result": "answered", "answer": 7}, "answered after 1.4s: no"),
        (SEND_MESSAGE, {"result": "no_answer"}, "did not answer"),
    ],
    ids=lambda value: value.planned if isinstance(value, Act) else str(value),
)  # fmt: skip
def test_what_became_of_a_session_in_words(act: Act, changes: dict[str, Any], text: str) -> None:
    words = sentences.session_text(record(act, **changes))
    assert words.startswith(f"RDSH01: session 12 (CONTOSO\\alice): {text}")
    assert words.endswith(text) or changes["result"] == "failed"
