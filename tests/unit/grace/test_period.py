# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A grace period from the warning to the logoff, as the hosts saw it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.winops.rds.plugins.plugin_utils._engine.requests import (
    LogoffRequest,
    MessageRequest,
    SessionInfoRequest,
)

from simulator.farm import Fault
from tests.support.calls import SEND
from tests.unit.grace.direct import Farm, Task, outcomes

Serve = Callable[..., Farm]

ALICE = {"id": 12, "user": "alice"}
BOB = {"id": 13, "user": "bob", "state": "disconnected", "disconnected": "9h", "idle": "9h"}
CAROL = {"id": 14, "user": "carol", "idle": "3h"}
DAVE = {"id": 20, "user": "dave", "logged_on": 0}
OPERATOR = {"id": 1, "name": "console", "user": "operator"}

QUARTER = {"grace": "15m", "message": "{user} on {server}: {minutes} min until {deadline}"}
EVERYBODY = {**QUARTER, "all": True}
SHORT_OF = {**QUARTER, "grace": "30s"}  # looks every 5 s
SHORT = {**SHORT_OF, "all": True}
NO_LIST = Fault.model_validate({"call": "WTSEnumerateSessionsEx", "error": 1722})
MINUTE = 60


def test_fifteen_minutes_with_three_reminders(serve: Serve) -> None:
    """Exactly the right messages at the right times, nothing in between but looks, and nothing open meanwhile."""
    farm = serve(ALICE, BOB, OPERATOR)
    task = farm.task(**EVERYBODY, reminders=["5m", "1m", "10m", "300s"])
    result = task.outcome()
    end = f"{farm.clock.utc():%H:%M}"
    texts = {12: "alice on RDSH01", 13: "bob on RDSH01"}
    assert task.messages() == [
        (minute * MINUTE, session, f"{texts[session]}: {left} min until {end}")
        for minute, left in [(0, 15), (5, 10), (10, 5), (14, 1)]
        for session in (12, 13)
    ]
    assert task.launches(MessageRequest) == [minute * MINUTE for minute in (0, 5, 10, 14)]
    assert task.launches(SessionInfoRequest) == [minute * MINUTE for minute in (1, 2, 3, 4, 6, 7, 8, 9, 11, 12, 13)]
    assert task.launches(LogoffRequest) == [15 * MINUTE]
    assert task.logoffs() == [(15 * MINUTE, 12), (15 * MINUTE, 13)]
    assert task.connection.opened == len(task.launched)
    assert not result.get("failed")
    assert outcomes(result) == {1: "protected", 12: "logged_off", 13: "logged_off"}
    assert {record["id"]: record["warnings"] for record in result["sessions"]} == {1: 0, 12: 4, 13: 4}
    assert result["deadline"] == f"{farm.clock.utc():%Y-%m-%dT%H:%M:%SZ}"
    assert result["changed"] is True
    assert farm.users() == {1: "operator"}


def test_each_message_is_shown_until_the_next(serve: Serve) -> None:
    task = serve(ALICE).task(**EVERYBODY, message_title="Bye", reminders=["10m", "1m"])
    task.outcome()
    shown = [call.arguments[2:6] for call in task.farm.api.witnessed if call.function == SEND]
    assert [(title, int(style), int(seconds)) for title, _, style, seconds in shown] == [
        ("Bye", 0x30, 300),
        ("Bye", 0x30, 540),
        ("Bye", 0x30, 60),
    ]


def test_progress_tells_what_has_changed_and_no_more(serve: Serve) -> None:
    farm = serve(ALICE, BOB, CAROL)
    farm.change(6.5 * MINUTE, {"remove": 12})
    task = farm.task(**EVERYBODY, reminders=["5m"])
    task.outcome()
    end = f"{farm.clock.utc():%H:%M}"
    assert task.shown == [
        f"RDSH01: 3 sessions warned: alice, bob, carol; logoff at {end} UTC (in 15m)",
        "RDSH01: 8m left: gone: alice; 2 still on: bob, carol",
        "RDSH01: 5m left: 2 sessions reminded: bob, carol",
        "RDSH01: 2 sessions to be logged off now: bob, carol",
    ]


