# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The role ``maintenance`` where not everything goes well: what it does to which host."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.release import __version__ as ansible_version

from simulator.farm.file import SessionSpec
from tests.support.paths import REPOSITORY

Serve = Callable[..., Any]

ROLE = {"ansible.builtin.import_role": {"name": "winops.rds.maintenance"}}
#: What the tests do on an empty host: it is seen as the look-up of a name that nothing else looks up, and a fault can
#: strike there. It strikes at the user's name before, which the event of the logoff looks up, and does not need.
PATCH = "LookupAccountNameW"
PATCH_NAME = "patch@contoso.com"
PATCH_TASKS = [{"name": "Patch", "winops.rds.win_rds_session_info": {"users": [PATCH_NAME]}}]
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
    return {
        name: any(PATCH_NAME in call.arguments for call in farm.simulation.calls(name))
        for name in farm.simulation.hosts
    }


def record(farm: Any, host: str = "RDSH01") -> dict[str, Any]:
    """What stands on a host of its maintenance; empty: nothing that counts."""
    values = farm.simulation.hosts[host].registry.values(r"SOFTWARE\winops.rds.maintenance")
    return values if "SINCE" in values else {}


def modes(farm: Any) -> dict[str, str]:
    return {name: host.registry.logon_mode for name, host in farm.simulation.hosts.items()}


HOSTS: dict[str, dict[str, Any]] = {
    # It restarts while it is worked on, and carol tries to get on before the work is done.
    "WELL": {
        "faults": [{"call": PATCH, "after": 1, "then": [{"restart": True}, {"logon": {"id": 30, "user": "carol"}}]}]
    },
    "DRAINED": {"logon_mode": "drain"},
    "CONSOLE": {"sessions": [ALICE, CONSOLE]},
    "HANGS": {"sessions": [{**ALICE, "logoff": "never"}]},
    "UNPATCHED": {"faults": [PATCH_FAILS]},
}


