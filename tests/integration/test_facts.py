# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The simulator answers what the collection believes of Windows, and another answer is told with what rests on it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest

from acceptance.facts.ask import AskError, Subject, ask
from acceptance.facts.table import NOTHING, UNASKED, Answer, Verdict, facts
from acceptance.stage import ACTIVE, DISCONNECTED, RECONNECTED
from tests.support.paths import REPOSITORY

from .conftest import NEVER_ENDS, Farm

Serve = Callable[..., Farm]

CONSOLE = {"id": 1, "name": "console", "user": "operator"}
ALICE = {"id": 12, "user": "alice", "client_name": "PC-1", "client_address": "2001:db8::7"}
BOB = {"id": 14, "user": "bob", "state": "disconnected"}

#: What the farm file lets a host do in more than one way: each way is as expected.
WAYS = [
    {
        **{"gone_session_error": 7022, "session_names": "lower", "ipv6_from_byte": 0},
        "last_input_when_disconnected": "none",
        "sessions": [CONSOLE, ALICE, BOB],
    },
    {
        **{"gone_session_error": 2, "session_names": "mixed", "ipv6_from_byte": 2, "disconnected_again_error": 1},
        "last_input_when_disconnected": "disconnection",
        "sessions": [CONSOLE, ALICE, {**BOB, "client_name": None}],
    },
]
HOSTS = [{"name": f"RDSH0{number}", **way} for number, way in enumerate(WAYS, 1)]


def run(farm: Farm, *flags: str) -> subprocess.CompletedProcess[str]:
    """As ``make facts``."""
    return subprocess.run(
        [sys.executable, "-m", "acceptance.facts", str(farm.inventory), *flags],
        cwd=REPOSITORY,
        env=farm.environment | {"COLUMNS": "200"},
        stdout=subprocess.PIPE,
        text=True,
        timeout=NEVER_ENDS,
        check=False,
    )


def unexpected(answers: list[Answer]) -> list[Answer]:
    return [answer for answer in answers if answer.verdict is not Verdict.EXPECTED]


def test_a_simulated_host_answers_as_expected_in_each_way_in_which_it_can(serve: Serve) -> None:
    farm = serve(hosts=HOSTS)
    interviews = ask(farm.inventory, "all", [fact for fact in facts() if fact.needs == NOTHING])
    assert [interview.host for interview in interviews] == ["RDSH01", "RDSH02"]
    for interview in interviews:
        # The other kind of .NET has no compiler of its own; the connecting account is none of Entra ID.
        missing = [answer.fact.name for answer in unexpected(interview.answers)]
        not_here = {"compiler_seconds", "entra_account", "entra_principal_name", "entra_sid"}
        assert not interview.failure and set(missing) <= not_here, interview
        assert farm.simulation.mutating_calls(interview.host) == []
    gone = [interview.answers[0].text for interview in interviews]
    assert gone == ["error 7022", "error 2"]


@pytest.mark.parametrize(("state", "session"), [(ACTIVE, ALICE), (DISCONNECTED, BOB)])
@pytest.mark.parametrize("host", ["RDSH01", "RDSH02"])
def test_facts_of_a_session(serve: Serve, host: str, state: str, session: dict[str, object]) -> None:
    farm = serve(hosts=HOSTS)
    subject = Subject(int(str(session["id"])), f"CONTOSO\\{session['user']}", "PC-1")
    (interview,) = ask(farm.inventory, host, [fact for fact in facts() if fact.needs == state], subject)
    assert len(interview.answers) > 5 and unexpected(interview.answers) == []
    assert session["id"] not in farm.users(host)


def answer_to(farm: Farm, name: str, subject: Subject | None = None) -> Answer:
    (fact,) = (fact for fact in facts() if fact.name == name)
    (interview,) = ask(farm.inventory, "all", [fact], subject or Subject())
    return interview.answers[0]


