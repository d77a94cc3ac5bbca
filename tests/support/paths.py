# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where things are."""

from __future__ import annotations

from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
#: Where `make` lets Ansible find this collection.
COLLECTIONS = REPOSITORY / ".venv" / "collections"
GUIDES = REPOSITORY / "docs" / "docsite" / "rst"
PLUGINS = REPOSITORY / "plugins"
MODULES = PLUGINS / "modules"
MODULE_UTILS = PLUGINS / "module_utils"
PLUGIN_UTILS = PLUGINS / "plugin_utils"
