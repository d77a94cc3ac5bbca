# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where a task's time goes on the controller: imports, until the first byte is sent, and a profile; and its payload."""

from __future__ import annotations

import base64
import gzip
import json
import pstats
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.support import csharp
from tests.support.paths import COLLECTIONS, PLUGINS

from .farm import Farm, served
from .report import FLOOR, OURS, Goal, median, milliseconds, new_plot, save, table

HOST = "RDSH01"
MODULES = {
    "ours": ["-m", "winops.rds.win_rds_logoff", "-a", "users=nobody"],
    "win_ping": ["-m", "ansible.windows.win_ping"],
}
ACTION_PLUGINS = sorted(path.stem for path in (PLUGINS / "action").glob("win_*.py"))

#: What Ansible has imported itself when it comes to an action plugin.
_IMPORT = """
import importlib, json, sys, time
import ansible.cli.adhoc, ansible.executor.task_executor, ansible.executor.module_common, ansible.plugins.action.normal
sys.path.insert(0, sys.argv[1])
import ansible_collections
before, began = len(sys.modules), time.perf_counter()
importlib.import_module("ansible_collections.winops.rds.plugins.action." + sys.argv[2])
print(json.dumps([time.perf_counter() - began, len(sys.modules) - before]))
"""

#: Parts of a profile, in the order of a task: by file and function, of Ansible and of this collection.
_PARTS = {
    "import the connection plugin (pywinrm)": ("task_executor.py", "_get_connection"),
    "build the payload": ("__init__.py", "_configure_module"),
    "connect, authenticate, open a shell": ("winrm.py", "_connect"),
    "send, wait, receive": ("winrm.py", "exec_command"),
}
_OWN, _REST = "this collection's own Python", "the rest of Ansible's worker"

Progress = Callable[[str], None]


def measure(folder: Path, quick: bool, progress: Progress) -> dict[str, Any]:
    times = 2 if quick else 7
    imports: dict[str, list[tuple[float, int]]] = {}
    for plugin in ACTION_PLUGINS:
        progress(f"start-up: import of {plugin}")
        imports[plugin] = [_import(plugin) for _ in range(times)]
    first_byte: dict[str, list[float]] = {module: [] for module in MODULES}
    profiles: dict[str, list[dict[str, float]]] = {module: [] for module in MODULES}
    payloads = {}
    # As long as a real launch: a client that does not have to ask for output twice does less.
    with served(folder, hosts=[{"name": HOST}], launch_seconds=0.3) as farm:
        for turn in range(times):
            for module in MODULES if turn % 2 else reversed(MODULES):
                progress(f"start-up: first byte, and a profile, of {module}: {turn + 1} of {times}")
                first_byte[module].append(_first_byte(farm, MODULES[module]))
                profile, payload = _profile(farm, MODULES[module])
                profiles[module].append(profile)
                payloads[module] = payload
    return {
        "imports": imports,
        "first_byte": first_byte,
        "profiles": profiles,
        "payloads": payloads,
        "csharp": csharp_sizes("".join(csharp.sources("win_rds_logoff").values())),
    }


def _import(plugin: str) -> tuple[float, int]:
    """Seconds, and how many modules of Python came with it, in a fresh process."""
    command = [sys.executable, "-c", _IMPORT, str(COLLECTIONS), plugin]
    elapsed, modules = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=60).stdout)
    return elapsed, modules


def _first_byte(farm: Farm, module: list[str]) -> float:
    """Seconds from when the strategy gives the task to a worker until the host has answered its first request."""
    started = farm.folder / "task-start"
    before = len(farm.exchanges(HOST))
    farm.ansible(
        module,
        environment={
            "ANSIBLE_CALLBACK_PLUGINS": str(Path(__file__).parent / "callback_plugins"),
            "ANSIBLE_CALLBACKS_ENABLED": "task_start",
            "ANSIBLE_LOAD_CALLBACK_PLUGINS": "1",
            "TASK_START": str(started),
        },
    )
    first: float = farm.exchanges(HOST)[before]["time"]
    return first - float(started.read_text("utf-8"))


def _profile(farm: Farm, module: list[str]) -> tuple[dict[str, float], dict[str, int]]:
    """CPU seconds of the parts of a task in the worker, and bytes of the parts of its payload."""
    program: list[str | Path] = [sys.executable, "-m", "benchmarks.profiled_ansible", farm.folder, "rdsh"]
    farm.ansible(module, program=program)
    stats = pstats.Stats(str(farm.folder / "profile"))
    parts = {name: _cumulative(stats, *where) for name, where in _PARTS.items()}
    whole = _cumulative(stats, "task_executor.py", "run")
    in_launch = _cumulative(stats, "__init__.py", "_execute_module")
    own = _cumulative(stats, "_session_action.py", "run")
    # exec_command opens the shell when it is the first to need it.
    parts["send, wait, receive"] -= parts["connect, authenticate, open a shell"]
    parts[_OWN] = own - in_launch if own else 0.0
    parts[_REST] = whole - sum(parts.values())
    return parts, payload_parts((farm.folder / "payload").read_bytes())


