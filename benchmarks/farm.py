# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A simulated farm in a process of its own, so that its cost is not taken for the controller's; and Ansible on it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import yaml

from simulator import control_client
from simulator.private import write_private
from tests.support.paths import COLLECTIONS

from . import processes
from .processes import Cost

#: How long PowerShell takes to start on a simulated host, where that matters; on Windows it is about a second.
LAUNCH_SECONDS = 1


@dataclass(frozen=True)
class Wire:
    """What went over the wire, as the host saw it."""

    requests: int
    sent: int
    """Bytes of HTTP bodies from the controller."""
    received: int
    """Bytes of HTTP bodies to the controller."""
    launches: int


class Farm:
    """A farm that is served."""

    def __init__(self, process: subprocess.Popen[bytes], control: Path, folder: Path) -> None:
        self._process = psutil.Process(process.pid)
        self._control = control
        self.folder = folder
        self.inventory: dict[str, Any] = self.ask("inventory")

    def ask(self, path: str, body: Any = None) -> Any:
        """Ask it by its control socket; with a body, POST it."""
        return control_client.ask(self._control, path, body, timeout=60)

    def put(self, host: str, sessions: Sequence[Mapping[str, Any]]) -> None:
        """Let sessions appear on a host."""
        self.ask(f"hosts/{host}/changes", [{"put": session} for session in sessions])

    def users(self, host: str) -> int:
        """How many users a host has."""
        return sum(bool(session["user"]) for session in self.ask(f"hosts/{host}")["sessions"])

    def exchanges(self, host: str) -> list[dict[str, Any]]:
        """All HTTP exchanges with a host so far."""
        found: list[dict[str, Any]] = self.ask(f"hosts/{host}/traffic")
        return found

    def cpu(self) -> tuple[float, float]:
        """Seconds of the simulator so far: its own, and of the programs that it ran on its hosts."""
        times = self._process.cpu_times()
        return times.user + times.system, times.children_user + times.children_system

    def ansible(
        self,
        arguments: Sequence[str],
        *,
        hosts: int = 1,
        program: Sequence[str | Path] = (),
        environment: Mapping[str, str] | None = None,
        memory: Callable[[int], int] | None = None,
    ) -> Cost:
        """Run ``ansible rdsh ARGUMENTS`` with an inventory of the first so many hosts, or another program.

        :raises processes.RunFailed: a task failed.
        """
        command = program or (ansible_command("ansible"), "rdsh")
        return processes.run(
            [*command, "-i", self._inventory_of(hosts), *arguments],
            self.folder / "ansible.log",
            environment={
                "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
                "ANSIBLE_HOME": str(self.folder / "ansible"),
                "ANSIBLE_NOCOLOR": "1",
                **(environment or {}),
            },
            memory=memory,
        )

    def playbook(self, tasks: Sequence[Mapping[str, Any]]) -> Cost:
        """Run ``ansible-playbook`` with these tasks on the first host.

        :raises processes.RunFailed: a task failed.
        """
        path = self.folder / "playbook.yml"
        path.write_text(yaml.safe_dump([{"hosts": "rdsh", "gather_facts": False, "tasks": [*tasks]}]), "utf-8")
        return self.ansible([str(path)], program=[ansible_command("ansible-playbook")])

    def _inventory_of(self, count: int) -> Path:
        path = self.folder / f"inventory-{count}.json"
        if not path.exists():
            group = self.inventory["rdsh"]
            hosts = dict([*group["hosts"].items()][:count])
            write_private(path, json.dumps({"rdsh": {**group, "hosts": hosts}}))
        return path


def ansible_command(name: str) -> Path:
    """The command of the environment that this runs in."""
    return Path(sys.executable).with_name(name)


def wire(exchanges: Sequence[Mapping[str, Any]]) -> Wire:
    """Sum HTTP exchanges up."""
    return Wire(
        len(exchanges),
        sum(exchange["request_bytes"] for exchange in exchanges),
        sum(exchange["response_bytes"] for exchange in exchanges),
        sum(exchange["action"] == "Command" for exchange in exchanges),
    )


@contextmanager
def served(folder: Path, *, engine: str = "mono", **farm: Any) -> Iterator[Farm]:
    """Serve a farm, in the words of a farm file."""
    folder.mkdir(parents=True)
    path = folder / "farm.yml"
    path.write_text(yaml.safe_dump({"http_port": 0, "https_port": None, **farm}), "utf-8")
    control = folder / "control" / "socket"
    process = subprocess.Popen(
        [sys.executable, "-m", "simulator", "serve", path, "--control", control, "--engine", engine],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdout is not None
    try:
        os.sched_setaffinity(process.pid, processes.HOST_CPUS)
        if not any(line.startswith(b"control socket") for line in process.stdout):
            raise processes.RunFailed("the simulator did not start; it says why above")
        yield Farm(process, control, folder)
    finally:
        try:
            process.terminate()
            process.wait(30)
        finally:
            processes.end(process)
            process.stdout.close()
