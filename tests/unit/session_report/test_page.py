# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What stands where in the page of a report."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from ansible_collections.winops.rds.plugins.plugin_utils._session_report.page import FEW
from ansible_collections.winops.rds.plugins.plugin_utils._session_report.seen import TaskResult

from tests.unit.session_report.pages import Page
from tests.unit.session_report.seen import at, mode, night, programs, record, result, timed_out

HOUR = 3600

#: One of each kind of session.
ALICE = record(12, idle_seconds=2 * HOUR)
BOB = record(14, "bob", state="disconnected", idle_seconds=4 * HOUR, disconnect_time="2026-11-21T18:00:00Z")
CAROL = record(17, "carol", state="disconnected", idle_seconds=None, disconnect_time="2026-11-20T18:00:00Z")


def test_at_a_glance() -> None:
    shown = Page(TaskResult("rdsh01", result(ALICE, BOB, CAROL)))
    assert shown.texts("//ul[@class='tiles']/li") == [
        "3 sessions", "1 active", "2 disconnected", "2 idle for 2h or more", "0 failures",
    ]  # fmt: skip
    assert shown.bad() == []


def test_what_is_bad_is_marked() -> None:
    """A server that is closed is not: somebody has closed it."""
    error = {"code": 5, "name": "ERROR_ACCESS_DENIED", "message": "Access is denied.", "hint": "Ask."}
    denied = {**BOB, "result": "denied", "error": error}
    shown = Page(
        TaskResult("rdsh01", mode("drain", "enabled")),
        TaskResult("rdsh01", result(ALICE, denied)),
        at(0, "rdsh02", {"unreachable": True, "msg": "no route"}, task="Look", failed=True),
    )
    assert shown.texts("//ul[@class='tiles']/li")[-2:] == ["1 servers closed to new logons", "2 failures"]
    marked = shown.bad()
    assert marked[:2] == ["2 failures", "1"]
    assert marked[2].startswith("denied: ")
    assert marked[3:] == ["failed: Look: no route"]
    assert shown.texts("//ul[@class='unasked']/li") == ["rdsh02: no route"]


def test_the_servers() -> None:
    gone = record(20, "dave", result="logged_off", state="disconnected", disconnect_time="2026-11-01T00:00:00Z")
    back = {**record(21, "erin"), "disconnect_time": "2026-11-02T00:00:00Z"}
    lost = {**record(22, "frank"), "state": "disconnected"}
    (row,) = Page(TaskResult("rdsh01", result(ALICE, BOB, CAROL, gone, back, lost))).rows("servers")
    assert row == {
        "Server": "RDSH01", "Before": "6", "After": "5", "Active": "2", "Disconnected": "3",
        "Disconnected since": "Nov 20 18:00", "Failures": "0",
    }  # fmt: skip


@pytest.mark.parametrize("order", [(BOB, CAROL), (CAROL, BOB)])
def test_who_has_been_disconnected_for_longest(order: tuple[dict[str, Any], ...]) -> None:
    shown = Page(TaskResult("rdsh01", result(ALICE, *order)))
    assert shown.rows("servers")[0]["Disconnected since"] == "Nov 20 18:00"
    assert shown.elements("//table[@id='servers']//td[@data-key]")[0].get("data-key") == CAROL["disconnect_time"]


def test_nobody_is_disconnected() -> None:
    shown = Page(TaskResult("rdsh01", result(ALICE)))
    assert shown.rows("servers") == [
        {"Server": "RDSH01", "Active": "1", "Disconnected": "0", "Disconnected since": "–", "Failures": "0"}
    ]
    assert shown.elements("//table[@id='servers']//td[@data-key]")[0].get("data-key") == "~"


