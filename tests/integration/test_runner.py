# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A playbook under ansible-runner, with which AWX and Automation Platform run it: the events tell everything."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jq
import yaml

from tests.support.ansible_runs import finished
from tests.support.paths import COLLECTIONS, REPOSITORY


def test_events_hold_the_records_of_each_host(serve: Callable[..., Any], tmp_path: Path) -> None:
    hosts = [{"name": f"RDSH0{n}", "sessions": [{"id": n, "user": f"user{n}"}]} for n in (1, 2)]
    hosts[1]["faults"] = [{"call": "WTSLogoffSession", "error": 5}]
    farm = serve(hosts=hosts)
    task = {"winops.rds.win_rds_logoff": {"all": True}}
    events = {event["event_data"]["host"]: event for event in run(farm, task, exit_code=2)}  # one of the hosts fails

    assert {host: event["event"] for host, event in events.items()} == {
        "RDSH01": "runner_on_ok",
        "RDSH02": "runner_on_failed",
    }
    results = {host: event["event_data"]["res"] for host, event in events.items()}
    assert [(r["id"], r["account"], r["result"]) for r in results["RDSH01"]["sessions"]] == [
        (1, "CONTOSO\\user1", "logged_off")
    ]
    (denied,) = results["RDSH02"]["sessions"]
    assert (denied["result"], denied["error"]["name"]) == ("denied", "ERROR_ACCESS_DENIED")
    assert results["RDSH01"]["changed"] is True
    assert [call.session for name in farm.simulation.hosts for call in farm.simulation.mutating_calls(name)] == [1, 2]


def test_servers_that_may_be_in_no_inventory_are_counted(serve: Callable[..., Any]) -> None:
    """As AWX counts them, by extensions/audit/event_query.yml:
    https://github.com/ansible/awx/blob/devel/awx/main/tasks/host_indirect.py"""
    down = {"name": "RDSH03", "rpc": "down", "rpc_timeout": 0}
    farm = serve(hosts=[{"name": "RDSH01", "sessions": [{"id": 1, "user": "alice"}]}, {"name": "RDSH02"}, down])
    several = {"server": ["rdsh02", "RDSH03"], "all": True}
    counted = ["winops.rds.win_rds_message", "winops.rds.win_rds_disconnect", "winops.rds.win_rds_logoff"]
    tasks = [
        {module: {**options, **({"message": "Hello"} if "message" in module else {})}}
        for module in [*counted, "winops.rds.win_rds_session_info"]
        for options in (several, {"all": True})
    ]
    events = run(farm, *({**task, "run_once": True, "ignore_errors": True} for task in tasks), exit_code=0)

    queries = yaml.safe_load((REPOSITORY / "extensions" / "audit" / "event_query.yml").read_text("utf-8"))
    assert {*queries} == {*counted}
    data = [event["event_data"] for event in events]
    assert len(data) == len(tasks)
    found = [
        (event["resolved_action"], node["name"], node["canonical_facts"])
        for event in data
        if event["resolved_action"] in queries
        for node in jq.compile(queries[event["resolved_action"]]["query"]).input(event["res"]).all()
    ]
    assert sorted(found) == [(module, "rdsh02", {"host_name": "rdsh02"}) for module in sorted(counted)]


def run(farm: Any, *tasks: dict[str, Any], exit_code: int) -> Iterator[dict[str, Any]]:
    """The events with a result, of a playbook of those tasks, in the folders that ansible-runner wants."""
    folder: Path = farm.inventory.parent / "runner"
    for name in ("env", "inventory", "project"):
        (folder / name).mkdir(parents=True)
    (folder / "inventory" / "hosts.yml").write_text(farm.inventory.read_text("utf-8"), "utf-8")
    (folder / "env" / "envvars").write_text(yaml.safe_dump({"ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS)}), "utf-8")
    play = {"hosts": "rdsh", "gather_facts": False, "tasks": [*tasks]}
    (folder / "project" / "playbook.yml").write_text(yaml.safe_dump([play]), "utf-8")
    runner = Path(sys.executable).with_name("ansible-runner")
    command = [runner, "run", folder, "--playbook", "playbook.yml", "--ident", "test"]
    done = finished(command, {**os.environ, "ANSIBLE_HOME": str(folder / "ansible")})
    assert done.returncode == exit_code, done.stdout
    for path in sorted((folder / "artifacts" / "test" / "job_events").glob("*.json")):
        event = json.loads(path.read_text("utf-8"))
        if "res" in event.get("event_data", {}):
            yield event
