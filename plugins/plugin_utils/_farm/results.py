# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a callback is told of a run, by any version of ansible-core."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

_OURS = "winops.rds."


@dataclass(frozen=True)
class HostResult:
    """The result of a task, or of an item of its loop, on a host."""

    host: str
    task: Any
    values: dict[str, Any]

    @classmethod
    def of(cls, result: Any) -> HostResult:
        """Read what ansible-core gives a callback: since 2.19 it has public names, and warns about the old ones."""
        if hasattr(result, "task"):
            return cls(result.host.get_name(), result.task, result.result)
        return cls(result._host.get_name(), result._task, result._result)


def module_of(task: Any) -> str:
    """Return the module of a task by its whole name, however the task names it."""
    return str(task.resolved_action or task.action)


def is_ours(task: Any) -> bool:
    """Whether a task runs a module of this collection."""
    return module_of(task).startswith(_OURS)
