# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A task about certain logons: those, those who came later, and those who no longer fit."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.farm import Change, Host
from tests.unit.engine.session_host import (
    ALICE,
    BOB,
    QUERY,
    Report,
    Windows,
    results,
    server_report,
    session_host,
)

CAROL = {"id": 14, "user": "carol"}
ACTIONS = ["list", "log_off"]


def logons(report: Report, server: str = "") -> list[str]:
    """The sessions of a report, as the engine takes them."""
    sessions = server_report(report, server)["sessions"]
    return [f"{server}|{s['id']}|{s['logon_time']}|{s['domain']}\\{s['user']}" for s in sessions]


def happen(host: Host, change: dict[str, Any]) -> None:
    host.apply([Change.model_validate(change)])


def outcome(action: str, result: str) -> str | None:
    return None if action == "list" else result


@pytest.mark.parametrize("action", ACTIONS)
async def test_those_who_came_later_are_left_alone(windows: Windows, action: str) -> None:
    host = session_host(ALICE, BOB)
    known = logons(await windows.run(host, action="list", all=True))
    happen(host, {"put": CAROL | {"logged_on": 0}})
    report = await windows.run(host, action=action, all=True, logons=known)
    assert results(report) == dict.fromkeys((12, 13), outcome(action, "logged_off"))
    report = await windows.run(host, action=action, all=True, logons=known, newcomers=True)
    assert results(report)[14] == outcome(action, "logged_off")


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("newcomers", [False, True])
async def test_those_who_no_longer_fit_are_spared(windows: Windows, action: str, newcomers: bool) -> None:
    host = session_host(ALICE | {"idle": "2h"}, BOB | {"idle": "2h"}, CAROL)
    known = logons(await windows.run(host, action="list", idle_for="1h"))
    assert len(known) == 2
    happen(host, {"input": 12})
    report = await windows.run(host, action=action, idle_for="1h", logons=known, newcomers=newcomers)
    assert results(report) == {12: "spared", 13: outcome(action, "logged_off")}


@pytest.mark.parametrize("options", [{"states": ["active"]}, {"sessions": ["TERM04"]}], ids=str)
async def test_those_whom_the_list_of_sessions_already_rules_out_are_spared(
    windows: Windows, options: dict[str, Any]
) -> None:
    host = session_host(ALICE | {"name": "TERM04"})
    known = logons(await windows.run(host, action="list", **options))
    happen(host, {"disconnect": 12})
    assert results(await windows.run(host, logons=known, **options)) == {12: "spared"}
    assert windows.logoffs(host) == []


@pytest.mark.parametrize("successor", [CAROL | {"id": 12}, ALICE | {"logged_on": 1}], ids=["another", "the same again"])
@pytest.mark.parametrize("newcomers", [False, True])
async def test_another_logon_under_the_same_id_is_a_newcomer(
    windows: Windows, successor: dict[str, Any], newcomers: bool
) -> None:
    host = session_host(ALICE, BOB)
    known = logons(await windows.run(host, action="list", all=True))
    happen(host, {"put": successor})
    report = await windows.run(host, all=True, logons=known, newcomers=newcomers)
    assert results(report) == ({12: "logged_off"} if newcomers else {}) | {13: "logged_off"}
    assert windows.logoffs(host) == [12, 13] if newcomers else [13]


async def test_those_who_have_gone_are_not_told_of(windows: Windows) -> None:
    host = session_host(ALICE, BOB)
    known = logons(await windows.run(host, action="list", all=True))
    happen(host, {"remove": 12})
    assert results(await windows.run(host, all=True, logons=known)) == {13: "logged_off"}


async def test_no_logon_is_nobody(windows: Windows) -> None:
    host = session_host(ALICE)
    assert results(await windows.run(host, all=True, logons=[])) == {}
    assert windows.logoffs(host) == []


async def test_a_logon_is_one_of_its_server(windows: Windows) -> None:
    here, second, third = session_host(), session_host(ALICE, name="RDSH02"), session_host(ALICE, name="RDSH03")
    windows.connect(here, second, third)
    servers = ["RDSH02", "RDSH03"]
    known = logons(await windows.run(here, action="list", all=True, server=servers), "RDSH02")
    report = await windows.run(here, all=True, server=servers, logons=known)
    assert results(report, "RDSH02") == {12: "logged_off"}
    assert results(report, "RDSH03") == {}
    assert windows.logoffs(third) == []


async def test_long_and_foreign_names(windows: Windows) -> None:
    """The enumeration tells names whole, and the session information the first 20 and 17 characters."""
    host = session_host({"id": 12, "user": "A-DOMAIN-OF-MORE-THAN-17\\жанна.константиновна.очень"})
    known = logons(await windows.run(host, action="list", all=True))
    assert results(await windows.run(host, all=True, logons=known)) == {12: "logged_off"}


async def test_a_newcomer_of_whom_windows_does_not_tell_is_none_of_ours(windows: Windows) -> None:
    host = session_host(ALICE, BOB, faults=[{"call": QUERY, "session": 13, "error": 1726}])
    known = [logon for logon in logons(await windows.run(host, action="list", all=True)) if "alice" in logon]
    assert results(await windows.run(host, all=True, logons=known)) == {12: "logged_off"}
