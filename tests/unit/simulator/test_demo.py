# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""``make farm``: what it prints can be typed."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.demo.farm import COMMANDS

SERVE = (
    "import asyncio, pathlib, sys; from simulator.demo.farm import main;"
    "asyncio.run(main(*map(pathlib.Path, sys.argv[1:])))"
)


@pytest.fixture
def printed(tmp_path: Path) -> Iterator[str]:
    """What it prints, while it serves."""
    command = [sys.executable, "-c", SERVE, tmp_path / "farm.yml", tmp_path / "farm.env"]
    folder = Path(__file__).parents[3]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True, encoding="utf-8") as process:
        assert process.stdout
        lines: list[str] = []
        while not lines or lines[-1].strip() != COMMANDS[-1]:
            lines.append(process.stdout.readline())
            assert process.poll() is None
        yield "".join(lines)
        process.send_signal(signal.SIGINT)
    assert process.returncode == 0
    assert [*tmp_path.glob("farm.*")] == []


def test_what_it_prints_can_be_pasted(printed: str, tmp_path: Path) -> None:
    assert "élodie's session on RDSH02 hangs" in printed
    script = printed.partition("in this folder:\n\n")[2]
    assert len(script.splitlines()) == 1 + len(COMMANDS)
    (tmp_path / "build").mkdir()
    done = subprocess.run(
        ["bash", "-euc", script], cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, timeout=90
    )
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("8 sessions on 3 servers: 5 active, 3 disconnected.") == 2
    assert "1 session selected: 1 would be logged off." in done.stdout
    assert "UTILISATEUR" in done.stdout and "Déco" in done.stdout
    assert sorted(path.name for path in (tmp_path / "build").iterdir()) == ["farm.csv", "farm.html"]
