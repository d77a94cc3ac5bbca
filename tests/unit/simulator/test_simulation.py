# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A farm that is served."""

from __future__ import annotations

import base64
import stat
from pathlib import Path

import aiohttp
import pytest
import yaml

from simulator.engines import MonoEngine
from simulator.farm import FarmSpec
from simulator.simulation import Simulation

FARM = {"http_port": 0, "https_port": None, "transport": "basic", "hosts": [{"name": "RDSH01"}]}


@pytest.mark.parametrize("mode", [None, 0o644, 0o666])
async def test_the_inventory_is_for_its_owner_alone(tmp_path: Path, mode: int | None) -> None:
    path = tmp_path / "inventory.yml"
    if mode is not None:
        path.write_text("what was there before, " * 1000)
        path.chmod(mode)
    async with Simulation(FarmSpec.model_validate(FARM), MonoEngine()) as simulation:
        assert simulation.write_inventory(path) == path
        assert yaml.safe_load(path.read_text("utf-8")) == simulation.inventory()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_who_does_not_know_the_password_cannot_log_on() -> None:
    """Any user of this machine reaches the WinRM ports."""
    async with Simulation(FarmSpec.model_validate(FARM), MonoEngine()) as simulation:
        variables = simulation.inventory()["rdsh"]["vars"]
        (url,) = simulation.services["RDSH01"].urls
        for password, status in (variables["ansible_password"], 200), ("Simulated-1", 401), ("", 401):
            login = base64.b64encode(f"{variables['ansible_user']}:{password}".encode()).decode()
            headers = {"Authorization": f"Basic {login}"}
            async with aiohttp.ClientSession() as session, session.post(url, headers=headers) as response:
                assert response.status == status
