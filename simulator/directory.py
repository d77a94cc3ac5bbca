# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The accounts that a farm's domain controllers know: names, user principal names and SIDs."""

from __future__ import annotations

import unicodedata
import zlib
from dataclasses import dataclass
from enum import IntEnum

from .win32 import ERROR_NONE_MAPPED, Win32Error


class Use(IntEnum):
    """What a name stands for: SID_NAME_USE, https://learn.microsoft.com/windows/win32/api/winnt/ne-winnt-sid_name_use"""

    USER = 1
    GROUP = 2
    DOMAIN = 3
    ALIAS = 4
    WELL_KNOWN_GROUP = 5
    COMPUTER = 9


#: Local groups that each computer has: https://learn.microsoft.com/windows-server/identity/ad-ds/manage/understand-security-identifiers
_BUILTIN = {"Administrators": 544, "Users": 545, "Guests": 546, "Remote Desktop Users": 555}

#: Accounts of services, which Windows takes for groups; their SIDs stand on the same page.
_SERVICES = {"SYSTEM": 18, "LOCAL SERVICE": 19, "NETWORK SERVICE": 20}

#: Names of two accounts that each computer has, by language; what their SIDs end with stands on the same page.
#: https://learn.microsoft.com/archive/technet-wiki/13813.localized-names-for-administrator-account-in-windows
#: That page has no names of the guest. They are those that `net user` lists, such as
#: https://github.com/search?q=%22Administrateur%22+%22DefaultAccount%22+%22Invit%C3%A9%22&type=code
_ADMINISTRATOR, _GUEST = 500, 501
_LOCAL_NAMES = {
    "de-DE": ("Administrator", "Gast"),
    "en-US": ("Administrator", "Guest"),
    "es-ES": ("Administrador", "Invitado"),
    "fr-FR": ("Administrateur", "Invité"),
    "it-IT": ("Administrator", "Guest"),
    "pt-BR": ("Administrador", "Convidado"),
    "ru-RU": ("Администратор", "Гость"),
    "zh-TW": ("Administrator", "Guest"),
}


#: The domain of Microsoft Entra ID's accounts. Nobody has to be in a domain to know them, and their SIDs are made of
#: the 128 bits of their object's ID: https://github.com/MicrosoftDocs/windows-itpro-docs/issues/2351,
#: https://ps365.clidsys.com/docs/commands/Convert-EntraObjectIDAndSID
_ENTRA_ID = "AZUREAD"


def _key(name: str) -> str:
    """What names have in common that are one: in any case, with or without diacritical marks, with ß or ss.

    https://support.microsoft.com/kb/938447 says so of names in Active Directory. That LookupAccountName finds an
    account by each of them, as a logon does (https://serverfault.com/questions/661857), is to be expected.
    """
    return "".join(c for c in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(c)).upper()


def _identifier(domain: str) -> str:
    """The SID of a domain or of a computer, with which those of its accounts begin."""
    number = zlib.crc32(domain.upper().encode())
    return f"S-1-5-21-{number}-{number ^ 0x5A5A5A5A}-{number >> 3}"


@dataclass(frozen=True)
class DirectoryAccount:
    """An account under its names. The SID follows from them, so that it is the same in every run."""

    domain: str
    """NetBIOS name; of a local account the computer's."""
    user: str
    dns_domain: str
    """Empty: it is a local account, or one of Microsoft Entra ID."""
    use: Use = Use.USER
    relative_id: int | None = None
    """The last part of its SID, where that is the same everywhere."""
    entra_name: str = ""
    """Of an account of Entra ID, its principal name."""

    @property
    def is_entra(self) -> bool:
        return self.domain.upper() == _ENTRA_ID

    @property
    def sid(self) -> str:
        """Of the domain's identifier and the account's relative one: ``S-1-5-21-…``; ``S-1-12-1-…`` of Entra ID."""
        if self.domain == "BUILTIN":
            return f"S-1-5-32-{_BUILTIN[self.user]}"
        if self.use is Use.WELL_KNOWN_GROUP:
            return f"S-1-5-{_SERVICES[self.user]}"
        domain, relative = zlib.crc32(self.domain.upper().encode()), zlib.crc32(self.user.upper().encode())
        if self.use in (Use.DOMAIN, Use.COMPUTER):
            return _identifier(self.domain)
        if self.is_entra:
            return f"S-1-12-1-{relative}-{relative ^ 0x5A5A5A5A}-{domain}-{relative >> 3}"
        return f"{_identifier(self.domain)}-{self.relative_id or 1000 + relative % 1_000_000_000}"

    @property
    def principal_name(self) -> str:
        """``alice@contoso.com``; empty for a local account and for a managed service account (``svc$``), which have
        none: it is an attribute of Active Directory's users.

        https://learn.microsoft.com/windows/win32/ad/naming-properties#userprincipalname
        """
        if self.is_entra:
            return self.entra_name
        has_one = self.dns_domain and self.use == Use.USER and not self.user.endswith("$")
        return f"{self.user}@{self.dns_domain}" if has_one else ""

    @property
    def names(self) -> list[str]:
        r"""By what LookupAccountName finds it, the SID included.

        An account of Entra ID by ``AzureAD\`` and its principal name, and not by the name that its session shows:
        https://github.com/MicrosoftDocs/windows-itpro-docs/issues/2351
        https://github.com/MicrosoftDocs/windows-itpro-docs/issues/1656
        """
        if self.is_entra:
            return [self.sid, *([f"{self.domain}\\{self.principal_name}"] if self.principal_name else [])]
        names = [f"{self.domain}\\{self.user}", self.principal_name, self.sid]
        return [*filter(None, names), *([f"{self.dns_domain}\\{self.user}"] if self.dns_domain else [])]


