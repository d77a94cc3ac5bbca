# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Records of sessions as values of options: a logon is the same logon in whatever task it is named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from simulator.farm import Change
from tests.support.calls import ENUMERATE, LOGOFF

Serve = Callable[..., Any]
Tasks = list[dict[str, Any]]

FIND, LOGOFF_TASK = "winops.rds.win_rds_session_info", "winops.rds.win_rds_logoff"
FOUND = "{{ found.sessions }}"
TWO_SERVERS = ["RDSH02", "RDSH03"]


def find(**options: Any) -> dict[str, Any]:
    return {"name": "find", FIND: options, "register": "found"}


def logoff(**options: Any) -> dict[str, Any]:
    return {"name": "logoff", LOGOFF_TASK: options}


def happen(farm: Any, change: dict[str, Any]) -> None:
    """Between two runs of Ansible."""
    farm.simulation.hosts["RDSH01"].apply([Change.model_validate(change)])


def farm_of_three(serve: Serve) -> Any:
    """Ansible works from RDSH01 on two servers, where ID 3 is somebody else's on each."""
    return serve(
        hosts=[
            {"name": "RDSH01", "sessions": [{"id": 3, "user": "zoe"}]},
            {"name": "RDSH02", "sessions": [{"id": 3, "user": "alice"}, {"id": 4, "user": "bob"}]},
            {"name": "RDSH03", "sessions": [{"id": 3, "user": "carol"}, {"id": 4, "user": "dave"}]},
        ]
    )


def test_what_was_found_is_logged_off_where_it_was_found(serve: Serve) -> None:
    farm = farm_of_three(serve)
    tasks = [find(users=["alice", "dave"], server=TWO_SERVERS), logoff(sessions=FOUND, server=TWO_SERVERS)]
    run = farm.playbook(tasks, "-l", "RDSH01")
    assert run.exit_code == 0, run.output
    assert run.of("logoff")["changed"] is True
    assert run.of("logoff").counts() == {"logged_off": 2}
    assert farm.users("RDSH02") == {4: "bob"}
    assert farm.users("RDSH03") == {3: "carol"}


@pytest.mark.parametrize("option", ["sessions", "exclude_sessions"])
@pytest.mark.parametrize("value", [3, "rdp-tcp#3", "console"])
def test_an_id_is_refused_where_several_servers_have_it(serve: Serve, option: str, value: Any) -> None:
    farm = farm_of_three(serve)
    options = {"users": "*a*", option: [value], "server": TWO_SERVERS}
    run = farm.playbook([logoff(**options)], "-l", "RDSH01")
    assert run.exit_code == 2
    assert f"{option}: '{value}' is another session on each of 2 servers" in run.of("logoff")["msg"]
    assert f'{option}: "{{{{ found.sessions }}}}"' in run.of("logoff")["msg"]
    assert len(farm.users("RDSH02")) + len(farm.users("RDSH03")) == 4


def test_an_id_on_one_server(serve: Serve) -> None:
    farm = farm_of_three(serve)
    run = farm.playbook([logoff(sessions=[3], server=["RDSH02"])], "-l", "RDSH01")
    assert run.of("logoff").counts() == {"logged_off": 1}
    assert farm.users("RDSH02") == {4: "bob"}
    assert farm.users("RDSH01") == {3: "zoe"}


def test_the_records_of_another_host_are_an_error_that_names_both(serve: Serve) -> None:
    farm = farm_of_three(serve)
    tasks = [find(all=True), logoff(sessions="{{ hostvars['RDSH02'].found.sessions }}")]
    run = farm.playbook(tasks, "-l", "RDSH02,RDSH03")
    assert run.exit_code == 2
    assert run.of("logoff", "RDSH02").counts() == {"logged_off": 2}
    failed = run.of("logoff", "RDSH03")
    assert (failed.status, failed["changed"] if "changed" in failed.values else False) == ("failed", False)
    assert "RDSH02" in failed["msg"]
    assert "RDSH03" in failed["msg"]
    assert "nobody was touched" in failed["msg"]
    assert farm.users("RDSH03") == {3: "carol", 4: "dave"}


def test_an_exclusion_by_the_records_of_another_host_stops_the_task(serve: Serve) -> None:
    farm = farm_of_three(serve)
    tasks = [find(all=True), logoff(all=True, exclude_sessions="{{ hostvars['RDSH02'].found.sessions }}")]
    run = farm.playbook(tasks, "-l", "RDSH02,RDSH03")
    assert run.of("logoff", "RDSH02").counts() == {}
    assert run.of("logoff", "RDSH03").status == "failed"
    assert len(farm.users("RDSH02")) + len(farm.users("RDSH03")) == 4


