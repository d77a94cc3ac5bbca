# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The registry (advapi32.dll)."""

from __future__ import annotations

from dataclasses import dataclass

from ..farm import Host
from ..registry import (
    DELETE,
    KEY_ENUMERATE_SUB_KEYS,
    KEY_QUERY_VALUE,
    KEY_SET_VALUE,
    REG_CREATED_NEW_KEY,
    REG_DWORD,
    REG_OPENED_EXISTING_KEY,
    REG_SZ,
)
from ..win32 import ERROR_ACCESS_DENIED, Win32Error
from .launch import Answer, Launch, Value


@dataclass(frozen=True)
class _OpenKey:
    """A key that is open, and the access that it was opened for."""

    path: str
    access: int


async def _open(launch: Launch, host: Host, path: str, access: str) -> list[Value]:
    """Everybody reads these keys of HKEY_LOCAL_MACHINE, and only administrators write them."""
    host.registry.require(path)
    if int(access) & (KEY_SET_VALUE | DELETE):
        host.permissions.require(launch.account, "administrator")
    return [launch.open(_OpenKey(path, int(access)))]


async def _query(launch: Launch, host: Host, handle: str, name: str) -> list[Value]:
    value = host.registry.get(_path(launch, handle, KEY_QUERY_VALUE), name)
    return [REG_DWORD if isinstance(value, int) else REG_SZ, value]


async def _set(launch: Launch, host: Host, handle: str, name: str, value_type: str, value: str) -> list[Value]:
    typed = int(value) if int(value_type) == REG_DWORD else value
    host.registry.set(_path(launch, handle, KEY_SET_VALUE), name, typed)
    return []


async def _create(launch: Launch, host: Host, path: str, access: str) -> list[Value]:
    """A key that is missing is created, and so are those above it; a new one has the permissions of the one above it.
    https://learn.microsoft.com/windows/win32/api/winreg/nf-winreg-regcreatekeyexw
    """
    try:
        host.registry.require(path)
        disposition = REG_OPENED_EXISTING_KEY
    except Win32Error:
        host.permissions.require(launch.account, "administrator")
        host.registry.create(path)
        disposition = REG_CREATED_NEW_KEY
    (handle,) = await _open(launch, host, path, access)
    return [handle, disposition]


async def _delete_value(launch: Launch, host: Host, handle: str, name: str) -> list[Value]:
    path = _path(launch, handle, KEY_SET_VALUE)
    host.registry.get(path, name)
    host.registry.remove(path, name)
    return []


async def _delete_tree(launch: Launch, host: Host, handle: str, name: str) -> list[Value]:
    """It takes all these access rights: https://learn.microsoft.com/windows/win32/api/winreg/nf-winreg-regdeletetreew"""
    for access in (DELETE, KEY_ENUMERATE_SUB_KEYS, KEY_QUERY_VALUE, KEY_SET_VALUE):
        path = _path(launch, handle, access)
    host.registry.remove_key(f"{path}\\{name}")
    return []


async def _flush(launch: Launch, host: Host, handle: str) -> list[Value]:
    _path(launch, handle, KEY_QUERY_VALUE)
    return []


async def _close(launch: Launch, _host: Host, handle: str) -> list[Value]:
    launch.close(handle, _OpenKey)
    return []


def _path(launch: Launch, handle: str, access: int) -> str:
    """The path of a key that is open.

    :raises Win32Error: 6 ERROR_INVALID_HANDLE, it is not open; 5 ERROR_ACCESS_DENIED, not for this access.
    """
    key = launch.opened(handle, _OpenKey)
    if not key.access & access:
        raise Win32Error(ERROR_ACCESS_DENIED)
    return key.path


HERE: dict[str, Answer] = {
    "RegCreateKeyExW": _create,
    "RegDeleteTreeW": _delete_tree,
    "RegDeleteValueW": _delete_value,
    "RegFlushKey": _flush,
    "RegOpenKeyExW": _open,
    "RegQueryValueExW": _query,
    "RegSetValueExW": _set,
    "RegCloseKey": _close,
}
