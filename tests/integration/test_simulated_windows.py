# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What one does with Windows hosts besides this collection's modules, on simulated ones: facts, commands, a restart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .conftest import Farm

Serve = Callable[..., Farm]

OPERATOR = {"id": 1, "name": "console", "user": "operator", "idle": "3m"}
ALICE = {"id": 12, "name": "TERM04", "user": "alice", "idle": "40m"}
BOB = {"id": 14, "user": "bob", "state": "disconnected", "idle": "9h", "disconnected": "8h"}
SHELL = "ansible.windows.win_shell"
#: For each connection, the way to restart is another.
CONNECTIONS = ("winrm", "psrp")


def farm_of(serve: Serve, **fields: Any) -> Farm:
    return serve(hosts=[{"name": "RDSH01", "sessions": [OPERATOR, ALICE, BOB], **fields}])


def test_gathering_facts(serve: Serve) -> None:
    farm = farm_of(serve, uptime="2d", language="fr-FR")
    run = farm.playbook([], gather_facts=True)
    assert run.exit_code == 0, run.output
    facts = run.of("Gathering Facts")["ansible_facts"]
    assert facts["ansible_os_family"] == "Windows"
    assert facts["ansible_distribution"] == "Simulated Windows"
    assert (facts["ansible_hostname"], facts["ansible_fqdn"]) == ("RDSH01", "RDSH01.contoso.com")
    assert facts["ansible_ip_addresses"] == [farm.simulation.hosts["RDSH01"].address]
    assert 2 * 86400 <= facts["ansible_uptime_seconds"] < 2 * 86400 + 600
    assert facts["ansible_env"]["USERDOMAIN"] == "CONTOSO"
    directory = farm.simulation.hosts["RDSH01"].directory
    assert facts["ansible_user_sid"] == directory.find("CONTOSO\\ansible").sid
    assert directory.find("Administrateur", "RDSH01").sid == f"{facts['ansible_machine_id']}-500"


@pytest.mark.parametrize(
    ("wanted", "there", "absent"),
    [
        ("!all", "ansible_date_time", "ansible_uptime_seconds"),
        ("!all,uptime", "ansible_uptime_seconds", "ansible_interfaces"),
        ("!hardware", "ansible_interfaces", "ansible_uptime_seconds"),
        ("min", "ansible_interfaces", "none"),
    ],
)
def test_a_part_of_the_facts(serve: Serve, wanted: str, there: str, absent: str) -> None:
    facts = farm_of(serve).adhoc("ansible.windows.setup", f"gather_subset={wanted}").only()["ansible_facts"]
    assert there in facts and absent not in facts


@pytest.mark.parametrize("module", [SHELL, "ansible.windows.win_command"])
def test_quser_and_logoff(serve: Serve, module: str) -> None:
    farm = farm_of(serve, language="fr-FR")
    shown = farm.adhoc(module, "quser").only()
    assert (shown["rc"], shown["stderr"]) == (0, "")
    header, *rows = shown["stdout_lines"]
    assert header.split()[:2] == ["UTILISATEUR", "SESSION"]
    assert [row.split()[0] for row in rows] == ["operator", "alice", "bob"]
    assert rows[2].split()[1:3] == ["14", "Déco"]
    assert farm.adhoc(module, "logoff 14").only()["rc"] == 0
    assert farm.users() == {1: "operator", 12: "alice"}


def test_check_mode_runs_no_command(serve: Serve) -> None:
    farm = farm_of(serve)
    for module in SHELL, "ansible.windows.win_command":
        assert farm.adhoc(module, "logoff 14", "--check").only().status == "skipped"
    assert farm.users() == {1: "operator", 12: "alice", 14: "bob"}


@pytest.mark.parametrize(
    ("module", "options", "words"),
    [
        (SHELL, "quser | Select-Object -Skip 1", "This is PowerShell: quser | Select-Object -Skip 1"),
        (SHELL, "Get-Process", "This is none of them: Get-Process"),
        (SHELL, "quser chdir=C:\\\\Temp", "no files"),
        ("ansible.windows.win_service", "name=TermService", "ansible.windows.win_service is none of them"),
        ("ansible.windows.win_powershell", "script=1", "ansible.windows.win_powershell is none of them"),
    ],
)
def test_what_is_not_run_says_so(serve: Serve, module: str, options: str, words: str) -> None:
    farm = farm_of(serve)
    run = farm.adhoc(module, options)
    assert run.exit_code == 2
    message = run.only()["msg"]
    assert message.startswith("Simulated hosts ")
    assert words in message
    assert "Traceback" not in run.output and "MODULE FAILURE" not in run.output


@pytest.mark.parametrize("connection", CONNECTIONS)
def test_a_restart(serve: Serve, connection: str) -> None:
    farm = farm_of(serve, logon_mode="drain_until_restart")
    run = farm.playbook(
        [
            {"name": "restart", "ansible.windows.win_reboot": {}},
            {"name": "wait", "ansible.builtin.wait_for_connection": {"timeout": 10}},
            {"name": "facts", "ansible.windows.setup": {"gather_subset": "uptime"}},
            {"name": "mode", "winops.rds.win_rds_logon_mode_info": {}},
        ],
        "-e",
        f"ansible_connection={connection}",
    )
    assert run.exit_code == 0, run.output
    assert run.of("restart")["rebooted"] is True
    assert farm.users() == {}
    assert run.of("facts")["ansible_facts"]["ansible_uptime_seconds"] < 60
    assert run.of("mode")["mode"] == "enabled"


def test_a_restart_that_others_have_asked_for_is_taken_over(serve: Serve) -> None:
    farm = farm_of(serve)
    assert farm.adhoc(SHELL, "shutdown /r /t 600").only()["rc"] == 0
    again = farm.adhoc(SHELL, "shutdown /r /t 600").only()
    assert (again["rc"], again["stderr_lines"]) == (1190, ["A system shutdown has already been scheduled.(1190)"])
    assert len(farm.users()) == 3
    assert farm.adhoc("ansible.windows.win_reboot").only()["rebooted"] is True
    assert farm.users() == {}


def test_a_restart_takes_an_administrator(serve: Serve) -> None:
    farm = farm_of(serve, permissions={"ansible": ["query"]})
    assert farm.adhoc(SHELL, "shutdown /r /t 0").only()["rc"] == 5
    assert len(farm.users()) == 3


def test_administrator_is_found_by_name_and_sid(serve: Serve) -> None:
    administrator = {"id": 15, "user": "RDSH01\\Администратор"}
    farm = serve(hosts=[{"name": "RDSH01", "language": "ru-RU", "sessions": [OPERATOR, administrator]}])
    sid = farm.simulation.hosts["RDSH01"].directory.find("RDSH01\\Администратор").sid
    assert sid.endswith("-500")
    info = "winops.rds.win_rds_session_info"
    for name in "Администратор", sid:
        assert [record["id"] for record in farm.adhoc(info, f"users={name}").only()["sessions"]] == [15]
    kept = farm.adhoc(info, f"all=true exclude_users={sid}").only()
    assert [record["id"] for record in kept["sessions"]] == [1]