def test_logon_modes_where_one_is_known() -> None:
    rows = Page(
        TaskResult("rdsh01", mode("drain", "enabled")),
        TaskResult("rdsh01", result(ALICE)),
        TaskResult("rdsh02", result(server="RDSH02")),
    ).rows("servers")
    assert [(row["Server"], row["New logons"]) for row in rows] == [("RDSH01", "drain"), ("RDSH02", "not known")]


def test_the_sessions() -> None:
    done = {**BOB, "result": "logged_off", "elapsed_seconds": 2.0, "warnings": 3, "locked": True}
    done["ended_processes"] = [{"id": 4, "name": "winword.exe"}]
    nobody = record(18, client_name=None, client_address="", logon_time=None, idle_seconds=None)
    shown = Page(TaskResult("rdsh01", result(ALICE, done, nobody)))
    assert shown.rows("sessions") == [
        {
            "Server": "RDSH01", "ID": "12", "Account": "CONTOSO\\alice", "State": "active", "Idle": "2h",
            "Logged on (UTC)": "Nov 21 13:18", "Client": "PC-12", "Address": "10.0.0.12", "Result": "listed",
            "Warnings": "0", "Took": "–",
        },
        {
            "Server": "RDSH01", "ID": "14", "Account": "CONTOSO\\bob", "State": "disconnected, locked", "Idle": "4h",
            "Logged on (UTC)": "Nov 21 13:18", "Client": "PC-14", "Address": "10.0.0.14",
            "Result": "logged off, having ended winword.exe", "Warnings": "3", "Took": "2s",
        },
        {
            "Server": "RDSH01", "ID": "18", "Account": "CONTOSO\\alice", "State": "active", "Idle": "-",
            "Logged on (UTC)": "-", "Client": "–", "Address": "–", "Result": "listed", "Warnings": "0", "Took": "–",
        },
    ]  # fmt: skip
    rows = shown.elements("//table[@id='sessions']/tbody/tr")
    assert [row.get("class").split() for row in rows] == [[], ["gone"], []]
    keys = [[cell.get("data-key") for cell in shown.elements("td[@data-key]", row)] for row in rows]
    assert keys == [
        ["7200", ALICE["logon_time"], "0.0"], ["14400", ALICE["logon_time"], "2.0"], ["-1", "~", "0.0"],
    ]  # fmt: skip


def test_the_bars_are_shares_of_the_longest_idle_time() -> None:
    quarter, none = record(2, idle_seconds=HOUR), record(3, idle_seconds=0)
    shown = Page(TaskResult("rdsh01", result(quarter, none, ALICE, BOB, CAROL)))
    shares = [bar.get("style") for bar in shown.elements("//span[@class='bar']")]
    assert shares == ["--share:25%", "--share:0%", "--share:50%", "--share:100%", "--share:0%"]
    nobody_idle = Page(TaskResult("rdsh01", result(none))).elements("//span[@class='bar']")
    assert [bar.get("style") for bar in nobody_idle] == ["--share:0%"]
    unknown = Page(TaskResult("rdsh01", result(record(2, idle_seconds=10), record(3, idle_seconds=None))))
    assert [bar.get("style") for bar in unknown.elements("//span[@class='bar']")] == ["--share:100%", "--share:0%"]


def test_of_a_long_table_the_end_is_hidden() -> None:
    shown = Page(TaskResult("rdsh01", result(*(record(number) for number in range(1, FEW + 3)))))
    classes = [row.get("class") for row in shown.elements("//table[@id='sessions']/tbody/tr")]
    assert classes == [""] * FEW + ["beyond"] * 2
    assert shown.elements("//body")[0].get("data-few") == str(FEW)


def test_of_many_events_too() -> None:
    events = [
        at(minute, "rdsh01", {"changed": True, "msg": ""}, task="Work", is_ours=False) for minute in range(FEW + 1)
    ]
    shown = Page(TaskResult("rdsh01", result(ALICE)), *events)
    classes = [row.get("class") for row in shown.elements("//table[@id='events']/tbody/tr")]
    assert classes == [None] * FEW + ["beyond"]


