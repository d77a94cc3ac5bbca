# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The accounts that a farm's domain controllers know: names, user principal names and SIDs."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

from .win32 import ERROR_NONE_MAPPED, Win32Error


@dataclass(frozen=True)
class DirectoryAccount:
    """An account under its names. The SID follows from them, so that it is the same in every run."""

    domain: str
    """NetBIOS name; of a local account the computer's."""
    user: str
    dns_domain: str
    """Empty: it is a local account."""

    @property
    def sid(self) -> str:
        """``S-1-5-21-…``: made of the domain's identifier and the account's relative one."""
        domain, relative = zlib.crc32(self.domain.upper().encode()), zlib.crc32(self.user.upper().encode())
        return f"S-1-5-21-{domain}-{domain ^ 0x5A5A5A5A}-{domain >> 3}-{1000 + relative % 1_000_000_000}"

    @property
    def principal_name(self) -> str:
        """``alice@contoso.com``; empty for a local account, which has none: it is an attribute of Active Directory.

        https://learn.microsoft.com/windows/win32/ad/naming-properties#userprincipalname
        """
        return f"{self.user}@{self.dns_domain}" if self.dns_domain else ""


class Directory:
    """Finds accounts; they stay known when nobody is logged on with them."""

    def __init__(self, dns_domain: str) -> None:
        self._dns_domain = dns_domain
        self._accounts: dict[str, DirectoryAccount] = {}
        self._computers: set[str] = set()

    def join(self, computer: str) -> None:
        """Make a computer known: its name before an account makes that a local account."""
        self._computers.add(computer.upper())

    def add(self, domain: str, user: str) -> DirectoryAccount:
        """Make an account known; no harm if it is already."""
        is_local = domain.upper() in self._computers
        account = DirectoryAccount(domain, user, "" if is_local else self._dns_domain)
        for name in (f"{domain}\\{user}", account.principal_name, account.sid):
            if name:
                self._accounts[name.upper()] = account
        return account

    def find(self, name: str) -> DirectoryAccount:
        r"""Return the account that is called ``DOMAIN\user``, ``user@dns.domain`` or ``S-1-5-21-…``, in any case.

        :raises Win32Error: 1332 ERROR_NONE_MAPPED, there is none.
        """
        if name.upper() not in self._accounts:
            raise Win32Error(ERROR_NONE_MAPPED)
        return self._accounts[name.upper()]
