# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What continuous integration installs, by its hash, is what pyproject.toml allows."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.paths import REPOSITORY

GROUPS = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["dependency-groups"]


def requirements(group: str) -> Iterator[Requirement]:
    for entry in GROUPS[group]:
        if isinstance(entry, str):
            yield Requirement(entry)
        else:
            yield from requirements(entry["include-group"])


@pytest.mark.parametrize("path", sorted((REPOSITORY / "development" / "locked").iterdir()), ids=lambda path: path.name)
def test_what_is_locked_is_in_range(path: Path) -> None:
    lines = path.read_text("utf-8").splitlines()
    locked = [re.fullmatch(r"(\S+)==(\S+) --hash=sha256:[0-9a-f]{64}", line) for line in lines]
    versions = {canonicalize_name(match[1]): match[2] for match in locked if match}
    assert len(versions) == len(lines)
    for requirement in requirements("docs"):
        version = versions.get(canonicalize_name(requirement.name))
        assert version and requirement.specifier.contains(version), (
            f"{requirement}: make lock, with the Python of {path}"
        )
