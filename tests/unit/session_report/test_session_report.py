# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a report says, and that names do nothing in it."""

from __future__ import annotations

import csv
import io
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.winops.rds.plugins.filter.session_report import session_report
from ansible_collections.winops.rds.plugins.plugin_utils._result.sentences import error_text
from ansible_collections.winops.rds.plugins.plugin_utils._session_report.files import head_of, report_path, write_report
from ansible_collections.winops.rds.plugins.plugin_utils._session_report.masks import Masks
from ansible_collections.winops.rds.plugins.plugin_utils._session_report.page import page
from ansible_collections.winops.rds.plugins.plugin_utils._session_report.seen import TaskResult
from ansible_collections.winops.rds.plugins.plugin_utils._session_report.sheet import COLUMNS, sheet
from ansible_collections.winops.rds.plugins.plugin_utils._session_report.view import view

from tests.unit.session_report.seen import EVIL, START, at, evil_page, mode, night, programs, record, result, timed_out


def rows(text: str) -> list[dict[str, str]]:
    assert text.startswith("\ufeff")
    return [*csv.DictReader(io.StringIO(text[1:], newline=""))]


def test_a_night() -> None:
    shown = view(night())
    (server,) = shown.servers
    assert (server.name, server.mode, server.before, server.after, server.failed) == ("RDSH01", "enabled", 3, 2, 0)
    assert {r["user"]: r["result"] for r in shown.sessions} == {
        "alice": "already_gone", "bob": "logged_off", "carol": "spared", "erin": "listed",
    }  # fmt: skip
    assert [(f"{event.time:%H:%M}", event.text) for event in shown.events] == [
        ("22:00", "accepts no new logons (drain)"),
        ("22:01", "3 sessions warned"),
        ("22:11", "reminder"),
        ("22:15", "reminder"),
        ("22:16", "1 logged off, 1 already gone, 1 spared"),
        ("22:28", "work done: Install updates"),
        ("22:28", "accepts logons"),
    ]
    assert [(span.kind, (span.ended - span.began).total_seconds() / 60) for span in shown.spans] == [
        ("warned", 15), ("acted", 0.5), ("work", 10), ("closed", 28),
    ]  # fmt: skip
    assert "3 sessions before. Now: 2 sessions on 1 server: 2 active." in page(
        shown, head_of("A night"), idle_limit=60, masked=False
    )


def test_a_host_that_stays_closed() -> None:
    shown = view(night()[:-1])
    assert shown.closed() == 1
    assert "closed" in {span.kind for span in shown.spans}


def test_who_could_not_be_asked_is_a_failure() -> None:
    shown = view(
        [TaskResult("rdsh01", result(record(1))), TaskResult("rdsh02", {"unreachable": True, "msg": "no route"})]
    )
    assert shown.failed() == 1
    assert shown.overview.unasked == {"rdsh02": "no route"}


def test_who_was_left_out_was_not_asked() -> None:
    skipped = {"changed": False, "skipped": True}
    seen = [TaskResult("rdsh01", result(record(1))), TaskResult("rdsh01", skipped), TaskResult("rdsh02", skipped)]
    assert view(seen).overview.unasked == {"rdsh02": "it returned no sessions"}


def test_who_answers_later_was_asked() -> None:
    refused = TaskResult("rdsh01", {"failed": True, "msg": "unknown option bla"}, failed=True)
    answered = TaskResult("rdsh01", result(record(1)), tells_all=True)
    assert view([refused, answered]).overview.unasked == {}
    lost = view([answered, refused])
    assert lost.overview.unasked == {"rdsh01": "unknown option bla"}
    planned = TaskResult("rdsh01", result(record(1, result="would_log_off")))
    assert "1 session before. When last seen: 1 session on 1 server: 1 active." in page(
        view([planned, refused]), head_of("A night"), idle_limit=60, masked=False
    )


