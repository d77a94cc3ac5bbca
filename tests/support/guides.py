# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The guides (docs/docsite/rst) as docutils reads them: what a test holds against the code is what a reader sees."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes
from docutils.core import publish_doctree
from docutils.parsers.rst import directives, roles
from docutils.parsers.rst.directives import body

from .paths import GUIDES

#: What Sphinx and antsibull-docs know beyond docutils. Here each is what a reader reads of it.
_ROLES = ("ansopt", "ansplugin", "ansretval", "ansval", "download", "ref", "term")

#: A row by the heading of each column. Line breaks and runs of blanks are one blank.
Row = dict[str, str]


@dataclass(frozen=True)
class CodeBlock:
    language: str
    text: str
    #: The file that it is, or what its command is for.
    caption: str = ""


class Guide:
    """A guide, or a section of one."""

    def __init__(self, node: nodes.Element) -> None:
        self._node = node

    @property
    def text(self) -> str:
        return _text(self._node)

    def section(self, title: str) -> Guide:
        """:raises ValueError: there is none of this title, or several."""
        (found,) = (section for section in self._node.findall(nodes.section) if _text(section[0]) == title)
        return Guide(found)

    def titles(self) -> list[str]:
        return [_text(title) for title in self._node.findall(nodes.title)]

    def tables(self) -> list[list[Row]]:
        """Those that have a line of headings."""
        return [_rows(table) for table in self._node.findall(nodes.table) if next(table.findall(nodes.thead), None)]

    def rows(self) -> list[Row]:
        """Those of all tables."""
        return [row for table in self.tables() for row in table]

    def code_blocks(self) -> list[CodeBlock]:
        blocks = (block for block in self._node.findall(nodes.literal_block) if "code" in block["classes"])
        return [CodeBlock(block["classes"][-1], f"{block.astext()}\n", block.get("caption", "")) for block in blocks]

    def captioned(self, language: str) -> dict[str, str]:
        """The code blocks of a language that have a caption, by that."""
        blocks = [block for block in self.code_blocks() if block.language == language and block.caption]
        found = {block.caption: block.text for block in blocks}
        assert len(found) == len(blocks), "two blocks have the same caption"
        return found

    def literals(self) -> set[str]:
        """What is set as code within a sentence."""
        return {_text(literal) for literal in self._node.findall(nodes.literal)}


class _CodeBlock(body.CodeBlock):
    """Sphinx's, which may have a caption."""

    option_spec: ClassVar[dict[str, Any]] = {**body.CodeBlock.option_spec, "caption": directives.unchanged}

    def run(self) -> list[nodes.Node]:
        (block,) = super().run()
        block["caption"] = self.options.get("caption", "")
        return [block]


@functools.cache
def guide(name: str) -> Guide:
    """:param name: the file's, without ``.rst``"""
    path = GUIDES / f"{name}.rst"
    for role in _ROLES:
        roles.register_local_role(role, _title_of_a_reference)
    directives.register_directive("code-block", _CodeBlock)
    directives.register_directive("glossary", body.Container)
    # The title stays the section's; whatever the parser would warn of is an error.
    settings = {"doctitle_xform": False, "syntax_highlight": "none", "report_level": 2, "halt_level": 2}
    return Guide(publish_doctree(path.read_text("utf-8"), str(path), settings_overrides=settings))


def markdown_code_blocks(page: Path) -> list[CodeBlock]:
    """Of a page that is not on the site, such as a README."""
    found = re.finditer(r"^```(\w*)\n(.*?)^```$", page.read_text("utf-8"), re.M | re.S)
    return [CodeBlock(match[1], match[2]) for match in found]


def _title_of_a_reference(
    name: str, raw: str, text: str, *_: Any, **__: Any
) -> tuple[list[nodes.Node], list[nodes.Node]]:
    return [nodes.inline(raw, re.sub(r"\s*<[^<>]+>$", "", text))], []


def _rows(table: nodes.table) -> list[Row]:
    heading, *rows = ([_text(cell) for cell in row] for row in table.findall(nodes.row))
    return [dict(zip(heading, row, strict=True)) for row in rows]


def _text(node: nodes.Node) -> str:
    return " ".join(node.astext().split())
