# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The grace period without a host: its options, its messages, its schedule, and who is still on."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import pytest
from ansible_collections.winops.rds.plugins.plugin_utils._engine.report import RefusedCall, Report
from ansible_collections.winops.rds.plugins.plugin_utils._grace.options import ARGUMENT_SPEC, Grace, minutes_left
from ansible_collections.winops.rds.plugins.plugin_utils._grace.schedule import FAR, FAR_LOOK_INTERVAL, Schedule, Step
from ansible_collections.winops.rds.plugins.plugin_utils._grace.warned import WarnedSessions, names_text
from ansible_collections.winops.rds.plugins.plugin_utils._options import reason
from ansible_collections.winops.rds.plugins.plugin_utils._options.errors import OptionError
from ansible_collections.winops.rds.plugins.plugin_utils._options.given import validated_options
from hypothesis import example, given
from hypothesis import strategies as st

from tests.support import reports
from tests.support.reports import FILETIME_2026, Raw, raw_report, raw_server, raw_session

MINUTE = 60.0


def grace(**options: Any) -> Grace | None:
    return Grace.from_options(validated_options(options, {**ARGUMENT_SPEC, **reason.ARGUMENT_SPEC}))


def refusal(**options: Any) -> str:
    with pytest.raises(OptionError) as raised:
        grace(**options)
    return str(raised.value)


def test_without_a_grace_period() -> None:
    assert grace() is None


def test_options() -> None:
    given = grace(grace="15m", message="Bye {user}", reminders=["1m", "10m", "60s", "5m"], newcomers="logoff")
    assert given == Grace(900.0, (600.0, 300.0, 60.0), "Bye {user}", "{server}", True)
    given = grace(grace="1h", message="x", message_title="Maintenance of {server}")
    assert given == Grace(3600.0, (), "x", "Maintenance of {server}", False)
    given = grace(grace="6h", at_deadline="leave", disconnected_grace="30m")
    assert given == Grace(21600.0, (), None, "{server}", False, "leave", 1800.0)


@pytest.mark.parametrize("typed", ["0", 0, "0s"])
def test_at_once_needs_no_unit(typed: Any) -> None:
    given = grace(grace="6h", message="x", disconnected_grace=typed)
    assert given and (given.disconnected, given.at_deadline) == (0.0, "logoff")


@pytest.mark.parametrize("words", [{"at_deadline": "logoff"}, {"at_deadline": "log_off"}, {}])
def test_what_is_done_anyway_needs_no_grace_period(words: dict[str, str]) -> None:
    assert grace(**words) is None


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"grace": "15m"}, ["grace is given without a message", "give message, such as"]),
        ({"message": "Bye"}, ["message is given without a grace period", "grace=15m", "win_rds_message"]),
        ({"message_title": "Bye"}, ["message_title is about the grace period", "leave it out"]),
        ({"reminders": ["5m"]}, ["reminders is about the grace period", "leave it out"]),
        ({"reminders": []}, ["reminders is about the grace period"]),
        ({"newcomers": "logoff"}, ["newcomers=logoff is about the grace period"]),
        ({"at_deadline": "leave"}, ["at_deadline=leave is about the grace period"]),
        ({"at_deadline": "fail"}, ["at_deadline=fail is about the grace period"]),
        ({"disconnected_grace": "0"}, ["disconnected_grace is about the grace period"]),
        (
            {"grace": "15m", "message": "x", "at_deadline": "leave", "newcomers": "logoff"},
            ["newcomers=logoff contradicts at_deadline=leave", "leave one of them out"],
        ),
        (
            {"grace": "15m", "message": "x", "at_deadline": "fail", "newcomers": "logoff"},
            ["newcomers=logoff contradicts at_deadline=fail"],
        ),
        ({"grace": "15m", "message": "", "disconnected_grace": "0"}, ["message is empty"]),
        (
            {"grace": "15m", "at_deadline": "fail", "reminders": ["5m"]},
            ["reminders is about the message", "leave it out"],
        ),
        (
            {"grace": "15m", "at_deadline": "leave", "message": " ", "message_title": "x"},
            ["message_title is about the message"],
        ),
        ({"grace": "15m", "at_deadline": "leave", "message": "In {mins}"}, ["message holds {mins}"]),
        ({"grace": "15m", "message": "x", "disconnected_grace": "5"}, ["disconnected_grace: '5' has no unit"]),
        ({"grace": "0s", "message": "Bye"}, ["grace: 0 would give the users no time"]),
        (
            {"grace": "15", "message": "Bye"},
            ["grace: '15' has no unit: 15 seconds is 15s, 15 minutes is 15m. What decides about people"],
        ),
        (
            {"grace": "15m", "message": "x", "reminders": ["5m", "60"]},
            ["reminders: '60' has no unit: 60 seconds is 1m, 60 minutes is 1h"],
        ),
        ({"grace": "soon", "message": "Bye"}, ["grace", "'soon'", "PT30M"]),
        ({"grace": "15m", "message": " "}, ["message is empty"]),
        ({"grace": "15m", "message": "In {minuts}"}, ["message holds {minuts}", "{user}, {server}, {minutes}"]),
        ({"grace": "15m", "message": "x", "message_title": "{who}"}, ["message_title holds {who}"]),
        ({"grace": "15m", "message": "x\x00y"}, ["message holds the control character"]),
        ({"grace": "15m", "message": "x", "reminders": ["15m"]}, ["reminders: 15m", "less than grace (15m)"]),
        ({"grace": "15m", "message": "x", "reminders": ["0s"]}, ["reminders: 0s", "more than 0"]),
        ({"grace": "15m", "message": "x", "reminders": ["late"]}, ["reminders", "'late'", "PT30M"]),
    ],
    ids=str,
)
def test_refusals(options: dict[str, Any], words: list[str]) -> None:
    message = refusal(**options)
    assert [word for word in words if word not in message] == [], message


