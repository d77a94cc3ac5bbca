# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""``make demo``: serves three hosts, runs the playbook on them, and shows who was on before and after."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from ..engines import ENGINES, default_engine
from ..farm import FarmSpec, Host
from ..session_table import Session
from ..simulation import Simulation
from ..windows_api import Call

HERE = Path(__file__).parent


async def main() -> int:
    """Run the demo; return the exit code of ansible-playbook."""
    console = Console(highlight=False)
    async with Simulation(FarmSpec.load(HERE / "farm.yml"), ENGINES[default_engine()]()) as simulation:
        hosts = [*simulation.hosts.values()]
        before = {host.name: _people(host) for host in hosts}
        console.print(_who_is_on("Before", hosts, before))
        inventory = simulation.write_inventory(simulation.ca_file.parent / "inventory.yml")
        command = ("ansible-playbook", "-i", str(inventory), str(HERE / "playbook.yml"))
        console.print(f"\n[bold]$ ansible-playbook -i inventory.yml {HERE.name}/playbook.yml[/bold]", soft_wrap=True)
        process = await asyncio.create_subprocess_exec(*command, env={**os.environ, "ANSIBLE_NOCOWS": "1"})
        exit_code = await process.wait()
        console.print(_who_is_on("After", hosts, before))
        for host in hosts:
            console.print(_times(host, simulation.mutating_calls(host.name), before[host.name]), soft_wrap=True)
    return exit_code


def _people(host: Host) -> list[Session]:
    return [session for session in host.table.sessions() if session.user]


def _who_is_on(title: str, hosts: list[Host], sessions: dict[str, list[Session]]) -> Table:
    """Everybody who was there, one line each; who has left since is crossed out."""
    columns = ("Host", "ID", "Session", "User", "State", "Idle", "Logoff")
    table = Table(*columns, title=title, box=box.SIMPLE, pad_edge=False, collapse_padding=True)
    table.columns[0].no_wrap = True
    for host in hosts:
        here = {(session.id, session.user) for session in _people(host)}
        for session in sessions[host.name]:
            gone = (session.id, session.user) not in here
            table.add_row(
                f"{host.name} {host.language}",
                str(session.id),
                session.name or "-",
                session.user,
                "logged off" if gone else session.state.name.lower(),
                _idle(host, session),
                f"{session.logoff_seconds:.0f} s" if session.logoff_seconds else "",
                style="dim strike" if gone else "",
            )
        table.add_section()
    return table


def _idle(host: Host, session: Session) -> str:
    minutes = int((host.table.now() - session.last_input_time).total_seconds() // 60) if session.last_input_time else 0
    return f"{minutes // 60} h {minutes % 60:02} min" if minutes >= 60 else f"{minutes} min"


def _times(host: Host, logoffs: list[Call], before: list[Session]) -> str:
    takes = [session.logoff_seconds for call in logoffs for session in before if session.id == call.session]
    spread = logoffs[-1].time - logoffs[0].time if logoffs else 0.0
    return (
        f"{host.name}: {len(logoffs)} logoffs asked for within {spread * 1000:.0f} ms. "
        f"The slowest takes {max(takes, default=0):.0f} s; a loop over them takes {sum(takes):.0f} s."
    )


if __name__ == "__main__":
    started = time.monotonic()
    code = asyncio.run(main())
    print(f"Done in {time.monotonic() - started:.0f} s.")
    sys.exit(code)
