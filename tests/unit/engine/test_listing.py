# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Listing: what there is, and nothing is done."""

from __future__ import annotations

from ansible_collections.winops.rds.plugins.plugin_utils._engine.requests import SessionInfoRequest

from tests.support.calls import ENUMERATE, QUERY
from tests.unit.engine.session_host import ALICE, BOB, Windows, record, results, server_report, session_host

CONSOLE = {"id": 1, "name": "console", "user": "operator"}


async def test_nothing_is_protected_from_being_listed(windows: Windows) -> None:
    host = session_host(CONSOLE, ALICE)
    report = await windows.run(host, SessionInfoRequest, sessions=["0", "1", "12", "65536"])
    assert results(report) == dict.fromkeys((0, 1, 12, 65536), "listed")
    assert windows.mutating_calls_on(host) == []


async def test_all_are_those_who_have_a_user(windows: Windows) -> None:
    host = session_host(CONSOLE, ALICE, {"id": 3, "state": "connected"}, BOB | {"state": "disconnected"})
    assert results(await windows.run(host, SessionInfoRequest, all=True)) == dict.fromkeys((1, 12, 13), "listed")


async def test_a_session_of_which_windows_does_not_tell(windows: Windows) -> None:
    host = session_host(ALICE, BOB, faults=[{"call": QUERY, "session": 12, "error": 1726}])
    report = await windows.run(host, SessionInfoRequest, all=True)
    assert results(report) == {12: "failed", 13: "listed"}
    assert record(report, 12)["error"] == {"call": "WTSQuerySessionInformation", "code": 1726}
    # What is not known is not told: neither that it is locked, nor that it is not.
    assert record(report, 12)["locked"] is None


async def test_a_host_that_does_not_answer(windows: Windows) -> None:
    host = session_host(ALICE, faults=[{"call": ENUMERATE, "error": 1722}])
    report = await windows.run(host, SessionInfoRequest, all=True)
    assert server_report(report)["error"] == {"call": "WTSEnumerateSessionsEx", "code": 1722}
    assert server_report(report)["sessions"] == []
