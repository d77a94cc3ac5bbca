# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The control port of a farm that is served."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from simulator.control import ControlPort
from simulator.engines.host_runner import Write
from simulator.farm import FarmSpec
from simulator.simulation import Simulation
from simulator.windows_api import Launch

FARM = {
    "http_port": 0,
    "https_port": None,
    "hosts": [
        {"name": "RDSH01", "sessions": [{"id": 12, "user": "alice", "logoff": "never", "idle": None}]},
        {"name": "RDSH02", "language": "fr-FR"},
    ],
}


class NoEngine:
    async def run(self, script: str, stdin: bytes, write: Write, launch: Launch, environment: dict[str, str]) -> int:
        raise NotImplementedError


@pytest.fixture
async def simulation() -> AsyncIterator[Simulation]:
    async with Simulation(FarmSpec.model_validate(FARM), NoEngine()) as simulation:
        yield simulation


class Control:
    """A client of the control port."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self._url = url
        self._session = session

    async def ask(self, method: str, path: str, body: str | None = None) -> tuple[int, Any]:
        """Status, and the JSON of an answer with 200 or the text of another."""
        async with self._session.request(method, f"{self._url}/{path}", data=body) as response:
            text = await response.text()
            return response.status, json.loads(text, parse_constant=pytest.fail) if response.status == 200 else text

    async def get(self, path: str) -> Any:
        status, answer = await self.ask("GET", path)
        assert status == 200, answer
        return answer


@pytest.fixture
async def control(simulation: Simulation) -> AsyncIterator[Control]:
    port = ControlPort(simulation)
    async with aiohttp.ClientSession() as session:
        yield Control(await port.start(), session)
    await port.stop()


async def test_inventory(control: Control, simulation: Simulation) -> None:
    inventory = await control.get("inventory")
    assert inventory == simulation.inventory()
    assert set(inventory["rdsh"]["hosts"]) == {"RDSH01", "RDSH02"}


async def test_hosts(control: Control) -> None:
    here, there = await control.get("hosts")
    assert here == await control.get("hosts/RDSH01")
    assert (here["name"], here["language"], there["language"]) == ("RDSH01", "en-US", "fr-FR")
    assert here["address"].startswith("127.")
    alice = next(session for session in here["sessions"] if session["id"] == 12)
    assert (alice["user"], alice["domain"], alice["state"], alice["protocol"]) == ("alice", "CONTOSO", "active", "rdp")
    assert (alice["logging_off"], alice["last_input_time"]) == (False, None)
    assert alice["logon_time"].endswith("+00:00")
    assert [session["id"] for session in there["sessions"]] == [0, 65536]


async def test_changes(control: Control, simulation: Simulation) -> None:
    changes = json.dumps([{"put": {"id": 20, "user": "dave"}}, {"remove": 12}])
    status, state = await control.ask("POST", "hosts/RDSH01/changes", changes)
    assert (status, [session["id"] for session in state["sessions"]]) == (200, [0, 20, 65536])
    assert simulation.hosts["RDSH01"].table.get(20).user == "dave"
    simulation.hosts["RDSH01"].table.change(20, logoff_seconds=60.0).gone_at = None
    simulation.hosts["RDSH01"].table.log_off(20)
    assert (await control.get("hosts/RDSH01"))["sessions"][1]["logging_off"] is True


async def test_faults(control: Control, simulation: Simulation) -> None:
    fault = {
        "call": "WTSLogoffSession",
        "session": 12,
        "delay": "never",
        "then": [{"put": {"id": 3, "logoff": "never"}}],
    }
    status, faults = await control.ask("PUT", "hosts/RDSH01/faults", json.dumps([fault]))
    assert (status, faults) == (200, [fault])  # which is JSON, though infinity is not
    assert [fault.call for fault in simulation.hosts["RDSH01"].faults] == ["WTSLogoffSession"]
    assert await control.ask("PUT", "hosts/RDSH01/faults", "[]") == (200, [])
    assert simulation.hosts["RDSH01"].faults == []


async def test_calls_and_traffic(control: Control, simulation: Simulation) -> None:
    assert await control.get("hosts/RDSH01/calls") == []
    launch, _ = simulation.api.new_launch(simulation.hosts["RDSH01"], "CONTOSO\\ansible")
    await simulation.api.call(launch, "WTSLogoffSession", ("0", "12", "0"))
    (call,) = await control.get("hosts/RDSH01/calls")
    assert (call["function"], call["arguments"], call["error"]) == ("WTSLogoffSession", ["0", "12", "0"], 0)
    assert await control.get("hosts/RDSH02/calls") == []
    (url,) = simulation.services["RDSH01"].urls
    async with aiohttp.ClientSession() as session, session.post(url, data="hello") as response:
        assert response.status == 401
    (exchange,) = await control.get("hosts/RDSH01/traffic")
    assert exchange["status"] == 401


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "words"),
    [
        ("GET", "hosts/RDSH99", None, 404, "no host RDSH99; GET /hosts tells which there are"),
        ("GET", "hosts/RDSH99/calls", None, 404, "no host RDSH99"),
        ("GET", "sessions", None, 404, "Not Found"),
        ("PUT", "hosts", None, 405, "Method Not Allowed"),
        ("POST", "hosts/RDSH01/changes", "{", 400, "Invalid JSON"),
        ("POST", "hosts/RDSH01/changes", '[{"put": {"id": 0}}]', 400, "greater than or equal to 1"),
        ("POST", "hosts/RDSH01/changes", '[{"take": 12}]', 400, "take"),
        ("PUT", "hosts/RDSH01/faults", '[{"error": 5}]', 400, "call"),
    ],
)
async def test_requests_that_cannot_be(
    control: Control, simulation: Simulation, method: str, path: str, body: str | None, status: int, words: str
) -> None:
    refused, text = await control.ask(method, path, body)
    assert refused == status
    assert words in text
    assert [session.id for session in simulation.hosts["RDSH01"].table.sessions()] == [0, 12, 65536]


async def test_a_port_that_is_taken(simulation: Simulation, control: Control) -> None:
    server = await asyncio.start_server(lambda _, __: None, "127.0.0.1", 0)
    try:
        port = ControlPort(simulation, server.sockets[0].getsockname()[1])
        with pytest.raises(OSError, match="address already in use"):
            await port.start()
        await port.stop()
    finally:
        server.close()
