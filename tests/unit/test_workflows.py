# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The workflows run what is in the repository, and nothing of others that is not pinned."""

from __future__ import annotations

import os
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.paths import REPOSITORY

WORKFLOWS = sorted((REPOSITORY / ".github" / "workflows").glob("*.yml"))

#: What a step may run that is no script of ours: it installs what these need, and lets them read the repository.
INSTALLS = ("apt-get", "pip", "actionlint", "git")

#: What a job may do beyond reading: to publish the site takes both of these.
MAY_WRITE = {("site", "publish"): {"pages": "write", "id-token": "write"}}

_TARGET = re.compile(r"^([a-z-]+):", re.MULTILINE)
_PINNED = re.compile(r"^\s*(?:- )?uses: [\w.-]+/[\w.-]+@[0-9a-f]{40}  # v\d+\.\d+\.\d+$")


def jobs(path: Path) -> dict[str, dict[str, Any]]:
    read: dict[str, dict[str, Any]] = yaml.safe_load(path.read_text("utf-8"))["jobs"]
    return read


def commands(path: Path) -> Iterator[list[str]]:
    for job in jobs(path).values():
        for step in job["steps"]:
            if "run" in step:
                yield shlex.split(re.sub(r"\$\{\{.*?\}\}", "EXPRESSION", step["run"]))


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_steps_run_scripts_and_targets_that_there_are(path: Path) -> None:
    targets = _TARGET.findall((REPOSITORY / "Makefile").read_text("utf-8"))
    for command, *arguments in commands(path):
        if command == "make":
            assert arguments[0] in targets
        elif command == "python":
            assert (REPOSITORY / arguments[0]).is_file()
        elif command not in INSTALLS:
            script = REPOSITORY / command
            assert script.is_file(), command
            assert script.suffix == ".ps1" or os.access(script, os.X_OK), command


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_actions_are_pinned_with_their_version(path: Path) -> None:
    used = [line for line in path.read_text("utf-8").splitlines() if "uses:" in line]
    assert [line for line in used if not _PINNED.match(line)] == []
    assert used


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_no_job_may_write_or_keeps_credentials(path: Path) -> None:
    assert yaml.safe_load(path.read_text("utf-8"))["permissions"] == {"contents": "read"}
    for name, job in jobs(path).items():
        assert job.get("permissions", {}) == MAY_WRITE.get((path.stem, name), {})
        for step in job["steps"]:
            if "actions/checkout" in step.get("uses", ""):
                assert step["with"]["persist-credentials"] is False


def test_payloads_are_recorded_for_every_supported_core() -> None:
    tox = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["tool"]["tox"]["env_list"]
    supported = {match[1] for name in tox if (match := re.fullmatch(r"py\d+-(core\d+)", name))}
    windows = jobs(REPOSITORY / ".github" / "workflows" / "windows.yml")
    for name in "record", "run", "judge":
        environments = windows[name]["strategy"]["matrix"]["environment"]
        assert {*environments} <= {*tox}
        assert {environment.partition("-")[2] for environment in environments} == supported