WITHOUT_RIGHTS = {"permissions": {"ansible": ["query"]}}
#: Names of listeners that others saw.
LISTENERS = ["31C5CE94259D4006A9E4", "rdp-tcp", "rdp-sxs240705700"]


@pytest.mark.parametrize(
    ("name", "host", "text"),
    [
        ("programs_of_others", {}, "those of others"),
        ("programs_of_others", WITHOUT_RIGHTS, "its own alone"),
        ("programs_of_others", WITHOUT_RIGHTS | {"process_list_error": 5}, "error 5"),
        ("event_source", WITHOUT_RIGHTS, "error 5"),
        ("listeners", {"listeners": LISTENERS}, "IDs from 65536"),
        ("workstation", {"faults": [{"call": "NetWkstaGetInfo", "error": 2138}]}, "error 2138"),
    ],
)
def test_what_a_host_may_answer_as_well(serve: Serve, name: str, host: dict[str, object], text: str) -> None:
    answer = answer_to(serve(hosts=[{"name": "RDSH01", "sessions": [ALICE], **host}]), name)
    assert (answer.text, answer.verdict) == (text, Verdict.EXPECTED)


@pytest.mark.parametrize(
    ("name", "session", "text"),
    [
        *(("active_name", ALICE | {"listener": listener}, f"{listener}#N") for listener in LISTENERS),
        ("active_client_address", ALICE | {"client_address": "192.0.2.15"}, "family 2, from byte 2"),
        ("disconnected_last_input", BOB, "before the disconnection"),
    ],
)
def test_what_it_may_answer_of_a_session_as_well(
    serve: Serve, name: str, session: dict[str, object], text: str
) -> None:
    farm = serve(hosts=[{"name": "RDSH01", "sessions": [session | {"idle": "1h"}], "listeners": LISTENERS}])
    answer = answer_to(farm, name, Subject(int(str(session["id"])), f"CONTOSO\\{session['user']}", "PC-1"))
    assert answer.verdict is Verdict.EXPECTED
    assert answer.text == text


def test_what_is_never_asked_is_told_with_the_reason(serve: Serve) -> None:
    unasked = [fact for fact in facts() if fact.unasked]
    assert len(unasked) > 3
    farm = serve([CONSOLE, ALICE])
    told = " ".join(run(farm, "--act").stdout.split())
    assert told.count("never asked: ") == len(unasked)
    assert "console_message not askable here never asked: the console is not of the tests' making" in told.replace(
        "│ ", ""
    )


@pytest.mark.parametrize(("error", "verdict"), [(259, Verdict.EXPECTED), (5, Verdict.EXPECTED), (0, Verdict.DIFFERENT)])
def test_the_list_of_an_account_that_may_see_no_session(serve: Serve, error: int, verdict: Verdict) -> None:
    host = {"name": "RDSH01", "sessions": [ALICE], "permissions": {}, "empty_list_error": error}
    answer = answer_to(serve(hosts=[host]), "list_of_sessions")
    assert (answer.text, answer.verdict) == (f"error {error}" if error else "nothing", verdict)


@pytest.mark.parametrize(("what", "text"), [("domain", "use 3"), ("computer", "use 9")])
def test_a_computers_own_name(serve: Serve, what: str, text: str) -> None:
    answer = answer_to(serve([ALICE], computer_name=what, accounts=["RDSH01\\RDSH01"]), "own_computer")
    assert (answer.text, answer.verdict) == (text, Verdict.EXPECTED)


@pytest.mark.parametrize(("is_found", "text"), [(False, "error 1332"), (True, "use 1")])
def test_an_account_of_entra_id(serve: Serve, is_found: bool, text: str) -> None:
    eva = {"id": 12, "user": "AzureAD\\EvaMuster", "principal_name": "eva@contoso.com"}
    account = {"user": "EvaMuster", "domain": "AzureAD"}
    farm = serve([eva], account=account, entra_display_names=is_found)
    answers = [answer_to(farm, f"entra_{fact}") for fact in ("account", "principal_name", "sid")]
    assert [answer.text for answer in answers] == [text, "use 1", "S-1-12-1-"]
    assert unexpected(answers) == []


