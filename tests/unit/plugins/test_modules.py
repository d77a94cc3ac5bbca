# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the modules that are small ask of the engine, and what they make of its report."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.winops.rds.plugins.plugin_utils._engine.acts import DISCONNECT, LOG_OFF
from ansible_collections.winops.rds.plugins.plugin_utils._options.errors import OptionError
from ansible_collections.winops.rds.plugins.plugin_utils._options.message import BUTTONS, ICONS
from hypothesis import given
from hypothesis import strategies as st

from tests.support.reports import raw_server
from tests.unit.plugins.reporting import (
    MODULES,
    ReportedDisconnect,
    ReportedMessage,
    ReportedSessionInfo,
    Reporting,
    session,
)

DENIED = {"call": "WTSSendMessage", "code": 5}


def asked(action: Reporting, **given: Any) -> Any:
    action.result(**given)
    return action.asked


def counted(result: dict[str, Any]) -> dict[str, int]:
    """The summary, without what is not there."""
    return {key: count for key, count in result["summary"].items() if count}


@pytest.mark.parametrize("module", MODULES)
def test_each_launches_the_module_of_its_name_for_its_act(module: str) -> None:
    reported, act, needed = MODULES[module]
    request = asked(reported(), all=True, **needed)
    assert request.act is act
    assert request.module == module


@pytest.mark.parametrize("module", MODULES)
@pytest.mark.parametrize("server_timeout", ["0", "soon"])
def test_each_refuses_a_server_timeout_that_is_none(module: str, server_timeout: str) -> None:
    reported, _act, needed = MODULES[module]
    with pytest.raises(OptionError, match="server_timeout: "):
        reported().result(all=True, server_timeout=server_timeout, **needed)


@pytest.mark.parametrize("module", MODULES)
def test_missing_fails_each(module: str) -> None:
    reported, _act, needed = MODULES[module]
    result = reported().result(users=[f"user{n}" for n in range(9)], missing="fail", **needed)
    assert result["failed"]
    assert result["not_found"] == [f"user{n}" for n in range(9)]
    assert result["msg"].startswith("not found: user0, user1, user2, user3, user4 and 4 more (missing=fail). ")


@pytest.mark.parametrize("module", MODULES)
def test_protection_tells_what_the_module_does_not_do(module: str) -> None:
    reported, act, needed = MODULES[module]
    if act in (LOG_OFF, DISCONNECT):
        console = session("protected", id=1, name="console", matched_by=["session_ids:0"])
        verb = "log it off" if act is LOG_OFF else "disconnect it"
        assert f"Set protect_console=false to {verb}." in reported(console).result(sessions=[1])["msg"]
    services = session("protected", id=0, name="services", matched_by=["session_ids:0"])
    result = reported(services).result(sessions=[0], **needed)
    assert "session 0 runs the services of Windows and is never touched" in result["msg"]


VALUE = st.recursive(
    st.one_of(
        st.text(max_size=20),
        st.text(alphabet="0123456789 {user}{server}yesnok_mhs\0\n", max_size=12),
        st.sampled_from(["yes_no", "question", "30s", "{user}", "1e400", "nan"]),
        st.integers(),
        st.floats(),
        st.booleans(),
        st.none(),
    ),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
)


@given(st.data())
@pytest.mark.parametrize("module", MODULES)
def test_options_are_either_refused_or_understood(module: str, data: st.DataObject) -> None:
    reported, _act, needed = MODULES[module]
    action = reported()
    odd = data.draw(st.dictionaries(st.sampled_from([*action.ARGUMENT_SPEC]), VALUE, max_size=3))
    try:
        result = action.result(**{"all": True, **needed, **odd})
    except OptionError as refusal:
        result = {"failed": True, "msg": str(refusal)}
    if not action.asked:
        assert result["msg"]
        assert result.get("failed") or any(value in ([], [[]], [[], []]) for value in odd.values())
        return
    members = json.loads(action.asked.text)
    for member in ("server_timeout_ms", "timeout_ms", "message_style", "message_seconds"):
        assert 0 <= members.get(member, 0) < 2**63
    assert type(members["ignore_unknown_exclusions"]) is bool


# ---- win_rds_session_info


