# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What tasks returned for hosts, of which a report is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .._engine.acts import DISCONNECT, LIST, LOG_OFF, SEND_MESSAGE

#: Results of a session to which nothing was done.
PLANNED = frozenset(act.planned for act in (DISCONNECT, LIST, LOG_OFF, SEND_MESSAGE))


@dataclass(frozen=True)
class TaskResult:
    """What a task returned for a host."""

    host: str
    values: Mapping[str, Any]
    task: str = ""
    is_ours: bool = True
    """Whether it is a task of this collection."""
    delegated_to: str = ""
    """Where it worked instead of on the host; empty: it worked there."""
    failed: bool = False
    """Whether it failed, or did not reach the host."""
    check_mode: bool = False
    """Whether it tells what it would have done, and did nothing."""
    tells_all: bool = False
    """Whether it tells of all the users' sessions on the servers that answered."""
    began: datetime | None = None
    ended: datetime | None = None
    reminders: Sequence[str] = ()
    """The option of the task: durations before the end of the grace period."""
    grace: str = ""
    """The option of the task; empty: without a grace period."""

    @property
    def place(self) -> str:
        """The host as Ansible's own output has it."""
        return f"{self.host} -> {self.delegated_to}" if self.delegated_to else self.host


def asked_nothing(values: Mapping[str, Any]) -> bool:
    """Whether a task was skipped, or its failed_when has passed over that it failed without telling of sessions."""
    return bool(values.get("skipped")) or (values.get("failed_when_result") is False and "servers" not in values)


def is_mode(values: Mapping[str, Any]) -> bool:
    """Whether a result tells the logon mode of its host."""
    return "accepts_logons" in values
