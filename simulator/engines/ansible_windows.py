# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Stands in for what of ansible.windows needs Windows: fact gathering (``setup``), ``win_shell`` and ``win_command``
with a command of :mod:`simulator.console`, and ``win_reboot``. So they work with every engine.

Modules are known by their names, and answered from the state of the host, in the form of the module's own result.
``win_reboot`` is no module on the host: it sends scripts, which are known by their texts
(ansible.windows, ``plugins/plugin_utils/_reboot.py``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from .. import console
from ..farm import Host
from ..windows_api.times import file_time
from .facts import facts
from .payload import Module

RUNS = (
    "Simulated hosts run this collection's modules, fact gathering, win_ping, win_reboot, and by win_shell, win_command"
    " or raw one command of quser, query, qwinsta, logoff, reset, change logon, shutdown, hostname, whoami"
)

Result = dict[str, Any]

#: What win_reboot adds to each script, so that it ends with an exit code.
_EXIT_CODE = re.compile(r"; If \(-not \$\?\) \{ If \(Get-Variable LASTEXITCODE [^{]*\{ exit \$LASTEXITCODE \} Else .*$")
_BOOT_TIME = re.compile(r"\(Get-CimInstance -ClassName Win32_OperatingSystem [^)]*\)\.LastBootUpTime\.ToFileTime\(\)")
_REBOOT = re.compile(r"^\$stderr = \. \{ C:\\Windows\\System32\\(shutdown\.exe /r /t \d+) /c ", re.M)
_READY = re.compile(r"Get-Item -LiteralPath '[^']*\\AutoLogonChecked' -ErrorAction Stop; '(success-[\w-]+)'")

#: What makes PowerShell of a line: more commands than one, a redirection, a variable, a script block.
_POWERSHELL = re.compile(r"[|;&<>$(){}\n]")

#: Ansible finds the modules under each of these: ansible/config/ansible_builtin_runtime.yml.
_COLLECTIONS = ("", "ansible.windows", "ansible.legacy", "ansible.builtin")

#: Options of commands that ask for files, folders or input.
_OF_FILES = ("chdir", "creates", "removes", "stdin")


@dataclass(frozen=True)
class Here:
    """Where something is run: the host, and its console for an account."""

    host: Host
    console: console.Console


def name_of(module: Module) -> str:
    """Return the name of a module of ansible.windows without the collection, whichever way a task writes it."""
    collection, _, name = module.name.rpartition(".")
    return name if collection in _COLLECTIONS else module.name


async def run_module(module: Module, here: Here) -> Result | None:
    """Return the result of a module; None for one that nothing stands in for."""
    answer = _MODULES.get(name_of(module))
    return await answer(module, here) if answer else None


async def run_script(script: str, here: Here) -> console.Output | None:
    """Run a script that came without a module: one of win_reboot's, or a command; None where it is neither.

    :raises UncitedLanguage: a command has no wording in the host's language.
    """
    script = _EXIT_CODE.sub("", script.strip())
    if _BOOT_TIME.fullmatch(script):
        return _said(str(file_time(here.host.started_at)))
    if ready := _READY.fullmatch(script):
        return _said(ready[1])
    if reboot := _REBOOT.search(script):
        done = await console.run(reboot[1], here.console)
        assert done is not None
        told = {"stdout": done.stdout.strip(), "stderr": done.stderr.strip(), "rc": done.return_code}
        return _said(json.dumps(told))
    return await console.run(script, here.console)


def _said(line: str) -> console.Output:
    return console.Output(f"{line}\r\n", "", 0)


async def _setup(module: Module, here: Here) -> Result:
    options = module.options
    wanted = options.get("gather_subset") or ["all"]
    if isinstance(wanted, str):
        wanted = wanted.split(",")
    result: Result = {"changed": False, "ansible_facts": facts(here.host, here.console.account, wanted)}
    if options.get("fact_path"):
        result["warnings"] = [f"Non existing path was set for local facts - {options['fact_path']}"]
    return result


async def _win_shell(module: Module, here: Here) -> Result:
    line = str(module.options.get("_raw_params", "")).strip()
    if _POWERSHELL.search(line):
        return failure(f"{RUNS}. This is PowerShell: {line}")
    return await _command(module, line, here)


async def _win_command(module: Module, here: Here) -> Result:
    options = module.options
    words = (f'"{word}"' if " " in word else word for word in map(str, options.get("argv") or []))
    return await _command(module, str(options.get("cmd") or options.get("_raw_params") or " ".join(words)), here)


async def _command(module: Module, line: str, here: Here) -> Result:
    if module.check_mode:
        skipped = f"remote module ({name_of(module)}) does not support check mode"
        return {"changed": False, "skipped": True, "msg": skipped}
    if wanted := [name for name in _OF_FILES if module.options.get(name)]:
        return failure(f"Simulated hosts have no files and no input for commands, so there is no {', '.join(wanted)}.")
    began = datetime.now(UTC)
    try:
        done = await console.run(line, here.console)
    except console.UncitedLanguage as error:
        return failure(str(error))
    if done is None:
        return failure(f"{RUNS}. This is none of them: {line}")
    ended = datetime.now(UTC)
    result: Result = {
        "changed": True,
        "cmd": line,
        "stdout": done.stdout,
        "stderr": done.stderr,
        "rc": done.return_code,
        "start": f"{began:%Y-%m-%d %H:%M:%S.%f}",
        "end": f"{ended:%Y-%m-%d %H:%M:%S.%f}",
        "delta": str(ended - began),
    }
    return result if done.return_code == 0 else result | {"failed": True, "msg": "non-zero return code"}


def failure(message: str) -> Result:
    """Return the result of a module that failed."""
    return {"failed": True, "changed": False, "msg": message}


_MODULES: Mapping[str, Callable[[Module, Here], Awaitable[Result]]] = {
    "setup": _setup,
    "win_command": _win_command,
    "win_shell": _win_shell,
}