def test_a_host_whose_command_writes_nothing_is_told(serve: Serve) -> None:
    for way, verdict in ("registry", Verdict.EXPECTED), ("memory", Verdict.DIFFERENT):
        farm = serve(hosts=[{"name": "RDSH01", "change_logon_disable": way}])
        farm.simulation.hosts["RDSH01"].logon_mode = "disabled"
        assert answer_to(farm, "change_logon_disable").verdict is verdict


def test_nothing_is_asked_of_a_session_that_is_not_the_accounts(serve: Serve) -> None:
    farm = serve([ALICE])
    subject = Subject(12, "CONTOSO\\bob", "PC-1")
    (interview,) = ask(farm.inventory, "all", [fact for fact in facts() if fact.needs == ACTIVE], subject)
    assert {answer.verdict for answer in interview.answers} == {Verdict.NOT_ASKABLE}
    assert interview.answers[0].text == "the session is another account's"
    assert farm.simulation.mutating_calls("RDSH01") == []


@pytest.mark.parametrize("subject", [ALICE, BOB])
def test_no_question_acts_on_what_the_acceptance_tests_did_not_make(serve: Serve, subject: dict[str, object]) -> None:
    """The console, session 0, listeners and other users are the host's; what is acted on besides is nobody's ID."""
    logon_screen = {"id": 1, "name": "console"}
    farm = serve([logon_screen, ALICE, BOB, {"id": 20, "user": "carol"}])
    there = {session.id for session in farm.simulation.hosts["RDSH01"].table.sessions()}
    own = int(str(subject["id"]))
    questions = [fact for fact in facts() if fact.needs not in (RECONNECTED, UNASKED)]
    (interview,) = ask(farm.inventory, "all", questions, Subject(own, f"CONTOSO\\{subject['user']}", "PC-1"))
    assert len(interview.answers) == len(questions) > 50
    asked = {call.session for call in farm.simulation.mutating_calls("RDSH01")}
    assert own in asked and asked & there == {own} and len(asked) == 2


def test_what_calls_an_act_is_asked_only_if_told(serve: Serve) -> None:
    farm = serve([ALICE])
    assert run(farm).returncode == 0 and farm.simulation.mutating_calls("RDSH01") == []
    done = run(farm, "--act")
    assert done.returncode == 0, done.stdout
    assert len(farm.simulation.mutating_calls("RDSH01")) == 3 and farm.users() == {12: "alice"}


def test_a_different_answer_is_told_with_what_rests_on_it(serve: Serve) -> None:
    farm = serve([ALICE], faults=[{"call": "NetWkstaGetInfo", "error": 5}])
    done = run(farm)
    assert done.returncode == 1
    (line,) = (line for line in done.stdout.splitlines() if "workstation" in line and "different" in line)
    assert "error 5" in line
    for words in (
        "workstation: What does a host tell of itself?",
        "code      plugins/module_utils/_sessions.cs QueryComputer",
        "tests     tests/unit/engine/test_report.py test_a_host_that_does_not_tell_its_name",
    ):
        assert words in done.stdout
    assert done.stdout.count("rule ") == 1
    assert farm.simulation.mutating_calls("RDSH01") == []


def test_as_expected_the_exit_code_is_0(serve: Serve) -> None:
    done = run(serve([ALICE]))
    assert done.returncode == 0, done.stdout
    assert "different" not in done.stdout and "Simulated Windows" in done.stdout
    assert "needs: active (asked by the acceptance tests)" in done.stdout


def test_a_host_that_does_not_answer(serve: Serve) -> None:
    farm = serve([ALICE])
    done = run(farm, "--limit", "RDSH99")
    assert done.returncode == 1
    with pytest.raises(AskError):
        ask(farm.inventory, "RDSH99", facts()[:1])
