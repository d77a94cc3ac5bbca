# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Nothing is done on any server before it is known that each exclusion means somebody."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.winops.rds.plugins.plugin_utils._engine.requests import (
    EngineRequest,
    LogoffRequest,
    SessionInfoRequest,
)

from simulator.farm import Host
from tests.support.calls import ENUMERATE, LOGOFF, WORKSTATION
from tests.unit.engine.session_host import ALICE, BOB, PATIENCE, Windows, results, server_report, session_host

LOOK_UPS = {"LookupAccountNameW", "LookupAccountSidW"}
SERVERS = ["RDSH02", "RDSH03"]


@pytest.fixture
def others() -> list[Host]:
    """Alice on one server, bob on the other."""
    return [session_host(ALICE, name="RDSH02"), session_host(BOB, name="RDSH03")]


@pytest.fixture
def here(windows: Windows, others: list[Host]) -> Host:
    host = session_host(name="MGMT")
    for user in "alice", "bob", "dave":
        host.directory.add("CONTOSO", user)
    for server in SERVERS:
        host.directory.join(server)
    host.directory.add("RDSH03", "carol")
    windows.connect(host, *others)
    return host


def looked_up(windows: Windows, host: Host) -> list[tuple[str, ...]]:
    """System and name of each name that was looked up."""
    return [call.arguments for call in windows.calls_on(host) if call.function == "LookupAccountNameW"]


@pytest.mark.parametrize(
    ("excluded", "use", "name"),
    [
        ("nobody", 0, None),
        ("CONTOSO\\nobody", 0, None),
        ("contoso.com\\nobody", 0, None),
        ("nobody@contoso.com", 0, None),
        ("S-1-5-21-1-2-3-500", 0, None),
        (".\\nobody", 0, None),
        (".\\dave", 0, None),  # who is no local account
        ("Administrators", 4, "BUILTIN\\Administrators"),
        ("S-1-5-32-544", 4, "BUILTIN\\Administrators"),
        ("VIPs", 2, "CONTOSO\\VIPs"),
        ("MGMT", 3, "MGMT\\"),  # the computer, though a user is called so
        ("Contoso", 3, "CONTOSO\\"),
        ("AzureAD\\EvaMuster", 0, None),  # as her session shows her
    ],
)
@pytest.mark.parametrize(
    ("kind", "check_mode"), [(LogoffRequest, False), (LogoffRequest, True), (SessionInfoRequest, False)], ids=str
)
async def test_one_that_is_nobodys_stops_everything(
    windows: Windows,
    here: Host,
    others: list[Host],
    kind: type[EngineRequest],
    check_mode: bool,
    excluded: str,
    use: int,
    name: str | None,
) -> None:
    here.directory.add_group("CONTOSO", "VIPs")
    here.directory.add("MGMT", "MGMT")
    here.directory.add("AzureAD", "EvaMuster", "eva@contoso.com")
    options = {"users": ["alice", "bob"], "exclude_users": ["dave", excluded], "server": SERVERS}
    report = await windows.run(here, kind, check_mode=check_mode, **options)
    assert report == {
        "servers": [],
        "unknown_exclusions": [{"position": 1, "use": use, "name": name}],
        "foreign_record": None,
        "error": None,
        "logged": None,
    }
    assert [windows.mutating_calls_on(host) for host in (here, *others)] == [[], [], []]


@pytest.mark.parametrize("excluded", ["muller", "CONTOSO\\MULLER", ".\\muller", "meissner"])
async def test_one_that_is_an_account_in_other_letters_stops_everything(windows: Windows, excluded: str) -> None:
    """Windows finds it, and it fits none of the account's sessions."""
    domain = "RDSH01" if excluded.startswith(".") else "CONTOSO"
    host = session_host({"id": 12, "user": f"{domain}\\Müller"}, {"id": 13, "user": f"{domain}\\Meißner"})
    report = await windows.run(host, all=True, exclude_users=[excluded])
    name = f"{domain}\\{'Meißner' if excluded == 'meissner' else 'Müller'}"
    assert report == {
        "servers": [],
        "unknown_exclusions": [{"position": 0, "use": 1, "name": name}],
        "foreign_record": None,
        "error": None,
        "logged": None,
    }
    assert windows.mutating_calls_on(host) == []


@pytest.mark.parametrize("excluded", ["MÜLLER", "CONTOSO\\müller", "muller@contoso.com", "contoso.com\\muller"])
async def test_one_in_its_own_letters_is_spared(windows: Windows, excluded: str) -> None:
    """So is one that is looked up anyway, since sessions have the name that is found."""
    host = session_host({"id": 12, "user": "CONTOSO\\Müller"}, {"id": 13, "user": "CONTOSO\\bob"})
    report = await windows.run(host, all=True, exclude_users=[excluded])
    assert results(report) == {13: "logged_off"}


async def test_all_that_are_nobodys_are_told(windows: Windows, here: Host) -> None:
    report = await windows.run(here, all=True, exclude_users=["x", "bob", "y*", "z"], server=SERVERS)
    assert [unknown["position"] for unknown in report["unknown_exclusions"]] == [0, 3]


async def test_it_may_be_told_to_go_on(windows: Windows, here: Host) -> None:
    options = {"exclude_users": ["nobody", "bob"], "unknown_exclusions": "ignore", "server": SERVERS}
    report = await windows.run(here, all=True, **options)
    assert report["unknown_exclusions"] == []
    assert [results(report, server) for server in SERVERS] == [{12: "logged_off"}, {}]
    assert looked_up(windows, here) == []


