# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The role ``maintenance`` where not everything goes well: what it does to which host."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.paths import REPOSITORY

Serve = Callable[..., Any]

ROLE = {"ansible.builtin.import_role": {"name": "winops.rds.maintenance"}}
#: What the tests do on an empty host: it is seen as a call that nothing else makes, and a fault can strike there.
PATCH = "LookupAccountNameW"
PATCH_TASKS = [{"name": "Patch", "winops.rds.win_rds_session_info": {"users": ["patch@contoso.com"]}}]
PATCH_FAILS = {"call": PATCH, "error": 1789}
NO_GRACE: dict[str, Any] = {"maintenance_grace": "none"}

ALICE = {"id": 12, "user": "alice"}
CONSOLE = {"id": 1, "name": "console", "user": "operator"}


def farm_of(serve: Serve, **hosts: dict[str, Any]) -> Any:
    return serve(
        hosts=[{"name": name, "sessions": [ALICE], **fields} for name, fields in hosts.items()], accounts=["patch"]
    )


def patch(farm: Any, tasks: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """Variables of the role: the tasks to do, and no grace period."""
    path: Path = farm.folder / "patch.yml"
    path.write_text(yaml.safe_dump(tasks or PATCH_TASKS), encoding="utf-8")
    return {**NO_GRACE, "maintenance_tasks": str(path)}


def is_patched(farm: Any) -> dict[str, bool]:
    return {name: any(call.function == PATCH for call in farm.simulation.calls(name)) for name in farm.simulation.hosts}


def modes(farm: Any) -> dict[str, str]:
    return {name: host.registry.logon_mode for name, host in farm.simulation.hosts.items()}


HOSTS: dict[str, dict[str, Any]] = {
    # It restarts while it is worked on, and carol tries to get on before the work is done.
    "WELL": {"faults": [{"call": PATCH, "then": [{"restart": True}, {"logon": {"id": 30, "user": "carol"}}]}]},
    "DRAINED": {"logon_mode": "drain"},
    "CONSOLE": {"sessions": [ALICE, CONSOLE]},
    "HANGS": {"sessions": [{**ALICE, "logoff": "never"}]},
    "UNPATCHED": {"faults": [PATCH_FAILS]},
}


@pytest.mark.parametrize(
    ("after", "after_failure", "expected"),
    [
        ("previous", "previous", ["enabled", "drain", "enabled", "enabled", "enabled"]),
        ("enabled", "unchanged", ["enabled", "enabled", "enabled", "drain", "drain"]),
    ],
)
def test_who_is_worked_on_and_which_mode_comes_back(
    serve: Serve, after: str, after_failure: str, expected: list[str]
) -> None:
    farm = farm_of(serve, **HOSTS)
    variables = {"maintenance_mode_after": after, "maintenance_mode_after_failure": after_failure}
    run = farm.playbook([ROLE], vars={**patch(farm), **variables, "maintenance_timeout": "1s"})
    failed = {result.host for result in run.results if result.status == "failed"}
    assert failed == {"CONSOLE", "HANGS", "UNPATCHED"}
    assert "would stay: CONTOSO\\operator. " in run.of("Require that nobody would stay", "CONSOLE")["msg"]
    assert farm.users("CONSOLE") == {12: "alice", 1: "operator"}
    assert farm.simulation.mutating_calls("CONSOLE") == []
    for host in [name for name, mode in modes(farm).items() if mode == "drain"]:
        said = run.of("Say why logons may not be accepted", host)["msg"]
        assert (
            f"To open it: ansible {host} -i {farm.inventory} -m winops.rds.win_rds_logon_mode -a mode=enabled" in said
        )
    # UNPATCHED was empty: its task was begun, and failed.
    assert is_patched(farm) == {"WELL": True, "DRAINED": True, "CONSOLE": False, "HANGS": False, "UNPATCHED": True}
    assert [*modes(farm).values()] == expected
    assert [logon.account for logon in farm.simulation.hosts["WELL"].refused_logons] == ["CONTOSO\\carol"]


def test_check_mode_goes_all_the_way_and_changes_nothing(serve: Serve) -> None:
    farm = farm_of(serve, WELL={}, CONSOLE={"sessions": [ALICE, CONSOLE]})
    variables = {**patch(farm), "maintenance_grace": "15m", "maintenance_reminders": ["5m"]}
    run = farm.playbook([ROLE], "--check", vars=variables)
    assert run.of("Warn the users, wait, log them off", "WELL").outcomes() == {12: "would_log_off"}
    # It tells beforehand which host will not be empty.
    assert {result.host for result in run.results if result.status == "failed"} == {"CONSOLE"}
    assert is_patched(farm) == {"WELL": True, "CONSOLE": False}
    assert [call for host in farm.simulation.hosts for call in farm.simulation.mutating_calls(host)] == []


def test_no_batch_after_too_many_failures(serve: Serve) -> None:
    """A host that is in a batch with one that fails is done to the end. With one failure another batch is begun here,
    with two none."""
    failing = {"faults": [PATCH_FAILS]}
    farm = farm_of(serve, FIRST=failing, SECOND={}, THIRD=failing, FOURTH={}, FIFTH={})
    variables = {**patch(farm), "batch": 2, "maintenance_max_failed_hosts": 1}
    path = farm.folder / "variables.yml"
    path.write_text(yaml.safe_dump(variables), encoding="utf-8")
    run = farm.run("winops.rds.maintain_farm", "-e", f"@{path}")
    assert [name for name, patched in is_patched(farm).items() if not patched] == ["FIFTH"]
    assert farm.simulation.traffic("FIFTH") == []
    assert run.of("Begin nothing when other hosts have failed", "FIFTH")["msg"].startswith(
        "Nothing was done here, because other hosts have failed: FIRST, THIRD."
    )
    assert set(modes(farm).values()) == {"enabled"}


#: Variables of the role with which it could not succeed, and words of what it says.
STOPPED: dict[str, tuple[dict[str, Any], list[str]]] = {
    "null for the warning": ({"maintenance_grace": None}, ["grace", "maintenance_grace"]),
    "nothing for the warning": ({"maintenance_grace": ""}, ["grace: ''", "maintenance_grace"]),
    "nothing for exclusions": ({"maintenance_exclude_users": ""}, ["exclude_users holds", "maintenance_exclude_users"]),
    "no exclusion in a list": ({"maintenance_exclude_users": []}, ["exclude_users is an empty list"]),
    "null for sessions": (
        {"maintenance_exclude_sessions": None},
        ["maintenance_exclude_sessions"],
    ),
    "null for the idle": ({"maintenance_idle_for": None}, ["idle_for", "maintenance_idle_for"]),
    "a number for the idle": ({"maintenance_idle_for": 120}, ["write 2m or 2h", "maintenance_idle_for"]),
    "null for the mode after": ({"maintenance_mode_after": None}, ["have to be previous, enabled or unchanged"]),
    "reminders that do not fit": (
        {"maintenance_grace": "1m", "maintenance_reminders": ["5m", "1m"]},
        ["reminders: '5m' is not within", "maintenance_grace, maintenance_reminders"],
    ),
    "a wrong word in braces": ({"maintenance_message": "In {minuts}"}, ["{minuts}", "maintenance_message"]),
    "a misspelt exclusion": ({"maintenance_exclude_user": "alice"}, ["maintenance_exclude_user (maintenance_exclude_"]),
    "an invented exclusion": ({"maintenance_skip": "alice"}, ["no such variables: maintenance_skip"]),
    "a misspelt prefix": ({"maintainance_idle_for": "2h"}, ["maintainance_idle_for (maintenance_idle_for?)"]),
    "an account that is none": ({"maintenance_exclude_users": "CONTOSO/alice"}, ["maintenance_exclude_users"]),
    "somebody at work": (
        {"maintenance_idle_for": "30m"},
        ["would stay: CONTOSO\\alice.", "maintenance_idle_for (30m)"],
    ),
}


def test_it_stops_before_anything_is_done_where_it_could_not_succeed(serve: Serve) -> None:
    farm = farm_of(serve, RDSH01={})
    role = {"name": "winops.rds.maintenance", "tasks_from": "empty"}
    tasks = [
        {
            "block": [{"ansible.builtin.include_role": role, "vars": {"maintenance_grace": "1m", **variables}}],
            "rescue": [{"name": name, "ansible.builtin.debug": {"msg": "{{ ansible_failed_result.msg }}"}}],
        }
        for name, (variables, _) in STOPPED.items()
    ]
    run = farm.playbook(tasks)
    told = {name: run.of(name)["msg"] for name in STOPPED}
    missing = [(name, word) for name, (_, words) in STOPPED.items() for word in words if word not in told[name]]
    assert [(*case, told[case[0]]) for case in missing] == []
    assert farm.users() == {12: "alice"}
    assert modes(farm) == {"RDSH01": "enabled"}
    assert farm.simulation.mutating_calls("RDSH01") == []


def test_tasks_are_not_done_where_the_run_begins_with_them(serve: Serve) -> None:
    farm = farm_of(serve, RDSH01={})
    first = "winops.rds.maintenance : Do the caller's tasks"
    run = farm.playbook([ROLE], "--start-at-task", first, vars=patch(farm))
    assert "This run has not emptied the host" in run.of("Do the caller's tasks")["msg"]
    assert is_patched(farm) == {"RDSH01": False}


def test_no_play_ignores_that_somebody_is_left(serve: Serve) -> None:
    farm = farm_of(serve, HANGS={"sessions": [{**ALICE, "logoff": "never"}]})
    run = farm.playbook([ROLE], ignore_errors=True, vars={**patch(farm), "maintenance_timeout": "1s"})
    assert run.of("Warn the users, wait, log them off").status == "failed"
    assert is_patched(farm) == {"HANGS": False}
    farm.playbook([ROLE], ignore_errors=True, vars={**NO_GRACE, "maintenance_exclude_user": "alice"})
    assert len([call for call in farm.simulation.mutating_calls("HANGS") if call.function == "WTSLogoffSession"]) == 1


def test_hosts_that_were_not_begun_are_named(serve: Serve) -> None:
    farm = farm_of(serve, FIRST={"sessions": [CONSOLE]}, SECOND={}, THIRD={})
    run = farm.run("winops.rds.maintain_farm", "-e", f"maintenance_tasks={patch(farm)['maintenance_tasks']}")
    said = run.of("Name the hosts that were not begun", "FIRST")["msg"]
    assert said == "FIRST has failed, and these are not begun: SECOND, THIRD."
    assert farm.simulation.traffic("SECOND") == farm.simulation.traffic("THIRD") == []


def test_host_that_cannot_be_opened_is_named_with_what_opens_it(serve: Serve) -> None:
    farm = farm_of(serve, LOST={})
    farm.inventory = farm.inventory.rename(farm.folder / "my inventory.yml")
    lost = [
        {"name": "Lose it", "ansible.builtin.set_fact": {"ansible_port": 1}},
        {"name": "Fail", "ansible.builtin.fail": {"msg": "It does not come back."}},
    ]
    run = farm.playbook([ROLE], vars=patch(farm, lost))
    assert modes(farm) == {"LOST": "drain"}
    said = run.of("Say that the host stays closed", "LOST")["msg"]
    assert said.startswith("LOST may stay closed, because its logon mode could not be set: ")
    assert f"ansible LOST -i '{farm.inventory}' -m winops.rds.win_rds_logon_mode -a mode=enabled" in said


def test_host_that_is_lost_during_the_work_stays_closed(serve: Serve) -> None:
    """As after a restart from which it does not come back."""
    farm = farm_of(serve, LOST={})
    lost = [{"name": "Lose it", "ansible.builtin.raw": "ver", "vars": {"ansible_port": 1}}]
    assert farm.playbook([ROLE], vars=patch(farm, lost)).results[-1].status == "unreachable"
    assert modes(farm) == {"LOST": "drain"}


def test_own_tasks_between_the_entry_points(serve: Serve) -> None:
    farm = farm_of(serve, WELL={}, UNPATCHED={"faults": [PATCH_FAILS]}, CONSOLE={"sessions": [CONSOLE]})
    empty, restore = (
        {"ansible.builtin.include_role": {"name": "winops.rds.maintenance", "tasks_from": entry}}
        for entry in ("empty", "restore")
    )
    run = farm.playbook([{"block": [empty, *PATCH_TASKS], "always": [restore]}], vars=NO_GRACE)
    assert {result.host for result in run.results if result.status == "failed"} == {"UNPATCHED", "CONSOLE"}
    assert is_patched(farm) == {"WELL": True, "UNPATCHED": True, "CONSOLE": False}
    assert set(modes(farm).values()) == {"enabled"}


def test_who_may_stay(serve: Serve) -> None:
    farm = farm_of(serve, WELL={"sessions": [ALICE, CONSOLE, {"id": 20, "user": "svc-scan"}]})
    stays = {"maintenance_exclude_users": ["svc-*"], "maintenance_exclude_sessions": ["console"]}
    assert farm.playbook([ROLE], vars={**patch(farm), **stays}).exit_code == 0
    assert is_patched(farm) == {"WELL": True}
    assert farm.users("WELL") == {1: "operator", 20: "svc-scan"}


def test_defaults_are_those_of_the_documentation() -> None:
    role = REPOSITORY / "roles" / "maintenance"
    defaults = yaml.safe_load((role / "defaults" / "main.yml").read_text(encoding="utf-8"))
    specs = yaml.safe_load((role / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))["argument_specs"]
    # What fits of them is told in words.
    assert defaults.pop("maintenance_reminders") == ("{{ ['5m', '1m'] | winops.rds.shorter_than(maintenance_grace) }}")
    documented = {name: option.get("default") for name, option in specs["main"]["options"].items()}
    assert documented == {**defaults, "maintenance_reminders": None}
    assert specs["empty"]["options"].keys() | specs["restore"]["options"].keys() < specs["main"]["options"].keys()
