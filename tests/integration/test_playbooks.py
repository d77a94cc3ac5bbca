# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The playbooks of the collection, by their names. ``maintain_farm`` is in test_maintenance.py."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.paths import REPOSITORY

Serve = Callable[..., Any]

CONSOLE = {"id": 1, "name": "console", "user": "operator"}
ALICE = {"id": 12, "user": "alice", "idle": "3m"}
BOB = {"id": 14, "user": "bob", "state": "disconnected", "disconnected": "9h"}
CAROL = {"id": 15, "user": "carol", "state": "disconnected", "disconnected": "7h"}
SERVICE = {"id": 16, "user": "svc-scan", "state": "disconnected", "disconnected": "9d"}


def two_hosts(serve: Serve) -> Any:
    sessions = {"RDSH01": [CONSOLE, ALICE, BOB], "RDSH02": [CAROL, SERVICE, {**ALICE, "id": 3}]}
    return serve(hosts=[{"name": name, "sessions": on} for name, on in sessions.items()])


def modes(farm: Any) -> dict[str, str]:
    return {name: host.registry.logon_mode for name, host in farm.simulation.hosts.items()}


def acts(farm: Any) -> dict[str, list[tuple[str, int | None]]]:
    """What was asked of each host."""
    calls = farm.simulation.mutating_calls
    return {name: sorted((call.function, call.session) for call in calls(name)) for name in farm.simulation.hosts}


def test_empty_farm_leaves_hosts_in_maintenance_and_open_farm_takes_them_out(serve: Serve) -> None:
    farm = serve(
        hosts=[{"name": "RDSH01", "sessions": [ALICE]}, {"name": "RDSH02"}, {"name": "RDSH03", "logon_mode": "drain"}]
    )
    variables = {"target": "RDSH01", "maintenance_grace": "1s", "maintenance_reason": "CHG-1"}
    run = farm.run("winops.rds.empty_farm", "-e", json.dumps(variables))
    assert run.exit_code == 0, run.output
    assert farm.users("RDSH01") == {}
    assert modes(farm) == {"RDSH01": "drain", "RDSH02": "enabled", "RDSH03": "drain"}
    said = run.of("Say that the host stays in maintenance", "RDSH01")["msg"]
    assert "-m winops.rds.win_rds_maintenance -a state=exited" in said
    assert farm.simulation.calls("RDSH02") == []
    run = farm.run("winops.rds.open_farm")
    assert run.exit_code == 0, run.output
    assert modes(farm) == {"RDSH01": "enabled", "RDSH02": "enabled", "RDSH03": "drain"}
    assert "Closed for another reason: RDSH03." in run.output
    assert "(CHG-1), and is not any more" in run.of("Exit maintenance", "RDSH01")["msg"]


def test_end_disconnected(serve: Serve) -> None:
    farm = two_hosts(serve)
    run = farm.run("winops.rds.end_disconnected", "-e", json.dumps({"exclude_users": ["svc-*"]}))
    assert run.exit_code == 0, run.output
    assert acts(farm) == {"RDSH01": [("WTSLogoffSession", 14)], "RDSH02": []}


def test_suspend_all(serve: Serve) -> None:
    farm = two_hosts(serve)
    assert farm.run("winops.rds.suspend_all").exit_code == 0
    assert acts(farm) == {"RDSH01": [("WTSDisconnectSession", 12)], "RDSH02": [("WTSDisconnectSession", 3)]}


def test_log_off_leaver(serve: Serve) -> None:
    farm = two_hosts(serve)
    run = farm.run("winops.rds.log_off_leaver", "-e", "leaver=alice@contoso.com")
    assert run.exit_code == 0, run.output
    assert acts(farm) == {"RDSH01": [("WTSLogoffSession", 12)], "RDSH02": [("WTSLogoffSession", 3)]}


