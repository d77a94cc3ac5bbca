# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Accounts that have to be looked up: user principal names, SIDs, and the one that the task runs as."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.winops.rds.plugins.plugin_utils._engine.requests import LogoffTerminateRequest

from simulator.directory import DirectoryAccount
from tests.unit.engine.session_host import ALICE, BOB, PATIENCE, Windows, record, results, server_report, session_host

ALICE_SID = DirectoryAccount("CONTOSO", "alice", "contoso.com").sid
CURRENT = "CONTOSO\\alice"
FARM = (ALICE, BOB, {"id": 14, "user": "FABRIKAM\\alice"}, {"id": 15, "user": "RDSH01\\carol"})


@pytest.mark.parametrize(
    ("options", "ids"),
    [
        ({"users": ["bob@contoso.com"]}, [13]),
        ({"users": ["BOB@Contoso.COM"]}, [13]),
        ({"users": [ALICE_SID]}, [12]),
        ({"users": [ALICE_SID.lower()]}, [12]),
        ({"users": [ALICE_SID, "bob@contoso.com", "RDSH01\\carol"]}, [12, 13, 15]),
        ({"all": True, "exclude_users": ["bob@contoso.com", ALICE_SID]}, [14, 15]),
        # An account that there is not: nobody.
        ({"users": ["nobody@contoso.com"]}, []),
        ({"users": ["S-1-5-21-1-2-3-500"]}, []),
        ({"users": ["nobody@contoso.com", "bob"]}, [13]),
        # By the DNS name of its domain.
        ({"users": ["contoso.com\\bob"]}, [13]),
        ({"all": True, "exclude_users": ["contoso.com\\Bob"]}, [12, 14, 15]),
        # One that nobody is logged on with.
        ({"users": ["dave@contoso.com"]}, []),
    ],
    ids=str,
)
async def test_accounts_that_are_looked_up(windows: Windows, options: dict[str, Any], ids: list[int]) -> None:
    host = session_host(*FARM)
    host.directory.add("CONTOSO", "dave")
    assert sorted(results(await windows.run(host, check_mode=True, **options))) == ids


async def test_it_is_told_which_of_them_fitted(windows: Windows) -> None:
    report = await windows.run(session_host(*FARM), users=["nobody@contoso.com", "bob@contoso.com"], check_mode=True)
    assert server_report(report)["found"] == ["users:1"]
    assert record(report, 13)["matched_by"] == ["users:1"]


async def test_an_account_of_many_letters(windows: Windows) -> None:
    user = "Ж" * 64
    host = session_host({"id": 12, "user": user})
    assert list(results(await windows.run(host, users=[f"{user}@contoso.com"], check_mode=True))) == [12]


LOOKED_UP = [
    {"users": ["alice@contoso.com"]},
    {"users": ["bob", "alice@contoso.com"]},
    {"all": True, "exclude_users": ["alice@contoso.com"]},
    {"sessions": ["12"], "exclude_users": ["alice@contoso.com"]},
]


@pytest.mark.parametrize(
    ("function", "code", "check_mode"),
    [
        ("LookupAccountNameW", 1355, False),
        ("LookupAccountNameW", 1789, True),
        ("LookupAccountSidW", 1789, False),
    ],
)
@pytest.mark.parametrize("options", LOOKED_UP, ids=str)
async def test_a_lookup_that_fails_stops_everything(
    windows: Windows, options: dict[str, Any], code: int, function: str, check_mode: bool
) -> None:
    """Whoever cannot be told from an excluded account must not be touched."""
    host = session_host(*FARM, faults=[{"call": function, "error": code}])
    report = await windows.run(host, check_mode=check_mode, **options)
    assert report == {
        "servers": [],
        "unknown_exclusions": [],
        "foreign_record": None,
        "logged": None,
        "error": {"call": function.removesuffix("W"), "code": code},
    }
    assert {call.function for call in windows.calls_on(host)} <= {"LookupAccountNameW", "LookupAccountSidW"}


@pytest.mark.parametrize("options", [{"users": [ALICE_SID]}, {"all": True, "exclude_users": [ALICE_SID]}], ids=str)
async def test_a_sid_of_which_the_domain_does_not_answer(windows: Windows, options: dict[str, Any]) -> None:
    host = session_host(*FARM, faults=[{"call": "LookupAccountSid", "error": 1789}])
    report = await windows.run(host, **options)
    assert report == {
        "servers": [],
        "unknown_exclusions": [],
        "foreign_record": None,
        "logged": None,
        "error": {"call": "LookupAccountSid", "code": 1789},
    }
    assert [call.function for call in windows.calls_on(host)] == ["LookupAccountSidW"]


