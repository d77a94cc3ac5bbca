# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs LogonMode.cs on Mono, against a registry that the simulator plays."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Mapping
from typing import Any

from simulator.directory import Directory
from simulator.engines import build
from simulator.engines.doorway import read_doorway
from simulator.farm import Host, HostSpec
from simulator.windows_api import WindowsApi
from tests.unit.engine.session_host import PLUGINS

SOURCE = PLUGINS / "module_utils" / "LogonMode.cs"
DOORWAY = PLUGINS / "modules" / "win_rds_logon_mode_engine.ps1"


def registry_host(**settings: Any) -> Host:
    """A host in the words of a farm file."""
    spec = HostSpec.model_validate({"name": "RDSH01", **settings})
    return Host(spec, domain="CONTOSO", address="127.0.1.1", directory=Directory("contoso.com"))


async def run(
    api: WindowsApi, host: Host, write: Mapping[str, str | None] | None = None, *, check_mode: bool = False
) -> dict[str, Any]:
    """Launch the engine once and return its report.

    :param write: what it is to write, by the names of its options.
    """
    doorway = read_doorway(DOORWAY.read_text(encoding="utf-8"))
    program = await build.program({SOURCE.stem: SOURCE.read_text(encoding="utf-8")})
    launch, variables = api.new_launch(host, "CONTOSO\\ansible")
    request = {
        "type": doorway.type_name,
        "method": doorway.method,
        "check_mode": check_mode,
        "parameters": doorway.parameters("engine", write or {}),
    }
    process = await asyncio.create_subprocess_exec(
        "mono",
        str(program),
        env={**os.environ, **variables},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate(json.dumps(request).encode())
    await launch.settled()
    answer = json.loads(output)
    assert "error" not in answer, answer
    assert launch.leaks == 0
    report: dict[str, Any] = answer["report"]
    return report
