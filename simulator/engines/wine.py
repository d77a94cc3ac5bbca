# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Engine ``wine``: as ``mono``, but the C# runs on Windows' own .NET 8, in Wine.

It is compiled as C# 5 by Mono's compiler, against the assemblies of .NET Core 3.1: it can read no newer ones. Only the
libraries that the simulator stands in for are answered by it, with windows.c as a Windows DLL.

:envvar:`SIMULATOR_DOTNET` is the folder that development/windows_dotnet.py has made.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

from . import build
from .entry_script import EntryScript
from .mono import MonoEngine, Output, Runtime

_FIRST_WINE = 9
_DEBIAN_WINE = "/usr/lib/wine/wine64"

#: Which of build.LIBRARY_NAMES Wine answers itself, instead of the simulator: with ; between.
REAL = "SIMULATOR_REAL"

#: What the collection's C# calls of JsonSerializer, which has more in .NET 8 than in 3.1. For the compiler alone.
_JSON = """
namespace System.Text.Json
{
    public sealed class JsonSerializerOptions { public bool IncludeFields { get; set; } }
    public static class JsonSerializer
    {
        public static T Deserialize<T>(string json, JsonSerializerOptions options) { return default(T); }
        public static string Serialize<T>(T value, JsonSerializerOptions options) { return null; }
    }
}
"""


#: CS1702, which the assemblies of .NET Core 3.1 cause among themselves.
_NOT_THESE = "-nowarn:1702"


def dotnet_folder() -> Path:
    """:raises build.BuildError: SIMULATOR_DOTNET does not say where it is."""
    folder = os.environ.get("SIMULATOR_DOTNET")
    if not folder or not (Path(folder) / "dotnet.exe").exists():
        raise build.BuildError("SIMULATOR_DOTNET names no folder with .NET for Windows (development/windows_dotnet.py)")
    return Path(folder)


def wine() -> str:
    """:raises build.BuildError: Wine is not installed."""
    found = shutil.which("wine64") or shutil.which("wine") or shutil.which(_DEBIAN_WINE)
    if found is None:
        raise build.BuildError("Wine is not installed (Debian: wine64)")
    return found


def environment() -> dict[str, str]:
    """What Wine is told: it needs no screen, offers no browser to install (mshtml), and says nothing of itself."""
    prefix = os.environ.get("WINEPREFIX") or str(build.cache_folder() / "wine")
    return {
        "WINEPREFIX": prefix,
        "WINEARCH": "win64",
        "WINEDEBUG": "-all",
        "WINEDLLOVERRIDES": "mshtml,winex11.drv,winewayland.drv=",
        "DOTNET_CLI_TELEMETRY_OPTOUT": "1",
    }


def windows_path(path: str | os.PathLike[str]) -> str:
    """Where a program of Windows finds a file."""
    return "Z:" + str(path).replace("/", "\\")


async def prepare() -> None:
    """Make Wine's folder, and let its server run on, so that programs start at once.

    :raises build.BuildError: there is no Wine, or it is too old (.NET hangs in Wine 8), or it does not start.
    """
    program = wine()
    if (version := await _version(program)) < _FIRST_WINE:
        raise build.BuildError(
            f"Wine is of version {version}, and .NET 8 needs {_FIRST_WINE} or newer (Debian 13 has 10)"
        )
    Path(environment()["WINEPREFIX"]).mkdir(parents=True, exist_ok=True)
    await _quietly(_server(program), "-p")  # fails where it runs already
    if code := await _quietly(program, "wineboot", "--init"):
        raise build.BuildError(f"wineboot ended with {code}")


async def end() -> None:
    """End Wine's services, and all of its programs."""
    await _quietly(_server(wine()), "-k")


def _server(program: str) -> str:
    return shutil.which("wineserver") or str(Path(program).resolve().parent / "wineserver")


