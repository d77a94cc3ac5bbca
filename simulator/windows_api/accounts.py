# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Accounts: who the program runs as, and names and SIDs of others (advapi32.dll, secur32.dll)."""

from __future__ import annotations

from ..farm import Host
from .launch import Answer, Launch, Value


async def _own_name(launch: Launch, _host: Host) -> list[Value]:
    return [launch.account]


async def _look_up_name(_launch: Launch, host: Host, system: str, name: str) -> list[Value]:
    account = host.directory.find(name, system or host.name)
    return [account.sid, account.domain, account.use]


async def _look_up_sid(_launch: Launch, host: Host, system: str, sid: str) -> list[Value]:
    account = host.directory.find(sid, system or host.name)
    return [account.user, account.domain, account.use]


HERE: dict[str, Answer] = {
    "GetUserNameExW": _own_name,
    "LookupAccountNameW": _look_up_name,
    "LookupAccountSidW": _look_up_sid,
}
