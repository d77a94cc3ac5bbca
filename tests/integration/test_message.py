# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""win_rds_message as people use it, against a simulated host."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .examples import examples

Serve = Callable[..., Any]

MODULE = "winops.rds.win_rds_message"

ALICE = {"id": 12, "user": "alice"}
BOB = {"id": 14, "user": "bob", "state": "disconnected"}
CONSOLE = {"id": 1, "name": "console", "user": "operator"}


def message(farm: Any, options: dict[str, Any], *flags: str) -> Any:
    """A task on RDSH01, and its result. A message changes nothing, whatever becomes of it."""
    result = farm.playbook([{MODULE: options}], "-l", "RDSH01", *flags).only()
    assert result.values.get("changed", False) is False
    assert [launch.leaks for launch in farm.simulation.api.launches] == [0] * len(farm.simulation.api.launches)
    return result


def shown(farm: Any, host: str = "RDSH01") -> dict[int, list[tuple[str, str, int]]]:
    """What stood on the screens: title, text and style of each message box."""
    sessions = farm.simulation.hosts[host].table.sessions()
    return {s.id: [(box.title, box.text, box.style) for box in s.messages] for s in sessions if s.messages}


def sent(farm: Any) -> list[tuple[str, ...]]:
    """Session, time and whether to wait, of each call that sent a message."""
    calls = [call for call in farm.simulation.calls("RDSH01") if call.function == "WTSSendMessageW"]
    return [(call.arguments[1], *call.arguments[5:]) for call in calls]


def test_msg_to_everybody(serve: Serve) -> None:
    """``msg * Good morning``, with what ``msg`` cannot: the name of each user, and a title."""
    farm = serve([ALICE, BOB, CONSOLE])
    run = farm.adhoc(MODULE, "all=true title=Greeting message='Good morning, {user} on {server}.'", "-v")
    result = run.only()
    assert result.outcomes() == {1: "sent", 12: "sent", 14: "sent"}
    assert (result["changed"], result["msg"]) == (False, "3 sessions selected: 3 got the message.")
    assert shown(farm) == {
        1: [("Greeting", "Good morning, operator on RDSH01.", 0x40)],
        12: [("Greeting", "Good morning, alice on RDSH01.", 0x40)],
        14: [("Greeting", "Good morning, bob on RDSH01.", 0x40)],
    }
    assert sent(farm) == [("1", "0", "0"), ("12", "0", "0"), ("14", "0", "0")]
    assert "RDSH01: session 12 (CONTOSO\\alice): got the message" in run.output


@pytest.mark.parametrize(("value", "id"), [("alice", 12), ("bob", 14)])
def test_msg_to_a_user_for_a_minute(serve: Serve, value: str, id: int) -> None:
    """``msg alice /time:60``. The title is the server's name unless told otherwise."""
    farm = serve([ALICE, BOB])
    message(farm, {"users": value, "message": "Hello", "show_for": "1m", "icon": "none"})
    assert shown(farm) == {id: [("RDSH01", "Hello", 0)]}
    assert sent(farm) == [(str(id), "60", "0")]


def test_check_mode_shows_nothing_and_tells_who_would_see_it(serve: Serve) -> None:
    farm = serve([ALICE, BOB])
    planned = message(farm, {"all": True, "message": "Hello", "answer_timeout": "1h"}, "--check")
    assert planned.outcomes() == {12: "would_send", 14: "would_send"}
    assert planned["msg"] == "2 sessions selected: 2 would get the message."
    assert [record["answer"] for record in planned["sessions"]] == [None, None]
    assert farm.simulation.mutating_calls("RDSH01") == []
    assert shown(farm) == {}


