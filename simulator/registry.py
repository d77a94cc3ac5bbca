# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The registry of a host: of HKEY_LOCAL_MACHINE the keys that hold its logon mode, and what it tells of itself, and
others that programs create.

Which values stand for which mode: https://docs.vmware.com/en/VMware-Horizon-7/7.13/horizon-published-desktops-applications/GUID-89EDB3EE-06A6-400C-B5CF-D9D82E009EA6.html
and, for TSServerDrainMode, SessionBrokerDrainMode at
https://learn.microsoft.com/windows/win32/termserv/win32-terminalservicesetting
"""

from __future__ import annotations

import locale
from typing import Literal

from .win32 import ERROR_FILE_NOT_FOUND, Win32Error

TERMINAL_SERVER = r"SYSTEM\CurrentControlSet\Control\Terminal Server"
WINLOGON = r"SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon"
DRAIN_MODE = (TERMINAL_SERVER, "TSServerDrainMode")
DISABLED = (WINLOGON, "WinStationsDisabled")

CURRENT_VERSION = r"SOFTWARE\Microsoft\Windows NT\CurrentVersion"
LANGUAGE = r"SYSTEM\CurrentControlSet\Control\Nls\Language"

#: What a key is opened for (winnt.h).
KEY_QUERY_VALUE, KEY_SET_VALUE, KEY_ENUMERATE_SUB_KEYS, DELETE = 1, 2, 8, 0x10000
REG_CREATED_NEW_KEY, REG_OPENED_EXISTING_KEY = 1, 2
REG_SZ, REG_DWORD = 1, 4  # winnt.h

LogonMode = Literal["enabled", "disabled", "drain", "drain_until_restart"]

#: A number is a REG_DWORD, a text a REG_SZ.
Value = int | str


class Registry:
    """Keys and their values; names in any case.

    :param language: of the host: ``fr-FR``.
    """

    def __init__(self, language: str = "en-US") -> None:
        keys = (TERMINAL_SERVER, WINLOGON, CURRENT_VERSION, LANGUAGE)
        self._keys: dict[str, dict[str, Value]] = {}
        for key in keys:
            self.create(key)
        # So that nobody takes it for a Windows.
        self.set(CURRENT_VERSION, "ProductName", "Simulated Windows")
        self.set(CURRENT_VERSION, "CurrentBuild", "0")
        self.set(LANGUAGE, "InstallLanguage", f"{_language_number(language):04x}")
        self.set(*DRAIN_MODE, 0)
        self.set(*DISABLED, "0")

    def require(self, key: str) -> None:
        """Check that there is a key.

        :raises Win32Error: 2 ERROR_FILE_NOT_FOUND, there is none.
        """
        if key.upper() not in self._keys:
            raise Win32Error(ERROR_FILE_NOT_FOUND)

    def create(self, key: str) -> bool:
        """Create a key, with those above it that are missing. Return whether it was not there."""
        is_new = key.upper() not in self._keys
        above = key.upper().split("\\")
        for level in range(1, len(above) + 1):
            self._keys.setdefault("\\".join(above[:level]), {})
        return is_new

    def values(self, key: str) -> dict[str, Value]:
        """Return all values of a key, by their names in upper case; none, where there is no such key."""
        return dict(self._keys.get(key.upper(), {}))

    def get(self, key: str, name: str) -> Value:
        """Return a value.

        :raises Win32Error: 2 ERROR_FILE_NOT_FOUND, there is none, or no such key.
        """
        self.require(key)
        try:
            return self._keys[key.upper()][name.upper()]
        except KeyError:
            raise Win32Error(ERROR_FILE_NOT_FOUND) from None

    def set(self, key: str, name: str, value: Value) -> None:
        """Set a value.

        :raises Win32Error: 2 ERROR_FILE_NOT_FOUND, there is no such key.
        """
        self.require(key)
        self._keys[key.upper()][name.upper()] = value

    def remove(self, key: str, name: str) -> None:
        """Remove a value, if there is one."""
        self._keys[key.upper()].pop(name.upper(), None)

    def remove_key(self, key: str) -> None:
        """Remove a key with all its values and the keys below it.

        :raises Win32Error: as ``require``.
        """
        self.require(key)
        for other in [*self._keys]:
            if f"{other}\\".startswith(f"{key.upper()}\\"):
                del self._keys[other]

    @property
    def logon_mode(self) -> LogonMode:
        """The mode that the values stand for; a value that is absent or odd counts as 0."""
        if self._value(DISABLED) == "1":
            return "disabled"
        drain = self._value(DRAIN_MODE)
        return "drain_until_restart" if drain == 1 else "drain" if drain == 2 else "enabled"

    @logon_mode.setter
    def logon_mode(self, mode: LogonMode) -> None:
        if mode != "disabled":  # which leaves the other value alone
            self.set(*DRAIN_MODE, {"enabled": 0, "drain_until_restart": 1, "drain": 2}[mode])
        self.set(*DISABLED, "1" if mode == "disabled" else "0")

    def restart(self) -> None:
        """Let the host restart: what holds until then ends.

        "Logons are re-enabled when you restart the system", says Microsoft's page of the command, whose /drain names no
        end and whose /drainuntilrestart does: so here `drain` alone outlives a restart.
        https://learn.microsoft.com/windows-server/administration/windows-commands/change-logon
        """
        if self._value(DRAIN_MODE) == 1:
            self.set(*DRAIN_MODE, 0)
        self.set(*DISABLED, "0")

    def _value(self, value: tuple[str, str]) -> Value | None:
        try:
            return self.get(*value)
        except Win32Error:
            return None


def _language_number(language: str) -> int:
    """The LCID of a language: https://learn.microsoft.com/openspecs/windows_protocols/ms-lcid/"""
    wanted = language.replace("-", "_")
    return next(number for number, name in locale.windows_locale.items() if name == wanted)