async def _version(program: str) -> int:
    process = await asyncio.create_subprocess_exec(
        program, "--version", env={**os.environ, **environment()}, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()
    match = re.search(rb"wine-(\d+)", said)
    return int(match[1]) if match else 0


async def _quietly(*command: str) -> int:
    process = await asyncio.create_subprocess_exec(
        *command,
        env={**os.environ, **environment()},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    return await process.wait()


async def program(csharp: Mapping[str, str]) -> Path:
    """Compile C# that arrived, with the entry script that calls it, as C# 5; return the program.

    :raises build.BuildError: a compiler or .NET for Windows is missing, or the C# has an error or a warning.
    """
    sources = build.sources(csharp)
    references = sorted((dotnet_folder() / "reference").glob("*.dll"))

    async def compile_into(folder: Path) -> None:
        (folder / "System.Text.Json.cs").write_text(_JSON, encoding="utf-8")
        bare = (
            "-langversion:5",
            "-warn:4",
            "-warnaserror",
            _NOT_THESE,
            "-nologo",
            "-nostdlib",
            "-noconfig",
            "-define:CORECLR",
        )
        against = [f"-r:{path}" for path in references]
        json = folder / "System.Text.Json.dll"
        await build.output(
            "mcs", *bare, "-target:library", f"-out:{json}", *against, str(folder / "System.Text.Json.cs")
        )
        files = build.written(sources, folder)
        await build.output("mcs", *bare, f"-out:{folder / 'program.exe'}", *against, f"-r:{json}", *map(str, files))
        json.unlink()  # at run time it is .NET's own
        (folder / "program.runtimeconfig.json").write_text(_RUNTIME_CONFIG, encoding="utf-8")

    contents = [*(text.encode() for text in sources.values()), Path(__file__).read_bytes()]
    return await build.built(contents, compile_into) / "program.exe"


#: NLS is what .NET Framework takes names and cultures from, and Wine has no ICU.
_RUNTIME_CONFIG = """{"runtimeOptions": {
  "framework": {"name": "Microsoft.NETCore.App", "version": "8.0.0"},
  "configProperties": {"System.Globalization.UseNls": true}
}}
"""


async def windows_library() -> Path:
    """Build the stand-in library as a Windows DLL.

    :raises build.BuildError: there is no compiler for it (Debian: gcc-mingw-w64-x86-64-win32).
    """
    source = build.LIBRARY_SOURCE
    text = source.read_text(encoding="utf-8")
    names = re.findall(r"^(?:BOOL|HANDLE|VOID|DWORD|LONG|BYTE) (\w+)\(", text, re.MULTILINE)

    async def compile_into(folder: Path) -> None:
        defines = "".join(f"#undef {name}\n#define {name} stand_in_{name}\n" for name in names)
        (folder / "stand_in_names.h").write_text(defines)
        (folder / "windows.def").write_text("EXPORTS\n" + "".join(f"  {name} = stand_in_{name}\n" for name in names))
        await build.output(
            "x86_64-w64-mingw32-gcc",
            *("-std=gnu11", "-Wall", "-Wextra", "-Werror", "-Wno-unknown-pragmas", "-O1", "-shared", "-static-libgcc"),
            *("-D_WIN32_WINNT=0x0A00", "-DWIN32_LEAN_AND_MEAN", f"-I{folder}"),
            *("-o", str(folder / "windows.dll"), str(source), str(folder / "windows.def"), "-lws2_32"),
        )

    return await build.built([text.encode(), Path(__file__).read_bytes()], compile_into) / "windows.dll"


def command(program: str | os.PathLike[str], entry_script: EntryScript) -> list[str]:
    """Return the command line of a process that calls an entry script's method with each line that it reads."""
    dotnet = windows_path(dotnet_folder() / "dotnet.exe")
    return [wine(), dotnet, windows_path(program), entry_script.type_name, entry_script.method]


@contextlib.asynccontextmanager
async def surroundings(variables: Mapping[str, str]) -> AsyncIterator[dict[str, str]]:
    """What a program needs around it, while it runs: Wine knows no Unix sockets, so its calls come by TCP."""
    if not (Path(environment()["WINEPREFIX"]) / "system.reg").exists():
        await prepare()
    library = await windows_library()
    real = os.environ.get(REAL, "").split(";")
    stood_in_for = [name for name in build.LIBRARY_NAMES if name not in real]
    async with _relay(variables["SIMULATOR_SOCKET"]) as where:
        yield {
            **variables,
            **environment(),
            "SIMULATOR_SOCKET": where,
            "STAND_IN": windows_path(library),
            "STAND_IN_FOR": ";".join(stood_in_for),
        }


@contextlib.asynccontextmanager
async def _relay(path: str) -> AsyncIterator[str]:
    """Hand on what comes by TCP to a Unix socket, and what it answers. Who does not know the token gets no answer."""
    tasks: set[asyncio.Task[None]] = set()

    async def hand_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        there_reader, there_writer = await asyncio.open_unix_connection(path)
        one = asyncio.create_task(_copy(reader, there_writer))
        other = asyncio.create_task(_copy(there_reader, writer))
        try:
            await asyncio.wait({one, other}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for end in writer, there_writer:
                end.close()
            for copying in one, other:
                copying.cancel()
            tasks.discard(task)
            await asyncio.gather(one, other, return_exceptions=True)

    server = await asyncio.start_server(hand_on, "127.0.0.1", 0)
    try:
        host, port = server.sockets[0].getsockname()
        yield f"{host}:{port}"
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()


async def call(
    program: str | os.PathLike[str], entry_script: EntryScript, lines: str, variables: Mapping[str, str]
) -> Output:
    """Call an entry script's method with each of these lines, in one process, which writes a line for each."""
    # No pipes: Wine's services, if the program starts them, keep its output open for as long as they run.
    with tempfile.TemporaryFile() as stdin, tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        stdin.write(lines.encode())
        stdin.seek(0)
        async with surroundings(variables) as around:
            process = await asyncio.create_subprocess_exec(
                *command(program, entry_script), env={**os.environ, **around}, stdin=stdin, stdout=stdout, stderr=stderr
            )
            try:
                exit_code = await process.wait()
            finally:
                if process.returncode is None:
                    process.kill()  # the client terminated the command
                    await process.wait()
        stdout.seek(0)
        stderr.seek(0)
        return Output(stdout.read().replace(b"\r\n", b"\n"), stderr.read(), exit_code)


WINE = Runtime(program, call)


class WineEngine(MonoEngine):
    """Runs modules as MonoEngine does, on Wine."""

    @property
    def runtime(self) -> Runtime:
        return WINE