def test_second_run_shows_it_again_and_changes_nothing(serve: Serve) -> None:
    farm = serve([ALICE])
    task = {MODULE: {"all": True, "message": "Hello"}}
    run = farm.playbook([{"name": "first", **task}, {"name": "second", **task}], "--diff")
    assert [result["changed"] for result in run.results] == [False, False]
    assert shown(farm) == {12: [("RDSH01", "Hello", 0x40)] * 2}
    assert "sessions before" not in run.output


def test_any_text_arrives_as_it_was_written(serve: Serve) -> None:
    texts = [
        "Grüße, Жанна 王小明 𠮷田!",
        "two\nlines",
        "\"quoted\" 'text' \\\\server\\share",
        "100 % () <> %s",
        "x" * 3000,
    ]
    farm = serve([ALICE])
    run = farm.playbook([{MODULE: {"all": True, "message": text}} for text in texts])
    assert run.exit_code == 0, run.output
    assert [text for _title, text, _style in shown(farm)[12]] == texts


def test_who_answered_what(serve: Serve) -> None:
    """``msg * /w``, but with other buttons, for all at the same time, and with the answers in the result."""
    answers = {2: "yes", 3: "no", 4: None}
    farm = serve([{"id": n, "user": f"user{n}", "answer": answer, "answer_after": 1} for n, answer in answers.items()])
    options = {"all": True, "message": "Restart?", "icon": "question", "buttons": "yes_no", "answer_timeout": "3s"}
    result = message(farm, options)
    assert result.status == "ok"
    assert result.outcomes() == {2: "answered", 3: "answered", 4: "no_answer"}
    assert {record["id"]: record["answer"] for record in result["sessions"]} == answers
    assert result.counts() == {"answered": 2, "no_answer": 1}
    assert shown(farm)[2] == [("RDSH01", "Restart?", 0x24)]
    assert sorted(sent(farm)) == [("2", "3", "1"), ("3", "3", "1"), ("4", "3", "1")]


def test_everybody_is_asked_at_the_same_time(serve: Serve) -> None:
    farm = serve([{"id": n, "user": f"user{n}", "answer": "ok", "answer_after": 5} for n in range(2, 8)])
    result = message(farm, {"all": True, "message": "Still there?", "answer_timeout": "1m"})
    assert result.counts() == {"answered": 6}
    times = [call.time for call in farm.simulation.mutating_calls("RDSH01")]
    assert max(times) - min(times) < 5  # nobody has answered before the last one is asked


def test_time_to_answer_is_not_the_servers(serve: Serve) -> None:
    farm = serve([{**ALICE, "answer": "ok", "answer_after": 3}])
    options = {"all": True, "message": "Ready?", "answer_timeout": "30s", "server_timeout": "1s"}
    result = message(farm, options)
    assert result.outcomes() == {12: "answered"}
    assert result["sessions"][0]["elapsed_seconds"] >= 3


def test_nobody_is_there_to_answer(serve: Serve) -> None:
    farm = serve([{**BOB, "answer": "ok"}])
    result = message(farm, {"users": "bob", "message": "Ready?", "answer_timeout": 1})
    assert (result.status, result.outcomes()) == ("ok", {14: "no_answer"})


def test_failure_of_one_session_stops_no_other(serve: Serve) -> None:
    farm = serve([ALICE, BOB], faults=[{"call": "WTSSendMessage", "session": 12, "error": 5}])
    result = message(farm, {"all": True, "message": "Hello"})
    assert result.status == "failed"
    assert result.outcomes() == {12: "denied", 14: "sent"}
    assert "session 12 (CONTOSO\\alice): the connecting account may not do this (WTSSendMessage) [5 " in result["msg"]
    assert result["msg"].endswith("2 sessions selected: 1 got the message, 1 denied.")


@pytest.mark.parametrize("waiting", [{}, {"answer_timeout": 1}], ids=["sent", "awaited"])
def test_call_that_hangs(serve: Serve, waiting: dict[str, Any]) -> None:
    farm = serve([ALICE], faults=[{"call": "WTSSendMessage", "delay": "never"}])
    result = message(farm, {"all": True, "message": "Hello", "server_timeout": "1s", **waiting})
    assert (result.status, result.outcomes()) == ("failed", {12: "timed_out"})
    assert "the server did not answer within server_timeout (WTSSendMessage). " in result["msg"]