def test_the_bars_of_the_run() -> None:
    """From the first minute to the last, 28 of them; what lasts longest lies below the others."""
    shown = Page(*night())
    (host,) = shown.elements("//div[@class='track']/div")
    assert shown.texts("span", host) == ["rdsh01"]
    spans = [(bar.get("class"), bar.get("style")) for bar in shown.elements("div/i", host)]
    assert spans == [
        ("closed", "left:0.0%;width:100.0%"),
        ("warned", "left:3.57%;width:53.57%"),
        ("work", "left:64.29%;width:35.71%"),
        ("acted", "left:57.14%;width:1.79%"),
    ]


def test_no_time_wraps() -> None:
    shown = Page(*night(), TaskResult("rdsh01", result(BOB)))
    cells = [cell for cell in shown.elements("//td") if re.search(r"\d\d:\d\d|^\d+[smhd]\b", cell.text_content())]
    assert len(cells) > 10
    assert all("time" in cell.get("class").split() for cell in cells)
    assert "td.number, td.time { white-space: nowrap; }" in shown.texts("//style")[0]


def test_work_elsewhere_is_no_bar_of_the_host() -> None:
    work = at(0, "rdsh01", {"changed": True}, 5, is_ours=False, task="Tell", delegated_to="broker")
    shown = Page(TaskResult("rdsh01", result(ALICE)), work)
    assert shown.elements("//i") == []
    assert [(row["Host"], row["What"]) for row in shown.rows("events")] == [("rdsh01 -> broker", "work done: Tell")]


def test_what_is_short_can_be_seen() -> None:
    work = {"changed": True, "msg": ""}
    long, short = (at(0, name, work, lasts, is_ours=False) for name, lasts in (("rdsh02", 1000), ("rdsh01", 0)))
    shown = Page(TaskResult("rdsh01", result(ALICE)), long, short)
    assert shown.texts("//div[@class='track']/div/span") == ["rdsh01", "rdsh02"]
    assert [bar.get("style") for bar in shown.elements("//i")] == ["left:0.0%;width:0.4%", "left:0.0%;width:100.0%"]
    alone = Page(TaskResult("rdsh01", result(ALICE)), short)
    assert [bar.get("style") for bar in alone.elements("//i")] == ["left:0.0%;width:0.4%"]


def test_the_bars_have_times() -> None:
    """Below them for the eye, and on each of them for who points at it."""
    shown = Page(*night())
    assert shown.texts("//p[@class='axis']/time") == ["22:00:00", "22:07:00", "22:14:00", "22:21:00", "22:28:00"]
    assert shown.texts("//p[@class='axis']/following-sibling::p")[0] == (
        "From 2026-11-21 22:00:00 to 2026-11-21 22:28:00 UTC."
    )
    titles = [bar.get("title") for bar in shown.elements("//div[@class='track']//i[@class='warned']")]
    assert titles == ["2026-11-21 22:01:00 to 2026-11-21 22:16:00 UTC"]
    alone = at(0, "rdsh01", {"changed": True}, 0, is_ours=False)
    assert Page(TaskResult("rdsh01", result(ALICE)), alone).texts("//p[@class='axis']/time") == ["22:00:00"]


def test_hosts_in_maintenance() -> None:
    told = {"since": "2026-11-21T22:00:04Z", "account": "CONTOSO\\ansible", "reason": "CHG-4711"}
    empty = dict.fromkeys(told)
    seen = [
        TaskResult(name, {**mode("drain", "drain"), "maintenance": maintenance})
        for name, maintenance in (("rdsh01", told), ("rdsh02", empty), ("rdsh03", told), ("rdsh03", None))
    ]
    items = "//ul[@class='maintenance']/li"
    assert Page(*seen).texts(items) == ["rdsh01 since Nov 21 22:00 UTC, by CONTOSO\\ansible: CHG-4711", "rdsh02"]
    assert Page(*seen).texts("//code") == ["ansible rdsh01,rdsh02 -m winops.rds.win_rds_maintenance -a state=exited"]
    assert Page(*seen, masked=True).texts(items)[0] == "rdsh01 since Nov 21 22:00 UTC, by user 1: reason 1"
    assert Page(seen[-1]).elements("//code") == []


