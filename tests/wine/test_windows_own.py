# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What of Windows Wine has for real: the libraries by name, the registry, and the last error of a call that fails."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from simulator.engines import build, wine
from simulator.windows_api import WindowsApi
from tests.support import csharp
from tests.unit.engine.session_host import ALICE, Windows, session_host
from tests.unit.logon_mode.registry_host import registry_host, run
from tests.unit.logon_mode.test_logon_mode_engine import request_for

SYSTEM32 = Path(wine.environment()["WINEPREFIX"]) / "drive_c" / "windows" / "system32"
TERMINAL_SERVER = r"HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server"
IMPORT = re.compile(r'\[DllImport\("([\w.]+)".*?extern \w+ (\w+)\(', re.DOTALL)


@pytest.fixture
async def windows() -> AsyncIterator[Windows]:
    with tempfile.TemporaryDirectory() as folder:
        api = Windows(Path(folder) / "socket")
        await api.start()
        yield api
        await api.stop()


@pytest.fixture
async def api() -> AsyncIterator[WindowsApi]:
    with tempfile.TemporaryDirectory() as folder:
        api = WindowsApi(Path(folder) / "socket")
        await api.start()
        yield api
        await api.stop()


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
    report = await run(api, host, request_for("drain", check_mode=False))
    assert (report["error"], report["written"]) == (None, ["drain_mode"])
    assert re.search(r"TSServerDrainMode\s+REG_DWORD\s+0x2", reg("query", TERMINAL_SERVER, "/v", "TSServerDrainMode"))
    assert (await run(api, host, request_for("drain", check_mode=False)))["written"] == []
    assert api.calls_on(host) == []


def reg(*arguments: str) -> str:
    command = [wine.wine(), "reg", *arguments]
    done = subprocess.run(
        command,
        check=True,
        env={**os.environ, **wine.environment()},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    return done.stdout.decode("utf-8", "replace")


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