def test_a_long_wait_says_now_and_then_how_long_is_left(serve: Serve) -> None:
    """Once an eighth of the time has passed, and nothing else was told meanwhile."""
    farm = serve(ALICE, BOB)
    farm.change(35 * MINUTE, {"remove": 12})
    task = farm.task(**{**EVERYBODY, "grace": "1h 36m"}, reminders=["30m"])
    task.outcome()
    assert task.shown[1:-1] == [
        "RDSH01: 1h 20m left: 2 still on: alice, bob",
        "RDSH01: 1h 5m left: 2 still on: alice, bob",
        "RDSH01: 1h left: gone: alice; 1 still on: bob",
        "RDSH01: 48m left: 1 still on: bob",
        "RDSH01: 36m left: 1 still on: bob",
        "RDSH01: 30m left: 1 session reminded: bob",
        "RDSH01: 18m left: 1 still on: bob",
        "RDSH01: 6m left: 1 still on: bob",
    ]


def test_a_shift_is_cheap_and_quiet(serve: Serve) -> None:
    """Six hours, of which somebody leaves each quarter: a look each five minutes, and each minute in the last hour."""
    people = [{"id": 10 + n, "user": f"user{n}"} for n in range(24)]
    farm = serve(*people)
    for n in range(23):
        farm.change((n + 1) * 15 * MINUTE - 30, {"remove": 10 + n})
    task = farm.task(**{**EVERYBODY, "grace": "6h"}, reminders=["30m"])
    task.outcome()
    looks = [360 - passed / MINUTE for passed in task.launches(SessionInfoRequest)]
    assert looks == [*range(355, 59, -5), *range(59, 30, -1), *range(29, 0, -1)]
    assert len(task.launched) == 3 + len(looks) == 121
    far = [line for line in task.shown[1:] if "h" in line.partition(" left: ")[0].removeprefix("RDSH01")]
    assert far == [
        f"RDSH01: {left} left: gone: {gone}; {on} still on: {still}"
        for left, gone, on, still in (
            ("5h 15m", "user0, user1, user2", 21, "user3"),
            ("4h 30m", "user3, user4, user5", 18, "user6"),
            ("3h 45m", "user6, user7, user8", 15, "user9"),
            ("3h", "user9, user10, user11", 12, "user12"),
            ("2h 15m", "user12, user13, user14", 9, "user15"),
            ("1h 30m", "user15, user16, user17", 6, "user18"),
            ("1h", "user18, user19", 4, "user20"),
        )
        for still in [", ".join(f"user{n}" for n in range(int(still[4:]), min(24, int(still[4:]) + 10)))]
        for still in [still + (f" and {on - 10} more" if on > 10 else "")]
    ]


def test_no_log_shows_nobody(serve: Serve) -> None:
    task = serve(ALICE).task(**SHORT)
    task._task.no_log = True
    task.outcome()
    assert task.shown == []


def test_it_ends_once_everybody_has_left(serve: Serve) -> None:
    farm = serve(ALICE, BOB, OPERATOR)
    farm.change(8, {"remove": 12})
    farm.change(13, {"remove": 13})
    task = farm.task(**SHORT, reminders=["10s"])
    result = task.outcome()
    assert farm.clock.passed == 15
    assert outcomes(result) == {1: "protected", 12: "already_gone", 13: "already_gone"}
    assert (result["changed"], result.get("failed", False)) == (False, False)
    assert task.launches(LogoffRequest) == []
    assert task.shown[-1] == "RDSH01: 15s left: nobody is left to be logged off, so it ends here"
    assert {record["account"] for record in result["sessions"]} == {
        "CONTOSO\\alice",
        "CONTOSO\\bob",
        "CONTOSO\\operator",
    }


