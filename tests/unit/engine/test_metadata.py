# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Functions, structures and numbers of Windows are those of Microsoft's own metadata.

The C# is compiled and asked by reflection; of the acceptance tests, too. The metadata does not say which function sets
the last error, so that follows from what it returns.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.winops.rds.plugins.plugin_utils._grace.progress import time_of_day
from ansible_collections.winops.rds.plugins.plugin_utils._options.message import BUTTONS, ICONS, answer_name
from ansible_collections.winops.rds.plugins.plugin_utils._result.win32_errors import _ERRORS
from ansible_collections.winops.rds.plugins.plugin_utils._words import wts

from simulator import message_box, session_table, win32
from simulator.directory import Use
from tests.support import win32metadata
from tests.support.csharp import FILES
from tests.support.paths import REPOSITORY

WINDOWS_C = REPOSITORY / "simulator" / "winapi" / "windows.c"
SESSION_PROCESSES = next(path for path in FILES if path.name == "_session_processes.cs")
ACCEPTANCE = sorted(REPOSITORY.glob("acceptance/facts/collections/**/*.cs"))
REFLECTION = Path(__file__).with_name("Declarations.cs")

#: What those that fail return, if the last error says why: https://learn.microsoft.com/windows/win32/debug/last-error-code
#: The others return the error itself, or nothing.
TELLS_BY_LAST_ERROR = {"BOOL", "BOOLEAN", "HANDLE"}

#: What the metadata calls members otherwise.
MEMBERS = {
    "PlatformId": "wki100_platform_id",
    "ComputerName": "wki100_computername",
    "LanGroup": "wki100_langroup",
    "VersionMajor": "wki100_ver_major",
    "VersionMinor": "wki100_ver_minor",
    "_CurrentTime": "CurrentTime",  # WinPR's
}

#: What the metadata calls constants otherwise.
CONSTANTS = {"LongestUserInInfo": "USERNAME_LENGTH", "LongestDomainInInfo": "DOMAIN_LENGTH"}

#: Constants that are no numbers of Windows' headers.
OUR_OWN = {
    *(
        "AnySession",
        "EventId",
        "FirstListenerId",
        "FlagsUnknown",
        "LongMessage",
        "LongestComputerName",
        "LongestName",
        "LongestString",
        "MostHangs",
        "MostThreads",
    ),
    *("PollMilliseconds", "LookMilliseconds", "LogoffMilliseconds", "RoundingSeconds", "StackBytes"),
}


@dataclass(frozen=True)
class Declared:
    """What .NET makes of C# (Declarations.cs)."""

    functions: list[dict[str, Any]]
    structures: dict[str, tuple[int, list[tuple[str, int, int]]]]
    constants: list[tuple[str, int]]

    def differences(self) -> list[str]:
        """What is otherwise in the metadata, in words."""
        return [
            *(f"{one['name']}: {said}" for one in self.functions for said in of_function(one)),
            *(f"{name}: {said}" for name, layout in self.structures.items() for said in of_structure(name, *layout)),
            *(f"{name}: {said}" for name, value in self.constants for said in of_constant(name, value)),
        ]


def of_function(declared: dict[str, Any]) -> Iterator[str]:
    try:
        known = win32metadata.function(declared["name"])
    except LookupError as error:
        yield f"no such function: {error}"
        return
    if declared["dll"] != known.dll:
        yield f"is in {known.dll}, not {declared['dll']}"
    if not declared["winapi"]:
        yield "has another calling convention"
    names, known_names = [name for name, _ in declared["parameters"]], [name for name, _ in known.parameters]
    if [name.lower() for name in names] != [name.lower() for name in known_names]:
        yield f"takes {known_names}, not {names}"
    for (name, shape), (_, known_shape) in zip(declared["parameters"], known.parameters, strict=False):
        if not fits(shape, known_shape):
            yield f"{name} is {known_shape}, not {shape}"
    if not fits(declared["returns"], known.returns):
        yield f"returns {known.returns}, not {declared['returns']}"
    if known.takes_text and not declared["unicode"]:
        yield "takes UTF-16"
    if declared["set_last_error"] != (known.returned in TELLS_BY_LAST_ERROR):
        yield f"returns {known.returned}, so SetLastError is to be {not declared['set_last_error']}"


