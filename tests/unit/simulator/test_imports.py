# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What of the simulator may import what."""

from __future__ import annotations

import ast
from pathlib import Path

import simulator

FOLDER = Path(simulator.__file__).parent

#: Each imports only from those before it.
LAYERS = [
    {"win32", "private"},
    {"message_box", "process", "registry", "event_log", "directory"},
    {"session_table"},
    {"permissions", "console"},
    {"farm"},
    {"windows_api", "wsman", "authentication"},
    {"psrp", "http_service"},
    {"engines", "ssh"},
    {"simulation", "control_client"},
    {"control"},
    {"demo", "__main__"},
]


def part(path: Path) -> str:
    """The file or folder of the simulator that a file belongs to."""
    return path.relative_to(FOLDER).parts[0].removesuffix(".py")


def imported(path: Path) -> set[str]:
    """What a file imports of the simulator."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = path.parents[node.level - 1]
            names = [node.module.replace(".", "/")] if node.module else [alias.name for alias in node.names]
            found |= {part(base / name) for name in names}
    return found


def test_imports_go_one_way() -> None:
    rank = {name: number for number, layer in enumerate(LAYERS) for name in layer}
    files = [path for path in FOLDER.rglob("*.py") if path.parent != FOLDER or path.name != "__init__.py"]
    assert {part(path) for path in files} == set(rank)
    for path in files:
        for name in imported(path) - {part(path)}:
            assert rank[name] < rank[part(path)], f"{path.relative_to(FOLDER)} imports {name}"
