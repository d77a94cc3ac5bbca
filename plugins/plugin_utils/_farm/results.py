# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a callback is told of a run, by any version of ansible-core."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .._logon_mode.maintenance import in_maintenance_lines

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


def has_failed(values: Mapping[str, Any]) -> bool:
    """Whether a registered result is that of a task that failed, or did not reach the host."""
    return bool(values.get("failed") or values.get("unreachable"))


class InMaintenance:
    """The hosts that a run leaves in maintenance."""

    def __init__(self) -> None:
        self._hosts: dict[str, Mapping[str, Any]] = {}

    def take(self, result: HostResult) -> None:
        """Look at a result: the last one of the module tells how the host is."""
        if module_of(result.task) == f"{_OURS}win_rds_maintenance" and "maintenance" in result.values:
            self._hosts.pop(result.host, None)
            if result.values["maintenance"]:
                self._hosts[result.host] = result.values["maintenance"]

    @property
    def text(self) -> str | None:
        """Which they are and what opens them; None: there is none."""
        return "\n".join(in_maintenance_lines(self._hosts, {})) or None
