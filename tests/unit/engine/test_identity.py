# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A session is its ID and its account and its logon time, read again immediately before the act."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.session_table import State
from tests.support.calls import ENUMERATE, LOGOFF, QUERY
from tests.unit.engine.session_host import ALICE, BOB, QUERIES_BEFORE_THE_ACT, Windows, record, results, session_host

SOMEBODY_ELSE = {
    "another user": {"id": 12, "user": "mallory"},
    "the same name in another domain": {"id": 12, "user": "FABRIKAM\\alice"},
    "nobody": {"id": 12},
}


async def test_the_queries_are_as_many_as_the_tests_below_suppose(windows: Windows) -> None:
    host = session_host(ALICE)
    assert results(await windows.run(host, sessions=["12"], timeout=0)) == {12: "requested"}
    functions = [call.function for call in windows.calls_on(host) if call.session == 12]
    assert functions == [QUERY] * QUERIES_BEFORE_THE_ACT + [LOGOFF]


@pytest.mark.parametrize("successor", SOMEBODY_ELSE.values(), ids=SOMEBODY_ELSE)
async def test_taken_over_right_after_the_enumeration(windows: Windows, successor: dict[str, Any]) -> None:
    host = session_host(ALICE, BOB, faults=[{"call": ENUMERATE, "then": [{"put": successor}]}])
    report = await windows.run(host, sessions=["12", "13"])
    assert results(report) == {12: "already_gone", 13: "logged_off"}
    assert windows.logoffs(host) == [13]


@pytest.mark.parametrize("successor", SOMEBODY_ELSE.values(), ids=SOMEBODY_ELSE)
@pytest.mark.parametrize("queries", range(QUERIES_BEFORE_THE_ACT))
async def test_taken_over_before_each_query(windows: Windows, queries: int, successor: dict[str, Any]) -> None:
    fault = {"call": QUERY, "session": 12, "after": queries, "times": 1, "before": [{"put": successor}]}
    host = session_host(ALICE, BOB, faults=[fault])
    report = await windows.run(host, users=["alice", "bob"])
    assert results(report) == {12: "already_gone", 13: "logged_off"}
    assert windows.logoffs(host) == [13]
    assert record(report, 12)["user"] == "alice"


@pytest.mark.parametrize("queries", range(1, QUERIES_BEFORE_THE_ACT))
async def test_the_same_user_logged_on_again(windows: Windows, queries: int) -> None:
    fault = {"call": QUERY, "session": 12, "after": queries, "times": 1, "before": [{"put": ALICE | {"logged_on": 1}}]}
    host = session_host(ALICE, faults=[fault])
    assert results(await windows.run(host, users=["alice"])) == {12: "already_gone"}
    assert windows.logoffs(host) == []


@pytest.mark.parametrize("changes", [{"user": "mallory"}, {"domain": "FABRIKAM"}], ids=str)
async def test_another_account_with_the_same_logon_time(windows: Windows, changes: dict[str, str]) -> None:
    host = session_host(ALICE)

    def take_over(*_: object) -> None:
        if windows.identifications(host, 12):
            host.table.change(12, **changes)

    windows.on_call = take_over
    assert results(await windows.run(host, sessions=["12"])) == {12: "already_gone"}
    assert windows.logoffs(host) == []


@pytest.mark.parametrize("queries", range(QUERIES_BEFORE_THE_ACT))
async def test_gone_before_each_query(windows: Windows, queries: int) -> None:
    fault = {"call": QUERY, "session": 12, "after": queries, "times": 1, "before": [{"remove": 12}]}
    host = session_host(ALICE, BOB, faults=[fault])
    assert results(await windows.run(host, all=True)) == {12: "already_gone", 13: "logged_off"}
    assert windows.logoffs(host) == [13]


async def test_gone_between_the_last_look_and_the_act(windows: Windows) -> None:
    host = session_host(ALICE, faults=[{"call": LOGOFF, "before": [{"remove": 12}]}])
    assert results(await windows.run(host, sessions=["12"])) == {12: "already_gone"}


async def test_nothing_of_a_successor_is_reported(windows: Windows) -> None:
    successor = {"id": 12, "user": "mallory", "client_name": "EVIL", "client_address": "10.6.6.6"}
    host = session_host(ALICE, faults=[{"call": ENUMERATE, "then": [{"put": successor}]}])
    session = record(await windows.run(host, sessions=["12"]), 12)
    assert (session["user"], session["client_name"], session["client_address"]) == ("alice", None, None)


@pytest.mark.parametrize("successor", [ALICE | {"logged_on": 1}, *SOMEBODY_ELSE.values()], ids=str)
async def test_an_id_that_is_reused_during_the_wait_means_that_the_session_has_gone(
    windows: Windows, successor: dict[str, Any]
) -> None:
    fault = {"call": QUERY, "session": 12, "after": QUERIES_BEFORE_THE_ACT, "times": 1, "before": [{"put": successor}]}
    host = session_host(ALICE | {"logoff": "never"}, faults=[fault])
    if "user" in successor:
        assert results(await windows.run(host, sessions=["12"])) == {12: "logged_off"}
    else:  # a session that loses its user and its times first is being torn down: it has not gone yet
        assert results(await windows.run(host, sessions=["12"], timeout=0.3)) == {12: "timed_out"}
    assert windows.logoffs(host) == [12]


async def test_another_account_during_the_wait_even_with_the_same_logon_time(windows: Windows) -> None:
    host = session_host(ALICE | {"logoff": "never"})

    def take_over(*_: object) -> None:
        if windows.logoffs(host):
            host.table.change(12, user="mallory")

    windows.on_call = take_over
    assert results(await windows.run(host, sessions=["12"])) == {12: "logged_off"}


async def test_an_id_that_is_reused_while_the_session_was_busy(windows: Windows) -> None:
    busy = {"call": LOGOFF, "error": 7024, "then": [{"put": {"id": 12, "user": "mallory"}}]}
    host = session_host(ALICE, faults=[busy])
    assert results(await windows.run(host, sessions=["12"])) == {12: "already_gone"}
    assert windows.logoffs(host) == [12]


async def test_a_session_that_no_longer_matches_is_spared(windows: Windows) -> None:
    """Its user reconnected in the meantime: the same session, and not a disconnected one any more."""
    host = session_host(ALICE | {"state": "disconnected"}, BOB | {"state": "disconnected"})

    def reconnect(*_: object) -> None:
        if windows.identifications(host, 12):
            host.table.change(12, state=State.ACTIVE, name="rdp-tcp#1")

    windows.on_call = reconnect
    assert results(await windows.run(host, states=["disconnected"])) == {12: "spared", 13: "logged_off"}
    assert windows.logoffs(host) == [13]


async def test_a_session_that_came_to_be_excluded_is_spared(windows: Windows) -> None:
    host = session_host(ALICE | {"state": "disconnected"})

    def reconnect(*_: object) -> None:
        if windows.identifications(host, 12):
            host.table.change(12, state=State.ACTIVE, name="TERM04")

    windows.on_call = reconnect
    assert results(await windows.run(host, users=["alice"], exclude_sessions=["term04"])) == {12: "spared"}
    assert windows.logoffs(host) == []


async def test_a_session_whose_times_windows_does_not_tell_is_compared_by_what_it_tells(windows: Windows) -> None:
    host = session_host(ALICE, {"id": 14, "name": "rdp-tcp#14"})
    host.table.change(12, logon_time=None)
    assert results(await windows.run(host, sessions=["12", "14"])) == {12: "logged_off", 14: "logged_off"}
