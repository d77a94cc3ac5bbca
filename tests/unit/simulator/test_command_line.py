# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""``python -m simulator``: serve, inventory, state."""

from __future__ import annotations

import asyncio
import re
import signal
import stat
import sys
import tempfile
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
async def served(farm: Path, control: Path) -> AsyncIterator[tuple[Process, list[str]]]:
    """A farm that is served: its process, and what it says of its hosts."""
    process = await start("serve", farm, "--control", control)
    assert process.stdout
    try:
        lines: list[str] = []
        while lines[-1:] != [f"control socket  {control}"]:
            line = await asyncio.wait_for(process.stdout.readline(), 20)
            assert line, await process.stderr.read() if process.stderr else b""
            lines.append(line.decode().rstrip())
        yield process, lines[:-1]
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


@pytest.fixture
def control() -> Iterator[Path]:
    # Not tmp_path, whose length a Unix socket's path may not have.
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder) / "control"


@pytest.fixture
def farm(tmp_path: Path) -> Path:
    path = tmp_path / "farm.yml"
    path.write_text(FARM, encoding="utf-8")
    return path


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
async def test_serve(farm: Path, control: Path, capsys: pytest.CaptureFixture[str], end: signal.Signals) -> None:
    async with served(farm, control) as (process, hosts):
        assert [line.split()[0] for line in hosts] == ["RDSH01", "RDSH02"]
        urls = re.findall(r"(https?)://127\.0\.1\.[12]:\d+/wsman", " ".join(hosts))
        assert urls == ["http", "https"] * 2
        assert main(["inventory", "--control", str(control)]) == 0
        printed = capsys.readouterr().out
        assert list(yaml.safe_load(printed)["rdsh"]["hosts"]) == ["RDSH01", "RDSH02"]
        file = farm.with_name("inventory.yml")
        file.touch(0o644)
        assert main(["inventory", str(file), "--control", str(control)]) == 0
        assert (file.read_text("utf-8"), stat.S_IMODE(file.stat().st_mode)) == (printed, 0o600)
        assert main(["state", "--control", str(control)]) == 0
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


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("hosts: []", "hosts: List should have at least 1 item"),
        ("hosts: [{name: a_b, sesions: []}]", "hosts.0.name: String should match pattern"),
        ("hosts: [", "while parsing a flow"),
        ("- a list", "Input should be a valid dictionary"),
        ("{http_port: 65536, hosts: [{name: A}]}", "http_port: Input should be less than or equal to 65535"),
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


async def test_a_control_socket_that_is_taken(farm: Path, control: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with served(farm, control):
        other = await start("serve", farm, "--control", control)
        output, errors = await asyncio.wait_for(other.communicate(), 20)
        assert (other.returncode, output) == (1, b"")
        assert errors.decode() == f"simulator: [Errno 98] Address already in use: '{control}'\n"
        assert main(["state", "--control", str(control)]) == 0  # the first is still served
        assert "RDSH01" in capsys.readouterr().out


def test_a_control_socket_in_a_folder_of_everybody(farm: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "only you may enter" in refusal(capsys, "serve", str(farm), "--control", "/tmp/control")


@pytest.mark.parametrize("command", ["inventory", "state"])
def test_no_farm_is_served(capsys: pytest.CaptureFixture[str], command: str, control: Path) -> None:
    message = refusal(capsys, command, "--control", str(control))
    assert f"no farm is served with its control socket at {control}" in message


@pytest.mark.parametrize("arguments", [[], ["serve"], ["serve", "farm.yml", "--engine", "cscript"], ["stop"]], ids=str)
def test_a_command_line_that_cannot_be(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("usage: python -m simulator")
