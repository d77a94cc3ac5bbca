# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The engine ``pwsh``: how it starts PowerShell. What is started here is a shell script and not PowerShell."""

from __future__ import annotations

import asyncio
import base64
import os
import re
from pathlib import Path

import pytest

from simulator.directory import Directory
from simulator.engines import PwshEngine, build
from simulator.farm import Host, HostSpec
from simulator.windows_api import WindowsApi

#: Says how it was started, on which names it finds itself, and what it was given.
STAND_IN = """\
#!/bin/sh
printf '%s\\n' "$@" "NO_COLOR=$NO_COLOR" "TERM=$TERM" "LAUNCH=$SIMULATOR_LAUNCH" "LIBRARY=$LD_LIBRARY_PATH" \
    "names=$(readlink -f "$(command -v PowerShell)") $(readlink -f "$(command -v powershell)")"
cat
echo "a complaint" >&2
exit 3
"""


class Streams(dict[str, bytes]):
    def write(self, name: str, data: bytes) -> None:
        self[name] = self.get(name, b"") + data


def stand_in(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> Path:
    program = folder / "pwsh"
    program.write_text(script)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return program


async def launch(api: WindowsApi, engine: PwshEngine, script: str, stdin: bytes) -> tuple[int, Streams]:
    spec = HostSpec.model_validate({"name": "RDSH01"})
    launch, environment = api.new_launch(Host(spec, "CONTOSO", "127.0.1.1", Directory("contoso.com")), "ansible")
    streams = Streams()
    return await engine.run(script, stdin, streams.write, launch, environment), streams


async def test_how_powershell_is_started(api: WindowsApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pwsh = stand_in(tmp_path, monkeypatch, STAND_IN)
    code, streams = await launch(api, PwshEngine(), "'é'; exit 3", b"the payload\0\0\0\0")
    assert (code, streams["stderr"]) == (3, b"a complaint\n")
    told, payload = streams["stdout"].split(f"names={pwsh} {pwsh}\n".encode())
    assert payload == b"the payload\0\0\0\0"
    *flags, encoded, no_color, term, token, library = told.decode().splitlines()
    assert flags == ["-NoProfile", "-NonInteractive", "-EncodedCommand"]
    assert base64.b64decode(encoded).decode("utf-16-le") == "'é'; exit 3"
    assert (no_color, term) == ("NO_COLOR=1", "TERM=dumb")
    assert re.fullmatch("LAUNCH=1-[0-9a-f]{16}", token)
    assert library == f"LIBRARY={await build.windows_library()}"


async def test_every_launch_has_a_token_of_its_own(
    api: WindowsApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(tmp_path, monkeypatch, STAND_IN)
    engine = PwshEngine()
    outputs = [streams["stdout"] for _, streams in [await launch(api, engine, "$null", b"") for _ in range(2)]]
    assert [b"LAUNCH=1-" in outputs[0], b"LAUNCH=2-" in outputs[1]] == [True, True]


async def test_no_powershell(api: WindowsApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await build.windows_library()  # the compiler will not be on PATH either
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(build.BuildError, match=r"^pwsh \(PowerShell 7\) is not on PATH$"):
        await launch(api, PwshEngine(), "$null", b"")


async def test_a_command_that_is_terminated_ends_its_program(
    api: WindowsApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    process_id = tmp_path / "pid"
    stand_in(
        tmp_path,
        monkeypatch,
        f"#!/bin/sh\necho $$ > {process_id}.new\nmv {process_id}.new {process_id}\nexec sleep 60\n",
    )
    running = asyncio.create_task(launch(api, PwshEngine(), "$null", b""))
    async with asyncio.timeout(10):
        while not process_id.exists():
            await asyncio.sleep(0.01)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    with pytest.raises(ProcessLookupError):
        os.kill(int(process_id.read_text()), 0)
