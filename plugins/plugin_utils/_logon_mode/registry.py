# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the engines read in the registry, member by member as in the C#."""

from __future__ import annotations

from dataclasses import dataclass

#: Types of values that the engines write: https://learn.microsoft.com/windows/win32/sysinfo/registry-value-types
REG_SZ, REG_DWORD = 1, 4


@dataclass(frozen=True)
class Value:
    """A value of the registry (ValueReport)."""

    type: int
    text: str


@dataclass(frozen=True)
class Reading:
    """The two values of the logon mode at one moment; None: there is no such value."""

    drain_mode: Value | None
    winstations_disabled: Value | None


@dataclass(frozen=True)
class MaintenanceRecord:
    """What stands on a host as long as it is in maintenance; None: there is no such value."""

    drain_mode: Value | None
    """The value of the logon mode as it was before; None: there was none. So is the next one."""
    winstations_disabled: Value | None
    states: Value | None
    """What the two values were and were made, separated by blanks: anything else has been set by somebody else. Empty:
    the logon mode is left to others."""
    since: Value | None
    """The last that is written, before the logon mode is: where it is missing, that was cut off."""
    account: Value | None
    """Who has closed the host."""
    reason: Value | None
    host: Value | None
    """The name in the inventory of who works on it."""
    run: Value | None
    """The mark of the run of Ansible that works on it."""
    began: Value | None
    """The mark of the task that has closed it; empty once another one has gone on from there."""
