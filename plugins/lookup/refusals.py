# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Why a role or a playbook must not begin; what it looks at is in refusals.yml."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from typing import Any

from ansible.plugins.lookup import LookupBase
from ansible.utils.display import Display
from ansible.utils.vars import load_extra_vars

from ..plugin_utils._options.variables import file_refusal, misspelt


class LookupModule(LookupBase):
    def run(
        self,
        terms: Sequence[str],
        variables: Mapping[str, Any] | None = None,
        prefix: str = "",
        files: Mapping[str, Any] | None = None,
        choices: Mapping[str, Sequence[str]] | None = None,
        collections: Sequence[str] = (),
    ) -> list[str]:
        there = variables or {}
        known = [str(term) for term in terms]
        found = misspelt(sorted(there), load_extra_vars(self._loader), known, prefix)
        refusals = []
        if found:
            names = ", ".join(f"{name} ({meant}?)" if meant else name for name, meant in found.items())
            takes = ", ".join(known) if not prefix else "those of ansible-doc -t role winops.rds.maintenance"
            refusals.append(f"There are no such variables: {names}. Taken are {takes}.")
        refusals += filter(None, (file_refusal(name, path) for name, path in (files or {}).items()))
        for name, accepted in (choices or {}).items():
            value = self._templar.template(there.get(name))
            if value not in accepted:
                refusals.append(f"{name}: {value!r} is not accepted; accepted are {', '.join(accepted)}.")
        for collection in collections:
            if not _is_installed(collection):
                refusals.append(f"It needs the collection {collection}: ansible-galaxy collection install {collection}")
        opening = {name: path for name, path in (files or {}).items() if name.endswith(("close_tasks", "open_tasks"))}
        is_given = [path != "none" for path in opening.values()]
        if is_given == [True, False]:
            closes, opens = opening
            Display().warning(f"{closes} is given without {opens}: nothing undoes what it does.")
        if is_given[:1] == [False] and self._templar.template(there.get(f"{prefix}mode")) == "unchanged":
            Display().warning(
                f"{prefix}mode is unchanged, and {next(iter(opening))} is none: users log on during the work, unless "
                "something else keeps them out."
            )
        return refusals


def _is_installed(collection: str) -> bool:
    try:
        return importlib.util.find_spec(f"ansible_collections.{collection}") is not None
    except ModuleNotFoundError:
        return False
