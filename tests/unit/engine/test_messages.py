# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Messages: whom they reach, what they say, and who answers."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from ansible_collections.winops.rds.plugins.plugin_utils._engine.requests import MessageRequest

from simulator.farm import Host
from tests.support.calls import ENUMERATE, QUERY, SEND
from tests.unit.engine.session_host import (
    ALICE,
    BOB,
    PATIENCE,
    Report,
    Windows,
    record,
    results,
    server_report,
    session_host,
)

OK, YES, NO = 1, 6, 7
MB_YESNO = 4
TEXT = {"title": "Maintenance", "message": "Please save your work.", "message_style": 64, "message_seconds": 0}


async def send(
    windows: Windows, host: Host, text: dict[str, Any] | None = None, *, wait_for_answer: bool = False, **options: Any
) -> Report:
    members = {**TEXT, "wait_for_answer": wait_for_answer, "remaining_ms": 0, **(text or {})}
    report = await windows.run(host, MessageRequest, members=members, **{"all": True, **options})
    assert {call.function for call in windows.mutating_calls_on(host)} <= {SEND}
    return report


def shown(host: Host) -> dict[int, list[tuple[str, str]]]:
    """Title and text of what each session was shown."""
    sessions = [session for session in host.table.sessions() if session.messages]
    return {session.id: [(message.title, message.text) for message in session.messages] for session in sessions}


async def test_all_who_are_selected_are_shown_the_message(windows: Windows) -> None:
    host = session_host(ALICE, BOB, {"id": 14, "user": "carol"})
    report = await send(windows, host, users=["alice", "bob"], all=False)
    assert results(report) == {12: "sent", 13: "sent"}
    assert shown(host) == {id: [("Maintenance", "Please save your work.")] for id in (12, 13)}
    assert {message.style for session in host.table.sessions() for message in session.messages} == {64}
    assert [session["answer"] for session in server_report(report)["sessions"]] == [None, None]
    assert [session["accepted"] for session in server_report(report)["sessions"]] == [True, True]


@pytest.mark.parametrize(
    "text", ["Привет, Жанна", "王小明", "👋🏽", "two\nlines", "x" * 6000], ids=["ru", "zh", "👋🏽", "nl", "x"]
)
async def test_every_character_arrives(windows: Windows, text: str) -> None:
    host = session_host(ALICE)
    await send(windows, host, {"title": text, "message": text})
    assert shown(host) == {12: [(text, text)]}


async def test_what_only_the_host_knows_is_filled_in(windows: Windows) -> None:
    ahead = 7200
    host = session_host(ALICE, {"id": 13, "user": "Жанна"}, clock_offset=ahead)
    await send(windows, host, {"title": "{server}", "message": "{user} {deadline} {minutes}", "remaining_ms": 900000})
    messages = shown(host)
    assert [title for session in messages.values() for title, _ in session] == ["RDSH01", "RDSH01"]
    texts = [text for session in messages.values() for _, text in session]
    assert [re.sub(r"\d\d:\d\d", "hh:mm", text) for text in texts] == ["alice hh:mm {minutes}", "Жанна hh:mm {minutes}"]
    deadline = datetime.now() + timedelta(seconds=ahead + 900)
    near = {(deadline + timedelta(minutes=minutes)).strftime("%H:%M") for minutes in (-1, 0, 1)}
    assert texts[0].split()[1] in near


async def test_check_mode_shows_nothing(windows: Windows) -> None:
    host = session_host(ALICE, BOB)
    assert results(await send(windows, host, check_mode=True)) == {12: "would_send", 13: "would_send"}
    assert windows.mutating_calls_on(host) == []


async def test_services_and_listeners_are_shown_nothing(windows: Windows) -> None:
    host = session_host({"id": 1, "name": "console", "user": "operator"})
    report = await send(windows, host, all=False, sessions=["0", "1", "65536"], protect_console=False)
    assert results(report) == {0: "protected", 1: "sent", 65536: "protected"}


async def test_answers_are_awaited_side_by_side(windows: Windows) -> None:
    answers = {"answer": "yes", "answer_after": "0.1s"}
    host = session_host(*({"id": id, "user": f"user{id}"} | answers for id in range(10, 18)), BOB | {"id": 18})
    windows.meet(SEND, 9)
    report = await send(windows, host, {"message_style": MB_YESNO, "message_seconds": 2}, wait_for_answer=True)
    assert results(report) == dict.fromkeys(range(10, 18), "answered") | {18: "no_answer"}
    assert [record(report, id)["answer"] for id in (10, 18)] == [YES, None]


