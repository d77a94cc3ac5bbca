# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The stand-in library, called by a C program that knows the structures from WinPR's header alone."""

from __future__ import annotations

import asyncio
import os
import subprocess
from pathlib import Path

import pytest

from simulator.engines import build
from simulator.farm import Host
from simulator.windows_api import Launch, WindowsApi
from tests.unit.simulator.api_host import ALICE, BOB, host

SOURCE = Path(__file__).with_name("windows_client.c")


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiled program."""
    folder = tmp_path_factory.mktemp("client")
    library = asyncio.run(build.windows_library()) / "wtsapi32.dll.so"
    # It closes a handle twice, on purpose; from Debian 13 on, WinPR's headers and GCC see that.
    flags = ["-Wall", "-Wextra", "-Werror", "-Wno-use-after-free", "-I/usr/include/winpr2", "-I/usr/include/winpr3"]
    subprocess.run(["cc", *flags, "-o", folder / "client", SOURCE, library], check=True)
    return folder / "client"


async def said(api: WindowsApi, here: Host, client: Path, what: str, exit_code: int = 0) -> tuple[list[str], Launch]:
    """What the program prints, which gives everything back that it got."""
    launch, environment = api.new_launch(here, "CONTOSO\\ansible")
    process = await asyncio.create_subprocess_exec(
        client, what, env={**os.environ, **environment}, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    output, _ = await asyncio.wait_for(process.communicate(), 30)
    await launch.settled()
    assert process.returncode == exit_code
    return output.decode().splitlines(), launch


@pytest.fixture
def here() -> Host:
    alice = ALICE | {"idle": "5m", "incoming_bytes": 5, "outgoing_bytes": 6, "client_address": "2001:db8::15"}
    return host(alice, BOB | {"client_name": None, "state": "disconnected"}, ipv6_from_byte=2)


CASES = {
    "1": ["0 87 1 ", "0 services 4", "12 rdp-tcp#0 0", "13  4", "65536 rdp-tcp 6"],
    "2": ["1 0 12 5 6 rdp-tcp#0 CONTOSO alice 1 1 1"],
    "3": ["1 1 0"],
    "4": ["23 0 0 32 1 13 184 0 0 0 0 0 0 0 0 0 0 0 21 0 0"],
    "5": ["0 87 1 0 87 1"],
    "6w": [
        "1",
        *(
            f"{id} {id}0{n:02} {name}"
            for id in (12, 13)
            for n, name in ((4, "csrss.exe"), (8, "winlogon.exe"), (12, "dwm.exe"), (16, "explorer.exe"))
        ),
    ],
    "6f": ["1 0", "12 12004 csrss.exe", "12 12008 winlogon.exe", "12 12012 dwm.exe", "12 12016 explorer.exe"],
    "6x": ["1 0", "12 12004 csrss.exe", "12 12008 winlogon.exe", "12 12012 dwm.exe", "12 12016 explorer.exe", "1"],
    "8": ["1"],
    "9": [
        "1 1",
        *(
            f"12 120{n:02} {name} 10 52428800"
            for n, name in ((4, "csrss.exe"), (8, "winlogon.exe"), (12, "dwm.exe"), (16, "explorer.exe"))
        ),
        "1",
    ],
}


@pytest.mark.parametrize("what", CASES)
async def test_what_a_program_gets(api: WindowsApi, here: Host, client: Path, what: str) -> None:
    lines, launch = await said(api, here, client, what)
    assert lines == CASES[what]
    assert launch.leaks == 0


async def test_handles_of_programs(api: WindowsApi, here: Host, client: Path) -> None:
    ((line,), launch) = await said(api, here, client, "7")
    opened, session, times, began, *rest = line.split()
    assert (opened, session, times) == ("1", "12", "1")
    assert int(began) > 133_000_000_000_000_000  # 2022
    assert rest == ["0", "1", "0", "5", "1", "0", "6", "0", "87"]
    assert launch.leaks == 0


async def test_a_list_of_programs_freed_as_one_of_sessions_stops_the_program(
    api: WindowsApi, here: Host, client: Path
) -> None:
    await said(api, here, client, "6s", exit_code=-6)
