# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""In the place of xfreerdp: logs on by the control socket of a farm, which REHEARSAL_CONTROL names.

Ended, it disconnects its session; it ends when its session has been logged off or disconnected.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from simulator.control_client import ask

_CONTROL = Path(os.environ.get("REHEARSAL_CONTROL", ""))
_FIRST_ID = 2  # of sessions; Windows gives 1 to the console
_PAUSE = 0.2  # seconds between looks at the session
_NOT_LOGGED_ON = 131  # ERRCONNECT_…: xfreerdp has many exit codes, and nobody here reads them


def main(arguments: list[str]) -> int:
    options = dict(argument.lstrip("/").partition(":")[::2] for argument in arguments)
    address = options["v"].rpartition(":")[0]
    host = next(host for host in ask(_CONTROL, "hosts") if host["address"] == address)["name"]
    account = (options["d"], options["u"])
    if not sys.stdin.readline().strip():
        return _NOT_LOGGED_ON
    client = {"client_name": options["client-hostname"], "client_address": "127.0.0.1"}
    before = _session_of(account, host)
    if before is None:
        hangs = {"logoff": "never", "processes": [options["shell"].split()[0]]} if "shell" in options else {}
        logon = {"id": _FIRST_ID, "user": "\\".join(account), **client, **hangs}
        ask(_CONTROL, f"hosts/{host}/changes", [{"logon": logon}])
    else:
        ask(_CONTROL, f"hosts/{host}/changes", [{"reconnect": before["id"], **client}])
    session = _session_of(account, host)
    if session is None or session["state"] != "active":
        print("the host did not let the user in")
        return _NOT_LOGGED_ON
    closed = []
    signal.signal(signal.SIGTERM, lambda *_: closed.append(True))
    while not closed:
        time.sleep(_PAUSE)
        now = _session_of(account, host)
        if now is None or now["id"] != session["id"] or now["state"] != "active":
            return 0
    ask(_CONTROL, f"hosts/{host}/changes", [{"disconnect": session["id"]}])
    return 0


def _session_of(account: tuple[str, str], host: str) -> dict[str, Any] | None:
    sessions = ask(_CONTROL, f"hosts/{host}")["sessions"]
    return next((session for session in sessions if (session["domain"], session["user"]) == account), None)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