def test_log_off_leaver_takes_one_account_and_says_whom(serve: Serve) -> None:
    others = [{"id": 20, "user": "FABRIKAM\\alice"}, {"id": 21, "user": "RDSH01\\alice"}]
    farm = serve([CONSOLE, ALICE, *others])
    for flags in (["--check"], []):
        run = farm.run("winops.rds.log_off_leaver", "-e", json.dumps({"leaver": "CONTOSO\\alice"}), *flags)
        assert run.of("Show whom it takes")["msg"] == "CONTOSO\\alice: session 12"
    assert acts(farm) == {"RDSH01": [("WTSLogoffSession", 12)]}


@pytest.mark.parametrize(
    ("playbook", "variable"),
    [("end_disconnected", "disconected_for=12h"), ("end_disconnected", "exclude=svc-*"),
     ("suspend_all", "hosts=RDSH02"), ("suspend_all", "exclude_user=alice"),
     ("log_off_leaver", "targets=RDSH02"), ("empty_farm", "target_host=RDSH02"),
     ("empty_farm", "exclude_users=alice"), ("empty_farm", "maintenance_exclude=alice"),
     ("maintain_farm", "bach=2"), ("who_is_on", "tagret=RDSH02")],
)  # fmt: skip
def test_a_misspelt_variable_is_refused(serve: Serve, playbook: str, variable: str) -> None:
    farm = two_hosts(serve)
    run = farm.run(f"winops.rds.{playbook}", "-e", variable, "-e", "leaver=alice@contoso.com")
    assert run.exit_code == 2
    assert f"no such variables: {variable.partition('=')[0]}" in " ".join(run.output.split())
    assert acts(farm) == {"RDSH01": [], "RDSH02": []}


#: What somebody types who takes an option of a module for a variable of the playbook.
FOREIGN = (
    *("users=bob", "user=bob", "states=disconnected", "sessions=12", "clients=PC1", "logged_on_for=2h", "grace=15m"),
    *("idle_for=2h", "skip_users=bob", "whitelist=bob", "dry_run=true", "older_than=2h", "server=RDSH02"),
    *("exclude_sessions=12", "max_parallel=1", "protect_console=false", "message=Soon"),
)
PLAYBOOKS = {path.stem for path in (REPOSITORY / "playbooks").glob("*.yml")}


@pytest.mark.parametrize("playbook", sorted(PLAYBOOKS))
def test_options_of_the_modules_are_refused(serve: Serve, playbook: str) -> None:
    farm = two_hosts(serve)
    needed = {"leaver": "alice@contoso.com", "maintenance_tasks": str(farm.folder / "tasks.yml")}
    (farm.folder / "tasks.yml").write_text("[]", "utf-8")
    for variable in FOREIGN[:: len(PLAYBOOKS)] if playbook == "who_is_on" else FOREIGN[hash_of(playbook) :: 4]:
        run = farm.run(
            f"winops.rds.{playbook}",
            "-e",
            variable,
            "-e",
            json.dumps(needed) if playbook in ("log_off_leaver", "maintain_farm") else "a=b",
        )
        name = variable.partition("=")[0]
        assert run.exit_code == 2, (variable, run.output)
        assert f"There are no such variables: {name}" in " ".join(run.output.split())
    assert [farm.simulation.traffic(name) for name in farm.simulation.hosts] == [[], []]


def hash_of(name: str) -> int:
    """Which of the variables come first: each is tried with some playbooks, and each playbook with some variables."""
    return sum(map(ord, name)) % 4


@pytest.mark.parametrize("skip", [("--start-at-task", "Log off disconnected sessions"), ("--tags", "never_there")])
def test_they_are_refused_where_the_first_task_is_left_out(serve: Serve, skip: tuple[str, str]) -> None:
    farm = two_hosts(serve)
    run = farm.run("winops.rds.end_disconnected", "-e", "users=bob", *skip)
    assert run.exit_code == 2
    assert "There are no such variables: users" in run.output
    assert [farm.simulation.traffic(name) for name in farm.simulation.hosts] == [[], []]


