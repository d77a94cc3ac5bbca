# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What runs in sessions: asked for with processes=true, and told of those that did not log off in time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .conftest import Farm, Result

Serve = Callable[..., Farm]

MODULE = "winops.rds.win_rds_session_info"
LIST = "WTSEnumerateProcessesEx"
MIB = 1 << 20
WORD = {"name": "winword.exe", "id": 4711, "memory": 300 * MIB, "threads": 40}
CHROME = [{"name": "chrome.exe", "memory": 200 * MIB}] * 2
ALICE = {"id": 12, "user": "alice", "processes": [*CHROME, WORD]}
BOB = {"id": 13, "user": "bob", "state": "disconnected"}
STAYS = {"logoff": "never"}
ALSO = ["csrss.exe", "dwm.exe", "winlogon.exe"]


def info(farm: Farm, options: str = "processes=true", *flags: str) -> Result:
    return farm.adhoc(MODULE, options, "-l", "RDSH01", *flags).only()


def records(result: Result) -> dict[int, dict[str, Any]]:
    return {record["id"]: record for record in result["sessions"]}


def lists(farm: Farm, host: str = "RDSH01") -> int:
    """How often the programs of a host were listed."""
    return sum(call.function == f"{LIST}W" for call in farm.simulation.calls(host))


def launches(farm: Farm) -> int:
    assert {launch.leaks for launch in farm.simulation.api.launches} <= {0}
    return len(farm.simulation.api.launches)


@pytest.mark.parametrize("flags", [[], ["--check"]], ids=["run", "check mode"])
def test_the_programs_of_each_session(serve: Serve, flags: list[str]) -> None:
    farm = serve([ALICE, BOB])
    result = info(farm, "processes=true", *flags)
    assert (result.status, result["changed"], result["msg"]) == (
        "ok",
        False,
        "2 sessions selected: 1 active, 1 disconnected.",
    )
    alice, bob = records(result)[12], records(result)[13]
    assert alice["processes"][0] == {"name": "winword.exe", "pid": 4711, "memory_bytes": 300 * MIB, "threads": 40}
    assert [p["name"] for p in alice["processes"]] == ["winword.exe", "chrome.exe", "chrome.exe", *ALSO]
    assert (alice["process_count"], alice["memory_bytes"]) == (6, 850 * MIB)
    assert ([p["name"] for p in bob["processes"]], bob["processes_error"]) == (
        ["csrss.exe", "dwm.exe", "explorer.exe", "winlogon.exe"],
        None,
    )
    assert (launches(farm), lists(farm)) == (1, 1)
    assert farm.simulation.mutating_calls("RDSH01") == []


def test_they_are_told_only_if_asked_for(serve: Serve) -> None:
    farm = serve([ALICE])
    (record,) = info(farm, "")["sessions"]
    assert not [name for name in record if "process" in name or "memory" in name]
    assert lists(farm) == 0


def test_several_servers_in_one_launch(serve: Serve) -> None:
    farm = serve(
        hosts=[
            {"name": "RDSH01"},
            {"name": "RDSH02", "sessions": [ALICE]},
            {"name": "RDSH03", "sessions": [BOB], "faults": [{"call": LIST, "error": 1726}]},
        ]
    )
    run = farm.adhoc(MODULE, "processes=true server=RDSH02,RDSH03", "-l", "RDSH01")
    told = records(run.only())
    assert (told[12]["memory_bytes"], told[13]["processes"]) == (850 * MIB, None)
    assert told[13]["processes_error"]["code"] == 1726
    assert (launches(farm), lists(farm, "RDSH02"), lists(farm, "RDSH03")) == (1, 1, 1)
    # The sessions are known, so the task has not failed; it says so.
    assert run.only().status == "ok"
    assert "The programs in 1 session are not known: " in " ".join(run.output.split())


