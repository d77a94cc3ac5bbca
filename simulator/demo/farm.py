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

#: What `source` reads, from the folder of the clone.
VARIABLES = ENVIRONMENT / "farm.env"
#: Where the reports go that are asked for below: a folder that Git and the artifact leave out.
REPORTS = HERE.parents[1] / "build"

COMMANDS = (
    "ansible-playbook winops.rds.who_is_on",
    "ansible rdsh -m winops.rds.win_rds_logoff -a states=disconnected --check",
    "ansible rdsh -m win_shell -a quser --limit RDSH02",
    "ansible-playbook winops.rds.who_is_on -e report=build/farm.html",
)

WHAT_IT_IS = """\
{number} simulated hosts are served, until Ctrl-C. They run this collection's modules,
fact gathering, win_ping, win_reboot, and in win_shell one command such as quser.
What needs PowerShell or files, they do not run, and say so.

alice logs off by herself when she is told something, and иванова goes on
working. élodie's session on RDSH02 hangs when it is logged off: the task waits
for its timeout, and fails there; on_timeout=terminate ends such a session.

In another terminal, in this folder:
"""

#: Results in words.
SETTINGS = {"ANSIBLE_STDOUT_CALLBACK": "winops.rds.sessions", "ANSIBLE_LOAD_CALLBACK_PLUGINS": 1}


def variables(inventory: Path) -> str:
    """Return what another terminal has to know, as a shell reads it."""
    settings = {
        "ANSIBLE_COLLECTIONS_PATH": ENVIRONMENT / "collections",
        "ANSIBLE_INVENTORY": inventory,
        **SETTINGS,
    }
    lines = [f'export PATH="{ENVIRONMENT}/bin:$PATH"', *(f'export {name}="{it}"' for name, it in settings.items())]
    return "".join(f"{line}\n" for line in lines)


def instructions(environment: Path) -> str:
    """Return what to type in another terminal."""
    folder = Path.cwd()
    shown = environment.relative_to(folder) if environment.is_relative_to(folder) else environment
    return "\n".join([f"source {shown}", *COMMANDS])


async def main(inventory: Path, environment: Path) -> None:
    """Serve the farm until SIGINT or SIGTERM.

    :param environment: where the variables are written that the instructions begin with.
    """
    stopped = interrupted()
    async with Simulation(FarmSpec.load(HERE / "farm.yml"), ENGINES[default_engine()]()) as simulation:
        simulation.write_inventory(inventory)
        environment.write_text(variables(inventory), "utf-8")
        REPORTS.mkdir(exist_ok=True)
        try:
            print(WHAT_IT_IS.format(number=len(simulation.hosts)))
            print(instructions(environment), flush=True)
            await stopped.wait()
        finally:
            inventory.unlink()
            environment.unlink()


if __name__ == "__main__":
    asyncio.run(main(ENVIRONMENT / "farm.yml", VARIABLES))
    sys.exit()
