# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The variables that are probably meant for a role or a playbook, and are none of its."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible.plugins.lookup import LookupBase
from ansible.utils.vars import load_extra_vars

from ..plugin_utils._options.variables import misspelt


class LookupModule(LookupBase):
    def run(self, terms: Sequence[str], variables: Mapping[str, Any] | None = None, prefix: str = "") -> list[str]:
        found = misspelt(
            sorted(variables or {}),
            load_extra_vars(self._loader),
            [str(term) for term in terms],
            prefix,
        )
        return [f"{name} ({meant}?)" if meant else name for name, meant in found.items()]
