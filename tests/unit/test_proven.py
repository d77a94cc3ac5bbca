# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the guide says is proven has its proof."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from runpy import run_path

import yaml

from acceptance.facts.ask import Windows
from acceptance.facts.table import facts
from acceptance.record import FAILED, NOT_PROVIDED, PASSED, Record, TestResult, kept_records
from tests.support.guides import guide
from tests.support.paths import GUIDES, REPOSITORY

NOT_YET = "No real Windows has run this yet"

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


def test_each_page_that_code_and_simulator_alone_rest_on_is_told() -> None:
    sides = {"plugins", "simulator"}
    alone = {
        source for fact in facts() if len(fact.sources) == 1 and sides <= _folders(fact.code) for source in fact.sources
    }
    assert len(alone) > 8
    page = (GUIDES / "guide_proven.rst").read_text("utf-8")
    assert [source for source in sorted(alone) if f"<{source}>" not in page] == []


def _folders(places: Iterable[str]) -> set[str]:
    return {place.partition("/")[0] for place in places}


def test_the_front_page_shows_the_records(tmp_path: Path) -> None:
    front_page = run_path(str(REPOSITORY / "development" / "docs" / "source.py"))["front_page"]
    windows = Windows("Windows Server 2022 Standard", "21H2", "20348.2700", "fr-FR", "5.1", "4.8")
    Record(windows, [TestResult("test_by_id", PASSED), TestResult("test_by_state", FAILED)]).write(tmp_path)
    Record(None, [TestResult("test_by_id", NOT_PROVIDED)]).write(tmp_path)
    records = [yaml.safe_load(path.read_text("utf-8")) for path in tmp_path.glob("*.yml")]
    assert NOT_YET in front_page(tmp_path, [])
    shown = front_page(tmp_path, records)
    assert NOT_YET not in shown
    assert re.findall(r"^   \* - (Windows Server.*)\n     - (.*)\n", shown, re.M) == [
        ("Windows Server 2022 Standard", "21H2 (20348.2700)")
    ]
    assert "- 1 of 2\n" in shown


def test_that_nothing_is_proven_is_said_as_long_as_it_is_so() -> None:
    pages = [REPOSITORY / "README.md", GUIDES / "guide_proven.rst", GUIDES / "quick_reference.rst"]
    said = [page.name for page in pages if re.search(r"No real Windows has run", page.read_text("utf-8"))]
    assert said == ([] if kept_records() else [page.name for page in pages])
