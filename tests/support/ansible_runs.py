# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs the real ansible and ansible-playbook, and returns the results of a run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.paths import COLLECTIONS, REPOSITORY

#: Seconds after which a program is taken for one that never ends, on a machine that is slow, too. A test may take
#: longer (``timeout`` in pyproject.toml), so that it tells what the program has said.
NEVER_ENDS = 540

#: Runs a command with these environment variables to its end.
Finish = Callable[[Sequence[str], Mapping[str, str]], subprocess.CompletedProcess[str]]

_CALLBACKS = REPOSITORY / "tests" / "integration" / "callback_plugins"


@dataclass(frozen=True)
class Result:
    """One task's result on one host."""

    host: str
    task: str
    status: str
    values: dict[str, Any]

    def __getitem__(self, key: str) -> Any:
        return self.values[key]

    def counts(self) -> dict[str, int]:
        """How many sessions had each result that any had."""
        return {result: count for result, count in self.values["summary"].items() if count}

    def outcomes(self) -> dict[int, str]:
        """What became of each selected session."""
        return {record["id"]: record["result"] for record in self.values["sessions"]}


@dataclass(frozen=True)
class Run:
    """A finished run of ansible or ansible-playbook."""

    exit_code: int
    output: str
    results: list[Result]

    def only(self) -> Result:
        """The result, where there is just one."""
        assert len(self.results) == 1, self.output
        return self.results[0]

    def of(self, task: str, host: str | None = None) -> Result:
        """The result of a task on a host."""
        found = [r for r in self.results if r.task == task and host in (None, r.host)]
        assert len(found) == 1, self.output
        return found[0]


def environment(folder: Path) -> dict[str, str]:
    """Return the environment of an Ansible command: it finds this collection, and writes its results into a folder."""
    return {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
        "ANSIBLE_CALLBACK_PLUGINS": str(_CALLBACKS),
        "ANSIBLE_CALLBACKS_ENABLED": "record_results",
        "ANSIBLE_LOAD_CALLBACK_PLUGINS": "1",
        "ANSIBLE_HOME": str(folder / "ansible"),
        "ANSIBLE_NOCOLOR": "1",
        "RECORD_RESULTS": str(folder / "results.jsonl"),
    }


def finished(
    command: Sequence[str | Path], variables: Mapping[str, str], folder: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run any program to its end, in a folder. What it says on standard error is part of its standard output."""
    return subprocess.run(
        command,
        cwd=folder,
        env=variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        timeout=NEVER_ENDS,
        check=False,
    )


def run(command: str, *arguments: str, variables: Mapping[str, str], finish: Finish = finished) -> Run:
    """Run ``ansible`` or ``ansible-playbook``.

    :param variables: as :func:`environment` returns them.
    :param finish: what runs the program.
    """
    record = Path(variables["RECORD_RESULTS"])
    record.unlink(missing_ok=True)
    done = finish([str(Path(sys.executable).with_name(command)), *arguments], variables)
    lines = record.read_text("utf-8").splitlines() if record.exists() else []
    parsed = [json.loads(line) for line in lines]
    results = [Result(r["host"], r["task"], r["status"], r["result"]) for r in parsed]
    return Run(done.returncode, done.stdout, results)
