# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The whole task without WinRM: the action plugin launches the engine on simulated hosts directly.

What runs is what is shipped (options, selection, the engine's C# on Mono, results); only the way there is left out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

from ansible.playbook.task import Task
from ansible_collections.winops.rds.plugins.action.win_rds_logoff import ActionModule

from simulator.farm import FarmSpec, Host, hosts_of
from simulator.session_table import Session
from simulator.windows_api import Launch, Value, WindowsApi
from tests.support import engines
from tests.support.calls import LOGOFF, QUERY, SESSION_INFO
from tests.support.loops import LoopThread

LANGUAGE = "LC_ALL"


@dataclass
class Witnessed:
    """A call as the host saw it, with what the host was like when it was answered."""

    launch: str
    host: str
    function: str
    arguments: tuple[str, ...]
    outcome: str = "hung"
    """done, refused, or hung: its program ended before it was answered."""
    sessions: dict[int, Session] = field(default_factory=dict)
    """All sessions, as the call met them; none, if it was not carried out."""

    @property
    def session(self) -> int:
        return int(self.arguments[1])

    @property
    def identifies(self) -> bool:
        return self.function == QUERY and self.arguments[2] == str(SESSION_INFO)


class WitnessedApi(WindowsApi):
    """Remembers each call, in the order in which they began."""

    def __init__(self, socket_path: Path, farm: FarmSpec) -> None:
        hosts = hosts_of(farm)
        super().__init__(socket_path, hosts, farm.rpc_latency)
        self.hosts = {host.name: host for host in hosts}
        self.witnessed: list[Witnessed] = []
        self.witnesses = True
        """False: nothing is remembered, which with thousands of sessions takes longer than all else."""
        self._met: dict[asyncio.Task[Any] | None, dict[int, Session]] = {}

    async def answer(self, launch: Launch, host: Host, function: str, arguments: tuple[str, ...]) -> list[Value]:
        """Remembers what the call met: a fault may change the host just before and just after it."""
        if self.witnesses:
            self._met[asyncio.current_task()] = snapshot(host)
        return await super().answer(launch, host, function, arguments)

    async def call(self, launch: Launch, function: str, arguments: tuple[str, ...]) -> list[Value]:
        if not self.witnesses:
            return await super().call(launch, function, arguments)
        try:
            server = self.server_of(launch, function, arguments)
        except Exception:
            server = None
        host = self.host_of(launch, server) or launch.host
        witnessed = Witnessed(launch.token, host.name, function, arguments)
        self.witnessed.append(witnessed)
        try:
            values = await super().call(launch, function, arguments)
            witnessed.outcome = "done"
            return values
        except Exception:
            witnessed.outcome = "refused"
            raise
        finally:
            witnessed.sessions = self._met.pop(asyncio.current_task(), {})


def snapshot(host: Host) -> dict[int, Session]:
    """The sessions that a host has now, as they are now."""
    return {session.id: replace(session) for session in host.table.sessions()}


class Farm:
    """Simulated hosts; the first is the one that tasks run on."""

    def __init__(self, api: WitnessedApi, loop: LoopThread) -> None:
        self.api = api
        self.hosts = api.hosts
        self.host = next(iter(api.hosts.values()))
        self.loop = loop

    def logoff(self, *, check: bool = False, language: str = "C.UTF-8", **options: Any) -> dict[str, Any]:
        """Run one win_rds_logoff task; return its result, failed or not."""
        self.api.witnessed.clear()
        return DirectTask(self, options, check, language).run(None, {"inventory_hostname": self.host.name})

    def launch(self, engine: str, request: str, language: str) -> dict[str, Any]:
        """Run an engine on the first host; return its answer."""
        launching = engines.launch(self.api, self.host, engine, request, environment={LANGUAGE: language})
        answer, _launch = self.loop.run(launching)
        return answer

    def end(self) -> None:
        """End what runs on the hosts."""

    @property
    def leaks(self) -> int | None:
        """What the last launch did not give back."""
        return self.api.launches[-1].leaks

    def users(self, host: str | None = None) -> dict[int, str]:
        """Who is on a host now."""
        table = (self.hosts[host] if host else self.host).table
        return {session.id: session.user for session in table.sessions() if session.user}

    def carried_out(self, function: str = LOGOFF) -> list[tuple[str, int]]:
        """Host and session (or process) of the calls of the last task that changed something."""
        calls = [call for call in self.api.witnessed if call.function == function and call.outcome == "done"]
        return [(call.host, call.session) for call in calls]


class LastingFarm(Farm):
    """The same, whose engines stay from launch to launch (:class:`tests.support.engines.EngineProcesses`)."""

    def __init__(self, api: WitnessedApi, loop: LoopThread) -> None:
        super().__init__(api, loop)
        self._processes = engines.EngineProcesses(api, self.host)

    def launch(self, engine: str, request: str, language: str) -> dict[str, Any]:
        return self.loop.run(self._processes.answer(engine, request))

    def end(self) -> None:
        # What hangs, or is cut off, gives nothing back.
        self.loop.run(self._processes.end(may_leak=True))


class DirectTask(ActionModule):
    """The action plugin, with a launch that goes to the engine directly."""

    def __init__(self, farm: Farm, options: dict[str, Any], check: bool, language: str) -> None:
        task = Task()
        task.action = "winops.rds.win_rds_logoff"
        task.args = options
        task.check_mode = check
        task.diff = True
        windows = SimpleNamespace(_shell=SimpleNamespace(_IS_WINDOWS=True, tmpdir=None))
        super().__init__(task, windows, None, None, None, None)
        self._farm = farm
        self._language = language

    def _execute_module(self, *, module_name: str, module_args: dict[str, Any], **_: Any) -> dict[str, Any]:
        self.launch_begins()
        return self._farm.launch(module_name.rpartition(".")[2], module_args["request"], self._language)

    def say(self, text: str) -> None:
        assert text.isprintable()


F = TypeVar("F", bound=Farm)


@contextmanager
def farm(*hosts: dict[str, Any], **fields: Any) -> Iterator[Farm]:
    """A farm in the words of a farm file, while the simulated Windows API answers for it."""
    with farm_of(Farm, *hosts, **fields) as made:
        yield made


@contextmanager
def farm_of(kind: type[F], *hosts: dict[str, Any], **fields: Any) -> Iterator[F]:
    """The same, of a kind of its own."""
    spec = FarmSpec.model_validate({"hosts": hosts, **fields})
    with LoopThread("simulated Windows API") as loop, loop.entered(engines.answering(WitnessedApi, spec)) as api:
        made = kind(api, loop)
        try:
            yield made
        finally:
            made.end()
