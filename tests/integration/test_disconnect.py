# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""win_rds_disconnect as people use it, against a simulated host."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from simulator.farm import Change
from simulator.session_table import State

from .examples import examples

Serve = Callable[..., Any]

MODULE = "winops.rds.win_rds_disconnect"

ALICE = {"id": 12, "user": "alice", "client_name": "LAPTOP-017", "client_address": "10.1.4.17"}
BOB = {"id": 14, "user": "bob", "state": "disconnected", "idle": "9h"}
TERM04 = {"id": 7, "name": "TERM04", "user": "carol"}
CONSOLE = {"id": 1, "name": "console", "user": "operator"}


def disconnect(farm: Any, options: str, *flags: str) -> Any:
    """Ad hoc on RDSH01, and its result."""
    result = farm.adhoc(MODULE, options, "-l", "RDSH01", *flags).only()
    assert [launch.leaks for launch in farm.simulation.api.launches] == [0] * len(farm.simulation.api.launches)
    return result


def asked(farm: Any, host: str = "RDSH01") -> list[tuple[str, int]]:
    """What the host was asked to change."""
    return [(call.function, call.session) for call in farm.simulation.mutating_calls(host)]


def states(farm: Any, host: str = "RDSH01") -> dict[int, str]:
    """The sessions that have a user, and whether they are connected now."""
    table = farm.simulation.hosts[host].table
    return {session.id: session.state.name.lower() for session in table.sessions() if session.user}


@pytest.mark.parametrize("how", ["ad hoc", "playbook"])
@pytest.mark.parametrize("value", [12, "TERM04"])
def test_the_two_examples_of_the_tsdiscon_page(serve: Serve, value: int | str, how: str) -> None:
    """``tsdiscon 12`` and ``tsdiscon TERM04``."""
    farm = serve([ALICE, BOB, TERM04])
    if how == "ad hoc":
        result = disconnect(farm, f"sessions={value}")
    else:
        result = farm.playbook([{MODULE: {"sessions": [value]}}]).only()
    id = 12 if value == 12 else 7
    assert result.outcomes() == {id: "disconnected"}
    assert result["changed"] is True
    assert states(farm) == {7: "active", 12: "active", 14: "disconnected", id: "disconnected"}
    assert asked(farm) == [("WTSDisconnectSession", id)]


def test_multipoint_suspend_one(serve: Serve) -> None:
    """*Suspend*: the session stays with its programs, and its user comes back to it."""
    farm = serve([{**ALICE, "processes": ["explorer.exe", "winword.exe"]}])
    host = farm.simulation.hosts["RDSH01"]
    before = host.table.get(12)
    logon, programs = before.logon_time, list(before.processes)
    result = disconnect(farm, "users=alice")
    assert result["msg"] == "1 session selected: 1 disconnected."
    suspended = host.table.get(12)
    assert (suspended.state, suspended.user, suspended.logon_time) == (State.DISCONNECTED, "alice", logon)
    assert suspended.processes == programs
    host.apply([Change(reconnect=12)])
    assert (host.table.get(12).state, host.table.get(12).logon_time) == (State.ACTIVE, logon)
    assert disconnect(farm, "users=alice").outcomes() == {12: "disconnected"}


def test_check_mode_asks_for_nothing_and_tells_what_a_run_would_do(serve: Serve) -> None:
    farm = serve([ALICE, BOB, CONSOLE])
    planned = disconnect(farm, "all=true", "--check")
    assert planned["changed"] is True
    assert planned.outcomes() == {1: "protected", 12: "would_disconnect", 14: "already_disconnected"}
    assert asked(farm) == []
    assert states(farm) == {1: "active", 12: "active", 14: "disconnected"}


def test_second_run_changes_nothing_and_asks_for_nothing(serve: Serve) -> None:
    farm = serve([ALICE, BOB, CONSOLE])
    task = {MODULE: {"all": True}}
    run = farm.playbook([{"name": "first", **task}, {"name": "second", **task}])
    assert run.of("first")["changed"] is True
    assert run.of("second")["changed"] is False
    assert run.of("second").outcomes() == {1: "protected", 12: "already_disconnected", 14: "already_disconnected"}
    assert asked(farm) == [("WTSDisconnectSession", 12)]


def test_diff_shows_the_state_before_and_after(serve: Serve) -> None:
    farm = serve([ALICE])
    run = farm.adhoc(MODULE, "all=true", "--diff", "--check")
    assert "-RDSH01  12  rdp-tcp#0  CONTOSO\\alice  active" in run.output
    assert "+RDSH01  12  -          CONTOSO\\alice  disconnected" in run.output


def test_verbose_run_tells_each_action_in_words(serve: Serve) -> None:
    """What ``tsdiscon /v`` tells."""
    farm = serve([ALICE, BOB])
    run = farm.adhoc(MODULE, "all=true", "-v")
    assert "RDSH01: session 12 (CONTOSO\\alice): disconnected after" in run.output
    assert "RDSH01: session 14 (CONTOSO\\bob): already disconnected" in run.output


def test_console_is_protected_unless_told_otherwise(serve: Serve) -> None:
    farm = serve([CONSOLE])
    refused = disconnect(farm, "sessions=console")
    assert refused.status == "failed"
    assert "the console session is protected. Set protect_console=false to disconnect it." in refused["msg"]
    assert asked(farm) == []
    assert disconnect(farm, "sessions=1 protect_console=false").outcomes() == {1: "disconnected"}


@pytest.mark.parametrize(
    ("session", "reason"), [(0, "services of Windows"), (65536, "listener"), ("rdp-tcp", "listener")]
)
def test_what_is_no_session_is_never_disconnected(serve: Serve, session: int | str, reason: str) -> None:
    farm = serve([ALICE])
    result = disconnect(farm, f"sessions={session} protect_console=false")
    assert result.status == "failed"
    assert reason in result["msg"]
    assert asked(farm) == []