@pytest.mark.parametrize(
    ("seconds", "minutes"),
    [(900, 15), (300, 5), (299.2, 5), (270, 5), (269, 4), (90, 2), (89, 1), (60, 1), (20, 1), (0.1, 1)],
)
def test_minutes(seconds: float, minutes: int) -> None:
    assert minutes_left(seconds) == minutes


def test_a_message_closes_when_the_next_one_comes() -> None:
    given = grace(grace="15m", message="{user}: {minutes} min, {deadline}", message_title="In {minutes}")
    assert given
    assert given.message_members(299.6, 239.6) == {
        "title": "In 5",
        "message": "{user}: 5 min, {deadline}",
        "message_style": 48,  # MB_OK, MB_ICONWARNING
        "message_seconds": 240,
        "wait_for_answer": False,
        "remaining_ms": 299_600,
    }


def plan(grace: float, reminders: list[float], cost: float = 0.0) -> list[tuple[float, Step]]:
    """The steps of a grace period, each with the time left when it begins; each takes a while."""
    schedule, left, steps = Schedule(grace, reminders), grace, []
    while True:
        due, step = schedule.next_step(left)
        left = min(left, due)
        steps.append((left, step))
        if step is Step.END:
            return steps
        left -= cost


def test_fifteen_minutes_with_three_reminders() -> None:
    steps = plan(900, [600, 300, 60])
    assert [left / MINUTE for left, step in steps if step is Step.REMIND] == [10, 5, 1]
    assert [left / MINUTE for left, step in steps if step is Step.LOOK] == [14, 13, 12, 11, 9, 8, 7, 6, 4, 3, 2]
    assert steps[-1] == (0.0, Step.END)


@pytest.mark.parametrize(
    ("grace", "interval"), [(2, 5), (49, 5), (60, 6), (300, 30), (600, 60), (900, 60), (86400, 60)]
)
def test_look_interval(grace: float, interval: float) -> None:
    assert Schedule(grace, []).look_interval == interval


def test_looks_are_rare_as_long_as_the_end_is_far() -> None:
    looks = [left / MINUTE for left, step in plan(6 * 3600, []) if step is Step.LOOK]
    assert looks == [*range(355, 55, -5), *range(59, 0, -1)]
    assert [left for left, _step in plan(3700, [])][:2] == [3600, 3540]


@pytest.mark.parametrize(
    ("left", "due", "step"),
    [
        (900, 0, (840, Step.LOOK)),
        (900, 900, (900, Step.DISCONNECTED)),  # at once
        (900, 1000, (900, Step.DISCONNECTED)),
        (900, 840, (840, Step.LOOK)),  # which sees to it
        (900, 899, (840, Step.LOOK)),
        (900, 500, (840, Step.LOOK)),
        (630, 625, (580, Step.REMIND)),  # a reminder is too near
        (100, 40, (60, Step.LOOK)),
        (60, 40, (40, Step.DISCONNECTED)),
        (7200, 7150, (7140, Step.DISCONNECTED)),
        (7200, 7079, (7020, Step.DISCONNECTED)),
        (7200, 6000, (6900, Step.LOOK)),
    ],
)
def test_who_has_been_disconnected_for_long_enough(left: float, due: float, step: tuple[float, Step]) -> None:
    """Those of one minute are one step."""
    assert Schedule(900 if left <= 900 else 7200, [580] if left == 630 else []).next_step(left, due) == step


