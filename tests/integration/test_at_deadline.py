# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""``at_deadline`` and ``disconnected_grace`` with the real ansible-core: who is left, and what the task says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from .conftest import Farm
from .test_grace import ENUMERATE, LOGOFF, SEND, calls, cut_launch
from .test_maintenance import ROLE

Serve = Callable[..., Farm]

MODULE, MAINTENANCE = "winops.rds.win_rds_logoff", "winops.rds.win_rds_maintenance"
ALICE, BOB = {"id": 12, "user": "alice"}, {"id": 13, "user": "bob"}
AWAY = {**BOB, "state": "disconnected", "disconnected": "2h"}
CAROL = {"id": 14, "user": "carol"}
OPERATOR = {"id": 1, "name": "console", "user": "operator"}
#: Looks are five seconds apart.
OPTIONS = {"all": True, "grace": "30s", "message": "Please log off by {deadline}."}


@pytest.fixture(autouse=True)
def time_passes_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_CLOCK", str(tmp_path / "woken.jsonl"))


def task(**options: Any) -> dict[str, Any]:
    return {"name": "Drain", MODULE: {**OPTIONS, **options}}


def at_look(number: int, *changes: dict[str, Any]) -> dict[str, Any]:
    """What happens on the host right before a launch after the warning, counted from 1."""
    return {"call": ENUMERATE, "after": number, "times": 1, "before": [*changes]}


@pytest.mark.parametrize("grace", [{}, {"disconnected_grace": "30m"}], ids=["", "disconnected"])
@pytest.mark.parametrize("mode", ["logoff", "leave", "fail"])
def test_who_is_left(serve: Serve, mode: str, grace: dict[str, str]) -> None:
    """Carol leaves, bob has been disconnected for long, alice stays."""
    farm = serve([ALICE, AWAY, CAROL, OPERATOR], faults=[at_look(4, {"remove": 14})])
    options = {**grace, "disconnected_grace": "20s"} if grace else {}
    run = farm.playbook([task(at_deadline=mode, **options)])
    result = run.only()
    off = {"logoff": {12: "logged_off", 13: "logged_off"}}.get(mode, {12: "stayed", 13: "stayed"})
    if grace:
        off[13] = "logged_off"
    assert result.outcomes() == {1: "protected", **off, 14: "already_gone"}
    stayed = {12: "alice", 13: "bob"} if mode != "logoff" else {}
    if grace:
        stayed.pop(13, None)
    assert farm.users() == {1: "operator", **stayed}
    assert result["changed"] == (mode == "logoff" or bool(grace))
    assert (result.status, run.exit_code) == (("failed", 2) if mode == "fail" else ("ok", 0))
    if stayed:
        names = ", ".join(f"CONTOSO\\{user}" for user in stayed.values())
        assert f"Still on at 22:01 UTC: {names}." in result["msg"]  # 22:00:30, rounded
    assert len(calls(farm, LOGOFF)) == 3 - len(stayed) - 1


def test_several_servers(serve: Serve) -> None:
    farm = serve(hosts=[{"name": "RDSH01", "sessions": [ALICE]}, {"name": "RDSH02", "sessions": [AWAY, CAROL]}])
    drain = task(at_deadline="fail", disconnected_grace="0", server=["RDSH01", "RDSH02"])
    run = farm.playbook([drain], "--limit", "RDSH01")
    results = {(one["server"], one["id"]): one["result"] for one in run.only()["sessions"]}
    assert results == {("RDSH01", 12): "stayed", ("RDSH02", 13): "logged_off", ("RDSH02", 14): "stayed"}
    assert "Still on at 22:01 UTC: CONTOSO\\alice, CONTOSO\\carol." in run.only()["msg"]
    assert (farm.users(), farm.users("RDSH02")) == ({12: "alice"}, {14: "carol"})


def test_without_a_message(serve: Serve) -> None:
    farm = serve([ALICE, OPERATOR], faults=[at_look(3, {"remove": 12})])
    run = farm.playbook([task(at_deadline="fail", message="")])
    assert (run.exit_code, run.only()["changed"]) == (0, False)
    assert run.only().outcomes() == {1: "protected", 12: "already_gone"}
    assert farm.simulation.mutating_calls("RDSH01") == [] == calls(farm, SEND)
    assert "RDSH01: 1 session on and waited for: alice; deadline at 22:01 UTC (in 30s)" in run.output
    assert "RDSH01: 15s left: nobody is left of those who were waited for, so it ends here" in run.output