def test_who_left_between_two_looks_is_not_still_on() -> None:
    alice, bob, carol, dave = (record(number, name) for number, name in enumerate(("alice", "bob", "carol", "dave"), 2))
    plan = [{**one, "result": "would_log_off"} for one in (alice, bob, carol)]
    look = result(excluded=[{**carol, "result": "excluded"}])
    act = result({**bob, "result": "timed_out"}, dave)
    some = TaskResult("rdsh01", look)
    assert len(view([TaskResult("rdsh01", result(*plan)), TaskResult("rdsh01", act), some]).overview.sessions) == 4
    shown = view(
        [TaskResult("rdsh01", result(*plan)), TaskResult("rdsh01", act), TaskResult("rdsh01", look, tells_all=True)]
    )
    assert [one["user"] for one in shown.overview.sessions] == ["carol"]
    assert {one["user"]: one["result"] for one in shown.sessions} == {
        "alice": "already_gone", "bob": "timed_out", "carol": "would_log_off", "dave": "already_gone",
    }  # fmt: skip


def test_programs_stay_known_when_another_result_tells_of_none() -> None:
    told = programs(("winword.exe", 5))
    plain, listed = record(12), record(12, **told)
    for seen in ([plain, listed], [listed, plain], [listed, {**plain, "result": "timed_out"}]):
        shown = view([TaskResult("rdsh01", result(one)) for one in seen])
        (one,) = shown.sessions
        assert {name: one[name] for name in told} == told
        assert (one["result"], shown.processes_known, shown.heaviest()) == (seen[-1]["result"], True, [one])
    assert not view([TaskResult("rdsh01", result(plain))]).processes_known


def test_who_was_perhaps_not_recognised_has_not_left() -> None:
    """The logon time of a session could not be read, or its server did not answer."""
    first = TaskResult("rdsh01", result(record(12)))
    unread = result(record(12, logon_time=None, result="failed"))
    silent = {"servers": [{"server": "RDSH01", "error": {"code": 5, "name": "X", "message": "m", "hint": "h"}}]}
    for values in (unread, silent):
        assert record(12) in view([first, TaskResult("rdsh01", values, tells_all=True)]).overview.sessions


def test_who_began_after_something_was_done_was_not_there_before() -> None:
    """``erin`` logged on before it, ``frank`` after it; of a host on which nothing was done, everybody was there."""
    erin = record(20, "erin", logon_time="2026-11-21T21:59:59Z")
    frank = record(21, "frank", logon_time="2026-11-21T22:00:01Z")
    grace = record(22, "grace", "RDSH02", logon_time="2026-11-21T22:30:00Z")
    seen = [
        at(0, "rdsh01", result({**record(12), "result": "logged_off"})),
        at(60, "rdsh01", result(erin, frank)),
        at(60, "rdsh02", result(grace, server="RDSH02")),
    ]
    servers = [(server.name, server.before, server.after) for server in view(seen).servers]
    assert servers == [("RDSH01", 2, 2), ("RDSH02", 1, 1)]


def test_what_is_planned_or_only_looked_at_makes_nobody_a_newcomer() -> None:
    frank = record(21, "frank", logon_time="2026-11-21T22:00:01Z")
    for planned in ("listed", "would_log_off", "would_disconnect", "would_send"):
        first = at(0, "rdsh01", result({**record(12), "result": planned}))
        (server,) = view([first, at(60, "rdsh01", result(frank))]).servers
        assert server.before == 2


def test_what_is_counted() -> None:
    idle = [record(number, idle_seconds=seconds) for number, seconds in ((2, None), (3, 59), (4, 60), (5, 61))]
    shown = view([TaskResult("rdsh01", result(*idle, record(6, result="logged_off", idle_seconds=90)))])
    assert (shown.idle(60), shown.modes_known, shown.closed(), shown.failed()) == (2, False, 0, 0)
    modes = [
        TaskResult(f"rdsh0{number}", mode(after, "enabled"))
        for number, after in enumerate(("enabled", "drain", "disabled"))
    ]
    shown = view([*modes, TaskResult("rdsh03", result(record(2, result="timed_out"), record(3, result="denied")))])
    assert (shown.modes_known, shown.closed(), shown.failed()) == (True, 2, 2)


@pytest.mark.parametrize(("results", "acted"), [(["listed"], False), (["listed", "would_log_off"], True)])
def test_whether_something_was_done(results: list[str], acted: bool) -> None:
    records = [record(number, result=each) for number, each in enumerate(results, 2)]
    assert view([TaskResult("rdsh01", result(*records))]).acted is acted


def test_sessions_and_servers_are_in_order() -> None:
    seen = [
        TaskResult(name, result(record(9, server=name), record(3, server=name), server=name))
        for name in ("b", "A", "C")
    ]
    shown = view(seen)
    assert [server.name for server in shown.servers] == ["A", "b", "C"]
    assert [(one["server"], one["id"]) for one in shown.sessions] == [(s, i) for s in ("A", "b", "C") for i in (3, 9)]


