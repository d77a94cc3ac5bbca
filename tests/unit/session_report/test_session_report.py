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
from ansible_collections.winops.rds.plugins.plugin_utils._session_report.files import head_of, report_path, write_report
from ansible_collections.winops.rds.plugins.plugin_utils._session_report.page import page
from ansible_collections.winops.rds.plugins.plugin_utils._session_report.sheet import COLUMNS, sheet
from ansible_collections.winops.rds.plugins.plugin_utils._session_report.view import TaskResult, view

from tests.unit.session_report.seen import EVIL, at, evil_page, mode, night, record, result


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


def test_who_was_perhaps_not_recognised_has_not_left() -> None:
    """The logon time of a session could not be read, or its server did not answer."""
    first = TaskResult("rdsh01", result(record(12)))
    unread = result(record(12, logon_time=None, result="failed"))
    silent = {"servers": [{"server": "RDSH01", "error": {"code": 5, "name": "X", "message": "m", "hint": "h"}}]}
    for values in (unread, silent):
        assert record(12) in view([first, TaskResult("rdsh01", values, tells_all=True)]).overview.sessions


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


def test_masks_leave_no_name() -> None:
    shown = view([*night(), TaskResult("rdsh09", {"unreachable": True, "msg": "alice@10.0.0.9: refused"})])
    for text in (page(shown, head_of("A night"), idle_limit=60, masked=True), sheet(shown, masked=True)):
        assert not re.search(r"alice|bob|carol|erin|CONTOSO|PC-\d|10\.0\.", text)
        assert "user 1" in text and "computer 1" in text and "address 1" in text
        assert "RDSH01" in text


def test_files_are_for_their_maker(tmp_path: Path) -> None:
    written = write_report(tmp_path / "farm.html", view(night()), head_of("A night"), idle_limit=60, masked=False)
    assert [path.name for path in written] == ["farm.html", "farm.csv"]
    assert {path.stat().st_mode & 0o777 for path in written} == {0o600}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["farm.csv", "farm.html"]


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
