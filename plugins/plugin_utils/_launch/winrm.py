# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The connection plugins ``winrm`` and ``psrp``: whether WinRM started nothing.

Their libraries raise the same exceptions for each request, so which request failed is told by where it was raised.
"""

from __future__ import annotations

import re
import traceback

#: ERROR_WSMAN_QUOTA_MAX_SHELLS, _MAX_OPERATIONS, _USER, _SYSTEM and _MAX_SHELLUSERS, and from _MAX_SHELLS_PPQ to
#: _MIN_REQUIREMENT_NOT_AVAILABLE_PPQ (winerror.h).
QUOTAS = {*range(0x803381A5, 0x803381A9), 0x803381AB, *range(0x803381E4, 0x803381EB)}

_CODE = re.compile(r'(?:\bCode="|:error_Code>)(\d+)')

#: The plugin ``winrm`` connects anew where a shell may start no more commands.
_CONNECTS = ("ansible.plugins.connection.winrm", "_winrm_connect")
#: Where pywinrm and pypsrp ask for a command.
_STARTS = {("winrm.protocol", "run_command"), ("pypsrp.wsman", "command")}


def never_started(error: Exception) -> bool:
    """Whether the command, of which there was one, cannot have been started on the host."""
    frames = [frame for frame, _line in traceback.walk_tb(error.__traceback__)]
    places = {(frame.f_globals.get("__name__"), frame.f_code.co_name) for frame in frames}
    return _CONNECTS in places or not (_STARTS.isdisjoint(places) or QUOTAS.isdisjoint(_codes(error)))


def _codes(fault: Exception) -> set[int]:
    """The numbers in the reply. Both libraries raise a fault while they handle the exception of HTTP, which has the
    reply; pypsrp's loses the numbers of an MSFT_WmiError, in which Windows was seen to tell of quotas."""
    reply = getattr(fault.__context__, "response_text", "")
    text = reply.decode(errors="replace") if isinstance(reply, bytes) else str(reply)
    return {int(code) for code in _CODE.findall(text)}
