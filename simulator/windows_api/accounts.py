# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Accounts: who the program runs as, and names and SIDs of others (advapi32.dll, secur32.dll)."""

from __future__ import annotations

from ..farm import Host
from ..win32 import ERROR_NONE_MAPPED, Win32Error
from .launch import Answer, Launch, Value
from .servers import host_name

_NAME_USER_PRINCIPAL = 8  # EXTENDED_NAME_FORMAT (secext.h)


async def _own_name(launch: Launch, host: Host, form: str = "") -> list[Value]:
    r"""``CONTOSO\alice``; in the form NameUserPrincipal ``alice@contoso.com``, and in the form NameDnsDomain
    ``contoso.com\alice``, which local accounts do not have.

    https://learn.microsoft.com/windows/win32/api/secext/ne-secext-extended_name_format
    """
    if not form:
        return [launch.account]
    owner, _, user = launch.account.partition("\\")
    account = host.directory.add(owner, user)  # it is known already: a program runs as it
    domain = account.dns_domain
    name = account.principal_name if int(form) == _NAME_USER_PRINCIPAL else domain and f"{domain}\\{account.user}"
    if not name:
        raise Win32Error(ERROR_NONE_MAPPED)
    return [name]


async def _look_up_name(_launch: Launch, host: Host, system: str, name: str) -> list[Value]:
    account = host.directory.find(name, host_name(system) or host.name)
    return [account.sid, account.domain, account.use]


async def _look_up_sid(_launch: Launch, host: Host, system: str, sid: str) -> list[Value]:
    account = host.directory.find(sid, host_name(system) or host.name)
    return [account.user, account.domain, account.use]


HERE: dict[str, Answer] = {
    "GetUserNameExW": _own_name,
    "LookupAccountNameW": _look_up_name,
    "LookupAccountSidW": _look_up_sid,
}
