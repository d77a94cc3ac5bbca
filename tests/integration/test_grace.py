# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A grace period of win_rds_logoff with the real ansible-core and its connection plugins, as the host saw it."""

from __future__ import annotations

import asyncio
import json
import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from simulator.http_service import CutConnection

from .conftest import NEVER_ENDS, Farm, Result
from .examples import examples

Serve = Callable[..., Any]

ALICE = {"id": 12, "user": "alice"}
BOB = {"id": 13, "user": "bob", "state": "disconnected"}
CAROL = {"id": 14, "user": "carol", "idle": "3h"}
OPERATOR = {"id": 1, "name": "console", "user": "operator"}

ENUMERATE, LOGOFF, SEND = "WTSEnumerateSessionsExW", "WTSLogoffSession", "WTSSendMessageW"
TEXT = "{user} on {server}: {minutes} min"


class PassedTime:
    """What the clock of the test shows: see callback_plugins/fake_clock.py."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def at(self, monotonic: float) -> float:
        """Minutes since the start, at a moment of the host's call log."""
        woken = [json.loads(line) for line in self.path.read_text("utf-8").splitlines()]
        return max((w["passed"] for w in woken if w["monotonic"] <= monotonic), default=0.0) / 60


@pytest.fixture
def passed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PassedTime:
    path = tmp_path / "woken.jsonl"
    path.touch()
    monkeypatch.setenv("FAKE_CLOCK", str(path))
    return PassedTime(path)


def graced(options: dict[str, Any]) -> dict[str, Any]:
    return {"winops.rds.win_rds_logoff": {"all": True, "grace": "15m", "message": TEXT, **options}}


def calls(farm: Farm, function: str) -> list[Any]:
    return [call for call in farm.simulation.calls("RDSH01") if call.function == function]


@pytest.mark.parametrize("connection", ["winrm", "psrp"])
def test_fifteen_minutes_with_three_reminders(serve: Serve, passed: PassedTime, connection: str) -> None:
    """The right messages at the right times, and neither a shell nor a runspace open in between."""
    farm = serve([ALICE, BOB, OPERATOR])
    task = graced({"reminders": ["10m", "5m", "1m"]})
    run = farm.playbook([task], "-e", f"ansible_connection={connection}")
    result = run.only()
    assert result.outcomes() == {1: "protected", 12: "logged_off", 13: "logged_off"}, run.output
    assert [(passed.at(call.time), call.session, call.arguments[3]) for call in calls(farm, SEND)] == [
        (minute, session, f"{user} on RDSH01: {left} min")
        for minute, left in [(0, 15), (5, 10), (10, 5), (14, 1)]
        for session, user in [(12, "alice"), (13, "bob")]
    ]
    assert [(passed.at(call.time), call.session) for call in calls(farm, LOGOFF)] == [(15, 12), (15, 13)]
    # Each enumeration is a launch: a message, a look, or the logoff.
    assert [passed.at(call.time) for call in calls(farm, ENUMERATE)] == [*range(16)]
    traffic = farm.simulation.traffic("RDSH01")
    assert {passed.at(exchange.time) for exchange in traffic} == {*range(16)}
    opened = [e.action for e in traffic if e.action in ("Create", "Delete")]
    assert opened == ["Create", "Delete"] * 16
    assert result["deadline"] == "2026-11-21T22:15:00Z"
    assert [record["warnings"] for record in result["sessions"]] == [0, 4, 4]
    assert "RDSH01: 2 sessions warned: alice, bob; logoff at 22:15 UTC (in 15m)" in run.output


def test_one_leaves_one_comes_back_one_logs_on(serve: Serve, passed: PassedTime) -> None:
    """What happens at a look: the host changes just before it."""
    changes = [{"remove": 12}, {"input": 14}, {"put": {"id": 20, "user": "dave", "idle": "5h"}}]
    fault = {"call": ENUMERATE, "after": 3, "times": 1, "before": changes}
    farm = serve([{**ALICE, "idle": "4h"}, CAROL, {**BOB, "idle": "9h"}], faults=[fault])
    run = farm.playbook([graced({"grace": "30s", "idle_for": "2h"})])
    result = run.only()
    assert result.outcomes() == {12: "already_gone", 13: "logged_off", 14: "spared"}
    assert result["changed"] is True
    assert farm.users() == {14: "carol", 20: "dave"}
    assert "15s left: gone: alice; spared: carol; 1 still on: bob" in run.output


