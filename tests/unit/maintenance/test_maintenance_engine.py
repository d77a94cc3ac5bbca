# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""_maintenance.cs: what is on the host after each step, and after a launch that was cut off at any of its calls."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from typing import get_args

import pytest
from ansible_collections.winops.rds.plugins.plugin_utils._engine.report import RefusedCall
from ansible_collections.winops.rds.plugins.plugin_utils._logon_mode.maintenance import maintenance_of
from ansible_collections.winops.rds.plugins.plugin_utils._maintenance.engine import MaintenanceRequest

from simulator.farm import Fault
from simulator.registry import DISABLED, DRAIN_MODE, LogonMode
from simulator.windows_api import MUTATING
from tests.unit.maintenance.kept_host import KEY, KeptHost, kept_host

MODES: tuple[LogonMode, ...] = get_args(LogonMode)
NAMES = ("RDSH01", "rdsh01.contoso.com")
CLOSED = ("drain", "drain_until_restart", "disabled")
#: The calls that write the event, without which everything else goes on.
EVENT_LOG = ("GetUserNameExW", "RegisterEventSourceW", "ReportEventW")


def entering(name: str) -> MaintenanceRequest:
    return MaintenanceRequest(
        check_mode=False,
        enter=True,
        command="",
        trace="",
        write_mode=True,
        host=name,
        run="1",
        drain_mode="2",
        winstations_disabled="0",
    )


@pytest.fixture
async def kept() -> AsyncIterator[KeptHost]:
    async with kept_host() as host:
        yield host


def functions(kept: KeptHost) -> list[str]:
    return [call.function for call in kept.api.calls_on(kept.host)]


def cuts(kept: KeptHost) -> list[int]:
    """After how many calls to cut the same launch off, so that each time something else stands on the host: right
    before a call that changes something, and at the end."""
    called = functions(kept)
    changing = [index for index, function in enumerate(called) if function in MUTATING]
    assert changing
    return [*changing, len(called)]


@pytest.mark.parametrize("before", MODES)
@pytest.mark.parametrize("mode", CLOSED)
async def test_there_and_back(kept: KeptHost, before: LogonMode, mode: str) -> None:
    kept.begin(before)
    values = kept.values
    entered = await kept.enter(mode, reason="CHG-4711")
    assert (kept.mode, entered.error, entered.went_on) == (mode, None, False)
    maintenance = maintenance_of(entered.record)
    assert maintenance is not None and re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", maintenance.pop("since"))
    assert maintenance == {
        "account": "CONTOSO\\ansible",
        "reason": "CHG-4711",
        "host": "RDSH01",
        "previous_mode": before,
    }
    again = await kept.enter(mode)
    assert (again.went_on, again.written, kept.record["REASON"]) == (True, (), "CHG-4711")
    left = await kept.exit()
    assert (kept.values, kept.is_clean, left.error, left.record) == (values, True, None, None)
    assert (await kept.exit()).found is None


async def test_what_users_were_told_stands_on_the_host_until_it_exits(kept: KeptHost) -> None:
    kept.begin("enabled")
    assert (await kept.enter(promise_ms=3_600_000)).promised_ms == 0
    told, before = kept.record["PROMISED"], kept.record
    refused = await kept.enter("disabled", run="2", keep_promise=True)
    assert 3_500_000 < refused.promised_ms <= 3_600_000
    assert (kept.record, kept.mode, refused.went_on, refused.written) == (before, "drain", False, ())
    # Another task may tell them nothing more, or of less time, which not all of them may hear.
    for promise_ms in (0, 60_000):
        assert (await kept.enter(run="2", promise_ms=promise_ms)).promised_ms > 0
        assert kept.record["PROMISED"] == told
    await kept.enter(run="3", promise_ms=7_200_000)
    assert kept.record["PROMISED"] > told
    await kept.exit()
    assert (await kept.enter(keep_promise=True)).promised_ms == 0 and "PROMISED" not in kept.record
    # What has passed binds nobody.
    await kept.enter(run="4", promise_ms=1)
    passed = await kept.enter(run="5", keep_promise=True)
    assert (passed.promised_ms, passed.went_on) == (0, True)


@pytest.mark.parametrize("odd", ["tomorrow", "", 5], ids=repr)
async def test_a_time_that_cannot_be_read_is_kept_as_if_it_had_not_passed(kept: KeptHost, odd: str | int) -> None:
    kept.begin("enabled")
    await kept.enter(promise_ms=3_600_000)
    kept.host.registry.set(KEY, "Promised", odd)
    refused = await kept.enter("disabled", run="2", keep_promise=True)
    assert (refused.promised_ms, refused.went_on, kept.mode) == (-1, False, "drain")
    # Who tells users anew makes it readable; and who lets the host exit needs none.
    assert (await kept.enter(run="3", promise_ms=60_000)).promised_ms == -1
    assert (await kept.enter(run="4", keep_promise=True)).promised_ms > 0
    kept.host.registry.set(KEY, "Promised", odd)
    await kept.exit()
    assert (kept.mode, kept.is_clean) == ("enabled", True)