def test_reminders_that_came() -> None:
    """Nobody was reminded after the task had ended, nor where nobody was warned."""
    acted = {**record(12), "result": "logged_off", "warnings": 3}
    early = at(0, "rdsh01", result(acted, deadline="2026-11-21T22:15:00Z"), 12, reminders=["10m", "5m", "3m", "1m"])
    texts = [(f"{event.time:%H:%M}", event.kind) for event in view([early]).events]
    assert texts == [("22:00", "warned"), ("22:05", "reminded"), ("22:10", "reminded"), ("22:12", "acted")]
    unwarned = at(0, "rdsh01", result({**acted, "warnings": 0}, deadline="2026-11-21T22:15:00Z"), 12, reminders=["10m"])
    assert [event.kind for event in view([unwarned]).events] == ["acted"]


def test_reminders_that_nobody_got() -> None:
    """Alice has left before the first; bob has come after it, and carol is connected again since."""
    alice = {**record(12), "result": "already_gone", "warnings": 1}
    bob = {**record(14, "bob", logon_time="2026-11-21T22:07:00Z"), "result": "logged_off", "warnings": 2}
    carol = {**record(17, "carol", connect_time="2026-11-21T22:08:00Z"), "result": "logged_off", "warnings": 2}
    given = {"deadline": "2026-11-21T22:15:00Z"}
    for records in ((alice, bob), (alice, carol)):
        (event,) = [
            event
            for event in view([at(0, "rdsh01", result(*records, **given), 16, reminders=["10m", "5m"])]).events
            if event.kind == "reminded"
        ]
        assert f"{event.time:%H:%M}" == "22:10"
    alone = at(0, "rdsh01", result(alice, **given), 16, reminders=["10m", "5m"])
    assert [event.kind for event in view([alone]).events] == ["warned", "acted"]


def test_what_took_its_time() -> None:
    acted = {**record(12), "result": "logged_off", "warnings": 1}

    def spans(*seen: TaskResult) -> list[tuple[str, float, float]]:
        return [
            (span.kind, (span.began - START).total_seconds() / 60, (span.ended - START).total_seconds() / 60)
            for span in view([TaskResult("rdsh09", result()), *seen]).spans
        ]

    everybody_left = at(0, "rdsh01", result(acted, deadline="2026-11-21T22:15:00Z"), 10)
    assert spans(everybody_left) == [("warned", 0, 10)]
    assert spans(at(0, "rdsh01", result(acted, deadline="2026-11-21T22:15:00Z"), 20)) == [
        ("warned", 0, 15),
        ("acted", 15, 20),
    ]
    assert spans(at(0, "rdsh01", result(acted), 2)) == [("acted", 0, 2)]
    assert spans(at(0, "rdsh01", result(record(12)), 2)) == []
    changed, unchanged = ({"changed": value, "msg": ""} for value in (True, False))
    assert spans(at(1, "rdsh01", changed, 2, is_ours=False), at(5, "rdsh01", unchanged, 2, is_ours=False)) == [
        ("work", 1, 3)
    ]
    closed, again, opened = mode("drain", "enabled"), mode("drain", "drain"), mode("enabled", "drain")
    assert spans(at(0, "a", again), at(1, "a", closed), at(2, "a", closed), at(5, "a", opened)) == [("closed", 1, 5)]
    assert spans(at(1, "a", closed), at(7, "b", opened)) == [("closed", 1, 7)]


def test_what_failed_and_what_did_nothing() -> None:
    work = {"changed": True, "msg": "boom"}
    seen = [
        TaskResult("rdsh01", result(record(12))),
        at(0, "rdsh01", work, task="Works", is_ours=False),
        at(1, "rdsh01", work, task="Fails", is_ours=False, failed=True),
        at(2, "rdsh01", {**work, "changed": False}, task="Has nothing to do", is_ours=False),
        at(3, "rdsh01", mode("drain", "drain"), task="Is closed already"),
    ]
    events = [(event.kind, event.text, event.detail) for event in view(seen).events]
    assert events == [("work", "work done: Works", ""), ("failed", "failed: Fails", "boom")]