@pytest.mark.parametrize(
    "sessions", [(), (OPERATOR,), ({**ALICE, "state": "active", "user": ""},)], ids=["nobody", "console", "no user"]
)
def test_without_anybody_to_warn_there_is_no_wait(serve: Serve, sessions: tuple[dict[str, Any], ...]) -> None:
    farm = serve(*sessions)
    task = farm.task(**SHORT)
    result = task.outcome()
    assert (farm.clock.passed, len(task.launched)) == (0, 1)
    assert not result.get("failed") and not result["changed"]
    assert task.shown == []


def test_where_nobody_could_be_warned_there_is_no_wait(serve: Serve) -> None:
    farm = serve(ALICE)
    farm.host.faults.append(NO_LIST)
    task = farm.task(**SHORT)
    result = task.outcome()
    assert (farm.clock.passed, len(task.launched), result["failed"]) == (0, 1, True)
    assert "[1722 RPC_S_SERVER_UNAVAILABLE]" in result["msg"]


def test_who_came_back_to_work_is_spared(serve: Serve) -> None:
    """The options are checked again, too: one idle, one disconnected, one who stays away."""
    farm = serve(CAROL, {**ALICE, "idle": "3h"})
    farm.change(8, {"input": 14})
    task = farm.task(**SHORT_OF, idle_for="2h", reminders=["10s"])
    result = task.outcome()
    assert outcomes(result) == {12: "logged_off", 14: "spared"}
    assert [message[:2] for message in task.messages()] == [(0, 12), (0, 14), (20, 12)]
    assert "RDSH01: 20s left: spared: carol; 1 still on: alice" in task.shown
    assert farm.users() == {14: "carol"}


def test_it_ends_when_the_last_one_came_back_and_does_not_touch_them(serve: Serve) -> None:
    farm = serve(BOB, CAROL)
    farm.change(8, {"reconnect": 13})
    task = farm.task(**SHORT_OF, states="disconnected")
    result = task.outcome()
    assert farm.clock.passed == 10
    assert outcomes(result) == {13: "spared"}
    assert task.logoffs() == []


@pytest.mark.parametrize("newcomers", ["ignore", "logoff"])
def test_who_logs_on_meanwhile(serve: Serve, newcomers: str) -> None:
    """With logoff they are warned at the next look, and reminded with the others."""
    farm = serve(ALICE)
    farm.change(8, {"put": DAVE})
    farm.change(28, {"put": {**DAVE, "id": 21, "user": "eve"}})
    task = farm.task(**SHORT, reminders=["10s"], newcomers=newcomers)
    result = task.outcome()
    if newcomers == "ignore":
        assert outcomes(result) == {12: "logged_off"}
        assert farm.users() == {20: "dave", 21: "eve"}
        assert {message[1] for message in task.messages()} == {12}
        return
    assert outcomes(result) == {12: "logged_off", 20: "logged_off", 21: "logged_off"}
    assert {record["id"]: record["warnings"] for record in result["sessions"]} == {12: 2, 20: 2, 21: 0}
    assert result["msg"] == "3 sessions selected: 3 logged off."
    assert [message[:2] for message in task.messages()] == [(0, 12), (10, 20), (20, 12), (20, 20)]
    assert task.messages()[1][2].startswith("dave on RDSH01: 1 min")
    assert "RDSH01: 20s left: 1 session logged on meanwhile and warned: dave" in task.shown
    assert farm.users() == {}


def test_newcomers_do_not_keep_it_waiting_for_the_protected_console(serve: Serve) -> None:
    farm = serve(ALICE, OPERATOR)
    farm.change(8, {"remove": 12})
    task = farm.task(**SHORT, newcomers="logoff")
    assert outcomes(task.outcome()) == {1: "protected", 12: "already_gone"}
    assert farm.clock.passed == 10
    assert {message[1] for message in task.messages()} == {12}


