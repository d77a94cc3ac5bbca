# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Structures and constants are those of headers that others wrote: WinPR's and mingw-w64's, compiled."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.winops.rds.plugins.plugin_utils._grace.period import time_of_day
from ansible_collections.winops.rds.plugins.plugin_utils._result.win32_errors import _ERRORS
from ansible_collections.winops.rds.plugins.plugin_utils._words import wts

from simulator import session_table, win32
from tests.support.csharp import FILES, NAMESPACE
from tests.support.paths import REPOSITORY

WINDOWS_C = REPOSITORY / "simulator" / "winapi" / "windows.c"

#: Writes what Marshal makes of everything in the classes Native, and every constant, as JSON.
DUMP = """
using System;
using System.Collections.Generic;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Web.Script.Serialization;

internal static class Dump
{
    private const BindingFlags All =
        BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic;

    private static int FieldSize(FieldInfo field)
    {
        object[] attributes = field.GetCustomAttributes(typeof(MarshalAsAttribute), false);
        if (attributes.Length == 0)
            return Marshal.SizeOf(field.FieldType);
        MarshalAsAttribute marshal = (MarshalAsAttribute)attributes[0];
        if (marshal.Value == UnmanagedType.ByValTStr)
            return marshal.SizeConst * (field.DeclaringType.IsUnicodeClass ? 2 : 1);
        if (marshal.Value == UnmanagedType.ByValArray)
            return marshal.SizeConst * Marshal.SizeOf(field.FieldType.GetElementType());
        throw new NotSupportedException(field.Name);
    }

    private static void Main()
    {
        Dictionary<string, object> structs = new Dictionary<string, object>();
        Dictionary<string, object> constants = new Dictionary<string, object>();
        foreach (Type type in Assembly.GetExecutingAssembly().GetTypes())
        {
            if (type.Namespace == null || !type.Namespace.StartsWith("NAMESPACE."))
                continue;
            bool isNative = type.DeclaringType != null && type.DeclaringType.Name == "Native";
            if (isNative && !type.IsEnum)
            {
                List<object> fields = new List<object>();
                foreach (FieldInfo field in type.GetFields(All))
                {
                    int offset = Marshal.OffsetOf(type, field.Name).ToInt32();
                    fields.Add(new object[] { field.Name, offset, FieldSize(field) });
                }
                structs[type.Name] = new object[] { Marshal.SizeOf(type), fields };
            }
            foreach (FieldInfo field in type.GetFields(All))
                if (field.IsLiteral && field.FieldType != typeof(string) && (isNative || !type.IsEnum))
                    constants[field.Name] = Convert.ToInt64(field.GetRawConstantValue());
        }
        Console.Write(new JavaScriptSerializer().Serialize(new object[] { structs, constants }));
    }
}
""".replace("NAMESPACE", NAMESPACE)


@dataclass(frozen=True)
class Headers:
    """Somebody's declarations of the Windows API, for the C compiler of this machine."""

    includes: tuple[str, ...]
    flags: tuple[str, ...]

    def values(self, expressions: Iterable[str], folder: Path) -> list[int]:
        """The values of C expressions."""
        expressions = [*expressions]
        source = folder / "values.c"
        source.write_text(
            "\n".join(f"#include <{include}>" for include in self.includes)
            + '\n_Static_assert(sizeof(LONG) == 4 && sizeof(WCHAR) == 2, "types of Windows");'
            + "\nint main(void)\n{\n"
            + "".join(f'  __builtin_printf("%lld\\n", (long long)({expression}));\n' for expression in expressions)
            + "}\n"
        )
        program = folder / "values"
        run("cc", "-w", *self.flags, "-o", program, source)
        return [int(line) for line in run(program).split()]

    def layout(self, struct: str, fields: Iterable[str], folder: Path) -> list[int]:
        """Size of a structure, then offset and size of each field."""
        expressions = [f"sizeof({struct})"]
        for field in fields:
            expressions += [f"__builtin_offsetof({struct}, {field})", f"sizeof((({struct} *)0)->{field})"]
        return self.values(expressions, folder)


def run(*command: str | Path) -> str:
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


