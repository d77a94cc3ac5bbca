# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What ansible-builder makes of the collection, as far as that goes without a container engine."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import yaml

from tests.support.guides import guide
from tests.support.paths import REPOSITORY

from .conftest import COLLECTIONS


def builder(*arguments: str | Path) -> str:
    command = [Path(sys.executable).with_name("ansible-builder"), *arguments]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout


def required() -> set[str]:
    lines = (REPOSITORY / "meta" / "ee-requirements.txt").read_text("utf-8").splitlines()
    return {line for line in lines if not line.startswith("#")}


def test_collection_tells_the_image_what_it_needs() -> None:
    """The same command runs in the image, on the collections that were installed there."""
    told = yaml.safe_load(builder("introspect", COLLECTIONS))
    ours = {line.split("#")[0].strip() for line in told["python"] if "winops.rds" in line}
    assert ours == required()


def test_image_gets_what_the_tests_run_with() -> None:
    groups = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["dependency-groups"]
    assert required() == set(groups["connections"])


def test_definition_in_the_documentation_becomes_a_build_context(tmp_path: Path) -> None:
    blocks = guide("scaling").section("An execution environment").code_blocks()
    (definition,) = (block.text for block in blocks if block.language == "yaml+jinja")
    (tmp_path / "execution-environment.yml").write_text(definition, "utf-8")
    context = tmp_path / "context"
    builder(
        "create",
        "--file",
        tmp_path / "execution-environment.yml",
        "--context",
        context,
        "--output-filename",
        "Containerfile",
    )
    recipe = (context / "Containerfile").read_text("utf-8")
    collections = yaml.safe_load((context / "_build" / "requirements.yml").read_text("utf-8"))["collections"]
    assert [collection["name"] for collection in collections] == ["winops.rds"]
    assert "ansible-galaxy collection install" in recipe
    core = yaml.safe_load(definition)["dependencies"]["ansible_core"]["package_pip"]
    assert f'ANSIBLE_INSTALL_REFS="{core} ' in recipe