def test_a_reminder_is_made_up_for_at_that_step_too() -> None:
    schedule = Schedule(7200, [])
    schedule.remind_at_next_step()
    assert schedule.next_step(7200, 7150) == (7140, Step.REMIND)


def test_a_grace_period_of_seconds() -> None:
    assert plan(2, []) == [(0.0, Step.END)]
    assert plan(2, [1]) == [(1, Step.REMIND), (0.0, Step.END)]
    assert plan(10, []) == [(5.0, Step.LOOK), (0.0, Step.END)]


def test_a_slow_step_costs_the_reminders_that_it_covered_all_but_one() -> None:
    schedule = Schedule(900, [600, 540, 300])
    assert schedule.next_step(500) == (500, Step.REMIND)
    assert schedule.next_step(500) == (420, Step.LOOK)
    assert schedule.next_step(-3) == (0.0, Step.END)


def test_a_reminder_that_was_not_sent_takes_the_place_of_the_next_look() -> None:
    schedule = Schedule(900, [600])
    schedule.remind_at_next_step()
    assert [schedule.next_step(left) for left in (900, 840)] == [(840, Step.REMIND), (780, Step.LOOK)]


seconds = st.floats(0.5, 100_000)


@given(seconds, st.lists(st.floats(0.001, 0.999), max_size=6), st.floats(0, 1.0))
@example(91802.0, [0.999], 0.0)
def test_steps_are_in_order_and_apart(grace: float, parts: list[float], cost: float) -> None:
    """However long each takes (here less than half a look interval)."""
    interval = Schedule(grace, []).look_interval
    reminders = sorted({grace * part for part in parts})
    steps = plan(grace, reminders, cost * interval / 2.01)
    assert [step for _, step in steps].index(Step.END) == len(steps) - 1
    times = [grace, *(left for left, _ in steps)]
    assert times == sorted(times, reverse=True)
    for (before, one), (after, other) in pairwise([(grace, Step.REMIND), *steps]):
        if Step.LOOK in (one, other):
            assert before - after >= interval / 2 - 1e-6 * grace
    for left, step in steps:
        if step is Step.LOOK:
            between = FAR_LOOK_INTERVAL if left > FAR else interval
            assert math.isclose(left / between, round(left / between), abs_tol=1e-6)
    if not cost:
        assert [left for left, step in steps if step is Step.REMIND] == reminders[::-1]
        # Nothing is out of sight for longer than two intervals: a look is left out that is less than half of one after
        # the step before, and so is the next, if it is as near to the next reminder.
        most = [2 * (FAR_LOOK_INTERVAL if before > FAR else interval) + 1e-6 * grace for before in times]
        assert all(before - after <= far for (before, after), far in zip(pairwise(times), most, strict=False))


@given(seconds, st.lists(st.floats(0.001, 0.999), max_size=6), st.lists(st.floats(0, 1), max_size=30))
def test_each_reminder_is_sent_in_time_or_made_up_for(grace: float, parts: list[float], costs: list[float]) -> None:
    reminders = {grace * part for part in parts}
    schedule, left, covered = Schedule(grace, [*reminders]), grace, set[float]()
    for cost in [*costs, 0.0] + [0.0] * 50:
        before, (due, step) = left, schedule.next_step(left)
        if step is Step.END:
            assert due == 0.0
            # What a slow step left no time for is not sent at all.
            assert {reminder for reminder in reminders - covered if reminder < before} == set()
            return
        left = min(left, due)
        passed = {reminder for reminder in reminders if reminder >= left}
        assert (step is Step.REMIND) == bool(passed - covered)
        covered |= passed
        left -= cost * grace


LOGON_TIME = FILETIME_2026
ALICE = f"|12|CONTOSO\\alice|{LOGON_TIME}"
BOB = f"|13|CONTOSO\\bob|{LOGON_TIME}"
DENIED = {"call": "WTSSendMessage", "code": 5}


def report(*sessions: Raw, **server: Any) -> Report:
    return reports.report(raw_report(raw_server(*sessions, **server)))


def alice(result: str = "sent", **changes: Any) -> Raw:
    return raw_session(**{"id": 12, "user": "alice", "result": result, **changes})


def bob(result: str = "sent", **changes: Any) -> Raw:
    return alice(result, **{"id": 13, "user": "bob", **changes})


def outcomes(warned: WarnedSessions, merged: Report) -> dict[int, tuple[str, int]]:
    """Result and number of warnings of each session."""
    sessions = [session for server in merged.servers for session in server.sessions]
    return {session.id: (session.result, warned.warnings[session.logon]) for session in sessions}


