# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Many hosts, each by a task of its own, next to win_ping; and all of them by ``server``, through one host."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import processes
from .farm import LAUNCH_SECONDS, Farm, served
from .report import FLOOR, OURS, Goal, Ratio, mebibytes, median, milliseconds, new_plot, save, seconds, table

SESSIONS = 10  # of each host; nobody is to be logged off
FORKS = 20

#: How many hosts, and how often. One host is what a start of Ansible costs.
SIZES = {1: 5, 10: 5, 50: 2, 200: 1, 500: 1}
OTHER_FORKS = {5: 50, 50: 50}  # forks: hosts
SERVERS = 200
QUICK_SIZES = {1: 1, 5: 1, 10: 1}
QUICK_FORKS = {2: 5}
QUICK_SERVERS = 10

OURS_MODULE = ["-m", "winops.rds.win_rds_logoff", "-a", "users=nobody"]
MODULES = {"ours": OURS_MODULE, "win_ping": ["-m", "ansible.windows.win_ping"]}

Progress = Callable[[str], None]


def measure(folder: Path, quick: bool, progress: Progress) -> dict[str, Any]:
    sizes = QUICK_SIZES if quick else SIZES
    sessions = [{"id": n, "user": f"user{n}"} for n in range(2, SESSIONS + 2)]
    hosts = [{"name": f"RDSH{n:03}", "sessions": sessions} for n in range(1, max(sizes) + 1)]
    runs = []
    with served(folder, hosts=hosts, launch_seconds=LAUNCH_SECONDS) as farm:
        grid = [(count, FORKS) for count, times in sizes.items() for _ in range(times)]
        grid += [(count, forks) for forks, count in (QUICK_FORKS if quick else OTHER_FORKS).items()]
        _run(farm, 1, FORKS, OURS_MODULE)  # compiles, and loads from the disk
        for turn, (count, forks) in enumerate(grid):
            for module in MODULES if turn % 2 else reversed(MODULES):
                progress(f"fleet: {count} hosts with {forks} forks: {module}")
                runs.append(
                    {"hosts": count, "forks": forks, "module": module, **_run(farm, count, forks, MODULES[module])}
                )
        count = QUICK_SERVERS if quick else SERVERS
        options = {"users": ["nobody"], "server": [host["name"] for host in hosts[:count]]}
        through_server = []
        for turn in range(1 if quick else 3):
            progress(f"fleet: {count} servers through one host: {turn + 1}")
            task = ["-m", "winops.rds.win_rds_logoff", "-a", json.dumps(options)]
            through_server.append({"hosts": count, **_run(farm, 1, FORKS, task)})
    return {"runs": runs, "server": through_server}


def _run(farm: Farm, hosts: int, forks: int, module: list[str]) -> dict[str, float]:
    own, programs = farm.cpu()
    cost = farm.ansible(["--forks", str(forks), *module], hosts=hosts, memory=processes.of_tree)
    own_after, programs_after = farm.cpu()
    return {
        "wall": cost.wall,
        "cpu": cost.cpu,
        "memory": cost.memory,
        "simulator_cpu": own_after - own,
        "programs_cpu": programs_after - programs,
    }


def _of(raw: dict[str, Any], module: str, hosts: int, figure: str, forks: int = FORKS) -> list[float]:
    return [run[figure] for run in raw["runs"] if (run["module"], run["hosts"], run["forks"]) == (module, hosts, forks)]


def _sizes(raw: dict[str, Any]) -> list[int]:
    return sorted({run["hosts"] for run in raw["runs"] if run["forks"] == FORKS})


def _each_further_host(raw: dict[str, Any], module: str, hosts: int, figure: str, forks: int = FORKS) -> float:
    """What each host costs beyond the first, with which Ansible starts."""
    first = median(_of(raw, module, 1, figure))
    return (median(_of(raw, module, hosts, figure, forks)) - first) / (hosts - 1)


