# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The examples of a module's documentation."""

from __future__ import annotations

from typing import Any

import yaml

from tests.support.paths import REPOSITORY


def examples(module: str) -> list[dict[str, Any]]:
    """The tasks, as a user copies them."""
    documentation = yaml.safe_load((REPOSITORY / "plugins" / "modules" / f"{module}.yml").read_text(encoding="utf-8"))
    tasks: list[dict[str, Any]] = yaml.safe_load(documentation["EXAMPLES"])
    return tasks
