# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""``change logon``, of which each form ends with the mode that the host has then.

That ``/query`` ends with exit code 1 although it worked is not documented; a changelog tells of it, on Windows 11:
https://github.com/search?q=%22chglogon.exe%22+%22Session+logins+are+currently+ENABLED%22&type=code
"""

from __future__ import annotations

from ..registry import LogonMode
from .host import Console
from .wording import Wording

#: Each switch, and the mode that it sets; None: it only shows the mode.
MODES: dict[str, LogonMode | None] = {
    "query": None,
    "enable": "enabled",
    "disable": "disabled",
    "drain": "drain",
    "drainuntilrestart": "drain_until_restart",
}


def change_logon(mode: LogonMode | None, console: Console, texts: Wording) -> tuple[str, int]:
    """Set the mode, if one is given; return the line that the command prints, and its exit code."""
    if mode is not None:
        console.logon_mode = mode
    return texts.text(f"logon_{console.logon_mode}"), 0 if mode else 1