@pytest.mark.parametrize(
    ("function", "options"),
    [
        ("LookupAccountNameW", {"users": ["alice@contoso.com"]}),
        ("LookupAccountSidW", {"all": True, "exclude_users": ["alice@contoso.com"]}),
        ("GetUserNameExW", {"sessions": ["current"]}),
    ],
)
async def test_a_lookup_that_hangs(windows: Windows, function: str, options: dict[str, Any]) -> None:
    """A domain controller may be as dead as any server."""
    host = session_host(*FARM, faults=[{"call": function, "delay": "never"}])
    report = await windows.run(host, account=CURRENT, server_timeout=PATIENCE, **options)
    assert report == {
        "servers": [],
        "unknown_exclusions": [],
        "foreign_record": None,
        "logged": None,
        "error": {"call": function.removesuffix("W"), "code": None},
    }
    assert {call.function for call in windows.calls_on(host)} <= {"LookupAccountNameW"}


async def test_what_only_looks_like_a_sid(windows: Windows) -> None:
    host = session_host(*FARM)
    report = await windows.run(host, users=["alice", "S-1-5-21-4294967296"])
    assert report == {
        "servers": [],
        "unknown_exclusions": [],
        "foreign_record": None,
        "logged": None,
        "error": {"call": "ConvertStringSidToSid", "code": 1337},
    }
    assert windows.calls_on(host) == []


async def test_accounts_are_looked_up_once_for_all_servers(windows: Windows) -> None:
    here = session_host(name="MGMT")
    others = [session_host(ALICE, name=name) for name in ("RDSH02", "RDSH03")]
    here.directory.add("CONTOSO", "alice")
    windows.connect(here, *others)
    report = await windows.run(here, users=["alice@contoso.com", ALICE_SID], server=["RDSH02", "RDSH03"])
    assert [results(report, name) for name in ("RDSH02", "RDSH03")] == [{12: "logged_off"}] * 2
    lookups = [call.function for call in windows.calls_on(here) if call.function.startswith("Lookup")]
    assert lookups == ["LookupAccountNameW", "LookupAccountSidW", "LookupAccountSidW"]


@pytest.mark.parametrize(
    ("options", "ids"),
    [
        ({"sessions": ["current"]}, [12, 16]),
        ({"sessions": ["Current", "13"]}, [12, 13, 16]),
        ({"sessions": ["current"], "states": ["disconnected"]}, [16]),
        ({"all": True, "exclude_sessions": ["current"]}, [13, 14, 15]),
        ({"users": ["alice"], "exclude_sessions": ["CURRENT"]}, [14]),
        ({"sessions": ["12", "13"], "exclude_sessions": ["current"]}, [13]),
    ],
    ids=str,
)
async def test_current(windows: Windows, options: dict[str, Any], ids: list[int]) -> None:
    host = session_host(*FARM, {"id": 16, "user": "ALICE", "state": "disconnected"})
    assert sorted(results(await windows.run(host, account=CURRENT, check_mode=True, **options))) == ids


async def test_current_is_told_by_what_it_fitted(windows: Windows) -> None:
    report = await windows.run(session_host(*FARM), account=CURRENT, sessions=["12", "current"], check_mode=True)
    assert record(report, 12)["matched_by"] == ["session_ids:0", "current:0"]
    report = await windows.run(session_host(*FARM), account="CONTOSO\\ansible", sessions=["current"])
    assert (results(report), server_report(report)["found"]) == ({}, [])


@pytest.mark.parametrize(
    "options", [{"sessions": ["current"]}, {"all": True, "exclude_sessions": ["current"]}], ids=str
)
async def test_an_account_that_windows_does_not_tell(windows: Windows, options: dict[str, Any]) -> None:
    host = session_host(*FARM, faults=[{"call": "GetUserNameExW", "error": 1332}])
    report = await windows.run(host, account=CURRENT, **options)
    assert report == {
        "servers": [],
        "unknown_exclusions": [],
        "foreign_record": None,
        "logged": None,
        "error": {"call": "GetUserNameEx", "code": 1332},
    }
    assert [call.function for call in windows.calls_on(host)] == ["GetUserNameExW"]


async def test_the_account_is_asked_for_only_where_it_counts(windows: Windows) -> None:
    host = session_host(*FARM)
    await windows.run(host, all=True, check_mode=True)
    functions = {call.function for call in windows.calls_on(host)}
    assert functions.isdisjoint({"GetUserNameExW", "LookupAccountNameW", "LookupAccountSidW"})


async def test_programs_of_an_account_of_entra_id_are_a_persons(windows: Windows) -> None:
    """Their owner is S-1-12-1-…; those of the system, which run in the session as well, are left alone."""
    eva = {"id": 12, "user": "AzureAD\\EvaMuster", "principal_name": "eva@contoso.com", "logoff": "never"}
    host = session_host(eva)
    report = await windows.run(host, LogoffTerminateRequest, users=["AzureAD\\EvaMuster"], timeout=0.2)
    assert record(report, 12)["ended_processes"] == [{"id": 12016, "name": "explorer.exe"}]
    assert windows.terminations(host) == [12016]
