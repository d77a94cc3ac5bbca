# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What of Windows Wine has for real: the libraries by name, the registry, and the last error of a call that fails."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from pathlib import Path

import pytest
from ansible_collections.winops.rds.plugins.plugin_utils._engine.requests import LogoffTerminateRequest

from simulator.engines import build, wine
from simulator.windows_api import Launch, Value, WindowsApi
from tests.support import csharp
from tests.support.calls import PROCESSES
from tests.support.engines import answering
from tests.unit.engine.session_host import ALICE, Windows, session_host
from tests.unit.logon_mode.registry_host import registry_host, run
from tests.unit.logon_mode.test_logon_mode_engine import request_for

SYSTEM32 = Path(wine.environment()["WINEPREFIX"]) / "drive_c" / "windows" / "system32"
TERMINAL_SERVER = r"HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server"
IMPORT = re.compile(r'\[DllImport\("([\w.]+)".*?extern \w+ (\w+)\(', re.DOTALL)


@pytest.fixture
async def windows() -> AsyncIterator[Windows]:
    async with answering(Windows) as api:
        yield api


@pytest.fixture
async def api() -> AsyncIterator[WindowsApi]:
    async with answering(WindowsApi) as api:
        yield api


def imports() -> list[tuple[str, str]]:
    """DLL and function of each P/Invoke."""
    return [found for path in csharp.FILES for found in IMPORT.findall(path.read_text("utf-8"))]


def test_each_library_and_function_that_the_csharp_names_is_in_wine() -> None:
    """Wine's libraries are another reading of Windows: a name that both have is no slip of ours."""
    assert len(imports()) == sum(path.read_text("utf-8").count("[DllImport(") for path in csharp.FILES) > 25
    exported: dict[str, str] = {}
    for dll in {dll for dll, _ in imports()}:
        command = ["x86_64-w64-mingw32-objdump", "--private-headers", SYSTEM32 / dll]
        exported[dll] = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    missing = [(dll, name) for dll, name in imports() if not re.search(rf"\b{name}$", exported[dll], re.MULTILINE)]
    assert missing == []


def test_only_the_five_libraries_are_stood_in_for() -> None:
    assert {dll for dll, _ in imports()} == set(build.LIBRARY_NAMES)


async def test_the_logon_mode_in_a_real_registry(api: WindowsApi, monkeypatch: pytest.MonkeyPatch) -> None:
    """Written by the engine, read by Wine's reg.exe."""
    monkeypatch.setenv(wine.REAL, "advapi32.dll")
    reg("add", TERMINAL_SERVER, "/v", "TSServerDrainMode", "/t", "REG_DWORD", "/d", "0", "/f")
    host = registry_host()
    report = await run(api, host, request_for("drain", check_mode=False, trace=""))
    assert (report["error"], report["written"]) == (None, ["drain_mode"])
    assert re.search(r"TSServerDrainMode\s+REG_DWORD\s+0x2", reg("query", TERMINAL_SERVER, "/v", "TSServerDrainMode"))
    assert (await run(api, host, request_for("drain", check_mode=False, trace="")))["written"] == []
    # The event, which is Wine's too, tells who has done it; that alone was asked of the simulated Windows.
    assert [call.function for call in api.calls_on(host)] == ["GetUserNameExW"]


def reg(*arguments: str) -> str:
    return said_by("reg", *arguments)


def said_by(*command: str) -> str:
    done = subprocess.run(
        [wine.wine(), *command],
        check=True,
        env={**os.environ, **wine.environment()},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    return done.stdout.decode("utf-8", "replace")


# ---- programs

SESSION_OF_PROGRAMS = 1  # in Wine
PING = re.compile(r"^ping\.exe[\s,]+(\d+)", re.MULTILINE | re.IGNORECASE)


@pytest.fixture
def pings() -> Iterator[dict[int, subprocess.Popen[bytes]]]:
    """Two programs that run on, by their process IDs in Wine."""
    environment, nothing = {**os.environ, **wine.environment()}, subprocess.DEVNULL
    found: dict[int, subprocess.Popen[bytes]] = {}
    for _ in range(2):
        process = subprocess.Popen(
            [wine.wine(), "ping", "-n", "600", "127.0.0.1"],
            env=environment,
            stdin=nothing,
            stdout=nothing,
            stderr=nothing,
        )
        deadline = time.monotonic() + 60
        while not (new := {*map(int, PING.findall(said_by("tasklist")))} - found.keys()):
            assert time.monotonic() < deadline
        found[new.pop()] = process
    yield found
    for process in found.values():
        process.kill()
        process.wait()


class ListsPrograms(Windows):
    """The session service says that these programs are Alice's."""

    programs: Iterable[int] = ()

    async def call(self, launch: Launch, function: str, arguments: tuple[str, ...]) -> list[Value]:
        if function == PROCESSES:
            session, sid = arguments[1], "S-1-5-21-1-2-3-1001"
            threads, memory = 1, 1 << 20
            listed = [(int(session), id, "ping.exe", sid, threads, memory) for id in self.programs]
            return [len(listed), *(value for program in listed for value in program)]
        return await super().call(launch, function, arguments)


async def test_programs_that_keep_a_session_are_ended(
    pings: dict[int, subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Handles, times and the end of programs are Wine's own, and so is in which session they are."""
    monkeypatch.setenv(wine.REAL, "kernel32.dll")
    async with answering(ListsPrograms) as api:
        api.programs = pings
        assert await ended(api, SESSION_OF_PROGRAMS + 1) == []
        assert [process.poll() for process in pings.values()] == [None, None]
        assert await ended(api, SESSION_OF_PROGRAMS) == list(pings)
        for process in pings.values():
            process.wait(10)


async def ended(api: ListsPrograms, session: int) -> list[int]:
    """Log off a session that stays; return the programs that were ended."""
    host = session_host({"id": session, "user": "alice", "logoff": "never"})
    report = await api.run(host, LogoffTerminateRequest, users=["alice"], timeout=1, protect_console=False)
    (told,) = report["servers"][0]["sessions"]
    assert told["result"] == "timed_out"
    return [process["id"] for process in told["ended_processes"]]


# ---- faults that are planted


LOGOFF = '("wtsapi32.dll", SetLastError = true)]\n\tinternal static extern bool WTSLogoffSession('


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        (LOGOFF, LOGOFF, "5"),
        (LOGOFF, LOGOFF.replace("true", "false"), "0"),  # a lost SetLastError
        (
            LOGOFF,
            LOGOFF.replace("SetLastError", 'EntryPoint = "WTSLogoffSessionW", SetLastError'),
            "EntryPointNotFound",
        ),
        ("SizeConst = 21", "SizeConst = 20", "already_gone|failed"),  # a wrong structure
    ],
)
async def test_a_planted_fault_shows(
    windows: Windows, monkeypatch: pytest.MonkeyPatch, right: str, wrong: str, said: str
) -> None:
    """The logoff is refused with error 5, and that is what has to be told."""
    original = csharp.sources("win_rds_logoff")
    assert sum(right in text for text in original.values()) == 1
    changed = {name: text.replace(right, wrong) for name, text in original.items()}
    monkeypatch.setattr(csharp, "sources", lambda engine: changed)
    host = session_host(ALICE, faults=[{"call": "WTSLogoffSession", "error": 5}])
    (server,) = (await windows.run(host, users=["alice"]))["servers"]
    told = [server["crash"], *((one["error"] or {}).get("code", one["result"]) for one in server["sessions"] or [])]
    assert [one for one in told if re.search(said, str(one))], server
