# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The durations of a list that are shorter than another one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..plugin_utils._durations import parse_duration

DOCUMENTATION = r"""
name: shorter_than
short_description: Keep the durations that are shorter than another one
version_added: 0.1.0
author:
  - winops.rds contributors (@winops)
description:
  - Of a list of durations, keeps those that are shorter than another one. They are written as in
    O(winops.rds.win_rds_logoff#module:idle_for).
  - Where the other is none, all are kept, so that whatever uses it can say what is wrong with it.
positional: longest
options:
  _input:
    description: The durations.
    type: list
    elements: str
    required: true
  longest:
    description: The duration that they have to be shorter than.
    type: raw
    required: true
"""

EXAMPLES = r"""
- name: Show which reminders fit into two minutes
  ansible.builtin.debug:
    msg: "{{ ['5m', '1m'] | winops.rds.shorter_than('2m') }}"  # ['1m']
"""

RETURN = r"""
_value:
  description: The shorter ones, in the same order.
  type: list
  elements: str
"""


def shorter_than(durations: Sequence[str], longest: Any) -> list[str]:
    try:
        seconds = parse_duration(str(longest), unit_needed=True)
    except ValueError:
        return [*durations]
    return [duration for duration in durations if parse_duration(duration) < seconds]


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"shorter_than": shorter_than}
