# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Engine ``wine``: as ``mono``, but the C# runs on Windows' own .NET 8, in Wine.

It is compiled there, too: by Microsoft's compiler (Roslyn) as C# 5, against .NET 8. Only the libraries that the
simulator stands in for are answered by it, with windows.c as a Windows DLL.

:envvar:`SIMULATOR_DOTNET` is the folder that development/windows_dotnet.py has made.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

from . import build
from .entry_script import EntryScript
from .mono import MonoEngine, Output, Runtime

_FIRST_WINE = 9
_DEBIAN_WINE = "/usr/lib/wine/wine64"

#: Which of build.LIBRARY_NAMES Wine answers itself, instead of the simulator: with ; between.
REAL = "SIMULATOR_REAL"


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


async def prepared() -> None:
    """:func:`prepare`, unless that has been done."""
    if not (Path(environment()["WINEPREFIX"]) / "system.reg").exists():
        await prepare()


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

    :raises build.BuildError: Wine or .NET for Windows is missing, or the C# has an error or a warning.
    """
    sources = build.sources(csharp)
    compiler = windows_path(dotnet_folder() / "csc" / "csc.dll")

    async def compile_into(folder: Path) -> None:
        options = [
            *("-nologo", "-langversion:5", "-warn:4", "-warnaserror", "-optimize", "-define:CORECLR", "-nostdlib"),
            *(f'-r:"{windows_path(path)}"' for path in _references()),
            f'-out:"{windows_path(folder / "program.exe")}"',
            *(f'"{windows_path(path)}"' for path in build.written(sources, folder)),
        ]
        # Too much for a command line; -noconfig counts only there.
        (folder / "options.txt").write_text("\n".join(options), encoding="utf-8")
        await prepared()
        said = await _finished(
            [*_dotnet(), compiler, "-noconfig", f"@{windows_path(folder / 'options.txt')}"], environment()
        )
        if said.exit_code or said.stdout:
            raise build.BuildError(f"csc: {(said.stdout + said.stderr).decode(errors='replace')}")
        (folder / "program.runtimeconfig.json").write_text(_RUNTIME_CONFIG, encoding="utf-8")

    contents = [*(text.encode() for text in sources.values()), Path(__file__).read_bytes()]
    return await build.built(contents, compile_into) / "program.exe"


def _references() -> list[Path]:
    """The assemblies of .NET for Windows, among libraries that are none."""
    (framework,) = (dotnet_folder() / "shared" / "Microsoft.NETCore.App").iterdir()
    names = ("mscorlib", "netstandard", "Microsoft.Win32.", "System.")
    return sorted(path for path in framework.glob("*.dll") if path.name.startswith(names) and "Native" not in path.name)


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
    return [*_dotnet(), windows_path(program), entry_script.type_name, entry_script.method]


def _dotnet() -> list[str]:
    return [wine(), windows_path(dotnet_folder() / "dotnet.exe")]


@contextlib.asynccontextmanager
async def surroundings(variables: Mapping[str, str]) -> AsyncIterator[dict[str, str]]:
    """What a program needs around it, while it runs: Wine knows no Unix sockets, so its calls come by TCP."""
    await prepared()
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
    async with surroundings(variables) as around:
        output = await _finished(command(program, entry_script), around, lines.encode())
    return Output(output.stdout.replace(b"\r\n", b"\n"), output.stderr, output.exit_code)


async def _finished(command: Sequence[str], variables: Mapping[str, str], stdin: bytes = b"") -> Output:
    """Run a program to its end."""
    # No pipes: Wine's services, if the program starts them, keep its output open for as long as they run.
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        given.write(stdin)
        given.seek(0)
        process = await asyncio.create_subprocess_exec(
            *command, env={**os.environ, **variables}, stdin=given, stdout=stdout, stderr=stderr
        )
        try:
            exit_code = await process.wait()
        finally:
            if process.returncode is None:
                process.kill()  # the client terminated the command
                await process.wait()
        stdout.seek(0)
        stderr.seek(0)
        return Output(stdout.read(), stderr.read(), exit_code)


WINE = Runtime(program, call)


class WineEngine(MonoEngine):
    """Runs modules as MonoEngine does, on Wine."""

    @property
    def runtime(self) -> Runtime:
        return WINE
