# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Compiles what the engines need, once for each content: the stand-in library and the C# that arrived."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

LIBRARY_SOURCE = Path(__file__).parent.parent / "winapi" / "windows.c"
_ENTRY_SCRIPT_SOURCE = Path(__file__).parent / "EntryScript.cs"

#: The names by which DllImport asks for it. One file behind all: it has one memory of what was not freed.
LIBRARY_NAMES = ("wtsapi32.dll", "kernel32.dll", "netapi32.dll", "advapi32.dll", "secur32.dll")

_locks: defaultdict[Path, asyncio.Lock] = defaultdict(asyncio.Lock)


class BuildError(RuntimeError):
    """A compiler is missing or refused; the message holds what it said."""


def cache_folder() -> Path:
    """Return where compiled files are kept (SIMULATOR_CACHE, or the user's cache folder)."""
    default = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "winops-rds-simulator"
    return Path(os.environ.get("SIMULATOR_CACHE") or default)


async def windows_library() -> Path:
    """Build the stand-in library; return its folder, which .NET wants on LD_LIBRARY_PATH.

    :raises BuildError: no C compiler, or no WinPR headers.
    """

    async def build(folder: Path) -> None:
        library = folder / "windows.so"
        arguments = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-O1", "-shared", "-fPIC", *await _winpr_flags()]
        await output("cc", *arguments, "-o", str(library), str(LIBRARY_SOURCE), "-pthread")
        for name in LIBRARY_NAMES:
            (folder / f"{name}.so").symlink_to(library.name)

    return await built([LIBRARY_SOURCE.read_bytes()], build)


async def _winpr_flags() -> list[str]:
    """Where WinPR's headers are, of its version 2 or else 3."""
    if shutil.which("pkg-config"):
        for version in "winpr2", "winpr3":
            try:
                return (await output("pkg-config", "--cflags-only-I", version)).decode().split()
            except BuildError:
                continue
    return ["-I/usr/include/winpr2", "-I/usr/include/winpr3"]


async def program(csharp: Mapping[str, str]) -> Path:
    """Compile C# that arrived, with the entry script that calls it, as C# 5; return the program.

    :raises BuildError: mcs or mono is missing, or has an error, or mcs a warning.
    """
    texts = sources(csharp)
    library = await windows_library()

    async def build(folder: Path) -> None:
        files = written(texts, folder)
        options = ["-langversion:5", "-warn:4", "-warnaserror", "-nologo", "-r:System.Web.Extensions"]
        await output("mcs", *options, f"-out:{folder / 'program.exe'}", *map(str, files))
        # Told by name, since Mono has a kernel32.dll of its own and looks for the others under other file names.
        maps = "".join(f'<dllmap dll="i:{name}" target="{library}/{name}.so"/>' for name in LIBRARY_NAMES)
        (folder / "program.exe.config").write_text(f"<configuration>{maps}</configuration>", encoding="utf-8")
        # To machine code, a quarter of a second once, of which each start would take a tenth:
        # https://www.mono-project.com/docs/advanced/aot/
        await output("mono", "--aot", str(folder / "program.exe"))

    return await built([*(text.encode() for text in texts.values()), str(library).encode()], build) / "program.exe"


def sources(csharp: Mapping[str, str]) -> dict[str, str]:
    """Return C# that arrived, and what calls it: sorted, since ansible-core sends it in the order of a set."""
    return {"EntryScript": _ENTRY_SCRIPT_SOURCE.read_text(encoding="utf-8"), **dict(sorted(csharp.items()))}


def written(sources: Mapping[str, str], folder: Path) -> list[Path]:
    """Write each source to a file, and return the files."""
    files = []
    for name, text in sources.items():
        files.append(folder / f"{name.removesuffix('.cs')}.cs")
        files[-1].write_text(text, encoding="utf-8")
    return files


async def built(contents: Sequence[bytes], build: Callable[[Path], Awaitable[None]]) -> Path:
    """Return the folder that ``build`` fills for these contents. Others may do the same at the same time."""
    recipe = Path(__file__).read_bytes()
    digest = hashlib.sha256(b"\0".join([recipe, *contents])).hexdigest()[:32]
    folder = cache_folder() / digest
    async with _locks[folder]:
        if not folder.exists():
            folder.parent.mkdir(parents=True, exist_ok=True)
            unfinished = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f"{digest}."))
            try:
                await build(unfinished)
                unfinished.rename(folder)
            except OSError:
                if not folder.exists():  # else another process was first
                    raise
            finally:
                shutil.rmtree(unfinished, ignore_errors=True)
    return folder


async def output(*command: str) -> bytes:
    """Run a compiler, and return what it says.

    :raises BuildError: it is not installed, or fails.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
    except FileNotFoundError:
        raise BuildError(
            f"{command[0]} is not installed (Debian: gcc, libwinpr3-dev or libwinpr2-dev, mono-mcs)"
        ) from None
    said, _ = await process.communicate()
    if process.returncode:
        raise BuildError(f"{' '.join(command)}\n{said.decode(errors='replace')}")
    return said
