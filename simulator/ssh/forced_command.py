# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What sshd runs instead of a client's command: hands that and its input to the simulator, and the answer back.

The argument is the simulator's socket. A program of its own that needs nothing but Python, so that it starts quickly.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sys
import threading


def _hand_input_on(service: socket.socket) -> None:
    with contextlib.suppress(OSError):  # the command has ended
        while data := os.read(0, 2**16):
            service.sendall(data)
        service.shutdown(socket.SHUT_WR)


def main(path: str) -> int:
    """Return the exit code of the command."""
    with socket.socket(socket.AF_UNIX) as service:
        service.connect(path)
        environment = os.environ
        request = {"command": environment.get("SSH_ORIGINAL_COMMAND", ""), "connection": environment["SSH_CONNECTION"]}
        service.sendall(json.dumps(request).encode() + b"\n")
        # A command that reads none may end before its input does.
        threading.Thread(target=_hand_input_on, args=[service], daemon=True).start()
        with service.makefile("rb") as stream:
            answer = json.loads(stream.readline())
            for file, length in (sys.stdout, answer["stdout"]), (sys.stderr, answer["stderr"]):
                file.buffer.write(stream.read(length))
                file.buffer.flush()
    exit_code: int = answer["exit_code"]
    return exit_code


if __name__ == "__main__":
    os._exit(main(sys.argv[1]) & 0xFF)  # OpenSSH's client has no more of Windows' exit codes either
