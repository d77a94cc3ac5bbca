# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The scenario in extensions/molecule/."""

from __future__ import annotations

import os
from pathlib import Path

from tests.support.ansible_runs import finished
from tests.support.paths import REPOSITORY


def molecule_test(home: Path, *ansible_arguments: str) -> tuple[int, str]:
    """``molecule test``, with the folder where Ansible and Molecule keep what is theirs."""
    variables = {**os.environ, "ANSIBLE_HOME": str(home), "NO_COLOR": "1"}
    done = finished(["molecule", "test", "--", *ansible_arguments], variables, REPOSITORY)
    return done.returncode, done.stdout


def processes_of(home: Path) -> list[str]:
    """The programs that still run and were started for this home."""
    mark, running = str(home).encode(), []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (process / "environ").read_bytes():
                running.append((process / "cmdline").read_bytes().decode())
        except OSError:  # it has ended, or is another user's
            continue
    return running


def test_scenario(tmp_path: Path) -> None:
    exit_code, output = molecule_test(tmp_path)
    assert exit_code == 0, output
    for action in ("create", "converge", "idempotence", "verify", "destroy"):
        assert f"{action}: Executed: Successful" in output
    assert processes_of(tmp_path) == []


def test_scenario_that_fails_leaves_nothing_running(tmp_path: Path) -> None:
    exit_code, output = molecule_test(tmp_path, "-e", "maintenance_on_timeout=wrong")
    assert exit_code != 0
    assert "converge: Executed: Failed" in output, output
    assert processes_of(tmp_path) == []