def test_check_mode_has_done_nothing() -> None:
    modes = [TaskResult("rdsh01", result(record(12, result="would_log_off")), check_mode=True)]
    modes += [at(0, "rdsh01", mode("drain", "enabled"), check_mode=True)]
    modes += [at(1, "rdsh01", {"changed": True}, task="Install updates", is_ours=False, check_mode=True)]
    shown = view(modes)
    assert (shown.events, shown.spans, shown.closed()) == ([], [], 0)
    assert shown.servers[0].mode == "enabled"


def test_a_reason_is_shown_whole() -> None:
    reason = "The host could not be reached, and this is why: " + "because. " * 40
    text = page(view([TaskResult("rdsh01", {"msg": reason})]), head_of("A night"), idle_limit=60, masked=False)
    assert reason.strip() in text


def test_accounts_with_several_sessions() -> None:
    seen = [TaskResult(name, result(record(3, server=name), server=name)) for name in ("RDSH01", "RDSH02")]
    ((account, records),) = view([*seen, TaskResult("RDSH03", result(record(3, "bob"), server="RDSH03"))]).accounts
    assert account == "CONTOSO\\alice"
    assert [one["server"] for one in records] == ["RDSH01", "RDSH02"]


class Tags(HTMLParser):
    """The tags of a page, and its attributes that run something or fetch something."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.active: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.active += [name for name, _value in attributes if name.startswith("on") or name in ("src", "href")]


@pytest.mark.parametrize("masked", [False, True])
def test_no_name_is_markup(masked: bool) -> None:
    text = evil_page(masked=masked)
    found = Tags(text)
    assert found.tags.count("script") == 1
    assert found.active == []
    assert not {"img", "b"} & {*found.tags}
    assert not re.search("[\u202a-\u202e\u2066-\u2069\x1b\x07]", text)
    assert "49" not in re.findall(r"<bdi[^>]*>([^<]*)", text)


def test_nothing_is_fetched() -> None:
    text = page(view(night()), head_of("A night"), idle_limit=60, masked=False)
    licence = "https://www.gnu.org/licenses/gpl-3.0.txt"
    assert not re.search(r"(?:https?:)?//[a-z]|url\(|@import", text.replace(licence, ""))
    assert "default-src 'none'" in text


def test_no_cell_is_a_formula() -> None:
    sessions = [record(number, name, client_name=name, name=name) for number, name in enumerate(EVIL, 2)]
    text = sheet(view([TaskResult("rdsh01", result(*sessions))]), masked=False)
    for separator in ",;\t|":
        for line in csv.reader(io.StringIO(text[1:], newline=""), delimiter=separator):
            assert not [cell for cell in line if re.match(r"\s*[=+\-@＝＋－＠]", cell)]
    assert len(rows(text)) == len(EVIL)
    assert rows(text)[6]["client_name"] == "'=cmd|'/c calc'!A0"


def test_a_sheet_has_what_the_page_has() -> None:
    (alice, bob, *_others) = rows(sheet(view(night()), masked=False))
    assert tuple(alice) == COLUMNS
    assert (alice["account"], alice["result"], alice["idle_seconds"]) == ("CONTOSO\\alice", "already_gone", "720")
    assert (bob["warnings"], bob["elapsed_seconds"]) == ("3", "2.1")


def test_each_column_of_the_sheet() -> None:
    error = {"code": 5, "name": "ERROR_ACCESS_DENIED", "message": "Access is denied.", "hint": "Ask."}
    ended = [{"id": 4, "name": "winword.exe"}, {"id": 8, "name": "excel.exe"}]
    one = record(
        12, disconnect_time="2026-11-21T14:00:00Z", result="denied", error=error, ended_processes=ended, warnings=2,
        running=["hung.exe"], **programs(("hung.exe", 300)),
    )  # fmt: skip
    shown = view([TaskResult("rdsh01", result(one, record(13, client_name=None, idle_seconds=None, locked=None)))])
    first, second = rows(sheet(shown, masked=False))
    assert first == {
        "server": "RDSH01", "id": "12", "session": "rdp-tcp#12", "account": "CONTOSO\\alice", "state": "active",
        "idle_seconds": "720", "logon_time": "2026-11-21T13:18:00Z", "disconnect_time": "2026-11-21T14:00:00Z",
        "client_name": "PC-12", "client_address": "10.0.0.12", "locked": "False", "protocol": "rdp", "result": "denied",
        "warnings": "2", "elapsed_seconds": "0.0", "ended_processes": "winword.exe, excel.exe", "running": "hung.exe",
        "memory_bytes": "300", "process_count": "1", "programs": "hung.exe 0 KiB", "error": error_text(error),
    }  # fmt: skip
    assert [name for name, value in second.items() if not value] == [
        "idle_seconds", "disconnect_time", "client_name", "locked", "warnings", "ended_processes", "running",
        "memory_bytes", "process_count", "programs", "error",
    ]  # fmt: skip


def test_a_mask_is_of_a_name_in_any_case_and_of_its_kind() -> None:
    masks = Masks()
    named = [("user", "alice"), ("user", "bob"), ("user", "ALICE"), ("computer", "alice"), ("user", "")]
    assert [masks.mask(kind, name) for kind, name in named] == ["user 1", "user 2", "user 1", "computer 1", ""]


def test_masks_leave_no_name() -> None:
    stuck = timed_out(record(21, "erin"), ended=["secret.exe"] * 6, running=["lurking.exe", "x" * 999])
    heavy = record(22, "erin", **programs(("private.exe", 3 << 30), ("secret.exe", 5)))
    shown = view(
        [
            *night(),
            at(40, "rdsh01", result(stuck, heavy)),
            TaskResult("rdsh09", {"unreachable": True, "msg": "alice@10.0.0.9: refused"}),
        ]
    )
    for text in (page(shown, head_of("A night"), idle_limit=60, masked=True), sheet(shown, masked=True)):
        assert not re.search(r"alice|bob|carol|erin|CONTOSO|PC-\d|10\.0\.|secret|lurking|xxx|private", text)
        assert "user 1" in text and "computer 1" in text and "address 1" in text and "program 1" in text
        assert "3.0 GiB" in text
        assert "RDSH01" in text


def test_files_are_for_their_maker(tmp_path: Path) -> None:
    written = write_report(tmp_path / "farm.html", view(night()), head_of("A night"), idle_limit=60, masked=False)
    assert [path.name for path in written] == ["farm.html", "farm.csv"]
    assert {path.stat().st_mode & 0o777 for path in written} == {0o600}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["farm.csv", "farm.html"]


def test_of_a_report_that_cannot_be_written_nothing_is_left(tmp_path: Path) -> None:
    (tmp_path / "farm.html").mkdir()
    with pytest.raises(IsADirectoryError):
        write_report(tmp_path / "farm.html", view(night()), head_of("A night"), idle_limit=60, masked=False)
    assert [path.name for path in tmp_path.iterdir()] == ["farm.html"]


def test_a_report_that_cannot_be_written_in_full_takes_no_earlier_ones_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is full, say."""

    def replace(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    (tmp_path / "farm.html").write_text("earlier", "utf-8")
    monkeypatch.setattr(Path, "replace", replace)
    with pytest.raises(OSError, match="No space left"):
        write_report(tmp_path / "farm.html", view(night()), head_of("A night"), idle_limit=60, masked=False)
    assert [path.read_text("utf-8") for path in tmp_path.iterdir()] == ["earlier"]


def test_where_a_report_can_be(tmp_path: Path) -> None:
    assert re.fullmatch(r"farm-\d{4}-\d\d\.html", report_path(f"{tmp_path}/farm-%Y-%m.html").name)
    with pytest.raises(ValueError, match=r"let it end in \.html"):
        report_path(f"{tmp_path}/farm.csv")
    with pytest.raises(ValueError, match="there is no folder"):
        report_path(f"{tmp_path}/none/farm.html")


def test_the_filter() -> None:
    results = {"rdsh01": result(record(12))}
    assert session_report(results, title="Mine").startswith("<!DOCTYPE html>")
    assert rows(session_report(results, format="csv", mask=True))[0]["account"] == "user 1"
    for given, words in (([], "takes a dictionary"), ({"a": 1}, "takes a dictionary")):
        with pytest.raises(AnsibleFilterError, match=words):
            session_report(given)
    with pytest.raises(AnsibleFilterError, match="format is html or csv"):
        session_report(results, format="pdf")
    with pytest.raises(AnsibleFilterError, match="idle_limit: '90' has no unit"):
        session_report(results, idle_limit="90")
    with pytest.raises(AnsibleFilterError, match="idle_limit: '90' has no unit"):
        session_report(results, idle_limit=90)
