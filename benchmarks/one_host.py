# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One host: nothing to do, next to win_ping; sessions that need 2 s each, next to a loop over ``logoff``."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from .farm import LAUNCH_SECONDS, Farm, served, wire
from .processes import Cost
from .report import FLOOR, LOOP, OURS, Goal, Ratio, median, new_plot, save, seconds, table

HOST = "RDSH01"
LOGOFF_SECONDS = 2

OURS_MODULE = ["-m", "winops.rds.win_rds_logoff", "-a", "all=true"]
WIN_PING = ["-m", "ansible.windows.win_ping"]

#: What each action sends, with nobody to do it to.
ACTIONS = {
    "win_rds_session_info": [],
    "win_rds_disconnect": ["-a", "all=true"],
    "win_rds_logoff": ["-a", "all=true"],
    "win_rds_message": ["-a", "all=true message=Hello"],
    "win_rds_logon_mode_info": [],
    "win_rds_logon_mode": ["-a", "mode=drain"],
    "win_rds_logoff, on_timeout=terminate": ["-a", "all=true on_timeout=terminate"],
}

OURS_TASKS = [{"winops.rds.win_rds_logoff": {"all": True}}]
#: As cheap as it can be: raw commands, which no module travels for, over one connection.
LOOP_TASKS = [
    # Where nobody is logged on, quser ends with 1.
    {"ansible.builtin.raw": "quser", "register": "listing", "changed_when": False, "failed_when": False},
    {
        "ansible.builtin.raw": "logoff {{ item }}",
        # The ID is the first number that stands alone: a session name may be missing, so columns do not tell.
        "loop": "{{ listing.stdout_lines[1:] | select | map('regex_findall', ' ([0-9]+) ') | map('first') }}",
    },
]

Progress = Callable[[str], None]


def measure(folder: Path, quick: bool, progress: Progress) -> dict[str, Any]:
    host = {"name": HOST, "sessions": []}
    with served(folder / "powershell", hosts=[host], launch_seconds=LAUNCH_SECONDS) as farm:
        modules = {"ours": OURS_MODULE, "win_ping": WIN_PING}
        nothing = _in_turn(farm, modules, 3 if quick else 11, f"launch {LAUNCH_SECONDS} s", progress)
        sent = {action: _sent(farm, action, options, progress) for action, options in ACTIONS.items()}
    with served(folder / "bare", hosts=[host]) as farm:
        bare = _in_turn(farm, modules, 2 if quick else 7, "launch 0 s", progress)
        times = {0: 2, 1: 2, 5: 1} if quick else {0: 3, 1: 3, 50: 1}
        logoffs = [_logoffs(farm, sessions, count, progress) for sessions, count in times.items()]
    raw = {"nothing": nothing, "sent": sent, "bare": bare, "logoffs": logoffs, "pwsh": None}
    if shutil.which("pwsh"):
        with served(folder / "pwsh", engine="pwsh", hosts=[host]) as farm:
            raw["pwsh"] = _in_turn(farm, modules, 2 if quick else 5, "pwsh", progress)
    return raw


def _in_turn(
    farm: Farm, modules: dict[str, list[str]], times: int, title: str, progress: Progress
) -> dict[str, list[dict[str, Any]]]:
    """Run each module so often, in alternating order, after a run of each that does not count."""
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in modules}
    for turn in range(times + 1):
        progress(f"one host: nothing to do, {title}: {turn} of {times}")
        for name in modules if turn % 2 else reversed(modules):
            run = _observed(farm, lambda name=name: farm.ansible(modules[name]))  # type: ignore[misc]
            if turn:
                runs[name].append(run)
    return runs


def _sent(farm: Farm, action: str, options: list[str], progress: Progress) -> int:
    progress(f"one host: bytes of {action}")
    module = f"winops.rds.{action.partition(',')[0]}"
    bytes_sent: int = _observed(farm, lambda: farm.ansible(["-m", module, *options]))["sent"]
    return bytes_sent


def _logoffs(farm: Farm, sessions: int, times: int, progress: Progress) -> dict[str, Any]:
    result: dict[str, Any] = {"sessions": sessions, "ours": [], "loop": []}
    people = [{"id": n, "user": f"user{n}", "logoff": LOGOFF_SECONDS} for n in range(2, sessions + 2)]
    for turn in range(times):
        for name, tasks in ("ours", OURS_TASKS), ("loop", LOOP_TASKS):
            progress(f"one host: {sessions} × {LOGOFF_SECONDS} s: {name}, {turn + 1} of {times}")
            farm.put(HOST, people)
            result[name].append(_observed(farm, lambda tasks=tasks: farm.playbook(tasks)))  # type: ignore[misc]
            assert farm.users(HOST) == 0, f"{name} left sessions behind"
    return result


