# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""``make demo``: serves three hosts, runs the playbook on them, and shows who was on before, the night, and who is on
after. It fits two screens of fifty lines."""

from __future__ import annotations

import asyncio
import os
import sys
import textwrap
from collections.abc import Iterable
from copy import deepcopy
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

#: Where the report of the night is written.
REPORT = Path("build/night.html")

INTRODUCTION = """\
Three session hosts are patched at night. They are simulated, with their users
and Windows; Ansible, its connection and this collection are real. Whoever has
been idle for half an hour is warned and has 15 seconds to save. On RDSH03
somebody goes on working, so this host is left for another night.
"""

WHAT_NEXT = """\
To try it yourself: make farm
"""


async def main() -> int:
    """Serve the farm, and show the night; return the exit code of ansible-playbook."""
    async with Simulation(FarmSpec.load(HERE / "farm.yml"), ENGINES[default_engine()]()) as simulation:
        REPORT.parent.mkdir(exist_ok=True)
        return await show(simulation, Console(highlight=False), REPORT)


async def show(simulation: Simulation, console: Console, report: Path | None = None) -> int:
    """Run the playbook on a farm that is served; return its exit code.

    :param console: where the tables go. What Ansible says goes to stdout.
    :param report: where a report of the night is written.
    """
    hosts = [*simulation.hosts.values()]
    before = {host.name: _people(host) for host in hosts}
    console.print(INTRODUCTION)
    console.print(_before(hosts, before))
    inventory = simulation.write_inventory(simulation.ca_file.parent / "inventory.yml")
    command = ("ansible-playbook", "-i", str(inventory), str(HERE / "playbook.yml"))
    # As it is typed in the environment that `make farm` prints.
    console.print("[bold]$ ansible-playbook simulator/demo/playbook.yml[/bold]", soft_wrap=True)
    exit_code = await _run(command, report)
    console.print(_read(simulation, hosts[0]), markup=False, soft_wrap=True)
    console.print(_after(simulation, hosts, before))
    if report:
        console.print(f"The night for a browser: {report}", soft_wrap=True)
    console.print(WHAT_NEXT)
    return exit_code


async def _run(command: tuple[str, ...], report: Path | None) -> int:
    """Run Ansible; return its exit code.

    What it says on stderr is shown where it fails. Otherwise that is the failure on a host that the playbook goes on to
    leave for another night, which it says itself.
    """
    environment = {
        **os.environ,
        "ANSIBLE_NOCOWS": "1",
        "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml",
        "ANSIBLE_STDOUT_CALLBACK": "winops.rds.sessions",
        "ANSIBLE_DISPLAY_FAILED_STDERR": "yes",
        # What changed nothing has nothing to tell here.
        "ANSIBLE_DISPLAY_OK_HOSTS": "no",
        "ANSIBLE_DISPLAY_SKIPPED_HOSTS": "no",
    }
    if report:
        environment |= {
            "ANSIBLE_CALLBACKS_ENABLED": "winops.rds.session_report",
            "WINOPS_RDS_SESSION_REPORT_PATH": str(report),
            "WINOPS_RDS_SESSION_REPORT_TITLE": "A maintenance night on simulated hosts",
        }
    process = await asyncio.create_subprocess_exec(*command, env=environment, stderr=asyncio.subprocess.PIPE)
    _, errors = await process.communicate()
    if process.returncode:
        sys.stderr.write(errors.decode("utf-8", "replace"))
    return process.returncode or 0


def _read(simulation: Simulation, host: Host) -> str:
    """The first warning, as a user saw it."""
    warning = next(call for call in simulation.mutating_calls(host.name) if call.function == "WTSSendMessageW")
    return textwrap.fill(f"What a user of {host.name} read: {warning.arguments[3]}", 80) + "\n"


def _people(host: Host) -> list[Session]:
    """Who is on, as it is now: the sessions of a table change."""
    return deepcopy([session for session in host.table.sessions() if session.user])


def _table(title: str, *columns: str) -> Table:
    table = Table(*columns, title=title, title_justify="left", box=box.SIMPLE, pad_edge=False, collapse_padding=True)
    for column in table.columns[:-1]:
        column.no_wrap = True
    return table


def _before(hosts: list[Host], before: dict[str, list[Session]]) -> Table:
    table = _table("Who is on before", "Host", "ID", "Session", "User", "State", "Idle")
    for host in hosts:
        for session in before[host.name]:
            row = (str(session.id), session.name or "-", session.user, session.state.name.lower(), _idle(host, session))
            table.add_row(f"{host.name} {host.language}", *row)
    return table


def _idle(host: Host, session: Session) -> str:
    minutes = int((host.table.now() - session.last_input_time).total_seconds() // 60) if session.last_input_time else 0
    return f"{minutes // 60} h {minutes % 60:02} min" if minutes >= 60 else f"{minutes} min"


def _after(simulation: Simulation, hosts: list[Host], before: dict[str, list[Session]]) -> Table:
    table = _table("Who is on after", "Host", "ID", "User", "What became of them")
    for host in hosts:
        calls = simulation.calls(host.name)
        here = {(session.id, session.user): session for session in _people(host)}
        for session in before[host.name]:
            on = here.pop((session.id, session.user), None) is not None
            style = "bold" if on else "dim"
            table.add_row(host.name, str(session.id), session.user, _fate(session, on, calls), style=style)
        refused = {logon.account for logon in host.refused_logons}
        for session in here.values():
            was_refused = f"{session.domain}\\{session.user}" in refused
            fate = f"logged on after the work{', and was not let in before' if was_refused else ''}"
            table.add_row(host.name, str(session.id), session.user, fate, style="bold")
    return table


def _fate(session: Session, on: bool, calls: list[Call]) -> str:
    functions = {call.function for call in calls if call.session == session.id}
    if on:
        return "still on: came back to work" if "WTSSendMessageW" in functions else "still on: was to stay"
    if "WTSLogoffSession" not in functions:
        return "left by themselves"
    ended = _ended(session, calls)
    return f"logged off; hung, so {len(ended)} programs were ended" if ended else "logged off"


def _ended(session: Session, calls: Iterable[Call]) -> list[str]:
    """The programs of a session that were ended: each by the handle that the call before has opened."""
    names = {str(process.id): process.name for process in session.processes}
    ended, opened = [], ""
    for call in calls:
        if call.function == "OpenProcess":
            opened = call.arguments[1]
        elif call.function == "TerminateProcess" and not call.error and opened in names:
            ended.append(names[opened])
    return ended


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