@pytest.mark.parametrize("check", [True, False])
def test_a_stranger_who_has_the_id_now_is_left_alone(serve: Serve, check: bool) -> None:
    farm = serve([{"id": 3, "user": "alice"}, {"id": 4, "user": "bob"}])
    run = farm.playbook([find(all=True)])
    records = run.of("find")["sessions"]
    happen(farm, {"put": {"id": 3, "user": "mallory", "logged_on": 0}})
    run = farm.playbook([logoff(sessions=records, missing="fail")], *(["--check"] if check else []))
    assert run.exit_code == 0, run.output
    result = run.of("logoff")
    assert [(r["account"], r["result"]) for r in result["sessions"]] == [
        ("CONTOSO\\bob", "would_log_off" if check else "logged_off"),
        ("CONTOSO\\alice", "already_gone"),
    ]
    assert result["not_found"] == []
    assert "2 sessions selected" in result["msg"]
    assert farm.users()[3] == "mallory"
    assert (4 in farm.users()) == check


@pytest.mark.parametrize("successor", ["alice", "mallory"])
def test_only_the_logon_is_excluded_and_no_other_by_its_id(serve: Serve, successor: str) -> None:
    farm = serve([{"id": 3, "user": "alice"}, {"id": 4, "user": "bob"}])
    records = farm.playbook([find(all=True)]).of("find")["sessions"]
    happen(farm, {"put": {"id": 3, "user": successor, "logged_on": 1}})
    result = farm.playbook([logoff(all=True, exclude_sessions=records)]).of("logoff")
    assert result.outcomes() == {3: "logged_off"}
    assert result["unused_exclusions"] == ["3 (CONTOSO\\alice) on RDSH01"]
    assert [record["account"] for record in result["excluded"]] == ["CONTOSO\\bob"]
    assert farm.users() == {4: "bob"}


def test_a_record_in_a_loop_and_one_of_another_module(serve: Serve) -> None:
    farm = serve([{"id": 3, "user": "alice"}, {"id": 4, "user": "bob"}, {"id": 5, "user": "carol"}])
    message = {"winops.rds.win_rds_message": {"users": ["alice", "bob"], "message": "Bye"}, "register": "told"}
    looped = {**logoff(sessions="{{ item }}"), "loop": "{{ told.sessions }}"}
    run = farm.playbook([message, looped])
    assert run.exit_code == 0, run.output
    assert farm.users() == {5: "carol"}


def test_records_beside_an_id_and_what_was_excluded(serve: Serve) -> None:
    farm = serve([{"id": n, "user": user} for n, user in enumerate(("alice", "bob", "carol"), 3)])
    first = {LOGOFF_TASK: {"all": True, "exclude_users": ["alice", "bob"]}, "register": "found"}
    second = logoff(sessions="{{ [found.excluded[0] | combine({'result': 'listed'}), 4] }}")
    run = farm.playbook([first, second])
    assert run.of("logoff").outcomes() == {3: "logged_off", 4: "logged_off"}
    assert run.of("logoff")["sessions"][0]["matched_by"] == ["sessions=3 (CONTOSO\\alice) on RDSH01"]
    assert farm.users() == {}


