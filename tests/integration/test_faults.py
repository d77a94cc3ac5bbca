# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The table of faults (the guide to faults), with the real Ansible: what the task reports is what the host had."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from simulator.farm import Change
from simulator.http_service import CutConnection
from tests.unit.faults import rules

Serve = Callable[..., Any]

ALICE, BOB = {"id": 12, "user": "alice"}, {"id": 13, "user": "bob", "state": "disconnected"}
CAROL, DAVE = {"id": 14, "user": "carol"}, {"id": 20, "user": "dave"}
SESSIONS = [ALICE, BOB, CAROL, DAVE]
TASK = "users=alice,bob,carol"
ALL_THREE = {12: "logged_off", 13: "logged_off", 14: "logged_off"}

ENUMERATE, QUERY, LOGOFF = "WTSEnumerateSessionsEx", "WTSQuerySessionInformation", "WTSLogoffSession"
#: Of one session: whose it is, protocol, client name and address, and once more whose it is.
QUERIES_BEFORE_THE_ACT = 5


def run(farm: Any, options: str = TASK) -> Any:
    """Run the task and check what holds for each: dave is left alone, nothing leaks, each reason fits two lines."""
    result = farm.logoff(options)
    host = farm.simulation.hosts["RDSH01"]
    assert farm.users()[20] == "dave"
    assert farm.simulation.api.launches[-1].leaks == 0
    accepted = [call.session for call in farm.simulation.mutating_calls("RDSH01") if not call.error]
    assert len(set(accepted)) == len(accepted)
    assert result.values.get("changed", False) == bool(accepted)
    assert {record["id"] for record in result["sessions"] if record["result"] == "logged_off"}.isdisjoint(
        session.id for session in host.table.sessions() if session.user in ("alice", "bob", "carol")
    )
    assert (result.status == "failed") == any(record["error"] for record in (*result["sessions"], *result["servers"]))
    for reason in rules.reasons({**result.values, "failed": result.status == "failed"}):
        rules.check_reason(reason)
    return result


def test_access_denied_for_one_session(serve: Serve) -> None:
    result = run(serve(SESSIONS, faults=[{"call": LOGOFF, "session": 13, "error": 5}]))
    assert result.outcomes() == {**ALL_THREE, 13: "denied"}
    assert "session 13 (CONTOSO\\bob): the connecting account may not do this" in result["msg"]
    assert "[5 ERROR_ACCESS_DENIED]. Connect (or become) as an administrator" in result["msg"]


def test_access_denied_for_all_sessions(serve: Serve) -> None:
    farm = serve(SESSIONS, faults=[{"call": LOGOFF, "error": 5}])
    result = run(farm)
    assert result.counts() == {"denied": 3}
    assert result["changed"] is False
    assert len(farm.users()) == 4


def test_access_denied_to_the_list_of_sessions(serve: Serve) -> None:
    result = run(serve(SESSIONS, faults=[{"call": ENUMERATE, "error": 5}]))
    assert result["sessions"] == []
    assert result["servers"][0]["error"]["code"] == 5


def test_query_that_fails_for_one_session(serve: Serve) -> None:
    result = run(serve(SESSIONS, faults=[{"call": QUERY, "session": 12, "error": 1726}]))
    assert result.outcomes() == {**ALL_THREE, 12: "failed"}
    assert "[1726 RPC_S_CALL_FAILED]" in result["msg"]


@pytest.mark.parametrize("queries", [0, QUERIES_BEFORE_THE_ACT - 1, QUERIES_BEFORE_THE_ACT])
def test_session_that_goes_by_itself(serve: Serve, queries: int) -> None:
    gone = {"call": QUERY, "session": 13, "after": queries, "times": 1, "before": [{"remove": 13}]}
    result = run(serve(SESSIONS, faults=[gone]))
    assert result.status == "ok"
    assert result.outcomes() == {**ALL_THREE, 13: "already_gone" if queries < 5 else "logged_off"}