async def test_values_that_are_not_there_are_not_there_again(kept: KeptHost) -> None:
    kept.begin("enabled")
    kept.host.registry.remove(*DRAIN_MODE)
    kept.host.registry.remove(*DISABLED)
    await kept.enter("disabled")
    await kept.enter("drain")
    assert kept.mode == "drain"
    await kept.exit()
    assert kept.values == (None, None)


@pytest.mark.parametrize("odd", [(7, "x"), ("2", 0), (0xFFFFFFFF, ""), (2, "1 0/x")])
async def test_odd_values_come_back_as_they_were(kept: KeptHost, odd: tuple[int | str, int | str]) -> None:
    kept.begin("enabled")
    kept.host.registry.set(*DRAIN_MODE, odd[0])
    kept.host.registry.set(*DISABLED, odd[1])
    entered = await kept.enter("drain")
    assert (kept.values, entered.error) == ((2, "0"), None)
    await kept.exit()
    assert kept.values == odd


async def test_a_value_too_long_to_be_kept_stops_it(kept: KeptHost) -> None:
    kept.begin("enabled")
    kept.host.registry.set(*DISABLED, "x" * 2000)
    entered = await kept.enter("drain")
    assert entered.error is not None and entered.error.code == 234
    assert (kept.values, kept.is_clean) == ((0, "x" * 2000), True)


async def test_what_is_remembered_is_on_the_disk_before_the_mode_is_changed(kept: KeptHost) -> None:
    kept.begin("disabled")
    await kept.enter("drain")
    calls = kept.api.calls_on(kept.host)
    flushed = functions(kept).index("RegFlushKey")
    modes = [
        number
        for number, call in enumerate(calls)
        if call.arguments[1:2] in (("TSServerDrainMode",), ("WinStationsDisabled",))
        and call.function == "RegSetValueExW"
    ]
    assert len(modes) == 2 and flushed < min(modes)
    assert [call.arguments[1] for call in calls[:flushed] if call.function == "RegSetValueExW"][-1] == "Since"
    opened = [call.arguments for call in calls if call.function in ("RegOpenKeyExW", "RegCreateKeyExW")]
    assert all(int(access) & 0x100 for _path, access in opened)  # of the 64-bit registry
    await kept.exit()
    names = functions(kept)
    last_write = max(i for i, name in enumerate(names) if name == "RegSetValueExW")
    assert last_write < names.index("RegFlushKey") < names.index("RegDeleteTreeW")


# ---- cut off anywhere


@pytest.mark.parametrize(
    ("before", "mode"),
    [
        ("enabled", "drain"),
        ("enabled", "disabled"),
        ("disabled", "drain"),
        ("drain", "disabled"),
        ("drain_until_restart", "drain"),
    ],
)
async def test_entering_that_is_cut_off_at_any_call(kept: KeptHost, before: LogonMode, mode: str) -> None:
    """Whatever is on the host then: it is never open where it was closed, it is closed only with a record, and
    exiting brings back what was, at once or after another beginning, of the same run or of a later one."""
    kept.begin(before)
    values = kept.values
    await kept.enter(mode)
    kept.may_leak = True
    for cut in cuts(kept):
        for then in ("exit", "same run", "later run"):
            kept.begin(before)
            await kept.enter(mode, cut_after=cut)
            if kept.values != values:
                assert kept.record, cut
            if before != "enabled":
                assert kept.mode != "enabled", cut
            if then != "exit":
                entered = await kept.enter(mode, run="1" if then == "same run" else "9")
                assert (entered.error, kept.mode) == (None, mode), cut
                assert kept.record, cut
            left = await kept.exit()
            assert (kept.values, kept.is_clean, left.error) == (values, True, None), (cut, then)


@pytest.mark.parametrize(
    ("before", "mode"),
    [("enabled", "drain"), ("disabled", "drain"), ("drain", "disabled"), ("drain_until_restart", "drain")],
)
async def test_exiting_that_is_cut_off_at_any_call(kept: KeptHost, before: LogonMode, mode: str) -> None:
    kept.begin(before)
    values = kept.values
    await kept.enter(mode)
    await kept.exit()
    kept.may_leak = True
    for cut in cuts(kept):
        kept.begin(before)
        await kept.enter(mode)
        await kept.exit(cut_after=cut)
        if kept.values != values:
            assert kept.record, cut
        if before != "enabled":
            assert kept.mode != "enabled", cut
        left = await kept.exit()
        assert (kept.values, kept.is_clean, left.error) == (values, True, None), cut


