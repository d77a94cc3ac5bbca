# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A farm to test against, and the real Ansible to test with."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from simulator.engines import ENGINES, Engine, default_engine
from simulator.farm import FarmSpec
from simulator.simulation import Simulation
from tests.support import ansible_runs
from tests.support.ansible_runs import NEVER_ENDS, Finish, Result, Run, finished
from tests.support.fork_server import ForkServers
from tests.support.loops import LoopThread
from tests.support.paths import COLLECTIONS

#: https://learn.microsoft.com/windows/win32/winrm/installation-and-configuration-for-windows-remote-management
WINRM_PORTS = {"http": 5985, "https": 5986}

__all__ = ["COLLECTIONS", "NEVER_ENDS", "Farm", "Result", "Run", "serve", "served"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """On the engine that runs PowerShell, skip what PowerShell can only do on Windows."""
    if default_engine() == "pwsh":
        for item in items:
            for mark in item.iter_markers("windows"):
                item.add_marker(pytest.mark.skip(reason=f"only on Windows: {mark.args[0]}"))


class Farm:
    """A simulated farm that is being served, and the Ansible that is pointed at it."""

    def __init__(self, simulation: Simulation, folder: Path, finish: Finish = finished) -> None:
        self.simulation = simulation
        self.inventory = simulation.write_inventory(folder / "inventory.yml")
        self.folder = folder
        self._finish = finish

    def adhoc(self, module: str, options: str = "", *flags: str) -> Run:
        """``ansible rdsh -m MODULE -a OPTIONS FLAGS``"""
        arguments = ("-a", options) if options else ()
        return self._run("ansible", "rdsh", "-m", module, *arguments, *flags)

    def logoff(self, options: str, *flags: str) -> Result:
        """Ad hoc on the only host, and its result."""
        return self.adhoc("winops.rds.win_rds_logoff", options, *flags).only()

    def playbook(self, tasks: list[dict[str, Any]], *flags: str, **play: Any) -> Run:
        """A playbook of one play with these tasks."""
        path = self.folder / "playbook.yml"
        path.write_text(yaml.safe_dump([{"hosts": "rdsh", "gather_facts": False, **play, "tasks": tasks}]), "utf-8")
        return self._run("ansible-playbook", str(path), *flags)

    def run(self, playbook: str | Path, *flags: str) -> Run:
        """A playbook that there is: its path, or its name in the collection."""
        return self._run("ansible-playbook", str(playbook), *flags)

    def users(self, host: str = "RDSH01") -> dict[int, str]:
        """Who is on a host now."""
        return {session.id: session.user for session in self.simulation.hosts[host].table.sessions() if session.user}

    @property
    def environment(self) -> dict[str, str]:
        """Of an Ansible command: it finds this collection, and writes down its results."""
        return ansible_runs.environment(self.folder) | {"HOST_NAMES": json.dumps(self.endpoints)}

    @property
    def endpoints(self) -> dict[str, tuple[str, int]]:
        """Where the endpoints are that real hosts have: ``rdsh01.contoso.com:5986``."""
        urls = {
            (name, scheme): (address, int(port))
            for name, service in self.simulation.services.items()
            for scheme, address, port in (re.split("[:/]+", url)[:3] for url in service.urls)
        }
        names = {name: f"{name.lower()}.{self.simulation.spec.dns_domain}" for name in self.simulation.services}
        return {f"{names[name]}:{WINRM_PORTS[scheme]}": endpoint for (name, scheme), endpoint in urls.items()}

    def refuses(self, module: str, cases: dict[str, tuple[dict[str, Any], str]]) -> None:
        """Assert that the options of each case are refused in its words, before the host is contacted."""
        run = self.playbook(
            [{"name": name, module: options, "ignore_errors": True} for name, (options, _) in cases.items()]
        )
        for name, (_, words) in cases.items():
            assert run.of(name).status == "failed"
            assert words in run.of(name)["msg"]
        assert self.simulation.traffic("RDSH01") == []

    def _run(self, command: str, *arguments: str) -> Run:
        return ansible_runs.run(
            command, "-i", str(self.inventory), *arguments, variables=self.environment, finish=self._finish
        )


@contextmanager
def served(spec: FarmSpec, engine: Engine | None = None) -> Iterator[Simulation]:
    """The farm, served from a thread of its own."""
    simulation = Simulation(spec, engine or ENGINES[default_engine()]())
    with LoopThread("simulated farm") as loop, loop.entered(simulation):
        yield simulation


@pytest.fixture(scope="session")
def fork_servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForkServers]:
    """What Ansible is run by."""
    with ForkServers(tmp_path_factory.mktemp("fork-servers")) as servers:
        yield servers


@pytest.fixture
def serve(tmp_path: Path, fork_servers: ForkServers) -> Iterator[Callable[..., Farm]]:
    """Serve farms: ``serve([sessions of RDSH01])`` or ``serve(hosts=[…], **other fields of the farm file)``."""
    with ExitStack() as stack:

        def start(sessions: list[dict[str, Any]] | None = None, **fields: Any) -> Farm:
            if sessions is not None:
                fields["hosts"] = [{"name": "RDSH01", "sessions": sessions, "faults": fields.pop("faults", [])}]
            spec = FarmSpec.model_validate({"http_port": 0, "https_port": None, **fields})
            return Farm(stack.enter_context(served(spec)), tmp_path, fork_servers.finished)

        yield start