def test_id_that_somebody_else_gets_meanwhile(serve: Serve) -> None:
    mallory = {"put": {"id": 13, "user": "mallory", "logged_on": 0}}
    farm = serve(SESSIONS, faults=[{"call": QUERY, "session": 13, "after": 1, "times": 1, "before": [mallory]}])
    result = run(farm)
    assert result.outcomes() == {**ALL_THREE, 13: "already_gone"}
    assert farm.users() == {13: "mallory", 20: "dave"}


@pytest.mark.parametrize("where", ["at the start", "in the middle", "while waiting"])
def test_rpc_server_unavailable(serve: Serve, where: str) -> None:
    first = {"at the start": 0, "in the middle": QUERIES_BEFORE_THE_ACT - 1, "while waiting": QUERIES_BEFORE_THE_ACT}
    faults = [{"call": QUERY, "session": id, "after": first[where], "error": 1722} for id in (12, 13, 14)]
    faults += [{"call": ENUMERATE, "error": 1722}] if where == "at the start" else []
    farm = serve([session | {"logoff": 0.5} for session in SESSIONS], faults=faults)
    result = run(farm, f"{TASK} timeout=1s")
    assert "[1722 RPC_S_SERVER_UNAVAILABLE]. Check that it is up" in result["msg"]
    assert result["changed"] is (where == "while waiting")
    assert result.counts() == ({} if where == "at the start" else {"failed": 3})


def test_logoff_that_is_accepted_and_never_happens(serve: Serve) -> None:
    farm = serve([ALICE | {"logoff": "never"}, BOB, CAROL, DAVE])
    result = run(farm, f"{TASK} timeout=1s")
    assert result.outcomes() == {**ALL_THREE, 12: "timed_out"}
    assert "accepted the logoff and still had the session after 1s; still running: explorer.exe" in result["msg"]
    assert "Raise 'timeout', or end them with on_timeout=terminate" in result["msg"]
    assert farm.users() == {12: "alice", 20: "dave"}


def test_session_that_appears_during_the_run(serve: Serve) -> None:
    newcomer = {"put": {"id": 30, "user": "alice", "logged_on": 0}}
    farm = serve(SESSIONS, faults=[{"call": LOGOFF, "times": 1, "before": [newcomer]}])
    assert run(farm).outcomes() == ALL_THREE
    assert farm.users() == {20: "dave", 30: "alice"}
    assert run(farm).outcomes() == {30: "logged_off"}  # the next task does


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (0, "Windows answered with nothing, and gave no error (WTSEnumerateSessionsEx) [0 ERROR_SUCCESS]"),
        (5, "the connecting account may not do this (WTSEnumerateSessionsEx) [5 ERROR_ACCESS_DENIED]"),
        (259, "may see none of the sessions (WTSEnumerateSessionsEx) [259 ERROR_NO_MORE_ITEMS]"),
    ],
)
def test_enumeration_that_returns_nothing(serve: Serve, error: int, words: str) -> None:
    """Not even session 0: then Windows has not said that nobody is there."""
    farm = serve(hosts=[{"name": "RDSH01", "empty_list_error": error}])
    farm.simulation.hosts["RDSH01"].apply([Change(remove=0), Change(remove=65536)])
    result = farm.logoff(TASK)
    assert (result.status, result["changed"], result["sessions"]) == ("failed", False, [])
    assert words in result["msg"]
    assert farm.simulation.api.launches[-1].leaks == 0


def test_nobody_is_there(serve: Serve) -> None:
    result = run(serve([DAVE]))
    assert (result.status, result["changed"], result["sessions"]) == ("ok", False, [])
    assert result["not_found"] == ["alice", "bob", "carol"]


