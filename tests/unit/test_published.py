# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What those see who get this from elsewhere: addresses, licences, the changelog."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import yaml

from tests.support.paths import REPOSITORY

GALAXY = yaml.safe_load((REPOSITORY / "galaxy.yml").read_text("utf-8"))
LICENCES = (
    "GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)",
    "SPDX-License-Identifier: GPL-3.0-or-later",
)
#: Languages whose files say their licence themselves; for all others galaxy.yml does.
WITH_LICENCE = {".c", ".cs", ".css", ".j2", ".js", ".ps1", ".py", ".sh", ".toml", ".yaml", ".yml"}
#: What GitHub and antsibull-changelog read.
WITHOUT = (".github/", "changelogs/changelog.yaml", "changelogs/fragments/")


def files() -> dict[str, Path]:
    """All that is or will be in Git."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=REPOSITORY, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    return {name: REPOSITORY / name for name in names if (REPOSITORY / name).is_file()}


def test_our_addresses_are_those_of_galaxy_yml() -> None:
    """The name of the organization and its repository is said there, and whoever changes it finds all others here."""
    ours = [GALAXY[key] for key in ("repository", "documentation", "homepage", "issues")]
    ours.append(f"https://github.com/orgs/{GALAXY['repository'].split('/')[3]}/")
    found: dict[str, set[str]] = {}
    for name, path in files().items():
        if path.suffix != ".png":
            for address in re.findall(r"https?://[^\s<>()\\\"'`]*winops[^\s<>()\\\"'`]*", path.read_text("utf-8")):
                found.setdefault(address, set()).add(name)
    assert len(found) > 10
    assert {address: names for address, names in found.items() if not address.startswith(tuple(ours))} == {}


def test_the_oldest_ansible_core_is_the_same_everywhere() -> None:
    runtime = yaml.safe_load((REPOSITORY / "meta" / "runtime.yml").read_text("utf-8"))
    role = yaml.safe_load((REPOSITORY / "roles" / "maintenance" / "meta" / "main.yml").read_text("utf-8"))
    oldest = role["galaxy_info"]["min_ansible_version"]
    assert runtime["requires_ansible"] == f">={oldest}.0"
    environments = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["tool"]["tox"]["env_list"]
    assert min(int(found) for found in re.findall(r"core(\d+)", " ".join(environments))) == int(oldest.split(".")[1])
    for page in "README.md", "docs/docsite/rst/guide_first_host.rst", "docs/docsite/rst/releasing.rst":
        assert f"{oldest} or newer" in (REPOSITORY / page).read_text("utf-8"), page


def test_a_file_says_its_licence() -> None:
    programs = {
        name: path.read_text("utf-8")
        for name, path in files().items()
        if path.suffix in WITH_LICENCE and not name.startswith(WITHOUT)
    }
    assert len(programs) > 300
    assert [n for n, text in programs.items() if text and not any(licence in text[:500] for licence in LICENCES)] == []


def test_the_changelog_is_marked_up_as_what_it_is() -> None:
    """It is reStructuredText, and has none of the markup of plugins' documentation."""
    for name, path in files().items():
        if name.startswith("changelogs/fragments/"):
            assert re.findall(r"\b[A-Z]\([^)]*\)", path.read_text("utf-8")) == [], name
