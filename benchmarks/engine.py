# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The engine alone, without Ansible and PowerShell: how time and memory grow with sessions and with servers.

Each call of the Windows API costs more here than on Windows, because it goes over a socket to the simulator. Compare
the rows, and not the seconds with those of a real host.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ansible_collections.winops.rds.plugins.plugin_utils._engine.requests import (
    EngineRequest,
    LogoffRequest,
    SessionInfoRequest,
    request,
)
from ansible_collections.winops.rds.plugins.plugin_utils._options.selection import Selection

from simulator.engines import build
from simulator.engines.mono import command
from simulator.farm import FarmSpec, hosts_of
from simulator.windows_api import WindowsApi
from tests.support import csharp
from tests.support.csharp import SESSION_ENGINES
from tests.support.engines import CONNECTING_ACCOUNT, answering
from tests.support.loops import LoopThread

from . import processes
from .report import OURS, Goal, mebibytes, median, new_plot, save, seconds, table
from .report import milliseconds as ms

HOST = "RDSH01"

#: Servers: how long a call to one takes, its logoff, a call to one that is down; and how many are down (seconds).
LATENCY, LOGOFF, DOWN, DEAD = 0.02, 1.0, 3.0, 5

#: How many are logged off. Always the same: before each act the engine asks which session the console is, for which the
#: simulator goes through all that it has, so that its own cost would grow with the square.
LOGOFFS = 50

Kind = type[LogoffRequest] | type[SessionInfoRequest]

#: What is done with the sessions of a host: what is asked, and the options that select them.
TASKS: dict[str, tuple[Kind, dict[str, Any]]] = {
    "users=nobody": (LogoffRequest, {"users": ["nobody"]}),
    "list all": (SessionInfoRequest, {"all": True}),
    f"log {LOGOFFS} off": (LogoffRequest, {"users": ["temp"]}),
}

Progress = Callable[[str], None]


def measure(folder: Path, quick: bool, progress: Progress) -> dict[str, Any]:
    folder.mkdir()
    progress("engine: compile, and start of Mono")
    launch = _launch_costs(folder, 2 if quick else 7)
    sessions = []
    for count, task in itertools.product([50, 500] if quick else [50, 500, 5000, 50000], TASKS):
        progress(f"engine: {count} sessions: {task}")
        people = [{"id": n, "user": "temp" if n < LOGOFFS + 2 else f"user{n}"} for n in range(2, count + 2)]
        runs = [
            _run(folder, {"hosts": [{"name": HOST, "sessions": people}]}, *TASKS[task])
            for _ in range(1 if quick or count > 500 else 3)
        ]
        selected = {"users=nobody": 0, "list all": count}.get(task, LOGOFFS)
        assert {run["reported"] for run in runs} == {selected}, f"{task} did not do what is measured"
        sessions.append({"sessions": count, "task": task, **{k: median([r[k] for r in runs]) for k in runs[0]}})
    servers = []
    for count in [10] if quick else [10, 50, 200]:
        progress(f"engine: {count} servers")
        servers.append(_servers(folder, count))
    return {"launch": launch, "sessions": sessions, "servers": servers}


def _launch_costs(folder: Path, times: int) -> dict[str, Any]:
    """What a launch costs before the engine does anything: Mono's start, and the compilation of the C#.

    The simulator compiles once and keeps the program; Windows does it for each launch.
    """
    engine = SESSION_ENGINES[LogoffRequest.__name__]
    program = asyncio.run(build.program(csharp.sources(engine)))
    entry_script = program.with_name("EntryScript.cs")
    alone: list[float] = []
    both: list[float] = []
    options = ["-langversion:5", "-nologo", "-r:System.Web.Extensions"]
    for _ in range(times):
        for files, found in ([entry_script], alone), (sorted(program.parent.glob("*.cs")), both):
            target = folder / "compiled.exe"
            cost = processes.run(["mcs", *options, f"-out:{target}", *files], folder / "mcs.log")
            found.append(cost.wall)
    start = [
        processes.run(command(program, csharp.entry_script(engine)), folder / "mono.log").wall for _ in range(times)
    ]
    return {"mono_start": start, "compile_entry_script": alone, "compile_with_engine": both}


def _servers(folder: Path, count: int) -> dict[str, Any]:
    up: list[dict[str, Any]] = [
        {"name": f"UP{n}", "sessions": [{"id": 2, "user": "temp", "logoff": LOGOFF}]} for n in range(count - DEAD)
    ]
    down = [{"name": f"DOWN{n}", "rpc": "down", "rpc_timeout": DOWN} for n in range(DEAD)]
    farm = {"rpc_latency": LATENCY, "hosts": [{"name": HOST}, *up, *down]}
    names = [host["name"] for host in (*up, *down)]
    run = _run(folder, farm, LogoffRequest, {"users": ["temp"], "server": names})
    assert run["reported"] == len(up), "not every server did what is measured"
    return {**run, "servers": count, "one_by_one": run["calls"] * LATENCY + len(up) * LOGOFF + DEAD * DOWN}


