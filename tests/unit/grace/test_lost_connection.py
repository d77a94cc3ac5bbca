# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a grace period does while the host cannot be reached, and when it is broken off."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ansible.errors import AnsibleConnectionFailure
from ansible_collections.winops.rds.plugins.plugin_utils._engine.requests import (
    EngineRequest,
    LogoffRequest,
    MessageRequest,
    SessionInfoRequest,
)
from ansible_collections.winops.rds.plugins.plugin_utils._grace import host

from tests.support.calls import QUERY
from tests.unit.grace.direct import Farm, Task, outcomes

Serve = Callable[..., Farm]

ALICE, BOB = {"id": 12, "user": "alice"}, {"id": 13, "user": "bob"}

#: Looks are every 5 s.
OPTIONS = {"grace": "30s", "message": "{minutes}", "all": True}


def down(task: Task, since: float, until: float) -> None:
    """The host cannot be reached between these seconds."""
    task.farm.clock.at(since, lambda: setattr(task.connection, "down", True))
    task.farm.clock.at(until, lambda: setattr(task.connection, "down", False))


def break_at(task: Task, kind: type[EngineRequest], moment: float, *, carried_out: bool, times: int = 1) -> None:
    """Let the connection break when the engine of a kind of request is launched from this second on."""
    broken: list[float] = []

    def break_now(launched: str) -> None:
        if launched == kind.module and task.farm.clock.passed >= moment and len(broken) < times:
            broken.append(task.farm.clock.passed)
            raise OSError("the connection is broken")

    setattr(task, "after_launch" if carried_out else "before_launch", break_now)


def test_the_first_launch_is_unreachable_as_ever(serve: Serve) -> None:
    task = serve(ALICE).task(**OPTIONS)
    task.connection.down = True
    with pytest.raises(AnsibleConnectionFailure):
        task.outcome()
    assert task.launched == []


def test_looks_go_on_once_the_host_is_back(serve: Serve) -> None:
    task = serve(ALICE, BOB).task(**OPTIONS)
    down(task, 4, 17)
    task.farm.change(12, {"remove": 12})
    result = task.outcome()
    assert [launched.passed for launched in task.launched] == [0, 20, 25, 30]
    assert outcomes(result) == {12: "already_gone", 13: "logged_off"}
    assert not result.get("failed")
    assert [line for line in task.shown if "reached" in line] == [
        "RDSH01: 25s left: the host was not reached; the next step tries again: the host is down",
        "RDSH01: 10s left: the host is reached again",
    ]


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (
            "(('Unspecified GSS failure.  Minor code may provide more information', 8), ('Ticket expired', 1))",
            "(('Unspecified GSS failure', 8), ('Ticket expired', 1))",
        ),
        ("The connection is broken. Check the cable.", "The connection is broken"),
    ],
)
def test_a_line_says_the_reason_and_no_advice(serve: Serve, error: str, shown: str) -> None:
    task = serve(ALICE).task(**OPTIONS)
    broken: list[str] = []

    def break_once(launched: str) -> None:
        if launched == SessionInfoRequest.module and not broken:
            broken.append(launched)
            raise AnsibleConnectionFailure(error)

    task.before_launch = break_once
    task.outcome()
    (line,) = [line for line in task.shown if "was not reached" in line]
    assert line.endswith(f"the next step tries again: no answer from the session engine: {shown}")


def test_a_reminder_is_made_up_for_at_the_next_step(serve: Serve) -> None:
    task = serve(ALICE).task(**OPTIONS, reminders=["15s"])
    down(task, 14, 16)
    task.outcome()
    assert [second for second, _, _ in task.messages()] == [0, 20]


def test_a_broken_connection_is_opened_anew(serve: Serve) -> None:
    """What the connection plugin knew of the host (a shell's ID, say) is of no use any more."""
    task = serve(ALICE).task(**OPTIONS)
    break_at(task, SessionInfoRequest, 10, carried_out=False)
    assert outcomes(task.outcome()) == {12: "logged_off"}


def test_the_logoff_is_tried_again(serve: Serve) -> None:
    task = serve(ALICE).task(**OPTIONS)
    down(task, 29, 40)
    result = task.outcome()
    assert [second for second, _ in task.logoffs()] == [45]  # after pauses of 5 and 10 s
    assert outcomes(result) == {12: "logged_off"}
    assert not result.get("failed")