class Directory:
    """Finds accounts; they stay known when nobody is logged on with them.

    :param computer_name: what a name alone is that is a computer's own: its domain of local accounts, or a computer.
    :param entra_display_names: whether an account of Entra ID is found by the name that its session shows, as well.
    """

    def __init__(self, dns_domain: str, *, computer_name: Use = Use.DOMAIN, entra_display_names: bool = False) -> None:
        self.dns_domain = dns_domain
        self._computer_name = computer_name
        self._entra_display_names = entra_display_names
        self._accounts: dict[str, DirectoryAccount] = {}
        self._computers: set[str] = set()
        for name in _BUILTIN:
            self._know(DirectoryAccount("BUILTIN", name, "", Use.ALIAS))
        for name in _SERVICES:
            self._know(DirectoryAccount("NT AUTHORITY", name, "", Use.WELL_KNOWN_GROUP))

    def join(self, computer: str, language: str = "en-US") -> None:
        """Make a computer known, with its Administrator and its Guest, whose names are of its language.

        From then on its name before an account makes that a local account.
        """
        self._computers.add(computer.upper())
        self._know_first_accounts(computer, language, "")

    def found(self, domain: str) -> None:
        """Make a domain known, with its Administrator and its Guest."""
        self._know_first_accounts(domain, "en-US", self.dns_domain)

    def _know_first_accounts(self, domain: str, language: str, dns_domain: str) -> None:
        for name, relative_id in zip(_LOCAL_NAMES[language], (_ADMINISTRATOR, _GUEST), strict=True):
            self._know(DirectoryAccount(domain, name, dns_domain, relative_id=relative_id))

    def computer_sid(self, computer: str) -> str:
        """Return the SID of a computer."""
        return _identifier(computer)

    def add(self, domain: str, user: str, entra_name: str = "") -> DirectoryAccount:
        """Make an account known; no harm if it is already."""
        is_in_domain = domain.upper() not in {_ENTRA_ID, *self._computers}
        account = DirectoryAccount(domain, user, self.dns_domain if is_in_domain else "", entra_name=entra_name)
        account = self._accounts.get(_key(account.sid), account)
        known = self._accounts.get(_key(f"{domain}\\{user}"))
        if known and known.relative_id:  # an account that everybody has
            return known
        self._know(account)
        return account

    def add_group(self, domain: str, name: str) -> None:
        """Make a group of the domain known."""
        self._know(DirectoryAccount(domain, name, self.dns_domain, Use.GROUP))

    def _know(self, account: DirectoryAccount) -> None:
        shown = [f"{account.domain}\\{account.user}"] if account.is_entra and self._entra_display_names else []
        for name in (*account.names, *shown):
            self._accounts[_key(name)] = account

    def find(self, name: str, computer: str = "") -> DirectoryAccount:
        r"""Return who is called ``DOMAIN\user``, ``dns.domain\user``, ``user@dns.domain``, ``S-1-5-21-…`` or
        ``user`` alone, in any case, on a computer: it knows the local accounts of no other.

        A name alone is looked for among what is built in, domains, local accounts, and then in the domains: so of a
        user who is called like the computer or the domain, that is found, and no account.
        https://learn.microsoft.com/windows/win32/api/winbase/nf-winbase-lookupaccountnamew

        :raises Win32Error: 1332 ERROR_NONE_MAPPED, there is none.
        """
        candidates = [name]
        if name and not set("\\@") & set(name) and not name.upper().startswith("S-1-"):
            domains = sorted({account.domain.upper() for account in self._accounts.values()} - self._computers)
            if name.upper() in {computer.upper(), *domains} - {"", "BUILTIN", "NT AUTHORITY"}:
                use = self._computer_name if name.upper() == computer.upper() else Use.DOMAIN
                return self._named_as_a_domain(name.upper(), use)
            candidates = [f"{domain}\\{name}" for domain in ("NT AUTHORITY", "BUILTIN", computer, *domains)]
        for candidate in candidates:
            account = self._accounts.get(_key(candidate))
            is_elsewhere = account and account.domain.upper() in self._computers - {computer.upper()}
            if account and not (computer and is_elsewhere):
                return account
        raise Win32Error(ERROR_NONE_MAPPED)

    def _named_as_a_domain(self, name: str, use: Use) -> DirectoryAccount:
        """A domain, or a computer, which is found by its SID as well from then on: without a user."""
        account = DirectoryAccount(name, "", "", use)
        return self._accounts.setdefault(_key(account.sid), account)
