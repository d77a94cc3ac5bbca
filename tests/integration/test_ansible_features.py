# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What Ansible offers around a task works with these: seen from the hosts, by the calls that each of them got."""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.paths import REPOSITORY

Serve = Callable[..., Any]

LOGOFF = "winops.rds.win_rds_logoff"


def three_hosts(**fields: Any) -> list[dict[str, Any]]:
    """RDSH01 to RDSH03, each with one session, whose ID is the number of the host."""
    return [{"name": f"RDSH0{n}", "sessions": [{"id": n, "user": f"user{n}", **fields}]} for n in (1, 2, 3)]


def logged_off(farm: Any) -> dict[str, list[int]]:
    """The sessions that each host was asked to log off."""
    return {name: [call.session for call in farm.simulation.mutating_calls(name)] for name in farm.simulation.hosts}


@pytest.mark.windows("runas starts the module with a token of the become user")
@pytest.mark.parametrize("connection", ["winrm", "psrp"])
def test_become_runas_makes_current_the_sessions_of_the_become_user(serve: Serve, connection: str) -> None:
    farm = serve([{"id": 12, "user": "alice"}, {"id": 13, "user": "ansible"}])
    become = {"ansible_become_user": "CONTOSO\\alice", "ansible_become_password": "secret"}
    task = {LOGOFF: {"sessions": ["current"]}, "become": True, "become_method": "ansible.builtin.runas", "vars": become}
    assert farm.playbook([task], "-e", f"ansible_connection={connection}").only().outcomes() == {12: "logged_off"}
    assert logged_off(farm) == {"RDSH01": [12]}


def test_delegate_to_works_on_the_other_host(serve: Serve) -> None:
    farm = serve(hosts=three_hosts())
    farm.playbook([{LOGOFF: {"all": True}, "delegate_to": "RDSH03"}], hosts="RDSH01")
    assert logged_off(farm) == {"RDSH01": [], "RDSH02": [], "RDSH03": [3]}
    assert farm.simulation.traffic("RDSH01") == []


def test_delegate_to_names_the_host_that_was_worked_on(serve: Serve) -> None:
    """Where Windows does not tell its name, too."""
    hosts = three_hosts()
    hosts[2]["faults"] = [{"call": "NetWkstaGetInfo", "error": 5}]
    farm = serve(hosts=hosts)
    task = {LOGOFF: {"all": True, "grace": "2s", "message": "Bye"}, "delegate_to": "{{ item }}", "loop": ["RDSH03"]}
    run = farm.playbook([task], hosts="RDSH01")
    assert [record["server"] for record in run.results[0]["results"][0]["sessions"]] == ["RDSH03"]
    assert "\nRDSH03: 1 session warned: user3; " in run.output and "RDSH01: 1 session" not in run.output


def test_run_once_works_on_the_first_host_alone(serve: Serve) -> None:
    farm = serve(hosts=three_hosts())
    assert farm.playbook([{LOGOFF: {"all": True}, "run_once": True}]).exit_code == 0
    assert logged_off(farm) == {"RDSH01": [1], "RDSH02": [], "RDSH03": []}


def test_throttle_lets_one_host_end_before_the_next_begins(serve: Serve) -> None:
    farm = serve(hosts=three_hosts(logoff="1s"))
    assert farm.playbook([{LOGOFF: {"all": True}, "throttle": 1}], "--forks=3").exit_code == 0
    calls = sorted((farm.simulation.calls(name) for name in farm.simulation.hosts), key=lambda calls: calls[0].time)
    for before, after in itertools.pairwise(calls):
        assert before[-1].time < after[0].time
    assert logged_off(farm) == {"RDSH01": [1], "RDSH02": [2], "RDSH03": [3]}


def test_serial_with_max_fail_percentage_spares_the_hosts_after_a_failure(serve: Serve) -> None:
    hosts = three_hosts()
    hosts[1]["faults"] = [{"call": "WTSLogoffSession", "error": 5}]
    farm = serve(hosts=hosts)
    assert farm.playbook([{LOGOFF: {"all": True}}], serial=2, max_fail_percentage=0).exit_code != 0
    assert logged_off(farm) == {"RDSH01": [1], "RDSH02": [2], "RDSH03": []}
    assert farm.simulation.traffic("RDSH03") == []


def test_ignore_errors_goes_on_with_the_next_task(serve: Serve) -> None:
    sessions = [{"id": 12, "user": "alice"}, {"id": 14, "user": "bob"}]
    farm = serve(sessions, faults=[{"call": "WTSLogoffSession", "session": 12, "error": 5}])
    tasks = [
        {"name": "refused", LOGOFF: {"users": ["alice"]}, "ignore_errors": True},
        {"name": "next", LOGOFF: {"users": ["bob"]}},
    ]
    run = farm.playbook(tasks)
    assert run.exit_code == 0
    assert (run.of("refused").status, run.of("next").status) == ("failed", "ok")
    assert logged_off(farm) == {"RDSH01": [12, 14]}


def test_module_defaults_of_the_action_group_reach_a_task(serve: Serve) -> None:
    farm = serve([{"id": 12, "user": "alice"}, {"id": 14, "user": "svc-backup"}])
    defaults = {"group/winops.rds.rds": {"exclude_users": ["svc-*"]}}
    assert farm.playbook([{LOGOFF: {"all": True}}], module_defaults=defaults).only().outcomes() == {12: "logged_off"}
    assert logged_off(farm) == {"RDSH01": [12]}