@pytest.mark.parametrize(
    ("excluded", "names"),
    [
        (["bob"], []),  # he is logged on, on one of them
        (["CONTOSO\\BOB", "BOB"], []),
        (["b*", "x*", "nobod?", "CONTOSO\\x*", "x*\\dave"], []),  # a pattern may fit nobody
        (["dave"], [("", "dave")]),
        (["CONTOSO\\dave"], [("", "CONTOSO\\dave")]),
        (["*\\dave"], [("", "dave")]),
        (["dave@contoso.com"], [("", "dave@contoso.com")]),  # once, although it fits no session
        # Of each server in turn, until one has it.
        ([".\\carol"], [("RDSH02", "RDSH02\\carol"), ("RDSH03", "RDSH03\\carol")]),
    ],
    ids=str,
)
async def test_only_those_that_fit_nobody_are_looked_up(
    windows: Windows, here: Host, excluded: list[str], names: list[tuple[str, str]]
) -> None:
    report = await windows.run(here, users=["alice"], exclude_users=excluded, server=SERVERS)
    assert results(report, "RDSH02") == {12: "logged_off"}
    assert looked_up(windows, here) == names


async def test_a_local_account_where_one_server_does_not_tell_its_name(windows: Windows, here: Host) -> None:
    """It is not acted on; and what there is on the others counts."""
    second, third = session_host(ALICE, name="RDSH02"), session_host(BOB, name="RDSH03")
    second.faults = session_host(faults=[{"call": WORKSTATION, "error": 5}]).faults
    windows.connect(here, second, third)
    report = await windows.run(here, all=True, exclude_users=[".\\carol"], server=SERVERS)
    assert server_report(report, "RDSH02")["error"] == {"call": WORKSTATION, "code": 5}
    assert results(report, "RDSH03") == {13: "logged_off"}
    report = await windows.run(here, all=True, exclude_users=[".\\nobody"], server=SERVERS)
    assert report["unknown_exclusions"] == [{"position": 0, "use": 0, "name": None}]
    assert windows.logoffs(second) == []


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ({"call": "LookupAccountNameW", "error": 1789}, 1789),
        ({"call": "LookupAccountNameW", "delay": "never"}, None),
        ({"call": "LookupAccountSidW", "delay": "never"}, None),
    ],
    ids=str,
)
async def test_a_look_up_that_comes_to_nothing_stops_everything(
    windows: Windows, here: Host, others: list[Host], fault: dict[str, Any], code: int
) -> None:
    here.faults = session_host(faults=[fault]).faults
    report = await windows.run(here, all=True, exclude_users=["dave"], server=SERVERS, server_timeout=PATIENCE)
    call = fault["call"].removesuffix("W")
    assert report == {
        "servers": [],
        "unknown_exclusions": [],
        "foreign_record": None,
        "error": {"call": call, "code": code},
        "logged": None,
    }
    assert [windows.logoffs(host) for host in others] == [[], []]


async def test_each_server_is_looked_at_before_anything_is_done_on_any(
    windows: Windows, here: Host, others: list[Host]
) -> None:
    others[1].faults = session_host(faults=[{"call": ENUMERATE, "delay": 0.4}]).faults
    report = await windows.run(here, all=True, server=SERVERS)
    assert [results(report, server) for server in SERVERS] == [{12: "logged_off"}, {13: "logged_off"}]
    (logoff,) = (call for call in windows.calls_on(others[0]) if call.function == LOGOFF)
    (listed,) = (call for call in windows.calls_on(others[1]) if call.function == ENUMERATE)
    assert logoff.time - listed.time >= 0.4  # a call's time is that of its beginning


@pytest.mark.parametrize(
    ("kind", "check_mode", "result"),
    [
        (LogoffRequest, False, "logged_off"),
        (LogoffRequest, True, "would_log_off"),
        (SessionInfoRequest, False, "listed"),
    ],
)
async def test_whom_an_exclusion_spared_is_told(
    windows: Windows, kind: type[EngineRequest], check_mode: bool, result: str
) -> None:
    carol = {"id": 14, "user": "carol", "state": "disconnected", "client_name": "PC7"}
    host = session_host(ALICE, BOB | {"state": "disconnected"}, carol)
    options = {"states": ["disconnected"], "exclude_users": ["alice", "carol", "c*"], "exclude_sessions": ["0", "99"]}
    report = await windows.run(host, kind, check_mode=check_mode, **options)
    assert results(report) == {13: result}
    # Alice, who is excluded as well, would not have been selected.
    (excluded,) = server_report(report)["excluded"]
    assert (excluded["id"], excluded["user"], excluded["client_name"]) == (14, "carol", "PC7")
    assert (excluded["result"], excluded["accepted"], excluded["error"]) == ("excluded", False, None)
    assert excluded["matched_by"] == ["states:0"]
    # That an exclusion fitted anybody, selected or not, is told: the others were not used.
    found = {"exclude_users:0", "exclude_users:1", "exclude_users:2", "exclude_session_ids:0"}
    assert set(server_report(report)["found"]) == found | {"states:0"}


async def test_whose_times_or_clients_do_not_fit_was_not_spared_by_an_exclusion(windows: Windows) -> None:
    host = session_host(ALICE | {"idle": "2h", "client_name": "PC7"}, BOB | {"client_name": "PC8"})
    options = {"exclude_users": ["alice", "bob"], "check_mode": True}
    for selecting, ids in ({"idle_for": "1h"}, [12]), ({"clients": ["PC8"]}, [13]), ({"locked": True}, []):
        report = await windows.run(host, **selecting, **options)
        assert [session["id"] for session in server_report(report)["excluded"]] == ids
        assert results(report) == {}