@pytest.mark.parametrize("newcomers", ["ignore", "logoff"])
def test_who_could_not_be_warned_is_not_logged_off(serve: Serve, newcomers: str) -> None:
    denied = {"call": "WTSSendMessage", "session": 12, "error": 5}
    hung = {"call": "WTSSendMessage", "session": 14, "delay": "never"}
    farm = serve(ALICE, BOB, CAROL, faults=[denied, hung])
    farm.faults(1)
    farm.change(8, {"put": DAVE})
    task = farm.task(**SHORT, reminders=["10s"], newcomers=newcomers, server_timeout="0.5s")
    result = task.outcome()
    logged_off = {13: "logged_off"} | ({20: "logged_off"} if newcomers == "logoff" else {})
    assert outcomes(result) == {12: "denied", 14: "timed_out", **logged_off}
    assert result["failed"] and result["changed"]
    assert "(WTSSendMessage) [5 ERROR_ACCESS_DENIED]" in result["msg"]
    assert {session for _, session in task.logoffs()} == {*logged_off}
    assert {12, 14} <= {*farm.users()}
    assert "RDSH01: 2 sessions could not be warned and will not be logged off: alice, carol" in task.shown


def test_a_reminder_that_does_not_reach_somebody_saves_nobody(serve: Serve) -> None:
    """The warning was read."""
    farm = serve(ALICE)
    farm.faults(1, {"call": "WTSSendMessage", "error": 5})
    task = farm.task(**SHORT, reminders=["10s"])
    result = task.outcome()
    assert outcomes(result) == {12: "logged_off"}
    assert [record["warnings"] for record in result["sessions"]] == [1]
    assert "RDSH01: 10s left: 0 sessions reminded; could not be reminded: alice" in task.shown


def test_an_id_that_somebody_else_got_meanwhile(serve: Serve) -> None:
    farm = serve(ALICE, BOB)
    farm.change(8, {"put": {"id": 12, "user": "mallory", "logged_on": 0}})
    task = farm.task(**SHORT, reminders=["10s"])
    result = task.outcome()
    assert outcomes(result) == {12: "already_gone", 13: "logged_off"}
    assert {record["id"]: record["user"] for record in result["sessions"]} == {12: "alice", 13: "bob"}
    assert farm.users() == {12: "mallory"}
    assert [message[:2] for message in task.messages()] == [(0, 12), (0, 13), (20, 13)]


def test_a_new_logon_of_the_same_user_is_a_newcomer(serve: Serve) -> None:
    farm = serve(ALICE, BOB)
    farm.change(8, {"remove": 12}, {"put": {**ALICE, "logged_on": 0}})
    result = farm.task(**SHORT_OF, users=["alice", "bob"]).outcome()
    assert outcomes(result) == {12: "already_gone", 13: "logged_off"}
    assert farm.users() == {12: "alice"}


def test_a_session_that_cannot_be_asked_about_for_a_while_has_not_left(serve: Serve) -> None:
    farm = serve(ALICE)
    farm.faults(8, {"call": "WTSQuerySessionInformation", "error": 1726})
    farm.faults(18)
    task = farm.task(**SHORT)
    assert outcomes(task.outcome()) == {12: "logged_off"}
    assert farm.clock.passed == 30


def test_options_of_the_logoff_are_those_of_its_end(serve: Serve) -> None:
    farm = serve({**ALICE, "logoff": "never", "processes": ["hangs.exe"]}, {**BOB, "logoff": "never"})
    farm.host.table.get(13).processes.clear()
    task = farm.task(**SHORT, timeout="0.3s", on_timeout="terminate", max_parallel=1)
    result = task.outcome()
    assert outcomes(result) == {12: "logged_off", 13: "timed_out"}
    assert [process["name"] for process in result["sessions"][0]["ended_processes"]] == ["hangs.exe"]
    assert "still had the session after 0.3s" in result["msg"]
    assert outcomes(serve({**CAROL, "logoff": "never"}).task(**SHORT, wait=False).outcome()) == {14: "requested"}


