# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""win_rds_logoff as people use it: the real ansible-core, winrm connection and pywinrm against a simulated host."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Serve = Callable[..., Any]

ALICE = {"id": 12, "user": "alice", "client_name": "LAPTOP-017", "client_address": "10.1.4.17"}
BOB = {"id": 14, "user": "bob", "state": "disconnected", "idle": "9h"}
TERM04 = {"id": 7, "name": "TERM04", "user": "carol"}
CONSOLE = {"id": 1, "name": "console", "user": "operator"}


def test_result_follows_the_contract(serve: Serve) -> None:
    farm = serve([ALICE, BOB])
    result = farm.logoff("sessions=12,99 users=ALICE", "-v")
    assert result["not_found"] == ["99"]
    assert result.counts() == {"logged_off": 1}
    assert result["summary"]["failed"] == 0  # each that may be is there
    assert (result["excluded"], result["unused_exclusions"]) == ([], [])
    assert result["msg"] == "1 session selected: 1 logged off. Not found: 99."
    (record,) = result["sessions"]
    assert record["account"] == "CONTOSO\\alice"
    assert (record["server"], record["id"], record["name"]) == ("RDSH01", 12, "rdp-tcp#0")
    assert (record["state"], record["protocol"], record["locked"]) == ("active", "rdp", False)
    assert (record["client_name"], record["client_address"]) == ("LAPTOP-017", "10.1.4.17")
    assert record["matched_by"] == ["sessions=12", "users=ALICE"]
    assert record["logon_time"].endswith("Z") and record["disconnect_time"] is None
    assert record["error"] is None


def test_check_mode_asks_for_nothing_and_tells_what_a_run_would_do(serve: Serve) -> None:
    farm = serve([ALICE, BOB, CONSOLE])
    planned = farm.logoff("all=true", "--check")
    assert planned["changed"] is True
    assert planned.outcomes() == {1: "protected", 12: "would_log_off", 14: "would_log_off"}
    assert farm.simulation.mutating_calls("RDSH01") == []
    assert len(farm.users()) == 3


def test_second_run_changes_nothing_and_asks_for_nothing(serve: Serve) -> None:
    farm = serve([ALICE, BOB, CONSOLE])
    task = {"winops.rds.win_rds_logoff": {"all": True}}
    run = farm.playbook([{"name": "first", **task}, {"name": "second", **task}])
    assert run.of("first")["changed"] is True
    assert run.of("second")["changed"] is False
    assert run.of("second").outcomes() == {1: "protected"}
    assert [call.session for call in farm.simulation.mutating_calls("RDSH01")] == [12, 14]


def test_diff_shows_the_sessions_before_and_after(serve: Serve) -> None:
    farm = serve([ALICE, CONSOLE])
    run = farm.adhoc("winops.rds.win_rds_logoff", "all=true", "--diff")
    assert "-RDSH01  12  rdp-tcp#0  CONTOSO\\alice     active" in run.output
    assert " RDSH01   1  console    CONTOSO\\operator  active" in run.output


def test_verbose_run_tells_each_action_in_words(serve: Serve) -> None:
    farm = serve([ALICE, BOB], faults=[{"call": "WTSLogoffSession", "session": 14, "error": 5}])
    run = farm.adhoc("winops.rds.win_rds_logoff", "all=true", "-v")
    assert "RDSH01: session 12 (CONTOSO\\alice): logged off after" in run.output
    assert "RDSH01: session 14 (CONTOSO\\bob): denied: " in run.output
    assert "[5 ERROR_ACCESS_DENIED]" in run.output


def test_console_is_protected_unless_told_otherwise(serve: Serve) -> None:
    farm = serve([CONSOLE])
    refused = farm.logoff("sessions=console")
    assert refused.status == "failed"
    assert "the console session is protected. Set protect_console=false to log it off." in refused["msg"]
    assert farm.users() == {1: "operator"}
    assert farm.logoff("sessions=1 protect_console=false").outcomes() == {1: "logged_off"}


def test_failure_of_one_session_stops_no_other(serve: Serve) -> None:
    farm = serve(
        [ALICE, BOB, TERM04],
        faults=[{"call": "WTSLogoffSession", "session": 12, "error": 5}],
    )
    result = farm.logoff("all=true")
    assert result.status == "failed"
    assert result["changed"] is True
    assert result.outcomes() == {7: "logged_off", 12: "denied", 14: "logged_off"}
    assert result["msg"].startswith("session 12 (CONTOSO\\alice): the connecting account may not do this")
    assert result["msg"].endswith("3 sessions selected: 2 logged off, 1 denied.")
    (denied,) = (record for record in result["sessions"] if record["id"] == 12)
    assert (denied["error"]["code"], denied["error"]["name"]) == (5, "ERROR_ACCESS_DENIED")