def test_who_was_spared_by_an_earlier_task_is_spared_by_those_that_get_its_records(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Alice comes back to work during the grace period, and bob must not be logged off at all."""
    monkeypatch.setenv("FAKE_CLOCK", str(tmp_path / "woken.jsonl"))
    away = {"state": "disconnected", "disconnected": "2h"}
    people = [{"id": n, "user": user, **away} for n, user in enumerate(("alice", "bob", "carol"), 3)]
    back = {"call": ENUMERATE, "after": 2, "times": 1, "before": [{"reconnect": 3}]}
    faults = [back, {"call": LOGOFF, "session": 5, "error": 5, "times": 1}]
    farm = serve(people, faults=faults)
    options = {"states": ["disconnected"], "exclude_users": "bob", "grace": "30s", "message": "Bye"}
    tasks = [
        {"name": "first", LOGOFF_TASK: options, "register": "first", "ignore_errors": True},
        {"name": "disconnect", "winops.rds.win_rds_disconnect": {"sessions": "{{ first.sessions }}"}},
        {"name": "look", FIND: {"sessions": "{{ first.sessions + first.excluded }}"}},
        {**logoff(sessions="{{ first.sessions + first.excluded }}")},
    ]
    run = farm.playbook(tasks)
    assert run.of("first").outcomes() == {3: "spared", 5: "denied"}
    assert [record["id"] for record in run.of("first")["excluded"]] == [4]
    assert run.of("disconnect").outcomes() == {5: "already_disconnected"}
    assert run.of("look").outcomes() == dict.fromkeys((3, 4, 5), "listed")
    assert run.of("logoff").outcomes() == {5: "logged_off"}
    assert [record["id"] for record in run.of("logoff")["excluded"]] == [3, 4]
    spared = "3 (CONTOSO\\alice) on RDSH01, 4 (CONTOSO\\bob) on RDSH01"
    assert f"sessions: by the records, an earlier task spared {spared}, and so does" in " ".join(run.output.split())
    assert farm.users() == {3: "alice", 4: "bob"}


@pytest.mark.parametrize("module", [LOGOFF_TASK, "winops.rds.win_rds_disconnect"])
def test_a_console_that_a_preview_has_protected_is_left_alone(serve: Serve, module: str) -> None:
    farm = serve([{"id": 1, "name": "console", "user": "operator"}, {"id": 3, "user": "alice"}])
    preview = {"name": "preview", module: {"all": True}, "register": "found", "check_mode": True}
    run = farm.playbook([preview, {"name": "act", module: {"sessions": FOUND}}])
    assert run.of("preview").outcomes()[1] == "protected"
    assert (run.of("act").status, run.of("act")["changed"], [*run.of("act").outcomes()]) == ("ok", True, [3])
    assert [record["id"] for record in run.of("act")["excluded"]] == [1]
    assert "an earlier task spared 1 (CONTOSO\\operator) on RDSH01, and so does this one" in " ".join(
        run.output.split()
    )
    assert "The console takes protect_console=false instead." in " ".join(run.output.split())
    # What a look lists protects nobody, and what may be touched is.
    run = farm.playbook([find(all=True), {"name": "named", module: {"sessions": FOUND}, "ignore_errors": True}])
    assert (run.of("named").status, run.of("named").outcomes()[1]) == ("failed", "protected")
    run = farm.playbook([preview, {"name": "act", module: {"sessions": FOUND, "protect_console": False}}])
    assert run.of("act").outcomes()[1] in ("logged_off", "disconnected")


def test_a_record_that_other_options_rule_out_is_not_gone(serve: Serve) -> None:
    farm = serve([{"id": 3, "user": "alice", "idle": "5m"}, {"id": 4, "user": "bob", "idle": "3h"}])
    run = farm.playbook([find(all=True), logoff(sessions=FOUND, idle_for="1h")])
    assert run.of("logoff").outcomes() == {4: "logged_off"}
    assert farm.users() == {3: "alice"}


def test_the_same_server_by_its_dns_name(serve: Serve) -> None:
    farm = farm_of_three(serve)
    tasks = [
        find(users="alice", server=["rdsh02.contoso.com"]),
        logoff(sessions=FOUND, server=["RDSH02", "RDSH03"]),
    ]
    assert farm.playbook(tasks, "-l", "RDSH01").of("logoff").outcomes() == {3: "logged_off"}
    assert farm.users("RDSH02") == {4: "bob"}
    assert farm.users("RDSH03") == {3: "carol", 4: "dave"}


@pytest.mark.parametrize("lacking", ["server", "id", "account", "logon_time"])
@pytest.mark.parametrize("option", ["sessions", "exclude_sessions"])
def test_a_record_that_does_not_say_who_is_refused(serve: Serve, option: str, lacking: str) -> None:
    farm = serve([{"id": 3, "user": "alice"}])
    record = {"server": "RDSH01", "id": 3, "account": "CONTOSO\\alice", "logon_time": "2026-11-21T13:18:05Z"}
    del record[lacking]
    run = farm.playbook([logoff(users="*a*", **{option: [record]})])
    assert run.exit_code == 2
    assert f"{option}: a record without {lacking} does not say which logon is meant" in run.of("logoff")["msg"]
    assert farm.simulation.traffic("RDSH01") == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("logon_time", "1601-01-01T00:00:01Z"),  # in ticks, how others begin
        ("account", "CONTOSO\\\\alice"),
        ("account", "CONTOSO\\"),
        ("id", True),
    ],
)
@pytest.mark.parametrize("option", ["sessions", "exclude_sessions"])
def test_a_record_that_no_session_can_have_is_refused(serve: Serve, option: str, field: str, value: Any) -> None:
    farm = serve([{"id": 3, "user": "alice"}])
    record = {"server": "RDSH01", "id": 3, "account": "CONTOSO\\alice", "logon_time": "2026-11-21T13:18:05Z"}
    run = farm.playbook([logoff(users="*a*", **{option: [record | {field: value}]})])
    assert f"{option}: this is not the record of a session" in run.of("logoff")["msg"]
    assert farm.simulation.traffic("RDSH01") == []


@pytest.mark.parametrize(("loop", "advice"), [([], "found.sessions"), (["alice"], "found.results | map")])
def test_a_whole_result_is_no_record(serve: Serve, loop: list[str], advice: str) -> None:
    farm = serve([{"id": 3, "user": "alice"}])
    found = find(all=True) | ({"loop": loop} if loop else {})
    run = farm.playbook([found, logoff(sessions="{{ found }}")])
    assert f"give its records: {{{{ {advice}" in run.of("logoff")["msg"]
    assert farm.users() == {3: "alice"}


def test_one_server_by_two_names_is_worked_on_once(serve: Serve) -> None:
    farm = farm_of_three(serve)
    run = farm.playbook([logoff(all=True, server=["RDSH02", "rdsh02.contoso.com", "RDSH03"])], "-l", "RDSH01")
    result = run.of("logoff")
    assert "4 sessions selected: 4 logged off." in result["msg"]
    assert [(entry["server"], entry["error"]) for entry in result["servers"]][1] == ("rdsh02.contoso.com", None)
    assert "rdsh02.contoso.com is RDSH02" in " ".join(run.output.split())
    assert sum(call.function == LOGOFF for call in farm.simulation.calls("RDSH02")) == 2