def test_five_thousand_sessions(serve: Serve) -> None:
    people = [{"id": n, "user": f"temp{n}" if n % 25 == 0 else f"user{n}"} for n in range(100, 5100)]
    farm = serve([DAVE, *people])
    result = run(farm, "users=temp* exclude_users=temp100")
    assert result.counts() == {"logged_off": 199}
    assert len(farm.users()) == 5001 - 199
    asked = {call.session for call in farm.simulation.calls("RDSH01") if call.function.startswith(QUERY)}
    assert len(asked) == 200  # these, and whom the exclusion spares; of the others, not one was asked about


@pytest.mark.parametrize("ahead", [-400 * 365 * 86400, 20 * 365 * 86400])
def test_clock_that_is_far_off(serve: Serve, ahead: float) -> None:
    """Times are compared with the host's own clock, so that it does not matter what it says."""
    sessions = [ALICE | {"idle": "3h"}, BOB | {"idle": "10m"}, CAROL | {"idle": "5h"}, DAVE]
    farm = serve(hosts=[{"name": "RDSH01", "clock_offset": ahead, "sessions": sessions}])
    result = run(farm, f"{TASK} idle_for=2h")
    assert result.outcomes() == {12: "logged_off", 14: "logged_off"}


def test_call_that_hangs(serve: Serve) -> None:
    farm = serve(SESSIONS, faults=[{"call": LOGOFF, "session": 12, "delay": "never"}])
    result = farm.logoff(f"{TASK} server_timeout=1s")
    assert result.status == "failed"
    assert "the server did not answer within server_timeout (WTSLogoffSession). " in result["msg"]
    assert result.outcomes() == ALL_THREE | {12: "timed_out"}
    assert farm.simulation.api.launches[-1].leaks == 0


@pytest.mark.parametrize("connection", ["winrm", "psrp"])
def test_the_keyword_timeout_strikes_while_the_host_works(serve: Serve, connection: str) -> None:
    """It is Ansible's, which says then that nothing changed."""
    farm = serve([ALICE | {"logoff": "never"}])
    task = {"winops.rds.win_rds_logoff": {"all": True}, "timeout": 10}
    result = farm.playbook([task], "-e", f"ansible_connection={connection}").only()
    assert [call.session for call in farm.simulation.mutating_calls("RDSH01")] == [12]
    assert (result.status, result["changed"], result["timedout"]) == ("failed", True, {"period": 10})
    assert result["msg"] == (
        "the task's keyword timeout (10s) ended it before the session engine had answered. "
        "Sessions may have been logged off: --check tells who is left; run the task again."
    )


EXCHANGES = ["Create", "Command", "Send", "Receive", "Signal", "Delete"]


@pytest.mark.parametrize("moment", ["before_answer", "before_reply"])
@pytest.mark.parametrize("exchange", EXCHANGES)
def test_winrm_connection_that_is_cut(serve: Serve, exchange: str, moment: str) -> None:
    """Once the engine has begun, it goes on without Ansible: the next task finds what is left to do."""
    farm = serve(SESSIONS)
    service = farm.simulation.services["RDSH01"]
    seen: list[str] = []

    async def cut_once(action: str) -> None:
        if action == exchange:
            seen.append(action)
            if len(seen) == 1:
                raise CutConnection

    setattr(service, moment, cut_once)
    ran = farm.adhoc("winops.rds.win_rds_logoff", TASK)
    assert seen
    assert "Traceback" not in ran.output
    first = ran.only()
    assert first.status == {"Create": "unreachable", "Delete": "ok"}.get(exchange, "failed")
    if first.status == "failed":
        unheard = "Sessions may have been logged off: --check tells who is left; run the task again."
        assert re.fullmatch(rf"no answer from the session engine: .{{9,}}\. {re.escape(unheard)}", first["msg"])
    if first.status == "unreachable":
        assert "\n" not in first["msg"]
    second = farm.logoff(TASK)
    assert second.status == "ok"
    assert farm.users() == {20: "dave"}
    accepted = [call.session for call in farm.simulation.mutating_calls("RDSH01") if not call.error]
    assert sorted(accepted) == [12, 13, 14]
