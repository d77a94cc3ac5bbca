# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Takes to a Windows without a controller what the installed ansible-core sends, and back what it answered.

python -m development.hosted.payloads record FOLDER    what each task sends: FOLDER/TASK/script.ps1 and stdin
python -m development.hosted.payloads judge FOLDER     what the tasks make of each FOLDER/TASK/answer.json

In between, run_payloads.py runs them on Windows. What is recorded is what the real action plugin, connection plugin and
ansible-core have sent to a simulated host. What is judged is the task's result, once the answer has been put in the
place of that host's.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from ansible import release

from simulator.engines import Engine, MonoEngine
from simulator.engines.host_runner import Write
from simulator.engines.payload import parse_module
from simulator.farm import FarmSpec
from simulator.simulation import Simulation
from simulator.windows_api import Launch
from tests.support import ansible_runs

from .tasks import TASKS, Task

#: Somebody for tasks to find, which would otherwise only show that they find nobody.
SESSIONS = [
    {"id": 1, "name": "console", "user": "operator"},
    {"id": 12, "user": "alice"},
    {"id": 14, "user": "bob", "state": "disconnected"},
]

ADD_TYPE = "Ansible.ModuleUtils.AddType.psm1"


#: Each task has a host of its own, by which it is known what belongs to it.
HOSTS = {f"HOST{number:02}": name for number, name in enumerate(TASKS, 1)}


class Recorder:
    """An engine that writes down what arrives, and has it carried out by another one."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine = engine
        self.folder = folder

    async def run(self, script: str, stdin: bytes, write: Write, launch: Launch, environment: dict[str, str]) -> int:
        payload = self.folder / HOSTS[launch.host.name]
        payload.mkdir(parents=True)
        (payload / "script.ps1").write_bytes(script.encode("utf-8"))
        (payload / "stdin").write_bytes(stdin)
        return await self.engine.run(script, stdin, write, launch, environment)


class Replay:
    """An engine that answers what was answered elsewhere."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def run(self, script: str, stdin: bytes, write: Write, launch: Launch, environment: dict[str, str]) -> int:
        answer = json.loads((self.folder / HOSTS[launch.host.name] / "answer.json").read_text("utf-8"))
        for stream in "stdout", "stderr":
            write(stream, base64.b64decode(answer[stream]))
        exit_code: int = answer["exit_code"]
        return exit_code


async def run_tasks(engine: Engine) -> dict[str, str]:
    """Run every task, and return what is wrong with those whose results are not as they have to be."""
    hosts = [{"name": host, "sessions": SESSIONS} for host in HOSTS]
    spec = FarmSpec.model_validate({"http_port": 0, "https_port": None, "hosts": hosts})
    steps = [
        {
            "name": name,
            f"winops.rds.{TASKS[name].module}": TASKS[name].options,
            "check_mode": TASKS[name].check_mode,
            "when": f"inventory_hostname == '{host}'",
        }
        for host, name in HOSTS.items()
    ]
    play = {"hosts": "rdsh", "gather_facts": False, "strategy": "free", "tasks": steps}
    with tempfile.TemporaryDirectory(prefix="hosted-") as scratch:
        inventory, playbook = Path(scratch, "inventory.yml"), Path(scratch, "playbook.json")
        playbook.write_text(json.dumps([play]), "utf-8")
        async with Simulation(spec, engine) as simulation:
            simulation.write_inventory(inventory)
            run = await asyncio.to_thread(
                ansible_runs.run,
                *("ansible-playbook", "-i", str(inventory), str(playbook)),
                variables=ansible_runs.environment(Path(scratch)),
            )
    judged = {name: _wrong(TASKS[name], run.of(name, host)) for host, name in HOSTS.items()}
    return {name: wrong for name, wrong in judged.items() if wrong}


def _wrong(task: Task, result: ansible_runs.Result) -> str | None:
    """What there is instead of the result that has to be."""
    try:
        if task.as_it_has_to_be(result.status, result.values):
            return None
        missing = ""
    except LookupError as error:
        missing = f", without {error}"
    return f"{result.status}{missing}: {json.dumps(result.values, indent=2)}"


def write_sources(folder: Path) -> None:
    """Write the C# of each entry script, and Ansible's compiler for it, for compile.ps1."""
    core = Path(release.__file__).parent
    shutil.copy(core / "module_utils" / "powershell" / ADD_TYPE, folder)
    for payload in folder.glob("*/stdin"):
        module = parse_module(payload.read_bytes())
        sources = folder / "csharp" / module.name.rpartition(".")[2]
        sources.mkdir(parents=True, exist_ok=True)
        for name, source in module.csharp.items():
            (sources / f"{name.removesuffix('.cs').rpartition('.')[2]}.cs").write_text(source, "utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m development.hosted.payloads")
    parser.add_argument("command", choices=["record", "judge"])
    parser.add_argument("folder", type=Path)
    options = parser.parse_args(arguments)
    if options.command == "record":
        wrong = asyncio.run(run_tasks(Recorder(MonoEngine(), options.folder)))
        write_sources(options.folder)
    else:
        wrong = asyncio.run(run_tasks(Replay(options.folder)))
    for name in TASKS:
        print(f"{name}: {wrong.get(name, 'as it has to be')}")
    print(f"ansible-core {release.__version__}: {len(wrong)} of {len(TASKS)} are not as they have to be")
    return len(wrong) > 0


if __name__ == "__main__":
    sys.exit(main())
