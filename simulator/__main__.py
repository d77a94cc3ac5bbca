# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Command line of the simulator.

python -m simulator serve FARM.yml      serve the farm until interrupted
python -m simulator inventory [FILE]    an Ansible inventory of the farm that is served
python -m simulator state               who is on its hosts
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console
from rich.table import Table

from .control import ControlSocket
from .control_client import ask, default_socket
from .engines import ENGINES, default_engine
from .farm import FarmFileError, FarmSpec
from .private import write_private
from .simulation import Simulation, interrupted


def main(arguments: list[str] | None = None) -> int:
    """Run a command; return its exit code."""
    options = _parser().parse_args(arguments)
    try:
        if options.command == "serve":
            asyncio.run(_serve(options.farm, options.engine, options.control))
        elif options.command == "inventory":
            text = yaml.safe_dump(ask(options.control, "inventory"), allow_unicode=True, sort_keys=False)
            if options.file:
                write_private(options.file, text)
            else:
                print(text, end="")
        else:
            Console().print(*map(_host_table, ask(options.control, "hosts")), sep="\n")
    except (FarmFileError, OSError) as error:
        print(f"simulator: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m simulator", description="A simulated farm of session hosts.")
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="serve a farm until interrupted")
    serve.add_argument("farm", type=Path, help="farm file (YAML)")
    serve.add_argument(
        "--engine", choices=ENGINES, default=default_engine(), help="what runs modules (default: %(default)s)"
    )
    inventory = commands.add_parser("inventory", help="an Ansible inventory of the farm that is served")
    inventory.add_argument(
        "file", type=Path, nargs="?", help="where to write it, for this user alone (default: it is printed)"
    )
    state = commands.add_parser("state", help="show who is on its hosts")
    for command in (serve, inventory, state):
        command.add_argument(
            "--control",
            type=Path,
            metavar="SOCKET",
            default=default_socket(),
            help="the control socket, in a folder that only you may enter (default: %(default)s)",
        )
    return parser


async def _serve(farm: Path, engine: str, control_socket: Path) -> None:
    spec = FarmSpec.load(farm)
    stopped = interrupted()
    async with Simulation(spec, ENGINES[engine]()) as simulation:
        control = ControlSocket(simulation, control_socket)
        try:
            await control.start()
            for name, service in simulation.services.items():
                print(f"{name:<15} {'  '.join(service.urls)}")
            print(f"control socket  {control_socket}\nCtrl-C ends it.", flush=True)
            await stopped.wait()
        finally:
            await control.stop()


def _host_table(host: dict[str, Any]) -> Table:
    table = Table("ID", "Session", "Account", "State", "Last input", title=f"{host['name']} ({host['language']})")
    for session in host["sessions"]:
        account = f"{session['domain']}\\{session['user']}" if session["user"] else ""
        state = session["state"] + (", logging off" if session["logging_off"] else "")
        table.add_row(str(session["id"]), session["name"], account, state, session["last_input_time"] or "")
    return table


if __name__ == "__main__":
    sys.exit(main())
