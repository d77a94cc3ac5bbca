# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Exclusions that would spare nobody, and those that only seem to be such."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Serve = Callable[..., Any]

ALICE, BOB = {"id": 12, "user": "alice"}, {"id": 13, "user": "bob", "name": "rdp-tcp#3"}


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("sessions", "31C5CE94259D4...", "quser cuts long names off"),
        ("exclude_sessions", "31C5CE94259D4...", "quser cuts long names off"),
        ("exclude_sessions", "31C5CE94259D4\u2026", "quser cuts long names off"),
        ("sessions", "Active", "it is a state; give states=active"),
        ("exclude_sessions", "disconnected", "it is the state of a session"),
        ("exclude_sessions", "Getr.", "it is the state of a session"),
        ("sessions", "Actif", "it is a state; give states=active"),
        ("exclude_sessions", "locked", "give locked=false"),
        ("sessions", "locked", "give locked=true"),
        ("users", "?*", "give all=true"),
        ("users", "*\\*?", "give all=true"),
    ],
)
def test_what_means_nobody_or_everybody_is_refused(serve: Serve, option: str, value: str, words: str) -> None:
    farm = serve([ALICE, BOB])
    options = {option: [value]} if not option.startswith("exclude") else {"all": True, option: [value]}
    run = farm.playbook([{"name": "logoff", "winops.rds.win_rds_logoff": options}])
    assert run.exit_code == 2
    assert words in run.of("logoff")["msg"]
    assert farm.simulation.traffic("RDSH01") == []


def test_a_pattern_in_a_domain_that_does_not_exist_stops_the_task(serve: Serve) -> None:
    farm = serve([ALICE, BOB])
    run = farm.playbook(
        [{"name": "logoff", "winops.rds.win_rds_logoff": {"all": True, "exclude_users": ["CONTSO\\svc-*"]}}]
    )
    assert run.exit_code == 2
    assert "CONTSO\\svc-* is of no domain that Windows knows" in run.of("logoff")["msg"]
    assert farm.users() == {12: "alice", 13: "bob"}


@pytest.mark.parametrize("domain", ["CONTOSO", "contoso", "RDSH01", "AzureAD", "*"])
def test_a_pattern_in_a_domain_that_exists_may_fit_nobody(serve: Serve, domain: str) -> None:
    farm = serve([ALICE, BOB])
    options = {"users": ["alice"], "exclude_users": [f"{domain}\\svc-*"]}
    run = farm.playbook([{"name": "logoff", "winops.rds.win_rds_logoff": options}])
    assert run.exit_code == 0, run.output
    assert farm.users() == {13: "bob"}


PATTERNS = ["svc-*", "adm-*", "tst_*"]
THREE_HOSTS = [
    {"name": "RDSH01", "sessions": [ALICE, {"id": 14, "user": "svc-a"}]},
    {"name": "RDSH02", "sessions": [ALICE, {"id": 14, "user": "adm-b"}]},
    {"name": "RDSH03", "sessions": [ALICE]},
]


def test_a_pattern_that_fits_nobody_is_said_in_check_mode(serve: Serve) -> None:
    farm = serve([ALICE])
    tasks = [{"name": "logoff", "winops.rds.win_rds_logoff": {"all": True, "exclude_users": PATTERNS}}]
    run = farm.playbook(tasks, "--check")
    assert "exclude_users: spares nobody: svc-*, adm-*, tst_*. Check the pattern." in " ".join(run.output.split())
    assert "spares nobody" not in farm.playbook(tasks).output


@pytest.mark.parametrize(
    ("playbook", "option"),
    [
        ("winops.rds.empty_farm", "maintenance_exclude_users"),
        ("winops.rds.maintain_farm", "maintenance_exclude_users"),
        ("winops.rds.end_disconnected", "exclude_users"),
    ],
)
def test_each_pattern_is_said_once_in_the_plan_of_a_night(
    serve: Serve, playbook: str, option: str, tmp_path: Path
) -> None:
    """Whichever of them are in use on a host."""
    farm = serve(hosts=THREE_HOSTS)
    (tmp_path / "patch.yml").write_text("- ansible.builtin.debug: {msg: patched}\n", "utf-8")
    given = {option: PATTERNS, "maintenance_tasks": str(tmp_path / "patch.yml")}
    run = farm.run(playbook, "--check", "-e", json.dumps(given))
    assert run.exit_code == 0, run.output
    said = " ".join(run.output.split())
    assert [said.count(f"exclude_users: spares nobody on at least one host: {one}.") for one in PATTERNS] == [1, 1, 1]
    assert said.count("spares nobody") == 3
    assert farm.users("RDSH03") == {12: "alice"}


def test_a_name_that_is_no_sessions_is_said_once(serve: Serve) -> None:
    farm = serve(hosts=[*THREE_HOSTS[:2], {"name": "RDSH03", "sessions": [ALICE | {"name": "TERM04"}]}])
    options = {"all": True, "exclude_sessions": ["TERM04", "TERM05"]}
    run = farm.playbook([{"name": "logoff", "winops.rds.win_rds_logoff": options}])
    said = " ".join(run.output.split())
    assert [said.count(f"not the name of a session on every host: TERM0{n}.") for n in (4, 5)] == [1, 1]
    assert farm.users("RDSH03") == {12: "alice"}


def test_what_fits_a_listener_alone_is_not_used(serve: Serve) -> None:
    """Its name is refused: whoever gives that means those who came by it."""
    farm = serve([ALICE, BOB])
    refused = farm.logoff("all=true exclude_sessions=rdp-tcp")
    assert (refused.status, len(farm.users())) == ("failed", 2)
    assert "say by protocols whom the task means" in refused["msg"]
    result = farm.logoff("all=true exclude_sessions=65536")
    assert result["unused_exclusions"] == ["65536"]
    assert farm.users() == {}


def test_an_account_of_entra_id_as_windows_wants_it(serve: Serve) -> None:
    farm = serve([{"id": 12, "user": "AzureAD\\MaxPower", "principal_name": "max@contoso.com"}, BOB])
    options = {"all": True, "exclude_users": ["AzureAD\\max@contoso.com"]}
    run = farm.playbook([{"name": "logoff", "winops.rds.win_rds_logoff": options}])
    assert run.exit_code == 0, run.output
    assert farm.users() == {12: "MaxPower"}
    options["exclude_users"] = ["AzureAD\\moritz@contoso.com"]
    run = farm.playbook([{"name": "logoff", "winops.rds.win_rds_logoff": options}])
    assert run.exit_code == 2
    assert "moritz@contoso.com is no account" in run.of("logoff")["msg"]
    assert farm.users() == {12: "MaxPower"}
