# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module win_rds_maintenance: who is left on the host, in which mode it is, what stands there, what is said."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

import pytest

from simulator.farm import Change
from simulator.win32 import Win32Error
from tests.support import ansible_runs

from .conftest import Farm
from .test_grace import ENUMERATE, NEVER_ENDS, background

Serve = Callable[..., Farm]

MODULE = "winops.rds.win_rds_maintenance"
KEY = r"SOFTWARE\winops.rds.maintenance"
ALICE = {"id": 12, "user": "alice"}
BOB = {"id": 13, "user": "bob", "state": "disconnected"}
BACKUP = {"id": 20, "user": "svc-backup"}
CONSOLE = {"id": 1, "name": "console", "user": "operator"}


def enter(**options: Any) -> dict[str, Any]:
    return {"name": "Enter", MODULE: {"state": "entered", **options}}


EXIT = {"name": "Exit", MODULE: {"state": "exited"}}


def mode(farm: Farm, host: str = "RDSH01") -> str:
    return farm.simulation.hosts[host].registry.logon_mode


def record(farm: Farm, host: str = "RDSH01") -> dict[str, Any]:
    """What stands on a host of its maintenance; empty: nothing that counts."""
    values = farm.simulation.hosts[host].registry.values(KEY)
    return values if "SINCE" in values else {}


def is_clean(farm: Farm, host: str = "RDSH01") -> bool:
    try:
        farm.simulation.hosts[host].registry.require(KEY)
    except Win32Error:
        return True
    return False


def launches(farm: Farm, host: str = "RDSH01") -> int:
    return len({call.launch for call in farm.simulation.calls(host)})


def test_there_and_back(serve: Serve) -> None:
    farm = serve([ALICE, BOB, BACKUP])
    run = farm.playbook([enter(exclude_users="svc-*", reason="CHG-4711"), EXIT], "--diff", "-v")
    entered, left = run.of("Enter"), run.of("Exit")
    assert entered.outcomes() == {12: "logged_off", 13: "logged_off"}
    assert [(r["account"], r["result"]) for r in entered["remaining"]] == [("CONTOSO\\svc-backup", "excluded")]
    assert (entered["changed"], entered["previous_mode"], entered["mode"]) == (True, "enabled", "drain")
    assert entered["maintenance"]["reason"] == "CHG-4711"
    assert entered["maintenance"]["account"] == "CONTOSO\\ansible"
    assert "Still on, as they may stay: CONTOSO\\svc-backup; a restart would end their sessions." in entered["msg"]
    assert (left["changed"], left["mode"], left["accepts_logons"], left["maintenance"]) == (True, "enabled", True, None)
    assert "in maintenance since" in left["msg"] and "by CONTOSO\\ansible (CHG-4711)" in left["msg"]
    assert farm.users() == {20: "svc-backup"}
    assert is_clean(farm)
    assert "-enabled\n+drain" in run.output and "-drain\n+enabled" in run.output
    assert launches(farm) == 5


# ---- what a failure tells


def test_a_failure_tells_who_is_still_on(serve: Serve) -> None:
    hosts: dict[str, list[dict[str, Any]]] = {
        "HANGS": [ALICE | {"logoff": "never"}, BOB, BACKUP],
        "CONSOLE": [ALICE, BACKUP, CONSOLE],
    }
    farm = serve(hosts=[{"name": name, "sessions": sessions} for name, sessions in hosts.items()])
    run = farm.playbook([enter(exclude_users="svc-*", timeout="1s")])
    remaining = {
        name: [(record["user"], record["result"]) for record in run.of("Enter", name)["remaining"]] for name in hosts
    }
    assert remaining == {
        "HANGS": [("alice", "listed"), ("svc-backup", "excluded")],
        "CONSOLE": [("operator", "protected"), ("svc-backup", "excluded")],
    }
    assert run.of("Enter", "HANGS").counts() == {"timed_out": 1, "logged_off": 1}
    assert {result.status for result in run.results} == {"failed"}
    assert [farm.users(name) for name in hosts] == [
        {12: "alice", 20: "svc-backup"},
        {12: "alice", 20: "svc-backup", 1: "operator"},
    ]


def test_a_plan_that_fails_tells_who_would_stay(serve: Serve) -> None:
    farm = serve([ALICE, BACKUP], faults=[{"call": "WTSQuerySessionInformationW", "session": 12, "error": 5}])
    result = farm.playbook([enter(exclude_users="svc-*")]).only()
    assert (result.status, result["changed"], is_clean(farm)) == ("failed", False, True)
    assert [(r["user"], r["result"]) for r in result["remaining"]] == [("alice", "denied"), ("svc-backup", "excluded")]