def test_a_logoff_that_cannot_be_carried_out(serve: Serve) -> None:
    """The failure says who was warned, and that nobody was logged off."""
    task = serve(ALICE, BOB, {"id": 14, "user": "carol"}).task(**OPTIONS)
    task.farm.change(7, {"remove": 14})
    down(task, 29, 1000)
    result = task.outcome()
    assert task.farm.clock.passed == 60
    assert (result["failed"], result["changed"]) == (True, False)
    assert "alice, bob had been warned" in result["msg"] and "nobody was logged off" in result["msg"]
    assert "the host is down" in result["msg"]
    assert outcomes(result) == {12: "failed", 13: "failed", 14: "already_gone"}
    assert result["deadline"] == f"{task.farm.clock.start.replace(second=30):%Y-%m-%dT%H:%M:%SZ}"
    assert task.logoffs() == []
    assert task.farm.users() == {12: "alice", 13: "bob"}


def test_a_logoff_of_which_no_answer_came(serve: Serve) -> None:
    """It was carried out, which nobody heard: who is not there any more may have left, too."""
    task = serve(ALICE, BOB).task(**OPTIONS)
    break_at(task, LogoffRequest, 0, carried_out=True)
    result = task.outcome()
    assert outcomes(result) == {12: "already_gone", 13: "already_gone"}
    assert result["changed"] and not result.get("failed")
    assert "whoever was on before it and is already gone may have been logged off by this task" in result["msg"]
    assert [session for _, session in task.logoffs()] == [12, 13]


def test_it_is_not_known_whether_anybody_was_logged_off(serve: Serve) -> None:
    task = serve(ALICE).task(**OPTIONS)
    break_at(task, LogoffRequest, 0, carried_out=False, times=99)
    result = task.outcome()
    assert result["failed"]
    assert "alice had been warned" in result["msg"] and "it is not known whether" in result["msg"]
    assert "nobody was logged off" not in result["msg"]


def test_who_is_on_the_way_out_at_the_second_attempt_is_told_once(serve: Serve) -> None:
    """Listed still, and gone when asked about: without a logon time it is who had the ID."""
    task = serve(ALICE, BOB).task(**OPTIONS)
    break_at(task, LogoffRequest, 0, carried_out=False)
    task.farm.faults(29, {"call": QUERY, "session": 13, "error": 2})
    records = task.outcome()["sessions"]
    assert [(record["id"], record["result"]) for record in records] == [(12, "logged_off"), (13, "already_gone")]


@pytest.fixture(autouse=True)
def interruptible() -> Iterator[None]:
    """As in a terminal, wherever the tests run."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """What a task writes to Ansible's standard error."""
    file = tmp_path / "stderr"
    with file.open("wb") as stream:
        monkeypatch.setattr(host, "STANDARD_ERROR", stream.fileno())
        yield file


def interrupt() -> None:
    signal.raise_signal(signal.SIGINT)


def test_who_interrupts_it_is_told_who_had_been_warned(serve: Serve, told: Path) -> None:
    task = serve(ALICE, BOB).task(**OPTIONS)
    task.farm.change(8, {"remove": 12})
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    task.farm.clock.at(12, interrupt)
    with pytest.raises(KeyboardInterrupt):
        task.outcome()
    assert re.fullmatch(
        "RDSH01: interrupted: nobody was logged off; run the task again, or tell those who were warned of a logoff at "
        r"\d\d:\d\d UTC: bob\n",
        told.read_text("utf-8"),
    )
    assert task.logoffs() == []
    assert not task.connection.is_open
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == handlers


