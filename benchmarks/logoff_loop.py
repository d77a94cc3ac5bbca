# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Twenty sessions that need 2 s each: one win_rds_logoff task, and a loop over ``logoff`` as people write it today.

    make link && .venv/bin/python -m benchmarks.logoff_loop [SESSIONS [SECONDS]]

Both are real ansible-playbook runs over WinRM against a simulated host. Compare the ratio, not the seconds.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml

from simulator.engines import ENGINES, default_engine
from simulator.farm import FarmSpec
from simulator.simulation import Simulation

LOOP = [
    {"ansible.builtin.raw": "quser", "register": "listing", "changed_when": False},
    {
        "ansible.builtin.raw": "logoff {{ item }}",
        # The ID is the first number that stands alone: a session name may be missing, so columns do not tell.
        "loop": "{{ listing.stdout_lines[1:] | select | map('regex_findall', ' ([0-9]+) ') | map('first') }}",
    },
]
OURS = [{"winops.rds.win_rds_logoff": {"all": True}}]


async def run(tasks: list[dict[str, Any]], sessions: int, seconds: float) -> tuple[float, float, int]:
    """Run the tasks on a fresh host; return the wall time, the time from the first to the last call of the Windows
    API (both in seconds), and the number of sessions left."""
    people = [{"id": n, "user": f"user{n}", "logoff": seconds} for n in range(2, sessions + 2)]
    spec = FarmSpec.model_validate(
        {"http_port": 0, "https_port": None, "hosts": [{"name": "RDSH01", "sessions": people}]}
    )
    async with Simulation(spec, ENGINES[default_engine()]()) as simulation:
        with tempfile.TemporaryDirectory() as folder:
            inventory = simulation.write_inventory(Path(folder) / "inventory.yml")
            playbook = Path(folder) / "playbook.yml"
            playbook.write_text(yaml.safe_dump([{"hosts": "rdsh", "gather_facts": False, "tasks": tasks}]), "utf-8")
            began = time.monotonic()
            process = await asyncio.create_subprocess_exec(
                str(Path(sys.executable).with_name("ansible-playbook")),
                *("-i", str(inventory), str(playbook)),
                env={
                    **os.environ,
                    "ANSIBLE_COLLECTIONS_PATH": str(Path(__file__).parents[1] / ".venv" / "collections"),
                },
                stdout=asyncio.subprocess.DEVNULL,
            )
            if await process.wait():
                sys.exit("ansible-playbook failed; run it without DEVNULL to see why")
            wall = time.monotonic() - began
        calls = simulation.calls("RDSH01")
        left = sum(bool(session.user) for session in simulation.hosts["RDSH01"].table.sessions())
        return wall, calls[-1].time - calls[0].time, left


async def main(sessions: int, seconds: float) -> None:
    print(f"{sessions} sessions that need {seconds:g} s each   wall    on the host   left")
    for name, tasks in (("win_rds_logoff", OURS), ("quser and logoff in a loop", LOOP)):
        wall, on_host, left = await run(tasks, sessions, seconds)
        print(f"{name:<36} {wall:5.1f} s   {on_host:7.1f} s   {left}")


if __name__ == "__main__":
    asyncio.run(main(int((*sys.argv[1:2], 20)[0]), float((*sys.argv[2:3], 2)[0])))
