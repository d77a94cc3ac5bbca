# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Engine ``mono``: runs the C# of a module that arrived, on Mono. The module's PowerShell is read, not run."""

from __future__ import annotations

import asyncio
import json
import os
from typing import Any

from ..windows_api import Launch
from . import build
from .doorway import DoorwayError, OptionError, read_doorway
from .host_runner import Write
from .payload import Module, PayloadError, is_bootstrap, parse_module


class MonoEngine:
    """Runs modules whose PowerShell is a doorway to C#, and stands in for ansible.windows.win_ping."""

    async def run(self, script: str, stdin: bytes, write: Write, launch: Launch, environment: dict[str, str]) -> int:
        try:
            if not is_bootstrap(script):
                raise PayloadError("the mono engine runs modules, not PowerShell")
            module = parse_module(stdin)
        except PayloadError as error:
            write("stderr", f"{error}\r\n".encode())
            return 1
        if module.become_user:
            domain, _, user = module.become_user.rpartition("\\")
            launch.account = f"{domain or launch.host.domain}\\{user}"
        result = await run_module(module, environment)
        await launch.settled()
        write("stdout", json.dumps(result).encode())
        return 1 if result.get("failed") else 0


async def run_module(module: Module, environment: dict[str, str]) -> dict[str, Any]:
    """The module's result, as its ExitJson or FailJson would write it."""
    if module.name == "ansible.windows.win_ping":
        return _win_ping(module)
    try:
        doorway = read_doorway(module.script)
        parameters = doorway.parameters(module.name, module.options)
        if doorway.type_name.rpartition(".")[0] not in "\n".join(module.csharp.values()):
            raise DoorwayError(f"{doorway.type_name} is not in the C# that arrived")
        program = await build.program(module.csharp)
    except (DoorwayError, OptionError, build.BuildError) as error:
        return {"failed": True, "changed": False, "msg": str(error)}
    if module.check_mode and not doorway.supports_check_mode:
        return {"changed": False, "skipped": True, "msg": f"remote module ({module.name}) does not support check mode"}
    request = {
        "type": doorway.type_name,
        "method": doorway.method,
        "parameters": parameters,
        "check_mode": module.check_mode,
    }
    answer = await _run(str(program), json.dumps(request), environment)
    result: dict[str, Any] = {"changed": False, "invocation": {"module_args": parameters}}
    if "error" in answer:
        return {**result, "failed": True, "msg": answer["error"], "exception": answer["exception"]}
    return {**result, doorway.result_key: answer["report"]}


def _win_ping(module: Module) -> dict[str, Any]:
    """What win_ping.ps1 does: the floor that other modules are measured against."""
    data = module.options.get("data", "pong")
    if data == "crash":
        return {"failed": True, "changed": False, "msg": "Unhandled exception while executing module: boom"}
    return {"changed": False, "ping": data, "invocation": {"module_args": {"data": data}}}


async def _run(program: str, request: str, environment: dict[str, str]) -> dict[str, Any]:
    process = await asyncio.create_subprocess_exec(
        "mono",
        program,
        env={**os.environ, **environment},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        output, errors = await process.communicate(request.encode())
    except asyncio.CancelledError:
        process.kill()  # the client terminated the command
        await process.wait()
        raise
    try:
        answer: dict[str, Any] = json.loads(output)
    except ValueError:
        text = errors.decode(errors="replace")
        answer = {"error": f"the engine crashed with exit code {process.returncode}", "exception": text}
    return answer