def test_it_ends_early_and_changes_nothing(serve: Serve, passed: PassedTime) -> None:
    farm = serve([ALICE], faults=[{"call": ENUMERATE, "after": 3, "times": 1, "before": [{"remove": 12}]}])
    run = farm.playbook([graced({"grace": "30s"})])
    assert run.only().outcomes() == {12: "already_gone"}
    assert run.only()["changed"] is False
    assert passed.at(time.monotonic()) == 0.25
    assert calls(farm, LOGOFF) == []


def test_check_mode_warns_nobody_and_waits_for_nothing(serve: Serve, passed: PassedTime) -> None:
    farm = serve([ALICE, OPERATOR])
    result = farm.playbook([graced({"reminders": ["5m"]})], "--check").only()
    assert result.outcomes() == {1: "protected", 12: "would_log_off"}
    assert (result["changed"], result["deadline"]) == (True, "2026-11-21T22:15:00Z")
    assert result["msg"].endswith("1 would be warned now, and logged off at 22:15 UTC.")
    assert farm.simulation.mutating_calls("RDSH01") == []
    assert len(calls(farm, ENUMERATE)) == 1
    assert passed.at(time.monotonic()) == 0


def test_a_second_run_changes_nothing(serve: Serve, passed: PassedTime) -> None:
    farm = serve([ALICE, OPERATOR])
    task = graced({"grace": "10s"})
    run = farm.playbook([{"name": "first", **task}, {"name": "second", **task}])
    assert run.of("first")["changed"] is True
    assert (run.of("second")["changed"], run.of("second").outcomes()) == (False, {1: "protected"})
    assert len(calls(farm, SEND)) == 1
    assert len(calls(farm, LOGOFF)) == 1


def test_refusals_before_the_host_is_contacted(serve: Serve) -> None:
    farm = serve([ALICE])
    refused: dict[str, tuple[dict[str, Any], str]] = {
        "grace without message": ({"message": "{{ omit }}"}, "grace is given without a message"),
        "message without grace": ({"grace": "{{ omit }}"}, "message is given without a grace period"),
        "null": ({"grace": None}, "grace is null"),
        "late reminder": ({"reminders": ["5m", "20m"]}, "reminders: 20m is not within the grace period"),
        "unknown word": ({"message": "In {mins}"}, "message holds {mins}"),
        "no time": ({"grace": "0s"}, "grace: 0"),
        "no unit": ({"grace": 15}, "grace: '15' has no unit"),
    }
    tasks = [{"name": name, **graced(options), "ignore_errors": True} for name, (options, _) in refused.items()]
    tasks.append({"name": "async", **graced({}), "async": 2000, "poll": 0, "ignore_errors": True})
    run = farm.playbook(tasks)
    for name, (_, words) in {**refused, "async": ({}, "async is not supported")}.items():
        assert run.of(name).status == "failed"
        assert words in run.of(name)["msg"]
    assert farm.simulation.traffic("RDSH01") == []


def test_examples(serve: Serve, passed: PassedTime) -> None:
    """Those with a grace period, one after the other, as a user copies them."""
    tasks = [task for task in examples("win_rds_logoff") if "grace" in task.get("winops.rds.win_rds_logoff", {})]
    assert len(tasks) > 2
    farm = serve([ALICE, CAROL, OPERATOR])
    run = farm.playbook(tasks)
    assert [result.status for result in run.results] == ["ok"] * len(tasks), run.output
    assert farm.users() == {1: "operator"}


def test_a_loop_waits_for_each_item(serve: Serve, passed: PassedTime) -> None:
    farm = serve([ALICE, CAROL])
    task = graced({"all": "{{ omit }}", "users": "{{ item }}", "grace": "6s"})
    farm.playbook([{**task, "loop": ["alice", "carol"]}])
    assert [(passed.at(call.time), call.session) for call in calls(farm, SEND)] == [(0, 12), (0.1, 14)]
    assert farm.users() == {}


EXCHANGES = pytest.mark.parametrize("action", ["Create", "Command", "Send", "Receive", "Signal", "Delete"])


@EXCHANGES
def test_connection_that_is_cut_at_a_look(serve: Serve, passed: PassedTime, action: str) -> None:
    farm = serve([ALICE])
    cut_launch(farm, 2, action)
    run = farm.playbook([graced({"grace": "15s"})])
    assert run.only().outcomes() == {12: "logged_off"}, run.output
    assert [passed.at(call.time) * 60 for call in calls(farm, LOGOFF)] == [15]
    assert "Traceback" not in run.output
    # The host answers to Delete when everything is done.
    assert ("the host was not reached; the next step tries again" in run.output) == (action != "Delete")


