# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Names of Windows' functions, as the stand-in library and a farm file's faults write them."""

from __future__ import annotations

CLOSE_SERVER = "WTSCloseServer"
DISCONNECT = "WTSDisconnectSession"
ENUMERATE = "WTSEnumerateSessionsExW"
LOGOFF = "WTSLogoffSession"
OPEN_PROCESS = "OpenProcess"
OPEN_SERVER = "WTSOpenServerExW"
PROCESSES = "WTSEnumerateProcessesExW"
QUERY = "WTSQuerySessionInformationW"
SEND = "WTSSendMessageW"
TERMINATE = "WTSTerminateProcess"
TERMINATE_HERE = "TerminateProcess"
WORKSTATION = "NetWkstaGetInfo"

#: Of QUERY: what tells whose session it is (WTSSessionInfoEx of WTS_INFO_CLASS).
SESSION_INFO = 25