def fits(declared: str, known: str) -> bool:
    """Whatever is pointed to may be declared as a pointer, and as bytes what is of any type."""
    if declared == known:
        return True
    if declared == "pointer":
        return known == "text" or known.startswith("*")
    if declared == "*1":
        return known == "pointer"
    return declared.startswith("*") and known.startswith("*") and fits(declared[1:], known[1:])


def of_structure(name: str, size: int, members: Sequence[Sequence[Any]]) -> Iterator[str]:
    try:
        known_size, known = win32metadata.structure(name)
    except LookupError as error:
        yield f"no such structure: {error}"
        return
    expected = [(member.name, member.offset, member.size) for member in known]
    laid_out = [(MEMBERS.get(member, member), offset, length) for member, offset, length in members]
    if (size, laid_out) != (known_size, expected):
        yield f"{known_size} bytes, {expected}; not {size} bytes, {laid_out}"


def of_constant(name: str, value: int) -> Iterator[str]:
    if name in OUR_OWN:
        return
    try:
        known = win32metadata.constant(CONSTANTS.get(name, name))
    except LookupError as error:
        yield f"no such constant: {error}"
        return
    if value != known:
        yield f"{known}, not {value}"


def reflect(folder: Path, files: Sequence[Path]) -> Declared:
    program = folder / "declarations.exe"
    run("mcs", "-nologo", "-langversion:5", "-r:System.Web.Extensions", f"-out:{program}", REFLECTION, *files)
    return Declared(**json.loads(run("mono", program)))


def run(*command: str | Path) -> str:
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


@pytest.fixture(scope="module")
def declared(tmp_path_factory: pytest.TempPathFactory) -> Declared:
    return reflect(tmp_path_factory.mktemp("metadata"), [*FILES, *ACCEPTANCE])


def test_what_is_declared_is_as_in_the_metadata(declared: Declared) -> None:
    assert declared.differences() == []


def test_each_declaration_was_seen(declared: Declared) -> None:
    text = "\n".join(path.read_text("utf-8") for path in [*FILES, *ACCEPTANCE])
    assert len(declared.functions) == text.count("[DllImport(") > 25
    assert len(declared.structures) == text.count("[StructLayout(") > 5
    assert {name for name, _ in declared.constants} >= OUR_OWN | CONSTANTS.keys()


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        (
            "SetLastError = true)]\n\tinternal static extern bool WTSLogoffSession(",
            "SetLastError = false)]\n\tinternal static extern bool WTSLogoffSession(",
            "WTSLogoffSession: returns BOOL, so SetLastError is to be True",
        ),
        (
            '("wtsapi32.dll")]\n\tinternal static extern void WTSCloseServer(',
            '("wtsapi32.dll", EntryPoint = "WTSCloseServerW")]\n\tinternal static extern void WTSCloseServer(',
            "WTSCloseServerW: no such function",
        ),
        ('"secur32.dll"', '"advapi32.dll"', "GetUserNameExW: is in secur32.dll, not advapi32.dll"),
        ("[return: MarshalAs(UnmanagedType.U1)]", "", "GetUserNameExW: returns 1, not 4"),
        ("uint ProcessId, uint ExitCode", "uint ExitCode, uint ProcessId", "WTSTerminateProcess: takes ['hServer'"),
        ("uint Filter", "ulong Filter", "WTSEnumerateSessionsExW: Filter is 4, not 8"),
        ('("wtsapi32.dll", CharSet = CharSet.Unicode, ', '("wtsapi32.dll", ', "WTSSendMessageW: takes UTF-16"),
        ("SizeConst = 21", "SizeConst = 20", "WTSINFOEX_LEVEL1_W: 224 bytes"),
        (
            "public long LogonTime;\n\t\tpublic long ConnectTime;",
            "public long ConnectTime;\n\t\tpublic long LogonTime;",
            "WTSINFOEX_LEVEL1_W: 224 bytes",
        ),
        ("ERROR_CTX_CLOSE_PENDING = 7007", "ERROR_CTX_CLOSE_PENDING = 7008", "ERROR_CTX_CLOSE_PENDING: 7007, not 7008"),
        ("WTSClientAddress = 14", "WTSClientAddress = 15", "WTSClientAddress: 14, not 15"),
    ],
)
def test_a_wrong_declaration_is_found(tmp_path: Path, right: str, wrong: str, said: str) -> None:
    changed = 0
    for path in FILES:
        text = path.read_text("utf-8")
        changed += right in text
        (tmp_path / path.name).write_text(text.replace(right, wrong), "utf-8")
    assert changed, "the declaration is written otherwise now"
    differences = reflect(tmp_path, sorted(tmp_path.glob("_*.cs"))).differences()
    assert [one for one in differences if one.startswith(said)], differences


