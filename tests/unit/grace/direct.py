# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A grace period without WinRM and without waiting: the action plugin and the engine are the shipped ones; the clock of
the controller and of the hosts is the test's, and the connection opens and closes nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.errors import AnsibleConnectionFailure
from ansible_collections.winops.rds.plugins.plugin_utils._engine.processes import SessionProcessesRequest
from ansible_collections.winops.rds.plugins.plugin_utils._engine.requests import EngineRequest
from ansible_collections.winops.rds.plugins.plugin_utils._grace import schedule

from simulator.farm import Change, Fault
from tests.support.calls import LOGOFF, SEND
from tests.support.loops import LoopThread
from tests.unit.faults import hosts
from tests.unit.faults.hosts import DirectTask, Witnessed, WitnessedApi


class FakeClock:
    """Time passes only by sleeping, and then at once."""

    def __init__(self) -> None:
        self.start = datetime.now(UTC).replace(second=0, microsecond=0)
        self.passed = 0.0
        self._events: list[tuple[float, Callable[[], object]]] = []

    def at(self, moment: float, event: Callable[[], object]) -> None:
        """Let something happen so many seconds after the start."""
        self._events.append((moment, event))

    def seconds(self) -> float:
        return self.passed

    def utc(self) -> datetime:
        return self.start + timedelta(seconds=self.passed)

    def sleep(self, seconds: float) -> None:
        end = self.passed + seconds
        for event in sorted((event for event in self._events if event[0] <= end), key=lambda event: event[0]):
            self._events.remove(event)
            self.passed = max(self.passed, event[0])
            event[1]()
        self.passed = end


@dataclass(frozen=True)
class Launched:
    """A launch of the engine."""

    passed: float
    """Seconds since the start."""
    engine: str
    request: dict[str, Any]
    calls: list[Witnessed]
    """Of Windows, in the order in which they began."""


class Connection:
    """Is open or closed, as those of Windows hosts are; fails while ``down``."""

    def __init__(self) -> None:
        self._shell = SimpleNamespace(_IS_WINDOWS=True, tmpdir=None)
        self.is_open = False
        self.opened = 0
        self.down = False

    def _connect(self) -> None:
        if self.down:
            raise AnsibleConnectionFailure("the host is down")
        self.opened += not self.is_open
        self.is_open = True

    def reset(self) -> None:
        self.is_open = False
        self._connect()

    def close(self) -> None:
        if self.down and self.is_open:
            raise OSError("the connection is broken")
        self.is_open = False


class Farm(hosts.LastingFarm):
    """Simulated hosts, whose time is that of a clock."""

    def __init__(self, api: WitnessedApi, loop: LoopThread) -> None:
        super().__init__(api, loop)
        self.clock = FakeClock()
        for host in self.hosts.values():
            host.table.now = self.clock.utc  # type: ignore[method-assign]

    def change(self, passed: float, *changes: dict[str, Any], host: str | None = None) -> None:
        """Let something happen on a host, so many seconds after the start; in the words of a farm file."""
        changed = self.hosts[host] if host else self.host
        self.clock.at(passed, lambda: changed.apply([Change.model_validate(change) for change in changes]))

    def faults(self, passed: float, *faults: dict[str, Any]) -> None:
        """Let the first host have these faults, and no others, from then on."""
        self.clock.at(passed, lambda: setattr(self.host, "faults", [Fault.model_validate(fault) for fault in faults]))

    def task(self, **options: Any) -> Task:
        return Task(self, options)


class Task(DirectTask):
    """One win_rds_logoff task; several may work on one farm."""

    def __init__(self, farm: Farm, options: dict[str, Any], *, check: bool = False) -> None:
        super().__init__(farm, options, check, "C.UTF-8")
        self.farm = farm
        self.connection = self._connection = Connection()
        self.launched: list[Launched] = []
        self.shown: list[str] = []
        self.before_launch: Callable[[str], object] = lambda engine: None
        self.after_launch: Callable[[str], object] = lambda engine: None
        self._display = SimpleNamespace(
            display=lambda text, stderr: self.shown.append(text),
            warning=self.shown.append,
            vvv=lambda traceback: None,
            verbosity=0,
        )

    def _execute_module(self, *, module_name: str, module_args: dict[str, Any], **_: Any) -> dict[str, Any]:
        self.connection._connect()
        self.launch_begins()
        self.before_launch(module_name)
        witnessed = len(self.farm.api.witnessed)
        result = super()._execute_module(module_name=module_name, module_args=module_args)
        calls, request = self.farm.api.witnessed[witnessed:], json.loads(module_args["request"])
        self.launched.append(Launched(self.farm.clock.passed, module_name, request, calls))
        self.after_launch(module_name)
        return result

    def outcome(self) -> dict[str, Any]:
        """Run it; return its result, failed or not."""
        result = self.run(None, {"inventory_hostname": "RDSH01"})
        # What is open now is Ansible's to close; during a wait nobody would. A look at what still runs comes after it.
        looked = bool(self.launches(SessionProcessesRequest))
        assert not self.connection.is_open or not self.farm.clock.passed or looked
        return result

    def launches(self, kind: type[EngineRequest]) -> list[float]:
        """When the engine of this kind of request was launched, in seconds."""
        return [launched.passed for launched in self.launched if launched.engine == kind.module]

    def messages(self) -> list[tuple[float, int, str]]:
        """What the hosts showed for this task: second, session, text."""
        return [
            (launched.passed, call.session, call.arguments[3])
            for launched in self.launched
            for call in launched.calls
            if call.function == SEND and call.outcome == "done"
        ]

    def logoffs(self) -> list[tuple[float, int]]:
        """For whom a logoff was asked for: second, session."""
        return [
            (launched.passed, call.session)
            for launched in self.launched
            for call in launched.calls
            if call.function == LOGOFF
        ]


def outcomes(result: dict[str, Any]) -> dict[int, str]:
    return {record["id"]: record["result"] for record in result["sessions"]}


@contextmanager
def farm(monkeypatch: pytest.MonkeyPatch, *sessions: dict[str, Any], **fields: Any) -> Iterator[Farm]:
    """A farm: RDSH01 with these sessions, or ``hosts=[…]`` in the words of a farm file."""
    described = fields.pop("hosts", [{"name": "RDSH01", "sessions": sessions, "faults": fields.pop("faults", [])}])
    with hosts.farm_of(Farm, *described, **fields) as made:
        monkeypatch.setattr(schedule, "clock", made.clock)
        yield made