def test_an_interruption_that_cannot_be_told_is_one(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever read standard error has gone: ``2>&1 | head``."""
    reader, writer = os.pipe()
    os.close(reader)
    monkeypatch.setattr(host, "STANDARD_ERROR", writer)
    task = serve(ALICE).task(**OPTIONS)
    task.before_launch = lambda engine: task.farm.clock.passed > 12 and interrupt()
    with pytest.raises(KeyboardInterrupt):
        task.outcome()
    os.close(writer)
    assert task.logoffs() == []


def test_an_interruption_that_is_ignored_is_none(serve: Serve, told: Path) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    task = serve(ALICE).task(**OPTIONS)
    task.farm.clock.at(12, interrupt)
    assert outcomes(task.outcome()) == {12: "logged_off"}
    assert told.read_text("utf-8") == ""


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (MessageRequest, "users may have been warned; nobody was logged off"),
        (
            LogoffRequest,
            "some of these may have been logged off; run the task again with --check to see who is left: alice",
        ),
    ],
)
def test_who_interrupts_a_launch_is_told_what_may_have_been_done(
    serve: Serve, told: Path, kind: type[EngineRequest], text: str
) -> None:
    task = serve(ALICE).task(**OPTIONS)
    task.after_launch = lambda engine: engine == kind.module and interrupt()
    with pytest.raises(KeyboardInterrupt):
        task.outcome()
    assert told.read_text("utf-8") == f"RDSH01: interrupted: {text}\n"


AWAY = {**BOB, "state": "disconnected", "disconnected": "2h"}


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (
            {},
            r"1 session logged off before the end: bob, nobody else; run the task again, or tell those who were warned "
            r"of a logoff at \d\d:\d\d UTC: alice",
        ),
        ({"at_deadline": "leave"}, "1 session logged off before the end: bob, nobody else; on at the last look: alice"),
        (
            {"at_deadline": "fail", "message": "", "disconnected_grace": "20m"},
            "nobody was logged off; on at the last look: alice, bob",
        ),
    ],
    ids=str,
)
def test_who_interrupts_it_is_told_who_was_logged_off(
    serve: Serve, told: Path, options: dict[str, str], text: str
) -> None:
    farm = serve(ALICE, AWAY if options.get("message") is None else {**AWAY, "disconnected": "1m"})
    task = farm.task(**{**OPTIONS, "grace": "30m", "disconnected_grace": "10m", **options})
    farm.clock.at(200, interrupt)
    with pytest.raises(KeyboardInterrupt):
        task.outcome()
    assert re.fullmatch(f"RDSH01: interrupted: {text}\n", told.read_text("utf-8"))


@pytest.mark.parametrize("lost", [True, False])
def test_who_interrupts_an_early_logoff_is_told_that_it_is_not_known(serve: Serve, told: Path, lost: bool) -> None:
    """Also after an answer to it was lost."""
    task = serve(ALICE, AWAY).task(**{**OPTIONS, "grace": "30m", "disconnected_grace": "10m"})
    if lost:
        break_at(task, LogoffRequest, 0, carried_out=True)
        task.farm.clock.at(200, interrupt)
    else:
        task.after_launch = lambda engine: engine == LogoffRequest.module and interrupt()
    with pytest.raises(KeyboardInterrupt):
        task.outcome()
    words = "nobody was logged off as far as was told, and an answer to a logoff was lost; " if lost else ""
    words += "run the task again" if lost else "some of these may have been logged off; run the task again with --check"
    assert f"RDSH01: interrupted: {words}" in told.read_text("utf-8")
    assert told.read_text("utf-8").endswith(": alice\n" if lost else ": bob\n")


def test_without_ansible_nobody_is_logged_off(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker goes on when ansible-playbook is killed, or loses its terminal."""
    task = serve(ALICE).task(**OPTIONS)
    task.farm.clock.at(12, lambda: monkeypatch.setattr(os, "getppid", lambda: 1))
    result = task.outcome()
    assert result["failed"] and "Ansible has ended" in result["msg"]
    assert [launched.passed for launched in task.launched] == [0, 5, 10]
    assert task.logoffs() == []


def test_another_controller_logs_somebody_off_meanwhile(serve: Serve) -> None:
    """No error comes of a session that another task has ended, and no message comes twice."""
    farm = serve(ALICE, BOB)
    task, other = farm.task(**OPTIONS, reminders=["10s"]), farm.task(users=["alice"])
    others: list[dict[str, object]] = []
    farm.clock.at(12, lambda: others.append(other.run(None, {"inventory_hostname": "RDSH01"})))
    witnessed = farm.api.witnessed
    result = task.outcome()
    assert outcomes(result) == {12: "already_gone", 13: "logged_off"}
    assert not result.get("failed") and not others[0].get("failed")
    assert farm.api.witnessed is witnessed
    assert [(second, session) for second, session, _ in task.messages()] == [(0, 12), (0, 13), (20, 13)]