WINPR = Headers(("winpr/wtsapi.h",), ("-I/usr/include/winpr2", "-I/usr/include/winpr3"))
# Written for a compiler that makes programs for Windows; this one needs to be told a little. LONG has 32 bits in them
# also where long has 64.
MINGW = Headers(
    ("winsock2.h", "windows.h", "wtsapi32.h", "lm.h", "secext.h"),
    (
        *("-nostdinc", "-isystem", "/usr/share/mingw-w64/include"),
        *("-isystem", run("cc", "-print-file-name=include").strip()),
        *("-std=gnu11", "-fms-extensions", "-fshort-wchar", "-D_WIN32", "-D_WIN64", "-D__MINGW64__"),
        *("-DSECURITY_WIN32", "-D__declspec(x)=", "-D__cdecl=", "-D__stdcall=", "-D__fastcall="),
    ),
)

#: The headers that have each structure of the classes Native, and its fields whose names differ there.
STRUCTURES: dict[str, tuple[list[Headers], dict[str, str]]] = {
    "WTS_SESSION_INFO_1W": ([WINPR], {}),
    "WTSINFOEXW": ([WINPR], {}),
    "WTSINFOEX_LEVEL1_W": ([WINPR], {"CurrentTime": "_CurrentTime"}),
    "WTS_CLIENT_ADDRESS": ([WINPR, MINGW], {}),
    "WTS_PROCESS_INFOW": ([WINPR, MINGW], {}),
    "WKSTA_INFO_100": (
        [MINGW],
        {
            "PlatformId": "wki100_platform_id",
            "ComputerName": "wki100_computername",
            "LanGroup": "wki100_langroup",
            "VersionMajor": "wki100_ver_major",
            "VersionMinor": "wki100_ver_minor",
        },
    ),
}

#: The headers that have each constant of the C#; None: it is our own.
CONSTANTS: dict[str, list[Headers] | None] = {
    "WTSClientName": [WINPR, MINGW],
    "WTSClientAddress": [WINPR, MINGW],
    "WTSClientProtocolType": [WINPR, MINGW],
    "WTSSessionInfoEx": [WINPR],
    "WTSTypeProcessInfoLevel0": [WINPR],
    "WTSTypeSessionInfoLevel1": [WINPR],
    "WTSDisconnected": [WINPR, MINGW],
    "WTSListen": [WINPR, MINGW],
    "WTSReset": [WINPR, MINGW],
    "WTSDown": [WINPR, MINGW],
    "WTSInit": [WINPR, MINGW],
    "WTS_SESSIONSTATE_LOCK": [WINPR],
    "WTS_SESSIONSTATE_UNLOCK": [WINPR],
    "AF_INET": [MINGW],
    "AF_INET6": [MINGW],
    "ERROR_SUCCESS": [MINGW],
    "ERROR_FILE_NOT_FOUND": [MINGW],
    "ERROR_ACCESS_DENIED": [MINGW],
    "ERROR_MORE_DATA": [MINGW],
    "ERROR_NONE_MAPPED": [MINGW],
    "ERROR_CTX_CLOSE_PENDING": [MINGW],
    "ERROR_CTX_WINSTATION_NOT_FOUND": [MINGW],
    "ERROR_CTX_WINSTATION_BUSY": [MINGW],
    "ERROR_CTX_WINSTATION_ACCESS_DENIED": [MINGW],
    "NameSamCompatible": [MINGW],
    "SidTypeUser": [MINGW],
    "PROCESS_TERMINATE": [MINGW],
    "PROCESS_QUERY_LIMITED_INFORMATION": [MINGW],
    "SECURITY_MAX_SID_SIZE": [MINGW],
    "KEY_QUERY_VALUE": [MINGW],
    "KEY_SET_VALUE": [MINGW],
    "KEY_WOW64_64KEY": [MINGW],
    "REG_DWORD": [MINGW],
    "REG_SZ": [MINGW],
    "IDTIMEOUT": [MINGW],
    "FirstListenerId": None,
    "FlagsUnknown": None,
    "LongestName": None,
    "MostHangs": None,
    "MostThreads": None,
    "PollMilliseconds": None,
    "LookMilliseconds": None,
    "RoundingSeconds": None,
    "StackBytes": None,
}


@dataclass(frozen=True)
class Csharp:
    structures: Mapping[str, Any]
    constants: Mapping[str, int]


@pytest.fixture(scope="module")
def csharp(tmp_path_factory: pytest.TempPathFactory) -> Csharp:
    folder = tmp_path_factory.mktemp("layouts")
    (folder / "dump.cs").write_text(DUMP)
    run("mcs", "-nologo", "-r:System.Web.Extensions", f"-out:{folder / 'dump.exe'}", folder / "dump.cs", *FILES)
    return Csharp(*json.loads(run("mono", folder / "dump.exe")))


