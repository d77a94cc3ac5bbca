# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a task asks of its engine: whom it means, and how long it takes. Bad limits are refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible.playbook.task import Task
from ansible_collections.winops.rds.plugins.action.win_rds_logoff import ActionModule
from ansible_collections.winops.rds.plugins.plugin_utils._engine.requests import (
    EngineRequest,
    LogoffRequest,
    LogoffTerminateRequest,
    MessageRequest,
    SessionInfoRequest,
    same_sessions,
)
from ansible_collections.winops.rds.plugins.plugin_utils._options.errors import OptionError
from ansible_collections.winops.rds.plugins.plugin_utils._options.given import validated_options

from tests.unit.plugins.reporting import ReportedLogoff


def asked(**task: Any) -> LogoffRequest:
    """What a task asks of the engine."""
    action = ReportedLogoff()
    action.result(**task)
    assert isinstance(action.asked, LogoffRequest)
    return action.asked


def test_limits() -> None:
    usual = asked(all=True)
    assert (usual.timeout_ms, usual.max_parallel, usual.protect_console) == (120_000, None, True)
    assert (usual.servers, usual.server_timeout_ms, usual.check_mode) == (("",), 30_000, False)
    assert type(usual) is LogoffRequest
    assert asked(all=True, timeout="1m 30.5s").timeout_ms == 90_500
    assert asked(all=True, wait=False, protect_console=False).timeout_ms == 0
    limited = asked(all=True, server="RDSH02", server_timeout="1.5", on_timeout="terminate", max_parallel="7")
    assert (limited.servers, limited.server_timeout_ms, limited.max_parallel) == (("RDSH02",), 1500, 7)
    assert type(limited) is LogoffTerminateRequest


def test_it_is_one_line_of_json_in_ascii() -> None:
    text = asked(users="Жанна", exclude_sessions="РДП-1").text
    assert text.isascii() and text.isprintable()
    members = json.loads(text)
    assert members["exclude_session_names"] == ["РДП-1"]
    assert (members["logons"], members["newcomers"], members["idle_for"]) == ([], True, None)


def test_the_same_sessions_for_another_act() -> None:
    logoff = asked(users="alice", idle_for="1h", server="RDSH02", timeout="5s")
    members = {"title": "t", "message": "m", "message_style": 0, "message_seconds": 0}
    message = same_sessions(MessageRequest, logoff, **members, wait_for_answer=False, remaining_ms=0)
    look = same_sessions(SessionInfoRequest, logoff)
    assert isinstance(message, EngineRequest) and message.title == "t"
    theirs = json.loads(look.text)
    assert theirs.items() <= json.loads(logoff.text).items() and theirs.items() <= json.loads(message.text).items()


@pytest.mark.parametrize(
    ("task", "words"),
    [
        ({"timeout": ""}, ["timeout is empty; give a value, or leave the option out"]),
        ({"timeout": "soon"}, ["timeout: 'soon'", "accepted are"]),
        ({"timeout": "-5"}, ["timeout: '-5'", "accepted are"]),
        ({"timeout": "2y"}, ["timeout: '2y'", "accepted are"]),
        ({"timeout": "400d"}, ["timeout: '400d'", "longer than a year"]),
        ({"timeout": 0}, ["timeout: 0", "wait=false"]),
        ({"timeout": "0.0001"}, ["timeout: 0", "wait=false"]),
        ({"timeout": "1m", "wait": False}, ["timeout", "wait=false", "leave one of them out"]),
        ({"on_timeout": "terminate", "wait": False}, ["on_timeout=terminate", "wait=false", "leave one of them out"]),
        ({"max_parallel": 5, "wait": False}, ["max_parallel", "wait=false", "leave one of them out"]),
        ({"max_parallel": 0}, ["max_parallel: 0", "accepted are 1 to 65535"]),
        ({"max_parallel": -1}, ["max_parallel: -1", "accepted are 1 to 65535"]),
        ({"server_timeout": "soon"}, ["server_timeout: 'soon'", "accepted are"]),
        ({"server_timeout": "0"}, ["server_timeout: 0", "time to answer"]),
        ({"server_timeout": "400d"}, ["server_timeout: '400d'", "longer than a year"]),
    ],
    ids=str,
)
def test_bad_limits(task: dict[str, Any], words: list[str]) -> None:
    action = ActionModule(Task.load({"action": "winops.rds.win_rds_logoff"}), None, None, None, None, None)
    with pytest.raises(OptionError) as raised:
        action.run_task(validated_options({"all": True, **task}, ActionModule.ARGUMENT_SPEC), {})
    assert [word for word in words if word not in str(raised.value)] == []