def test_who_was_warned_and_is_still_on() -> None:
    warned = WarnedSessions(report(alice(), bob("denied", error=DENIED)))
    assert warned.warned == (ALICE,)
    assert [session.user for session in warned.on] == ["alice"]
    assert [session.user for session in warned.unwarned] == ["bob"]
    assert not warned.everybody_was_warned and not warned.everybody_has_left
    warned.look(report(alice("listed")))
    assert not warned.everybody_has_left
    warned.look(report())
    assert warned.everybody_has_left
    assert outcomes(warned, warned.report_without_logoff()) == {12: ("already_gone", 1), 13: ("denied", 0)}


def test_the_last_word_on_each() -> None:
    warned = WarnedSessions(report(alice(), bob(), raw_session(id=1, result="protected")))
    warned.take_messages(report(alice()))
    merged = warned.report(report(alice("logged_off", accepted=True)))
    assert outcomes(warned, merged) == {12: ("logged_off", 2), 13: ("already_gone", 1), 1: ("protected", 0)}
    accepted = {session.id: session.accepted for session in merged.servers[0].sessions}
    assert accepted == {12: True, 13: False, 1: False}  # a message that was accepted is no change


def test_a_session_that_cannot_be_identified_has_not_left() -> None:
    warned = WarnedSessions(report(alice(), bob()))
    unidentified = alice("failed", error={"call": "WTSQuerySessionInformation", "code": 1726}, logon_time=0)
    warned.look(report(unidentified))
    assert [session.user for session in warned.on] == ["alice"]
    assert outcomes(warned, warned.report(report(unidentified))) == {12: ("failed", 1), 13: ("already_gone", 1)}


def test_a_server_that_does_not_answer_has_not_lost_its_sessions() -> None:
    down = {"call": "WTSEnumerateSessionsEx", "code": 1722}
    warned = WarnedSessions(report(alice()))
    warned.look(report(error=down))
    assert warned.on and not warned.everybody_has_left
    merged = warned.report(report(error=down))
    assert outcomes(warned, merged) == {12: ("failed", 1)}
    assert merged.servers[0].sessions[0].error == RefusedCall(**down)


def test_a_server_that_could_not_be_warned_is_not_asked_again() -> None:
    down = {"call": "WTSEnumerateSessionsEx", "code": 1722}
    warning = raw_report(raw_server(alice()), raw_server(server="RDSH02", error=down))
    warned = WarnedSessions(reports.report(warning))
    assert warned.servers(newcomers=True) == ("",)
    assert not warned.everybody_was_warned
    merged = warned.report(report(alice("logged_off")))
    assert [(server.server, server.error) for server in merged.servers] == [("", None), ("RDSH02", RefusedCall(**down))]
    assert [len(server.sessions) for server in merged.servers] == [1, 0]


def test_newcomers() -> None:
    protected = raw_session(id=1, user="operator", result="protected")
    warned = WarnedSessions(report(alice(), protected))
    seen = report(alice("listed"), bob("listed"), {**protected, "result": "listed"})
    assert [*warned.newcomers(seen)] == [BOB]
    reached, missed = warned.take_messages(report(bob(), alice("denied", error=DENIED)))
    assert ([session.user for session in reached], [session.user for session in missed]) == (["bob"], ["alice"])
    warned.look(seen)
    assert [session.user for session in warned.on] == ["alice", "bob"]
    assert outcomes(warned, warned.report(report(alice("logged_off"), bob("logged_off"), raw_session(id=14)))) == {
        12: ("logged_off", 1),
        1: ("protected", 0),
        13: ("logged_off", 1),
        14: ("logged_off", 0),
    }


def test_who_left_and_who_is_spared() -> None:
    warned = WarnedSessions(report(alice(), bob()))
    left, spared = warned.look(report(bob("spared")))
    assert ([session.user for session in left], [session.user for session in spared]) == (["alice"], ["bob"])
    assert warned.look(report(bob("spared"))) == ([], [])
    assert outcomes(warned, warned.report_without_logoff()) == {12: ("already_gone", 1), 13: ("spared", 1)}


def test_who_comes_back_under_the_same_id_is_somebody_else() -> None:
    warned = WarnedSessions(report(alice()))
    warned.look(report(alice("listed", logon_time=LOGON_TIME + 1)))
    assert warned.everybody_has_left


def test_values_that_matched_in_any_report_are_found() -> None:
    warned = WarnedSessions(report(alice(), found=["users:0"]))
    assert warned.report(report(found=["users:1"])).servers[0].found == ("users:0", "users:1")


def test_names() -> None:
    people = [reports.session(id=id, user=user) for id, user in ((12, "alice"), (13, "bob"), (20, "alice"), (7, ""))]
    assert names_text(people) == "alice (2), bob, session 7"
    crowd = [reports.session(user=f"user{n}") for n in range(250)]
    assert names_text(crowd).endswith("user8, user9 and 240 more")
