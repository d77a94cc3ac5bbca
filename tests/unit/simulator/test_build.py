# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is compiled is compiled once for each content, and what cannot be says why."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from simulator.engines import build

HELLO = "namespace some.where { public static class Tool { public static int Run() { return %d; } } }"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SIMULATOR_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


async def test_a_library_under_every_name(cache: Path) -> None:
    folder = await build.windows_library()
    assert folder.parent == cache == build.cache_folder()
    files = {(folder / f"{name}.so").resolve() for name in build.LIBRARY_NAMES}
    assert len(files) == 1  # one memory of what was given out
    assert files.pop().read_bytes()[:4] == b"\x7fELF"


async def test_the_same_content_is_compiled_once(cache: Path) -> None:
    programs = await asyncio.gather(*(build.program({"Tool": HELLO % 1}) for _ in range(3)))
    assert len(set(programs)) == 1
    made = programs[0].stat().st_mtime_ns
    assert (await build.program({"Tool": HELLO % 1})).stat().st_mtime_ns == made
    assert await build.program({"Tool": HELLO % 2}) != programs[0]
    # The library and two programs, and nothing half-finished.
    assert sorted(len(folder.name) for folder in cache.iterdir()) == [32, 32, 32]


async def test_names_as_ansible_gives_them() -> None:
    program = await build.program({"ansible_collections.some.where.plugins.module_utils.Tool.cs": HELLO % 1})
    assert program.read_bytes()[:2] == b"MZ"


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("class Broken {", "error CS"),
        ("class New { int Six() => 6; }", "error CS1644"),  # C# 6
        ("class Warned { private int never = 1; }", "CS0414"),
        ("class Unreferenced { System.Management.Automation.PSObject it; }", "error CS0234"),
    ],
)
async def test_csharp_that_windows_powershell_would_not_compile(cache: Path, source: str, words: str) -> None:
    await build.windows_library()
    with pytest.raises(build.BuildError, match=words):
        await build.program({"Tool": source})
    assert len([*cache.iterdir()]) == 1  # nothing is kept of it but the library


async def test_a_compiler_that_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        build.BuildError, match=r"^cc is not installed \(Debian: gcc, libwinpr3-dev or libwinpr2-dev, mono-mcs\)$"
    ):
        await build.windows_library()


def test_where_the_cache_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("SIMULATOR_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert build.cache_folder() == tmp_path / "winops-rds-simulator"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert build.cache_folder() == tmp_path / ".cache" / "winops-rds-simulator"


PKG_CONFIG = """\
#!/bin/sh
[ "$2" = {known} ] || {{ echo "Package '$2' was not found" >&2; exit 1; }}
echo -I/somewhere/$2
"""


@pytest.mark.parametrize(
    ("known", "flags"),
    [
        ("winpr2", ["-I/somewhere/winpr2"]),
        ("winpr3", ["-I/somewhere/winpr3"]),
        ("none", ["-I/usr/include/winpr2", "-I/usr/include/winpr3"]),
    ],
)
async def test_where_the_headers_are(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, known: str, flags: list[str]
) -> None:
    program = tmp_path / "pkg-config"
    program.write_text(PKG_CONFIG.format(known=known))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert await build._winpr_flags() == flags


async def test_where_the_headers_are_is_guessed_without_pkg_config(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert await build._winpr_flags() == ["-I/usr/include/winpr2", "-I/usr/include/winpr3"]
