# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""``make farm``: serves the hosts of the demo until it is interrupted, and says what to type in another terminal."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from ..engines import ENGINES, default_engine
from ..farm import FarmSpec
from ..simulation import Simulation, interrupted

HERE = Path(__file__).parent
#: Where `make` installs.
ENVIRONMENT = HERE.parents[1] / ".venv"

COMMANDS = (
    "ansible-playbook winops.rds.who_is_on",
    "ansible rdsh -m winops.rds.win_rds_logoff -a states=disconnected --check",
    "ansible-playbook winops.rds.who_is_on -e report=farm.html",
)

#: Results in words.
SETTINGS = {"ANSIBLE_STDOUT_CALLBACK": "winops.rds.sessions", "ANSIBLE_LOAD_CALLBACK_PLUGINS": 1}


def instructions(inventory: Path) -> str:
    """Return what to paste into another terminal: the environment, and commands."""
    settings = {
        "ANSIBLE_COLLECTIONS_PATH": ENVIRONMENT / "collections",
        "ANSIBLE_INVENTORY": inventory,
        **SETTINGS,
    }
    lines = [
        f'export PATH="{ENVIRONMENT}/bin:$PATH"',
        *(f'export {name}="{value}"' for name, value in settings.items()),
    ]
    return "\n".join([*lines, "", *COMMANDS])


async def main(inventory: Path) -> None:
    """Serve the farm until SIGINT or SIGTERM."""
    stopped = interrupted()
    async with Simulation(FarmSpec.load(HERE / "farm.yml"), ENGINES[default_engine()]()) as simulation:
        simulation.write_inventory(inventory)
        try:
            print(f"{len(simulation.hosts)} simulated hosts are served, until Ctrl-C. In another terminal:\n")
            print(instructions(inventory), flush=True)
            await stopped.wait()
        finally:
            inventory.unlink()


if __name__ == "__main__":
    asyncio.run(main(ENVIRONMENT / "farm.yml"))
    sys.exit()
