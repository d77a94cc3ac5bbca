# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The variables that are probably meant for a role or a playbook, and are none of its."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible.plugins.lookup import LookupBase
from ansible.utils.vars import load_extra_vars

from ..plugin_utils._variables import misspelt

DOCUMENTATION = r"""
name: misspelt
short_description: Find misspelt variables
version_added: 0.1.0
author:
  - winops.rds contributors (@winops)
description:
  - Looks among the variables of a host for those that are probably meant for one that is known, and are not. A misspelt
    variable would be taken for one that is not given.
  - Of the variables given with C(-e), which somebody has typed for this run, it is less tolerant than of those of the
    inventory.
options:
  _terms:
    description: The variables that are known.
    type: list
    elements: str
    required: true
  prefix:
    description: What the names of all known variables begin with. Each other variable that begins so is found, too.
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Refuse variables that the playbook does not know
  ansible.builtin.fail:
    msg: "There are no such variables: {{ misspelt | join(', ') }}."
  when: misspelt | length > 0
  vars:
    misspelt: "{{ query('winops.rds.misspelt', 'target', 'exclude_users') }}"
"""

RETURN = r"""
_raw:
  description: The variables, each with the one that is probably meant, such as C(exclude_user (exclude_users?\)).
  type: list
  elements: str
"""


class LookupModule(LookupBase):
    def run(self, terms: Sequence[str], variables: Mapping[str, Any] | None = None, **kwargs: Any) -> list[str]:
        self.set_options(var_options=variables, direct=kwargs)
        found = misspelt(
            sorted(variables or {}),
            load_extra_vars(self._loader),
            [str(term) for term in terms],
            self.get_option("prefix"),
        )
        return [f"{name} ({meant}?)" if meant else name for name, meant in found.items()]
