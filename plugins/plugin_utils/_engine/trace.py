# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The event that a launch leaves on the host where it has changed something: a JSON text in the Application log.

The host adds the account that the engine ran as, before all, and at the end what was changed.
"""

from __future__ import annotations

import json


def trace(module: str, reason: str | None, changes: str, **told: str) -> str:
    """Return how the text of such an event goes on after the account: as ASCII, up to the list of changes.

    :param changes: what the list is called.
    :param told: what else the controller tells.
    """
    members = json.dumps({"module": module, "reason": reason, **told, changes: []}, separators=(",", ":"))
    # Event Viewer takes %1 for a place to fill in:
    # https://learn.microsoft.com/windows/win32/api/winbase/nf-winbase-reporteventw
    return members.removeprefix("{").removesuffix("]}").replace("%", "\\u0025")
