# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Mono's own libraries as machine code.

Otherwise each engine, when it starts, compiles what it needs of them, which is a third of what its start costs:
https://www.mono-project.com/docs/advanced/aot/
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from simulator.engines.build import cache_folder

#: What an engine loads; mscorlib.dll is compiled where it is installed.
_LIBRARIES = ("System", "System.Configuration", "System.Core", "System.Web", "System.Web.Extensions", "System.Xml")


def use() -> None:
    """Let each Mono that this process starts use them; they are compiled once for each version of Mono."""
    mono = shutil.which("mono")
    if mono is None:
        return
    folder = Path(mono).resolve().parents[1] / "lib" / "mono" / "4.5"
    libraries = [(folder / f"{name}.dll").resolve() for name in _LIBRARIES]
    if not all(library.exists() for library in libraries):
        return
    versions = [f"{library} {library.stat().st_size} {library.stat().st_mtime_ns}" for library in libraries]
    images = cache_folder() / f"mono-{hashlib.sha256(repr(versions).encode()).hexdigest()[:32]}"
    if images.exists() or _compile(mono, libraries, images):
        os.environ["MONO_ENV_OPTIONS"] = f'"--aot-path={images}"'


def _compile(mono: str, libraries: list[Path], images: Path) -> bool:
    """Return whether it could be done: it takes ``as`` and ``ld``."""
    images.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=images.parent) as folder:
        compilers = [
            subprocess.Popen(
                [mono, f"--aot=outfile={folder}/{library.name}.so", library],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            for library in libraries
        ]
        exit_codes = [compiler.wait() for compiler in compilers]
        if any(exit_codes):
            return False
        unfinished = Path(folder) / "images"
        unfinished.mkdir()
        for image in Path(folder).glob("*.so"):
            image.rename(unfinished / image.name)
        if not images.exists():
            unfinished.rename(images)
    return True
