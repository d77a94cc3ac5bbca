# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a task has changed stands in the event log of its host, with the reason that it gave."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

Serve = Callable[..., Any]

LOGOFF, DISCONNECT = "winops.rds.win_rds_logoff", "winops.rds.win_rds_disconnect"
MESSAGE, MAINTENANCE = "winops.rds.win_rds_message", "winops.rds.win_rds_maintenance"
LOGON_MODE, INFO = "winops.rds.win_rds_logon_mode", "winops.rds.win_rds_session_info"

ALICE = {"id": 12, "user": "alice"}
BOB = {"id": 14, "user": "bob"}
REASON = "CHG-4711 patching"

#: The calls that act on a session, and the result of one that went well.
RESULTS = {"WTSLogoffSession": "logged_off", "WTSDisconnectSession": "disconnected"}


def events(farm: Any, host: str = "RDSH01") -> list[dict[str, Any]]:
    return [json.loads(text) for event in farm.simulation.hosts[host].event_log for text in event.strings]


def sid(farm: Any, user: str, host: str = "RDSH01") -> str:
    return str(farm.simulation.hosts[host].directory.find(f"CONTOSO\\{user}").sid)


@pytest.mark.parametrize("module", [LOGOFF, DISCONNECT])
def test_the_events_are_the_recorded_acts(serve: Serve, module: str) -> None:
    farm = serve([ALICE, BOB], faults=[{"call": "WTSLogoffSession", "session": 14, "error": 5}])
    result = farm.adhoc(module, f"all=true reason='{REASON}'").only()
    assert (result["changed"], result["event_logged"]) == (True, True)
    (event,) = events(farm)
    assert (event["account"], event["module"], event["reason"]) == ("CONTOSO\\ansible", module, REASON)
    assert [(session["id"], session["result"]) for session in event["sessions"]] == [
        (call.session, RESULTS[call.function]) for call in farm.simulation.mutating_calls("RDSH01") if call.error == 0
    ]
    assert event["sessions"][0]["account"] == sid(farm, "alice")


def test_nothing_that_was_changed_leaves_no_event(serve: Serve) -> None:
    farm = serve([ALICE])
    for flags, changed, logged, count in (
        (("--check",), True, None, 0),
        ((), True, True, 1),
        ((), False, None, 1),
    ):
        result = farm.logoff("users=alice", *flags)
        assert (result["changed"], result["event_logged"], len(events(farm))) == (changed, logged, count)
    assert farm.logoff("users=[]")["event_logged"] is None
    assert events(farm)[0]["reason"] is None


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"call": "RegisterEventSource", "error": 5}, "[5 ERROR_ACCESS_DENIED]. Connect (or become)"),
        ({"call": "ReportEvent", "error": 1502}, "log is full (ReportEvent) [1502 ERROR_LOG_FILE_FULL]."),
        ({"call": "RegisterEventSource", "error": 1722}, "the event log service does not run"),
        ({"call": "ReportEvent", "delay": "never"}, "the event log service did not answer"),
    ],
)  # fmt: skip
def test_a_log_that_cannot_be_written_fails_no_task(serve: Serve, fault: dict[str, Any], words: str) -> None:
    farm = serve([ALICE], faults=[fault])
    run = farm.adhoc(LOGOFF, "all=true server_timeout=2s")
    assert run.exit_code == 0
    assert (run.only()["changed"], run.only()["event_logged"]) == (True, False)
    output = " ".join(run.output.split())
    assert "RDSH01: what was changed is not in the event log: " in output
    assert words in output
    assert events(farm) == []


def test_no_log_leaves_names_out(serve: Serve) -> None:
    farm = serve([ALICE])
    run = farm.playbook([{LOGOFF: {"all": True, "reason": REASON}, "no_log": True}])
    assert run.exit_code == 0, run.output
    (event,) = events(farm)
    assert event["sessions"] == [{"server": "", "id": 12, "account": None, "result": "logged_off"}]
    assert "alice" not in json.dumps(event) and sid(farm, "alice") not in json.dumps(event)


def test_hostile_names_and_reasons(serve: Serve) -> None:
    """No percent sign gets into an event: Event Viewer would fill in what follows."""
    user, reason = 'a"%1 {%2}', "100% \"%1\" 'x' ü 日本"
    farm = serve([{"id": 12, "user": user}], faults=[{"call": "LookupAccountName", "error": 1332}])
    assert farm.playbook([{LOGOFF: {"all": True, "reason": reason}}]).only()["event_logged"] is True
    (event,) = events(farm)
    assert (event["reason"], event["sessions"][0]["account"]) == (reason, f"CONTOSO\\{user}")
    (text,) = farm.simulation.hosts["RDSH01"].event_log[0].strings
    assert "%" not in text and text.isascii()


def test_several_servers_are_told_on_the_host_of_the_task(serve: Serve) -> None:
    farm = serve(hosts=[{"name": "RDSH01", "sessions": [ALICE]}, {"name": "RDSH02", "sessions": [BOB]}])
    result = farm.adhoc(LOGOFF, "all=true server=RDSH01,RDSH02", "-l", "RDSH01").only()
    assert result["event_logged"] is True
    (event,) = events(farm)
    assert {(session["server"], session["id"]) for session in event["sessions"]} == {("RDSH01", 12), ("RDSH02", 14)}
    assert events(farm, "RDSH02") == []