@pytest.mark.parametrize("variable", ["ticket=CHG-1", "kb=KB5031356", "change=1", "operator=me", "region=eu"])
def test_variables_of_the_callers_own_are_not_refused(serve: Serve, variable: str) -> None:
    farm = two_hosts(serve)
    assert farm.run("winops.rds.end_disconnected", "-e", variable).exit_code == 0
    assert farm.users("RDSH01") == {1: "operator", 12: "alice"}


@pytest.mark.parametrize("playbook", sorted(PLAYBOOKS))
def test_a_target_that_is_none_ends_with_an_error(serve: Serve, playbook: str) -> None:
    farm = two_hosts(serve)
    run = farm.run(f"winops.rds.{playbook}", "-e", "target=rdhs")
    assert run.exit_code not in (0, 2)
    assert "There is no such host or group in the inventory: rdhs" in " ".join(run.output.split())


@pytest.mark.parametrize("target", [["RDSH02"], "RDSH02,RDSH02"])
def test_a_target_that_is_several(serve: Serve, target: Any) -> None:
    farm = two_hosts(serve)
    assert farm.run("winops.rds.suspend_all", "-e", json.dumps({"target": target})).exit_code == 0
    assert acts(farm) == {"RDSH01": [], "RDSH02": [("WTSDisconnectSession", 3)]}


@pytest.mark.parametrize("target", [[], None, ""])
def test_a_target_that_is_nothing_ends_with_an_error(serve: Serve, target: Any) -> None:
    farm = two_hosts(serve)
    run = farm.run("winops.rds.suspend_all", "-e", json.dumps({"target": target}))
    assert run.exit_code not in (0, 2)
    assert "There is no such host or group in the inventory:" in " ".join(run.output.split())


def test_who_is_on_takes_answers_that_were_left_empty(serve: Serve) -> None:
    farm = two_hosts(serve)
    variables = {"sort": None, "processes": "", "report": "", "mask": ""}
    run = farm.run("winops.rds.who_is_on", "-e", json.dumps(variables))
    assert run.exit_code == 0, run.output
    assert "6 sessions on 2 servers" in run.output


def test_no_reason_is_none(serve: Serve) -> None:
    farm = two_hosts(serve)
    assert farm.run("winops.rds.end_disconnected", "-e", '{"reason": null}').exit_code == 0


def test_log_off_leaver_fails_for_an_account_that_is_none(serve: Serve) -> None:
    farm = two_hosts(serve)
    run = farm.run("winops.rds.log_off_leaver", "-e", "leaver=alcie@contoso.com")
    assert run.exit_code == 2
    assert "alcie@contoso.com is no account" in run.of("Require that there is such an account", "RDSH01")["msg"]
    assert acts(farm) == {"RDSH01": [], "RDSH02": []}


def test_log_off_leaver_of_somebody_who_is_not_on(serve: Serve) -> None:
    farm = serve(hosts=[{"name": "RDSH01"}], accounts=["dave"])
    run = farm.run("winops.rds.log_off_leaver", "-e", "leaver=dave@contoso.com")
    assert run.exit_code == 0, run.output
    assert run.of("Show whom it takes")["msg"] == "dave@contoso.com: no session"


def test_log_off_leaver_needs_one_person(serve: Serve) -> None:
    farm = two_hosts(serve)
    for leaver in (None, "*", "alice", "CONTOSO\\*", ".\\alice", "*\\alice", "alice@*", ["a@b.c"], "CONTOSO\alice"):
        flags = ("-e", json.dumps({"leaver": leaver})) if leaver else ()
        run = farm.run("winops.rds.log_off_leaver", *flags)
        assert run.of("Require one account", "RDSH01")["msg"].startswith("Say with -e leaver=alice@contoso.com")
    assert [farm.simulation.traffic(name) for name in farm.simulation.hosts] == [[], []]


