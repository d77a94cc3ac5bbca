# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One task is one launch: what goes over the wire, next to ansible.windows.win_ping, the floor of any module.

Counts, which are the same on every machine; ``make bench`` measures the times.
"""

from __future__ import annotations

import asyncio
import functools
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from ansible.release import __version__ as ansible_version
from packaging.version import Version

from simulator.engines import ENGINES, Engine, default_engine
from simulator.engines.host_runner import Write
from simulator.farm import FarmSpec
from simulator.simulation import Simulation
from simulator.windows_api import Launch

from .conftest import COLLECTIONS, Farm, served

PING = "PING"
SESSIONS = 10

#: From 2.22 on (ansible/executor/powershell/module_manifest.py). What win_ping brings along is smaller then.
COMPRESSES = Version(ansible_version) >= Version("2.22.0b1")
LITTLE = 0.79 if COMPRESSES else 0.60
#: Of the modules that leave an event on the host: 0.92 to 0.935, of which the event is 0.04, the imports from Windows
#: and the texts of SIDs among it.
TRACED = 1.07 if COMPRESSES else 0.94


@dataclass(frozen=True)
class Task:
    """A task of a module, which has a host of its own."""

    module: str
    options: dict[str, Any] = field(default_factory=dict)
    check_mode: bool = False
    changes: dict[str, int] = field(default_factory=dict)
    """The calls that it makes of functions that change something."""
    sent: float = 1.03 if COMPRESSES else 0.91  # 0.90, and what a longer path of the collection adds
    """Bytes that it sends at most, of those that win_ping sends. The C# travels with each task."""


TASKS = {
    "LOGOFF-NOBODY": Task("win_rds_logoff", {"users": "nobody"}, sent=TRACED),
    "LOGOFF-CHECK": Task("win_rds_logoff", {"all": True}, check_mode=True, sent=TRACED),
    "LOGOFF": Task("win_rds_logoff", {"all": True}, changes={"WTSLogoffSession": SESSIONS}, sent=TRACED),
    "INFO": Task("win_rds_session_info"),
    "INFO-PROCESSES": Task("win_rds_session_info", {"processes": True}, sent=1.08 if COMPRESSES else 0.95),
    "DISC-CHECK": Task("win_rds_disconnect", {"all": True}, check_mode=True, sent=TRACED),
    "DISC": Task("win_rds_disconnect", {"all": True}, changes={"WTSDisconnectSession": SESSIONS}, sent=TRACED),
    "MESSAGE-CHECK": Task("win_rds_message", {"all": True, "message": "Hello"}, check_mode=True),
    "MESSAGE": Task("win_rds_message", {"all": True, "message": "Hello"}, changes={"WTSSendMessageW": SESSIONS}),
    "MODE-INFO": Task("win_rds_logon_mode_info", sent=LITTLE),
    "MODE-CHECK": Task("win_rds_logon_mode", {"mode": "drain"}, check_mode=True, sent=LITTLE),
    "MODE-SET": Task("win_rds_logon_mode", {"mode": "drain"}, changes={"RegSetValueExW": 1}, sent=LITTLE),
}


class AfterReceive:
    """An engine that begins once the client has asked for output.

    Else a client that is slow to ask would get the output and the end of the command by one Receive instead of two.
    """

    def __init__(self) -> None:
        self._engine: Engine = ENGINES[default_engine()]()
        self._asked = {name: asyncio.Event() for name in (PING, *TASKS)}

    def watch(self, simulation: Simulation) -> None:
        """Learn of the Receives on these hosts."""
        for name, event in self._asked.items():
            simulation.services[name].before_answer = functools.partial(self._note, event)

    async def _note(self, event: asyncio.Event, exchange: str) -> None:
        if exchange == "Receive":
            event.set()

    async def run(self, script: str, stdin: bytes, write: Write, launch: Launch, environment: dict[str, str]) -> int:
        await self._asked[launch.host.name].wait()
        return await self._engine.run(script, stdin, write, launch, environment)


@pytest.fixture(scope="module")
def simulation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulation]:
    """A farm on which every task has run on its host, and win_ping on another."""
    if not (COLLECTIONS / "ansible_collections/ansible/windows").exists():
        pytest.skip("ansible.windows is not installed (make setup)")
    people = [{"id": n, "user": f"user{n}", "logoff": "0.2s"} for n in range(2, SESSIONS + 2)]
    hosts = [{"name": name, "sessions": people} for name in (PING, *TASKS)]
    spec = FarmSpec.model_validate({"http_port": 0, "https_port": None, "hosts": hosts})
    steps: list[dict[str, Any]] = [
        {
            f"winops.rds.{task.module}": task.options,
            "check_mode": task.check_mode,
            "when": f"inventory_hostname == '{name}'",
        }
        for name, task in TASKS.items()
    ]
    steps.append({"ansible.windows.win_ping": {}, "when": f"inventory_hostname == '{PING}'"})
    engine = AfterReceive()
    with served(spec, engine) as simulation:
        engine.watch(simulation)
        run = Farm(simulation, tmp_path_factory.mktemp("launch")).playbook(steps, strategy="free")
        assert run.exit_code == 0, run.output
        yield simulation


@pytest.mark.parametrize("name", TASKS)
def test_as_many_requests_as_win_ping(simulation: Simulation, name: str) -> None:
    # A Receive that is answered with a time-out, after 20 s, says how fast the machine is.
    ours, floor = (
        Counter(e.action for e in simulation.traffic(host) if (e.action, e.status) != ("Receive", 500))
        for host in (name, PING)
    )
    assert ours["Command"] == 1
    # A longer payload may need one Send more; nothing else may differ.
    assert ours["Send"] <= floor["Send"] + 1
    assert {**ours, "Send": 0} == {**floor, "Send": 0}


@pytest.mark.parametrize("name", TASKS)
def test_sends_little_more_than_win_ping(simulation: Simulation, name: str) -> None:
    ours, floor = (sum(e.request_bytes for e in simulation.traffic(host)) for host in (name, PING))
    print(f"{ours} bytes sent, win_ping {floor}: {ours / floor:.3f}")  # pytest -rP shows it
    assert ours <= TASKS[name].sent * floor


@pytest.mark.parametrize("name", TASKS)
def test_is_launched_once_and_changes_what_it_is_to(simulation: Simulation, name: str) -> None:
    assert len({call.launch for call in simulation.calls(name)}) == 1
    assert Counter(call.function for call in simulation.mutating_calls(name)) == TASKS[name].changes
    assert len(simulation.hosts[name].event_log) == (
        not TASKS[name].check_mode and name in ("LOGOFF", "DISC", "MODE-SET")
    )
    assert [launch.leaks for launch in simulation.api.launches if launch.host.name == name] == [0]
