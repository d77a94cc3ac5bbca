# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What people read: by Ansible's own callback, and by winops.rds.sessions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Serve = Callable[..., Any]

INFO, LOGOFF = "winops.rds.win_rds_session_info", "winops.rds.win_rds_logoff"
SHOW = "winops.rds.show_sessions"
ALICE = {"id": 12, "user": "alice", "idle": "3m", "client_name": "LAPTOP-017"}
BOB = {"id": 14, "user": "bob", "state": "disconnected", "disconnected": "8h", "idle": "9h"}
CAROL = {"id": 15, "user": "carol", "idle": "1h"}


@pytest.fixture
def in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSIBLE_STDOUT_CALLBACK", "winops.rds.sessions")
    monkeypatch.delenv("COLUMNS", raising=False)  # pytest-xdist tells its workers the terminal's


def two_hosts(serve: Serve, **fields: Any) -> Any:
    return serve(
        hosts=[{"name": "RDSH01", "sessions": [ALICE, BOB], **fields}, {"name": "RDSH02", "sessions": [CAROL]}]
    )


def section(output: str, task: str) -> list[str]:
    """The lines below the title of a task."""
    return (
        output.partition(f"TASK [{task}]")[2].partition("\n\nTASK [")[0].partition("\n\nPLAY RECAP")[0].splitlines()[1:]
    )


@pytest.mark.usefixtures("in_words")
def test_results_in_words(serve: Serve) -> None:
    denied = {"call": "WTSLogoffSession", "session": 14, "error": 5}
    farm = two_hosts(serve, faults=[denied])
    run = farm.playbook(
        [
            {"name": "list", INFO: {}},
            {"name": "each", INFO: {"users": "{{ item }}"}, "loop": ["alice", "carol"]},
            {"name": "other", "ansible.builtin.debug": {"msg": "Hello"}},
            {"name": "refused", LOGOFF: {"user": "alice", "bla": 1}, "ignore_errors": True},
            {"name": "act", LOGOFF: {"all": True}},
        ]
    )
    assert run.exit_code == 2
    listed = section(run.output, "list")
    assert sorted(listed[:2]) == [
        "ok: [RDSH01] => 2 sessions selected: 1 active, 1 disconnected.",
        "ok: [RDSH02] => 1 session selected: 1 active.",
    ]
    assert [line.split()[:3] for line in listed[4:7]] == [
        ["RDSH01", "12", "CONTOSO\\alice"],
        ["RDSH01", "14", "CONTOSO\\bob"],
        ["RDSH02", "15", "CONTOSO\\carol"],
    ]
    assert listed[8] == "3 sessions on 2 servers: 2 active, 1 disconnected. Times are UTC."
    assert section(run.output, "each")[-1] == "2 sessions on 2 servers: 2 active. Times are UTC."
    assert '    "msg": "Hello"' in section(run.output, "other")
    assert any(
        line.startswith("fatal: [RDSH01]: FAILED! => unknown option bla;") for line in section(run.output, "refused")
    )
    acted = section(run.output, "act")
    at = next(number for number, line in enumerate(acted) if line.startswith("fatal: [RDSH01]: FAILED! => "))
    assert "session 14 (CONTOSO\\bob): " in acted[at]
    assert acted[at + 1].startswith("  12  CONTOSO\\alice  logged off after ")
    assert acted[at + 2].startswith("  14  CONTOSO\\bob    denied: ")
    assert "{" not in "".join(acted)


@pytest.mark.usefixtures("in_words")
def test_what_is_skipped_or_tried_again_is_not_told_in_words(serve: Serve) -> None:
    tasks = [
        {"name": "skipped", INFO: {"users": "{{ item }}"}, "loop": ["alice", "bob"], "when": "item == 'alice'"},
        {"name": "again", "ansible.builtin.command": "false", "until": False, "retries": 1, "delay": 0,
         "delegate_to": "localhost", "connection": "local"},
    ]  # fmt: skip
    run = serve([ALICE, BOB]).playbook(tasks)
    assert section(run.output, "skipped")[1] == "skipping: [RDSH01] => (item=bob) "
    assert section(run.output, "again")[0].endswith(" retries left).")


