# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Asks a farm that is served, by its control socket."""

from __future__ import annotations

import http.client
import json
import os
import socket
import tempfile
from pathlib import Path
from typing import Any

from .private import require_private_folder


def default_socket() -> Path:
    """Return where the control socket is unless told otherwise: in a folder of this user's own."""
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if runtime:
        return Path(runtime) / "winops-rds-simulator" / "control"
    return Path(tempfile.gettempdir()) / f"winops-rds-simulator-{os.geteuid()}" / "control"


def ask(control: Path, path: str, body: Any = None, *, timeout: float = 10) -> Any:
    """Return what a farm answers.

    :param control: its control socket.
    :param path: such as ``hosts/RDSH01``.
    :param body: is posted as JSON; None: GET.
    :param timeout: in seconds.
    :raises PermissionError: the socket is in a folder that others may enter, so nobody knows who answers there.
    :raises ConnectionError: no farm is served there, or what it answers is no success.
    """
    connection = _UnixConnection(control, timeout)
    try:
        require_private_folder(control.parent)
        data = None if body is None else json.dumps(body)
        connection.request("GET" if body is None else "POST", f"/{path}", data)
        response = connection.getresponse()
        text = response.read().decode()
    except (FileNotFoundError, ConnectionRefusedError) as error:
        raise ConnectionError(f"no farm is served with its control socket at {control} ({error.strerror})") from error
    finally:
        connection.close()
    if response.status != http.HTTPStatus.OK:
        raise ConnectionError(f"/{path}: {response.status} {text}")
    return json.loads(text)


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))
