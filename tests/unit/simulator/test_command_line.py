# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""``python -m simulator``: serve, inventory, state."""

from __future__ import annotations

import asyncio
import re
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import yaml

from simulator.__main__ import main
from tests.support.paths import REPOSITORY

FARM = """\
http_port: 0
https_port: 0
hosts:
  - name: RDSH01
    language: ru-RU
    sessions:
      - {id: 12, user: Жанна}
      - {id: 13, user: bob, state: disconnected}
  - name: RDSH02
"""


async def start(*arguments: str | Path) -> Process:
    command = (sys.executable, "-m", "simulator", *map(str, arguments))
    return await asyncio.create_subprocess_exec(*command, cwd=REPOSITORY, stdin=PIPE, stdout=PIPE, stderr=PIPE)


@asynccontextmanager
async def served(farm: Path) -> AsyncIterator[tuple[Process, list[str], str]]:
    """A farm that is served: its process, what it says of its hosts, and its control port."""
    process = await start("serve", farm, "--control-port", "0")
    assert process.stdout
    try:
        lines: list[str] = []
        while not (match := re.fullmatch(r"control port    http://127\.0\.0\.1:(\d+)", "".join(lines[-1:]))):
            line = await asyncio.wait_for(process.stdout.readline(), 20)
            assert line, await process.stderr.read() if process.stderr else b""
            lines.append(line.decode().rstrip())
        yield process, lines[:-1], match[1]
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


@pytest.fixture
def farm(tmp_path: Path) -> Path:
    path = tmp_path / "farm.yml"
    path.write_text(FARM, encoding="utf-8")
    return path


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
async def test_serve(farm: Path, capsys: pytest.CaptureFixture[str], end: signal.Signals) -> None:
    async with served(farm) as (process, hosts, port):
        assert [line.split()[0] for line in hosts] == ["RDSH01", "RDSH02"]
        urls = re.findall(r"(https?)://127\.0\.1\.[12]:\d+/wsman", " ".join(hosts))
        assert urls == ["http", "https"] * 2
        assert main(["inventory", "--control-port", port]) == 0
        assert list(yaml.safe_load(capsys.readouterr().out)["rdsh"]["hosts"]) == ["RDSH01", "RDSH02"]
        assert main(["state", "--control-port", port]) == 0
        state = capsys.readouterr().out
        for words in "RDSH01 (ru-RU)", "CONTOSO\\Жанна", "disconnected", "RDSH02 (en-US)", "65536":
            assert words in state
        process.send_signal(end)
        output, errors = await asyncio.wait_for(process.communicate(), 10)
        assert (process.returncode, errors) == (0, b"")
        assert output == b"Ctrl-C ends it.\n"


async def test_an_error_is_an_exit_code_and_a_line(tmp_path: Path) -> None:
    process = await start("serve", tmp_path / "farm.yml")
    output, errors = await process.communicate()
    assert (process.returncode, output) == (1, b"")
    assert errors.startswith(b"simulator: ")
    assert errors.count(b"\n") == 1


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What a command that fails says, in a line."""
    assert main([*arguments]) == 1
    output, errors = capsys.readouterr()
    assert output == ""
    assert errors.startswith("simulator: ")
    assert errors.count("\n") == 1
    return errors.removeprefix("simulator: ").rstrip()


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("hosts: []", "hosts: List should have at least 1 item"),
        ("hosts: [{name: a_b, sesions: []}]", "hosts.0.name: String should match pattern"),
        ("hosts: [", "while parsing a flow"),
        ("- a list", "Input should be a valid dictionary"),
        (None, "No such file"),
    ],
)
def test_a_farm_file_that_cannot_be_used(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str | None, words: str
) -> None:
    path = tmp_path / "farm.yml"
    if text is not None:
        path.write_text(text)
    message = refusal(capsys, "serve", str(path))
    assert message.startswith(f"{path}: ")
    assert words in message


def test_a_control_port_that_is_taken(farm: Path, capsys: pytest.CaptureFixture[str], taken_port: int) -> None:
    message = refusal(capsys, "serve", str(farm), "--control-port", str(taken_port))
    assert "address already in use" in message
    assert str(taken_port) in message


def test_a_port_that_there_cannot_be(farm: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "0-65535" in refusal(capsys, "serve", str(farm), "--control-port", "65536")


@pytest.mark.parametrize("command", ["inventory", "state"])
def test_no_farm_is_served(capsys: pytest.CaptureFixture[str], command: str, free_port: int) -> None:
    message = refusal(capsys, command, "--control-port", str(free_port))
    assert f"no farm is served with its control port at http://127.0.0.1:{free_port}/" in message


@pytest.mark.parametrize("arguments", [[], ["serve"], ["serve", "farm.yml", "--engine", "cscript"], ["stop"]], ids=str)
def test_a_command_line_that_cannot_be(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("usage: python -m simulator")