@pytest.mark.usefixtures("in_words")
def test_a_terminal_of_hardly_any_columns(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "1")
    run = serve([ALICE]).playbook([{INFO: {}}, {LOGOFF: {"all": True}}])
    assert "RDSH01  12  CONTOSO\\alice  active" in run.output
    assert "  12  CONTOSO\\alice  logged off after " in run.output


@pytest.mark.usefixtures("in_words")
def test_the_table_of_a_playbook_is_not_shown_twice(serve: Serve) -> None:
    run = two_hosts(serve).run("winops.rds.who_is_on")
    assert run.output.count("SERVER  ID  ACCOUNT") == 1


@pytest.mark.parametrize(
    ("registered", "reason"),
    [
        ("fuond", "registered: no host of the play has registered 'fuond'; check the name"),
        (["found", "mdoe"], "registered: no host of the play has registered 'mdoe'; check the name"),
        ("inventory_hostname", "registered: 'inventory_hostname' of RDSH01 is not the result of a task"),
        ("other", "registered: 'other' of RDSH01 is the result of a module that tells of no sessions"),
        (["found", "others"], "registered: 'others' of RDSH01 is the result of a module that tells of no sessions"),
        ([], "registered is an empty list; give the variables that the hosts have registered"),
    ],
)
def test_a_variable_that_nobody_registered_is_not_a_farm_without_sessions(
    serve: Serve, registered: str | list[str], reason: str
) -> None:
    tasks = [
        {INFO: {}, "register": "found"},
        {"ansible.builtin.debug": {}, "register": "other"},
        {"ansible.builtin.debug": {}, "register": "others", "loop": [1]},
        {SHOW: {"registered": registered}, "run_once": True},
    ]
    run = serve([ALICE]).playbook(tasks)
    assert run.exit_code == 2
    assert reason in run.output
    assert "0 sessions" not in run.output


def test_a_loop_registers_the_results_of_its_items(serve: Serve) -> None:
    tasks = [
        {INFO: {"users": "{{ item }}"}, "loop": ["alice", "bob"], "register": "found"},
        {SHOW: {"registered": "found"}, "run_once": True},
    ]
    run = serve([ALICE, BOB, CAROL]).playbook(tasks)
    assert run.exit_code == 0
    assert "2 sessions on 1 server: 1 active, 1 disconnected. Times are UTC." in run.output
    assert "Not asked" not in run.output


def test_a_host_that_was_left_out_was_not_asked(serve: Serve) -> None:
    tasks = [
        {INFO: {}, "register": "found", "when": "inventory_hostname == 'RDSH01'"},
        {SHOW: {"registered": "found"}, "run_once": True},
    ]
    assert "Not asked: RDSH02: it returned no sessions" in two_hosts(serve).playbook(tasks).output


