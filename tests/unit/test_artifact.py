# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The artifact holds all that is shipped and nothing else, works where it is installed, and Ansible Galaxy takes it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from tests.support.paths import REPOSITORY

SHIPPED = {"CHANGELOG.rst", "COPYING", "README.md", "changelogs", "docs", "meta", "playbooks", "plugins", "roles"}
METADATA = {"FILES.json", "MANIFEST.json"}


def run(*command: str | Path, folder: Path) -> str:
    """Run ``command`` where ``folder``, instead of the repository, is the place of collections."""
    environment = os.environ | {"ANSIBLE_COLLECTIONS_PATH": str(folder)}
    done = subprocess.run(command, cwd=folder, env=environment, check=False, stdout=subprocess.PIPE, text=True)
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The artifact as built in the working tree, with whatever lies about there."""
    folder = tmp_path_factory.mktemp("artifact")
    run("ansible-galaxy", "collection", "build", REPOSITORY, folder=folder)
    (built,) = folder.glob("winops-rds-*.tar.gz")
    return built


def test_holds_what_is_shipped_and_nothing_else(artifact: Path) -> None:
    in_git = run("git", "ls-files", "--cached", "--others", "--exclude-standard", folder=REPOSITORY).splitlines()
    expected = {name for name in in_git if name.split("/")[0] in SHIPPED and (REPOSITORY / name).exists()}
    with tarfile.open(artifact) as archive:
        members = {member.name for member in archive if not member.isdir()}
    assert members == expected | METADATA


def test_works_where_it_is_installed(artifact: Path, tmp_path: Path) -> None:
    run("ansible-galaxy", "collection", "install", artifact, "-p", tmp_path, "--offline", folder=tmp_path)
    documentation = json.loads(run("ansible-doc", "--json", "winops.rds.win_rds_logoff", folder=tmp_path))
    assert Path(documentation["winops.rds.win_rds_logoff"]["doc"]["filename"]).is_relative_to(tmp_path)


def test_galaxy_takes_it_without_a_warning(artifact: Path, tmp_path: Path) -> None:
    log = run(sys.executable, "-m", "galaxy_importer.main", artifact, folder=tmp_path)
    assert "Importer processing completed successfully" in log
    assert "WARNING" not in log, log
    assert "ERROR" not in log, log
