# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Engine ``pwsh``: runs what arrived, Ansible's bootstrap and the module's PowerShell included, with PowerShell 7."""

from __future__ import annotations

import asyncio
import base64
import os
import shutil
import tempfile
from pathlib import Path

from ..windows_api import Launch
from . import build
from .host_runner import Write


class PwshEngine:
    """Runs PowerShell scripts with ``pwsh``.

    :raises build.BuildError: at each run, where pwsh is not on PATH.
    """

    async def run(self, script: str, stdin: bytes, write: Write, launch: Launch, environment: dict[str, str]) -> int:
        library = await build.windows_library()
        pwsh = shutil.which("pwsh")
        if pwsh is None:
            raise build.BuildError("pwsh (PowerShell 7) is not on PATH")
        with tempfile.TemporaryDirectory(prefix="simulator-") as folder:
            # The names by which Ansible starts it once more from within: ansible-core 2.18 and 2.19, and 2.21.
            for name in "PowerShell", "powershell":
                (Path(folder) / name).symlink_to(pwsh)
            process = await asyncio.create_subprocess_exec(
                pwsh,
                *("-NoProfile", "-NonInteractive", "-EncodedCommand"),
                base64.b64encode(script.encode("utf-16-le")).decode(),
                env={
                    **os.environ,
                    **environment,
                    "PATH": os.pathsep.join([folder, os.environ.get("PATH", "")]),
                    "LD_LIBRARY_PATH": str(library),
                    # No escape sequences in what Ansible parses.
                    "NO_COLOR": "1",
                    "TERM": "dumb",
                },
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
            try:
                output, errors = await process.communicate(stdin)
            except asyncio.CancelledError:
                process.kill()  # the client terminated the command
                await process.wait()
                raise
        await launch.settled()
        write("stdout", output)
        write("stderr", errors)
        return process.returncode or 0
