# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The two ways to a report."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Serve = Callable[..., Any]

ALICE = {"id": 12, "user": "alice", "idle": "3m", "client_name": "LAPTOP-017"}
BOB = {"id": 14, "user": "bob", "state": "disconnected", "disconnected": "8h", "idle": "9h"}


def sheet(path: Path) -> dict[str, dict[str, str]]:
    """The rows of a CSV by account."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return {row["account"]: row for row in csv.DictReader(file)}


def test_who_is_on_writes_a_report(serve: Serve) -> None:
    farm = serve([ALICE, BOB])
    page = farm.folder / "farm.html"
    run = farm.run("winops.rds.who_is_on", "-e", f"report={page}")
    assert run.exit_code == 0, run.output
    assert f"Report: {page} and {page.with_suffix('.csv')}" in run.output
    assert "2 sessions on 1 server: 1 active, 1 disconnected." in page.read_text("utf-8")
    assert sheet(page.with_suffix(".csv"))["CONTOSO\\bob"]["state"] == "disconnected"
    farm.run("winops.rds.who_is_on", "-e", f"report={page}", "-e", "mask=true")
    assert [*sheet(page.with_suffix(".csv"))] == ["user 1", "user 2"]
    assert "alice" not in page.read_text("utf-8")


def test_a_report_that_cannot_be_written(serve: Serve) -> None:
    farm = serve([ALICE])
    run = farm.run("winops.rds.who_is_on", "-e", f"report={farm.folder}/none/farm.html")
    assert run.exit_code == 2
    assert run.of("Show the sessions")["msg"].startswith("report: ")


def test_a_report_in_check_mode_has_the_mode_that_there_is(serve: Serve) -> None:
    farm = serve([ALICE])
    page = farm.folder / "farm.html"
    tasks = [
        {"winops.rds.win_rds_session_info": {}, "register": "found"},
        {"winops.rds.win_rds_logon_mode": {"mode": "drain"}, "register": "mode"},
        {"winops.rds.show_sessions": {"registered": ["found", "mode"], "report": str(page)}, "run_once": True},
    ]
    for flags, mode in ((("--check",), "enabled"), ((), "drain")):
        assert farm.playbook(tasks, *flags).exit_code == 0
        assert f"<td>{mode}</td>" in page.read_text("utf-8")


def reporting(farm: Any, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have the callback write a report of each run; return where the page will be."""
    page: Path = farm.folder / "night.html"
    enabled = "record_results,winops.rds.session_report"
    settings = {"ANSIBLE_CALLBACKS_ENABLED": enabled, "WINOPS_RDS_SESSION_REPORT_PATH": str(page)}
    monkeypatch.setattr(type(farm), "environment", farm.environment | settings)
    return page


