# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs the engines of the collection, on Mono or what SIMULATOR_ENGINE names, on hosts that the simulator plays."""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from simulator.engines import build, default_engine, mono, wine
from simulator.engines.mono import Runtime, run_module
from simulator.engines.payload import Module
from simulator.farm import Host
from simulator.windows_api import Launch, WindowsApi
from tests.support import csharp

CONNECTING_ACCOUNT = "CONTOSO\\ansible"

Answer = dict[str, Any]

W = TypeVar("W", bound=WindowsApi)

#: On what the tests of the C# run it: by SIMULATOR_ENGINE.
RUNTIME: Runtime = {"wine": wine.WINE}.get(default_engine(), mono.MONO)

_LARGEST_ANSWER = 2**24  # bytes
_PATIENCE = 60.0  # seconds that an answer may take


@asynccontextmanager
async def answering(kind: Callable[..., W], *arguments: Any, **named: Any) -> AsyncIterator[W]:
    """A simulated Windows API, which answers until it is left.

    :param arguments: what it takes besides its socket.
    """
    with tempfile.TemporaryDirectory() as folder:  # not tmp_path, whose length a Unix socket's path may not have
        api = kind(Path(folder) / "socket", *arguments, **named)
        await api.start()
        try:
            yield api
        finally:
            await api.stop()


async def launch(
    api: WindowsApi,
    host: Host,
    engine: str,
    request: str,
    *,
    account: str = CONNECTING_ACCOUNT,
    environment: Mapping[str, str] | None = None,
) -> tuple[Answer, Launch]:
    """Run an entry script as if it had arrived on a host; return what it answers."""
    arguments = {"request": request, "_ansible_module_name": f"winops.rds.{engine}"}
    module = Module(f"winops.rds.{engine}", csharp.script(engine), arguments, csharp.sources(engine))
    launched, variables = api.new_launch(host, account)
    output = await run_module(module, {**variables, **(environment or {})}, RUNTIME)
    await launched.settled()
    assert (output.stderr, output.exit_code) == (b"", 0), output
    return _read(output.stdout), launched


async def report(api: WindowsApi, host: Host, engine: str, request: str, *, leaks: int = 0, **how: Any) -> Any:
    """The report in the answer.

    :param leaks: how much of what Windows gave out is not given back.
    """
    answer, launched = await launch(api, host, engine, request, **how)
    assert not answer.get("failed"), answer
    assert launched.leaks == leaks
    return answer["report"]


def _read(answer: bytes) -> Answer:
    assert answer.isascii(), "a code page could spoil it"
    read: Answer = json.loads(answer)
    return read


class EngineProcess:
    """An engine in a process that stays, on Mono, and answers one request after the other."""

    def __init__(self, process: asyncio.subprocess.Process, launch: Launch) -> None:
        self._process = process
        self._launch = launch

    @classmethod
    async def start(cls, api: WindowsApi, host: Host, engine: str) -> EngineProcess:
        program = await build.program(csharp.sources(engine))
        launched, environment = api.new_launch(host, CONNECTING_ACCOUNT)
        process = await asyncio.create_subprocess_exec(
            *mono.command(program, csharp.entry_script(engine)),
            env={**os.environ, **environment},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=_LARGEST_ANSWER,
        )
        return cls(process, launched)

    async def answer(self, request: str) -> Answer:
        """:raises TimeoutError, ValueError: no answer came, or none that is one; the process has been ended."""
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(request.encode() + b"\n")
        try:
            async with asyncio.timeout(_PATIENCE):
                return _read(await self._process.stdout.readline())
        except (TimeoutError, ValueError):
            if self._process.returncode is None:
                self._process.kill()
            await self._process.wait()
            raise

    async def end(self, *, may_leak: bool = False) -> None:
        await self._process.communicate(b"")  # the end of its input
        await self._launch.settled()
        assert may_leak or not self._launch.leaks  # None: it never called Windows


class EngineProcesses:
    """The engines of a host, each in a process that stays, since most of a launch is its start."""

    def __init__(self, api: WindowsApi, host: Host) -> None:
        self._api = api
        self._host = host
        self._started: dict[str, EngineProcess] = {}

    async def answer(self, engine: str, request: str) -> Answer:
        if engine not in self._started:
            self._started[engine] = await EngineProcess.start(self._api, self._host, engine)
        return await self._started[engine].answer(request)

    async def end(self, *, may_leak: bool = False) -> None:
        for process in self._started.values():
            await process.end(may_leak=may_leak)
