# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The connection ``psrp``: the real ansible-core, psrp connection and pypsrp against a simulated host."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .conftest import COLLECTIONS

Serve = Callable[..., Any]

ALICE = {"id": 12, "user": "alice"}
BOB = {"id": 14, "user": "bob", "state": "disconnected"}
CONSOLE = {"id": 1, "name": "console", "user": "operator"}
PSRP = ("-e", "ansible_connection=psrp")


@pytest.mark.parametrize("transport", ["basic", "ntlm"])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_ad_hoc_over_each_transport(serve: Serve, scheme: str, transport: str) -> None:
    ports = {"http_port": 0 if scheme == "http" else None, "https_port": 0 if scheme == "https" else None}
    farm = serve([ALICE, BOB], transport=transport, **ports)
    assert farm.logoff("users=alice", *PSRP).outcomes() == {12: "logged_off"}
    assert [call.session for call in farm.simulation.mutating_calls("RDSH01")] == [12]


def test_playbook_second_run_changes_nothing(serve: Serve) -> None:
    farm = serve([ALICE, BOB, CONSOLE])
    task = {"winops.rds.win_rds_logoff": {"all": True}}
    run = farm.playbook([{"name": "first", **task}, {"name": "second", **task}], *PSRP)
    assert run.of("first").outcomes() == {1: "protected", 12: "logged_off", 14: "logged_off"}
    assert run.of("second")["changed"] is False
    assert [call.session for call in farm.simulation.mutating_calls("RDSH01")] == [12, 14]


def test_check_mode_asks_for_nothing(serve: Serve) -> None:
    farm = serve([ALICE, BOB])
    assert farm.logoff("all=true", "--check", *PSRP).outcomes() == {12: "would_log_off", 14: "would_log_off"}
    assert farm.simulation.calls("RDSH01")
    assert farm.simulation.mutating_calls("RDSH01") == []


def test_failure_keeps_its_words_and_every_record(serve: Serve) -> None:
    farm = serve([ALICE, BOB], faults=[{"call": "WTSLogoffSession", "session": 12, "error": 5}])
    result = farm.logoff("all=true", *PSRP)
    assert result.status == "failed"
    assert result.outcomes() == {12: "denied", 14: "logged_off"}


def test_names_of_any_script_arrive(serve: Serve) -> None:
    farm = serve([{"id": 3, "user": "élodie"}, {"id": 4, "user": "иванова"}, {"id": 5, "user": "王小明"}])
    result = farm.playbook([{"winops.rds.win_rds_logoff": {"users": ["ÉLODIE", "王*"]}}], *PSRP).only()
    assert {record["user"]: record["result"] for record in result["sessions"]} == {
        "élodie": "logged_off",
        "王小明": "logged_off",
    }
    assert farm.users() == {4: "иванова"}


def test_engine_is_launched_once_in_one_pipeline(serve: Serve) -> None:
    farm = serve([{"id": n, "user": f"user{n}", "logoff": "0.5s"} for n in range(2, 12)])
    farm.logoff("all=true", *PSRP)
    assert len({call.launch for call in farm.simulation.calls("RDSH01")}) == 1
    count = Counter(exchange.action for exchange in farm.simulation.traffic("RDSH01"))
    assert (count["Create"], count["Command"]) == (1, 1)


def test_long_task_outlasts_the_operation_timeout(serve: Serve) -> None:
    farm = serve([{**ALICE, "logoff": "5s"}])
    timeouts = "-e", "ansible_psrp_operation_timeout=2", "-e", "ansible_psrp_read_timeout=4"
    assert farm.logoff("users=alice", *PSRP, *timeouts).outcomes() == {12: "logged_off"}
    assert [e.status for e in farm.simulation.traffic("RDSH01") if e.action == "Receive"].count(500) >= 1


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_reply_that_gets_lost_is_asked_for_once_more(serve: Serve, number: int) -> None:
    """pypsrp sends a Receive again whose answer did not come in time."""
    farm = serve([ALICE])
    seen: list[str] = []

    async def lose_one(action: str) -> None:
        seen.append(action)
        if action == "Receive" and seen.count(action) == number:
            await asyncio.Future()

    farm.simulation.services["RDSH01"].before_reply = lose_one
    limits = {"operation_timeout": 2, "read_timeout": 3, "reconnection_backoff": 0}
    timeouts = [word for name, seconds in limits.items() for word in ("-e", f"ansible_psrp_{name}={seconds}")]
    assert farm.logoff("users=alice", *PSRP, *timeouts).outcomes() == {12: "logged_off"}
    assert seen.count("Receive") > number
    assert (seen.count("Create"), seen.count("Command")) == (1, 1)


def test_each_item_of_a_loop_is_a_pipeline_of_the_same_pool(serve: Serve) -> None:
    farm = serve([ALICE, BOB])
    task = {"winops.rds.win_rds_logoff": {"users": ["{{ item }}"]}, "loop": ["alice", "bob"]}
    assert farm.playbook([task], *PSRP).exit_code == 0
    assert farm.users() == {}
    count = Counter(exchange.action for exchange in farm.simulation.traffic("RDSH01"))
    assert (count["Create"], count["Command"], count["Signal"], count["Delete"]) == (1, 2, 1, 1)


@pytest.mark.skipif(
    not (COLLECTIONS / "ansible_collections/ansible/windows").exists(),
    reason="ansible.windows is not installed (make setup)",
)
def test_win_ping(serve: Serve) -> None:
    assert serve([ALICE]).adhoc("ansible.windows.win_ping", "", *PSRP).only()["ping"] == "pong"


def test_raw_gives_output_and_exit_code(serve: Serve) -> None:
    farm = serve([ALICE])
    listed = farm.adhoc("ansible.builtin.raw", "quser", *PSRP).only()
    assert "USERNAME" in listed["stdout_lines"][0]
    assert " alice " in listed["stdout_lines"][1]
    nobody = farm.adhoc("ansible.builtin.raw", "quser bob", *PSRP).only()
    assert (nobody.status, nobody["rc"]) == ("failed", 1)
    assert "No User exists for bob" in nobody["stderr"]


def test_what_is_not_simulated_is_refused(serve: Serve, tmp_path: Path) -> None:
    farm = serve([ALICE])
    fetch = {"ansible.builtin.fetch": {"src": "C:\\file.txt", "dest": str(tmp_path)}}
    assert farm.playbook([fetch], *PSRP).only().status == "failed"
    assert farm.simulation.calls("RDSH01") == []
