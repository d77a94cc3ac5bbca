# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the guide says is proven has its proof."""

from __future__ import annotations

import re
import tomllib

from tests.support.guides import guide
from tests.support.paths import REPOSITORY

PAGE = guide("guide_proven")


def test_each_proof_is_there() -> None:
    proofs = {literal for literal in PAGE.literals() if literal.startswith("tests/")}
    assert len(proofs) > 8
    assert [proof for proof in sorted(proofs) if not (REPOSITORY / proof).exists()] == []


def test_the_versions_are_those_of_the_matrix() -> None:
    environments = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["tool"]["tox"]["env_list"]
    run = {(f"2.{m[2]}", f"3.{m[1]}") for name in environments if (m := re.fullmatch(r"py3(\d+)-core(\d+)", name))}
    told = PAGE.section("With which versions").rows()
    assert {(row["ansible-core"], python) for row in told for python in row["Python"].split(", ")} == run
