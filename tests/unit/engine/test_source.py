# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the C# is made of: what Windows PowerShell 5.1 can compile, and what a test can stand in for."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from simulator.engines import build
from tests.unit.engine.session_host import PLUGINS, SOURCE

#: .NET Framework 4 and .NET alike have these, and Add-Type refers to them without being told.
NAMESPACES = {
    "System",
    "System.Collections",
    "System.Collections.Generic",
    "System.Diagnostics",
    "System.Globalization",
    "System.Net",
    "System.Runtime.InteropServices",
    "System.Text",
    "System.Threading",
}
CSHARP = sorted((PLUGINS / "module_utils").glob("*.cs"))


@pytest.mark.parametrize("source", CSHARP, ids=lambda source: source.name)
def test_compiles_as_csharp_5_without_a_warning(source: Path, tmp_path: Path) -> None:
    options = ["-langversion:5", "-warn:4", "-warnaserror", "-nologo", "-target:library"]
    subprocess.run(["mcs", *options, f"-out:{tmp_path / 'engine.dll'}", source], check=True)


@pytest.mark.parametrize("source", CSHARP, ids=lambda source: source.name)
def test_uses_only_what_every_powershell_has(source: Path) -> None:
    text = source.read_text(encoding="utf-8")
    assert set(re.findall(r"^\s*using ([\w.]+);", text, re.MULTILINE)) <= NAMESPACES
    assert "System.Management" not in text


@pytest.mark.parametrize("source", CSHARP, ids=lambda source: source.name)
def test_has_the_namespace_by_which_ansible_finds_it(source: Path) -> None:
    namespaces = re.findall(r"^namespace (\S+)$", source.read_text(encoding="utf-8"), re.MULTILINE)
    assert namespaces == [f"ansible_collections.winops.rds.plugins.module_utils.{source.stem}"]


def test_windows_is_called_in_module_utils_alone() -> None:
    callers = {
        path
        for path in PLUGINS.rglob("*")
        if path.is_file() and re.search(rb"DllImport|Add-Type", path.read_bytes()) and "__pycache__" not in path.parts
    }
    assert callers == set(CSHARP)


#: Where each function is, as "DLL" under "Requirements" on its page at learn.microsoft.com says. Here one library
#: stands in for all of them, so no other test would see a wrong name.
LIBRARIES = {
    "advapi32.dll": {"ConvertStringSidToSidW", "LookupAccountNameW", "LookupAccountSidW"},
    "kernel32.dll": {"LocalFree", "WTSGetActiveConsoleSessionId"},
    "netapi32.dll": {"NetApiBufferFree", "NetWkstaGetInfo"},
    "secur32.dll": {"GetUserNameExW"},
    "wtsapi32.dll": {
        "WTSCloseServer",
        "WTSDisconnectSession",
        "WTSEnumerateProcessesExW",
        "WTSEnumerateSessionsExW",
        "WTSFreeMemory",
        "WTSFreeMemoryExW",
        "WTSLogoffSession",
        "WTSOpenServerExW",
        "WTSQuerySessionInformationW",
        "WTSSendMessageW",
        "WTSTerminateProcess",
    },
}


def imported() -> list[tuple[str, str]]:
    """Library and function of each import."""
    text = SOURCE.read_text(encoding="utf-8")
    imports = re.findall(
        r'\[DllImport\("([^"]+)"[^\]]*\)\]\s*(?:\[return:[^\]]*\]\s*)?internal static extern \w+ (\w+)\(', text
    )
    assert len(imports) == text.count("DllImport(") == text.count(" extern ")
    return imports


def test_every_function_is_imported_from_the_library_that_has_it() -> None:
    assert sorted(imported()) == sorted((library, name) for library, names in LIBRARIES.items() for name in names)


def test_every_import_of_text_is_of_utf_16() -> None:
    """Without CharSet.Unicode, .NET would hand a W function ANSI text."""
    text = SOURCE.read_text(encoding="utf-8")
    for attributes, parameters in re.findall(
        r"\[DllImport\(([^\]]*)\)\]\s*(?:\[return:[^\]]*\]\s*)?internal static extern \w+ \w+\(([^;]*)\);", text
    ):
        if re.search(r"\bstring\b|\bStringBuilder\b", parameters):
            assert "CharSet.Unicode" in attributes


async def test_the_stand_in_library_has_every_function_that_is_imported() -> None:
    assert {library for library, _ in imported()} == set(build.LIBRARY_NAMES)
    folder = await build.windows_library()
    symbols = subprocess.run(
        ["nm", "-D", "--defined-only", folder / "wtsapi32.dll.so"], check=True, stdout=subprocess.PIPE, text=True
    ).stdout
    exported = {line.split()[2] for line in symbols.splitlines() if line.split()[1] == "T"}
    assert {function for _, function in imported()} <= exported