def test_what_was_found_once_is_not_missing(serve: Serve) -> None:
    farm = serve(ALICE)
    farm.change(8, {"remove": 12})
    result = farm.task(**SHORT_OF, users=["alice", "nobody"]).outcome()
    assert result["not_found"] == ["nobody"]


def test_a_named_console_fails_the_task_and_the_others_are_done(serve: Serve) -> None:
    result = serve(ALICE, OPERATOR).task(**SHORT_OF, sessions=["console", 12]).outcome()
    assert result["failed"]
    assert outcomes(result) == {1: "protected", 12: "logged_off"}
    assert "the console session is protected" in result["msg"]


def test_check_mode_says_whom_and_when(serve: Serve) -> None:
    farm = serve(ALICE, BOB, OPERATOR)
    task = Task(farm, {**SHORT, "reminders": ["5s"]}, check=True)
    result = task.outcome()
    assert outcomes(result) == {1: "protected", 12: "would_log_off", 13: "would_log_off"}
    assert (farm.clock.passed, len(task.launched), task.messages(), task.logoffs()) == (0, 1, [], [])
    assert result["deadline"] == f"{farm.clock.start:%Y-%m-%dT%H:%M}:30Z"
    assert result["changed"] is True
    assert result["msg"].startswith("3 sessions selected: 2 would be logged off, 1 protected. 2 would be warned now")


def test_the_diff_shows_who_was_logged_off(serve: Serve) -> None:
    farm = serve(ALICE, CAROL)
    farm.change(8, {"remove": 14})
    diff = farm.task(**SHORT).outcome()["diff"]
    assert ("alice" in diff["before"], "carol" in diff["before"], diff["after"]) == (True, False, "")


def test_two_servers_and_one_that_cannot_be_warned(serve: Serve) -> None:
    farm = serve(
        hosts=[
            {"name": "RDSH01"},
            {"name": "RDSH02", "sessions": [ALICE]},
            {"name": "RDSH03", "sessions": [BOB], "rpc": "down", "rpc_timeout": 0.1},
        ]
    )
    task = farm.task(**SHORT, server=["RDSH02", "RDSH03"], newcomers="logoff")
    farm.clock.at(1, lambda: setattr(farm.hosts["RDSH03"], "rpc_up", True))
    result = task.outcome()
    assert result["failed"]
    assert [(r["server"], r["id"], r["result"]) for r in result["sessions"]] == [("RDSH02", 12, "logged_off")]
    assert [(s["server"], bool(s["error"])) for s in result["servers"]] == [("RDSH02", False), ("RDSH03", True)]
    assert task.messages()[0][2].startswith("alice on RDSH02: 1 min")
    assert all(launched.request["servers"] == ["RDSH02"] for launched in task.launched[1:])
    assert farm.users("RDSH03") == {13: "bob"}


def test_a_server_that_is_lost_meanwhile(serve: Serve) -> None:
    """Its sessions have not left, as far as anybody knows, and the other server is done."""
    farm = serve(hosts=[{"name": "RDSH01", "sessions": [BOB]}, {"name": "RDSH02", "sessions": [ALICE]}])
    farm.clock.at(1, lambda: farm.hosts["RDSH02"].faults.append(NO_LIST))
    task = farm.task(**SHORT, server=["RDSH01", "RDSH02"])
    result = task.outcome()
    assert farm.clock.passed == 30
    assert [(r["server"], r["result"]) for r in result["sessions"]] == [("RDSH01", "logged_off"), ("RDSH02", "failed")]
    assert result["failed"] and "[1722 RPC_S_SERVER_UNAVAILABLE]" in result["msg"]
    assert farm.users("RDSH02") == {12: "alice"}
