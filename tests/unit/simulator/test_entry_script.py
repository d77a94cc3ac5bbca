# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A script is an entry script, or it is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.engines.entry_script import EntryScript, EntryScriptError, read_entry_script

SCRIPT = """\
#!powershell

# A comment.
#AnsibleRequires -CSharpUtil ansible_collections.some.where.plugins.module_utils._tool

[ansible_collections.some.where.plugins.module_utils._tool.Tool]::Run($complex_args.what)
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


def test_what_an_entry_script_says() -> None:
    assert read_entry_script(SCRIPT) == EntryScript(
        type_name="ansible_collections.some.where.plugins.module_utils._tool.Tool", method="Run", option="what"
    )


def test_line_ends_of_windows() -> None:
    assert read_entry_script(SCRIPT.replace("\n", "\r\n")) == read_entry_script(SCRIPT)


@pytest.mark.parametrize(
    "script",
    [
        "",
        "# nothing but a comment",
        "'text'",
        WIN_PING,
        SCRIPT + "Remove-Item C:\\",
        SCRIPT + "if ($a) { $a }",
        SCRIPT + SCRIPT,
        "$a = 1\n" + SCRIPT,
        "param($a)\n" + SCRIPT,
        SCRIPT.replace("$complex_args.what", "$complex_args.what, 1"),
        SCRIPT.replace("$complex_args.what", "$complex_args"),
        SCRIPT.replace("$complex_args.what", "(Get-Date)"),
        SCRIPT.replace("$complex_args.what", "$complex_args.what.trim()"),
        SCRIPT.replace("$complex_args.what", "$other.what"),
        SCRIPT.replace("what)", "what) | Out-Null"),
        SCRIPT.replace("what)", "what); Remove-Item 1"),
        SCRIPT.replace("[ansible", "$a = [ansible"),
        SCRIPT.replace("::Run(", "::Run((Get-Date), "),
        SCRIPT.replace("Run(", "$method("),
        SCRIPT.replace("_tool.Tool]", "_tool.Tool[int]]"),
    ],
)
def test_what_does_more_or_less_is_refused(script: str) -> None:
    assert script != SCRIPT
    with pytest.raises(EntryScriptError):
        read_entry_script(script)


@given(st.data())
def test_a_piece_missing_anywhere_never_ends_in_another_error(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(SCRIPT)))
    end = data.draw(st.integers(start, len(SCRIPT)))
    try:
        entry_script = read_entry_script(SCRIPT[:start] + data.draw(st.text("@{}()$='; \n", max_size=3)) + SCRIPT[end:])
    except EntryScriptError:
        return
    assert entry_script.method
