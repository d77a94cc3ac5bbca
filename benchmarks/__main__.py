# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs the benchmarks, prints what the goals came to, and writes the page, its plots and their data.

    make bench              all of it, into docs/docsite/rst/
    make bench QUICK=1      small sizes, into build/benchmarks/

For work on one of them (what it wrote is in build/benchmarks/): ``make bench QUICK=1 ONLY=fleet``.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any

from tests.support.paths import GUIDES, REPOSITORY

from . import engine, fleet, one_host, start_up
from .processes import RunFailed
from .report import Goal, fill, goal_table

PAGE = GUIDES / "performance.rst"
#: What was measured. The plots of it are beside the page.
RESULTS = REPOSITORY / "benchmarks" / "results"
TRIAL = REPOSITORY / "build" / "benchmarks"

BENCHMARKS: dict[str, ModuleType] = {
    "one_host": one_host,
    "start_up": start_up,
    "engine": engine,
    "fleet": fleet,
}


def main() -> int:
    options = _parser().parse_args()
    # Whoever is ended ends what he has started, which the exception does on its way out.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))
    # Each connection of each simulated host is a file, as are the pipes of Ansible's workers.
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    page = TRIAL / PAGE.name if options.quick or options.only else PAGE
    plots = page.with_suffix("")
    data = RESULTS if page == PAGE else plots
    for folder in data, plots:
        folder.mkdir(parents=True, exist_ok=True)
    names = [name for name in BENCHMARKS if name in (options.only or BENCHMARKS)]
    try:
        if not options.redraw:
            _measure(names, data, options.quick)
    except RunFailed as failure:
        print(f"benchmarks: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nbenchmarks: interrupted; what was finished is in", data, file=sys.stderr)
        return 130
    found = _written(names, data, plots)
    if not options.only:
        if page != PAGE:
            shutil.copy(PAGE, page)
        fill(page, found)
    print(f"\n{found['goals']}\n\nThe tables: {page if not options.only else data}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="What the collection costs.")
    parser.add_argument("--quick", action="store_true", help="small sizes: to try it, not to quote it")
    parser.add_argument("--only", action="append", choices=BENCHMARKS, help="one of them; may be repeated")
    parser.add_argument("--redraw", action="store_true", help="tables and plots again, from the data that is there")
    return parser


def _measure(names: list[str], data: Path, quick: bool) -> None:
    began = time.monotonic()

    def progress(text: str) -> None:
        minutes, seconds = divmod(round(time.monotonic() - began), 60)
        print(f"{minutes:3}:{seconds:02}  {text}", flush=True)

    for name in names:
        # Its path has to leave room for a Unix socket's, which has 107 characters at most.
        with tempfile.TemporaryDirectory(prefix="benchmarks-") as folder:
            raw = BENCHMARKS[name].measure(Path(folder) / name, quick, progress)
        text = json.dumps({"machine": _machine(), **raw}, indent=1)
        # A list of numbers in one line: the files are for reading as well.
        text = re.sub(r"\[\s+([-\d.e]+(?:,\s+[-\d.e]+)*)\s+\]", lambda m: f"[{' '.join(m[1].split())}]", text)
        (data / f"{name}.json").write_text(text + "\n", "utf-8")
    progress("done")


def _written(names: list[str], data: Path, plots: Path) -> dict[str, str]:
    """Draw the plots; return the tables of the page by name."""
    goals: list[Goal] = []
    found: dict[str, str] = {}
    for name in names:
        raw = json.loads((data / f"{name}.json").read_text("utf-8"))
        goals += BENCHMARKS[name].goals(raw)
        found |= BENCHMARKS[name].tables(raw)
        found["machine"] = raw["machine"]
        BENCHMARKS[name].plot(raw, plots / f"{name}.svg")
    return {**found, "goals": goal_table(goals) if goals else "no goals"}


def _machine() -> str:
    processors = re.findall(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text("utf-8"), re.MULTILINE)
    mono = subprocess.run(["mono", "--version"], stdout=subprocess.PIPE, text=True, check=False).stdout
    found: dict[str, Any] = {
        "processors": f"{len(os.sched_getaffinity(0))} × {processors[0] if processors else platform.machine()}",
        "Python": platform.python_version(),
        "ansible-core": version("ansible-core"),
        "pywinrm": version("pywinrm"),
        "Mono": (re.findall(r"version (\S+)", mono) or ["?"])[0],
    }
    today = datetime.datetime.now(datetime.UTC).date()
    return f"Measured on {today}: {', '.join(f'{key} {value}' for key, value in found.items())}."


if __name__ == "__main__":
    sys.exit(main())