def _run(folder: Path, farm: dict[str, Any], kind: Kind, options: dict[str, Any]) -> dict[str, float]:
    """Launch an engine once on the first host of a farm; return what it cost."""
    engine = SESSION_ENGINES[kind.__name__]
    program = asyncio.run(build.program(csharp.sources(engine)))
    with _windows(FarmSpec.model_validate(farm)) as api:
        _launch, environment = api.new_launch(api.first, CONNECTING_ACCOUNT)
        began, simulator_began = time.monotonic(), time.process_time()
        cost = processes.run(
            command(program, csharp.entry_script(engine)),
            folder / "engine.json",
            environment=environment,
            stdin=_request(kind, Selection.from_options(options)).text.encode(),
            memory=processes.own_peak,
            every=0.05,
        )
        simulator = time.process_time() - simulator_began
        answer = json.loads((folder / "engine.json").read_bytes())
        calls = [call.time for calls in api.calls.values() for call in calls]
    if "report" not in answer or answer["report"]["error"]:
        raise processes.RunFailed(str(answer)[:2000])
    return {
        "wall": cost.wall,
        "before_first_call": min(calls) - began,
        "calling": max(calls) - min(calls),
        "after_last_call": cost.wall - (max(calls) - began),
        "engine_cpu": cost.cpu,
        "simulator_cpu": simulator,
        "memory": cost.memory,
        "calls": len(calls),
        "reported": sum(len(server["sessions"]) for server in answer["report"]["servers"]),
    }


def _request(kind: Kind, selection: Selection) -> EngineRequest:
    if kind is SessionInfoRequest:
        return request(kind, selection, check_mode=False)
    own = {"timeout_ms": 600_000, "max_parallel": None}
    return request(kind, selection, check_mode=False, protect_console=True, **own)


class _Api(WindowsApi):
    def __init__(self, socket: Path, spec: FarmSpec) -> None:
        hosts = hosts_of(spec)
        super().__init__(socket, hosts, spec.rpc_latency)
        self.first = hosts[0]


@contextmanager
def _windows(spec: FarmSpec) -> Iterator[_Api]:
    """The Windows API of a farm's hosts, which answers from a thread."""
    with LoopThread("simulated Windows API") as loop, loop.entered(answering(_Api, spec)) as api:
        yield api


def goals(raw: dict[str, Any]) -> list[Goal]:
    return []


def tables(raw: dict[str, Any]) -> dict[str, str]:
    launch = raw["launch"]
    compile_of_engine = median(launch["compile_with_engine"]) - median(launch["compile_entry_script"])
    start_rows = [
        ["start of Mono, which the simulator needs in place of PowerShell", ms(median(launch["mono_start"]))],
        ["compilation of the C# of a logoff, beyond that of an empty program (mcs)", ms(compile_of_engine)],
    ]
    rows = [
        [
            f"{run['sessions']:,.0f}",
            run["task"],
            f"{run['calls']:,.0f}",
            seconds(run["wall"]),
            seconds(run["before_first_call"]),
            seconds(run["calling"]),
            seconds(run["after_last_call"]),
            seconds(run["engine_cpu"]),
            seconds(run["simulator_cpu"]),
            f"{run['calling'] / run['sessions'] * 1e6:,.0f} µs",
            mebibytes(run["memory"]),
        ]
        for run in sorted(raw["sessions"], key=lambda run: [*TASKS].index(run["task"]))
    ]
    header = ["sessions", "task", "calls", "wall", "before 1st call", "calling", "after last call"]
    header += ["engine's CPU", "simulator's CPU", "calling, a session", "peak memory"]
    server_rows = [
        [
            f"{run['servers']}",
            f"{run['calls']:,.0f}",
            seconds(run["calling"]),
            seconds(run["one_by_one"]),
            mebibytes(run["memory"]),
        ]
        for run in raw["servers"]
    ]
    return {
        "engine-launch": table(["", ""], start_rows),
        "engine-sessions": table(header, rows, left=(1,)),
        "engine-servers": table(["servers", "calls", "calling", "one by one", "peak memory"], server_rows, left=()),
    }


def plot(raw: dict[str, Any], path: Path) -> None:
    figure, (times, memory) = new_plot(2)
    for task, style in zip(TASKS, (":", "--", "-"), strict=True):
        runs = [run for run in raw["sessions"] if run["task"] == task]
        counts = [run["sessions"] for run in runs]
        times.plot(counts, [run["engine_cpu"] for run in runs], style, marker=".", color=OURS, label=task)
        memory.plot(counts, [run["memory"] / 2**20 for run in runs], style, marker=".", color=OURS, label=task)
    for axes, title in (times, "Engine's CPU time, seconds"), (memory, "Peak memory, MiB"):
        axes.set_title(title)
        axes.set_xlabel("sessions of the host")
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.legend()
    save(figure, path)
