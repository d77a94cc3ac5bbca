# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the task makes of the engine's report."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.winops.rds.plugins.plugin_utils._engine.acts import FAILED, LOG_OFF, NOT_ACTED_ON, RESULTS

from tests.support.reports import raw_server
from tests.unit.plugins.reporting import ReportedLogoff as Reported
from tests.unit.plugins.reporting import session

DENIED = {"call": "WTSLogoffSession", "code": 5}
DONE = LOG_OFF.done
RESULTS_OF_LOGOFF = [result for result in RESULTS if result in DONE | NOT_ACTED_ON | FAILED]


@pytest.mark.parametrize("outcome", RESULTS_OF_LOGOFF)
def test_changed_and_failed(outcome: str) -> None:
    result = Reported(session(outcome, DENIED if outcome in ("denied", "failed") else None)).result(all=True)
    assert result["changed"] == (outcome in DONE or outcome == "timed_out")  # Windows accepted what timed out
    assert result.get("failed", False) == (outcome in FAILED)
    assert {key: count for key, count in result["summary"].items() if count} == {outcome: 1}
    assert [record["result"] for record in result["sessions"]] == [outcome]
    assert bool(result["sessions"][0]["error"]) == (outcome in FAILED)


def test_nothing_selected_is_no_change_and_no_failure() -> None:
    result = Reported(found=[]).result(sessions=["12", "TERM04"], users=["bob"])
    assert (result["changed"], result.get("failed", False)) == (False, False)
    assert result["not_found"] == ["12", "TERM04", "bob"]
    assert result["msg"] == "No session matches. Not found: 12, TERM04, bob."


def test_a_failure_hides_no_success() -> None:
    result = Reported(session("logged_off", id=12), session("denied", DENIED, id=13)).result(all=True)
    assert (result["changed"], result["failed"]) == (True, True)
    assert [record["id"] for record in result["sessions"]] == [12, 13]
    assert "session 13 (CONTOSO\\alice): " in result["msg"]
    assert "5 ERROR_ACCESS_DENIED" in result["msg"]
    assert result["msg"].endswith(" 2 sessions selected: 1 logged off, 1 denied.")


def test_a_time_out_says_how_long_it_was() -> None:
    result = Reported(session("timed_out")).result(all=True, timeout="90s")
    assert "still had the session after 1m 30s" in result["msg"]
    assert "timeout" in result["sessions"][0]["error"]["hint"]


@pytest.mark.parametrize(
    ("protected", "words"),
    [
        ({"id": 0, "name": "services", "state": 4}, "session 0 runs the services of Windows"),
        ({"id": 65536, "name": "rdp-tcp", "state": 6}, "this is a listener"),
        ({"id": 7, "name": "ica-tcp", "state": 6}, "this is a listener"),
        ({"id": 70000, "name": "x", "state": 0}, "this is a listener"),
        ({"id": 1, "name": "Console", "state": 0}, "protect_console=false"),
    ],
    ids=str,
)
def test_protection_is_an_error_only_for_who_asked_for_that_session(protected: dict[str, Any], words: str) -> None:
    by_id = session("protected", **protected, matched_by=["session_ids:0"])
    named = Reported(by_id).result(sessions=[protected["id"]])
    assert named["failed"]
    assert words in named["msg"]
    by_state = session("protected", **protected, matched_by=["states:1"])
    swept = Reported(by_state).result(states=["active", "disconnected"])
    assert "failed" not in swept
    assert swept["msg"] == "1 session selected: 1 protected."
    assert swept["sessions"][0]["error"] is None


def test_a_host_without_a_name_has_the_one_of_the_inventory() -> None:
    action = Reported(session("logged_off"))
    action.report["servers"][0]["computer_name"] = ""
    assert action.result(all=True)["sessions"][0]["server"] == "rdsh01.example"


def test_what_windows_accepted_is_a_change_even_if_the_session_stays() -> None:
    accepted = Reported(session("timed_out", accepted=True)).result(all=True)
    assert (accepted["changed"], accepted["failed"]) == (True, True)
    leaving = Reported(session("timed_out", accepted=False)).result(all=True)
    assert (leaving["changed"], leaving["failed"]) == (False, True)
    assert "Windows accepted the logoff and still had the session after 2m" in accepted["msg"]
    assert "was on its way out already, and Windows still had it after 2m" in leaving["msg"]
    assert "accepted" not in leaving["msg"]


def test_a_time_out_tells_what_was_ended() -> None:
    ended = [{"id": 4711, "name": "winword.exe"}, {"id": 4712, "name": "excel.exe"}]
    action = Reported(session("timed_out", ended_processes=ended))
    result = action.result(all=True, on_timeout="terminate", timeout=5)
    assert "Windows still had the session 5s after winword.exe, excel.exe had been ended" in result["msg"]
    assert "Only a restart of the host" in result["sessions"][0]["error"]["hint"]
    assert action.said[0].startswith(
        "RDSH01: session 12 (CONTOSO\\alice): timed out, having ended winword.exe, excel.exe: Windows still had"
    )
    action = Reported(session("logged_off", ended_processes=ended[:1]))
    assert action.result(all=True, on_timeout="terminate")["sessions"][0]["ended_processes"] == ended[:1]
    assert action.said == ["RDSH01: session 12 (CONTOSO\\alice): logged off after 1.4s, having ended winword.exe"]


