# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The connection plugin ``ssh``: what it proves when it fails, and that it launches nothing twice.

Unlike the others it does not connect before it is given a command: OpenSSH's client connects, logs on and runs the
command in one, and one exit code, 255, stands for whatever goes wrong on the way.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any, TypeVar

from ansible.errors import AnsibleAuthenticationFailure, AnsibleConnectionFailure

LONGEST_PAUSE = 30  # seconds

R = TypeVar("R")

#: Before the words of OpenSSH's client, in those of the plugin.
_PREFIX = re.compile(
    r"\A(?:Failed to connect to the host via ssh"
    r'|Data could not be sent to remote host "[^"\n]*"\. Make sure this host can be reached over ssh):\s*'
)
#: What the client says while it connects and logs on, and not once it may have handed a command over (OpenSSH's
#: ssh.c, sshconnect.c, sshconnect2.c, kex.c, mux.c, misc.c). Whatever else it says proves nothing.
_NEVER_CONNECTED = re.compile(
    r"^(?:ssh: connect to host "
    r"|ssh: Could not resolve hostname "
    r"|kex_exchange_identification: "
    r"|(?:\S+ )*banner exchange\b"
    r"|Unable to negotiate with "
    r"|Host key verification failed\."
    r"|\S+@\S+: Permission denied \([a-z,-]+\)\."
    r"|Received disconnect from \S+ port \d+:2: Too many authentication failures"
    r"|ControlPath too long "
    r"|unix_listener: (?:path|cannot bind) )",
    re.MULTILINE,
)


def words(error: Exception) -> str:
    """Return what OpenSSH's client said, without what the plugin takes it for: a connection that was lost counts as one
    that could not be made there. A client that shares the connection of another one (ControlMaster) says nothing."""
    return _PREFIX.sub("", str(error)) or "the connection was lost"


def never_connected(error: Exception) -> bool:
    """Whether nothing can have been started on the host."""
    return (
        isinstance(error, AnsibleAuthenticationFailure)
        # The client ended before it had read the whole command, and the host runs no part of a command.
        or isinstance(error.__context__, BrokenPipeError)
        or bool(_NEVER_CONNECTED.search(words(error)))
    )


def run_once(connection: Any, execute: Callable[[], R]) -> R:
    """Do what carries a command out, and repeat only what did not come to that.

    With ``reconnection_retries`` the plugin runs a command once more whenever the connection fails, also where that had
    begun. What the first had done would then be reported as nobody's work, and a message be shown twice.

    :raises AnsibleConnectionFailure: the host was not reached as often as ``reconnection_retries`` allows, or was lost.
    """
    retries = int(connection.get_option("reconnection_retries"))
    connection.set_option("reconnection_retries", 0)
    failures = 0
    try:
        while True:
            try:
                return execute()
            except AnsibleAuthenticationFailure:
                raise  # a password that is tried again may lock the account
            except AnsibleConnectionFailure as error:
                if failures == retries or not never_connected(error):
                    raise
            time.sleep(min(2**failures - 1, LONGEST_PAUSE))  # as the plugin does
            failures += 1
    finally:
        connection.set_option("reconnection_retries", retries)