def test_check_mode_changes_nothing(serve: Serve) -> None:
    farm = serve([ALICE, AWAY])
    run = farm.playbook([task(at_deadline="fail", disconnected_grace="20s")], "--check")
    result = run.only()
    assert (result.status, result["changed"]) == ("ok", True)
    assert result.outcomes() == {12: "stayed", 13: "would_log_off"}
    assert result["msg"].endswith(
        "2 would be warned now. Whoever is still on at 22:01 UTC would make the task fail. Disconnected for 20s, and "
        "so to be logged off at once: 1."
    )
    assert farm.simulation.mutating_calls("RDSH01") == []
    assert len(calls(farm, ENUMERATE)) == 1


def test_a_second_run_changes_nothing(serve: Serve) -> None:
    farm = serve([ALICE, AWAY])
    run = farm.playbook([{**task(at_deadline="leave", disconnected_grace="20s"), "name": name} for name in ("1", "2")])
    assert [run.of(name)["changed"] for name in ("1", "2")] == [True, False]
    assert run.of("2").outcomes() == {12: "stayed"}


def test_tried_again_until_everybody_has_left(serve: Serve) -> None:
    farm = serve([ALICE, AWAY], faults=[at_look(10, {"remove": 12})])
    run = farm.playbook(
        [{**task(at_deadline="fail", disconnected_grace="20s"), "until": "drained is success", "retries": 2, "delay": 0}
         | {"register": "drained"}]
    )  # fmt: skip
    result = run.results[-1]
    assert result.outcomes() == {12: "already_gone", 13: "logged_off"}
    assert (run.exit_code, result["changed"]) == (0, True)


def test_defaults_of_the_play(serve: Serve) -> None:
    """As newcomers: they are for tasks with a grace period, and refused by those without one, which log off at once."""
    farm = serve([ALICE])
    tasks = [task(), {"name": "At once", MODULE: {"all": True}, "ignore_errors": True}]
    defaults = {MODULE: {"at_deadline": "leave", "disconnected_grace": "0s"}}
    run = farm.playbook(tasks, module_defaults=defaults)
    assert run.of("Drain").outcomes() == {12: "stayed"}
    assert run.of("At once")["msg"].startswith("at_deadline=leave is about the grace period")
    assert farm.users() == {12: "alice"}


def test_who_comes_back_before_the_host_looks_again(serve: Serve) -> None:
    """Disconnected at the look, back when the logoff arrives."""
    faults = [at_look(2, {"disconnect": 13}), at_look(3, {"reconnect": 13})]
    farm = serve([ALICE, BOB], faults=faults)
    run = farm.playbook([task(at_deadline="leave", disconnected_grace="0")])
    assert run.only().outcomes() == {12: "stayed", 13: "stayed"}
    assert calls(farm, LOGOFF) == []


def test_who_comes_back_starts_anew(serve: Serve) -> None:
    faults = [at_look(1, {"disconnect": 13}), at_look(2, {"reconnect": 13}), at_look(4, {"disconnect": 13})]
    farm = serve([ALICE, BOB], faults=faults)
    run = farm.playbook([task(at_deadline="leave", disconnected_grace="0")])
    assert run.only().outcomes() == {12: "stayed", 13: "logged_off"}
    assert len(calls(farm, LOGOFF)) == 1


def test_since_when_it_is_not_known(serve: Serve) -> None:
    farm = serve([ALICE, {**AWAY, "disconnected": None}])
    run = farm.playbook([task(at_deadline="leave", disconnected_grace="0")])
    assert run.only().outcomes() == {12: "stayed", 13: "stayed"}


def test_an_id_that_somebody_else_got(serve: Serve) -> None:
    """Alice's and bob's time would be over; the host has somebody else under both IDs."""
    others = [{"put": {**AWAY, "id": number, "user": "mallory", "logged_on": 0}} for number in (12, 13)]
    farm = serve([ALICE, {**AWAY, "disconnected": "5s"}], faults=[at_look(1, *others)])
    run = farm.playbook([task(at_deadline="leave", disconnected_grace="10s")])
    assert run.only().outcomes() == {12: "already_gone", 13: "already_gone"}
    assert calls(farm, LOGOFF) == []
    assert "Also on by now: mallory (2)." in run.only()["msg"]


@pytest.mark.parametrize(("action", "answered"), [("Create", True), ("Send", False), ("Receive", False)])
def test_the_host_is_lost_when_the_time_is_over(serve: Serve, action: str, answered: bool) -> None:
    farm = serve([ALICE, AWAY])
    cut_launch(farm, 2, action)
    result = farm.playbook([task(at_deadline="leave", disconnected_grace="20s")]).only()
    assert (result.status, result["changed"]) == ("ok", True)
    assert result.outcomes() == {12: "stayed", 13: "logged_off" if answered else "already_gone"}
    assert ("An answer to the logoff was lost" in result["msg"]) == (not answered)
    assert [call.session for call in calls(farm, LOGOFF)] == [13]


