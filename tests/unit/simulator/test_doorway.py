# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A script is a doorway, or it is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.engines.doorway import Doorway, DoorwayError, OptionError, read_doorway

SCRIPT = """\
#!powershell

# A comment.
#AnsibleRequires -CSharpUtil Ansible.Basic

$spec = @{
    options = @{
        names = @{ type = 'list'; elements = 'str' }  # another
        number = @{ type = 'str'; required = $true }
        flag = @{ type = 'bool' }
    }
    supports_check_mode = $true
}
$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)

try {
    $module.Result.answer = [some.where.Tool]::Run($module.Params, $module.CheckMode)
}
catch {
    $module.FailJson("It stopped: $($_.Exception.GetBaseException().Message)", $_)
}
$module.ExitJson()
"""

WIN_PING = """\
#!powershell

#AnsibleRequires -CSharpUtil Ansible.Basic

$spec = @{
    options = @{
        data = @{ type = "str"; default = "pong" }
    }
    supports_check_mode = $true
}
$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)
$data = $module.Params.data

if ($data -eq "crash") {
    throw "boom"
}

$module.Result.ping = $data
$module.ExitJson()
"""


def test_what_a_doorway_says() -> None:
    assert read_doorway(SCRIPT) == Doorway(
        options={
            "names": {"type": "list", "elements": "str"},
            "number": {"type": "str", "required": True},
            "flag": {"type": "bool"},
        },
        supports_check_mode=True,
        result_key="answer",
        type_name="some.where.Tool",
        method="Run",
    )


def test_line_ends_of_windows() -> None:
    assert read_doorway(SCRIPT.replace("\n", "\r\n")) == read_doorway(SCRIPT)


def test_check_mode_is_not_supported_unless_it_is_said() -> None:
    assert not read_doorway(SCRIPT.replace("    supports_check_mode = $true\n", "")).supports_check_mode
    assert not read_doorway(SCRIPT.replace("check_mode = $true", "check_mode = $false")).supports_check_mode


def test_no_options() -> None:
    assert read_doorway(SCRIPT.replace(SCRIPT[SCRIPT.index("@{") : SCRIPT.index("$module")], "@{}\n")).options == {}


CALL = "$module.Result.answer"
SPEC = "$spec = @{"


@pytest.mark.parametrize(
    "script",
    [
        "",
        "# nothing but a comment",
        "$spec = @{",
        "this is } no PowerShell",
        "'text'",
        WIN_PING,
        SCRIPT + "Remove-Item C:\\",
        SCRIPT + "if ($module) { $module.ExitJson() }",
        "$a = 1\n" + SCRIPT,
        "param($a)\n" + SCRIPT,
        "function f { 1 }\n" + SCRIPT,
        SCRIPT.replace(CALL, f"$a = 1\n    {CALL}"),
        SCRIPT.replace("Run($module.Params,", "Run($module.Params.names,"),
        SCRIPT.replace("[some.where.Tool]::Run(", "[some.where.Tool]::Run((Get-Date), "),
        SCRIPT.replace("$_)\n}", "$_); Remove-Item (1)\n}"),
        SCRIPT.replace(SPEC, "$spec = Get-Spec @{"),
        SCRIPT.replace(SPEC, "$other = @{"),
        SCRIPT.replace("$module.ExitJson()\n", ""),
        SCRIPT.replace("'bool'", "'bo' + 'ol'"),
        SCRIPT.replace("'bool'", "$kind"),
        SCRIPT.replace("'bool'", '"bo$kind"'),
        SCRIPT.replace("'bool'", "(Get-Kind)"),
        SCRIPT.replace("required = $true", "required = -not $true"),
        SCRIPT.replace("type = 'bool'", "type = 'bool'; default = $true"),
        SCRIPT.replace("type = 'bool'", "type = 'bool'; choices = @('a', 'b')"),
        SCRIPT.replace("supports_check_mode", "mutually_exclusive = @()\n    supports_check_mode"),
    ],
)
def test_what_does_more_or_less_is_refused(script: str) -> None:
    assert script != SCRIPT
    with pytest.raises(DoorwayError):
        read_doorway(script)


@given(st.data())
def test_a_piece_missing_anywhere_never_ends_in_another_error(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(SCRIPT)))
    end = data.draw(st.integers(start, len(SCRIPT)))
    try:
        doorway = read_doorway(SCRIPT[:start] + data.draw(st.text("@{}()$='; \n", max_size=3)) + SCRIPT[end:])
    except DoorwayError:
        return
    assert doorway.method


@pytest.mark.parametrize(
    ("given_options", "expected"),
    [
        ({"number": 12}, {"names": None, "number": "12", "flag": None}),
        ({"number": "1", "names": ["a", 2], "flag": False}, {"names": ["a", "2"], "number": "1", "flag": False}),
        ({"number": "1", "names": []}, {"names": [], "number": "1", "flag": None}),
    ],
)
def test_options_become_what_csharp_gets(given_options: dict[str, Any], expected: dict[str, Any]) -> None:
    assert read_doorway(SCRIPT).parameters("m", given_options) == expected


@pytest.mark.parametrize(
    ("given_options", "message"),
    [
        ({}, "missing required arguments: number"),
        ({"number": None}, "missing required arguments: number"),
        ({"number": "1", "z": 1, "a": 2}, r"Unsupported parameters for \(m\) module: a, z. Supported .*flag, names"),
        ({"number": "1", "flag": "perhaps"}, "argument for flag is of type str and we were unable to convert to bool"),
    ],
)
def test_options_that_do_not_fit(given_options: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        read_doorway(SCRIPT).parameters("m", given_options)
