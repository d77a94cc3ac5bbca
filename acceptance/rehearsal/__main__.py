# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs a command while a simulated host plays a real one: ``python -m acceptance.rehearsal COMMAND…``.

In the command, {hosts} stands for the inventory. The exit code is the command's.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml

from simulator.control_client import ask
from simulator.private import write_private

from ..stage import ROLES

HERE = Path(__file__).parent
_FARM_STARTS_IN = 30.0  # seconds


def main() -> int:
    """Serve the host, run the command, and return its exit code."""
    parser = argparse.ArgumentParser(prog="acceptance.rehearsal", description=__doc__)
    parser.add_argument("--farm", type=Path, default=HERE / "farm.yml", help="farm file (default: %(default)s)")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="rehearsal-") as name:
        folder = Path(name)
        control = folder / "control"
        farm = subprocess.Popen(
            [sys.executable, "-m", "simulator", "serve", str(options.farm), "--control", str(control)],
            stdout=subprocess.DEVNULL,
            # Ctrl-C is for the command, which then leaves the host as it was.
            start_new_session=True,
        )
        try:
            inventory = folder / "inventory.yml"
            write_private(inventory, yaml.safe_dump(_with_accounts(_inventory_of(control, farm)), sort_keys=False))
            command = [word.replace("{hosts}", str(inventory)) for word in options.command]
            return _run(command, os.environ | {"PATH": _programs(folder), "REHEARSAL_CONTROL": str(control)})
        finally:
            farm.terminate()
            farm.wait()


def _run(command: list[str], environment: dict[str, str]) -> int:
    with subprocess.Popen(command, env=environment) as process:
        signal.signal(signal.SIGTERM, lambda *_: process.terminate())
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:  # it has got it, too
                continue


def _inventory_of(control: Path, farm: subprocess.Popen[bytes]) -> dict[str, Any]:
    """Wait until the farm is served, and return its inventory."""
    ends = time.monotonic() + _FARM_STARTS_IN
    while True:
        try:
            inventory: dict[str, Any] = ask(control, "inventory")
            return inventory
        except (ConnectionError, OSError):
            if farm.poll() is not None or time.monotonic() > ends:
                raise
            time.sleep(0.1)


def _with_accounts(inventory: dict[str, Any]) -> dict[str, Any]:
    """Add what a person with a test host writes into the inventory. The simulator checks no user's password."""
    accounts = [{"user": f"CONTOSO\\{role}", "password": "rehearsed"} for role in ROLES]
    inventory["rdsh"]["vars"] |= {"acceptance_accounts": accounts, "acceptance_settle_seconds": 0}
    return inventory


def _programs(folder: Path) -> str:
    """Make the programs that stand in for others; return a PATH with them at the front."""
    programs = folder / "programs"
    programs.mkdir()
    root = HERE.parents[1]
    for name in "xfreerdp", "Xvfb":
        program = programs / name
        program.write_text(
            f'#!/bin/sh\nPYTHONPATH="{root}" exec "{sys.executable}" -m acceptance.rehearsal.{name.lower()} "$@"\n'
        )
        program.chmod(0o755)
    return os.pathsep.join([str(programs), os.environ["PATH"]])


if __name__ == "__main__":
    sys.exit(main())