def test_a_host_that_is_gone_at_the_end(serve: Serve) -> None:
    """What is known is said: a restart may come next."""
    farm = serve([ALICE])
    cut_launch(farm, 7, "Create", times=99)
    result = farm.playbook([task(at_deadline="leave")]).only()
    assert (result.status, result["changed"], result.outcomes()) == ("failed", False, {12: "failed"})
    assert "it is not known who is on. On at the last look: alice." in result["msg"]


def test_a_time_that_only_those_have_been_disconnected_who_were_so_before(serve: Serve) -> None:
    """As when a long grace period is run again with a short one."""
    farm = serve([ALICE, AWAY, {**CAROL, "state": "disconnected", "disconnected": "1m"}])
    result = farm.playbook([task(at_deadline="leave", disconnected_grace="1h")]).only()
    assert result.outcomes() == {12: "stayed", 13: "logged_off", 14: "stayed"}


def test_refusals_before_the_host_is_contacted(serve: Serve) -> None:
    farm = serve([ALICE])
    refused = {
        "newcomers=logoff contradicts at_deadline=leave": {"at_deadline": "leave", "newcomers": "logoff"},
        "at_deadline=fail is about the grace period": {
            "at_deadline": "fail",
            **dict.fromkeys(("grace", "message"), "{{ omit }}"),
        },
        "grace is given without a message": {"message": "{{ omit }}", "disconnected_grace": "0s"},
        "value of at_deadline must be one of": {"at_deadline": "wait"},
    }
    run = farm.playbook(
        [{**task(**options), "name": words, "ignore_errors": True} for words, options in refused.items()]
    )
    for words in refused:
        assert words in run.of(words)["msg"]
    assert farm.simulation.traffic("RDSH01") == []


# ---- maintenance


def in_maintenance(farm: Farm) -> tuple[str, bool]:
    registry = farm.simulation.hosts["RDSH01"].registry
    return registry.logon_mode, "SINCE" in registry.values(r"SOFTWARE\winops.rds.maintenance")


def enter(name: str = "Enter", **options: Any) -> dict[str, Any]:
    return {
        "name": name,
        MAINTENANCE: {"state": "entered", **{k: v for k, v in OPTIONS.items() if k != "all"}, **options},
    }


def close_elsewhere(farm: Farm) -> dict[str, str]:
    """Variables of the role: what closes the host elsewhere, and opens it."""
    variables = {}
    for when in ("close", "open"):
        path = farm.folder / f"{when}.yml"
        path.write_text(yaml.safe_dump([{"name": f"{when} it", "ansible.builtin.debug": {"msg": when}}]), "utf-8")
        variables[f"maintenance_{when}_tasks"] = str(path)
    return variables


def test_a_host_that_somebody_would_not_leave_stays_closed(serve: Serve) -> None:
    """A second run goes on from there."""
    farm = serve([ALICE, AWAY, {"id": 20, "user": "svc-backup"}])
    run = farm.playbook([enter(at_deadline="fail", disconnected_grace="20s", exclude_users="svc-*")])
    result = run.only()
    assert (run.exit_code, result["changed"], result.outcomes()) == (2, True, {12: "stayed", 13: "logged_off"})
    assert result["msg"].startswith("Still on at 22:01 UTC: CONTOSO\\alice.")
    assert "The host stays in maintenance" in result["msg"] and "-a state=exited" in result["msg"]
    assert (result["mode"], result["maintenance"]["previous_mode"]) == ("drain", "enabled")
    assert [(r["user"], r["result"]) for r in result["remaining"]] == [("alice", "listed"), ("svc-backup", "excluded")]
    assert result.counts() == {"logged_off": 1, "stayed": 1}
    assert (in_maintenance(farm), farm.users()) == (("drain", True), {12: "alice", 20: "svc-backup"})
    again = farm.playbook([enter(exclude_users="svc-*"), {"name": "Exit", MAINTENANCE: {"state": "exited"}}])
    assert again.of("Enter").outcomes() == {12: "logged_off"}
    assert again.of("Exit")["mode"] == "enabled"
    assert in_maintenance(farm) == ("enabled", False)


@pytest.mark.parametrize(
    ("sessions", "meanwhile", "on", "words"),
    [
        ([ALICE], [{"remove": 12}, {"put": {**CAROL, "logged_on": 0}}], {14: "carol"}, "Still on: CONTOSO\\carol."),
        ([ALICE, {**AWAY, "logoff": "never"}], [{"remove": 12}], {13: "bob"}, "session 13 (CONTOSO\\bob): Windows"),
    ],
    ids=["somebody has got on", "a session hangs"],
)
@pytest.mark.parametrize("elsewhere", [False, True], ids=["", "closed elsewhere"])
def test_a_host_that_is_not_empty_at_the_deadline_stays_closed(
    serve: Serve, sessions: list[Any], meanwhile: list[Any], on: dict[int, str], words: str, elsewhere: bool
) -> None:
    """Whoever it is, and why ever."""
    farm = serve(sessions, faults=[at_look(8 if elsewhere else 6, *meanwhile)])
    options = {"grace": "30s", "at_deadline": "fail", "disconnected_grace": "20s", "timeout": "1s"}
    variables = {f"maintenance_{name}": value for name, value in options.items()}
    run = farm.playbook([ROLE], vars={**variables, **(close_elsewhere(farm) if elsewhere else {})})
    assert (run.exit_code, farm.users()) == (2, on)
    assert run.of("Enter maintenance")["msg"].startswith(words)
    assert "open it" not in [result.task for result in run.results]
    assert in_maintenance(farm) == ("drain", True)


