# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The engine ``mono``: what of a module it runs, and what it refuses."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from simulator.engines import build
from simulator.engines.entry_script import EntryScript
from simulator.engines.mono import call, run_module
from simulator.engines.payload import Module

CSHARP = {
    "a.b._echo": """
        using System.Threading;
        namespace a.b._echo
        {
            public static class Engine
            {
                public static string Run(string text)
                {
                    if (text == "leave a thread")
                        new Thread(() => Thread.Sleep(60000)).Start();
                    return "{\\"heard\\": \\"" + text + "\\"}";
                }
            }
        }
        """
}
MODULE = Module("a.b.echo", "[a.b._echo.Engine]::Run($complex_args.what)", {"what": "Жанна"}, CSHARP)


async def test_a_module() -> None:
    output = await run_module(MODULE, {})
    assert (json.loads(output.stdout), output.stderr, output.exit_code) == ({"heard": "Жанна"}, b"", 0)


async def test_it_does_not_wait_for_what_hangs() -> None:
    output = await run_module(replace(MODULE, arguments={"what": "leave a thread"}), {})
    assert (json.loads(output.stdout), output.exit_code) == ({"heard": "leave a thread"}, 0)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"script": "Get-Item x"}, "a.b.echo is none of them"),
        ({"arguments": {}}, "the option what is not a text of one line"),
        ({"arguments": {"what": 1}}, "the option what is not a text of one line"),
        ({"arguments": {"what": "a\nb"}}, "the option what is not a text of one line"),
        ({"csharp": {}}, "a.b._echo.Engine is not in the C# that arrived"),
        ({"csharp": {"a.b._echo": "namespace a.b._echo {"}}, "error CS"),
    ],
    ids=str,
)
async def test_what_is_refused(changes: dict[str, Any], words: str) -> None:
    output = await run_module(replace(MODULE, **changes), {})
    result = json.loads(output.stdout)
    assert (result["failed"], output.exit_code) == (True, 1)
    assert words in result["msg"]


async def test_many_lines_for_one_process() -> None:
    program = await build.program(CSHARP)
    output = await call(program, EntryScript("a.b._echo.Engine", "Run", "what"), "a\nb\n", {})
    assert output.stdout.decode() == '{"heard": "a"}\n{"heard": "b"}\n'
