# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""win_rds_session_info as people use it, against a simulated host."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from .examples import examples

Serve = Callable[..., Any]

MODULE = "winops.rds.win_rds_session_info"

ALICE = {
    "id": 12,
    "name": "TERM04",
    "user": "alice",
    "idle": "5m",
    "client_name": "PC-1",
    "client_address": "10.1.4.17",
}
BOB = {"id": 14, "user": "bob", "state": "disconnected", "disconnected": "8h", "idle": "9h"}
CONSOLE = {"id": 1, "name": "console", "user": "operator"}
LOGON_SCREEN = {"id": 3, "state": "connected"}


def info(farm: Any, options: str = "", *flags: str) -> Any:
    """Ad hoc on RDSH01, and its result. Whatever it says, it has changed nothing."""
    result = farm.adhoc(MODULE, options, "-l", "RDSH01", *flags).only()
    assert result.values.get("changed", False) is False
    assert [call for host in farm.simulation.hosts for call in farm.simulation.mutating_calls(host)] == []
    assert [launch.leaks for launch in farm.simulation.api.launches] == [0] * len(farm.simulation.api.launches)
    return result


@pytest.mark.parametrize("how", ["ad hoc", "check mode", "playbook"])
def test_quser(serve: Serve, how: str) -> None:
    """``quser`` without arguments: every session that has a user."""
    farm = serve([ALICE, BOB, CONSOLE, LOGON_SCREEN])
    if how == "playbook":
        result = farm.playbook([{MODULE: {}}]).only()
    else:
        result = info(farm, "", *(["--check"] if how == "check mode" else []))
    assert result.outcomes() == {1: "listed", 12: "listed", 14: "listed"}
    assert result.counts() == {"active": 2, "disconnected": 1}
    assert result["msg"] == "3 sessions selected: 2 active, 1 disconnected."
    assert result["not_found"] == []


def test_everything_that_windows_tells(serve: Serve) -> None:
    farm = serve([{**ALICE, "logged_on": "3h", "locked": True, "incoming_bytes": 4711, "outgoing_bytes": 4294967295}])
    (record,) = info(farm)["sessions"]
    assert (record["server"], record["id"], record["name"]) == ("RDSH01", 12, "TERM04")
    assert (record["account"], record["user"], record["domain"]) == ("CONTOSO\\alice", "alice", "CONTOSO")
    assert (record["state"], record["protocol"], record["locked"]) == ("active", "rdp", True)
    assert (record["client_name"], record["client_address"]) == ("PC-1", "10.1.4.17")
    assert (record["incoming_bytes"], record["outgoing_bytes"]) == (4711, 4294967295)
    assert 300 <= record["idle_seconds"] < 400
    logon, last_input = (datetime.fromisoformat(record[name]) for name in ("logon_time", "last_input_time"))
    assert 174 * 60 <= (last_input - logon).total_seconds() <= 176 * 60
    assert record["disconnect_time"] is None
    assert record["error"] is None


def test_second_run_tells_the_same(serve: Serve) -> None:
    farm = serve([ALICE, BOB])
    kept = ("id", "name", "account", "state", "logon_time", "matched_by", "result")
    first, second = ([{key: r[key] for key in kept} for r in info(farm)["sessions"]] for _time in range(2))
    assert first == second
    assert [record["matched_by"] for record in first] == [["all=true"]] * 2


def test_quser_alice(serve: Serve) -> None:
    """``quser alice``: who is not there is not found, and that is no failure."""
    result = info(serve([ALICE, BOB]), "users=alice,eve")
    assert result.outcomes() == {12: "listed"}
    assert (result["sessions"][0]["matched_by"], result["not_found"]) == (["users=alice"], ["eve"])
    assert info(serve([ALICE, BOB]), "users=eve missing=fail").status == "failed"


def test_query_session_shows_what_nobody_is_logged_on_to(serve: Serve) -> None:
    """``query session rdp-tcp``, ``query session 0``: session 0, a listener and a logon screen, if asked for."""
    farm = serve([ALICE, LOGON_SCREEN])
    result = info(farm, "sessions=0,rdp-tcp,3")
    assert {record["id"]: record["state"] for record in result["sessions"]} == {
        0: "disconnected",
        3: "connected",
        65536: "listen",
    }
    assert result.status == "ok"


def test_exclusions_alone_leave_the_others(serve: Serve) -> None:
    assert info(serve([ALICE, BOB]), "exclude_users=b*").outcomes() == {12: "listed"}


def test_quser_server_rdsh02(serve: Serve) -> None:
    """``quser /server:RDSH02``, of several and with one that is down."""
    down = {"name": "RDSH03", "rpc": "down", "rpc_timeout": 1}
    farm = serve(hosts=[{"name": "RDSH01"}, {"name": "RDSH02", "sessions": [ALICE]}, down])
    result = info(farm, "server=RDSH02,RDSH03")
    assert result.status == "failed"
    assert [(record["server"], record["id"]) for record in result["sessions"]] == [("RDSH02", 12)]
    assert "RDSH03: " in result["msg"] and "[1722 RPC_S_SERVER_UNAVAILABLE]" in result["msg"]
    assert result["msg"].endswith(" 1 session selected: 1 active.")


def test_session_that_goes_while_it_is_looked_at(serve: Serve) -> None:
    leaving = {"call": "WTSQuerySessionInformation", "session": 12, "times": 1, "before": [{"remove": 12}]}
    result = info(serve([ALICE, BOB], faults=[leaving]), "users=alice,bob")
    assert (result.status, result.outcomes()) == ("ok", {14: "listed"})


def test_session_about_which_windows_refuses_to_tell(serve: Serve) -> None:
    farm = serve([ALICE, BOB], faults=[{"call": "WTSQuerySessionInformation", "session": 12, "error": 5}])
    result = info(farm)
    assert result.status == "failed"
    assert result.outcomes() == {12: "denied", 14: "listed"}
    assert result.counts() == {"disconnected": 1, "denied": 1}
    assert "session 12 (CONTOSO\\alice): the connecting account may not do this" in result["msg"]


def test_every_language_tells_the_same(serve: Serve) -> None:
    languages = ["en-US", "fr-FR", "ru-RU", "pt-BR", "zh-TW"]
    farm = serve(
        hosts=[{"name": f"RDSH0{n}", "language": name, "sessions": [ALICE, BOB]} for n, name in enumerate(languages)]
    )
    kept = ("id", "name", "account", "state", "protocol", "client_name", "result")
    told = [[{key: r[key] for key in kept} for r in ran["sessions"]] for ran in farm.adhoc(MODULE).results]
    assert len(told) == len(languages)
    assert all(records == told[0] for records in told)
    assert [record["state"] for record in told[0]] == ["active", "disconnected"]


def test_one_launch(serve: Serve) -> None:
    farm = serve([ALICE, BOB])
    info(farm)
    assert len(farm.simulation.api.launches) == 1


def test_examples_of_the_documentation(serve: Serve) -> None:
    others = [{"name": name, "sessions": [ALICE, BOB]} for name in ("RDSH02", "RDSH03")]
    farm = serve(hosts=[{"name": "RDSH01", "sessions": [ALICE, BOB, CONSOLE]}, *others])
    run = farm.playbook(examples("win_rds_session_info"), "-l", "RDSH01")
    assert run.exit_code == 0, run.output
    assert [result.status for result in run.results] == ["ok"] * len(examples("win_rds_session_info"))
    assert "CONTOSO\\\\bob is disconnected, idle for 32" in run.output
    assert "3 sessions selected: 2 active, 1 disconnected." in run.output
    assert farm.simulation.mutating_calls("RDSH01") == []