def test_a_grace_period_leaves_one_event_and_its_messages_none(serve: Serve) -> None:
    farm = serve([ALICE, BOB])
    options = {"all": True, "grace": "2s", "message": "{reason}: you have {minutes} min.", "reason": REASON}
    result = farm.playbook([{LOGOFF: options}]).only()
    assert result["event_logged"] is True
    (event,) = events(farm)
    assert [session["id"] for session in event["sessions"]] == [12, 14]
    (message, _) = (call for call in farm.simulation.mutating_calls("RDSH01") if call.function == "WTSSendMessageW")
    assert f"{REASON}: you have 1 min." in message.arguments


def test_the_attempts_of_a_task_are_told_as_one(serve: Serve) -> None:
    """The second one changes nothing; what the first one did not write is not forgotten."""
    farm = serve([ALICE], faults=[{"call": "ReportEvent", "error": 1502}])
    task = {LOGOFF: {"all": True}, "register": "result", "until": "result.attempts == 2", "retries": 1, "delay": 0}
    result = farm.playbook([{**task, "failed_when": False}]).only()
    assert (result["attempts"], result["changed"], result["event_logged"]) == (2, True, False)


def test_a_message_with_its_reason(serve: Serve) -> None:
    farm = serve([ALICE])
    result = farm.playbook([{MESSAGE: {"all": True, "message": "{user}: {reason}", "reason": REASON}}]).only()
    assert (result["changed"], "event_logged" in result.values) == (False, False)
    (call,) = farm.simulation.mutating_calls("RDSH01")
    assert f"alice: {REASON}" in call.arguments
    assert events(farm) == []


def test_maintenance_and_the_logon_mode(serve: Serve) -> None:
    farm = serve([ALICE])
    tasks = [
        {LOGON_MODE: {"mode": "drain_until_restart", "reason": REASON}},
        {MAINTENANCE: {"state": "entered", "reason": REASON}},
        {MAINTENANCE: {"state": "entered", "reason": REASON}},
        {MAINTENANCE: {"state": "exited", "reason": REASON}},
        {LOGON_MODE: {"mode": "drain_until_restart", "reason": REASON}},
    ]
    run = farm.playbook([{"name": str(number), **task} for number, task in enumerate(tasks)])
    assert run.exit_code == 0, run.output
    assert [run.of(str(number))["event_logged"] for number in range(5)] == [True, True, None, True, None]
    told = [(event["module"], event.get("state") or event.get("mode")) for event in events(farm)]
    assert told == [
        (LOGON_MODE, "drain_until_restart"),
        (MAINTENANCE, "entered"),
        (MAINTENANCE, None),  # its logoff
        (MAINTENANCE, "exited"),
    ]
    assert {event["reason"] for event in events(farm)} == {REASON}
    assert [session["id"] for session in events(farm)[2]["sessions"]] == [12]


@pytest.mark.parametrize(("given", "told"), [("", None), (" ", None), (None, None), (f"{REASON}\n", REASON)])
def test_a_reason_as_templates_and_blocks_of_yaml_give_it(serve: Serve, given: str | None, told: str | None) -> None:
    farm = serve([ALICE])
    run = farm.playbook([{"name": "1", LOGOFF: {"all": True, "reason": given}}])
    assert run.exit_code == 0, run.output
    assert [event["reason"] for event in events(farm)] == [told]


def test_a_reason_for_all_modules_of_the_group(serve: Serve) -> None:
    """Also those that only look: a play that restarts a host asks who is on, too."""
    farm = serve([{"id": 12, "user": "alice"}])
    tasks = [{INFO: {}}, {MESSAGE: {"all": True, "message": "{reason}"}}, {DISCONNECT: {"all": True}}]
    tasks += [{LOGOFF: {"all": True}}, {MAINTENANCE: {"state": "entered"}}, {MAINTENANCE: {"state": "exited"}}]
    run = farm.playbook(tasks, module_defaults={"group/winops.rds.rds": {"reason": REASON}})
    assert run.exit_code == 0, run.output
    assert [event["reason"] for event in events(farm)] == [REASON] * 4


def test_what_is_refused(serve: Serve) -> None:
    farm = serve([ALICE])
    longest = "give one line of at most 200 characters, or leave it out"
    grace = {"all": True, "grace": "5m"}
    farm.refuses(
        LOGOFF,
        {
            "long": ({"all": True, "reason": "x" * 201}, longest),
            "lines": ({"all": True, "reason": "a\nb"}, longest),
            "none": (
                {**grace, "message": "{reason}"},
                "message holds {reason}, and no reason is given: give it (reason='CHG-4711 patching'), or take",
            ),
            "empty": ({**grace, "message": "{reason}", "reason": ""}, "message holds {reason}, and no reason"),
            "title": ({**grace, "message": "m", "message_title": "{reason}"}, "message_title holds {reason}, and no"),
        },
    )
    farm.refuses(MESSAGE, {"none": ({"all": True, "message": "{reason}"}, "message holds {reason}, and no reason")})