def test_log_off_leaver_needs_one_person_where_the_first_tasks_are_left_out(serve: Serve) -> None:
    farm = two_hosts(serve)
    for leaver in ("alice", ".\\alice", "a*@contoso.com"):
        flags = ("-e", json.dumps({"leaver": leaver}), "--start-at-task", "Log this account off")
        assert "leaver has to be one account" in farm.run("winops.rds.log_off_leaver", *flags).output
    assert [farm.simulation.traffic(name) for name in farm.simulation.hosts] == [[], []]


def test_log_off_leaver_asks_each_host_for_one_person(serve: Serve) -> None:
    farm = two_hosts(serve)
    inventory = farm.folder / "leavers.yml"
    hosts = {"RDSH01": {"leaver": "alice@contoso.com"}, "RDSH02": {"leaver": "*"}}
    inventory.write_text(json.dumps({"all": {"hosts": hosts}}), "utf-8")
    assert farm.run("winops.rds.log_off_leaver", "-i", str(inventory)).exit_code == 2
    assert acts(farm) == {"RDSH01": [("WTSLogoffSession", 12)], "RDSH02": []}


@pytest.mark.parametrize("batch", [0, -1, [1, "0%"], "", "none", "1.5", "all", None])
def test_maintain_farm_needs_a_batch(serve: Serve, batch: Any) -> None:
    farm = two_hosts(serve)
    run = farm.run("winops.rds.maintain_farm", "-e", json.dumps({"batch": batch, "maintenance_tasks": "/patch.yml"}))
    assert run.exit_code not in (0, 2)
    assert "batch is how many hosts at a time: a number from 1 on" in " ".join(run.output.split())
    assert [farm.simulation.traffic(name) for name in farm.simulation.hosts] == [[], []]


def test_maintain_farm_needs_tasks(serve: Serve) -> None:
    farm = two_hosts(serve)
    run = farm.run("winops.rds.maintain_farm")
    assert run.of("Require tasks to do")["msg"].startswith("Say with -e maintenance_tasks=")
    run = farm.run("winops.rds.maintain_farm", "-e", "maintenance_tasks=Makefile")
    refusal = run.of("Refuse what would stop it later", "RDSH01")["msg"]
    assert "maintenance_tasks: there is no file Makefile. Give its whole path, or none." in refusal
    assert [farm.simulation.traffic(name) for name in farm.simulation.hosts] == [[], []]


def table_of(run: Any) -> list[str]:
    """What is printed between the title of the task and its result."""
    return run.output.partition("TASK [Show the sessions]")[2].partition("\nok: [")[0].splitlines()[1:]


def test_who_is_on(serve: Serve) -> None:
    farm = two_hosts(serve)
    run = farm.run("winops.rds.who_is_on")
    assert run.exit_code == 0, run.output
    header, *lines = table_of(run)
    assert header.split() == ["SERVER", "ID", "ACCOUNT", "STATE", "IDLE", "LOGGED", "ON", "CLIENT"]
    assert [line.split()[:3] for line in lines[:6]] == [
        ["RDSH01", "1", "CONTOSO\\operator"],
        ["RDSH01", "12", "CONTOSO\\alice"],
        ["RDSH01", "14", "CONTOSO\\bob"],
        ["RDSH02", "3", "CONTOSO\\alice"],
        ["RDSH02", "15", "CONTOSO\\carol"],
        ["RDSH02", "16", "CONTOSO\\svc-scan"],
    ]
    assert lines[1][header.index("IDLE") :].startswith("3m ")
    assert lines[6:] == ["", "6 sessions on 2 servers: 3 active, 3 disconnected. Times are UTC."]
    assert acts(farm) == {"RDSH01": [], "RDSH02": []}