def test_info_without_options_is_about_everybody() -> None:
    assert asked(ReportedSessionInfo()).all is True
    assert asked(ReportedSessionInfo(), exclude_users="svc-*").all is True
    assert asked(ReportedSessionInfo(), all=False).all is True
    assert asked(ReportedSessionInfo(), users="alice").all is False
    assert asked(ReportedSessionInfo(), locked=False).all is False


def test_info() -> None:
    action = ReportedSessionInfo(session("listed"), session("listed", id=13, name="", state=4), diff=True)
    result = action.result()
    assert result["changed"] is False
    assert [(r["id"], r["state"], r["result"]) for r in result["sessions"]] == [
        (12, "active", "listed"),
        (13, "disconnected", "listed"),
    ]
    assert counted(result) == {"active": 1, "disconnected": 1}
    assert result["msg"] == "2 sessions selected: 1 active, 1 disconnected."
    assert "diff" not in result
    assert action.said == [
        "RDSH01: session 12 (CONTOSO\\alice): active, idle 1m 30s",
        "RDSH01: session 13 (CONTOSO\\alice): disconnected, idle 1m 30s",
    ]


def test_info_leaves_out_what_has_gone_meanwhile() -> None:
    result = ReportedSessionInfo(session("already_gone"), session("listed", id=13), found=["users:0"]).result(
        users="alice"
    )
    assert [record["id"] for record in result["sessions"]] == [13]
    assert result["not_found"] == []


def test_info_about_a_session_that_windows_does_not_tell_fails_at_the_end() -> None:
    result = ReportedSessionInfo(session("denied", DENIED), session("listed", id=13)).result()
    assert result["failed"] and not result["changed"]
    assert counted(result) == {"active": 1, "denied": 1}
    assert result["msg"].endswith(" 2 sessions selected: 1 active, 1 denied.")


def test_states_that_nobody_knows_are_counted_too() -> None:
    result = ReportedSessionInfo(session("listed", state=42), session("listed")).result()
    assert counted(result) == {"state_42": 1, "active": 1}


# ---- win_rds_disconnect


def test_disconnect_asks_for_what_was_given() -> None:
    request = asked(ReportedDisconnect(), all=True)
    assert (request.protect_console, request.timeout_ms) == (True, 30_000)
    request = asked(ReportedDisconnect(), all=True, protect_console=False, timeout="1m")
    assert (request.protect_console, request.timeout_ms) == (False, 60_000)


@pytest.mark.parametrize("timeout", ["0", "0.0001", "soon"])
def test_disconnect_refuses_a_timeout_that_is_none(timeout: str) -> None:
    with pytest.raises(OptionError, match="timeout: "):
        ReportedDisconnect().result(all=True, timeout=timeout)


@pytest.mark.parametrize(
    ("outcome", "accepted", "changed"),
    [
        ("would_disconnect", False, True),
        ("disconnected", True, True),
        ("timed_out", True, True),
        ("already_disconnected", False, False),
        ("already_gone", False, False),
        ("spared", False, False),
        ("protected", False, False),
    ],
)
def test_disconnect_has_changed_what_windows_accepted(outcome: str, accepted: bool, changed: bool) -> None:
    result = ReportedDisconnect(session(outcome, accepted=accepted)).result(all=True)
    assert result["changed"] is changed
    assert result.get("failed", False) == (outcome == "timed_out")
    assert counted(result) == {outcome: 1}


def test_disconnect_that_takes_too_long() -> None:
    result = ReportedDisconnect(session("timed_out", accepted=True)).result(all=True, timeout="5")
    assert "Windows accepted the request and the session was still connected after 5s. Raise 'timeout'" in result["msg"]


def test_disconnect_shows_what_changes() -> None:
    diff = ReportedDisconnect(session("would_disconnect"), diff=True).result(all=True)["diff"]
    assert ("active" in diff["before"], "disconnected" in diff["after"]) == (True, True)


# ---- win_rds_message


def test_message_asks_for_what_was_given() -> None:
    request = asked(ReportedMessage(), all=True, message="Hi {user}")
    assert (request.title, request.message, request.message_style) == ("{server}", "Hi {user}", 64)
    assert (request.message_seconds, request.wait_for_answer) == (0, False)
    assert request.protect_console is False
    request = asked(ReportedMessage(), all=True, message="?", title="T", icon="question", show_for="1m")
    assert (request.title, request.message_style, request.message_seconds) == ("T", 32, 60)
    request = asked(ReportedMessage(), all=True, message="?", icon="none", buttons="yes_no", answer_timeout="1.2s")
    assert (request.message_style, request.message_seconds, request.wait_for_answer) == (4, 2, True)