def test_session_id_given_out_again_gets_nothing(serve: Serve) -> None:
    """What was meant for alice is not shown to mallory."""
    successor = {"put": {"id": 12, "user": "mallory", "logged_on": 0}}
    farm = serve([ALICE], faults=[{"call": "WTSEnumerateSessionsEx", "times": 1, "then": [successor]}])
    assert message(farm, {"users": "alice", "message": "Your password"}).outcomes() == {12: "already_gone"}
    assert shown(farm) == {}


@pytest.mark.parametrize("session", [0, "rdp-tcp"])
def test_what_is_no_session_gets_nothing(serve: Serve, session: int | str) -> None:
    farm = serve([ALICE])
    result = message(farm, {"sessions": [session], "message": "Hello"})
    assert (result.status, result.counts()) == ("failed", {"protected": 1})
    assert farm.simulation.mutating_calls("RDSH01") == []


def test_msg_server_rdsh02(serve: Serve) -> None:
    """``msg alice /server:RDSH02``, and the name of the server is that of the session's server."""
    farm = serve(hosts=[{"name": "RDSH01", "sessions": [ALICE]}, {"name": "RDSH02", "sessions": [ALICE]}])
    result = message(farm, {"users": "alice", "server": "RDSH02", "message": "This is {server}."})
    assert [(record["server"], record["result"]) for record in result["sessions"]] == [("RDSH02", "sent")]
    assert (shown(farm, "RDSH01"), shown(farm, "RDSH02")) == ({}, {12: [("RDSH02", "This is RDSH02.", 0x40)]})


BAD_INPUT: dict[str, tuple[dict[str, Any], str]] = {
    "no message": ({"all": True}, "missing required arguments: message"),
    "no selecting option": ({"message": "x"}, "no session is selected"),
    "empty message": ({"all": True, "message": ""}, "message is empty"),
    "unknown placeholder": (
        {"all": True, "message": "{name}"},
        "{name}, which is not known; braces are for placeholders, and accepted are {user}, {server}",
    ),
    "unknown placeholder of a title": ({"all": True, "message": "x", "title": "{time}"}, "title holds {time}"),
    "unknown icon": ({"all": True, "message": "x", "icon": "skull"}, "none, error, question, warning, information"),
    "buttons that nobody awaits": ({"all": True, "message": "x", "buttons": "yes_no"}, "say by answer_timeout"),
    "two times": ({"all": True, "message": "x", "show_for": 5, "answer_timeout": 5}, "show_for contradicts"),
    "no time": ({"all": True, "message": "x", "answer_timeout": 0}, "answer_timeout: 0 would give nobody"),
}


def test_bad_input_is_refused_before_the_host_is_contacted(serve: Serve) -> None:
    serve([ALICE]).refuses(MODULE, BAD_INPUT)


def test_examples_of_the_documentation(serve: Serve) -> None:
    alice = {**ALICE, "answer": "yes"}
    hosts = [{"name": "RDSH01", "sessions": [alice, BOB]}, {"name": "RDSH02", "sessions": [alice]}]
    farm = serve(hosts=hosts)
    run = farm.playbook(examples("win_rds_message"), "-l", "RDSH01")
    assert run.exit_code == 0, run.output
    assert len(run.results) == len(examples("win_rds_message"))
    assert [text for _title, text, _style in shown(farm)[12]] == [
        "alice, RDSH01 will be restarted at 22:00. Please save your work.",
        "Your report is ready.",
        "May RDSH01 be restarted now?",
    ]
    assert shown(farm, "RDSH02") == {12: [("RDSH02", "Hello, alice.", 0x40)]}
