# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""_logon_mode.cs: what it reads and writes, and that it writes nothing else."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from ansible_collections.winops.rds.plugins.plugin_utils._engine.trace import trace
from ansible_collections.winops.rds.plugins.plugin_utils._logon_mode.modes import (
    READING,
    TYPES,
    VALUES,
    Report,
    read_report,
    request_for,
)

from simulator.farm import Fault, Host
from simulator.registry import DISABLED, DRAIN_MODE, Value
from simulator.windows_api import WindowsApi
from tests.support.engines import answering
from tests.unit.logon_mode.registry_host import registry_host, run

OPEN, QUERY, SET, CLOSE = "RegOpenKeyExW", "RegQueryValueExW", "RegSetValueExW", "RegCloseKey"
READ_BOTH = [OPEN, QUERY, CLOSE] * 2
#: And then whether the host is in maintenance, of which there is no key.
LOOK = [*READ_BOTH, OPEN]
EVENT = ["GetUserNameExW", "RegisterEventSourceW", "ReportEventW", "DeregisterEventSource"]
TRACE = trace("winops.rds.win_rds_logon_mode", "CHG-4711", "written", mode="drain")
DRAIN = request_for("drain", check_mode=False, trace=TRACE)


@pytest.fixture
async def api() -> AsyncIterator[WindowsApi]:
    async with answering(WindowsApi) as api:
        yield api


def functions(api: WindowsApi, host: Host) -> list[str]:
    return [call.function for call in api.calls_on(host)]


def written(api: WindowsApi, host: Host) -> list[tuple[str, ...]]:
    """Name, type and value of each value that was to be written."""
    return [call.arguments[1:] for call in api.mutating_calls_on(host)]


def values(host: Host) -> tuple[Value, Value]:
    return host.registry.get(*DRAIN_MODE), host.registry.get(*DISABLED)


def raw(drain: str, disabled: str) -> dict[str, Any]:
    return {
        "drain_mode": {"type": 4, "text": drain},
        "winstations_disabled": {"type": 1, "text": disabled},
    }


async def test_reading(api: WindowsApi) -> None:
    host = registry_host(logon_mode="drain")
    report = await run(api, host, READING)
    assert report == {
        "before": raw("2", "0"),
        "after": raw("2", "0"),
        "written": [],
        "maintenance": None,
        "error": None,
        "logged": None,
    }
    read_report(Report, report)
    assert functions(api, host) == LOOK


async def test_writing(api: WindowsApi) -> None:
    """What differs, each in a key that is opened for it, and then a look at both."""
    host = registry_host(logon_mode="disabled")
    report = await run(api, host, DRAIN)
    assert (report["before"], report["after"]) == (raw("0", "1"), raw("2", "0"))
    assert (report["written"], report["error"]) == (["drain_mode", "winstations_disabled"], None)
    assert functions(api, host) == [*LOOK, *[OPEN, SET, CLOSE] * 2, *EVENT, *READ_BOTH]
    assert written(api, host) == [("TSServerDrainMode", "4", "2"), ("WinStationsDisabled", "1", "0")]
    assert values(host) == (2, "0")


async def test_the_event(api: WindowsApi) -> None:
    """Of what was written; none where nothing was."""
    host = registry_host(logon_mode="disabled")
    reports = [await run(api, host, DRAIN) for _ in range(2)]
    assert [report["logged"] for report in reports] == [{"call": "ReportEvent", "code": 0}, None]
    assert [json.loads(text) for event in host.event_log for text in event.strings] == [
        {
            "account": "CONTOSO\\ansible",
            "module": "winops.rds.win_rds_logon_mode",
            "reason": "CHG-4711",
            "mode": "drain",
            "written": ["drain_mode", "winstations_disabled"],
        }
    ]


async def test_an_event_that_cannot_be_written(api: WindowsApi) -> None:
    host = registry_host(faults=[{"call": "ReportEvent", "error": 1502}])
    report = await run(api, host, DRAIN)
    assert (report["written"], report["error"]) == (["drain_mode"], None)
    assert report["logged"] == {"call": "ReportEvent", "code": 1502}


async def test_a_value_that_was_written_is_told_where_the_next_one_fails(api: WindowsApi) -> None:
    host = registry_host(logon_mode="disabled", faults=[{"call": "RegSetValueEx", "after": 1, "error": 5}])
    report = await run(api, host, DRAIN)
    assert report["error"]["code"] == 5
    assert [json.loads(event.strings[0])["written"] for event in host.event_log] == [["drain_mode"]]


async def test_the_keys(api: WindowsApi) -> None:
    """Those that the controller's messages name, of the 64-bit registry, opened for what is done and no more."""
    host = registry_host(logon_mode="disabled")
    await run(api, host, DRAIN)
    opened = [call.arguments for call in api.calls_on(host) if call.function == OPEN]
    keys = [path.removeprefix("HKLM\\").rpartition("\\")[0] for path in VALUES.values()]
    read_64, write_64 = str(0x101), str(0x102)
    assert opened.pop(2) == (r"SOFTWARE\winops.rds.maintenance", read_64)
    assert opened == [(key, access) for access in (read_64, write_64, read_64) for key in keys]
    names = [call.arguments[1] for call in api.calls_on(host) if call.function == QUERY]
    assert names == [path.rpartition("\\")[2] for path in VALUES.values()] * 2
    assert [int(kind) for _, kind, _ in written(api, host)] == [*TYPES.values()]


