# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""windows_dotnet.py FOLDER: brings .NET for Windows there, from two packages of PyPI that hold it, for the engine wine.

artifacts-keyring has a program with all of .NET 8 beside it, and dotnetcore2 has .NET Core 3.1: of it, the program that
starts .NET, and the assemblies that Mono's compiler can read. Nothing of them is kept in this repository.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from zipfile import ZipFile

PACKAGES = """
artifacts-keyring==1.0.0 --hash=sha256:f5bcb4c23c6768292f6a57218ad67ae90cf2bae63f45d1d3597087bc42c22d81
dotnetcore2==3.1.23 --hash=sha256:e2528813677d7a080522336cb530442408d1e2aea76fa8657018fb532c03c252
"""
PLATFORM = ("--no-deps", "--only-binary=:all:", "--platform=win_amd64", "--python-version=3.11", "--require-hashes")
NET8 = "artifacts_keyring/plugins/plugins/netcore/CredentialProvider.Microsoft"
CORE3 = "dotnetcore2/bin"
VERSION = "8.0.15"
FRAMEWORK = f"shared/Microsoft.NETCore.App/{VERSION}"
#: Of the DLLs that are no assemblies.
NATIVE = (
    "coreclr",
    "clr",
    "hostpolicy",
    "mscordaccore",
    "mscordbi",
    "mscorrc",
    "msquic",
    "Microsoft.DiaSymReader.Native",
)


def main(folder: Path) -> None:
    if (folder / "dotnet.exe").exists():
        return
    with tempfile.TemporaryDirectory() as temporary:
        unpacked = _unpacked(Path(temporary))
        made = Path(temporary) / "dotnet"
        _framework(unpacked / NET8, made)
        core3 = unpacked / CORE3
        (made / "reference").mkdir()
        for path in (core3 / "shared/Microsoft.NETCore.App/3.1.23").glob("*.dll"):
            if path.stem.startswith(("System.", "mscorlib", "netstandard")) and path.stem != "System.Text.Json":
                shutil.copy(path, made / "reference")
        shutil.copy(core3 / "dotnet.exe", made)
        folder.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(folder, ignore_errors=True)
        shutil.move(made, folder)


def _unpacked(folder: Path) -> Path:
    (folder / "packages.txt").write_text(PACKAGES, encoding="utf-8")
    download = [sys.executable, "-m", "pip", "download", "--quiet", *PLATFORM]
    subprocess.run([*download, "--dest", folder, "--requirement", folder / "packages.txt"], check=True)
    for wheel in folder.glob("*.whl"):
        with ZipFile(wheel) as archive:
            archive.extractall(folder / "unpacked")
    return folder / "unpacked"


def _framework(program: Path, made: Path) -> None:
    """Make a framework that programs share of what lies beside a program."""
    shutil.copytree(program, made / FRAMEWORK)
    (made / f"host/fxr/{VERSION}").mkdir(parents=True)
    shutil.copy(program / "hostfxr.dll", made / f"host/fxr/{VERSION}")
    files = sorted(path.name for path in program.glob("*.dll"))
    native = [name for name in files if name.startswith(NATIVE) or ".Native." in name]
    target = ".NETCoreApp,Version=v8.0"
    library = f"Microsoft.NETCore.App.Runtime.win-x64/{VERSION}"
    listed = {"runtime": {name: {} for name in files if name not in native}, "native": {name: {} for name in native}}
    dependencies = {
        "runtimeTarget": {"name": f"{target}/win-x64"},
        "compilationOptions": {},
        "targets": {target: {}, f"{target}/win-x64": {library: listed}},
        "libraries": {library: {"type": "package", "serviceable": True, "sha512": ""}},
    }
    (made / FRAMEWORK / "Microsoft.NETCore.App.deps.json").write_text(json.dumps(dependencies), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