PERHAPS_LOGGED_OFF = "whoever was on before it and is already gone may have been logged off by this task"


@EXCHANGES
def test_connection_that_is_cut_at_the_end(serve: Serve, passed: PassedTime, action: str) -> None:
    """The second attempt finds who is left. Each logoff is asked for once; one that was not answered is not claimed."""
    farm = serve([ALICE, BOB])
    # The second attempt does not overtake an engine that is slow to start.
    cut_launch(farm, 2, action, when=lambda: action != "Send" or len(calls(farm, LOGOFF)) == 2)
    result = farm.playbook([graced({"grace": "6s"})]).only()
    assert (result.status, result["changed"]) == ("ok", True)
    is_lost = action in ("Send", "Receive", "Signal")  # the engine runs from Send on; Delete comes after its answer
    assert result.outcomes() == dict.fromkeys((12, 13), "already_gone" if is_lost else "logged_off")
    if is_lost:
        assert PERHAPS_LOGGED_OFF in result["msg"]
    assert farm.users() == {}
    assert [call.session for call in calls(farm, LOGOFF)] == [12, 13]


def test_host_that_is_gone_at_the_end(serve: Serve, passed: PassedTime) -> None:
    farm = serve([ALICE, BOB])
    cut_launch(farm, 2, "Create", times=99)
    result = farm.playbook([graced({"grace": "6s"})]).only()
    assert (result.status, result["changed"]) == ("failed", False)
    assert result["msg"].startswith("alice, bob had been warned of a logoff at 22:00 UTC")
    assert "nobody was logged off" in result["msg"]
    assert result.outcomes() == {12: "failed", 13: "failed"}
    assert calls(farm, LOGOFF) == []


def cut_launch(
    farm: Farm, number: int, action: str, *, times: int = 1, when: Callable[[], bool] = lambda: True
) -> None:
    """Cut the connection at this exchange of a launch (counted from 1), as soon as that is true."""
    seen = {"Create": 0, "cut": 0}

    async def cut(exchange: str) -> None:
        if exchange == "Create":
            seen["Create"] += 1
        if exchange == action and seen["Create"] >= number and seen["cut"] < times:
            seen["cut"] += 1
            while not when():
                await asyncio.sleep(0.01)
            raise CutConnection

    farm.simulation.services["RDSH01"].before_reply = cut


