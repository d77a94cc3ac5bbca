# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An exclusion excludes, or the task stops: who is left on the host, and what is said."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from simulator.directory import DirectoryAccount

from .conftest import Farm

Serve = Callable[..., Farm]

ALICE = {"id": 2, "user": "alice"}
BACKUP = {"id": 3, "user": "svc-backup"}
CAROL = {"id": 4, "user": "RDSH01\\carol"}
SESSIONS = [ALICE, BACKUP, CAROL]
EVERYBODY = {2: "alice", 3: "svc-backup", 4: "carol"}
LOOK_UPS = {"LookupAccountNameW", "LookupAccountSidW"}
SID_OF_BACKUP = DirectoryAccount("CONTOSO", "svc-backup", "contoso.com").sid


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Names that are no user's, and what each is."""
    return {
        "svc-backpu": "no account",
        "CONTOSO\\svc-backpu": "no account",
        "FABRIKAM\\svc-backup": "no account",
        ".\\svc-backup": "no account",
        "contoso.com\\svc-backpu": "no account",
        "svc-backpu@contoso.com": "no account",
        "S-1-5-21-1-2-3-4": "no account",
        "Administrators": "a group",
        "CONTOSO\\Domain Admins": "a group",
        "domain users": "a group",
        "S-1-5-32-544": "a group",
    }


def test_exclusions_that_are_nobody_stop_the_task(serve: Serve, refused: dict[str, str]) -> None:
    farm = serve(SESSIONS)
    module = "winops.rds.win_rds_logoff"
    tasks: list[dict[str, Any]] = [
        {"name": name, module: {"all": True, "exclude_users": ["svc-*", name]}, "ignore_errors": True}
        for name in refused
    ]
    grace = {"grace": "1m", "message": "Soon"}
    tasks += [
        {"name": "grace", module: {"all": True, "exclude_users": "svc-backpu", **grace}, "ignore_errors": True},
        {
            "name": "check",
            module: {"all": True, "exclude_users": "svc-backpu"},
            "ignore_errors": True,
            "check_mode": True,
        },
        {"name": "info", "winops.rds.win_rds_session_info": {"exclude_users": "svc-backpu"}, "ignore_errors": True},
    ]
    run = farm.playbook(tasks)
    for name, what in {**refused, "grace": "no account", "check": "no account", "info": "no account"}.items():
        result = run.of(name)
        assert (result.status, result["changed"]) == ("failed", False)
        assert f"{name if name in refused else 'svc-backpu'} is {what}" in result["msg"]
        assert "nobody was touched" in result["msg"]
    assert farm.users() == EVERYBODY
    assert farm.simulation.api.mutating_calls_on(farm.simulation.hosts["RDSH01"]) == []  # not even a warning


@pytest.mark.parametrize(
    "name",
    [
        *("svc-backup", "SVC-BACKUP", "CONTOSO\\svc-backup", "contoso.com\\svc-backup", "Contoso.Com\\Svc-Backup"),
        *("svc-backup@contoso.com", SID_OF_BACKUP, "svc-*", "*\\svc-backup", "CONTOSO\\*-backup"),
    ],
)
def test_each_spelling_of_an_account_excludes_it(serve: Serve, name: str) -> None:
    farm = serve(SESSIONS)
    result = farm.playbook([{"winops.rds.win_rds_logoff": {"all": True, "exclude_users": name}}], "-v").only()
    assert result.outcomes() == {2: "logged_off", 4: "logged_off"}
    assert [(record["id"], record["result"]) for record in result["excluded"]] == [(3, "excluded")]
    assert result["unused_exclusions"] == []
    assert farm.users() == {3: "svc-backup"}


def test_users_by_the_dns_name_of_their_domain(serve: Serve) -> None:
    farm = serve(SESSIONS)
    task = {"winops.rds.win_rds_logoff": {"users": ["contoso.com\\alice", "fabrikam.com\\carol"]}}
    result = farm.playbook([task]).only()
    assert result.outcomes() == {2: "logged_off"}
    assert result["not_found"] == ["fabrikam.com\\carol"]


def test_who_exists_and_is_not_logged_on_needs_no_correction(serve: Serve) -> None:
    hosts = [{"name": "RDSH01", "sessions": SESSIONS}]
    farm = serve(hosts=hosts, accounts=["dave", "RDSH01\\erin"])
    names = ["dave", ".\\erin", "rdsh01\\erin", "svc-backup", "zz-*"]
    run = farm.playbook([{"winops.rds.win_rds_logoff": {"all": True, "exclude_users": names}}], "-v")
    assert run.only()["unused_exclusions"] == ["dave", ".\\erin", "rdsh01\\erin", "zz-*"]
    assert "exclusions that fitted no session: dave, .\\erin, rdsh01\\erin, zz-*" in run.output
    assert farm.users() == {3: "svc-backup"}


def test_a_look_up_is_only_made_where_it_is_needed(serve: Serve) -> None:
    farm = serve(SESSIONS)
    farm.logoff("all=true exclude_users=svc-backup,alice,z*,.\\\\carol")
    called = {call.function for call in farm.simulation.api.calls_on(farm.simulation.hosts["RDSH01"])}
    assert not called & LOOK_UPS


def test_unknown_exclusions_may_be_ignored(serve: Serve) -> None:
    farm = serve(SESSIONS)
    result = farm.logoff("all=true exclude_users=svc-backup,svc-old unknown_exclusions=ignore")
    assert result["unused_exclusions"] == ["svc-old"]
    assert farm.users() == {3: "svc-backup"}


def test_a_directory_that_does_not_answer_stops_the_task(serve: Serve) -> None:
    farm = serve(SESSIONS, faults=[{"call": "LookupAccountNameW", "error": 1355}])
    result = farm.logoff("all=true exclude_users=dave")
    assert result.status == "failed"
    assert "an account could not be looked up, so nobody was touched" in result["msg"]
    assert "[1355 ERROR_NO_SUCH_DOMAIN]" in result["msg"]
    assert farm.users() == EVERYBODY


def test_on_several_servers_an_exclusion_has_to_fit_on_one(serve: Serve) -> None:
    hosts = [
        {"name": "RDSH01"},
        {"name": "RDSH02", "sessions": [ALICE, {"id": 5, "user": "RDSH02\\frank"}]},
        {"name": "RDSH03", "sessions": [BACKUP, {"id": 6, "user": "bob"}]},
    ]
    farm = serve(hosts=hosts)
    excluded = {"exclude_users": ["svc-backup", "RDSH02\\frank", ".\\frank"]}
    task = {"name": "both", "winops.rds.win_rds_logoff": {"all": True, "server": ["RDSH02", "RDSH03"], **excluded}}
    result = farm.playbook([{"when": "inventory_hostname == 'RDSH01'", **task}]).of("both", "RDSH01")
    assert result["unused_exclusions"] == []
    assert farm.users("RDSH02") == {5: "frank"}
    assert farm.users("RDSH03") == {3: "svc-backup"}
    wrong = {
        "name": "both",
        "winops.rds.win_rds_logoff": {"all": True, "server": ["RDSH02", "RDSH03"], "exclude_users": "frnak"},
    }
    run = farm.playbook([{"when": "inventory_hostname == 'RDSH01'", **wrong}])
    assert "frnak is no account" in run.of("both", "RDSH01")["msg"]
    assert farm.users("RDSH02") == {5: "frank"}