def test_a_plan_of_a_host_that_tells_of_nobody_does_not_say_who_would_stay(serve: Serve) -> None:
    farm = serve([ALICE], faults=[{"call": "WTSEnumerateSessionsExW", "error": 5}])
    result = farm.playbook([enter()]).only()
    assert (result.status, "remaining" in result.values, is_clean(farm)) == ("failed", False, True)


def test_a_host_that_could_not_be_closed_tells_who_is_on(serve: Serve) -> None:
    farm = serve([ALICE, BOB, BACKUP], faults=[{"call": "RegSetValueEx", "error": 5}])
    result = farm.playbook([enter(exclude_users="svc-*")]).only()
    assert (result.status, result["changed"]) == ("failed", False)
    assert "the host could not be closed to new logons, and is as it was" in result["msg"]
    assert [(r["user"], r["result"]) for r in result["remaining"]] == [
        ("alice", "listed"),
        ("bob", "listed"),
        ("svc-backup", "excluded"),
    ]


# ---- module_defaults


def test_who_may_stay_when_it_begins_may_stay_until_the_end(serve: Serve) -> None:
    """A session loses the name by which it is excluded when its user disconnects: here before the logoff."""
    away = {"call": ENUMERATE, "after": 1, "times": 1, "before": [{"disconnect": 12}]}
    farm = serve([{**ALICE, "name": "rdp-tcp#7"}, BOB], faults=[away])
    run = farm.playbook([enter(exclude_sessions="rdp-tcp#7")])
    assert (run.exit_code, run.only().outcomes()) == (0, {13: "logged_off"}), run.output
    assert [(r["user"], r["result"]) for r in run.only()["remaining"]] == [("alice", "excluded")]
    assert farm.users() == {12: "alice"}


def test_exclusions_of_module_defaults_count(serve: Serve) -> None:
    farm = serve([ALICE, BOB, BACKUP])
    defaults = {"group/winops.rds.rds": {"exclude_users": ["svc-*"]}}
    run = farm.playbook([enter(exclude_users="bob"), EXIT], module_defaults=defaults)
    assert run.of("Enter").outcomes() == {12: "logged_off"}
    assert farm.users() == {13: "bob", 20: "svc-backup"}
    assert mode(farm) == "enabled"


@pytest.mark.parametrize(
    "option", [{"states": ["disconnected"]}, {"server": ["RDSH02"]}, {"users": "bob"}, {"all": False}]
)
def test_defaults_that_would_narrow_it_stop_it(serve: Serve, option: dict[str, Any]) -> None:
    farm = serve([ALICE, BACKUP])
    run = farm.playbook([enter()], module_defaults={"group/winops.rds.rds": option})
    assert run.exit_code != 0
    words = f"{next(iter(option))}: a host enters maintenance as a whole, so this module takes nothing that selects"
    assert run.only()["msg"].startswith(words)
    assert farm.users() == {12: "alice", 20: "svc-backup"}
    assert (mode(farm), is_clean(farm)) == ("enabled", True)


@pytest.mark.parametrize("callback", ["ANSIBLE_STDOUT_CALLBACK=winops.rds.sessions", "ANSIBLE_CALLBACKS_ENABLED"])
def test_a_run_that_leaves_a_host_in_maintenance_says_so_at_its_end(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, callback: str
) -> None:
    farm = serve([ALICE])
    if "=" in callback:
        monkeypatch.setenv(*callback.split("="))
    else:
        monkeypatch.setattr(ansible_runs, "environment", with_report(ansible_runs.environment))
        monkeypatch.setenv("WINOPS_RDS_SESSION_REPORT_PATH", str(farm.folder / "report.html"))
    run = farm.playbook([enter(reason="CHG-1")])
    last = run.output.rstrip().splitlines()[-2:]
    assert last[0].startswith("RDSH01 is in maintenance since ") and last[0].endswith("by CONTOSO\\ansible (CHG-1).")
    assert last[1] == "To open them: ansible RDSH01 -m winops.rds.win_rds_maintenance -a state=exited"
    assert "is in maintenance" not in farm.playbook([enter(), EXIT]).output.partition("PLAY RECAP")[2]


def with_report(environment: Callable[..., dict[str, str]]) -> Callable[..., dict[str, str]]:
    def extended(folder: Any) -> dict[str, str]:
        variables = environment(folder)
        return {**variables, "ANSIBLE_CALLBACKS_ENABLED": "record_results,winops.rds.session_report"}

    return extended


# ---- who is cut off


