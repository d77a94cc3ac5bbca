# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The control socket of a farm that is served."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import stat
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from simulator.control import ControlSocket
from simulator.control_client import ask, default_socket
from simulator.engines.host_runner import Write
from simulator.farm import FarmSpec
from simulator.simulation import Simulation
from simulator.windows_api import Launch

ALICE = {"id": 12, "user": "alice", "logoff": "never", "idle": None, "incoming_bytes": 5, "outgoing_bytes": 6}

FARM = {
    "http_port": 0,
    "https_port": None,
    "hosts": [
        {"name": "RDSH01", "sessions": [ALICE]},
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
    """A client of the control socket."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def ask(self, method: str, path: str, body: str | None = None) -> tuple[int, Any]:
        """Status, and the JSON of an answer with 200 or the text of another."""
        async with self._session.request(method, f"http://localhost/{path}", data=body) as response:
            text = await response.text()
            return response.status, json.loads(text, parse_constant=pytest.fail) if response.status == 200 else text

    async def get(self, path: str) -> Any:
        status, answer = await self.ask("GET", path)
        assert status == 200, answer
        return answer


@pytest.fixture
def socket_path() -> Iterator[Path]:
    # Not tmp_path, whose length a Unix socket's path may not have.
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder) / "farm" / "control"


@pytest.fixture
async def control(simulation: Simulation, socket_path: Path) -> AsyncIterator[Control]:
    control = ControlSocket(simulation, socket_path)
    await control.start()
    async with aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(socket_path))) as session:
        yield Control(session)
    await control.stop()


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


async def test_the_story_of_a_night(control: Control, simulation: Simulation) -> None:
    """What a session was shown, and who came and went."""
    host = simulation.hosts["RDSH01"]
    host.registry.logon_mode = "drain"
    launch, _ = simulation.api.new_launch(host, "CONTOSO\\ansible")
    await simulation.api.call(launch, "WTSSendMessageW", ("0", "12", "Title", "Text", "48", "60", "0"))
    changes = [
        {"input": 12},
        {"disconnect": 12},
        {"reconnect": 12, "client_name": "PC8"},
        {"logon": {"id": 20, "user": "dave"}},
        {"after": "never", "remove": 12},
    ]
    status, state = await control.ask("POST", "hosts/RDSH01/changes", json.dumps(changes))
    assert (status, [session["id"] for session in state["sessions"]]) == (200, [0, 12, 65536])
    alice = state["sessions"][1]
    assert (alice["state"], alice["client_name"], alice["disconnect_time"]) == ("active", "PC8", None)
    assert alice["last_input_time"] is not None
    assert (alice["incoming_bytes"], alice["outgoing_bytes"]) == (5, 6)
    (message,), (refused,) = alice["messages"], state["refused_logons"]
    assert (message["title"], message["text"], message["style"]) == ("Title", "Text", 48)
    assert refused["account"] == "CONTOSO\\dave"
    (call,) = await control.get("hosts/RDSH01/calls")
    assert call["time"] <= message["time"] <= refused["time"]  # all on one clock


async def test_what_is_to_happen_later(control: Control) -> None:
    status, state = await control.ask("POST", "hosts/RDSH01/changes", '[{"after": 0.05, "remove": 12}]')
    assert (status, [session["id"] for session in state["sessions"]]) == (200, [0, 12, 65536])
    async with asyncio.timeout(10):
        while 12 in [session["id"] for session in (await control.get("hosts/RDSH01"))["sessions"]]:
            await asyncio.sleep(0.01)


async def test_events_begin_when_the_farm_is_served() -> None:
    events = [{"put": {"id": 30}}, {"after": 0.05, "remove": 30}]
    farm = FarmSpec.model_validate(FARM | {"hosts": [{"name": "RDSH01", "events": events}]})
    simulation = Simulation(farm, NoEngine())
    table = simulation.hosts["RDSH01"].table
    assert [session.id for session in table.sessions()] == [0, 65536]
    async with simulation:
        assert [session.id for session in table.sessions()] == [0, 30, 65536]
        async with asyncio.timeout(10):
            while 30 in [session.id for session in table.sessions()]:
                await asyncio.sleep(0.01)


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
        ("POST", "hosts/RDSH01/changes", '[{"remove": 12}, {}]', 400, "give one of put, remove"),
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


async def test_only_its_user_may_enter_its_folder(simulation: Simulation, socket_path: Path) -> None:
    control = ControlSocket(simulation, socket_path)
    await control.start()
    assert stat.S_IMODE(socket_path.parent.stat().st_mode) == 0o700
    assert socket_path.is_socket()
    await control.stop()
    assert not socket_path.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs a program as somebody else")
async def test_nobody_else_reaches_it(control: Control, socket_path: Path) -> None:
    socket_path.parent.parent.chmod(0o755)
    reach = ("/usr/bin/test", "-S", str(socket_path))
    assert await (await asyncio.create_subprocess_exec(*reach)).wait() == 0
    assert await (await asyncio.create_subprocess_exec(*reach, user=65534)).wait() == 1


@pytest.mark.parametrize("mode", [0o755, 0o710, 0o777])
async def test_a_folder_that_others_may_enter(simulation: Simulation, socket_path: Path, mode: int) -> None:
    socket_path.parent.mkdir()
    socket_path.parent.chmod(mode)
    control = ControlSocket(simulation, socket_path)
    with pytest.raises(PermissionError, match="only you may enter"):
        await control.start()
    await control.stop()
    with pytest.raises(PermissionError, match="only you may enter"):
        ask(socket_path, "inventory")


async def test_a_link_to_a_folder_is_none(simulation: Simulation, socket_path: Path, tmp_path: Path) -> None:
    """In a folder for temporary files anybody may have made it."""
    socket_path.parent.symlink_to(tmp_path)
    with pytest.raises(PermissionError):
        await ControlSocket(simulation, socket_path).start()


async def test_asking_without_aiohttp(control: Control, simulation: Simulation, socket_path: Path) -> None:
    assert await asyncio.to_thread(ask, socket_path, "inventory") == simulation.inventory()
    state = await asyncio.to_thread(ask, socket_path, "hosts/RDSH01/changes", [{"remove": 12}])
    assert [session["id"] for session in state["sessions"]] == [0, 65536]
    with pytest.raises(ConnectionError, match="404 no host RDSH99"):
        await asyncio.to_thread(ask, socket_path, "hosts/RDSH99")


async def test_another_farm_is_served_there(simulation: Simulation, control: Control, socket_path: Path) -> None:
    other = ControlSocket(simulation, socket_path)
    with pytest.raises(OSError, match="Address already in use"):
        await other.start()
    await other.stop()
    assert await control.get("inventory")


async def test_a_socket_that_was_left_behind(simulation: Simulation, socket_path: Path) -> None:
    socket_path.parent.mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(socket_path))
    assert socket_path.exists()
    control = ControlSocket(simulation, socket_path)
    await control.start()
    assert await asyncio.to_thread(ask, socket_path, "hosts")
    await control.stop()


def test_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/user/1000")
    assert default_socket() == Path("/run/user/1000/winops-rds-simulator/control")
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    assert default_socket() == Path(tempfile.gettempdir()) / f"winops-rds-simulator-{os.geteuid()}" / "control"
