# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the C# is made of: what Windows PowerShell 5.1 can compile, and what a test can stand in for."""

from __future__ import annotations

import re
import subprocess
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from simulator.engines import build
from tests.support.csharp import ENTRY_SCRIPTS, FILES, NAMESPACE, sources, used_by
from tests.support.paths import PLUGINS

#: .NET Framework 4 and .NET alike have these, and Add-Type refers to them without being told.
NAMESPACES = {
    "System",
    "System.Collections",
    "System.Collections.Generic",
    "System.Diagnostics",
    "System.Globalization",
    "System.Net",
    "System.Reflection",
    "System.Runtime.InteropServices",
    "System.Text",
    "System.Threading",
    "System.Threading.Tasks",
}
#: Only one of them has each of these: _json.cs says so in AssemblyReference lines.
ONLY_IN_ONE = {"System.Text.Json", "System.Web.Script.Serialization"}

each_file = pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
each_entry_script = pytest.mark.parametrize("engine", ENTRY_SCRIPTS)


def text_of(file: Path) -> str:
    return file.read_text(encoding="utf-8")


@each_entry_script
def test_compiles_as_csharp_5_without_a_warning(engine: str, tmp_path: Path) -> None:
    """What an entry script brings along, and nothing else."""
    files = []
    for util, text in sources(engine).items():
        files.append(tmp_path / f"{util}.cs")
        files[-1].write_text(text, encoding="utf-8")
    options = ["-langversion:5", "-warn:4", "-warnaserror", "-nologo", "-target:library", "-r:System.Web.Extensions"]
    subprocess.run(["mcs", *options, f"-out:{tmp_path / 'engine.dll'}", *files], check=True)


def test_every_file_comes_along_with_some_entry_script() -> None:
    carried = {util.rpartition(".")[2] for engine in ENTRY_SCRIPTS for util in sources(engine)}
    assert carried == {file.stem for file in FILES}


@each_file
def test_uses_only_what_every_powershell_has(file: Path) -> None:
    used = set(re.findall(r"^\s*using ([\w.]+);", text_of(file), re.MULTILINE))
    foreign = used - {other.stem for other in FILES} - NAMESPACES
    assert foreign == (ONLY_IN_ONE if file.name == "_json.cs" else set())
    assert "System.Management" not in text_of(file)


@each_file
def test_has_the_namespace_by_which_ansible_finds_it(file: Path) -> None:
    namespaces = re.findall(r"^namespace (\S+)$", text_of(file), re.MULTILINE)
    assert namespaces == [f"{NAMESPACE}.{file.stem}"]


@each_file
def test_no_type_has_the_name_of_a_namespace(file: Path) -> None:
    """The compiler would take the one for the other (CS0118)."""
    types = set(re.findall(r"\b(?:class|struct|enum|interface|delegate) (\w+)", text_of(file)))
    assert types
    assert types.isdisjoint({*NAMESPACE.split("."), *(other.stem for other in FILES)})


@each_file
def test_uses_other_files_by_their_short_names(file: Path) -> None:
    """Which mean something within the namespace only. The entry scripts name the files in full, for Ansible."""
    head, _, body = text_of(file).partition(f"\nnamespace {NAMESPACE}.{file.stem}\n{{\n")
    names = re.findall(r"\busing (_\w+);", body)
    assert names == sorted(set(names)) == sorted(used_by(file))
    assert set(names) <= {other.stem for other in FILES} - {file.stem}
    assert NAMESPACE not in head + body and not re.search(r"\busing _", head)


def test_files_use_each_other_in_one_direction() -> None:
    order = [*TopologicalSorter({file.stem: used_by(file) for file in FILES}).static_order()]
    assert len(order) == len(FILES)


def test_windows_is_called_in_module_utils_alone() -> None:
    callers = {
        path
        for path in PLUGINS.rglob("*")
        if path.is_file() and re.search(rb"DllImport|Add-Type", path.read_bytes()) and "__pycache__" not in path.parts
    }
    assert callers and callers < set(FILES)


@each_entry_script
def test_windows_libraries_come_from_system32(engine: str) -> None:
    """https://learn.microsoft.com/dotnet/fundamentals/code-analysis/quality-rules/ca5392"""
    wanted = "[assembly: DefaultDllImportSearchPaths(DllImportSearchPath.System32)]"
    assert "\n".join(sources(engine).values()).count(wanted) == 1


#: Where each function is, as "DLL" under "Requirements" on its page at learn.microsoft.com says. Here one library
#: stands in for all of them, so no other test would see a wrong name.
LIBRARIES = {
    "advapi32.dll": {
        "ConvertStringSidToSidW",
        "DeregisterEventSource",
        "LookupAccountNameW",
        "LookupAccountSidW",
        "RegCloseKey",
        "RegCreateKeyExW",
        "RegDeleteTreeW",
        "RegDeleteValueW",
        "RegFlushKey",
        "RegOpenKeyExW",
        "RegQueryValueExW",
        "RegSetValueExW",
        "RegisterEventSourceW",
        "ReportEventW",
    },
    "kernel32.dll": {
        "CloseHandle",
        "GetProcessTimes",
        "LocalFree",
        "OpenProcess",
        "ProcessIdToSessionId",
        "TerminateProcess",
        "WTSGetActiveConsoleSessionId",
    },
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
IMPORT = re.compile(
    r'\[DllImport\("(?P<library>[^"]+)"(?P<attributes>[^\]]*)\)\]\s*(?:\[return:[^\]]*\]\s*)?'
    r"internal static extern \w+ (?P<name>\w+)\((?P<parameters>[^;]*)\);"
)


def imported() -> set[tuple[str, str]]:
    """Library and function of each import."""
    text = "".join(map(text_of, FILES))
    imports = [(found["library"], found["name"]) for found in IMPORT.finditer(text)]
    assert len(imports) == text.count("DllImport(") == text.count(" extern ")
    return set(imports)


def test_every_function_is_imported_from_the_library_that_has_it() -> None:
    assert imported() == {(library, name) for library, names in LIBRARIES.items() for name in names}


@each_file
def test_every_import_of_text_is_of_utf_16(file: Path) -> None:
    """Without CharSet.Unicode, .NET would hand a W function ANSI text."""
    for found in IMPORT.finditer(text_of(file)):
        if re.search(r"\bstring\b|\bStringBuilder\b", found["parameters"]):
            assert "CharSet.Unicode" in found["attributes"]


async def test_the_stand_in_library_has_every_function_that_is_imported() -> None:
    assert {library for library, _ in imported()} == set(build.LIBRARY_NAMES)
    folder = await build.windows_library()
    symbols = subprocess.run(
        ["nm", "-D", "--defined-only", folder / "wtsapi32.dll.so"], check=True, stdout=subprocess.PIPE, text=True
    ).stdout
    exported = {line.split()[2] for line in symbols.splitlines() if line.split()[1] == "T"}
    assert {function for _, function in imported()} <= exported