async def test_the_events(kept: KeptHost) -> None:
    """One for each launch that has changed something: the record, a value of the logon mode, or both."""
    await kept.enter("drain")
    await kept.enter("drain")
    await kept.enter("disabled")
    await kept.exit()
    await kept.exit()
    assert [json.loads(event.strings[0])["written"] for event in kept.host.event_log] == [
        ["record", "drain_mode"],
        ["winstations_disabled"],
        ["record", "winstations_disabled", "drain_mode"],
    ]


@pytest.mark.parametrize("code", [2, 5, 1450])
async def test_a_call_that_fails(kept: KeptHost, code: int) -> None:
    """Once, whichever it is: what is told is so, and exiting brings back what was."""
    kept.begin("disabled")
    values = kept.values
    await kept.enter("drain")
    calls = functions(kept)
    event = len(calls) - calls[::-1].index(EVENT_LOG[0]) - 1
    kept.may_leak = True  # where a key cannot be closed
    for position, function in enumerate(calls):
        if (function, code) == ("RegQueryValueExW", 2):
            continue  # so Windows says that there is no such value, and nobody could tell that it is not so
        kept.begin("disabled")
        kept.host.faults = [Fault(call=function, after=calls[:position].count(function), times=1, error=code)]
        report = await kept.enter("drain")
        at = f"{function} {position}"
        is_of_event = function in EVENT_LOG and position >= event
        if is_of_event:
            assert (report.error, report.logged) == (None, RefusedCall(function.removesuffix("W"), code)), at
        assert kept.mode != "enabled", at
        if report.error is None:
            # There is no such value to delete, or key to read; and a key that is not closed harms nobody.
            assert function in ("RegCloseKey", "DeregisterEventSource") or is_of_event or code == 2, at
        if kept.values != values:
            assert kept.record, at
        if report.record is not None and report.error is None:
            assert (report.record.since is not None) == bool(kept.record), at
        kept.host.faults = []
        await kept.exit()
        assert (kept.values, kept.is_clean) == (values, True), at


# ---- other hands


@pytest.mark.parametrize("before", MODES)
@pytest.mark.parametrize("other", MODES)
async def test_a_mode_that_somebody_sets_meanwhile_stays(kept: KeptHost, before: LogonMode, other: LogonMode) -> None:
    kept.begin(before)
    await kept.enter("drain")
    kept.host.registry.logon_mode = other
    await kept.exit()
    expected = before if other == "drain" else other
    assert (kept.mode, kept.is_clean) == (expected, True)


async def test_a_mode_that_somebody_sets_before_it_is_entered_again_is_the_one_that_comes_back(kept: KeptHost) -> None:
    kept.begin("drain")
    await kept.enter("disabled")
    kept.host.registry.logon_mode = "enabled"
    again = await kept.enter("disabled", run="7")
    assert not again.went_on
    await kept.exit()
    assert kept.mode == "enabled"


@pytest.mark.parametrize("mode", ["drain", "drain_until_restart", "disabled"])
@pytest.mark.parametrize("before", MODES)
async def test_a_restart_keeps_it(kept: KeptHost, before: LogonMode, mode: str) -> None:
    """What holds until a restart has ended then, and what was before comes back all the same."""
    kept.begin(before)
    values = kept.values
    await kept.enter(mode)
    kept.host.registry.restart()
    assert kept.record
    left = await kept.exit()
    if (before, mode) == ("drain_until_restart", "disabled"):
        values = (0, "0")  # the restart has ended what was before, too
    assert (kept.values, left.error) == (values, None)


async def test_a_mode_that_is_left_to_others(kept: KeptHost) -> None:
    kept.begin("enabled")
    entered = await kept.enter(None)
    assert (kept.mode, entered.written) == ("enabled", ())
    kept.host.registry.logon_mode = "drain"
    left = await kept.exit()
    assert (kept.mode, left.written, kept.is_clean) == ("drain", (), True)


async def test_what_is_planned_is_remembered_before_others_close_the_host(kept: KeptHost) -> None:
    kept.begin("enabled")
    planned = await kept.enter("drain", write_mode=False)
    assert (kept.mode, planned.written) == ("enabled", ())
    kept.host.registry.logon_mode = "drain"
    entered = await kept.enter("drain")
    assert (entered.went_on, entered.written) == (True, ())
    await kept.exit()
    assert kept.mode == "enabled"


