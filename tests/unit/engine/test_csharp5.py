# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The C# is C# 5 to Microsoft's compiler, too: each engine compiles without a warning for .NET Framework.

The other tests compile it with Mono's compiler. This one is what PowerShell 7 brings; the assemblies are Mono's of .NET
Framework 4.5 and later.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.csharp import ENTRY_SCRIPTS, required_by
from tests.support.paths import MODULE_UTILS

MONO = Path("/usr/lib/mono/4.5")
SCRIPT = Path(__file__).with_name("csharp5.ps1")

pytestmark = pytest.mark.skipif(shutil.which("pwsh") is None, reason="pwsh, which has the compiler, is not on PATH")


def said_of(files: list[Path]) -> str:
    command = ["pwsh", "-NoProfile", "-File", SCRIPT, MONO, *files]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, timeout=120).stdout


@pytest.mark.parametrize("engine", ENTRY_SCRIPTS)
def test_an_engine_compiles_without_a_warning(engine: str) -> None:
    assert said_of([MODULE_UTILS / f"{name}.cs" for name in required_by(engine)]) == ""


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("class C { int F() { return 1; } int G { get; } = 2; }", "CS8026"),  # C# 6
        ("class C { void F() { int unused; } }", "CS0168"),
        ("class C : System.Text.Json.JsonException { }", "CS0234"),  # .NET, and not .NET Framework
    ],
)
def test_what_would_not_compile_is_seen(text: str, error: str, tmp_path: Path) -> None:
    file = tmp_path / "wrong.cs"
    file.write_text(text)
    assert error in said_of([file])