def test_a_host_that_is_emptied_by_one_task() -> None:
    """What the task does to the mode and what it does to sessions is shown, and who may stay."""
    gone = {**ALICE, "result": "logged_off", "warnings": 1}
    entered = {**mode("drain", "enabled"), **result(gone), "remaining": [{**BOB, "result": "excluded"}]}
    shown = Page(at(0, "rdsh01", entered, 5), at(10, "rdsh01", mode("enabled", "drain")))
    assert [(row["Time (UTC)"][11:16], row["What"]) for row in shown.rows("events")] == [
        ("22:00", "accepts no new logons (drain)"), ("22:05", "1 logged off"), ("22:10", "accepts logons"),
    ]  # fmt: skip
    assert [(row["Account"], row["Result"]) for row in shown.rows("sessions")] == [
        ("CONTOSO\\alice", "logged off"), ("CONTOSO\\bob", "excluded"),
    ]  # fmt: skip
    assert {bar.get("class") for bar in shown.elements("//i")} == {"closed", "acted"}
    # It could not be emptied, and is open again.
    undone = {**mode("enabled", "enabled"), **result({**ALICE, "result": "timed_out", "error": None}), "changed": True}
    failed = Page(at(0, "rdsh01", undone, 5, failed=True, task="Enter"))
    assert [row["What"] for row in failed.rows("events")] == ["failed: Enter", "1 timed out"]


def test_where_nothing_took_time_there_are_no_bars() -> None:
    shown = Page(TaskResult("rdsh01", result(ALICE)))
    assert shown.elements("//div[@class='track'] | //table[@id='events'] | //ul[@class='unasked']") == []
    assert shown.texts("//h2") == ["Servers", "Sessions"]


def test_who_has_several_sessions() -> None:
    seen = [
        TaskResult("RDSH01", result(record(3, "bob"), record(4), record(5))),
        TaskResult("RDSH02", result(record(6, server="RDSH02"), record(7, "bob", server="RDSH02"), server="RDSH02")),
    ]
    assert Page(*seen).texts("//h2[@id='h-accounts']/following-sibling::ul/li") == [
        "CONTOSO\\alice: RDSH01 (4, active), RDSH01 (5, active), RDSH02 (6, active)",
        "CONTOSO\\bob: RDSH01 (3, active), RDSH02 (7, active)",
    ]


def test_the_head() -> None:
    made = datetime(2026, 11, 22, 1, 30, tzinfo=timezone(timedelta(hours=2), "CEST"))
    shown = Page(
        TaskResult("rdsh01", result(ALICE)),
        TaskResult("rdsh02", {"msg": "no route"}),
        made=made,
        facts=[("Playbook", "night.yml")],
    )
    assert shown.texts("//header//dl/div") == [
        "Made2026-11-22 01:30 CEST (23:30 UTC)",
        "Control nodectl",
        "Playbooknight.yml",
        "Servers asked1, and 1 that did not answer",
    ]
    assert Page(TaskResult("rdsh01", result(ALICE))).texts("//header//dl/div")[0] == "Made2026-11-22 00:00 UTC"


def test_the_totals_where_something_was_done_and_where_not() -> None:
    looked, acted = TaskResult("rdsh01", result(ALICE)), TaskResult("rdsh01", result({**ALICE, "result": "logged_off"}))
    lost = TaskResult("rdsh02", {"msg": "no route"})
    totals = [Page(*seen).texts("//p[@class='totals']")[0] for seen in ((looked,), (acted,), (acted, lost))]
    assert totals[0].startswith("1 session on 1 server")
    assert totals[1].startswith("1 session before. Now: ")
    assert totals[2].startswith("1 session before. When last seen: ")
    tiles = [Page(*seen).texts("//ul[@class='tiles']/li")[0] for seen in ((looked,), (acted,), (acted, lost))]
    assert tiles == ["1 sessions", "0 still on", "0 on when last seen"]