def test_the_callback_writes_a_report_of_a_run(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    farm = serve([ALICE, BOB])
    page = reporting(farm, monkeypatch)
    assert not farm.playbook([{"ansible.builtin.debug": {}}]).exit_code
    assert not page.exists()
    tasks = [
        {"winops.rds.win_rds_logon_mode": {"mode": "drain"}},
        {"winops.rds.win_rds_logoff": {"users": "bob", "grace": "1s", "message": "Bye"}},
        {"name": "patch", "ansible.builtin.command": "true", "delegate_to": "localhost", "connection": "local"},
        {"winops.rds.win_rds_session_info": {}},
        {"winops.rds.win_rds_logon_mode": {"mode": "enabled"}},
    ]
    run = farm.playbook(tasks)
    assert run.exit_code == 0, run.output
    assert f"Report: {page}" in run.output
    text = page.read_text("utf-8")
    assert "2 sessions before. Now: 1 session on 1 server: 1 active." in text
    for happened in (
        "accepts no new logons (drain)",
        "1 session warned",
        "1 logged off",
        "work done: patch",
        "accepts logons",
    ):
        assert f">{happened}<" in text
    assert {account: row["result"] for account, row in sheet(page.with_suffix(".csv")).items()} == {
        "CONTOSO\\alice": "listed",
        "CONTOSO\\bob": "logged_off",
    }


@pytest.mark.parametrize("flags", [(), ("--check",)])
def test_the_callback_tells_what_failed_and_what_was_only_planned(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, flags: tuple[str, ...]
) -> None:
    farm = serve([ALICE, BOB], faults=[{"call": "WTSLogoffSession", "session": 14, "error": 5}])
    page = reporting(farm, monkeypatch)
    tasks = [
        {"name": "the slip", "winops.rds.win_rds_logoff": {"bla": True}, "ignore_errors": True},
        {"winops.rds.win_rds_logon_mode": {"mode": "drain"}, "check_mode": "{{ ansible_check_mode }}"},
        {"name": "the logoff", "winops.rds.win_rds_logoff": {"all": True}, "ignore_errors": True},
        {"winops.rds.win_rds_session_info": {}},
        {"name": "patch", "ansible.builtin.fail": {"msg": "It does not fit."}},
    ]
    run = farm.playbook(tasks, *flags)
    assert run.exit_code == 2, run.output
    text = page.read_text("utf-8")
    assert ">failed: the slip: " in text and ">failed: patch: " in text
    assert "Not asked" not in text
    acted = not flags
    assert (">failed: the logoff: " in text) is acted
    assert (">accepts no new logons (drain)<" in text) is acted
    assert (">1 logged off, 1 denied<" in text) is acted
    assert ("1 session on 1 server" in text) is acted


def test_check_mode_is_said_only_where_each_task_was_in_it(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    farm = serve([ALICE, BOB])
    page = reporting(farm, monkeypatch)
    note = "<dt>Check mode</dt><dd>nothing was changed</dd>"
    logoff = {"winops.rds.win_rds_logoff": {"users": "bob"}}
    listing = {"winops.rds.win_rds_session_info": {}}
    assert farm.playbook([listing, logoff], "--check").exit_code == 0
    assert note in page.read_text("utf-8")
    for keywords in ({"check_mode": False}, {"check_mode": False, "no_log": True}):
        assert farm.playbook([listing, {**logoff, **keywords}], "--check").exit_code == 0
        assert note not in page.read_text("utf-8")


def test_work_is_told_of_where_it_was_done(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """A message that the controller sends about a host is no work on that host, and a name in the inventory none at
    all."""
    farm = serve([ALICE])
    page = reporting(farm, monkeypatch)
    here = {"connection": "local", "delegate_to": "localhost"}
    tasks = [
        {"winops.rds.win_rds_session_info": {}},
        {"name": "tell", "ansible.builtin.command": "true", **here},
        {"name": "tell {{ item }}", "ansible.builtin.command": "true", "loop": ["again"], **here},
        {"name": "left alone", "ansible.builtin.group_by": {"key": "left_alone"}, "changed_when": True},
        {"name": "remember", "ansible.builtin.add_host": {"name": "other"}, "changed_when": True},
        {"name": "secret", "ansible.builtin.fail": {"msg": "hidden"}, "no_log": True},
    ]
    assert farm.playbook(tasks).exit_code == 2
    text = page.read_text("utf-8")
    host = "RDSH01 -&gt; localhost"
    assert text.count(f"<td>{host}</td><td>work done: tell") == text.count("work done") == 2
    assert ">failed: secret<" in text and "hidden<" not in text
    assert '<li class="bad"><strong>1</strong> failures</li>' in text


def test_maintenance_is_told_of(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    farm = serve([ALICE, BOB])
    page = reporting(farm, monkeypatch)
    entered = {"winops.rds.win_rds_maintenance": {"state": "entered", "reason": "CHG-4711", "exclude_users": "bob"}}
    run = farm.playbook([entered])
    assert run.exit_code == 0, run.output
    text = page.read_text("utf-8")
    for happened in ("accepts no new logons (drain)", "1 logged off"):
        assert f">{happened}<" in text
    assert "<code>ansible RDSH01 -m winops.rds.win_rds_maintenance -a state=exited</code>" in text
    assert ">CHG-4711</bdi>" in text
    results = {account: row["result"] for account, row in sheet(page.with_suffix(".csv")).items()}
    assert results == {"CONTOSO\\alice": "logged_off", "CONTOSO\\bob": "excluded"}
    assert farm.playbook([{"winops.rds.win_rds_maintenance": {"state": "exited"}}]).exit_code == 0
    assert "<code>" not in page.read_text("utf-8")
