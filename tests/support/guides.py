# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the guides print, so that tests run it as it is printed."""

from __future__ import annotations

import re
import textwrap

from .paths import DOCS

GUIDES = DOCS / "docsite" / "rst"
#: A code block: its indentation, language, options, and lines.
_BLOCK = re.compile(
    r"^(?P<indent> *)\.\. code-block:: (?P<language>\S+)\n"
    r"(?P<options>(?:(?P=indent) +:.*\n)*)\n"
    r"(?P<text>(?:(?P=indent) +\S.*\n|\n)+)",
    re.MULTILINE,
)
_CAPTION = re.compile(r"^ *:caption: (.+)$", re.MULTILINE)


def guide(name: str) -> str:
    """The source of a guide."""
    return (GUIDES / f"{name}.rst").read_text("utf-8")


def blocks(name: str, language: str) -> dict[str, str]:
    """The code blocks of a guide that are in a language and have a caption, by that caption."""
    found = {}
    for block in _BLOCK.finditer(guide(name)):
        caption = _CAPTION.search(block["options"])
        if caption and block["language"] == language:
            assert caption[1] not in found, f"two blocks of {name} have the caption {caption[1]}"
            found[caption[1]] = textwrap.dedent(block["text"]).strip("\n") + "\n"
    return found


def table(name: str, after: str) -> list[list[str]]:
    """The rows of the first list-table of a guide after a text, without its header; each cell in one line."""
    lines = guide(name).partition(after)[2].partition(".. list-table::")[2].splitlines()[1:]
    rows: list[list[str]] = []
    for line in lines:
        if line.startswith("   * - "):
            rows.append([line[7:]])
        elif line == "     -" or line.startswith("     - "):
            rows[-1].append(line[7:])
        elif line.startswith("       "):
            rows[-1][-1] += " " + line.strip()
        elif line and not line.startswith(" "):
            break
    return rows[1:]


def literal(cell: str) -> str:
    """The first ``literal`` of a cell."""
    found = re.search("``(.+?)``", cell)
    assert found, cell
    return found[1]