GROUP = "group/winops.rds.rds"
SERVICE = {GROUP: {"exclude_users": ["svc-*"]}}
#: How a task may say whom it spares itself, with module_defaults of the play that spare svc-*, and who is left then.
ADDED: dict[str, tuple[dict[str, Any], dict[str, Any], set[str]]] = {
    "nothing": ({}, {}, {"svc-backup"}),
    "another one": ({"exclude_users": "alice"}, {}, {"svc-backup", "alice"}),
    "several": ({"exclude_users": "alice,bob"}, {}, {"svc-backup", "alice", "bob"}),
    "under another name": ({"exclude_user": "alice"}, {}, {"svc-backup", "alice"}),
    "a template under another name": ({"exclude_user": "{{ ['al' ~ 'ice'] }}"}, {}, {"svc-backup", "alice"}),
    "omit": ({"exclude_users": "{{ omit }}"}, {}, {"svc-backup"}),
    "a default that is omitted": ({"exclude_users": "{{ none_given | default(omit) }}"}, {}, {"svc-backup"}),
    "inner defaults of the group": ({}, {GROUP: {"timeout": "1m"}}, {"svc-backup"}),
    "inner exclusions of the group": ({}, {GROUP: {"exclude_users": ["bob"]}}, {"svc-backup", "bob"}),
    "inner exclusions of the module": ({}, {LOGOFF: {"exclude_users": "bob"}}, {"svc-backup", "bob"}),
    "inner exclusions under another name": ({}, {LOGOFF: {"exclude_user": "bob"}}, {"svc-backup", "bob"}),
    "a template": ({}, {LOGOFF: {"exclude_users": "{{ ['b' ~ 'ob'] }}"}}, {"svc-backup", "bob"}),
    "all options as a template": ({}, {LOGOFF: "{{ {'exclude_users': ['bob']} }}"}, {"svc-backup", "bob"}),
    "an inner template that is omitted": (
        {},
        {GROUP: {"exclude_users": "{{ none_given | default(omit) }}"}},
        {"svc-backup"},
    ),
    "a session": ({"exclude_sessions": [12]}, {}, {"svc-backup", "alice"}),
}


@pytest.mark.parametrize("how", ADDED)
def test_exclusions_add_up_wherever_they_are_said(serve: Serve, how: str) -> None:
    farm = serve([{"id": 12, "user": "alice"}, {"id": 13, "user": "bob"}, {"id": 14, "user": "svc-backup"}])
    options, inner, left = ADDED[how]
    task = {LOGOFF: {"all": True, **options}, "module_defaults": inner}
    run = farm.playbook([task], module_defaults=SERVICE)
    assert {*farm.users().values()} == left, run.output
    assert "WARNING" not in run.output


@pytest.mark.parametrize(
    ("defaults", "words"),
    [
        ({GROUP: {"exclude_users": []}}, "exclude_users of module_defaults is an empty list"),
        ({GROUP: {"exclude_users": None}}, "exclude_users is null"),
        ({GROUP: {"exclude_users": [{"user": "bob"}]}}, "a record is not a value"),
        ({GROUP: {"exclude_users": "svc-backpu"}}, "svc-backpu is no account"),
        ({GROUP: {"exclude_users": "alice"}}, "users and exclude_users both name"),
    ],
)
def test_an_exclusion_of_outer_defaults_that_is_none_stops_the_task(
    serve: Serve, defaults: dict[str, Any], words: str
) -> None:
    """Although Ansible itself would leave them out for the task's own."""
    farm = serve([{"id": 12, "user": "alice"}, {"id": 14, "user": "svc-backup"}])
    task = {LOGOFF: {"users": ["alice"], "exclude_users": ["svc-*"]}}
    result = farm.playbook([task], module_defaults=defaults).only()
    assert result.status == "failed" and words in result["msg"]
    assert farm.users() == {12: "alice", 14: "svc-backup"}


def test_exclusions_of_defaults_are_none_of_another_modules_business(serve: Serve) -> None:
    farm = serve([{"id": 12, "user": "alice"}])
    mode = {"winops.rds.win_rds_logon_mode_info": {}}
    assert farm.playbook([mode], module_defaults=SERVICE).only().status == "ok"
    other = {"winops.rds.win_rds_disconnect": {"exclude_users": "alice"}}
    assert farm.playbook([{LOGOFF: {"all": True}}], module_defaults=other).only().outcomes() == {12: "logged_off"}


def test_action_group_has_every_module_that_selects_sessions() -> None:
    runtime = yaml.safe_load((REPOSITORY / "meta" / "runtime.yml").read_text("utf-8"))
    documented = {
        path.stem: yaml.safe_load(
            import_module(f"ansible_collections.winops.rds.plugins.modules.{path.stem}").DOCUMENTATION
        )
        for path in (REPOSITORY / "plugins" / "modules").glob("win_rds_*.py")
    }
    modules = [
        name
        for name, page in documented.items()
        if "exclude_users" in page["options"]
        or ("winops.rds.session_selection" in page.get("extends_documentation_fragment", []))
    ]
    assert runtime["action_groups"]["rds"] == sorted(modules)


def test_ansible_console_keeps_to_its_check_mode(serve: Serve) -> None:
    """It has neither the fork server's command line nor another callback than Ansible's own."""
    farm = serve([{"id": 12, "user": "alice"}, {"id": 14, "user": "bob"}])
    typed = ("check true", f"{LOGOFF} all=true", "check false", f"{LOGOFF} users=bob --check", f"{LOGOFF} users=alice")
    done = subprocess.run(
        [Path(sys.executable).parent / "ansible-console", "-i", farm.inventory, "rdsh"],
        input="\n".join((*typed, "exit", "")),
        env=farm.environment,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert "2 sessions selected: 2 would be logged off." in done.stdout
    assert "1 session selected: 1 logged off." in done.stdout
    assert logged_off(farm) == {"RDSH01": [12]}
