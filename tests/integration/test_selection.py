# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The selection language, end to end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Serve = Callable[..., Any]

SESSIONS = [
    {"id": 1, "name": "console", "user": "operator"},
    {"id": 2, "user": "alice", "idle": "3h", "logged_on": "9h", "client_name": "PC-7", "client_address": "10.1.0.7"},
    {"id": 3, "user": "alice", "idle": "1m", "logged_on": "1h", "client_name": "LT-9", "client_address": "fe80::9"},
    {"id": 4, "user": "bob", "state": "disconnected", "disconnected": "8h", "idle": "8h", "logged_on": "9h"},
    {"id": 5, "user": "carol", "idle": None, "client_name": "PC-8", "client_address": "10.2.0.8"},
    {"id": 6, "user": "RDSH01\\carol", "state": "disconnected", "disconnected": "5m"},
    {"id": 7, "user": "ansible", "state": "disconnected"},
]

SELECTED: dict[str, tuple[dict[str, Any], set[int]]] = {
    "idle": ({"idle_for": "2h"}, {2, 4}),
    "idle and here": ({"idle_for": "2h", "states": "active"}, {2}),
    "disconnected for hours": ({"disconnected_for": "PT8H"}, {4}),
    "logged on since the morning": ({"logged_on_for": "8h 30m"}, {2, 4}),
    "client by name": ({"clients": "pc-*"}, {2, 5}),
    "client by address": ({"clients": "fe80::9"}, {3}),
    "client by network": ({"clients": ["10.1.0.0/16", "fe80::/10"]}, {2, 3}),
    "user principal name": ({"users": "Alice@contoso.com"}, {2, 3}),
    "local account": ({"users": ".\\carol"}, {6}),
    "any domain": ({"users": "carol"}, {5, 6}),
    "own sessions": ({"sessions": "current"}, {7}),
    "all but own": ({"all": True, "exclude_sessions": ["current"], "exclude_users": "alice@contoso.com"}, {1, 4, 5, 6}),
    "all, narrowed": ({"all": True, "states": "disconnected", "users": "*o*"}, {4, 6}),
    "nobody of that name": ({"users": "ghost@contoso.com"}, set()),
}


def test_selections(serve: Serve) -> None:
    """All in one run, in check mode."""
    farm = serve(SESSIONS)
    tasks = [{"name": name, "winops.rds.win_rds_logoff": options} for name, (options, _) in SELECTED.items()]
    run = farm.playbook(tasks, "--check")
    assert {name: set(run.of(name).outcomes()) for name in SELECTED} == {
        name: ids for name, (_, ids) in SELECTED.items()
    }
    assert run.of("nobody of that name")["not_found"] == ["ghost@contoso.com"]
    assert farm.simulation.mutating_calls("RDSH01") == []


def test_sid_of_an_account(serve: Serve) -> None:
    farm = serve(SESSIONS)
    sid = farm.simulation.hosts["RDSH01"].directory.find("CONTOSO\\bob").sid
    assert farm.logoff(f"users={sid}").outcomes() == {4: "logged_off"}


@pytest.mark.windows("runas starts the module with a token of the become user")
def test_current_means_the_account_that_the_task_becomes(serve: Serve) -> None:
    farm = serve(SESSIONS)
    task = {
        "winops.rds.win_rds_logoff": {"sessions": ["current"]},
        "become": True,
        "become_method": "runas",
        "become_user": "CONTOSO\\bob",
        "vars": {"ansible_become_password": "secret"},
    }
    assert farm.playbook([task]).only().outcomes() == {4: "logged_off"}


@pytest.mark.parametrize("option", ["users", "exclude_users"])
def test_lookup_that_fails_touches_nobody(serve: Serve, option: str) -> None:
    farm = serve(SESSIONS, faults=[{"call": "LookupAccountName", "error": 1789}])
    result = farm.logoff(f"states=active {option}=alice@contoso.com")
    assert result.status == "failed"
    assert "[1789 ERROR_TRUSTED_RELATIONSHIP_FAILURE]" in result["msg"]
    assert {call.function for call in farm.simulation.calls("RDSH01")} == {"LookupAccountNameW"}


def test_missing_may_fail_the_task(serve: Serve) -> None:
    farm = serve(SESSIONS)
    result = farm.logoff("users=bob,dave missing=fail")
    assert result.status == "failed"
    assert "not found: dave (missing=fail)" in result["msg"]
    assert result.outcomes() == {4: "logged_off"}


def test_user_who_comes_back_before_the_act_is_spared(serve: Serve) -> None:
    back = {"put": {"id": 2, "user": "alice", "idle": 0, "logged_on": "9h"}}
    farm = serve([SESSIONS[1]], faults=[{"call": "WTSQuerySessionInformation", "times": 1, "then": [back]}])
    result = farm.logoff("idle_for=2h")
    # The same person in the same session; only the logon time of the simulation moves by what the test took.
    assert set(result.outcomes().values()) <= {"spared", "already_gone"}
    assert farm.users() == {2: "alice"}


def test_hanging_session_is_ended_where_told_to(serve: Serve) -> None:
    farm = serve([{"id": 9, "user": "dave", "logoff": "never", "processes": ["explorer.exe", "stuck.exe"]}])
    result = farm.logoff("users=dave timeout=1s on_timeout=terminate")
    assert result.outcomes() == {9: "logged_off"}
    assert [process["name"] for process in result["sessions"][0]["ended_processes"]] == ["explorer.exe", "stuck.exe"]
    assert not farm.simulation.hosts["RDSH01"].table.crashed


def test_no_more_at_once_than_told(serve: Serve) -> None:
    farm = serve([{"id": n, "user": f"user{n}", "logoff": 0.4} for n in range(2, 8)])
    result = farm.logoff("all=true max_parallel=2")
    assert result.counts() == {"logged_off": 6}
    times = sorted(call.time for call in farm.simulation.mutating_calls("RDSH01"))
    assert all(later - earlier >= 0.4 for earlier, later in zip(times, times[2:], strict=False))