def _observed(farm: Farm, run: Callable[[], Cost]) -> dict[str, Any]:
    before = len(farm.exchanges(HOST))
    cost = run()
    return {"wall": cost.wall, "cpu": cost.cpu, **asdict(wire(farm.exchanges(HOST)[before:]))}


def _each(runs: list[dict[str, Any]], figure: str) -> list[float]:
    return [run[figure] for run in runs]


def goals(raw: dict[str, Any]) -> list[Goal]:
    found = []
    ours, ping = raw["nothing"]["ours"], raw["nothing"]["win_ping"]
    for what, figure, bound, text in (
        (f"nothing to do (launch {LAUNCH_SECONDS} s): wall time", "wall", 1.05, seconds),
        ("nothing to do: controller CPU", "cpu", 1.05, seconds),
        ("nothing to do: requests", "requests", 1, _plain),
        ("nothing to do: bytes sent", "sent", 0.85, _plain),
    ):
        a, b = _each(ours, figure), _each(ping, figure)
        found.append(Goal(what, text(median(a)), f"win_ping: {text(median(b))}", Ratio.of(a, b), bound))
    many = raw["logoffs"][-1]
    a, b = _each(many["ours"], "wall"), _each(many["loop"], "wall")
    what = f"{many['sessions']} sessions that need {LOGOFF_SECONDS} s each: times faster"
    found.append(Goal(what, seconds(median(a)), f"loop: {seconds(median(b))}", Ratio.of(b, a), 20, at_least=True))
    return found


def _plain(value: float) -> str:
    return f"{value:,.0f}"


def tables(raw: dict[str, Any]) -> dict[str, str]:
    rows = []
    scenarios = [
        (f"nothing to do, launch {LAUNCH_SECONDS} s", raw["nothing"]),
        ("nothing to do, launch 0 s", raw["bare"]),
        *((f"{part['sessions']} × {LOGOFF_SECONDS} s, launch 0 s", part) for part in raw["logoffs"]),
    ]
    if raw["pwsh"]:
        scenarios.append(("nothing to do, PowerShell 7", raw["pwsh"]))
    for scenario, parts in scenarios:
        for name, runs in parts.items():
            if name != "sessions":
                rows.append([scenario, name, *_row(runs)])
    header = ["", "", "wall", "controller CPU", "requests", "bytes sent", "bytes received", "launches"]
    floor = median(_each(raw["nothing"]["win_ping"], "sent"))
    sent = [[action, _plain(count), f"{count / floor:.3f}"] for action, count in raw["sent"].items()]
    return {
        "one-host": table(header, rows, left=(0, 1)),
        "sent": table(["", "bytes sent", "of those of win_ping"], sent),
    }


def _row(runs: list[dict[str, Any]]) -> list[str]:
    times = [seconds(median(_each(runs, figure))) for figure in ("wall", "cpu")]
    return [*times, *(_plain(median(_each(runs, figure))) for figure in ("requests", "sent", "received", "launches"))]


def plot(raw: dict[str, Any], path: Path) -> None:
    figure, (nothing, logoffs) = new_plot(2)
    nothing.set_title(f"Nothing to do, launch {LAUNCH_SECONDS} s")
    nothing.set_ylabel("seconds")
    for place, (name, colour) in enumerate((("win_ping", FLOOR), ("ours", OURS))):
        for x, what in enumerate(("wall", "cpu")):
            nothing.bar(
                x + 0.4 * place,
                median(_each(raw["nothing"][name], what)),
                0.38,
                color=colour,
                label=name if not x else None,
            )
    nothing.set_xticks([0.2, 1.2], ["wall time", "controller CPU"])
    nothing.legend()
    logoffs.set_title(f"Sessions that need {LOGOFF_SECONDS} s each: wall time")
    logoffs.set_ylabel("seconds")
    for place, (name, colour) in enumerate((("loop", LOOP), ("ours", OURS))):
        for x, part in enumerate(raw["logoffs"]):
            value = median(_each(part[name], "wall"))
            (bar,) = logoffs.bar(x + 0.4 * place, value, 0.38, color=colour, label=name if not x else None)
            logoffs.annotate(seconds(value), (bar.get_x() + 0.19, value), ha="center", va="bottom")
    counts = [part["sessions"] for part in raw["logoffs"]]
    logoffs.set_xticks([x + 0.2 for x in range(len(counts))], [f"{count} × {LOGOFF_SECONDS} s" for count in counts])
    logoffs.legend(loc="upper left")
    save(figure, path)
