# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What may import what in plugins/plugin_utils."""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter

import pytest

from tests.support.paths import PLUGIN_UTILS

FILES = {
    ".".join(path.relative_to(PLUGIN_UTILS).with_suffix("").parts): path
    for path in sorted(PLUGIN_UTILS.rglob("*.py"))
    if path.name != "__init__.py"
}
ENGINE = [name for name in FILES if name.startswith("_engine.")]

#: What is made of the engines' reports, and what launches them.
ABOVE_THE_ENGINE = {
    "_launch",
    "_session_action",
    "_records",
    "_texts",
    "_grace",
    "_grace_options",
    "_roll",
    "_task_host",
}


def imports(name: str) -> tuple[set[str], set[str]]:
    """What a file imports: of plugin_utils, and of others (the outermost package)."""
    own: set[str] = set()
    others: set[str] = set()
    package = name.split(".")[:-1]
    for node in ast.walk(ast.parse(FILES[name].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            others |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            others.add((node.module or "").partition(".")[0])
        elif isinstance(node, ast.ImportFrom):
            parts = [*package[: len(package) + 1 - node.level], *(node.module or "").split(".")]
            module = ".".join(filter(None, parts))
            own |= {module} if module in FILES else {f"{module}.{alias.name}".strip(".") for alias in node.names}
    assert own <= FILES.keys()
    return own, others


def test_no_circle() -> None:
    order = [*TopologicalSorter({name: imports(name)[0] for name in FILES}).static_order()]
    assert {*order} == {*FILES}


@pytest.mark.parametrize("name", ENGINE)
def test_what_knows_the_engines_knows_neither_ansible_nor_users(name: str) -> None:
    own, others = imports(name)
    assert "ansible" not in others
    assert own.isdisjoint(ABOVE_THE_ENGINE)


@pytest.mark.parametrize("name", ENGINE)
def test_what_knows_the_engines_comes_without_ansible(name: str) -> None:
    """Nor does anything that it imports know it."""
    wanted, seen = [name], set()
    while wanted:
        one = wanted.pop()
        seen.add(one)
        own, others = imports(one)
        assert "ansible" not in others, one
        wanted += own - seen


def test_the_names_are_those_of_files() -> None:
    assert len(ENGINE) == 3
    assert FILES.keys() >= ABOVE_THE_ENGINE
