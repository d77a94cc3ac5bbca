# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Accounts that may not do everything: a session that is denied is told, and one that is not shown is not there."""

from __future__ import annotations

import pytest
from ansible_collections.winops.rds.plugins.plugin_utils._engine.requests import (
    DisconnectRequest,
    EngineRequest,
    LogoffRequest,
    MessageRequest,
)

from tests.support.calls import DISCONNECT, LOGOFF, SEND
from tests.support.engines import CONNECTING_ACCOUNT
from tests.unit.engine.session_host import ALICE, BOB, Windows, record, results, server_report, session_host

TEXT = {
    "title": "",
    "message": "Please save your work.",
    "message_style": 0,
    "message_seconds": 0,
    "wait_for_answer": False,
    "remaining_ms": 0,
}
#: What each act takes, and what it gives.
ACTS: list[tuple[type[EngineRequest], str, str, str]] = [
    (LogoffRequest, LOGOFF, "reset", "logged_off"),
    (DisconnectRequest, DISCONNECT, "disconnect", "disconnected"),
    (MessageRequest, SEND, "message", "sent"),
]


@pytest.mark.parametrize(("kind", "function", "permission", "done"), ACTS)
async def test_an_act(windows: Windows, kind: type[EngineRequest], function: str, permission: str, done: str) -> None:
    members = TEXT if kind is MessageRequest else {}
    own = {"id": 14, "user": CONNECTING_ACCOUNT}  # for which an account needs no permission
    for permissions, outcome in (["query"], "denied"), (["query", permission], done):
        host = session_host(ALICE, own, permissions={CONNECTING_ACCOUNT: permissions})
        report = await windows.run(host, kind, all=True, members=members)
        assert results(report) == {12: outcome, 14: done}
        error = {"call": function.removesuffix("W"), "code": 5} if outcome == "denied" else None
        assert record(report, 12)["error"] == error
        assert record(report, 12)["accepted"] == (error is None)


async def test_sessions_that_are_not_shown(windows: Windows) -> None:
    own = {"id": 14, "user": CONNECTING_ACCOUNT}
    host = session_host(ALICE, BOB, own, permissions={CONNECTING_ACCOUNT: []})
    report = await windows.run(host, sessions=["12", "14"])
    assert results(report) == {14: "logged_off"}
    assert server_report(report)["found"] == ["session_ids:1"]
    assert windows.logoffs(host) == [14]


@pytest.mark.parametrize("error", [259, 5, 0])
async def test_an_account_that_is_shown_nothing_has_not_seen_that_nobody_is_there(windows: Windows, error: int) -> None:
    host = session_host(ALICE, permissions={CONNECTING_ACCOUNT: []}, empty_list_error=error)
    report = server_report(await windows.run(host, all=True))
    assert (report["error"], report["sessions"]) == ({"call": "WTSEnumerateSessionsEx", "code": error}, [])
