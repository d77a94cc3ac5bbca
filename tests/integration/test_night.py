# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The night of ``make demo``, run once: what each host saw, and when. The grace period is 15 s, with a reminder 5 s
before its end.

On the controller time passes only by waiting (callback_plugins/fake_clock.py), and what users do after seconds they do
at once: so the night is the same on every machine.
"""

from __future__ import annotations

import asyncio
import io
import itertools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from rich.console import Console

from simulator.demo.__main__ import HERE, show
from simulator.farm import FarmSpec
from simulator.simulation import Simulation
from simulator.windows_api import Call

from .conftest import served

#: The launches on each host. The controller waits before the look, the reminder and the logoff.
PLAN, PLAN_FOR_ALL, CLOSE, WARNING, LOOK, REMINDER, LOGOFF, WHO_IS_LEFT, STILL_CLOSED = range(9)
OPEN = -1
#: Until when it waits each time: seconds since the warning.
WAITS = [5.0, 10.0, 15.0]

WARNED = {"RDSH01": [12, 14, 17], "RDSH02": [3, 4], "RDSH03": [5, 6]}
LEFT, HUNG, CAME_BACK = ("RDSH01", 12), ("RDSH02", 3), ("RDSH03", 5)
REST = [("RDSH01", 14), ("RDSH01", 17), ("RDSH02", 4), ("RDSH03", 6)]


@dataclass(frozen=True)
class Night:
    """A night that is over."""

    simulation: Simulation
    exit_code: int
    shown: str
    waits: list[float]
    """Seconds since the warning at the end of each wait, of all hosts."""

    def launches(self, host: str) -> list[str]:
        """The launches on a host, in their order."""
        return [*dict.fromkeys(call.launch for call in self.simulation.calls(host))]

    def calls(self, function: str, host: str, session: int | None = None) -> list[Call]:
        calls = [call for call in self.simulation.mutating_calls(host) if call.function == function]
        return [call for call in calls if session in (None, call.session)]

    def warning(self, host: str, session: int) -> Call:
        return self.calls("WTSSendMessageW", host, session)[0]

    def logoffs(self, host: str, session: int) -> list[Call]:
        return self.calls("WTSLogoffSession", host, session)

    def users(self, host: str) -> dict[int, str]:
        return {session.id: session.user for session in self.simulation.hosts[host].table.sessions() if session.user}


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    farm = yaml.safe_load((HERE / "farm.yml").read_text("utf-8"))
    for host in farm["hosts"]:
        for change in itertools.chain.from_iterable(fault["then"] for fault in host.get("faults", [])):
            change.pop("after", None)
    woken = tmp_path_factory.mktemp("night") / "woken.jsonl"
    with served(FarmSpec.model_validate(farm)) as simulation, pytest.MonkeyPatch.context() as environment:
        environment.setenv("FAKE_CLOCK", str(woken))
        environment.setenv("ANSIBLE_CALLBACK_PLUGINS", str(Path(__file__).parent / "callback_plugins"))
        text = io.StringIO()
        exit_code = asyncio.run(show(simulation, Console(file=text, width=80, highlight=False)))
        waits = [json.loads(line)["passed"] for line in woken.read_text("utf-8").splitlines()]
        yield Night(simulation, exit_code, text.getvalue(), waits)


def test_what_it_shows(night: Night) -> None:
    assert night.exit_code == 0
    assert len(night.shown.splitlines()) <= 45  # with what Ansible says, it is two screens of fifty lines
    assert max(len(line) for line in night.shown.splitlines()) <= 80
    for fate in (
        r"alice +left by themselves",
        r"bob +logged off",
        r"operator +still on: was to stay",
        r"erin +logged on after the work, and was not let in before",
        r"élodie +logged off; hung, so 2 programs were ended",
        r"иванова +still on: came back to work",
    ):
        assert re.search(rf"{fate} *$", night.shown, re.M), fate


def test_what_users_read_and_what_comes_next(night: Night) -> None:
    assert "simulated" in night.shown
    assert "What a user of RDSH01 read: RDSH01 will be closed for maintenance at" in night.shown
    assert "make farm" in night.shown


def test_each_host_is_closed_first_and_opened_last(night: Night) -> None:
    for name, host in night.simulation.hosts.items():
        calls = night.simulation.mutating_calls(name)
        modes = [call for call in calls if call.arguments[1:2] == ("TSServerDrainMode",)]
        sessions = [call.time for call in calls if call.session is not None]
        assert modes[0].time < min(sessions) and max(sessions) < modes[1].time
        # RDSH03, on which somebody is left, is opened without a look at whether it is still closed.
        assert len(night.launches(name)) == (9 if name == "RDSH03" else 10)
        assert [modes[0].launch, modes[1].launch] == [night.launches(name)[n] for n in (CLOSE, OPEN)]
        assert [(call.arguments[1], call.arguments[3]) for call in modes] == [
            ("TSServerDrainMode", "2"),
            ("TSServerDrainMode", "0"),
        ]
        assert host.registry.logon_mode == "enabled"


def test_newcomer_is_refused_until_the_work_is_done(night: Night) -> None:
    closed, opened = (
        call for call in night.calls("RegSetValueExW", "RDSH01") if call.arguments[1] == "TSServerDrainMode"
    )
    (refused,) = night.simulation.hosts["RDSH01"].refused_logons
    assert refused.account == "CONTOSO\\erin"
    assert closed.time < refused.time < opened.time
    assert night.users("RDSH01") == {1: "operator", 20: "erin"}
    assert night.calls("WTSSendMessageW", "RDSH01", 20) == night.logoffs("RDSH01", 20) == []


def test_the_controller_waits_as_it_is_told(night: Night) -> None:
    """A launch follows each wait, so that these are the times of the look, the reminder and the logoff."""
    assert sorted(night.waits) == sorted(WAITS * len(night.simulation.hosts))


def test_everybody_is_warned_in_one_launch_and_told_the_time(night: Night) -> None:
    for host, sessions in WARNED.items():
        warnings = [night.warning(host, session) for session in sessions]
        assert {warning.launch for warning in warnings} == {night.launches(host)[WARNING]}
        for warning in warnings:
            title, text = warning.arguments[2:4]
            assert title == host
            assert re.fullmatch(
                rf"{host} will be closed for maintenance at \d\d:\d\d\. Please save your work and log off\.", text
            )


def test_who_leaves_is_not_reminded_nor_logged_off(night: Night) -> None:
    host, session = LEFT
    assert len(night.calls("WTSSendMessageW", host, session)) == 1
    assert night.logoffs(host, session) == []
    assert session not in night.users(host)


def test_who_comes_back_is_spared(night: Night) -> None:
    host, session = CAME_BACK
    assert len(night.calls("WTSSendMessageW", host, session)) == 1
    assert night.logoffs(host, session) == []
    assert night.users(host) == {session: "иванова"}


@pytest.mark.parametrize(("host", "session"), [HUNG, *REST])
def test_the_others_are_reminded_once(night: Night, host: str, session: int) -> None:
    messages = night.calls("WTSSendMessageW", host, session)
    assert [message.launch for message in messages] == [night.launches(host)[n] for n in (WARNING, REMINDER)]


@pytest.mark.parametrize(("host", "session"), [HUNG, *REST])
def test_the_others_are_logged_off_once_and_not_before_their_time(night: Night, host: str, session: int) -> None:
    (logoff,) = night.logoffs(host, session)
    assert logoff.error == 0
    assert logoff.launch == night.launches(host)[LOGOFF]
    assert session not in night.users(host)


def test_who_hangs_loses_the_programs_after_the_timeout(night: Night) -> None:
    host, session = HUNG
    (logoff,) = night.logoffs(host, session)
    ended = night.calls("TerminateProcess", host)
    assert len(ended) == 2
    # The engine counts from when it asked, which is taken down a little later where the machine has much else to do.
    assert ended[0].time - logoff.time >= 3.9
    assert {call.launch for call in ended} == {logoff.launch}
    assert not night.simulation.hosts[host].table.crashed
    for other in WARNED.keys() - {host}:
        assert night.calls("TerminateProcess", other) == []