@pytest.mark.parametrize("buttons", BUTTONS)
@pytest.mark.parametrize("icon", ICONS)
def test_message_style_of_each_choice(buttons: str, icon: str) -> None:
    request = asked(ReportedMessage(), all=True, message="?", icon=icon, buttons=buttons, answer_timeout="9s")
    assert (request.message_style & 0xF, request.message_style & 0xF0) == (
        BUTTONS[buttons],
        ICONS[icon],
    )


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"message": " "}, "message is empty"),
        ({"message": "a\0b"}, "message holds the control character"),
        ({"message": "{name}"}, "message holds {name}, which is not known; braces are for placeholders, and accepted"),
        ({"message": "{ user }"}, "message holds { user }"),
        ({"message": "Dear {user.name}"}, "message holds {user.name}"),
        ({"message": "{{user}}"}, "message holds {, "),
        ({"message": "{user"}, "message holds {, "),
        ({"message": "{server} :-}"}, "message holds }, "),
        ({"message": "{deadline}"}, "message holds {deadline}"),
        ({"message": "x", "title": "{User}"}, "title holds {User}"),
        ({"message": "x", "buttons": "ok"}, "buttons asks for an answer that nobody waits for"),
        ({"message": "x", "show_for": 5, "answer_timeout": 5}, "show_for contradicts answer_timeout"),
        ({"message": "x", "show_for": 0}, "show_for: 0 would give nobody the time to read it"),
        ({"message": "x", "answer_timeout": 0}, "answer_timeout: 0 would give nobody the time to answer"),
    ],
    ids=str,
)
def test_message_refuses(given: dict[str, Any], words: str) -> None:
    action = ReportedMessage()
    try:
        message = action.result(all=True, **given)["msg"]
    except OptionError as error:
        message = str(error)
    assert message.startswith(words)
    assert action.asked is None


def test_message_is_required() -> None:
    with pytest.raises(OptionError, match="missing required arguments: message"):
        ReportedMessage().result(all=True)


@pytest.mark.parametrize("text", ["(user)", "100 %", "line\r\nline\ttab", "{user}{server}"])
def test_message_takes_any_other_text(text: str) -> None:
    assert asked(ReportedMessage(), all=True, message=text).message == text


def test_message_never_changes_anything() -> None:
    sent = [session("sent", accepted=True), session("answered", accepted=True, answer=1), session("would_send")]
    assert ReportedMessage(*sent, diff=True).result(all=True, message="x")["changed"] is False


def test_message_tells_who_answered_what() -> None:
    answers = [session("answered", id=n, accepted=True, answer=n) for n in range(1, 8)]
    unanswered = [session("no_answer", id=8, accepted=True), session("denied", DENIED, id=9)]
    action = ReportedMessage(*answers, *unanswered)
    result = action.result(all=True, message="x", answer_timeout=5)
    names = ["ok", "cancel", "abort", "retry", "ignore", "yes", "no"]
    assert [record["answer"] for record in result["sessions"]] == [*names, None, None]
    assert counted(result) == {"answered": 7, "no_answer": 1, "denied": 1}
    assert action.said[0] == "RDSH01: session 1 (CONTOSO\\alice): answered after 1.4s: ok"
    assert action.said[7] == "RDSH01: session 8 (CONTOSO\\alice): did not answer"


def test_message_that_nobody_answers_is_no_failure() -> None:
    result = ReportedMessage(session("no_answer")).result(all=True, message="x", answer_timeout=5)
    assert "failed" not in result
    assert result["msg"] == "1 session selected: 1 did not answer."


def test_a_server_that_is_down_fails_each_module_at_its_end() -> None:
    for reported, _act, needed in MODULES.values():
        action = reported()
        down = {"call": "WTSEnumerateSessionsEx", "code": 1722}
        action.report["servers"] = [raw_server(server="RDSH02"), raw_server(server="RDSH03", error=down)]
        result = action.result(all=True, server=["RDSH02", "RDSH03"], **needed)
        assert result["failed"] and "RDSH03: " in result["msg"]
        assert [entry["error"] and entry["error"]["code"] for entry in result["servers"]] == [None, 1722]