def test_who_interrupts_it_leaves_a_host_that_says_why_it_is_closed(serve: Serve) -> None:
    farm = serve([ALICE])
    with background(farm, "run", enter(grace="2h", message="Please log off.", reason="CHG-4711")) as run:
        run.wait_for("1 session warned: alice")
        os.killpg(run.process.pid, signal.SIGINT)
        run.process.wait(NEVER_ENDS)
        run.wait_for_workers()
        assert "RDSH01: interrupted: nobody was logged off" in run.output
        assert f"To open it: ansible RDSH01 -i {farm.inventory} -m {MODULE} -a state=exited" in run.output
    assert (farm.users(), mode(farm), record(farm)["REASON"]) == ({12: "alice"}, "drain", "CHG-4711")
    # She was told of two hours, and not by the run that would log her off at once.
    before = record(farm)
    tasks = [enter(), enter() | {"check_mode": True}, enter(state="planned")]
    again = farm.playbook([task | {"ignore_errors": True} for task in tasks])
    for refused in again.results:
        assert refused["msg"].startswith(
            "Nothing was done here, because it stands on the host that users were told that they have another 1h 5"
        )
        assert (refused.status, refused["changed"], "(state=exited)" in refused["msg"]) == ("failed", False, True)
    assert len(again.results) == 3
    assert (farm.users(), record(farm)) == ({12: "alice"}, before)
    registry = farm.simulation.hosts["RDSH01"].registry
    told = registry.get(KEY, "Promised")
    registry.set(KEY, "Promised", "soon")
    odd = farm.playbook([enter() | {"ignore_errors": True}]).only()["msg"]
    assert "users were told of a time that cannot be read any more, and they would be logged off" in odd
    registry.set(KEY, "Promised", told)
    # Run again, it goes on from there, and what is restored is the mode from before the first attempt.
    hurried = farm.playbook([enter(grace="0.1s", message="Please log off.")])
    assert "RDSH01: users were told that they have another 1h 5" in hurried.output
    assert " and now that they have 0.1s." in " ".join(hurried.output.split())
    assert hurried.only()["previous_mode"] == "drain"
    left = farm.playbook([EXIT]).only()
    assert (left["mode"], left["changed"], farm.users(), is_clean(farm)) == ("enabled", True, {}, True)


def test_a_worker_whose_ansible_was_killed_opens_the_host_again(serve: Serve) -> None:
    """It sees that nobody is left who could be told, so that it fails; and then everything is as before."""
    farm = serve([ALICE])
    with background(farm, "run", enter(grace="2m", message="Please log off.")) as run:
        run.wait_for("1 session warned: alice")
        assert (mode(farm), bool(record(farm))) == ("drain", True)
        run.process.kill()
        run.process.wait(NEVER_ENDS)
        run.wait_for_workers()
    assert (farm.users(), mode(farm), is_clean(farm)) == ({12: "alice"}, "enabled", True)


def test_a_host_that_another_run_has_opened_is_not_in_maintenance(serve: Serve) -> None:
    """That run has let it exit, while this one waits for users to leave."""
    farm = serve([ALICE])
    with background(farm, "run", enter(grace="10s", at_deadline="fail")) as run:
        run.wait_for("1 session on and waited for: alice")
        farm.simulation.hosts["RDSH01"].apply([Change(remove=12)])
        assert farm.adhoc(MODULE, "state=exited").exit_code == 0
        run.process.wait(NEVER_ENDS)
        assert "The host did not stay closed" in run.output
    assert (mode(farm), is_clean(farm)) == ("enabled", True)


def test_who_has_left_during_the_last_look_is_not_on(serve: Serve) -> None:
    logon_and_logoff = {"before": [{"put": BACKUP}], "then": [{"remove": BACKUP["id"]}]}
    farm = serve([], faults=[{"call": "WTSEnumerateSessionsExW", "after": 2, "times": 1, **logon_and_logoff}])
    assert farm.playbook([enter()]).only()["remaining"] == []
    assert mode(farm) == "drain"


def test_a_worker_whose_ansible_was_killed_opens_no_host_that_another_run_goes_on_with(serve: Serve) -> None:
    farm = serve([ALICE])
    with background(farm, "run", enter(grace="2m", message="Please log off.")) as run:
        run.wait_for("1 session warned: alice")
        run.process.kill()
        run.process.wait(NEVER_ENDS)
        hurried = farm.playbook([enter(grace="0.1s", message="Please log off.")])
        assert hurried.only().outcomes() == {12: "logged_off"}
        run.wait_for_workers()
    assert (mode(farm), bool(record(farm))) == ("drain", True)
