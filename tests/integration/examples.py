# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The examples of a module's documentation."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import yaml


def examples(module: str) -> list[dict[str, Any]]:
    """The tasks, as a user copies them."""
    documentation = import_module(f"ansible_collections.winops.rds.plugins.modules.{module}")
    tasks: list[dict[str, Any]] = yaml.safe_load(documentation.EXAMPLES)
    return tasks
