# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whatever whoever logs on has called a computer or a program: a terminal shows it, and obeys nothing of it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.errors import AnsibleConnectionFailure, AnsibleFilterError
from ansible.playbook.play_context import PlayContext
from ansible.playbook.task import Task
from ansible_collections.winops.rds.plugins.action.win_rds_logoff import ActionModule
from ansible_collections.winops.rds.plugins.filter.displayable import FilterModule
from ansible_collections.winops.rds.plugins.plugin_utils._engine.acts import LIST, LOG_OFF, RESULTS
from ansible_collections.winops.rds.plugins.plugin_utils._engine.report import UnknownExclusion
from ansible_collections.winops.rds.plugins.plugin_utils._grace.host import TaskHost
from ansible_collections.winops.rds.plugins.plugin_utils._grace.outcome import not_carried_out
from ansible_collections.winops.rds.plugins.plugin_utils._grace.warned import WarnedSessions
from ansible_collections.winops.rds.plugins.plugin_utils._grace.warned import names_text as warned_names
from ansible_collections.winops.rds.plugins.plugin_utils._launch.action import ConnectionLost, NotKnown
from ansible_collections.winops.rds.plugins.plugin_utils._logon_mode import modes
from ansible_collections.winops.rds.plugins.plugin_utils._result import records, sentences
from ansible_collections.winops.rds.plugins.plugin_utils._result.records import own_error
from ansible_collections.winops.rds.plugins.plugin_utils._words.displayable import LONGEST_NAME, displayable
from hypothesis import given
from hypothesis import strategies as st

from tests.support import reports
from tests.support.reports import Raw, raw_report, raw_server, raw_session
from tests.support.selections import asked
from tests.unit.plugins.reporting import MODULES, ReportedLogoff

#: Each does something in a terminal or to a reader.
EVIL = {
    "clears the screen": "\x1b[2J",
    "begins a line": "\nPLAY RECAP",
    "returns": "\rok",
    "begins a sequence with one character": "\u009b2J",
    "turns the direction": "\u202ecilbup",
    "separates lines": "\u2028ok",
    "separates paragraphs": "\u2029ok",
    "sets the title": "\x1b]0;title\x07",
    "is not seen": "\u200b\ufeff",
    "ends a text": "\0",
    "deletes": "\x7f\b",
    "is half a character": "\ud800",
    "looks like a space": "\u00a0\u3000",
    "is nobody's": "\ue000\U000e0001",
}
ALL = "".join(EVIL.values())

#: The members of a session's part of a report that are text.
TEXTS = ("name", "user", "domain", "client_name", "client_address")


def evil_session(text: str, **changes: Any) -> Raw:
    """A session whose every text is this one."""
    ended = [{"id": 4711, "name": f"{text}.exe"}]
    return raw_session(**{**dict.fromkeys(TEXTS, text), "ended_processes": ended, **changes})


def unseen(texts: Iterable[str]) -> list[str]:
    """The texts of which something is not seen, or does something."""
    return [text for text in texts if not text.isprintable()]


# ---- the text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("CONTOSO\\alice", "CONTOSO\\alice"),
        ("Жанна Élodie 李 ÅÄÖ e\u0301 ß", "Жанна Élodie 李 ÅÄÖ e\u0301 ß"),
        ("🖥", "🖥"),
        ("", ""),
        ("a b", "a b"),
        ("\x1b[2J", "\\x1b[2J"),
        ("a\nb\r", "a\\nb\\r"),
        ("\u009b2J", "\\x9b2J"),
        ("\u202ealice", "\\u202ealice"),
        ("\u2028", "\\u2028"),
        ("a\u00a0b\u3000c", "a\\xa0b\\u3000c"),
        ("\U000e0001", "\\U000e0001"),
        ("\ud800", "\\ud800"),
        ("x" * 128, "x" * 128),
        ("x" * 129, "x" * 127 + "…"),
    ],
)
def test_displayable(text: str, expected: str) -> None:
    assert displayable(text) == expected


def test_how_much_is_shown() -> None:
    assert displayable("x" * 9, 8) == "x" * 7 + "…"
    assert displayable("x" * 9000, None) == "x" * 9000
    # What is cut is the text as it is, so that no escape is cut in the middle.
    assert displayable("\x1b" * 200) == "\\x1b" * (LONGEST_NAME - 1) + "…"