def test_a_call_that_did_not_come_back_keeps_its_error() -> None:
    hung = {"call": "WTSLogoffSession", "code": None}
    (record,) = Reported(session("timed_out", hung)).result(all=True)["sessions"]
    assert (record["error"]["code"], record["error"]["name"]) == (None, None)
    assert "server_timeout" in record["error"]["message"]


@pytest.mark.parametrize("missing", ["ignore", "fail"])
def test_missing(missing: str) -> None:
    action = Reported(session("logged_off"), found=["session_ids:0"])
    result = action.result(sessions=["12", "13"], users=["bob"], missing=missing)
    assert result["not_found"] == ["13", "bob"]
    assert result["changed"] is True
    assert result.get("failed", False) == (missing == "fail")
    failure = "not found: 13, bob (missing=fail). Check the names, or leave missing out. " if missing == "fail" else ""
    assert result["msg"] == f"{failure}1 session selected: 1 logged off. Not found: 13, bob."
    found = Reported(session("logged_off"), found=["session_ids:0"])
    assert "failed" not in found.result(sessions=["12"], missing="fail")


def test_exclusions() -> None:
    """Who was spared by name is told apart, and so is what spared nobody."""
    action = Reported(session("logged_off"), found=["exclude_users:0"])
    action.report["servers"][0]["excluded"] = [session("excluded", id=13, user="bob", accepted=False)]
    result = action.result(all=True, exclude_users=["bob", "svc-*"], exclude_sessions=["99"])
    assert [(record["id"], record["result"]) for record in result["excluded"]] == [(13, "excluded")]
    assert [record["id"] for record in result["sessions"]] == [12]
    assert result["unused_exclusions"] == ["99", "svc-*"]
    assert result["msg"] == "1 session selected: 1 logged off."
    assert "failed" not in result
    assert action.said[1:] == [
        "RDSH01: session 13 (CONTOSO\\bob): excluded",
        "exclusions that fitted no session: 99, svc-*",
    ]
    assert Reported().result(all=True)["unused_exclusions"] == []


def test_an_exclusion_that_fitted_on_one_server_is_used() -> None:
    action = Reported()
    action.report["servers"] = [raw_server(server="A", found=["exclude_users:0"]), raw_server(server="B")]
    result = action.result(all=True, server=["A", "B"], exclude_users=["bob", "eve"])
    assert result["unused_exclusions"] == ["eve"]


def test_several_servers() -> None:
    action = Reported()
    down = {"call": "WTSEnumerateSessionsEx", "code": 1722}
    action.report["servers"] = [
        raw_server(session("logged_off"), server="RDSH02", found=["users:0"]),
        raw_server(server="RDSH03", computer_name="", error=down),
        raw_server(session("denied", DENIED, id=13), server="RDSH04", found=["users:1"]),
    ]
    result = action.result(users=["alice", "bob", "eve"], server=["RDSH02", "RDSH03", "RDSH04"])
    assert (result["changed"], result["failed"]) == (True, True)
    assert [(record["server"], record["result"]) for record in result["sessions"]] == [
        ("RDSH02", "logged_off"),
        ("RDSH04", "denied"),
    ]
    assert [(server["server"], (server["error"] or {}).get("code")) for server in result["servers"]] == [
        ("RDSH02", None),
        ("RDSH03", 1722),
        ("RDSH04", None),
    ]
    assert result["not_found"] == ["eve"]
    assert result["msg"].startswith("RDSH03: the server's Remote Desktop Services do not answer")
    assert " | RDSH04: session 13 (CONTOSO\\alice): " in result["msg"]
    assert [text.split(":")[0] for text in action.said] == ["RDSH03", "RDSH02", "RDSH04"]


def test_a_server_that_changed_nothing_takes_no_change_from_the_others() -> None:
    action = Reported()
    action.report["servers"] = [
        raw_server(server="A"),
        raw_server(session("would_log_off"), server="B"),
        raw_server(server="C"),
    ]
    assert action.result(all=True, server=["A", "B", "C"])["changed"] is True


def test_each_action_is_told_in_words() -> None:
    action = Reported(
        session("logged_off", elapsed_ms=2340), session("denied", DENIED, id=13), session("would_log_off", id=14)
    )
    action.result(all=True)
    assert action.said[0] == "RDSH01: session 12 (CONTOSO\\alice): logged off after 2.3s"
    assert action.said[1].startswith("RDSH01: session 13 (CONTOSO\\alice): denied: the connecting account may not")
    assert action.said[2] == "RDSH01: session 14 (CONTOSO\\alice): would be logged off"


def test_a_diff_only_where_it_is_asked_for() -> None:
    assert "diff" not in Reported(session("logged_off")).result(all=True)
    diff = Reported(session("logged_off"), diff=True).result(all=True)["diff"]
    assert (len(diff["before"].splitlines()), diff["after"]) == (1, "")


def test_without_a_grace_period_there_is_no_deadline_and_no_warning() -> None:
    result = Reported(session("logged_off")).result(all=True)
    assert result["deadline"] is None
    assert [record["warnings"] for record in result["sessions"]] == [0]
