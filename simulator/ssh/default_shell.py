# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How the shell to which OpenSSH for Windows gives a client's line takes it apart.

https://learn.microsoft.com/windows-server/administration/openssh/openssh-server-configuration#configuring-the-default-shell-for-openssh-in-windows
"""

from __future__ import annotations

import re
from typing import Literal

DefaultShell = Literal["cmd", "powershell"]

#: ansible-core 2.16 and 2.17 set the code page of the console first.
_CODE_PAGE = {"cmd": "chcp.com 65001 >nul 2>&1 && ", "powershell": "chcp.com 65001 > $null ; "}

#: A word that is quoted as a whole, or has no quotes: what Ansible writes.
_WORDS = {
    "cmd": re.compile(r'\^?"(?P<quoted>[^"^]*)\^?"|(?P<plain>\S+)'),
    "powershell": re.compile(r"'(?P<quoted>(?:[^']|'')*)'|(?P<plain>\S+)"),
}


def words(line: str, shell: DefaultShell) -> list[str]:
    """Return the words of a command line, without quotes, and without the change of the code page."""
    found = _WORDS[shell].finditer(line.removeprefix(_CODE_PAGE[shell]))
    return [word["plain"] if word["quoted"] is None else word["quoted"].replace("''", "'") for word in found]