@pytest.mark.parametrize("error", [0, 5], ids=["left out", "refused"])
def test_without_an_administrators_rights_they_are_not_known(serve: Serve, error: int) -> None:
    """Windows may refuse the list, or leave other people's out of it: a session without a program there is none."""
    host = {"name": "RDSH01", "sessions": [ALICE, BOB], "permissions": {"alice": ["query"]}}
    farm = serve(hosts=[host | {"process_list_error": error}], account={"user": "alice", "domain": "CONTOSO"})
    told = records(info(farm))
    assert (told[13]["processes"], told[13]["process_count"], told[13]["memory_bytes"]) == (None, None, None)
    assert "administrator" in told[13]["processes_error"]["hint"]
    assert told[13]["processes_error"]["code"] == (error or None)
    assert (told[12]["processes"] is None) == bool(error)


def test_a_list_that_does_not_come_back(serve: Serve) -> None:
    farm = serve([ALICE], faults=[{"call": LIST, "delay": "never"}])
    result = info(farm, "processes=true server_timeout=1s")
    assert result.status == "ok"
    (record,) = result["sessions"]
    assert (record["result"], record["processes"]) == ("listed", None)
    assert LIST in record["processes_error"]["message"]


def test_whoever_goes_meanwhile_has_no_programs(serve: Serve) -> None:
    farm = serve([ALICE, BOB], faults=[{"call": LIST, "before": [{"remove": 12}]}])
    told = records(info(farm))
    assert (told[12]["processes"], told[13]["process_count"]) == (None, 4)
    assert "ended while" in told[12]["processes_error"]["message"]


def test_a_record_of_a_session_that_has_gone(serve: Serve) -> None:
    farm = serve([ALICE])
    run = farm.playbook(
        [
            {MODULE: {}, "register": "found", "name": "before"},
            {"winops.rds.win_rds_logoff": {"all": True}},
            {MODULE: {"sessions": "{{ found.sessions }}", "processes": True}, "name": "after"},
        ]
    )
    (record,) = run.of("after")["sessions"]
    assert (record["result"], record["processes"], record["process_count"]) == ("already_gone", None, None)


# ---- those that did not log off in time


def test_one_that_timed_out_says_what_runs_in_it(serve: Serve) -> None:
    farm = serve([ALICE | STAYS, BOB])
    result = farm.logoff("all=true timeout=1s")
    told = records(result)
    assert result.outcomes() == {12: "timed_out", 13: "logged_off"}
    # Not those of the system, which run in each session.
    assert (told[12]["running"], told[13]["running"]) == (["chrome.exe", "winword.exe"], None)
    assert "still had the session after 1s; still running: chrome.exe, winword.exe. Raise" in result["msg"]
    assert (launches(farm), lists(farm), result["changed"]) == (2, 1, True)


def test_where_only_windows_is_left_that_is_said(serve: Serve) -> None:
    result = serve([ALICE | STAYS | {"processes": []}]).logoff("all=true timeout=1s")
    assert result["sessions"][0]["running"] == ALSO


@pytest.mark.parametrize(
    ("sessions", "options", "flags"),
    [
        ([ALICE], "all=true timeout=5s", []),
        ([ALICE | STAYS], "all=true timeout=1s", ["--check"]),
        ([ALICE | STAYS], "all=true wait=false", []),
        ([ALICE], "users=nobody", []),
    ],
    ids=["in time", "check mode", "no wait", "nobody"],
)
def test_else_nobody_looks_once_more(serve: Serve, sessions: list[Any], options: str, flags: list[str]) -> None:
    farm = serve(sessions)
    farm.logoff(options, *flags)
    assert (launches(farm), lists(farm)) == (1, 0)


@pytest.mark.parametrize(
    "fault",
    [
        {"call": LIST, "error": 5},
        {"call": LIST, "delay": "never"},
        {"call": "WTSEnumerateSessionsEx", "after": 1, "error": 1722},
        {"call": LIST, "before": [{"put": {"id": 12, "user": "carol"}}]},
    ],
    ids=["denied", "hangs", "unavailable", "another's by then"],
)
def test_a_look_that_fails_changes_nothing(serve: Serve, fault: dict[str, Any]) -> None:
    farm = serve([ALICE | STAYS], faults=[fault])
    result = farm.logoff("all=true timeout=1s server_timeout=1s")
    assert (result.status, result["changed"], result.outcomes()) == ("failed", True, {12: "timed_out"})
    assert result["sessions"][0]["running"] is None
    assert "still had the session after 1s. Raise" in result["msg"]


