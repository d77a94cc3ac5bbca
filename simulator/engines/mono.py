# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Engine ``mono``: runs the C# of a module that arrived, on Mono. The module's PowerShell is read, not run."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..windows_api import Launch
from . import build
from .ansible_windows import RUNS, failure, name_of
from .entry_script import EntryScript, EntryScriptError, read_entry_script
from .host_runner import Write
from .payload import Module, PayloadError, is_bootstrap, parse_module


@dataclass(frozen=True)
class Output:
    """What a program has written, and its exit code."""

    stdout: bytes
    stderr: bytes
    exit_code: int


@dataclass(frozen=True)
class Runtime:
    """What compiles C# that arrived, and what calls an entry script's method in it (:func:`program`, :func:`call`)."""

    program: Callable[[Mapping[str, str]], Awaitable[Path]]
    call: Callable[[Path, EntryScript, str, Mapping[str, str]], Awaitable[Output]]


class MonoEngine:
    """Runs modules whose PowerShell is an entry script to C#, and stands in for ansible.windows.win_ping."""

    @property
    def runtime(self) -> Runtime:
        return MONO

    async def run(self, script: str, stdin: bytes, write: Write, launch: Launch, environment: dict[str, str]) -> int:
        try:
            if not is_bootstrap(script):
                raise PayloadError(f"{RUNS}. This is PowerShell.")
            module = parse_module(stdin)
        except PayloadError as error:
            write("stderr", f"{error}\r\n".encode())
            return 1
        launch.become(module.become_user, delegated=module.become_password)
        output = await run_module(module, environment, self.runtime)
        await launch.settled()
        write("stdout", output.stdout)
        write("stderr", output.stderr)
        return output.exit_code


async def run_module(module: Module, environment: Mapping[str, str], runtime: Runtime | None = None) -> Output:
    """Run a module as PowerShell would, on Mono or on another runtime."""
    runtime = runtime or MONO
    if name_of(module) in ("win_ping", "ping"):  # the other is how wait_for_connection calls it
        return _win_ping(module)
    try:
        entry_script = read_entry_script(module.script)
    except EntryScriptError:
        return _failure(f"{RUNS}. {module.name} is none of them.")
    try:
        text = module.options.get(entry_script.option)
        if not isinstance(text, str) or "\n" in text:
            raise EntryScriptError(f"the option {entry_script.option} is not a text of one line")
        if entry_script.type_name.rpartition(".")[0] not in "\n".join(module.csharp.values()):
            raise EntryScriptError(f"{entry_script.type_name} is not in the C# that arrived")
        program = await runtime.program(module.csharp)
        return await runtime.call(program, entry_script, text, environment)
    except (EntryScriptError, build.BuildError) as error:
        return _failure(str(error))


def command(program: str | os.PathLike[str], entry_script: EntryScript) -> list[str]:
    """Return the command line of a process that calls an entry script's method with each line that it reads."""
    return ["mono", str(program), entry_script.type_name, entry_script.method]


async def call(
    program: str | os.PathLike[str], entry_script: EntryScript, lines: str, environment: Mapping[str, str]
) -> Output:
    """Call an entry script's method with each of these lines, in one process, which writes a line for each."""
    process = await asyncio.create_subprocess_exec(
        *command(program, entry_script),
        env={**os.environ, **environment},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        stdout, stderr = await process.communicate(lines.encode())
    finally:
        if process.returncode is None:
            process.kill()  # the client terminated the command
            await process.wait()
    return Output(stdout, stderr, process.returncode or 0)


MONO = Runtime(build.program, call)


def _win_ping(module: Module) -> Output:
    """What win_ping.ps1 does: the floor that other modules are measured against."""
    data = module.options.get("data", "pong")
    if data == "crash":
        return _failure("Unhandled exception while executing module: boom")
    return _result({"changed": False, "ping": data, "invocation": {"module_args": {"data": data}}})


def _failure(message: str) -> Output:
    return _result(failure(message))


def _result(result: Mapping[str, object]) -> Output:
    return Output(json.dumps(result).encode(), b"", 1 if result.get("failed") else 0)