async def test_the_time_that_users_take_is_not_the_servers(windows: Windows) -> None:
    host = session_host(ALICE | {"answer": "no", "answer_after": "1.5s"}, BOB)
    text = {"message_style": MB_YESNO, "message_seconds": 2}
    report = await send(windows, host, text, wait_for_answer=True, server_timeout=PATIENCE)
    assert results(report) == {12: "answered", 13: "no_answer"}
    assert record(report, 12)["answer"] == NO


async def test_a_host_that_does_not_come_back_when_the_users_time_is_over(windows: Windows) -> None:
    host = session_host(ALICE, BOB | {"answer": "ok"}, faults=[{"call": SEND, "session": 12, "delay": "never"}])
    report = await send(windows, host, {"message_seconds": 1}, wait_for_answer=True, server_timeout=PATIENCE)
    assert results(report) == {12: "timed_out", 13: "answered"}
    assert record(report, 12)["error"] == {"call": "WTSSendMessage", "code": None}


@pytest.mark.parametrize("wait_for_answer", [False, True])
@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        ({"call": SEND, "error": 5}, "denied"),
        ({"call": SEND, "error": 7022}, "already_gone"),
        ({"call": SEND, "error": 7007}, "already_gone"),
        ({"call": SEND, "error": 1722}, "failed"),
        ({"call": SEND, "error": 7024}, "failed"),
        ({"call": ENUMERATE, "then": [{"put": {"id": 12, "user": "mallory"}}]}, "already_gone"),
        ({"call": QUERY, "error": 1726}, "failed"),
    ],
    ids=str,
)
async def test_what_may_happen_instead(
    windows: Windows, fault: dict[str, Any], outcome: str, wait_for_answer: bool
) -> None:
    session = {} if fault["call"] == ENUMERATE else {"session": 12}
    host = session_host(ALICE, BOB | {"answer": "ok"}, faults=[fault | session])
    report = await send(windows, host, {"message_seconds": 5}, wait_for_answer=wait_for_answer)
    assert results(report) == {12: outcome, 13: "answered" if wait_for_answer else "sent"}
    assert list(shown(host)) == [13]


@pytest.mark.parametrize("error", [2, 7022])
@pytest.mark.parametrize(
    ("meanwhile", "outcome"),
    [
        ({"input": 13}, "failed"),
        ({"remove": 12}, "already_gone"),
        ({"put": {"id": 12, "user": "alice", "state": "disconnected", "logged_on": 1}}, "already_gone"),
    ],
    ids=str,
)
async def test_a_disconnected_session_that_is_still_there_has_not_gone(
    windows: Windows, error: int, meanwhile: dict[str, Any], outcome: str
) -> None:
    """Whatever Windows answers to a message for it."""
    refused = {"call": SEND, "session": 12, "error": error, "before": [meanwhile]}
    report = await send(windows, session_host(ALICE | {"state": "disconnected"}, BOB, faults=[refused]))
    assert results(report) == {12: outcome, 13: "sent"}


async def test_a_fault_of_the_engine_itself_is_told(windows: Windows) -> None:
    """Whatever it was doing then: no session is without a result, and it is said where the engine stopped."""
    host = session_host(ALICE, BOB)
    members = {**TEXT, "wait_for_answer": False, "remaining_ms": 2**62}  # until a year that .NET does not have
    report = await windows.run(host, MessageRequest, members=members, all=True)
    (of_server,) = report["servers"]
    assert "System.ArgumentOutOfRangeException" in of_server["crash"]
    outcome = {session["id"]: (session["result"], session["error"]) for session in of_server["sessions"]}
    assert outcome == {12: ("timed_out", None), 13: ("failed", None)}
    assert windows.mutating_calls_on(host) == []


async def test_a_console_that_takes_no_message(windows: Windows) -> None:
    """As was seen: https://github.com/ansible-collections/community.windows/issues/533"""
    host = session_host({"id": 1, "name": "console", "user": "operator"}, ALICE, console_message_error=0x8000401A)
    report = await send(windows, host, protect_console=False)
    assert results(report) == {1: "failed", 12: "sent"}
    assert record(report, 1)["error"]["code"] % 2**32 == 0x8000401A
    assert list(shown(host)) == [12]