@pytest.mark.parametrize(
    "fault",
    [{"compile_error": "(1) : error CS0234"}, {"killed": True}, {"cut": 9}],
    ids=["not compiled", "killed", "cut"],
)
def test_a_look_that_is_not_launched_or_not_heard_changes_nothing(serve: Serve, fault: dict[str, Any]) -> None:
    whole = {"cut": 1 << 20}
    farm = serve(hosts=[{"name": "RDSH01", "sessions": [ALICE | STAYS], "launch_faults": [whole, fault]}])
    result = farm.logoff("all=true timeout=1s")
    assert (result.status, result["changed"], result.outcomes()) == ("failed", True, {12: "timed_out"})
    assert result["sessions"][0]["running"] is None


def test_the_tasks_timeout_during_the_look_loses_nothing(serve: Serve) -> None:
    farm = serve([ALICE | STAYS], faults=[{"call": LIST, "delay": "never"}])
    task = {"winops.rds.win_rds_logoff": {"all": True, "timeout": "1s"}, "timeout": 12}
    result = farm.playbook([task]).only()
    assert (result.status, result["changed"], result.outcomes()) == ("failed", True, {12: "timed_out"})


def test_several_servers_at_once(serve: Serve) -> None:
    """The same ID is another session on each of them."""
    farm = serve(
        hosts=[
            {"name": "RDSH01"},
            {"name": "RDSH02", "sessions": [ALICE | STAYS]},
            {"name": "RDSH03", "sessions": [{"id": 12, "user": "bob"}, {"id": 14, "user": "carol"} | STAYS]},
            {"name": "RDSH04", "sessions": [{"id": 12, "user": "dave"}]},
        ]
    )
    result = farm.logoff("all=true timeout=1s server=RDSH02,RDSH03,RDSH04", "-l", "RDSH01")
    running = {(record["server"], record["id"]): record["running"] for record in result["sessions"]}
    assert running == {
        ("RDSH02", 12): ["chrome.exe", "winword.exe"],
        ("RDSH03", 12): None,
        ("RDSH03", 14): ["explorer.exe"],
        ("RDSH04", 12): None,
    }
    assert (launches(farm), lists(farm, "RDSH02"), lists(farm, "RDSH03"), lists(farm, "RDSH04")) == (2, 1, 1, 0)


def test_after_a_grace_period(serve: Serve) -> None:
    result = serve([ALICE | STAYS]).logoff("all=true timeout=1s grace=2s message='Bye'")
    assert (result.outcomes(), result["sessions"][0]["running"]) == ({12: "timed_out"}, ["chrome.exe", "winword.exe"])


def test_in_maintenance(serve: Serve) -> None:
    result = serve([ALICE | STAYS]).adhoc("winops.rds.win_rds_maintenance", "state=entered timeout=1s").only()
    assert (result.status, result["sessions"][0]["running"]) == ("failed", ["chrome.exe", "winword.exe"])
    assert "still running: chrome.exe, winword.exe" in result["msg"]


def test_what_is_left_where_programs_were_ended(serve: Serve) -> None:
    """Also with on_timeout=terminate: what could not be ended is what it waits for."""
    farm = serve([ALICE | STAYS], faults=[{"call": "TerminateProcess", "error": 5, "after": 2}])
    result = farm.logoff("all=true timeout=1s on_timeout=terminate")
    (record,) = result["sessions"]
    assert [process["name"] for process in record["ended_processes"]] == ["chrome.exe", "chrome.exe"]
    assert record["running"] == ["winword.exe"]
    assert "after chrome.exe, chrome.exe had been ended; still running: winword.exe" in result["msg"]


def test_one_that_has_lost_its_user_meanwhile(serve: Serve) -> None:
    """It is told by what the list has of it."""
    closing = {"call": "WTSQuerySessionInformation", "session": 12, "error": 7007, "after": 6}
    result = serve([ALICE | STAYS], faults=[closing]).logoff("all=true timeout=1s")
    assert (result.outcomes(), result["sessions"][0]["running"]) == ({12: "timed_out"}, ["chrome.exe", "winword.exe"])
