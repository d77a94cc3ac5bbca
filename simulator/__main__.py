# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Command line of the simulator.

python -m simulator serve FARM.yml      serve the farm until interrupted; prints the address of the control port
python -m simulator inventory           an Ansible inventory of the farm that is served
python -m simulator state               who is on its hosts
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console
from rich.table import Table

from .control import ControlPort
from .engines import ENGINES, default_engine
from .farm import FarmFileError, FarmSpec
from .simulation import Simulation

CONTROL_PORT = 5980


def main(arguments: list[str] | None = None) -> int:
    """Run a command; return its exit code."""
    options = _parser().parse_args(arguments)
    try:
        if options.command == "serve":
            asyncio.run(_serve(options.farm, options.engine, options.control_port))
        elif options.command == "inventory":
            print(yaml.safe_dump(_get(options.control_port, "inventory"), allow_unicode=True, sort_keys=False), end="")
        else:
            Console().print(*map(_host_table, _get(options.control_port, "hosts")), sep="\n")
    except (FarmFileError, OSError, OverflowError) as error:  # the last is a port that there cannot be
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
    inventory = commands.add_parser("inventory", help="print an Ansible inventory of the farm that is served")
    state = commands.add_parser("state", help="show who is on its hosts")
    for command in (serve, inventory, state):
        command.add_argument("--control-port", type=int, default=CONTROL_PORT, help="(default: %(default)s)")
    return parser


async def _serve(farm: Path, engine: str, control_port: int) -> None:
    spec = FarmSpec.load(farm)
    stopped = asyncio.Event()
    for interrupt in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(interrupt, stopped.set)
    async with Simulation(spec, ENGINES[engine]()) as simulation:
        control = ControlPort(simulation, control_port)
        url = await control.start()
        try:
            for name, service in simulation.services.items():
                print(f"{name:<15} {'  '.join(service.urls)}")
            print(f"control port    {url}\nCtrl-C ends it.", flush=True)
            await stopped.wait()
        finally:
            await control.stop()


def _get(control_port: int, path: str) -> Any:
    url = f"http://127.0.0.1:{control_port}/{path}"
    try:
        with urllib.request.urlopen(url, timeout=10) as response:
            return json.load(response)
    except urllib.error.URLError as error:
        raise ConnectionError(f"no farm is served with its control port at {url} ({error.reason})") from error


def _host_table(host: dict[str, Any]) -> Table:
    table = Table("ID", "Session", "Account", "State", "Last input", title=f"{host['name']} ({host['language']})")
    for session in host["sessions"]:
        account = f"{session['domain']}\\{session['user']}" if session["user"] else ""
        state = session["state"] + (", logging off" if session["logging_off"] else "")
        table.add_row(str(session["id"]), session["name"], account, state, session["last_input_time"] or "")
    return table


if __name__ == "__main__":
    sys.exit(main())