def test_every_structure_has_a_counterpart(csharp: Csharp) -> None:
    assert set(csharp.structures) == set(STRUCTURES)


@pytest.mark.parametrize("name", STRUCTURES)
def test_structures(csharp: Csharp, name: str, tmp_path: Path) -> None:
    size, fields = csharp.structures[name]
    ours = [size, *(number for field in fields for number in field[1:])]
    headers, renamed = STRUCTURES[name]
    for header in headers:
        assert header.layout(name, [renamed.get(field[0], field[0]) for field in fields], tmp_path) == ours


def test_the_numbers_of_64_bit_windows(csharp: Csharp) -> None:
    """As a debugger shows them there: that this machine's compilers agree with each other is not enough."""
    assert csharp.structures["WTS_SESSION_INFO_1W"][0] == 56
    assert csharp.structures["WTSINFOEXW"][0] == 232
    data = next(offset for name, offset, _ in csharp.structures["WTSINFOEXW"][1] if name == "Data")
    logon = next(offset for name, offset, _ in csharp.structures["WTSINFOEX_LEVEL1_W"][1] if name == "LogonTime")
    assert data + logon == 168


def test_constants(csharp: Csharp, tmp_path: Path) -> None:
    lengths = {"LongestUserInInfo": "USERNAME_LENGTH", "LongestDomainInInfo": "DOMAIN_LENGTH"}
    assert {*csharp.constants} == {*CONSTANTS, *lengths}
    for header in WINPR, MINGW:
        names = [name for name, headers in CONSTANTS.items() if headers and header in headers]
        assert header.values(names, tmp_path) == [csharp.constants[name] for name in names]
    assert WINPR.values(lengths.values(), tmp_path) == [csharp.constants[name] for name in lengths]


def test_numbers_that_the_controller_has_too(csharp: Csharp) -> None:
    assert csharp.constants["FirstListenerId"] == wts.FIRST_LISTENER_ID
    half = csharp.constants["RoundingSeconds"]
    assert time_of_day(datetime(2026, 1, 1, 12, 0, 60 - half)) == "12:01 UTC"
    assert time_of_day(datetime(2026, 1, 1, 12, 0, 59 - half)) == "12:00 UTC"


def test_the_vocabulary_of_the_controller_and_of_the_simulator(tmp_path: Path) -> None:
    states = ["WTS" + state.title().replace("_", "") for state in wts.STATES]
    protocols = [f"WTS_PROTOCOL_TYPE_{protocol.upper()}" for protocol in wts.PROTOCOLS]
    for header in WINPR, MINGW:
        assert header.values(states, tmp_path) == [*range(len(wts.STATES))] == [*session_table.State]
        assert header.values(protocols, tmp_path) == [*range(len(wts.PROTOCOLS))] == [*session_table.Protocol]
    assert [*wts.STATES] == [state.name.lower() for state in session_table.State]
    assert [*wts.PROTOCOLS] == [protocol.name.lower() for protocol in session_table.Protocol]


def test_limits(tmp_path: Path) -> None:
    assert WINPR.values(["WINSTATIONNAME_LENGTH"], tmp_path) == [wts.LONGEST_SESSION_NAME]
    assert WINPR.values(["WTS_CURRENT_SESSION"], tmp_path) == [wts.LAST_SESSION_ID + 2]
    assert WINPR.values(["WTS_ANY_SESSION"], tmp_path) == [wts.LAST_SESSION_ID + 1]


def test_error_codes(tmp_path: Path) -> None:
    simulated = [(name, code) for name, code in vars(win32).items() if isinstance(code, int)]
    explained = [(error.name, error.code) for error in _ERRORS if error.code is not None]
    assert simulated
    assert explained
    names = [name for name, _ in simulated + explained]
    assert list(zip(names, MINGW.values(names, tmp_path), strict=True)) == simulated + explained


def test_the_structure_that_the_stand_in_library_declares_itself(tmp_path: Path) -> None:
    declared = re.search(r"typedef struct \{([^}]*)\} WKSTA_INFO_100;", WINDOWS_C.read_text())
    assert declared
    fields = re.findall(r"(\w+);", declared[1])
    (tmp_path / "declared.h").write_text(f"#include <winpr/wtsapi.h>\n{declared[0]}\n")
    own = Headers(("declared.h",), (*WINPR.flags, f"-I{tmp_path}"))
    theirs = MINGW.layout("WKSTA_INFO_100", [f"wki100_{field}" for field in fields], tmp_path)
    assert own.layout("WKSTA_INFO_100", fields, tmp_path) == theirs
