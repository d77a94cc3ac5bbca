# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What was proven on which Windows: a file for each run on each host, in records/, and what no file there shows.

A record names no host, no account and no address.
"""

from __future__ import annotations

import ast
import platform
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml

from tests.support.paths import REPOSITORY

from .facts.ask import Windows
from .facts.table import Answer, Fact, Verdict, facts

RECORDS = Path(__file__).parent / "records"

PASSED, FAILED, NOT_PROVIDED = "passed", "failed", "not provided"


@dataclass(frozen=True)
class TestResult:
    """What came of a test."""

    __test__ = False  # to pytest

    name: str
    outcome: str
    """PASSED, FAILED or NOT_PROVIDED."""
    reason: str = ""
    seconds: float = 0.0


@dataclass
class Record:
    """A run of the acceptance tests on one host."""

    windows: Windows | None = None
    tests: list[TestResult] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What the stage could not provide, or had to leave behind."""

    def write(self, folder: Path) -> Path:
        """Write it as YAML, under a name of its own; return the path."""
        moment = datetime.now(UTC)
        build = self.windows.build if self.windows else "unknown"
        path = folder / f"{moment:%Y-%m-%d-%H%M%S}-{build}.yml"
        folder.mkdir(parents=True, exist_ok=True)
        galaxy = yaml.safe_load((REPOSITORY / "galaxy.yml").read_text(encoding="utf-8"))
        content = {
            "date": f"{moment:%Y-%m-%d}",
            "collection": galaxy["version"],
            "windows": asdict(self.windows) if self.windows else None,
            "ansible_core": version("ansible-core"),
            "python": platform.python_version(),
            "tests": {result.name: _told(result) for result in self.tests},
            "facts": {
                answer.fact.name: {"answer": answer.text, "verdict": answer.verdict.value} for answer in self.answers
            },
            "notes": [*map(_without_words_of_others, self.notes)],
        }
        path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=120), encoding="utf-8")
        return path


def _told(result: TestResult) -> str:
    if result.outcome != NOT_PROVIDED:
        return result.outcome
    return f"{result.outcome}: {_without_words_of_others(result.reason)}"


def _without_words_of_others(text: str) -> str:
    """What Ansible and the client say may name hosts and accounts."""
    return text.partition(":")[0]


def tests() -> list[str]:
    """Return the names of the acceptance tests, in the order in which they run."""
    files = sorted(Path(__file__).parent.glob("test_*.py"))
    return [name for file in files for name in _functions_of(file)]


def _functions_of(file: Path) -> Iterator[str]:
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            yield node.name


def unproven(records: Iterable[dict[str, Any]]) -> tuple[list[str], list[Fact]]:
    """Return the tests and the facts that none of these records shows.

    :param records: as they are read from their files.
    """
    passed: set[str] = set()
    answered: set[str] = set()
    for record in records:
        passed |= {name.partition("[")[0] for name, told in record["tests"].items() if told == PASSED}
        answered |= {name for name, told in record["facts"].items() if told["verdict"] == Verdict.EXPECTED.value}
    return (
        [name for name in tests() if name not in passed],
        [fact for fact in facts() if fact.name not in answered],
    )


def kept_records() -> list[dict[str, Any]]:
    """Return the records that the repository keeps."""
    return [yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(RECORDS.glob("*.yml"))]


def main() -> None:
    """Print what is unproven."""
    records = kept_records()
    missing_tests, missing_facts = unproven(records)
    print(f"{len(records)} records. No record shows these tests passed: {', '.join(missing_tests) or 'none'}.\n")
    print("Nor these facts as expected:")
    for fact in missing_facts:
        print(f"  {fact.name}: {fact.question}" + (f" (Never asked: {fact.unasked}.)" if fact.unasked else ""))


if __name__ == "__main__":
    main()