def test_session_that_hangs_is_reported_after_the_timeout(serve: Serve) -> None:
    farm = serve([{**ALICE, "logoff": "never"}, BOB])
    result = farm.logoff("all=true timeout=1s")
    assert result.status == "failed"
    assert result.outcomes() == {12: "timed_out", 14: "logged_off"}
    assert "still had the session after 1s" in result["msg"]


def test_without_waiting_the_session_is_only_asked(serve: Serve) -> None:
    farm = serve([{**ALICE, "logoff": "never"}])
    result = farm.logoff("users=alice wait=false")
    assert result.outcomes() == {12: "requested"}
    assert result["changed"] is True


def test_session_id_given_out_again_is_not_touched(serve: Serve) -> None:
    """Between the enumeration and the logoff, alice leaves and mallory gets her session ID."""
    successor = {"put": {"id": 12, "user": "mallory", "logged_on": 0}}
    farm = serve([ALICE], faults=[{"call": "WTSEnumerateSessionsEx", "times": 1, "then": [successor]}])
    result = farm.logoff("users=alice")
    assert result.outcomes() == {12: "already_gone"}
    assert result["changed"] is False
    assert farm.simulation.mutating_calls("RDSH01") == []
    assert farm.users() == {12: "mallory"}


def test_loop_runs_once_for_each_item(serve: Serve) -> None:
    farm = serve([ALICE, BOB, TERM04])
    task = {"winops.rds.win_rds_logoff": {"users": ["{{ item }}"]}, "loop": ["alice", "bob"]}
    assert [call for call in farm.playbook([task]).results[-1]["results"] if not call["changed"]] == []
    assert farm.users() == {7: "carol"}


def test_every_host_of_a_play_is_done(serve: Serve) -> None:
    hosts = [{"name": f"RDSH0{n}", "sessions": [{"id": n, "user": f"user{n}"}]} for n in (1, 2, 3)]
    farm = serve(hosts=hosts)
    run = farm.adhoc("winops.rds.win_rds_logoff", "all=true")
    assert {result.host: result.outcomes() for result in run.results} == {
        "RDSH01": {1: "logged_off"},
        "RDSH02": {2: "logged_off"},
        "RDSH03": {3: "logged_off"},
    }


def test_same_playbook_same_result_in_every_language(serve: Serve) -> None:
    """Only quser and logoff speak the language of Windows; a host without cited wording of theirs is no different."""
    languages = ["en-US", "fr-FR", "ru-RU", "pt-BR", "zh-TW"]
    sessions = [CONSOLE, {"id": 3, "user": "élodie"}, {"id": 4, "user": "иванова", "state": "disconnected"}]
    sessions += [{"id": 5, "user": "王小明"}, {"id": 6, "name": "TERM04", "user": "joão"}]
    farm = serve(
        hosts=[{"name": f"RDSH0{n}", "language": lang, "sessions": sessions} for n, lang in enumerate(languages)]
    )
    options = {"users": ["ÉLODIE", "Иванова", "王*", "JOÃO", "operator"]}
    run = farm.playbook([{"winops.rds.win_rds_logoff": options}])
    kept = ("id", "name", "account", "state", "protocol", "result", "matched_by")
    outcomes = [[{key: record[key] for key in kept} for record in result["sessions"]] for result in run.results]
    assert len(outcomes) == len(languages)
    assert all(outcome == outcomes[0] for outcome in outcomes)
    assert [record["result"] for record in outcomes[0]] == ["protected", *["logged_off"] * 4]


def test_twenty_sessions_take_as_long_as_the_slowest(serve: Serve) -> None:
    slowest = 4.0
    farm = serve([{"id": n, "user": f"user{n}", "logoff": slowest} for n in range(2, 22)])
    result = farm.logoff("all=true")
    assert result.counts() == {"logged_off": 20}
    calls = farm.simulation.calls("RDSH01")
    # From the first call of the engine to its last. Two of them one after the other would take twice as long.
    assert slowest <= calls[-1].time - calls[0].time < 2 * slowest
    assert all(slowest <= record["elapsed_seconds"] < 2 * slowest for record in result["sessions"])
