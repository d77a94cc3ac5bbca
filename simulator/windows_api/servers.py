# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Other hosts: opened by name, and asked what they are called (wtsapi32.dll, netapi32.dll)."""

from __future__ import annotations

from dataclasses import dataclass

from ..farm import Host
from .launch import Answer, Launch, Value


@dataclass(frozen=True)
class OpenServer:
    """Another host that is open, by the name that it is found by; whether there is one shows at the first call."""

    name: str


async def _open(launch: Launch, _host: Host, name: str) -> list[Value]:
    return [launch.open(OpenServer(host_name(name)))]


async def _close(launch: Launch, _host: Host, handle: str) -> list[Value]:
    launch.close(handle, OpenServer)
    return []


async def _about(_launch: Launch, host: Host, _name: str) -> list[Value]:
    return [host.name, host.domain, *host.windows_version]


def host_name(server: str) -> str:
    """Return the name by which a server is found: of a DNS name the first label."""
    return server.lstrip("\\").partition(".")[0]


#: The one of which the first argument is a server's name.
BY_NAME: dict[str, Answer] = {"NetWkstaGetInfo": _about}

HERE: dict[str, Answer] = {"WTSOpenServerW": _open, "WTSOpenServerExW": _open, "WTSCloseServer": _close}