def goals(raw: dict[str, Any]) -> list[Goal]:
    _one, least, *_between, most = _sizes(raw)
    fleets = _sizes(raw)[1:]
    found = []
    for what, figure in ("controller CPU", "cpu"), ("wall time", "wall"):
        ours, ping = ([median(_of(raw, module, n, figure)) for n in fleets] for module in MODULES)
        a, b = (median(_of(raw, module, most, figure)) / most for module in MODULES)
        name = f"fleet of {least} to {most} hosts: {what} a host"
        texts = f"{milliseconds(a)}", f"win_ping: {milliseconds(b)}"
        found.append(Goal(name, *texts, Ratio.of(ours, ping), 1.05))
    grown, growth = ([_each_further_host(raw, module, n, "cpu") for n in (most, least)] for module in MODULES)
    found.append(
        Goal(
            f"controller CPU of each further host: {most} hosts to {least}",
            milliseconds(grown[0]),
            f"{milliseconds(grown[1])} (win_ping grows {growth[0] / growth[1]:.2f})",
            Ratio.of(grown[:1], grown[1:]),
            1.05,
        )
    )
    through = median([run["cpu"] for run in raw["server"]])
    count = raw["server"][0]["hosts"]
    one_by_one = median(_of(raw, "ours", count, "cpu"))
    found.append(
        Goal(
            f"farm of {count} through ``server``: times cheaper, controller CPU",
            seconds(through),
            f"one by one: {seconds(one_by_one)}",
            Ratio.of([one_by_one] * len(raw["server"]), [run["cpu"] for run in raw["server"]]),
            30,
            at_least=True,
        )
    )
    return found


def tables(raw: dict[str, Any]) -> dict[str, str]:
    grid = sorted({(run["hosts"], run["forks"]) for run in raw["runs"]})
    rows = []
    for hosts, forks in grid:
        for module in MODULES:
            value = {
                figure: median(_of(raw, module, hosts, figure, forks))
                for figure in ("wall", "cpu", "memory", "simulator_cpu", "programs_cpu")
            }
            further = milliseconds(_each_further_host(raw, module, hosts, "cpu", forks)) if hosts > 1 else "-"
            rows.append(
                [
                    str(hosts),
                    str(forks),
                    module,
                    seconds(value["wall"]),
                    seconds(value["cpu"]),
                    milliseconds(value["cpu"] / hosts),
                    further,
                    mebibytes(value["memory"]),
                    mebibytes(value["memory"] / hosts),
                    milliseconds(value["simulator_cpu"] / hosts),
                    milliseconds(value["programs_cpu"] / hosts),
                ]
            )
    header = ["hosts", "forks", "", "wall", "controller CPU", "a host", "each further host"]
    header += ["peak memory", "a host", "simulator's CPU a host", "its programs' a host"]
    server = raw["server"]
    server_rows = [
        [
            str(server[0]["hosts"]),
            *(seconds(median([run[figure] for run in server])) for figure in ("wall", "cpu")),
            mebibytes(median([run["memory"] for run in server])),
            *(seconds(median([run[figure] for run in server])) for figure in ("simulator_cpu", "programs_cpu")),
        ]
    ]
    server_header = ["servers", "wall", "controller CPU", "peak memory", "simulator's CPU", "its programs'"]
    return {
        "fleet": table(header, rows, left=(2,)),
        "fleet-server": table(server_header, server_rows, left=()),
    }


def plot(raw: dict[str, Any], path: Path) -> None:
    figure, (cost, memory) = new_plot(2)
    sizes = _sizes(raw)[1:]
    for module, colour in ("win_ping", FLOOR), ("ours", OURS):
        for axes, what, scale in (cost, "cpu", 1.0), (memory, "memory", 2**20):
            values = [median(_of(raw, module, n, what)) / n / scale for n in sizes]
            axes.plot(sizes, values, marker="o", color=colour, label=module)
    for axes, title in (cost, "Controller CPU a host, seconds"), (memory, "Peak memory a host, MiB"):
        axes.set_title(title)
        axes.set_xlabel(f"hosts, {FORKS} forks")
        axes.set_xscale("log")
        axes.set_ylim(bottom=0)
        axes.legend()
    save(figure, path)
