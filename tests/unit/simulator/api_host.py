# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A host, and a program on it that calls the Windows API."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.directory import Directory
from simulator.farm import Host, HostSpec
from simulator.win32 import Win32Error
from simulator.windows_api import Launch, WindowsApi

ALICE = {"id": 12, "user": "alice", "client_name": "PC7", "client_address": "10.1.2.3"}
BOB = {"id": 13, "user": "bob"}
QUERY = "WTSQuerySessionInformationW"
SEND = "WTSSendMessageW"


def host(*sessions: dict[str, Any], **settings: Any) -> Host:
    spec = HostSpec.model_validate({"name": "RDSH01", "sessions": sessions, **settings})
    return Host(spec, "CONTOSO", "127.0.1.1", Directory("contoso.com"))


def launch_on(api: WindowsApi, host: Host, account: str = "CONTOSO\\ansible") -> Launch:
    launch, environment = api.new_launch(host, account)
    assert environment == {"SIMULATOR_SOCKET": str(api.socket_path), "SIMULATOR_LAUNCH": launch.token}
    return launch


async def refusal(api: WindowsApi, launch: Launch, function: str, *arguments: str) -> int:
    with pytest.raises(Win32Error) as error:
        await api.call(launch, function, arguments)
    return error.value.code
