# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Win32 error codes, as numbered in winerror.h.

https://learn.microsoft.com/en-us/windows/win32/debug/system-error-codes
"""

from __future__ import annotations

ERROR_FILE_NOT_FOUND = 2
ERROR_ACCESS_DENIED = 5
ERROR_INVALID_HANDLE = 6
ERROR_NOT_ENOUGH_MEMORY = 8
ERROR_INVALID_PARAMETER = 87
ERROR_NO_SHUTDOWN_IN_PROGRESS = 1116
ERROR_SHUTDOWN_IS_SCHEDULED = 1190
ERROR_NONE_MAPPED = 1332
ERROR_TIMEOUT = 1460
RPC_S_INVALID_BINDING = 1702
RPC_S_SERVER_UNAVAILABLE = 1722
ERROR_INVALID_USER_BUFFER = 1784
ERROR_CTX_CLOSE_PENDING = 7007
ERROR_CTX_WINSTATION_NOT_FOUND = 7022
ERROR_CTX_WINSTATION_BUSY = 7024


class Win32Error(Exception):
    """A Windows call failed; `code` is what GetLastError says."""

    def __init__(self, code: int) -> None:
        super().__init__(f"Win32 error {code}")
        self.code = code