def test_failure_of_one_session_stops_no_other(serve: Serve) -> None:
    farm = serve([ALICE, BOB, TERM04], faults=[{"call": "WTSDisconnectSession", "session": 7, "error": 5}])
    result = disconnect(farm, "all=true")
    assert (result.status, result["changed"]) == ("failed", True)
    assert result.outcomes() == {7: "denied", 12: "disconnected", 14: "already_disconnected"}
    assert result["msg"].startswith("session 7 (CONTOSO\\carol): the connecting account may not do this")
    assert result["msg"].endswith("3 sessions selected: 1 disconnected, 1 already disconnected, 1 denied.")


def test_session_that_stays_connected_is_reported_after_the_timeout(serve: Serve) -> None:
    farm = serve([{**ALICE, "disconnect": "never"}, TERM04])
    result = disconnect(farm, "all=true timeout=1s")
    assert (result.status, result["changed"]) == ("failed", True)
    assert result.outcomes() == {7: "disconnected", 12: "timed_out"}
    assert "Windows accepted the request and the session was still connected after 1s. Raise 'timeout'" in result["msg"]


def test_session_that_takes_a_while_is_awaited(serve: Serve) -> None:
    farm = serve([{**ALICE, "disconnect": "1s"}])
    result = disconnect(farm, "users=alice")
    assert result.outcomes() == {12: "disconnected"}
    assert result["sessions"][0]["elapsed_seconds"] >= 1
    assert len(asked(farm)) == 1


def test_all_are_asked_before_any_is_awaited(serve: Serve) -> None:
    farm = serve([{"id": n, "user": f"user{n}", "disconnect": "1s"} for n in range(2, 12)])
    result = disconnect(farm, "all=true")
    assert result.counts() == {"disconnected": 10}
    calls = [(call.function, call.session) for call in farm.simulation.calls("RDSH01")]
    requests = [position for position, (function, _id) in enumerate(calls) if function == "WTSDisconnectSession"]
    looked_at = [id for function, id in calls[requests[0] : requests[-1]] if function == "WTSQuerySessionInformationW"]
    assert len(requests) == 10
    assert len(set(looked_at)) == len(looked_at)  # each is read once more before its own request, and not awaited


def test_session_id_given_out_again_is_not_touched(serve: Serve) -> None:
    """Between the enumeration and the request, alice leaves and mallory gets her session ID."""
    successor = {"put": {"id": 12, "user": "mallory", "logged_on": 0}}
    farm = serve([ALICE], faults=[{"call": "WTSEnumerateSessionsEx", "times": 1, "then": [successor]}])
    result = disconnect(farm, "users=alice")
    assert result.outcomes() == {12: "already_gone"}
    assert result["changed"] is False
    assert (asked(farm), states(farm)) == ([], {12: "active"})


def test_tsdiscon_12_server_rdsh02(serve: Serve) -> None:
    """``tsdiscon 12 /server:RDSH02``"""
    farm = serve(hosts=[{"name": "RDSH01", "sessions": [ALICE]}, {"name": "RDSH02", "sessions": [ALICE]}])
    result = disconnect(farm, "sessions=12 server=RDSH02")
    assert [(record["server"], record["result"]) for record in result["sessions"]] == [("RDSH02", "disconnected")]
    assert (states(farm, "RDSH01"), states(farm, "RDSH02")) == ({12: "active"}, {12: "disconnected"})


def test_call_that_hangs(serve: Serve) -> None:
    farm = serve([ALICE, TERM04], faults=[{"call": "WTSDisconnectSession", "session": 12, "delay": "never"}])
    result = disconnect(farm, "all=true server_timeout=1s")
    assert result.status == "failed"
    assert result.outcomes()[12] == "timed_out"
    assert "the server did not answer within server_timeout (WTSDisconnectSession). " in result["msg"]


BAD_INPUT: dict[str, tuple[dict[str, Any], str]] = {
    "no selecting option": ({}, "no session is selected"),
    "no time": ({"all": True, "timeout": 0}, "timeout: 0 would give no session the time"),
    "bad time": ({"all": True, "timeout": "soon"}, "timeout: 'soon' is not a duration"),
    "option of another module": ({"all": True, "wait": False}, "unknown option wait"),
}


def test_bad_input_is_refused_before_the_host_is_contacted(serve: Serve) -> None:
    serve([ALICE]).refuses(MODULE, BAD_INPUT)


def test_examples_of_the_documentation(serve: Serve) -> None:
    hosts = [{"name": "RDSH01", "sessions": [ALICE, BOB, TERM04, CONSOLE]}, {"name": "RDSH02", "sessions": [ALICE]}]
    farm = serve(hosts=hosts)
    run = farm.playbook(examples("win_rds_disconnect"), "-l", "RDSH01")
    assert run.exit_code == 0, run.output
    assert len(run.results) == len(examples("win_rds_disconnect"))
    assert states(farm) == {1: "active", 7: "disconnected", 12: "disconnected", 14: "disconnected"}
    assert states(farm, "RDSH02") == {12: "disconnected"}


def test_check_mode_tells_who_is_disconnected_already(serve: Serve) -> None:
    farm = serve([{"id": 12, "user": "alice"}, {"id": 13, "user": "bob", "state": "disconnected"}])
    result = farm.adhoc("winops.rds.win_rds_disconnect", "all=true", "--check").only()
    assert (result.status, result["changed"]) == ("ok", True)
    assert result.outcomes() == {12: "would_disconnect", 13: "already_disconnected"}