def test_what_can_be_filtered_by() -> None:
    looked = Page(TaskResult("rdsh01", result(ALICE, BOB)))
    assert looked.texts("//select[@id='state']/option") == ["all", "active", "disconnected"]
    assert looked.texts("//select[@id='server']/option") == ["all", "RDSH01"]
    assert looked.elements("//select[@id='result']") == []
    acted = Page(TaskResult("rdsh01", result({**ALICE, "result": "logged_off"}, BOB)))
    assert acted.texts("//select[@id='result']/option") == ["all", "logged off", "listed"]


@pytest.mark.parametrize("masked", [False, True])
def test_names_can_be_hidden_or_are_not_there(masked: bool) -> None:
    shown = Page(TaskResult("rdsh01", result(ALICE, record(13), BOB)), masked=masked)
    accounts = [row["Account"] for row in shown.rows("sessions")]
    names = shown.elements("//table[@id='sessions']//td[3]/bdi")
    switch = shown.elements("//input[@id='mask']")
    if masked:
        assert (accounts, names, switch) == (["user 1", "user 1", "user 2"], [], [])
    else:
        assert accounts == ["CONTOSO\\alice", "CONTOSO\\alice", "CONTOSO\\bob"]
        assert [name.get("data-mask") for name in names] == ["user 1", "user 1", "user 2"]
        assert len(switch) == 1


def test_the_heaviest_sessions() -> None:
    light = record(2, **programs(("a.exe", 3 << 20)))
    heavy = {**BOB, **programs(*[(f"{n}.exe", n << 20) for n in range(1, 7)], ("6.exe", 6 << 20))}
    unknown = record(3, processes=None, process_count=None, memory_bytes=None)
    gone = record(4, result="logged_off", **programs(("b.exe", 9 << 30)))
    shown = Page(TaskResult("rdsh01", result(ALICE, light, heavy, unknown, gone)))
    assert [(row["ID"], row["Memory"], row["Programs"]) for row in shown.rows("heaviest")] == [
        ("14", "27 MiB", "6.exe (2) 12 MiB, 5.exe 5 MiB, 4.exe 4 MiB, 3.exe 3 MiB, 2.exe 2 MiB and 1 more"),
        ("2", "3 MiB", "a.exe 3 MiB"),
    ]
    listed = {row["ID"]: (row["Memory"], row["Programs"]) for row in shown.rows("sessions")}
    assert listed == {
        "12": ("-", "-"), "2": ("3 MiB", "1"), "14": ("27 MiB", "7"), "3": ("-", "-"), "4": ("9.0 GiB", "1"),
    }  # fmt: skip


def test_no_programs_where_nobody_has_asked() -> None:
    shown = Page(TaskResult("rdsh01", result(ALICE)))
    assert "Memory" not in shown.rows("sessions")[0]
    assert shown.elements("//table[@id='heaviest']") == []


@pytest.mark.parametrize("masked", [False, True])
def test_what_still_runs(masked: bool) -> None:
    """The names stand apart from the error, so that they can be hidden."""
    stuck = timed_out(ALICE, ended=["hung.exe"], running=["winword.exe", "hung.exe"])
    (row,) = Page(TaskResult("rdsh01", result(stuck)), masked=masked).rows("sessions")
    hung, word = ("program 1", "program 2") if masked else ("hung.exe", "winword.exe")
    assert row["Result"] == (
        f"timed out, having ended {hung}: Windows still had it after its programs had been ended. Restart it. "
        f"Still running: {word}, {hung}"
    )