@pytest.mark.parametrize("given", ["sort=memory", "processes=true"])
def test_who_is_on_shows_what_takes_memory(serve: Serve, monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    mib = 1 << 20
    heavy = BOB | {"processes": [{"name": "chrome.exe", "memory": 900 * mib}] * 2 + ["excel.exe"]}
    farm = serve(hosts=[{"name": "RDSH01", "sessions": [ALICE]}, {"name": "RDSH02", "sessions": [heavy]}])
    page = farm.folder / "farm.html"
    run = farm.run("winops.rds.who_is_on", "-e", given, "-e", f"report={page}", "-e", "mask=true")
    assert run.exit_code == 0, run.output
    header, *lines = table_of(run)
    assert header.split()[-2:] == ["MEMORY", "PROGRAMS"]
    told = {line.split()[2]: line[header.index("MEMORY") :] for line in lines[:2]}
    assert told == {
        "CONTOSO\\bob": "2.0 GiB  chrome.exe (2) 1.8 GiB, csrss.exe 50 MiB, dwm.exe 50 MiB and 2 more",
        "CONTOSO\\alice": "200 MiB  csrss.exe 50 MiB, dwm.exe 50 MiB, explorer.exe 50 MiB and 1 more",
    }
    assert next(iter(told)) == ("CONTOSO\\bob" if given == "sort=memory" else "CONTOSO\\alice")
    assert "Heaviest sessions" in page.read_text("utf-8") and "2.0 GiB" in page.read_text("utf-8")
    assert ".exe" not in page.read_text("utf-8") + page.with_suffix(".csv").read_text("utf-8")


def test_who_is_on_names_hosts_in_maintenance(serve: Serve) -> None:
    farm = two_hosts(serve)
    entered = {"state": "entered", "reason": "CHG-4711", "protect_console": False}
    assert farm.playbook([{"winops.rds.win_rds_maintenance": entered}], "--limit", "RDSH02").exit_code == 0
    page = farm.folder / "farm.html"
    run = farm.run("winops.rds.who_is_on", "-e", f"report={page}")
    assert run.exit_code == 0, run.output
    told, opening = table_of(run)[-3:-1]
    assert re.fullmatch(r"RDSH02 is in maintenance since .* UTC, by .* \(CHG-4711\)\.", told)
    assert opening.startswith("To open them: ansible RDSH02 -i ")
    assert opening.endswith(" -m winops.rds.win_rds_maintenance -a state=exited")
    assert "<li><strong>RDSH02</strong> since " in page.read_text("utf-8")
    farm._run(*shlex.split(opening.removeprefix("To open them: ")))
    assert modes(farm)["RDSH02"] == "enabled"
    assert "in maintenance" not in farm.run("winops.rds.who_is_on").output


def test_hosts_are_shown_that_do_not_tell_whether_they_accept_logons(serve: Serve) -> None:
    farm = two_hosts(serve)
    tasks = [
        {"winops.rds.win_rds_session_info": {}, "register": "found"},
        {"winops.rds.win_rds_logon_mode_info": {"bla": 1}, "register": "logons", "failed_when": False},
        {
            "name": "Show the sessions",
            "winops.rds.show_sessions": {"registered": ["found", "logons"]},
            "run_once": True,
        },
    ]
    run = farm.playbook(tasks)
    assert run.exit_code == 0, run.output
    assert "6 sessions on 2 servers: 3 active, 3 disconnected." in run.output
    assert "Not asked" not in run.output


def test_who_is_on_names_who_could_not_be_asked(serve: Serve) -> None:
    farm = two_hosts(serve)
    run = farm.run(
        "winops.rds.who_is_on", "-e", "sort=account", "-e", json.dumps({"target": "rdsh,nowhere"}), "-i", "nowhere,"
    )
    assert run.exit_code == 2
    lines = table_of(run)
    assert [line.split()[1] for line in lines[1:7]] == ["12", "3", "14", "15", "1", "16"]
    assert lines[-1].startswith("Not asked: nowhere: winops.rds.win_rds_session_info works on Windows hosts")
    assert "\\\\" not in "".join(lines)


def test_who_is_on_names_who_could_not_be_reached(serve: Serve) -> None:
    """It is lost at the first task, and its reason stands in what that one has registered."""
    farm = two_hosts(serve)
    nobody_listens = {"ansible_host": "127.0.0.1", "ansible_port": 1, "ansible_connection": "ssh"}
    variables = {**nobody_listens, "ansible_shell_type": "powershell"}
    (farm.folder / "gone.yml").write_text(json.dumps({"gone": {"hosts": {"RDSH09": variables}}}))
    run = farm.run("winops.rds.who_is_on", "-i", str(farm.folder / "gone.yml"), "-e", "target=rdsh:gone")
    assert run.exit_code == 4
    lines = table_of(run)
    assert lines[-2].startswith("6 sessions on 2 servers: ")
    reason = run.of("Ask whether they accept logons", "RDSH09")["msg"]
    told = lines[-1].removeprefix("Not asked: RDSH09: ").rstrip("…")  # cut to the terminal
    assert told and reason.startswith(told)


def test_who_is_on_shows_who_does_not_tell_the_mode(serve: Serve) -> None:
    """A host that has told of its sessions was asked."""
    fault = {"compile_error": "no compiler"}
    farm = serve(hosts=[{"name": "RDSH01", "sessions": [ALICE], "launch_faults": [fault]}])
    run = farm.run("winops.rds.who_is_on")
    assert run.exit_code == 0, run.output
    assert "no compiler" in run.of("Ask whether they accept logons")["msg"]
    assert table_of(run)[-1] == "1 session on 1 server: 1 active. Times are UTC."


def test_who_is_on_says_how_to_sort(serve: Serve) -> None:
    run = two_hosts(serve).run("winops.rds.who_is_on", "-e", "sort=name")
    assert "value of sort must be one of: server, account, state, idle, logged_on, client, memory" in run.output


def test_restart_farm_restarts_nobody_away_who_may_stay(serve: Serve) -> None:
    """Nor is anybody logged off for a restart that would not be done then."""
    farm = serve(hosts=[{"name": "RDSH01", "sessions": [ALICE, SERVICE]}, {"name": "RDSH02", "sessions": [ALICE]}])
    variables = {"maintenance_grace": "none", "maintenance_exclude_users": ["svc-*"], "batch": 2}
    for flags in (["--check"], ["-e", "maintenance_require_empty=false"]):
        run = farm.run("winops.rds.restart_farm", "-e", json.dumps(variables), *flags)
        told = run.of("Log nobody off for what would not be done then", "RDSH01")["msg"]
        assert "would end the sessions of those who may stay: CONTOSO\\svc-scan." in told
    assert (farm.users("RDSH01"), farm.users("RDSH02")) == ({12: "alice", 16: "svc-scan"}, {})
    assert modes(farm) == {"RDSH01": "enabled", "RDSH02": "enabled"}
    started = [host.table.now() - host.started_at for host in farm.simulation.hosts.values()]
    assert [since.total_seconds() < 600 for since in started] == [False, True]


def test_restart_farm(serve: Serve, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Each host is emptied, restarted by ansible.windows.win_reboot, and accepts logons again."""
    monkeypatch.setenv("FAKE_CLOCK", str(tmp_path / "clock"))  # the grace period passes at once
    hosts = [{"name": name, "sessions": [ALICE, BOB]} for name in ("RDSH01", "RDSH02")]
    farm = serve(hosts=hosts)
    run = farm.run("winops.rds.restart_farm", "-e", "maintenance_grace=15m", "-e", "ticket=CHG-4711")
    assert run.exit_code == 0, run.output
    assert modes(farm) == {"RDSH01": "enabled", "RDSH02": "enabled"}
    for host in farm.simulation.hosts.values():
        assert (host.table.now() - host.started_at).total_seconds() < 600
    for name, done in acts(farm).items():
        assert [session for function, session in done if function == "WTSLogoffSession"] == [12, 14], name