def _cumulative(stats: pstats.Stats, file: str, function: str) -> float:
    entries: dict[tuple[str, int, str], tuple[int, int, float, float, Any]] = stats.stats  # type: ignore[attr-defined]
    return max(
        (e[3] for (path, _, name), e in entries.items() if Path(path).name == file and name == function), default=0.0
    )


def payload_parts(payload: bytes) -> dict[str, int]:
    """The bytes of a payload by what they are for, the largest first; scripts are in it as Base64."""
    manifest = payload.partition(b"\0\0\0\0")[2]
    sizes: dict[str, int] = {"the whole": len(payload)}
    if not manifest.lstrip().startswith(b"{"):  # ansible-core 2.22 compresses it
        manifest = gzip.decompress(base64.b64decode(manifest))
    for name, text in _texts(json.loads(manifest)):
        if len(text) >= 1000:
            sizes[name] = sizes.get(name, 0) + len(text)
    return dict(sorted(sizes.items(), key=lambda item: -item[1]))


def _texts(node: Any, name: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(node, str):
        yield name.rpartition(".module_utils.")[2], node
    elif isinstance(node, dict):
        for key, value in node.items():
            yield from _texts(value, name if key == "script" else key)
    elif isinstance(node, list):
        for value in node:
            yield from _texts(value, name)


def csharp_sizes(source: str) -> dict[str, int]:
    """The bytes of C#, and what a build could make of them: of the same meaning for a compiler, or packed.

    For a source without block comments, and without ``//`` in its strings.
    """
    lines = (re.sub(r"\s*//.*", "", line).strip() for line in source.splitlines())
    bare = "\n".join(line for line in lines if line)
    return {
        "as it is": len(source.encode()),
        "without comments and indentation": len(bare.encode()),
        "compressed (gzip, as Base64), if something unpacked it": len(base64.b64encode(gzip.compress(source.encode()))),
    }


def goals(raw: dict[str, Any]) -> list[Goal]:
    return []


def tables(raw: dict[str, Any]) -> dict[str, str]:
    imports = [
        [f"``{plugin}``", milliseconds(median([run[0] for run in runs])), str(runs[0][1])]
        for plugin, runs in raw["imports"].items()
    ]
    first = [
        [module, milliseconds(median(values)), f"{milliseconds(min(values))} to {milliseconds(max(values))}"]
        for module, values in raw["first_byte"].items()
    ]
    parts = [*raw["profiles"]["ours"][0]]
    profile = [[part, *(milliseconds(_part(raw, module, part)) for module in MODULES)] for part in parts]
    totals = [sum(_part(raw, module, part) for part in parts) for module in MODULES]
    profile.append(["together", *map(milliseconds, totals)])
    names = dict.fromkeys(name for module in MODULES for name in raw["payloads"][module])
    payload = [[name, *(f"{raw['payloads'][module].get(name, 0):,}" for module in MODULES)] for name in names]
    return {
        "imports": table(["action plugin", "import", "modules of Python"], imports),
        "first-byte": table(["", "median", "range"], first),
        "profile": table(["CPU time of the worker", *MODULES], profile),
        "payload": table(["bytes of the payload", *MODULES], payload),
        "payload-smaller": _smaller(raw),
    }


def _part(raw: dict[str, Any], module: str, part: str) -> float:
    return median([profile[part] for profile in raw["profiles"][module]])


def _smaller(raw: dict[str, Any]) -> str:
    """What the payload's ratio is, and what it would be with less C# in it."""
    ours, ping = (raw["payloads"][module]["the whole"] for module in MODULES)
    plain = raw["csharp"]["as it is"]
    sizes = {**raw["csharp"], "the most that 0.85 leaves room for": round(plain - (ours - 0.85 * ping) * 3 / 4)}
    rows = [[what, f"{size:,}", f"{(ours - (plain - size) * 4 / 3) / ping:.2f}"] for what, size in sizes.items()]
    return table(["the C# of a logoff", "bytes", "payload, ratio"], rows)


def plot(raw: dict[str, Any], path: Path) -> None:
    figure, (profile, first) = new_plot(2)
    bottoms = dict.fromkeys(MODULES, 0.0)
    for part in raw["profiles"]["ours"][0]:
        heights = [_part(raw, module, part) for module in MODULES]
        profile.bar([*MODULES], heights, bottom=[*bottoms.values()], label=part, width=0.5)
        bottoms = {module: bottoms[module] + height for module, height in zip(MODULES, heights, strict=True)}
    profile.set_title("CPU time of the worker, seconds")
    profile.set_ylim(top=max(bottoms.values()) * 1.8)
    profile.legend(fontsize=7, loc="upper left")
    values = [median(raw["first_byte"][module]) for module in MODULES]
    first.bar([*MODULES], values, width=0.5, color=[OURS, FLOOR])
    first.set_title("From task start to first byte, seconds")
    save(figure, path)