async def test_what_is_so_already_is_not_written(api: WindowsApi) -> None:
    host = registry_host(logon_mode="drain")
    assert (await run(api, host, DRAIN))["written"] == []
    assert functions(api, host) == LOOK  # nothing to look at again
    assert (await run(api, host, request_for("drain_until_restart", check_mode=False, trace="")))["written"] == [
        "drain_mode"
    ]
    assert written(api, host) == [("TSServerDrainMode", "4", "1")]


async def test_what_is_not_named_is_left_alone(api: WindowsApi) -> None:
    host = registry_host(logon_mode="drain")
    await run(api, host, request_for("disabled", check_mode=False, trace=""))
    assert values(host) == (2, "1")


async def test_check_mode_writes_nothing(api: WindowsApi) -> None:
    host = registry_host(logon_mode="disabled")
    report = await run(api, host, request_for("drain", check_mode=True, trace=""))
    assert report == {
        "before": raw("0", "1"),
        "after": raw("0", "1"),
        "written": [],
        "maintenance": None,
        "error": None,
        "logged": None,
    }
    assert functions(api, host) == LOOK


async def test_a_value_that_is_not_there_is_as_0(api: WindowsApi) -> None:
    host = registry_host()
    host.registry.remove(*DRAIN_MODE)
    host.registry.remove(*DISABLED)
    report = await run(api, host, request_for("enabled", check_mode=False, trace=""))
    assert (report["before"], report["written"]) == ({"drain_mode": None, "winstations_disabled": None}, [])
    report = await run(api, host, DRAIN)
    assert report["written"] == ["drain_mode"]
    assert host.registry.get(*DRAIN_MODE) == 2


@pytest.mark.parametrize(
    ("value", "odd", "kind", "text"),
    [
        (DISABLED, 0, 4, "0"),
        (DISABLED, "", 1, ""),
        (DISABLED, "ä王", 1, "ä王"),
        (DISABLED, "x" * 1100, 1, ""),  # longer than anything that could be meant
        (DRAIN_MODE, "0", 1, "0"),
        (DRAIN_MODE, 0xFFFFFFFF, 4, "4294967295"),
    ],
)
async def test_an_odd_value_is_told_and_replaced(
    api: WindowsApi, value: tuple[str, str], odd: Value, kind: int, text: str
) -> None:
    host = registry_host()
    host.registry.set(*value, odd)
    report = await run(api, host, request_for("enabled", check_mode=False, trace=""))
    (option,) = report["written"]
    assert report["before"][option] == {"type": kind, "text": text}
    assert report["after"] == raw("0", "0")
    assert values(host) == (0, "0")


@pytest.mark.parametrize("code", [2, 5, 1450])
@pytest.mark.parametrize("position", range(12))
async def test_a_call_that_fails(api: WindowsApi, position: int, code: int) -> None:
    """Whichever of them: what was written is told, and what is told was written."""
    calls = [OPEN, QUERY] * 2 + [OPEN, SET] * 2 + [OPEN, QUERY] * 2
    function, name = calls[position], ["TSServerDrainMode", "WinStationsDisabled"][position // 2 % 2]
    host = registry_host(logon_mode="disabled")
    # Between the first look and what is written, the engine looks whether the host is in maintenance.
    others = 1 if function == OPEN and position >= 4 else 0
    after = calls[:position].count(function) + others
    host.faults = [Fault(call=function, after=after, times=1, error=code)]
    report = await run(api, host, DRAIN)
    read_report(Report, report)
    accepted = [call.arguments[1] for call in api.mutating_calls_on(host) if not call.error]
    assert [VALUES[option].rpartition("\\")[2] for option in report["written"]] == accepted
    absent = function == QUERY and code == 2  # that is how Windows says that there is no such value
    if absent:
        assert report["error"] is None
        return
    assert report["error"]["code"] == code
    assert report["error"]["call"].startswith(f"{function.removesuffix('W')} ")
    assert function == OPEN or report["error"]["call"].endswith(f" {name}")
    reading, writing = position < 4, 4 <= position < 8
    assert report["before"] == (None if reading else raw("0", "1"))
    assert report["after"] == (raw(str(values(host)[0]), str(values(host)[1])) if writing else None)
    assert len(accepted) == (0 if reading else (position - 4) // 2 if writing else 2)


async def test_a_record_of_maintenance_that_cannot_be_read(api: WindowsApi) -> None:
    host = registry_host()
    host.faults = [Fault(call=OPEN, after=2, times=1, error=5)]
    report = await run(api, host, DRAIN)
    assert report["error"] == {"call": r"RegOpenKeyEx SOFTWARE\winops.rds.maintenance", "code": 5}
    assert (report["written"], report["maintenance"], report["before"]) == ([], None, raw("0", "0"))


async def test_a_windows_without_the_key(api: WindowsApi) -> None:
    host = registry_host()
    host.registry.remove_key(DISABLED[0])
    report = await run(api, host, DRAIN)
    assert report["error"] == {"call": f"RegOpenKeyEx {DISABLED[0]}", "code": 2}
    assert (report["before"], api.mutating_calls_on(host)) == (None, [])


@pytest.mark.parametrize("mode", ["enabled", "disabled", "drain", "drain_until_restart"])
async def test_the_mode_that_the_host_then_has(api: WindowsApi, mode: str) -> None:
    """The simulated host has a table of its own of what stands for a mode."""
    host = registry_host(logon_mode="drain" if mode != "drain" else "disabled")
    await run(api, host, request_for(mode, check_mode=False, trace=""))
    assert host.registry.logon_mode == mode
