# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Programs in sessions: what a report may say of them, and what a record and words make of it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.winops.rds.plugins.plugin_utils._engine.processes import (
    ProcessesReport,
    RunningProcess,
    SessionProcessesRequest,
)
from ansible_collections.winops.rds.plugins.plugin_utils._engine.report import ReportError
from ansible_collections.winops.rds.plugins.plugin_utils._engine.requests import request
from ansible_collections.winops.rds.plugins.plugin_utils._result import processes
from ansible_collections.winops.rds.plugins.plugin_utils._result.sentences import running_text

from tests.support.reports import raw_report, raw_server, raw_session
from tests.support.selections import selected

LISTED = raw_session(result="listed", accepted=False)
LISTENER = raw_session(id=65536, user="", domain="", state=6, result="listed", accepted=False)


def running(name: str, size: int = 1, *, session: int = 12, of_person: bool = True) -> dict[str, Any]:
    told = {"session": session, "name": name, "pid": 4, "memory_bytes": size, "threads": 2}
    return {**told, "of_person": of_person}


def report(*servers: dict[str, Any]) -> ProcessesReport:
    listed = [LISTED, LISTENER]
    asked = request(SessionProcessesRequest, selected(all=True), check_mode=False)
    return asked.read({**raw_report(raw_server(*listed)), "processes": [*servers]})


def found(*programs: dict[str, Any], **others: Any) -> dict[str, Any]:
    return {"running": [*programs], "lost": [], "error": None, **others}


def told(*programs: dict[str, Any], **others: Any) -> list[dict[str, Any]]:
    return [*processes.processes_told(report(found(*programs, **others))).values()]


@pytest.mark.parametrize(
    ("servers", "words"),
    [([], "are not those of the servers"), ([found(), found()], "are not those of the servers"),
     ([found(running("a", session=13))], "are of other sessions"), ([{"running": []}], "is missing")],
)  # fmt: skip
def test_a_report_that_cannot_be(servers: list[Any], words: str) -> None:
    with pytest.raises(ReportError, match=words):
        report(*servers)


def test_the_heaviest_come_first_and_all_are_counted() -> None:
    many = processes.MOST_PROCESSES + 5
    alice, listener = told(*(running(f"{number}.exe", number) for number in range(many)))
    assert (len(alice["processes"]), alice["process_count"]) == (processes.MOST_PROCESSES, many)
    assert alice["processes"][0] == {"name": f"{many - 1}.exe", "pid": 4, "memory_bytes": many - 1, "threads": 2}
    assert alice["memory_bytes"] == sum(range(many))
    # A listener is no session, so that it has none is known.
    assert (listener["processes"], listener["processes_error"]) == ([], None)


@pytest.mark.parametrize(
    ("others", "words"),
    [({"error": {"call": "WTSEnumerateProcessesEx", "code": 5}}, "may not do this (WTSEnumerateProcessesEx)"),
     ({"lost": [{"id": 12, "error": {"call": "WTSQueryX", "code": 1726}}]}, "(WTSQueryX)"),
     ({"lost": [{"id": 12, "error": None}]}, "ended while"), ({}, "tells this account of no program")],
)  # fmt: skip
def test_what_is_not_known_is_not_none(others: dict[str, Any], words: str) -> None:
    programs = [running("a.exe")] if "lost" in others else []
    alice = told(*programs, **others)[0]
    assert (alice["processes"], alice["process_count"], alice["memory_bytes"]) == (None, None, None)
    assert words in alice["processes_error"]["message"]
    assert "1 session" in str(processes.processes_warning([alice, {"processes_error": None}]))


def test_what_still_runs_is_what_people_have_started() -> None:
    def names(*programs: dict[str, Any]) -> list[str]:
        return processes.running_names([RunningProcess(**program) for program in programs])

    system = running("csrss.exe", 900, of_person=False)
    assert names(system, running("a.exe", 2), running("b.exe", 1), running("b.exe", 2)) == ["b.exe", "a.exe"]
    assert names(system) == ["csrss.exe"]
    assert len(names(*(running(f"{number}.exe") for number in range(99)))) == processes.MOST_RUNNING


def test_a_few_of_them_are_named() -> None:
    assert running_text([]) == ""
    assert running_text(["a", "b", "c", "d", "e\n"]) == "; still running: a, b, c and 2 more"


@pytest.mark.parametrize(
    ("size", "text"), [(None, "-"), (0, "0 KiB"), (2048, "2 KiB"), (300 << 20, "300 MiB"), (3 << 29, "1.5 GiB")]
)
def test_sizes(size: int | None, text: str) -> None:
    assert processes.size_text(size) == text
