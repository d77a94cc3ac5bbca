# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""OpenSSH's server in front of a simulated host, asked by OpenSSH's client."""

from __future__ import annotations

import asyncio
import shlex
from pathlib import Path

import pytest

from simulator.engines import MonoEngine
from simulator.farm import FarmSpec
from simulator.simulation import Simulation
from simulator.ssh.default_shell import DefaultShell, words
from simulator.ssh.keys import make_key

FARM = FarmSpec.model_validate(
    {
        "http_port": None,
        "https_port": None,
        "ssh_port": 0,
        "hosts": [{"name": "RDSH01", "sessions": [{"id": 12, "user": "alice"}]}],
    }
)


@pytest.mark.parametrize(
    ("line", "shell", "expected"),
    [
        ("quser  alice", "powershell", ["quser", "alice"]),
        ("powershell -EncodedCommand 'aQ=='", "powershell", ["powershell", "-EncodedCommand", "aQ=="]),
        ("logoff 'it''s' /v", "powershell", ["logoff", "it's", "/v"]),
        ("powershell -EncodedCommand 'aQ=='", "cmd", ["powershell", "-EncodedCommand", "'aQ=='"]),
        ('logoff ^"a b^" "c d"', "cmd", ["logoff", "a b", "c d"]),
        ("chcp.com 65001 > $null ; quser alice", "powershell", ["quser", "alice"]),
        ("chcp.com 65001 >nul 2>&1 && quser alice", "cmd", ["quser", "alice"]),
        ("", "powershell", []),
    ],
)
def test_each_shell_has_quotes_of_its_own(line: str, shell: DefaultShell, expected: list[str]) -> None:
    assert words(line, shell) == expected


async def ssh(simulation: Simulation, *command: str, key: Path | None = None) -> asyncio.subprocess.Process:
    """Start a client, with the key of the inventory or another one."""
    inventory = simulation.inventory()["rdsh"]
    host, variables = inventory["hosts"]["RDSH01"], inventory["vars"]
    return await asyncio.create_subprocess_exec(
        *("ssh", *shlex.split(variables["ansible_ssh_common_args"])),
        *("-o", "BatchMode=yes", "-i", key or variables["ansible_ssh_private_key_file"]),
        *("-p", str(host["ansible_port"]), host["ansible_host"], *command),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def test_a_command_gives_its_output_and_exit_code() -> None:
    async with Simulation(FARM, MonoEngine()) as simulation:
        listing = await ssh(simulation, "quser")
        output, errors = await listing.communicate()
        assert (b" alice " in output, errors, listing.returncode) == (True, b"", 0)
        unknown = await ssh(simulation, "no-such-program")
        output, errors = await unknown.communicate()
        assert (output, unknown.returncode) == (b"", 9009 % 256)
        assert errors.startswith(b"'no-such-program' is not recognized")


async def test_nobody_logs_on_with_another_key(tmp_path: Path) -> None:
    make_key(tmp_path / "other")
    async with Simulation(FARM, MonoEngine()) as simulation:
        client = await ssh(simulation, "quser", key=tmp_path / "other")
        _output, errors = await client.communicate()
        assert client.returncode == 255 and b"Permission denied (publickey)" in errors
        assert simulation.ssh["RDSH01"].commands == []


async def test_a_farm_that_ends_cuts_its_connections() -> None:
    arrived = asyncio.Event()

    async def wait(line: str) -> None:
        arrived.set()
        await asyncio.Event().wait()

    async with Simulation(FARM, MonoEngine()) as simulation:
        simulation.ssh["RDSH01"].before_run = wait
        client = await ssh(simulation, "quser")
        await arrived.wait()
    assert await client.wait() == 255