async def test_the_first_mode_is_kept_through_several_others(kept: KeptHost) -> None:
    for before in MODES:
        kept.begin(before)
        for run, mode in enumerate(("drain", "disabled", "drain_until_restart", "drain")):
            assert (await kept.enter(mode, run=str(run))).went_on == (run > 0)
        await kept.exit(run="9")
        assert kept.mode == before


async def test_a_mode_that_is_asked_for_at_the_end(kept: KeptHost) -> None:
    kept.begin("drain")
    await kept.enter("disabled")
    left = await kept.exit(drain_mode="0", winstations_disabled="0")
    assert (kept.mode, kept.is_clean, left.written) == ("enabled", True, ("drain_mode", "winstations_disabled"))


# ---- two names, check mode, what stands there that is not ours


async def test_one_machine_under_two_names_of_a_run(kept: KeptHost) -> None:
    kept.begin("enabled")
    await kept.enter(run="1", name="RDSH01")
    for ask in (kept.enter, kept.exit):
        refused = await ask(run="1", name="rdsh01.contoso.com")  # type: ignore[operator]
        assert (refused.other_host, refused.written) == ("RDSH01", ())
        assert kept.mode == "drain"
        assert not {"RegSetValueExW", "RegDeleteTreeW"} & {*functions(kept)}
    later = await kept.enter(run="2", name="rdsh01.contoso.com")
    assert (later.other_host, later.went_on) == (None, True)
    assert (await kept.enter(run="2", name="RDSH01")).other_host == "rdsh01.contoso.com"
    await kept.exit(run="3")
    assert (kept.mode, kept.is_clean) == ("enabled", True)


async def test_two_names_that_begin_at_the_same_time() -> None:
    """One of them works on the host, whichever comes first."""
    async with kept_host(processes=2) as kept:
        for _ in range(10):
            kept.begin("enabled")
            reports = await asyncio.gather(*(kept.ask(entering(name), process=n) for n, name in enumerate(NAMES)))
            (refused,) = [report for report in reports if report.other_host is not None]
            assert refused.written == ()
            assert refused.other_host == kept.record["HOST"]


async def test_a_beginning_that_did_not_come_to_its_name_bars_nobody(kept: KeptHost) -> None:
    kept.begin("enabled")
    kept.host.registry.create(rf"{KEY}\1")
    entered = await kept.enter(run="1")
    assert (entered.other_host, kept.mode) == (None, "drain")


async def test_check_mode_writes_nothing(kept: KeptHost) -> None:
    kept.begin("enabled")
    for request in (kept.enter, kept.exit):
        await request(check_mode=True)  # type: ignore[operator]
        assert {*functions(kept)} <= {"RegOpenKeyExW", "RegQueryValueExW", "RegCloseKey"}
    await kept.enter()
    await kept.exit(check_mode=True)
    assert (kept.mode, bool(kept.record)) == ("drain", True)


ODD: dict[str, dict[str, int | str | None]] = {
    "no time": {"Since": "yesterday"},
    "a number for the time": {"Since": 7},
    "no states": {"States": None},
    "a number for the states": {"States": 1},
    "no name": {"Host": None},
    "a number for the run": {"Run": 1},
}


@pytest.mark.parametrize("what", ODD)
async def test_nothing_is_done_where_something_else_stands_there(kept: KeptHost, what: str) -> None:
    kept.begin("enabled")
    await kept.enter()
    for name, value in ODD[what].items():
        kept.host.registry.remove(KEY, name)
        if value is not None:
            kept.host.registry.set(KEY, name, value)
    before = kept.host.registry.values(KEY)
    for ask in (kept.enter, kept.exit):
        report = await ask()  # type: ignore[operator]
        assert (report.is_odd, report.written, kept.mode) == (True, (), "drain")
        assert kept.host.registry.values(KEY) == before


async def test_a_record_that_was_cut_off_is_none(kept: KeptHost) -> None:
    """What stands in it may be of any kind."""
    kept.begin("drain")
    for name in ("States", "Host", "Run", "PreviousTSServerDrainMode", "PreviousWinStationsDisabled", "Account"):
        kept.host.registry.create(KEY)
        kept.host.registry.set(KEY, name, 5)
    left = await kept.exit()
    assert (left.is_odd, kept.mode, kept.is_clean) == (False, "drain", True)
    kept.host.registry.create(KEY)
    kept.host.registry.set(KEY, "PreviousTSServerDrainMode", 0)
    entered = await kept.enter("disabled")
    assert (entered.went_on, kept.mode) == (False, "disabled")
    await kept.exit()
    assert kept.mode == "drain"
