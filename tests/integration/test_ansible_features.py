# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What Ansible offers around a task works with these: seen from the hosts, by the calls that each of them got."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from importlib import import_module
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


def test_an_exclusion_of_module_defaults_that_does_not_count(serve: Serve) -> None:
    """Ansible takes a task's own instead, and of two blocks the defaults of the inner one, without a word."""
    farm = serve([{"id": 12, "user": "alice"}, {"id": 14, "user": "svc-backup"}])
    defaults = {"group/winops.rds.rds": {"exclude_users": ["svc-*"]}}
    task = {LOGOFF: {"all": True}, "check_mode": True}
    excluding = {LOGOFF: {"all": True, "exclude_users": "alice"}, "check_mode": True}
    inner = {"module_defaults": {"group/winops.rds.rds": {"timeout": "1m"}}}
    warning = "Not every exclude_users of module_defaults counts for this task. What counts: "
    for tasks, counting in ([task], ""), ([excluding], "alice."), ([task | inner], "none."):
        output = " ".join(farm.playbook(tasks, module_defaults=defaults).output.split())
        assert (warning + counting in output) == bool(counting)
    assert warning not in " ".join(farm.playbook([excluding]).output.split())
    mode = {"winops.rds.win_rds_logon_mode_info": {}}
    assert "WARNING" not in farm.playbook([mode], module_defaults=defaults).output


def test_action_group_has_every_module_that_selects_sessions() -> None:
    runtime = yaml.safe_load((REPOSITORY / "meta" / "runtime.yml").read_text("utf-8"))
    documented = {
        path.stem: yaml.safe_load(
            import_module(f"ansible_collections.winops.rds.plugins.modules.{path.stem}").DOCUMENTATION
        )
        for path in (REPOSITORY / "plugins" / "modules").glob("win_rds_*.py")
    }
    selecting = "winops.rds.session_selection"
    modules = [name for name, page in documented.items() if selecting in page.get("extends_documentation_fragment", [])]
    assert runtime["action_groups"]["rds"] == sorted(modules)
