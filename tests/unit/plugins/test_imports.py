# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What may import what in plugins/plugin_utils: the drawing in the guide for developers is the rule."""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter

import pytest

from tests.support.guides import guide
from tests.support.paths import PLUGIN_UTILS

FILES = {
    ".".join(path.relative_to(PLUGIN_UTILS).with_suffix("").parts): path
    for path in sorted(PLUGIN_UTILS.rglob("*.py"))
    if path.name != "__init__.py"
}
ENGINE = [name for name in FILES if name.startswith("_engine.")]


def drawn() -> list[str]:
    """The folders, and the files beside them, from the top of the drawing to its bottom."""
    drawing = guide("developing").section("Where to look").code_blocks()[0].text
    first, *rooms = drawing.splitlines()
    assert first == "plugin_utils/"
    return [line.split()[0].removesuffix("/").removesuffix(".py") for line in rooms]


def room(name: str) -> str:
    return name.partition(".")[0]


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


def test_the_drawing_has_each_folder_once() -> None:
    assert sorted(drawn()) == sorted({room(name) for name in FILES})


@pytest.mark.parametrize("name", FILES)
def test_a_folder_imports_only_what_is_drawn_below_it(name: str) -> None:
    order = drawn()
    upward = {
        other
        for other in imports(name)[0]
        if room(other) != room(name) and order.index(room(other)) < order.index(room(name))
    }
    assert not upward


def test_no_circle() -> None:
    order = [*TopologicalSorter({name: imports(name)[0] for name in FILES}).static_order()]
    assert {*order} == {*FILES}


def test_each_folder_says_what_is_in_it() -> None:
    for folder in {path.parent for path in FILES.values()} - {PLUGIN_UTILS}:
        assert ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8"))), folder


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