@given(st.text(st.characters(), max_size=200))
def test_nothing_unseen_is_left_of_any_text(text: str) -> None:
    made = displayable(text)
    assert made.isprintable()
    assert not [c for c in made if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")]
    assert displayable(made, None) == made


@given(st.text(st.characters(categories=["L", "N", "P", "S"]), max_size=LONGEST_NAME))
def test_what_can_be_seen_stays(text: str) -> None:
    assert displayable(text) == text


# ---- the filter

FILTER = FilterModule().filters()["displayable"]


@pytest.mark.parametrize("evil", EVIL.values(), ids=EVIL)
def test_filter(evil: str) -> None:
    assert FILTER(f"PC{evil}") == displayable(f"PC{evil}")
    assert FILTER(f"PC{evil}").isprintable()
    assert FILTER([evil, ("alice", [evil])]) == [FILTER(evil), ["alice", [FILTER(evil)]]]


def test_filter_of_a_list_that_holds_what_is_no_text() -> None:
    with pytest.raises(AnsibleFilterError, match="got NoneType"):
        FILTER(["alice", None])


def test_filter_shortens() -> None:
    assert FILTER("x" * 200) == "x" * (LONGEST_NAME - 1) + "…"
    assert FILTER([]) == []


@pytest.mark.parametrize("value", [None, 12, 1.5, True, b"x", {"account": "alice"}], ids=repr)
def test_filter_of_what_is_no_text(value: Any) -> None:
    with pytest.raises(AnsibleFilterError, match=f"fit to be shown, and got {type(value).__name__}"):
        FILTER(value)


# ---- what is shown of a task

REFUSED = {"call": "WTSQuerySessionInformation", "code": 5}

each_evil = pytest.mark.parametrize("evil", [*EVIL.values(), ALL], ids=[*EVIL, "all of it"])


def evil_record(evil: str, **changes: Any) -> dict[str, Any]:
    session = reports.session(**evil_session(evil, **changes))
    return records.session_record(session, "RDSH01", asked(LOG_OFF, all=True))


@each_evil
@pytest.mark.parametrize("module", MODULES)
def test_a_task_shows_what_can_be_shown_and_keeps_what_there_is(module: str, evil: str) -> None:
    reported, act, needed = MODULES[module]
    done = min(act.results | ({act.planned} if act is LIST else set()))
    sessions = [evil_session(evil, result=done), evil_session(evil, id=13, result="failed", error=REFUSED)]
    action = reported(*sessions, diff=True)
    action.report["servers"][0]["excluded"] = [evil_session(evil, id=14, result="excluded", accepted=False)]
    result = action.result(all=True, **needed)
    assert result["failed"] and len(action.said) == 3
    assert unseen([result["msg"], *action.said]) == []
    if act.done:
        before = result["diff"]["before"].split("\n")
        assert len(before) == 3 and unseen(before) == []
        assert unseen(result["diff"]["after"].split("\n")) == []
    for record in [*result["sessions"], *result["excluded"]]:
        assert {name: record[name] for name in TEXTS} == dict.fromkeys(TEXTS, evil)
        assert record["account"] == f"{evil}\\{evil}"
        if act is LOG_OFF:
            assert record["ended_processes"] == [{"id": 4711, "name": f"{evil}.exe"}]


@each_evil
@pytest.mark.parametrize("outcome", RESULTS)
def test_the_line_of_a_session(outcome: str, evil: str) -> None:
    """Its name is shown where it has no user."""
    for changes in {}, {"user": "", "domain": ""}, {"domain": ""}:
        record = evil_record(evil, result=outcome, **changes)
        record["error"] = own_error(evil, evil)
        texts = [sentences.session_text(record), sentences.session_title(record), sentences.ended_names(record)]
        assert unseen(texts) == []
        assert unseen([sentences.failure_text(sentences.failure_reasons([], [record]), [record], [evil])]) == []


@each_evil
def test_texts_of_a_task(evil: str) -> None:
    error = {"code": 5, "name": evil, "message": evil, "hint": evil}
    unknown = sentences.unknown_exclusions_text(
        [(evil, UnknownExclusion(0, 0, None)), (evil, UnknownExclusion(0, 1, evil))]
    )
    texts = [sentences.error_text(error), sentences.names_text([evil]), sentences.summary_text([], [evil]), unknown]
    assert unseen(texts) == []
    assert displayable(evil) in texts[1]


@each_evil
def test_a_server_that_is_not_what_it_should_be(evil: str) -> None:
    """What it calls itself is not taken for its name; its exception and its calls are shown."""
    action = ReportedLogoff(evil_session(evil), error={"call": evil, "code": 5})
    action.report["servers"][0] |= {"computer_name": evil, "crash": f"x{evil}"}
    result = action.result(all=True)
    assert unseen([result["msg"], *action.said]) == []
    assert [server["server"] for server in result["servers"]] == ["rdsh01.example"]


@each_evil
def test_lines_of_a_grace_period(evil: str) -> None:
    warned = WarnedSessions(reports.report(raw_report(raw_server(evil_session(evil, result="sent")))))
    failure = not_carried_out(OSError(evil), warned.on, unknown=False)
    assert unseen([warned_names(warned.on), failure.on, failure.logged_off, failure.reason]) == []
    assert failure.on == displayable(evil)
    assert [session.user for session in warned.on] == [evil]


class Shown(ActionModule):
    """The action plugin, and the lines that it shows."""

    def __init__(self, error: Exception | None = None, *, no_log: bool = False) -> None:
        task = Task.load({"action": "winops.rds.win_rds_logoff", "no_log": no_log})
        super().__init__(task, None, PlayContext(), None, None, None)
        self.lines: list[str] = []
        show = lambda text, **_: self.lines.append(text)  # noqa: E731
        self._display = SimpleNamespace(v=show, vvv=show, display=show)
        self.error = error

    def _execute_module(self, **_: Any) -> dict[str, Any]:
        self.launch_begins()
        if self.error:
            raise self.error
        return {"msg": ALL}


@each_evil
def test_lines_of_progress(evil: str) -> None:
    action = Shown()
    action.say(evil)
    TaskHost(action, {}).tell(evil)
    assert action.lines == [displayable(evil)] * 2


def test_no_log_shows_no_line() -> None:
    action = Shown(no_log=True)
    action.say("alice")
    TaskHost(action, {}).tell("alice")
    assert action.lines == []


@pytest.mark.parametrize("error", [None, OSError(ALL), AnsibleConnectionFailure(ALL)], ids=repr)
def test_the_words_of_a_launch_that_failed(error: Exception | None) -> None:
    with pytest.raises((NotKnown, ConnectionLost)) as raised:
        Shown(error).launch(asked(LOG_OFF, all=True), {})
    assert unseen([str(raised.value)]) == []


@each_evil
def test_what_stands_in_the_registry(evil: str) -> None:
    """It is shown as a warning."""
    reading = modes.Reading(drain_mode=None, winstations_disabled=modes.Value(1, evil))
    assert unseen([modes.odd_values_text(reading)]) == []
