# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Logs on by Remote Desktop from the controller: FreeRDP's xfreerdp, on a screen that nobody sees (Xvfb).

The options are those of the manual page of xfreerdp in Debian's freerdp2-x11 (2.11) and freerdp3-x11 (where the program
may be called xfreerdp3); with a user and a domain, /from-stdin reads the password alone:
https://github.com/FreeRDP/FreeRDP/issues/10217
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from .inventory import Account, HostUnderTest

#: What hosts see as the name of the client.
CLIENT_NAME = "WINOPS-RDS"

_PATIENCE = 10.0  # seconds that a program may take to start, or to end


class RdpError(RuntimeError):
    """A program is missing, or does not start; the message says which, and what it said."""


class Screen:
    """An X server without a screen, for the clients; a context manager."""

    def __init__(self) -> None:
        # Xserver(1): with -displayfd it chooses a display that is free, and writes its number. Without -noreset it
        # resets itself when its last client ends, and refuses one that starts in that moment.
        self._process = _start(
            ["Xvfb", "-displayfd", "1", "-screen", "0", "1024x768x24", "-nolisten", "tcp", "-noreset"],
            {},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert self._process.stdout is not None
        number = self._process.stdout.readline().strip()
        if not number:
            _end(self._process)
            raise RdpError("Xvfb did not start")
        self.display = f":{number}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        _end(self._process)


class RdpClient:
    """A client that is connected, or tries to, until it is closed or the host ends the connection.

    :param log: takes what it says.
    :param program: is started instead of the desktop; at most 255 characters (MS-RDPBCGR 2.2.1.11.1.1, AlternateShell).
    """

    def __init__(self, host: HostUnderTest, account: Account, screen: Screen, log: Path, program: str = "") -> None:
        client = shutil.which("xfreerdp") or shutil.which("xfreerdp3")
        if client is None:
            raise RdpError("xfreerdp is not on PATH (Debian: freerdp2-x11, or freerdp3-x11)")
        self._log = log
        with log.open("w", encoding="utf-8") as output:
            self._process = _start(
                [
                    client,
                    f"/v:{host.address}:{host.port}",
                    f"/u:{account.user}",
                    f"/d:{account.domain}",
                    "/from-stdin:force",
                    "/cert:ignore",  # a test host has signed its own
                    f"/client-hostname:{CLIENT_NAME}",
                    "/size:800x600",
                    "/log-level:ERROR",
                    *([f"/shell:{program}"] if program else []),
                ],
                {"DISPLAY": screen.display},
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # it has ended, and its log says why
            self._process.stdin.write(f"{account.password}\n")
            self._process.stdin.flush()

    @property
    def ended(self) -> bool:
        """Whether it has ended by itself: the host has logged the user off, or did not let it in."""
        return self._process.poll() is not None

    @property
    def words(self) -> str:
        """What it said."""
        return self._log.read_text(encoding="utf-8", errors="replace").strip()

    def close(self) -> None:
        """Close the client, as somebody who closes its window: the host disconnects the session."""
        _end(self._process)


def _start(command: list[str], variables: Mapping[str, str], **streams: Any) -> subprocess.Popen[str]:
    try:
        return subprocess.Popen(command, env=os.environ | variables, stdin=subprocess.PIPE, text=True, **streams)
    except FileNotFoundError:
        raise RdpError(f"{command[0]} is not on PATH (Debian: xvfb)") from None


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.communicate(timeout=_PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