@pytest.mark.usefixtures("in_words")
def test_progress_stands_below_the_title_of_its_task(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSIBLE_DISPLAY_SKIPPED_HOSTS", "no")
    grace = {"all": True, "grace": "1s", "message": "Bye"}
    tasks = [{"name": "before", "ansible.builtin.command": "true", "delegate_to": "localhost", "connection": "local"}]
    run = serve([ALICE]).playbook([*tasks, {"name": "the night", LOGOFF: grace}])
    assert section(run.output, "the night")[0].startswith("RDSH01: 1 session warned: alice")


@pytest.mark.parametrize("callback", ["ansible.builtin.default", "winops.rds.sessions"])
def test_json_only_with_two_v(serve: Serve, monkeypatch: pytest.MonkeyPatch, callback: str) -> None:
    monkeypatch.setenv("ANSIBLE_STDOUT_CALLBACK", callback)
    farm = serve([ALICE, BOB])
    shown = farm.playbook([{INFO: {}}], "-v").output
    assert "RDSH01: session 12 (CONTOSO\\alice): active, idle 3m" in shown
    assert "2 sessions selected: 1 active, 1 disconnected." in shown
    assert '"sessions":' not in shown
    assert '"sessions":' in farm.playbook([{INFO: {}}], "-vv").output


def test_a_name_that_fits_nobody_is_a_warning(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    task = {LOGOFF: {"users": ["alcie", "x*", "alice"]}, "check_mode": True}
    alone = serve([ALICE]).playbook([task]).output
    assert "[WARNING]: Not found: alcie. Check the name." in alone
    farm = two_hosts(serve)
    several = farm.playbook([task]).output
    assert "WARNING" not in several  # alice is on RDSH01, which RDSH02 does not know
    monkeypatch.setenv("ANSIBLE_STDOUT_CALLBACK", "winops.rds.sessions")
    told = farm.playbook([task]).output
    assert told.count("[WARNING]") == 1
    assert "Not found: alcie. Check the name." in told
    assert "x*" not in several
    assert "WARNING" not in farm.playbook([{LOGOFF: {"users": "x*", "sessions": "current"}}]).output


def test_an_account_for_a_session_to_leave_alone_is_a_warning(serve: Serve) -> None:
    """It could be the name of a session that has gone, so that it is no error."""
    task = {LOGOFF: {"all": True, "exclude_sessions": ["bob", 99, "current"]}, "check_mode": True}
    warning = "[WARNING]: exclude_sessions: not the name of a session: bob. An account belongs in exclude_users."
    assert warning in " ".join(serve([ALICE]).playbook([task]).output.split())
    others = {LOGOFF: {"all": True, "exclude_sessions": [99, "current", "console"]}}
    assert "WARNING" not in serve([{"id": 1, "name": "console"}]).playbook([others]).output


def test_a_diff_has_the_times(serve: Serve) -> None:
    shown = serve([ALICE, BOB]).playbook([{LOGOFF: {"all": True}}], "--check", "--diff").output
    alice, bob = (next(line for line in shown.splitlines() if name in line) for name in ("alice", "bob"))
    assert alice.startswith("-") and alice.endswith("active        idle 3m")
    assert "disconnected  idle 9h, since " in bob and bob.endswith(" UTC")


def test_too_few_forks_for_a_grace_period(serve: Serve) -> None:
    farm = two_hosts(serve)
    task = {LOGOFF: {"users": "carol", "grace": "1s", "message": "Bye"}}
    assert "2 hosts and 1 forks: a fork waits" in farm.playbook([task], "--forks", "1").output
    assert "a fork waits" not in farm.playbook([task], "--forks", "2").output
    throttled = farm.playbook([{**task, "throttle": 1}], "--forks", "2").output
    assert "2 hosts and throttle: 1: a fork waits" in throttled and "Leave throttle out, or" in " ".join(
        throttled.split()
    )
    assert "a fork waits" not in farm.playbook([{**task, "run_once": True}], "--forks", "1").output


@pytest.mark.usefixtures("in_words")
def test_what_a_command_prints_is_shown_at_a_prompt_alone(serve: Serve) -> None:
    farm = two_hosts(serve, language="fr-FR")
    for module in "ansible.windows.win_shell", "ansible.builtin.raw":
        run = farm.adhoc(module, "quser", "--limit", "RDSH01")
        assert run.exit_code == 0, run.output
        shown = run.output.splitlines()
        assert shown[shown.index("changed: [RDSH01]") + 1].split()[:2] == ["UTILISATEUR", "SESSION"]
    played = farm.playbook([{"ansible.windows.win_shell": "quser"}], "--limit", "RDSH01")
    assert "UTILISATEUR" not in played.output