def test_the_numbers_of_64_bit_windows(declared: Declared) -> None:
    """As a debugger shows them there: that the metadata and Mono agree is not enough."""
    assert declared.structures["WTS_SESSION_INFO_1W"][0] == 56
    size, members = declared.structures["WTSINFOEXW"]
    data = next(offset for name, offset, _ in members if name == "Data")
    logon = next(offset for name, offset, _ in declared.structures["WTSINFOEX_LEVEL1_W"][1] if name == "LogonTime")
    assert (size, data + logon) == (232, 168)


# ---- the controller and the simulator


def test_numbers_that_the_controller_has_too(declared: Declared) -> None:
    constants = dict(declared.constants)
    assert constants["FirstListenerId"] == wts.FIRST_LISTENER_ID
    half = constants["RoundingSeconds"]
    assert time_of_day(datetime(2026, 1, 1, 12, 0, 60 - half)) == "12:01 UTC"
    assert time_of_day(datetime(2026, 1, 1, 12, 0, 59 - half)) == "12:00 UTC"


def test_the_vocabulary_of_the_controller_and_of_the_simulator() -> None:
    states = [win32metadata.constant("WTS" + state.title().replace("_", "")) for state in wts.STATES]
    protocols = [win32metadata.constant(f"WTS_PROTOCOL_TYPE_{protocol.upper()}") for protocol in wts.PROTOCOLS]
    assert states == [*range(len(wts.STATES))] == [*session_table.State]
    assert protocols == [*range(len(wts.PROTOCOLS))] == [*session_table.Protocol]
    assert [*wts.STATES] == [state.name.lower() for state in session_table.State]
    assert [*wts.PROTOCOLS] == [protocol.name.lower() for protocol in session_table.Protocol]


def test_the_buttons_of_a_message_and_what_they_answer() -> None:
    """Whoever answers "no" is not to be taken for somebody who has answered "yes"."""
    icons = {name: "MB_ICON" + name.upper() for name in ICONS if name != "none"}
    styles = {name: "MB_" + name.replace("_", "").upper() for name in BUTTONS} | icons
    known = {name: win32metadata.constant(style) for name, style in styles.items()}
    assert known | {"none": 0} == BUTTONS | ICONS
    for button in message_box.Button:
        assert win32metadata.constant("ID" + button.name.replace("_", "")) == button
        is_offered = button.name.lower() in {word for name in BUTTONS for word in name.split("_")}
        assert (answer_name(button) == button.name.lower()) == is_offered
    for name in "IDTIMEOUT", "IDASYNC":
        assert win32metadata.constant(name) == vars(message_box)[name]


def test_what_a_name_stands_for() -> None:
    assert {use: win32metadata.constant("SidType" + use.name.title().replace("_", "")) for use in Use} == {
        use: use.value for use in Use
    }


