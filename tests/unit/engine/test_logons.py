# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A task about certain logons: those, those who came later, and those who no longer fit."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.winops.rds.plugins.plugin_utils._engine.requests import (
    EngineRequest,
    LogoffRequest,
    SessionInfoRequest,
)

from simulator.farm import Change, Host
from tests.support.calls import QUERY
from tests.unit.engine.session_host import ALICE, BOB, Report, Windows, results, server_report, session_host

CAROL = {"id": 14, "user": "carol"}
#: With the result of a session that is meant.
KINDS = [(SessionInfoRequest, "listed"), (LogoffRequest, "logged_off")]


def logons(report: Report, server: str = "") -> list[str]:
    """The sessions of a report, as a later request names them."""
    return [session["logon"] for session in server_report(report, server)["sessions"]]


def happen(host: Host, change: dict[str, Any]) -> None:
    host.apply([Change.model_validate(change)])


@pytest.mark.parametrize(("kind", "done"), KINDS)
async def test_those_who_came_later_are_left_alone(windows: Windows, kind: type[EngineRequest], done: str) -> None:
    host = session_host(ALICE, BOB)
    known = logons(await windows.run(host, SessionInfoRequest, all=True))
    happen(host, {"put": CAROL | {"logged_on": 0}})
    report = await windows.run(host, kind, all=True, logons=known, newcomers=False)
    assert results(report) == dict.fromkeys((12, 13), done)
    report = await windows.run(host, kind, all=True, logons=known, newcomers=True)
    assert results(report)[14] == done


@pytest.mark.parametrize(("kind", "done"), KINDS)
@pytest.mark.parametrize("newcomers", [False, True])
async def test_those_who_no_longer_fit_are_spared(
    windows: Windows, kind: type[EngineRequest], done: str, newcomers: bool
) -> None:
    host = session_host(ALICE | {"idle": "2h"}, BOB | {"idle": "2h"}, CAROL)
    known = logons(await windows.run(host, SessionInfoRequest, idle_for="1h"))
    assert len(known) == 2
    happen(host, {"input": 12})
    report = await windows.run(host, kind, idle_for="1h", logons=known, newcomers=newcomers)
    assert results(report) == {12: "spared", 13: done}


@pytest.mark.parametrize("options", [{"states": ["active"]}, {"sessions": ["TERM04"]}], ids=str)
async def test_those_whom_the_list_of_sessions_already_rules_out_are_spared(
    windows: Windows, options: dict[str, Any]
) -> None:
    host = session_host(ALICE | {"name": "TERM04"})
    known = logons(await windows.run(host, SessionInfoRequest, **options))
    happen(host, {"disconnect": 12})
    assert results(await windows.run(host, logons=known, newcomers=False, **options)) == {12: "spared"}
    assert windows.logoffs(host) == []


@pytest.mark.parametrize("successor", [CAROL | {"id": 12}, ALICE | {"logged_on": 1}], ids=["another", "the same again"])
@pytest.mark.parametrize("newcomers", [False, True])
async def test_another_logon_under_the_same_id_is_a_newcomer(
    windows: Windows, successor: dict[str, Any], newcomers: bool
) -> None:
    host = session_host(ALICE, BOB)
    known = logons(await windows.run(host, SessionInfoRequest, all=True))
    happen(host, {"put": successor})
    report = await windows.run(host, all=True, logons=known, newcomers=newcomers)
    assert results(report) == ({12: "logged_off"} if newcomers else {}) | {13: "logged_off"}
    assert windows.logoffs(host) == [12, 13] if newcomers else [13]


async def test_those_who_have_gone_are_not_told_of(windows: Windows) -> None:
    host = session_host(ALICE, BOB)
    known = logons(await windows.run(host, SessionInfoRequest, all=True))
    happen(host, {"remove": 12})
    assert results(await windows.run(host, all=True, logons=known, newcomers=False)) == {13: "logged_off"}


async def test_no_logon_is_nobody(windows: Windows) -> None:
    host = session_host(ALICE)
    assert results(await windows.run(host, all=True, logons=[], newcomers=False)) == {}
    assert windows.logoffs(host) == []


async def test_a_logon_is_one_of_its_server(windows: Windows) -> None:
    here, second, third = session_host(), session_host(ALICE, name="RDSH02"), session_host(ALICE, name="RDSH03")
    windows.connect(here, second, third)
    servers = ["RDSH02", "RDSH03"]
    known = logons(await windows.run(here, SessionInfoRequest, all=True, server=servers), "RDSH02")
    report = await windows.run(here, all=True, server=servers, logons=known, newcomers=False)
    assert results(report, "RDSH02") == {12: "logged_off"}
    assert results(report, "RDSH03") == {}
    assert windows.logoffs(third) == []


async def test_long_and_foreign_names(windows: Windows) -> None:
    """The enumeration tells names whole, and the session information the first 20 and 17 characters."""
    host = session_host({"id": 12, "user": "A-DOMAIN-OF-MORE-THAN-17\\жанна.константиновна.очень"})
    known = logons(await windows.run(host, SessionInfoRequest, all=True))
    assert results(await windows.run(host, all=True, logons=known, newcomers=False)) == {12: "logged_off"}


async def test_a_newcomer_of_whom_windows_does_not_tell_is_none_of_ours(windows: Windows) -> None:
    host = session_host(ALICE, BOB, faults=[{"call": QUERY, "session": 13, "error": 1726}])
    known = [logon for logon in logons(await windows.run(host, SessionInfoRequest, all=True)) if "alice" in logon]
    assert results(await windows.run(host, all=True, logons=known, newcomers=False)) == {12: "logged_off"}
