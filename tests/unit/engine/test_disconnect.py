# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Disconnecting: the session stays, and its user can come back to it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.winops.rds.plugins.plugin_utils._engine.requests import DisconnectRequest

from simulator.session_table import State
from tests.support.calls import DISCONNECT, ENUMERATE, QUERY
from tests.unit.engine.session_host import (
    ALICE,
    BOB,
    PATIENCE,
    QUERIES_BEFORE_THE_ACT,
    Report,
    Windows,
    record,
    results,
    server_report,
    session_host,
)

MALLORY = {"id": 12, "user": "mallory", "state": "disconnected"}
AWAY = {"id": 14, "user": "carol", "state": "disconnected"}


async def disconnect(windows: Windows, *sessions: dict[str, Any], **options: Any) -> tuple[Report, list[int | None]]:
    """Run the action on a host; return the report, and the sessions for which the act was requested."""
    settings = {name: options.pop(name) for name in ("faults", "disconnected_again_error") if name in options}
    host = session_host(*sessions, **settings)
    report = await windows.run(host, DisconnectRequest, **{"all": True, **options})
    assert {call.function for call in windows.mutating_calls_on(host)} <= {DISCONNECT}
    states = {session.id: session.state for session in host.table.sessions()}
    for session in server_report(report)["sessions"]:
        if session["result"] in ("disconnected", "already_disconnected"):
            assert states[session["id"]] is State.DISCONNECTED
    return report, [call.session for call in windows.mutating_calls_on(host)]


async def test_sessions_are_disconnected_and_stay(windows: Windows) -> None:
    report, touched = await disconnect(windows, ALICE | {"disconnect": "0.2s"}, BOB, AWAY)
    assert results(report) == {12: "disconnected", 13: "disconnected", 14: "already_disconnected"}
    assert touched == [12, 13]
    assert [session["accepted"] for session in server_report(report)["sessions"]] == [True, True, False]


async def test_check_mode(windows: Windows) -> None:
    report, touched = await disconnect(windows, ALICE, AWAY, check_mode=True)
    assert results(report) == {12: "would_disconnect", 14: "already_disconnected"}
    assert touched == []


async def test_protected_sessions(windows: Windows) -> None:
    console = {"id": 1, "name": "console", "user": "operator"}
    report, touched = await disconnect(windows, console, sessions=["0", "65536", "1"], all=False)
    assert results(report) == {0: "protected", 1: "protected", 65536: "protected"}
    report, touched = await disconnect(windows, console, protect_console=False)
    assert (results(report), touched) == ({1: "disconnected"}, [1])


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        ({"call": DISCONNECT, "error": 5}, "denied"),
        ({"call": DISCONNECT, "error": 7022}, "already_gone"),
        ({"call": DISCONNECT, "error": 1722}, "failed"),
        ({"call": DISCONNECT, "error": 7024, "times": 2}, "disconnected"),
        ({"call": DISCONNECT, "error": 7024}, "failed"),
        ({"call": DISCONNECT, "delay": "never"}, "timed_out"),
        ({"call": DISCONNECT, "then": [{"remove": 12}]}, "already_gone"),
        ({"call": DISCONNECT, "error": 87, "before": [{"put": MALLORY}]}, "failed"),
        ({"call": ENUMERATE, "then": [{"put": {"id": 12, "user": "mallory"}}]}, "already_gone"),
    ],
    ids=str,
)
async def test_what_may_happen_instead(windows: Windows, fault: dict[str, Any], outcome: str) -> None:
    session = {"session": 12} if fault["call"] == DISCONNECT else {}
    report, _ = await disconnect(windows, ALICE, BOB, faults=[fault | session], timeout=2, server_timeout=PATIENCE)
    assert results(report) == {12: outcome, 13: "disconnected"}


async def test_a_session_that_does_not_disconnect_in_time(windows: Windows) -> None:
    report, touched = await disconnect(windows, ALICE | {"disconnect": "never"}, BOB, timeout=0.3)
    assert results(report) == {12: "timed_out", 13: "disconnected"}
    assert record(report, 12)["accepted"]
    assert touched == [12, 13]


async def test_a_user_who_closes_the_client_meanwhile(windows: Windows) -> None:
    closes = {"call": QUERY, "session": 12, "after": QUERIES_BEFORE_THE_ACT - 1, "times": 1}
    report, touched = await disconnect(windows, ALICE, faults=[closes | {"before": [{"disconnect": 12}]}])
    assert results(report) == {12: "already_disconnected"}
    assert touched == []


@pytest.mark.parametrize(
    ("error", "outcome"),
    [(0, "disconnected"), (1, "already_disconnected"), (5, "already_disconnected"), (7024, "already_disconnected")],
)
async def test_a_user_who_closes_the_client_at_the_last_moment(windows: Windows, error: int, outcome: str) -> None:
    """What Windows answers then is not known, and the state tells."""
    closes = {"call": DISCONNECT, "session": 12, "before": [{"disconnect": 12}]}
    report, touched = await disconnect(windows, ALICE, faults=[closes], disconnected_again_error=error)
    assert (results(report), touched) == ({12: outcome}, [12])
    assert record(report, 12)["error"] is None