class Background:
    """ansible-playbook in a process group of its own, as a terminal starts it."""

    def __init__(self, farm: Farm, name: str, tasks: list[dict[str, Any]]) -> None:
        folder = farm.folder / name
        folder.mkdir()
        self._playbook = folder / "playbook.json"
        self._playbook.write_text(json.dumps([{"hosts": "rdsh", "gather_facts": False, "tasks": tasks}]), "utf-8")
        self._output = folder / "output"
        self._results = folder / "results.jsonl"
        # Workers inherit it, also where they outlive their parent: it is closed when the last of them has ended.
        self._alive, inherited = os.pipe()
        with self._output.open("w", encoding="utf-8") as output:
            self.process = subprocess.Popen(
                [str(Path(sys.executable).with_name("ansible-playbook")), "-i", str(farm.inventory), self._playbook],
                env={
                    **farm.environment,
                    "ANSIBLE_HOME": str(folder / "ansible"),
                    "RECORD_RESULTS": str(self._results),
                    # Ansible leaves it to Python when lines are written, and to a file Python writes them in blocks.
                    "PYTHONUNBUFFERED": "1",
                },
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=[inherited],
            )
        os.close(inherited)

    @property
    def output(self) -> str:
        return self._output.read_text("utf-8")

    @property
    def result(self) -> Result:
        (line,) = self._results.read_text("utf-8").splitlines()
        read = json.loads(line)
        return Result(read["host"], read["task"], read["status"], read["result"])

    def wait_for(self, text: str) -> None:
        until(lambda: text in self.output or self.process.poll() is not None)
        assert text in self.output

    def wait_for_workers(self) -> None:
        """Wait until nothing of it is left."""
        ended, _, _ = select.select([self._alive], [], [], NEVER_ENDS)
        assert ended, "a worker does not end"

    def close(self) -> None:
        """End what is left of it."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(30)
        os.close(self._alive)


@contextmanager
def background(farm: Farm, name: str, *tasks: dict[str, Any]) -> Iterator[Background]:
    """As from a terminal: what the tests were told to ignore, by nohup or as a job of a script, it does not."""
    ignored = [number for number in (signal.SIGINT, signal.SIGHUP) if signal.getsignal(number) == signal.SIG_IGN]
    for number in ignored:
        signal.signal(number, signal.SIG_DFL)
    run = Background(farm, name, [*tasks])
    for number in ignored:
        signal.signal(number, signal.SIG_IGN)
    try:
        yield run
    finally:
        run.close()


def until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + NEVER_ENDS
    while not condition():
        assert time.monotonic() < end, "it does not come about"
        time.sleep(0.1)


@pytest.mark.parametrize("how", ["Ctrl-C", "killed", "terminal closed"])
def test_who_interrupts_the_wait_logs_nobody_off(serve: Serve, how: str) -> None:
    """Ctrl-C goes to the process group; a killed ansible-playbook leaves its workers behind."""
    farm = serve([ALICE])
    # The first look comes after 12 s, also on a machine on which nothing else here takes less than seconds.
    with background(farm, "run", graced({"grace": "2m"})) as run:
        run.wait_for("1 session warned: alice")
        if how == "Ctrl-C":
            os.killpg(run.process.pid, signal.SIGINT)
        elif how == "killed":
            run.process.kill()
        else:
            os.killpg(run.process.pid, signal.SIGHUP)
        run.process.wait(NEVER_ENDS)
        run.wait_for_workers()
        if how == "Ctrl-C":
            assert re.search(
                r"^RDSH01: interrupted: nobody was logged off; run the task again, or tell those who were warned of a "
                r"logoff at \d\d:\d\d UTC: alice$",
                run.output,
                re.MULTILINE,
            )
    assert len(calls(farm, SEND)) == 1
    assert calls(farm, LOGOFF) == []
    assert farm.users() == {12: "alice"}
    traffic = [exchange.action for exchange in farm.simulation.traffic("RDSH01")]
    assert traffic.count("Create") == traffic.count("Delete")


def test_a_task_that_times_out_logs_nobody_off(serve: Serve) -> None:
    """The keyword ``timeout``, which breaks the task off wherever it is."""
    farm = serve([ALICE])
    with background(farm, "run", {**graced({"grace": "20s"}), "timeout": 8}) as run:
        run.process.wait(NEVER_ENDS)
        told = r"nobody was logged off; run the task again, or tell those who were warned of a logoff at .*: alice"
        assert re.search(f"^RDSH01: interrupted: {told}$", run.output, re.MULTILINE)
        assert re.fullmatch(rf"The task's keyword timeout ended the grace period: {told}\.", run.result["msg"])
        assert (run.result.status, run.result["changed"], run.result["timedout"]) == ("failed", False, {"period": 8})
        assert run.result.outcomes() == {12: "failed"}
    assert calls(farm, LOGOFF) == []


def test_each_host_has_its_own_grace_period(serve: Serve, passed: PassedTime) -> None:
    farm = serve(hosts=[{"name": f"RDSH0{n}", "sessions": [{"id": n, "user": f"user{n}"}]} for n in (1, 2)])
    run = farm.playbook([graced({"grace": "12s", "reminders": ["4s"]})])
    assert {result.host: result.outcomes() for result in run.results} == {
        "RDSH01": {1: "logged_off"},
        "RDSH02": {2: "logged_off"},
    }
    for n in (1, 2):
        texts = [call.arguments[3] for call in farm.simulation.mutating_calls(f"RDSH0{n}") if call.function == SEND]
        assert texts == [f"user{n} on RDSH0{n}: 1 min"] * 2


def test_two_controllers_at_once(serve: Serve) -> None:
    """No message comes twice from one run, and who the other run has logged off is no error."""
    farm = serve([ALICE, BOB, CAROL])
    one = graced({"grace": "8s", "reminders": ["4s"], "message": "one"})
    other = graced({"grace": "8s", "reminders": ["4s"], "message": "other"})
    with background(farm, "one", one) as first, background(farm, "other", other) as second:
        codes = [run.process.wait(NEVER_ENDS) for run in (first, second)]
        assert codes == [0, 0], first.output + second.output
        ends = [first.result.outcomes(), second.result.outcomes()]
    for session in (12, 13, 14):
        # Who has gone before the other run has even begun is not in its result.
        assert {end.get(session) for end in ends} <= {"logged_off", "already_gone", None}
        assert "logged_off" in {end.get(session) for end in ends}
    texts = [(call.arguments[3], call.session) for call in calls(farm, SEND)]
    assert all(texts.count(each) <= 2 for each in texts)  # the warning and the reminder
    assert farm.users() == {}
