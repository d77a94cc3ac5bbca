# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What ``make mutants`` changes."""

from __future__ import annotations

import ast

import pytest

from development.mutants import TESTS, of_csharp, of_python, sample
from tests.support.paths import REPOSITORY


@pytest.mark.parametrize(
    ("source", "changed"),
    [
        ("x = a == b", ["x = (a != b)"]),
        ("x = a < 2", ["x = (a <= 2)", "x = (a >= 2)", "x = a < (3)"]),
        ("x = a and not b", ["x = (a or not b)", "x = a and (b)"]),
        (
            "x = 'é' if a else c - 1",
            ["x = (c - 1 if a else 'é')", "x = 'é' if a else (c + 1)", "x = 'é' if a else c - (2)"],
        ),
        ("def f(a: int | None = None) -> bool: return True", ["def f(a: int | None = None) -> bool: return (False)"]),
        ("@dataclass(frozen=True)\nclass A:\n    'text' + f'{a == b}'", []),
    ],
)
def test_python(source: str, changed: list[str]) -> None:
    mutants = [*of_python("a.py", source)]
    assert sorted(mutant.text for mutant in mutants) == sorted(changed)
    for mutant in mutants:
        ast.parse(mutant.text)


@pytest.mark.parametrize(
    ("line", "changed"),
    [
        ("if (a == 1 && !b)", ["if (a != 1 && !b)", "if (a == 1 || !b)", "if (a == 1 && b)"]),
        ("return true; // not true", ["return false; // not true"]),
        ('throw new Exception("a < b" + c);', []),
        ("[DllImport(Name, SetLastError = true)]", []),
        ("List<List<int>> lists;", []),
    ],
)
def test_csharp(line: str, changed: list[str]) -> None:
    assert sorted(mutant.after for mutant in of_csharp("a.cs", f"{{\n\t{line}\n}}\n")) == sorted(changed)


def test_a_sample_is_half_of_each_and_comes_again() -> None:
    mutants = sample(7, seed=1)
    assert [mutant.path.endswith(".py") for mutant in mutants] == [True] * 4 + [False] * 3
    assert mutants == sample(7, seed=1)


def test_a_sample_of_some_files() -> None:
    assert {mutant.path for mutant in sample(6, seed=1, of="plugins/module_utils/_calls")} == {
        "plugins/module_utils/_calls.cs"
    }
    of_python = sample(6, seed=1, of="plugins/plugin_utils/_session_report/view")
    assert [mutant.path.rpartition("/")[2] for mutant in of_python] == ["view.py"] * 6


def test_each_folder_of_tests_is_there() -> None:
    assert [name for _, tests in TESTS for name in tests.split() if not (REPOSITORY / "tests" / name).exists()] == []
