# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""``make demo``: serves three hosts, runs the playbook on them, and shows who was on before and after, what users read,
and what the hosts saw meanwhile."""

from __future__ import annotations

import asyncio
import itertools
import os
import sys
import textwrap
import time
from collections.abc import Iterable
from copy import deepcopy
from pathlib import Path

from rich import box
from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from ..console.tables import user_table
from ..console.wording import wording
from ..engines import ENGINES, default_engine
from ..farm import FarmSpec, Host
from ..session_table import Session
from ..simulation import Simulation
from ..windows_api import MUTATING, Call

HERE = Path(__file__).parent

#: Where the report of the night is written.
REPORT = Path("build/night.html")

INTRODUCTION = """\
Three session hosts are to be patched at night. They are simulated, with their
users and Windows; Ansible, its connection and this collection are real.

Whoever has been idle for half an hour is warned and has 15 seconds: save, and
log off; or go on working, and be left alone. Meanwhile nobody can begin a
session. On RDSH03 somebody does go on working: the role fails there, and the
host is left for another night.
"""

WHAT_NEXT = """\
What next:

  make farm                 serves these hosts until you end it, and says what
                            to type in another terminal
  README.md                 what else there is
"""

#: Of the registry value TSServerDrainMode.
LOGON_MODES = {"0": "accepts logons again", "2": "accepts no new logons (drain)"}


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
    began = time.monotonic()
    console.print(INTRODUCTION)
    console.print(_quser(next(host for host in hosts if host.language == "fr-FR")), markup=False, soft_wrap=True)
    console.print(_before(hosts, before))
    inventory = simulation.write_inventory(simulation.ca_file.parent / "inventory.yml")
    command = ("ansible-playbook", "-i", str(inventory), str(HERE / "playbook.yml"))
    # As it is typed in the environment that `make farm` prints.
    console.print("[bold]$ ansible-playbook simulator/demo/playbook.yml[/bold]", soft_wrap=True)
    environment = {
        **os.environ,
        "ANSIBLE_NOCOWS": "1",
        "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml",
        "ANSIBLE_STDOUT_CALLBACK": "winops.rds.sessions",
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
    process = await asyncio.create_subprocess_exec(*command, env=environment)
    exit_code = await process.wait()
    console.print(_message(simulation, hosts[0]))
    console.print(_timeline(simulation, hosts, before, began))
    console.print(_after(simulation, hosts, before))
    if report:
        console.print(f"The report of the night, for a browser: {report}\n", soft_wrap=True)
    console.print(WHAT_NEXT)
    return exit_code


def _quser(host: Host) -> str:
    """What a script has to read."""
    lines = user_table(_people(host), wording(host.language), host.table.now())
    title = f"What quser prints on {host.name}, a French host, where scripts look for columns and words"
    # Without its first column, which marks the caller's own session, it fits 80 columns.
    return "\n".join([*textwrap.wrap(title, 80), "", *(line[1:] for line in lines), ""])


def _message(simulation: Simulation, host: Host) -> Panel:
    """The first warning, as a user saw it."""
    warning = next(call for call in simulation.mutating_calls(host.name) if call.function == "WTSSendMessageW")
    title, text = warning.arguments[2:4]
    return Panel(
        Text(f"{text}\n\n[ OK ]", justify="left"),
        title=Text(f"{title}: what a user reads"),
        title_align="left",
        box=box.ROUNDED,
        padding=(1, 2),
        width=64,
    )


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
        table.add_section()
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
        for session in here.values():
            table.add_row(host.name, str(session.id), session.user, "logged on after the work", style="bold")
        table.add_section()
    return table


def _fate(session: Session, on: bool, calls: list[Call]) -> str:
    logged_off = any(call.function == "WTSLogoffSession" and call.session == session.id for call in calls)
    if on:
        return "still on: came back to work, and was spared"
    if not logged_off:
        return "left by themselves"
    return "logged off; hung, so the programs were ended" if _ended(session, calls) else "logged off"


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


def _timeline(simulation: Simulation, hosts: list[Host], before: dict[str, list[Session]], began: float) -> Table:
    """What the hosts saw."""
    events = [
        (call.time, host.name, text)
        for host in hosts
        for call, text in _happenings(simulation.calls(host.name), before[host.name])
    ]
    events += [
        (refused.time, host.name, f"does not let {refused.account} in")
        for host in hosts
        for refused in host.refused_logons
    ]
    table = _table("What the hosts saw", "Second", "Host", "")
    for moment, host, text in sorted(events):
        table.add_row(f"{moment - began:6.1f}", host, text)
    return table


def _happenings(calls: list[Call], people: list[Session]) -> Iterable[tuple[Call, str]]:
    """What was asked of a host, each launch once."""
    warned = False
    shown = [call for call in calls if call.function in MUTATING]
    for (_launch, function), group in itertools.groupby(shown, lambda call: (call.launch, call.function)):
        same = [*group]
        users = ", ".join(session.user for session in people if session.id in {call.session for call in same})
        modes = [call for call in same if call.arguments[1:2] == ("TSServerDrainMode",)]
        if function == "RegSetValueExW" and modes:
            yield modes[0], LOGON_MODES[modes[0].arguments[3]]
        elif function == "WTSSendMessageW":
            yield same[0], f"{'reminds' if warned else 'warns'} {users}"
            warned = True
        elif function == "WTSLogoffSession":
            yield same[0], f"logs off {users}"
        elif function == "TerminateProcess":
            of_launch = [call for call in calls if call.launch == same[0].launch]
            programs = [f"{program} of {session.user}" for session in people for program in _ended(session, of_launch)]
            yield same[0], f"ends {', '.join(programs)}"


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