def test_limits() -> None:
    assert win32metadata.constant("WINSTATIONNAME_LENGTH") == wts.LONGEST_SESSION_NAME
    # Between the two is WTS_ANY_SESSION, which the metadata does not have.
    assert win32metadata.constant("WTS_CURRENT_SESSION") == wts.LAST_SESSION_ID + 2


def test_error_codes() -> None:
    simulated = {name: code for name, code in vars(win32).items() if isinstance(code, int)}
    explained = {error.name: error.code for error in _ERRORS if error.code is not None}
    assert len(simulated) > 10 < len(explained)
    for known in simulated, explained:
        assert {name: win32metadata.constant(name) for name in known} == known


def test_the_hive() -> None:
    source = next(path for path in FILES if path.name == "_registry.cs").read_text("utf-8")
    assert "unchecked((int)0x80000002)" in source
    assert win32metadata.constant("HKEY_LOCAL_MACHINE") == 0x80000002 - 2**32


# ---- the stand-in library


def compiled(folder: Path, declarations: str, expressions: Sequence[str]) -> list[int]:
    """What a C compiler makes of expressions, with WinPR's header."""
    statements = "".join(f'    printf("%lld\\n", (long long)({expression}));\n' for expression in expressions)
    includes = "#include <stddef.h>\n#include <stdio.h>\n#include <winpr/wtsapi.h>\n"
    (folder / "values.c").write_text(f"{includes}{declarations}\nint main(void)\n{{\n{statements}}}\n")
    run("cc", "-w", "-I/usr/include/winpr2", "-I/usr/include/winpr3", "-o", folder / "values", folder / "values.c")
    return [int(line) for line in run(folder / "values").split()]


def compiled_structure(
    folder: Path, name: str, members: Sequence[str], declarations: str = ""
) -> tuple[int, list[Any]]:
    expressions = [f"sizeof({name})"]
    for member in members:
        expressions += [f"offsetof({name}, {member})", f"sizeof((({name} *)0)->{member})"]
    size, *numbers = compiled(folder, declarations, expressions)
    return size, [*zip(members, numbers[::2], numbers[1::2], strict=True)]


@pytest.mark.parametrize(
    "name",
    [
        *("WTS_SESSION_INFOW", "WTS_SESSION_INFO_1W", "WTSINFOW", "WTSINFOEXW", "WTSINFOEX_LEVEL1_W"),
        *("WTS_CLIENT_ADDRESS", "WTS_PROCESS_INFOW", "WTS_PROCESS_INFO_EXW"),
    ],
)
def test_structures_that_the_stand_in_library_fills(tmp_path: Path, name: str) -> None:
    """WinPR's, so not our own."""
    known = [member.name for member in win32metadata.structure(name)[1]]
    members = ["_CurrentTime" if member == "CurrentTime" else member for member in known]
    assert [*of_structure(name, *compiled_structure(tmp_path, name, members))] == []


@pytest.mark.parametrize(
    ("own_name", "name", "prefix"),
    [("WKSTA_INFO_100", "WKSTA_INFO_100", "wki100_"), ("ProcessInfoEx", "WTS_PROCESS_INFO_EXW", "")],
)
def test_structures_that_it_declares_itself(tmp_path: Path, own_name: str, name: str, prefix: str) -> None:
    """The second on Windows alone, whose sizes of 64 bits are those of Linux."""
    own = re.search(rf"typedef struct \{{([^}}]*)\}} {own_name};", WINDOWS_C.read_text())
    assert own
    size, members = compiled_structure(tmp_path, own_name, re.findall(r"(\w+);", own[1]), own[0])
    assert [*of_structure(name, size, [(f"{prefix}{member}", *rest) for member, *rest in members])] == []


def test_the_one_number_that_the_metadata_does_not_have(tmp_path: Path) -> None:
    assert compiled(tmp_path, "", ["WTS_ANY_SESSION"]) == [wts.LAST_SESSION_ID + 1]
    (any_session,) = re.findall(r"const uint AnySession = (\w+);", SESSION_PROCESSES.read_text("utf-8"))
    assert int(any_session, 16) == wts.LAST_SESSION_ID + 1
