# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The artifact holds all that is shipped and nothing else, works where it is installed, and Ansible Galaxy takes it."""

from __future__ import annotations

import json
import os
import posixpath
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from tests.support.paths import REPOSITORY

#: Files, and folders with all that is in them.
SHIPPED = {
    "COPYING",
    "README.md",
    "changelogs/changelog.yaml",
    "extensions/audit",
    "meta",
    "playbooks",
    "plugins",
    "roles",
}
METADATA = {"FILES.json", "MANIFEST.json"}
#: Bytes. Three quarters of it are plugins/, and 20 KB the licence and the checksums.
LARGEST = 240 * 1024


def run(*command: str | Path, folder: Path) -> str:
    """Run ``command`` where ``folder``, instead of the repository, is the place of collections."""
    environment = os.environ | {"ANSIBLE_COLLECTIONS_PATH": str(folder)}
    done = subprocess.run(command, cwd=folder, env=environment, check=False, stdout=subprocess.PIPE, text=True)
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The one that ``make release`` names; else as built in the working tree, with whatever lies about there."""
    if "ARTIFACT" in os.environ:
        return Path(os.environ["ARTIFACT"])
    folder = tmp_path_factory.mktemp("artifact")
    run("ansible-galaxy", "collection", "build", REPOSITORY, folder=folder)
    (built,) = folder.glob("winops-rds-*.tar.gz")
    return built


def test_holds_what_is_shipped_and_nothing_else(artifact: Path) -> None:
    in_git = run("git", "ls-files", "--cached", "--others", "--exclude-standard", folder=REPOSITORY).splitlines()
    expected = {name for name in in_git if is_shipped(name) and (REPOSITORY / name).exists()}
    with tarfile.open(artifact) as archive:
        members = {member.name for member in archive if not member.isdir()}
    assert members == expected | METADATA
    assert artifact.stat().st_size < LARGEST


def is_shipped(name: str) -> bool:
    return any(name == shipped or name.startswith(f"{shipped}/") for shipped in SHIPPED)


def test_plugins_are_in_the_folders_that_ansible_knows(artifact: Path) -> None:
    """And what is nobody else's has a name that begins with an underscore."""
    with tarfile.open(artifact) as archive:
        files = [member.name.split("/")[1:] for member in archive if member.name.startswith("plugins/")]
    known = {"action", "callback", "doc_fragments", "filter", "lookup", "module_utils", "modules", "plugin_utils"}
    assert {names[0] for names in files} == known
    ours = [names[1] for names in files if names[0] in ("module_utils", "plugin_utils") and len(names) > 1]
    assert ours
    assert [name for name in ours if not name.startswith("_")] == []


def test_no_page_in_it_links_to_what_is_not_in_it(artifact: Path) -> None:
    with tarfile.open(artifact) as archive:
        names = {member.name for member in archive}
        pages = {name: archive.extractfile(name) for name in names if name.endswith(".md")}
        links = {
            name: re.findall(r"\]\((?!https:|#)([^)#]+)", page.read().decode()) for name, page in pages.items() if page
        }
    assert "README.md" in links
    targets = {f"{name}: {link}": posixpath.normpath(f"{name}/../{link}") for name in links for link in links[name]}
    assert {link: target for link, target in targets.items() if target not in names} == {}


def test_works_where_it_is_installed(artifact: Path, tmp_path: Path) -> None:
    """Also where nothing but these four folders is left, as the community's rules ask."""
    run("ansible-galaxy", "collection", "install", artifact, "-p", tmp_path, "--offline", folder=tmp_path)
    for path in (tmp_path / "ansible_collections" / "winops" / "rds").iterdir():
        if path.is_dir() and path.name not in ("meta", "plugins", "roles", "playbooks"):
            shutil.rmtree(path)
        elif path.is_file():
            path.unlink()
    documentation = json.loads(run("ansible-doc", "--json", "winops.rds.win_rds_logoff", folder=tmp_path))
    assert Path(documentation["winops.rds.win_rds_logoff"]["doc"]["filename"]).is_relative_to(tmp_path)


def test_galaxy_takes_it_without_a_warning(artifact: Path, tmp_path: Path) -> None:
    log = run(sys.executable, "-m", "galaxy_importer.main", artifact, folder=tmp_path)
    assert "Importer processing completed successfully" in log
    assert "WARNING" not in log, log
    assert "ERROR" not in log, log