def test_a_host_that_is_lost_for_the_last_look_stays_closed(serve: Serve) -> None:
    """It is not known who is on, so that the next run goes on from there."""
    farm = serve([ALICE])
    cut_launch(farm, 7, "Create", times=4)
    result = farm.playbook([enter(at_deadline="fail")]).only()
    assert "it is not known who is on. On at the last look: alice." in result["msg"]
    assert in_maintenance(farm) == ("drain", True)


@pytest.mark.parametrize("at_deadline", ["logoff", "fail"])
def test_a_host_that_was_opened_during_the_grace_period_is_not_in_maintenance(serve: Serve, at_deadline: str) -> None:
    """It was restarted, and nobody has logged on since. So people may, while it is worked on."""
    farm = serve([ALICE], faults=[at_look(4, {"restart": True})])
    result = farm.playbook([enter(at_deadline=at_deadline, mode="drain_until_restart")]).only()
    assert result.status == "failed"
    assert result["msg"].startswith("The host did not stay closed: ")
    assert result["msg"].endswith("The host is as it was before: its logon mode is enabled: users log on.")
    assert (result["mode"], result["maintenance"], in_maintenance(farm)) == ("enabled", None, ("enabled", False))


def test_a_host_that_everybody_has_left_is_entered(serve: Serve) -> None:
    farm = serve([ALICE], faults=[at_look(3, {"remove": 12})])
    result = farm.playbook([enter(at_deadline="fail", message="")]).only()
    assert (result.status, in_maintenance(farm)) == ("ok", ("drain", True))
    assert calls(farm, LOGOFF) == []


def test_a_plan_of_maintenance(serve: Serve) -> None:
    farm = serve([ALICE, AWAY])
    result = farm.playbook([enter(at_deadline="fail", disconnected_grace="20s")], "--check").only()
    assert result.status == "ok"
    assert "To be logged off: CONTOSO\\bob. To be waited for: CONTOSO\\alice." in result["msg"]
    assert (in_maintenance(farm), farm.users()) == (("enabled", False), {12: "alice", 13: "bob"})


def test_what_maintenance_does_not_take(serve: Serve) -> None:
    farm = serve([ALICE])
    assert "at_deadline must be one of: logoff, fail" in farm.playbook([enter(at_deadline="leave")]).only()["msg"]
    assert farm.simulation.traffic("RDSH01") == []


@pytest.mark.parametrize("elsewhere", [False, True], ids=["", "closed elsewhere"])
def test_the_role_leaves_a_host_closed_that_somebody_would_not_leave(serve: Serve, elsewhere: bool) -> None:
    farm = serve([ALICE, AWAY])
    variables = {
        "maintenance_grace": "30s",
        "maintenance_at_deadline": "fail",
        "maintenance_disconnected_grace": "20s",
    }
    if elsewhere:
        variables |= close_elsewhere(farm)
    run = farm.playbook([ROLE], vars=variables)
    assert run.exit_code == 2, run.output
    assert (in_maintenance(farm), farm.users()) == (("drain", True), {12: "alice"})
    assert [call.arguments[3] for call in calls(farm, SEND)][:1] == [
        f"RDSH01 is being closed for maintenance. Please save your work and log off by {deadline(farm)}. "
        "Sessions that are only disconnected end earlier."
    ]
    assert "maintenance : open it" not in run.output
    again = farm.playbook([ROLE], vars={**variables, "maintenance_at_deadline": "logoff"})
    assert again.exit_code == 0, again.output
    assert (in_maintenance(farm), farm.users()) == (("enabled", False), {})


def deadline(farm: Farm) -> str:
    """What the host has made of ``{deadline}``."""
    return str(calls(farm, SEND)[0].arguments[3]).partition("by ")[2].partition(".")[0]


def test_the_role_tells_nobody(serve: Serve) -> None:
    farm = serve([ALICE], faults=[at_look(3, {"remove": 12})])
    variables = {"maintenance_grace": "30s", "maintenance_at_deadline": "fail", "maintenance_message": "none"}
    run = farm.playbook([ROLE], vars=variables)
    assert run.exit_code == 0, run.output
    assert (calls(farm, SEND), calls(farm, LOGOFF)) == ([], [])
