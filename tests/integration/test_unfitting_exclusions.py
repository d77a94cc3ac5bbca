# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Exclusions that would spare nobody, and those that only seem to be such."""

from __future__ import annotations

from collections.abc import Callable
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


def test_a_pattern_that_fits_nobody_is_said_in_check_mode_once(serve: Serve) -> None:
    farm = serve(hosts=[{"name": f"RDSH0{n}", "sessions": [ALICE]} for n in (1, 2, 3)])
    tasks = [{"name": "logoff", "winops.rds.win_rds_logoff": {"all": True, "exclude_users": ["svc_*"]}}]
    run = farm.playbook(tasks, "--check")
    assert run.output.count("spares nobody") == 1
    assert "svc_*" in run.output
    assert "spares nobody" not in farm.playbook(tasks).output


def test_what_fits_a_listener_alone_is_not_used(serve: Serve) -> None:
    farm = serve([ALICE, BOB])
    result = farm.logoff("all=true exclude_sessions=rdp-tcp")
    assert result["unused_exclusions"] == ["rdp-tcp"]
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
