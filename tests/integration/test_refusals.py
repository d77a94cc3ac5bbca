# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What cannot work is refused with one sentence, and bad input before any host is contacted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Serve = Callable[..., Any]

ALICE = {"id": 12, "user": "alice"}

BAD_INPUT: dict[str, tuple[dict[str, Any], list[str]]] = {
    "no selecting option": ({}, ["no session is selected", "sessions, users, states, idle_for"]),
    "nothing selected by all": ({"all": False}, ["no session is selected"]),
    "unknown state": ({"states": ["asleep"]}, ["states", "'asleep'", "active, connected"]),
    "listener state": ({"states": ["listen"]}, ["states", "'listen'"]),
    "negative ID": ({"sessions": [-1]}, ["sessions", "-1", "0 to 4294967293"]),
    "ID beyond 32 bits": ({"sessions": [4294967296]}, ["sessions", "4294967296", "32 bits"]),
    "ID that means the current session": ({"sessions": [4294967295]}, ["sessions", "4294967295"]),
    "empty list": (
        {"all": True, "exclude_users": []},
        ["exclude_users is an empty list", "default(omit, true)", "when"],
    ),
    "empty string": ({"users": ""}, ["users holds an empty value"]),
    "empty element": ({"all": True, "exclude_sessions": ["12", " "]}, ["exclude_sessions holds an empty value"]),
    "null": ({"users": None, "states": ["active"]}, ["users is null", "default([], true)"]),
    "null exclusion": ({"all": True, "exclude_users": None}, ["exclude_users is null", "default(omit, true)"]),
    "lost backslash": ({"all": True, "exclude_users": "CONTOSO\alice"}, ["exclude_users", "control character"]),
    "terminate without wait": ({"all": True, "wait": False, "on_timeout": "terminate"}, ["on_timeout", "wait=false"]),
    "none at once": ({"all": True, "max_parallel": 0}, ["max_parallel", "0", "1 to"]),
    "bad network": ({"clients": "10.1.0.0/33"}, ["clients", "10.1.0.0/33", "10.1.0.0/16"]),
    "bad server": ({"all": True, "server": "RDSH 02"}, ["server", "RDSH 02"]),
    "two domains": ({"users": "CONTOSO\\alice@contoso.com"}, ["users", "is not an account"]),
    "bad choice": ({"all": True, "missing": "maybe"}, ["missing", "maybe", "ignore, fail"]),
    "bad idle time": ({"idle_for": "long"}, ["idle_for", "'long'"]),
    "included and excluded": ({"users": ["Alice"], "exclude_users": ["alice"]}, ["exclude_users both name 'Alice'"]),
    "timeout without wait": ({"all": True, "wait": False, "timeout": "1m"}, ["timeout", "wait=false"]),
    "bad duration": ({"all": True, "timeout": "soon"}, ["timeout", "'soon'", "90", "PT30M"]),
    "no time": ({"all": True, "timeout": 0}, ["timeout", "wait=false"]),
    "unknown option": ({"all": True, "sesions": [12]}, ["unknown option sesions", "sessions"]),
    "bad account": ({"users": ["CONTOSO\\"]}, ["users", "CONTOSO", "is not an account"]),
    "long name": ({"sessions": ["x" * 33]}, ["sessions", "32 characters"]),
    "no boolean": ({"all": "perhaps"}, ["all", "perhaps"]),
}


def test_null_is_as_not_given_where_nobody_loses_by_it(serve: Serve) -> None:
    farm = serve([ALICE, {"id": 1, "name": "console", "user": "operator"}])
    options = {
        "protect_console": None,
        "reason": None,
        "on_timeout": None,
        "wait": "{{ none }}",
        "server_timeout": None,
    }
    result = farm.playbook([{"winops.rds.win_rds_logoff": {"all": True, **options}}]).only()
    assert result.outcomes() == {12: "logged_off", 1: "protected"}
    assert result["invocation"]["module_args"]["wait"] is True


def test_null_is_refused_where_it_would_take_somebody_or_some_time(serve: Serve) -> None:
    refused = ("exclude_users", "users", "server", "grace", "at_deadline", "reminders", "timeout", "max_parallel")
    cases = {option: ({"all": True, option: None}, f"{option} is null") for option in refused}
    serve([ALICE]).refuses("winops.rds.win_rds_logoff", cases)


def test_bad_input_is_refused_before_the_host_is_contacted(serve: Serve) -> None:
    """All in one run; each names the option, the value and what is accepted, and shows no traceback."""
    farm = serve([ALICE])
    tasks = [
        {"name": name, "winops.rds.win_rds_logoff": options, "ignore_errors": True}
        for name, (options, _) in BAD_INPUT.items()
    ]
    run = farm.playbook(tasks)
    for name, (_, expected) in BAD_INPUT.items():
        result = run.of(name)
        assert result.status == "failed"
        assert [text for text in expected if text not in result["msg"]] == [], result["msg"]
        assert "\n" not in result["msg"]
    assert "Traceback" not in run.output and "An exception occurred" not in run.output
    assert farm.simulation.traffic("RDSH01") == []


def test_target_that_is_not_windows(serve: Serve) -> None:
    farm = serve([ALICE])
    result = farm.logoff("all=true", "-e", "ansible_connection=local")
    assert result.status == "failed"
    assert "works on Windows hosts" in result["msg"] and "'local'" in result["msg"]


def test_wrong_password(serve: Serve) -> None:
    farm = serve([ALICE])
    result = farm.logoff("all=true", "-e", "ansible_password=wrong")
    assert result.status == "unreachable"
    assert "credentials were rejected" in result["msg"]


def test_host_that_is_down(serve: Serve) -> None:
    farm = serve([ALICE])
    result = farm.logoff("all=true", "-e", "ansible_port=1")
    assert result.status == "unreachable"
    assert "Connection refused" in result["msg"] or "Failed to establish a new connection" in result["msg"]


def test_sessions_that_cannot_be_listed(serve: Serve) -> None:
    farm = serve([ALICE], faults=[{"call": "WTSEnumerateSessionsEx", "error": 1722}])
    result = farm.logoff("all=true")
    assert result.status == "failed"
    assert "[1722 RPC_S_SERVER_UNAVAILABLE]" in result["msg"]
    assert result["changed"] is False


@pytest.mark.parametrize("poll", [0, 5])
def test_async_is_refused(serve: Serve, poll: int) -> None:
    farm = serve([ALICE])
    result = farm.playbook([{"winops.rds.win_rds_logoff": {"all": True}, "async": 30, "poll": poll}]).only()
    assert result.status == "failed"
    assert result["msg"].startswith("async is not supported: the controller takes part in this task")
    assert farm.simulation.traffic("RDSH01") == []


@pytest.mark.parametrize(
    ("session", "reason"), [(0, "services of Windows"), (65536, "listener"), ("rdp-tcp", "listener")]
)
def test_what_is_no_session_is_never_logged_off(serve: Serve, session: int | str, reason: str) -> None:
    farm = serve([ALICE])
    result = farm.logoff(f"sessions={session} protect_console=false")
    assert result.status == "failed"
    assert reason in result["msg"]
    assert farm.simulation.mutating_calls("RDSH01") == []
