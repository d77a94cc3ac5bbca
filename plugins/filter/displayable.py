# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter ``winops.rds.displayable``; what it is for is in displayable.yml."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError

from ..plugin_utils._words.displayable import displayable as shown


def displayable(value: Any) -> Any:
    """Return a text, or each text of a list, as it can be shown."""
    if isinstance(value, str):
        return shown(value)
    if isinstance(value, (list, tuple)):
        return [displayable(element) for element in value]
    raise AnsibleFilterError(f"displayable makes text fit to be shown, and got {type(value).__name__}")


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"displayable": displayable}