@pytest.mark.parametrize(
    ("after", "after_failure", "expected"),
    [
        ("previous", "previous", ["enabled", "drain", "enabled", "enabled", "enabled"]),
        # What could not be emptied is as it was. What could not be worked on stays closed, and says why.
        ("enabled", "unchanged", ["enabled", "enabled", "enabled", "enabled", "drain"]),
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
    told = run.of("Enter maintenance", "CONSOLE")["msg"]
    assert "would stay: CONTOSO\\operator. " in told
    assert told.endswith("The role takes it from maintenance_exclude_sessions and maintenance_protect_console.")
    assert farm.users("CONSOLE") == {12: "alice", 1: "operator"}
    assert farm.simulation.mutating_calls("CONSOLE") == []
    for host in [name for name in farm.simulation.hosts if record(farm, name)]:
        said = run.of("Say that the host stays in maintenance", host)["msg"]
        opening = f"ansible {host} -i {farm.inventory} -m winops.rds.win_rds_maintenance -a state=exited"
        assert said == f"{host} stays in maintenance. To open it: {opening}"
    assert [name for name in farm.simulation.hosts if record(farm, name)] == (
        ["UNPATCHED"] if after_failure == "unchanged" else []
    )
    # UNPATCHED was empty: its task was begun, and failed.
    assert is_patched(farm) == {"WELL": True, "DRAINED": True, "CONSOLE": False, "HANGS": False, "UNPATCHED": True}
    assert [*modes(farm).values()] == expected
    assert [logon.account for logon in farm.simulation.hosts["WELL"].refused_logons] == ["CONTOSO\\carol"]


def test_check_mode_goes_all_the_way_and_changes_nothing(serve: Serve) -> None:
    farm = farm_of(serve, WELL={}, CONSOLE={"sessions": [ALICE, CONSOLE]})
    variables = {**patch(farm), "maintenance_grace": "15m", "maintenance_reminders": ["5m"]}
    run = farm.playbook([ROLE], "--check", vars=variables)
    assert run.of("Enter maintenance", "WELL").outcomes() == {12: "would_log_off"}
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
    "null for the warning": (
        {"maintenance_grace": None},
        ["grace is null", " The role takes it from maintenance_grace."],
    ),
    "nothing for the warning": ({"maintenance_grace": ""}, ["grace is empty"]),
    "nothing for exclusions": ({"maintenance_exclude_users": ""}, ["exclude_users holds"]),
    "no exclusion in a list": ({"maintenance_exclude_users": []}, ["exclude_users is an empty list"]),
    "null for sessions": ({"maintenance_exclude_sessions": None}, ["maintenance_exclude_sessions"]),
    "null for the idle": ({"maintenance_idle_for": None}, ["idle_for is null"]),
    "a number for the idle": ({"maintenance_idle_for": 120}, ["120 seconds is 2m, 120 minutes is 2h"]),
    "null for the mode after": ({"maintenance_mode_after": None}, ["maintenance_mode_after"]),
    "reminders that do not fit": (
        {"maintenance_grace": "1m", "maintenance_reminders": ["5m", "1m"]},
        ["reminders: 5m is not within"],
    ),
    "a wrong word in braces": ({"maintenance_message": "In {minuts}"}, ["{minuts}"]),
    "no reason for the message": (
        {"maintenance_message": "{reason}"},
        [" The role takes it from maintenance_message and maintenance_reason."],
    ),
    "a misspelt exclusion": ({"maintenance_exclude_user": "alice"}, ["maintenance_exclude_user (maintenance_exclude_"]),
    "an invented exclusion": ({"maintenance_skip": "alice"}, ["no such variables: maintenance_skip"]),
    "a misspelt prefix": ({"maintainance_idle_for": "2h"}, ["maintainance_idle_for (maintenance_idle_for?)"]),
    "an account that is none": ({"maintenance_exclude_users": "CONTOSO/alice"}, ["exclude_users"]),
    "somebody at work": ({"maintenance_idle_for": "30m"}, ["would stay: CONTOSO\\alice.", "30m"]),
    "a relative file": ({"maintenance_close_tasks": "close.yml"}, ["maintenance_close_tasks: there is no file"]),
    "a file that is not there": ({"maintenance_open_tasks": "/no.yml"}, ["maintenance_open_tasks: there is no file"]),
}


def test_it_stops_before_anything_is_done_where_it_could_not_succeed(serve: Serve) -> None:
    farm = farm_of(serve, RDSH01={"logon_mode": "drain"})
    role = {"name": "winops.rds.maintenance"}
    tasks = [
        {
            "block": [{"ansible.builtin.include_role": role, "vars": {"maintenance_grace": "1m", **variables}}],
            "rescue": [{"name": name, "ansible.builtin.debug": {"msg": "{{ ansible_failed_result.msg }}"}}],
        }
        for name, (variables, _) in STOPPED.items()
    ]
    run = farm.playbook(tasks)
    told = {name: run.of(name)["msg"] for name in STOPPED}
    missing = [
        (name, word)
        for name, (variables, words) in STOPPED.items()
        # Before ansible-core 2.19, Ansible itself refuses null, by the name of the variable.
        for word in ([*variables] if ansible_version < "2.19" and None in variables.values() else words)
        if word not in told[name]
    ]
    assert [(*case, told[case[0]]) for case in missing] == []
    assert farm.users() == {12: "alice"}
    # A host that somebody has closed is not opened by a run that refuses.
    assert modes(farm) == {"RDSH01": "drain"}
    assert farm.simulation.mutating_calls("RDSH01") == []


@pytest.mark.parametrize("end", ["end_host", "end_play", "end_batch", "end_role"])
@pytest.mark.parametrize("form", ["ansible.builtin.meta: {}", "meta: '{}'", "action: meta {}"])
def test_a_file_that_would_end_the_host_is_refused(serve: Serve, end: str, form: str) -> None:
    farm = farm_of(serve, RDSH01={})
    path = farm.folder / "patch.yml"
    path.write_text(
        f"# meta: end_play\n- name: Patch\n  block:\n    - {form.format(end)}\n      when: false\n", "utf-8"
    )
    run = farm.playbook([ROLE], vars={**NO_GRACE, "maintenance_tasks": str(path)})
    assert f"has 'meta: {end}'" in run.of("Refuse what would stop it later")["msg"]
    assert (run.exit_code, farm.users(), modes(farm)) == (2, {12: "alice"}, {"RDSH01": "enabled"})


@pytest.mark.parametrize(
    ("first", "why"),
    [
        ("Do the caller's tasks", "This run has not emptied the host"),
        # It would not be opened there again.
        ("Close the host elsewhere", "This run has not looked whether the host can be emptied"),
    ],
)
def test_tasks_are_not_done_where_the_run_begins_with_them(serve: Serve, first: str, why: str) -> None:
    farm = farm_of(serve, RDSH01={})
    variables = {**patch(farm), **elsewhere(farm)}
    run = farm.playbook([ROLE], "--start-at-task", f"winops.rds.maintenance : {first}", vars=variables)
    assert why in run.output
    assert (is_patched(farm), modes(farm), farm.users()) == ({"RDSH01": False}, {"RDSH01": "enabled"}, {12: "alice"})


def test_the_role_alone_is_in_no_check_mode_where_handlers_are_not(serve: Serve) -> None:
    """What the tasks would change notifies them, and they would restart a host with users on it."""
    farm = farm_of(serve, RDSH01={})
    role = {**ROLE, "check_mode": True}
    run = farm.playbook([role], vars=patch(farm, NOTIFY), handlers=[HANDLER])
    assert "the role is in check mode, and handlers of the play are not, such as" in run.of("Enter maintenance")["msg"]
    assert is_patched(farm) == {"RDSH01": False}
    for how in ({"handlers": [{**HANDLER, "check_mode": True}]}, {"handlers": [HANDLER], "check_mode": True}, {}):
        assert farm.playbook([role], vars=patch(farm), **how).exit_code == 0


def test_no_play_ignores_that_somebody_is_left(serve: Serve) -> None:
    farm = farm_of(serve, HANGS={"sessions": [{**ALICE, "logoff": "never"}]})
    run = farm.playbook([ROLE], ignore_errors=True, vars={**patch(farm), "maintenance_timeout": "1s"})
    assert run.of("Enter maintenance").status == "failed"
    assert is_patched(farm) == {"HANGS": False}
    farm.playbook([ROLE], ignore_errors=True, vars={**NO_GRACE, "maintenance_exclude_user": "alice"})
    assert len([call for call in farm.simulation.mutating_calls("HANGS") if call.function == "WTSLogoffSession"]) == 1


def test_no_play_ignores_that_other_hosts_have_failed(serve: Serve) -> None:
    farm = farm_of(serve, FIRST={"sessions": [CONSOLE]}, SECOND={}, THIRD={})
    farm.playbook([ROLE], ignore_errors=True, serial=2, vars=patch(farm))
    assert is_patched(farm) == {"FIRST": False, "SECOND": True, "THIRD": False}
    assert farm.simulation.traffic("THIRD") == []


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
    said = run.of("Let users in again", "LOST")
    assert said.status == "unreachable"
    assert f"ansible LOST -i '{farm.inventory}' -m winops.rds.win_rds_maintenance -a state=exited" in said["msg"]


def test_host_that_is_lost_during_the_work_stays_closed(serve: Serve) -> None:
    """As after a restart from which it does not come back."""
    farm = farm_of(serve, LOST={})
    lost = [{"name": "Lose it", "ansible.builtin.raw": "ver", "vars": {"ansible_port": 1}}]
    assert farm.playbook([ROLE], vars=patch(farm, lost)).results[-1].status == "unreachable"
    assert modes(farm) == {"LOST": "drain"}


HANDLER = {"name": "Restart the host", "winops.rds.win_rds_session_info": {"users": [PATCH_NAME]}}
NOTIFY = [
    {"name": "Change", "ansible.builtin.debug": {"msg": "changed"}, "changed_when": True, "notify": "Restart the host"}
]


def test_handlers_run_before_the_host_is_opened(serve: Serve) -> None:
    farm = farm_of(
        serve, WELL={"faults": [{"call": PATCH, "after": 1, "then": [{"logon": {"id": 30, "user": "carol"}}]}]}
    )
    run = farm.playbook([ROLE], vars=patch(farm, NOTIFY), handlers=[HANDLER])
    assert (run.exit_code, is_patched(farm), farm.users("WELL")) == (0, {"WELL": True}, {})
    assert [logon.account for logon in farm.simulation.hosts["WELL"].refused_logons] == ["CONTOSO\\carol"]


@pytest.mark.parametrize("faults", [[], [PATCH_FAILS]], ids=["done", "failed"])
def test_handlers_that_are_done_after_a_failure_are_done_before_the_host_is_opened(
    serve: Serve, faults: list[dict[str, Any]]
) -> None:
    """With force_handlers Ansible does them at the end of the play otherwise, a restart with users on the host."""
    farm = farm_of(serve, FAILS={"faults": faults}, CONSOLE={"sessions": [CONSOLE]})
    fails = {"name": "Fail", "ansible.builtin.fail": {"msg": "It does not work."}}
    run = farm.playbook([ROLE], vars=patch(farm, [*NOTIFY, fails]), handlers=[HANDLER], force_handlers=True)
    tasks = [result.task for result in run.results if result.status != "skipped"]
    assert tasks.count("Restart the host") == 1
    assert tasks.index("Fail") < tasks.index("Restart the host") < tasks.index("Let users in again")
    assert modes(farm) == {"FAILS": "enabled", "CONSOLE": "enabled"}


def test_handlers_are_not_done_after_a_failure_otherwise(serve: Serve) -> None:
    farm = farm_of(serve, FAILS={})
    fails = {"name": "Fail", "ansible.builtin.fail": {"msg": "It does not work."}}
    farm.playbook([ROLE], vars=patch(farm, [*NOTIFY, fails]), handlers=[HANDLER])
    assert (is_patched(farm), modes(farm)) == ({"FAILS": False}, {"FAILS": "enabled"})


def test_a_handler_that_fails_leaves_no_host_closed_without_a_word(serve: Serve) -> None:
    farm = farm_of(serve, WELL={"faults": [PATCH_FAILS]})
    run = farm.playbook([ROLE], vars=patch(farm, NOTIFY), handlers=[HANDLER])
    assert run.exit_code == 2
    assert modes(farm) == {"WELL": "enabled"}


def test_a_run_that_was_cut_off_is_gone_on_with(serve: Serve) -> None:
    """It keeps the mode from before the first one."""
    farm = farm_of(serve, RDSH01={})
    lost = [{"name": "Lose it", "ansible.builtin.raw": "ver", "vars": {"ansible_port": 1}}]
    farm.playbook([ROLE], vars=patch(farm, lost))
    assert (modes(farm), bool(record(farm))) == ({"RDSH01": "drain"}, True)
    run = farm.playbook([ROLE], vars=patch(farm))
    assert (run.exit_code, modes(farm), record(farm)) == (0, {"RDSH01": "enabled"}, {})


def test_a_run_that_refuses_leaves_a_host_in_maintenance_as_it_is(serve: Serve) -> None:
    farm = farm_of(serve, RDSH01={"sessions": []})
    assert farm.adhoc("winops.rds.win_rds_maintenance", "state=entered").exit_code == 0
    farm.simulation.hosts["RDSH01"].put(SessionSpec(id=1, name="console", user="operator"))
    run = farm.playbook([ROLE], vars=patch(farm))
    assert "Nothing was done here" in run.of("Enter maintenance")["msg"]
    assert (modes(farm), bool(record(farm))) == ({"RDSH01": "drain"}, True)


@pytest.mark.parametrize("defaults", [{"states": ["disconnected"]}, {"server": ["RDSH02"]}])
def test_defaults_of_the_group_narrow_no_proof(serve: Serve, defaults: dict[str, Any]) -> None:
    farm = farm_of(serve, RDSH01={}, RDSH02={})
    farm.playbook([ROLE], vars=patch(farm), module_defaults={"group/winops.rds.rds": defaults})
    assert is_patched(farm) == {"RDSH01": False, "RDSH02": False}
    assert farm.users("RDSH01") == farm.users("RDSH02") == {12: "alice"}


def test_what_a_play_says_for_all_its_tasks_counts_where_the_role_is_told_nothing_else(serve: Serve) -> None:
    farm = farm_of(serve, IDLE={"sessions": [{**ALICE, "idle": "3h"}]}, WORKING={})
    defaults = {"group/winops.rds.rds": {"idle_for": "2h", "reason": "CHG-4711"}}
    variables = {**NO_GRACE, "maintenance_mode_after": "unchanged"}
    run = farm.playbook([ROLE], vars=variables, module_defaults=defaults)
    assert "Whoever has not been idle for 2h" in run.of("Enter maintenance", "WORKING")["msg"]
    assert (farm.users("IDLE"), farm.users("WORKING")) == ({}, {12: "alice"})
    assert record(farm, "IDLE")["REASON"] == "CHG-4711"
    variables |= {"maintenance_idle_for": "0.1s", "maintenance_reason": "CHG-4712"}
    assert farm.playbook([ROLE], "--limit", "WORKING", vars=variables, module_defaults=defaults).exit_code == 0
    assert record(farm, "WORKING")["REASON"] == "CHG-4712"


def test_a_machine_under_two_names_is_worked_on_once(serve: Serve) -> None:
    farm = farm_of(serve, RDSH01={})
    inventory = yaml.safe_load(farm.inventory.read_text("utf-8"))
    hosts = inventory["rdsh"]["hosts"] if "rdsh" in inventory else inventory["all"]["children"]["rdsh"]["hosts"]
    hosts["ALIAS"] = dict(hosts["RDSH01"] or {})
    farm.inventory.write_text(yaml.safe_dump(inventory), "utf-8")
    run = farm.playbook([ROLE], vars=patch(farm))
    failed = [result for result in run.results if result.status == "failed"]
    assert len(failed) == 1 and "are one machine, and this run works on it as" in failed[0]["msg"]
    patched = [call for call in farm.simulation.calls("RDSH01") if PATCH_NAME in call.arguments]
    assert len({call.launch for call in patched}) == 1
    assert modes(farm) == {"RDSH01": "enabled"}


# ---- what closes the host elsewhere


def elsewhere(farm: Any, *closing: dict[str, Any]) -> dict[str, Any]:
    """Files of tasks that set the logon mode, as a connection broker does it."""
    mode = "winops.rds.win_rds_logon_mode"
    close, opened = farm.folder / "close.yml", farm.folder / "open.yml"
    close.write_text(yaml.safe_dump([{"name": "Close", mode: {"mode": "drain"}}, *closing]), "utf-8")
    opened.write_text(yaml.safe_dump([{"name": "Open", mode: {"mode": "enabled"}}]), "utf-8")
    return {"maintenance_close_tasks": str(close), "maintenance_open_tasks": str(opened)}


@pytest.mark.parametrize("mode", ["drain", "unchanged"])
def test_the_host_is_closed_elsewhere_and_opened(serve: Serve, mode: str) -> None:
    farm = farm_of(serve, RDSH01={})
    run = farm.playbook([ROLE], vars={**patch(farm), **elsewhere(farm), "maintenance_mode": mode})
    assert run.exit_code == 0, run.output
    tasks = [result.task for result in run.results]
    assert tasks.index("Close") < tasks.index("Enter maintenance") < tasks.index("Patch") < tasks.index("Open")
    assert run.of("Enter maintenance")["maintenance"]["previous_mode"] == "enabled"
    assert (modes(farm), record(farm), farm.users()) == ({"RDSH01": "enabled"}, {}, {})


def test_it_is_opened_where_closing_it_failed(serve: Serve) -> None:
    farm = farm_of(serve, RDSH01={})
    fails = {"name": "Fail", "ansible.builtin.fail": {"msg": "The broker does not answer."}}
    run = farm.playbook([ROLE], vars={**patch(farm), **elsewhere(farm, fails)})
    assert run.exit_code == 2 and "Open" in [result.task for result in run.results]
    assert (modes(farm), record(farm), farm.users()) == ({"RDSH01": "enabled"}, {}, {12: "alice"})


def test_nothing_is_closed_elsewhere_where_somebody_would_stay(serve: Serve) -> None:
    farm = farm_of(serve, RDSH01={"sessions": [CONSOLE]})
    run = farm.playbook([ROLE], vars={**patch(farm), **elsewhere(farm)})
    assert not {"Close", "Open"} & {result.task for result in run.results}
    assert (modes(farm), record(farm)) == ({"RDSH01": "enabled"}, {})


def test_closing_without_opening_is_warned_about(serve: Serve) -> None:
    farm = farm_of(serve, RDSH01={})
    run = farm.playbook([ROLE], vars={**patch(farm), **elsewhere(farm), "maintenance_open_tasks": "none"})
    assert "maintenance_close_tasks is given without maintenance_open_tasks" in " ".join(run.output.split())


def test_a_host_that_nothing_closes_is_warned_about(serve: Serve) -> None:
    farm = farm_of(serve, RDSH01={})
    run = farm.playbook([ROLE], vars={**patch(farm), "maintenance_mode": "unchanged"})
    assert "maintenance_mode is unchanged, and maintenance_close_tasks is none" in " ".join(run.output.split())


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
    # What depends on other variables is told in words.
    depending = {name: value for name, value in defaults.items() if "{{" in str(value)}
    assert depending.keys() == {"maintenance_reminders", "maintenance_message"}
    documented = {name: option.get("default") for name, option in specs["main"]["options"].items()}
    assert documented == {**defaults, **dict.fromkeys(depending)}
    assert specs.keys() == {"main"}


SERVICE = {"id": 20, "user": "svc-scan"}


def test_nobody_is_logged_off_for_work_that_needs_a_host_without_those_who_may_stay(serve: Serve) -> None:
    farm = farm_of(serve, KEPT={"sessions": [ALICE, SERVICE]}, WELL={})
    variables = {
        **patch(farm),
        **elsewhere(farm),
        "maintenance_require_empty": True,
        "maintenance_exclude_users": ["svc-*"],
        "maintenance_max_failed_hosts": 1,
    }
    for flags, grace in (["--check"], "none"), ([], "none"), ([], "1m"):
        run = farm.playbook([ROLE], *flags, vars={**variables, "maintenance_grace": grace})
        told = run.of("Log nobody off for what would not be done then", "KEPT")["msg"]
        assert told.startswith("Nothing was done here, because the work would end the sessions of those who may stay: ")
        assert "CONTOSO\\svc-scan. Do it when they have left, or take them out of maintenance_exclude_users" in told
        assert not {"Close", "Open", "Patch"} & {result.task for result in run.results if result.host == "KEPT"}
    assert (farm.users("KEPT"), farm.users("WELL")) == ({12: "alice", 20: "svc-scan"}, {})
    assert (modes(farm), is_patched(farm)) == ({"KEPT": "enabled", "WELL": "enabled"}, {"KEPT": False, "WELL": True})
    assert record(farm, "KEPT") == {}
    assert "WTSSendMessageW" not in {call.function for call in farm.simulation.calls("KEPT")}


def test_what_is_neither_true_nor_false_requires_a_host_without_anybody(serve: Serve) -> None:
    """Where Ansible begins here, it has not looked at the role's variables."""
    farm = farm_of(serve, RDSH01={"sessions": [ALICE, SERVICE]})
    variables = {**patch(farm), "maintenance_require_empty": "ja", "maintenance_exclude_users": ["svc-*"]}
    run = farm.playbook([ROLE], "--start-at-task", "winops.rds.maintenance : Enter maintenance", vars=variables)
    assert run.of("Require a host without anybody")["msg"].startswith("RDSH01 is not worked on, because the work would")
    assert (run.exit_code, is_patched(farm)) == (2, {"RDSH01": False})


@pytest.mark.parametrize("leaves", [True, False])
def test_those_who_may_stay_may_leave_where_nobody_is_logged_off(serve: Serve, leaves: bool) -> None:
    faults = [{"call": "WTSSendMessageW", "times": 1, "then": [{"remove": 12}, {"remove": 20 if leaves else 99}]}]
    farm = farm_of(serve, RDSH01={"sessions": [ALICE, SERVICE], "faults": faults})
    variables = {
        **{"maintenance_require_empty": True, "maintenance_exclude_users": ["svc-*"], "maintenance_grace": "1s"},
        **{"maintenance_reminders": "none", "maintenance_at_deadline": "fail"},
    }
    run = farm.playbook([ROLE], vars={**patch(farm), **variables})
    assert (run.exit_code, is_patched(farm)) == ((0, {"RDSH01": True}) if leaves else (2, {"RDSH01": False}))
    assert farm.users() == ({} if leaves else {20: "svc-scan"})
    if not leaves:
        told = run.of("Require a host without anybody")["msg"]
        assert told.startswith("RDSH01 is not worked on, because the work would end the sessions of those who may stay")
    assert (modes(farm), record(farm)) == ({"RDSH01": "enabled"}, {})
