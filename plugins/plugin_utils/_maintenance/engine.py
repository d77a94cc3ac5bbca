# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the engine of maintenance is asked and what it reports: the classes in plugins/module_utils/_maintenance.cs."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any, ClassVar

from .._engine.acts import NOTHING_CHANGED
from .._engine.requests import UNSENT
from .._logon_mode.modes import ValuesReport, ValuesRequest, read_report
from .._logon_mode.registry import MaintenanceRecord

#: The mark of this run of Ansible. Ansible loads this file once, and starts a process for each host then.
RUN = secrets.token_hex(8)


@dataclass(frozen=True, kw_only=True)
class MaintenanceRequest(ValuesRequest):
    """What the engine is asked (MaintenanceRequest). The values are those to write; when exiting, instead of what was
    before, if one of the two is given."""

    module: ClassVar[str] = "winops.rds.win_rds_maintenance"
    called: ClassVar[str] = "the maintenance engine"

    enter: bool
    """Remember what is; False: bring back what was, and forget it."""
    write_mode: bool = False
    """Whether the two values are written when entering, or only remembered as what will be written."""
    keep_promise: bool = False
    """Do nothing where users were told that they still have time."""
    promise_ms: int = 0
    """How much time they are told that they have from now on; 0: they are told nothing. The latest time counts."""
    reason: str | None = None
    """None: that of an earlier run stays."""
    host: str
    run: str = RUN
    command: str = field(metadata=UNSENT)
    """What takes the host out of maintenance at a prompt."""
    attempt: str | None = None
    """The mark of a task. Exit only if the host was closed by this one; None: in any case."""
    trace: str
    """How the event of what is changed begins, as ``trace`` makes it."""

    @property
    def if_unanswered(self) -> str:
        """What may have happened if no report arrived, and what to do."""
        if self.check_mode:
            return NOTHING_CHANGED
        return f"The host may have been {'closed' if self.enter else 'opened'}. To open it: {self.command}"

    def read(self, answer: Any) -> MaintenanceReport:
        """Return the report in an answer.

        :raises ReportError: something is missing, not of its type, or cannot be.
        """
        return read_report(MaintenanceReport, answer)


@dataclass(frozen=True)
class MaintenanceReport(ValuesReport):
    """What the engine saw and did (MaintenanceReport)."""

    found: MaintenanceRecord | None
    """What stood there at first; None: nothing."""
    record: MaintenanceRecord | None
    """What stands there at the end."""
    went_on: bool
    """Whether the host was in maintenance already, so that the mode from before that is kept."""
    would_restore: bool
    """Whether exiting brings back the mode that was before, because nobody else has set one meanwhile."""
    promised_ms: int
    """How much time users still have, by what they were told before; 0: none; -1: it cannot be read."""
    is_odd: bool
    """Whether what stood there is not what the engine writes. Then it has done nothing."""
    other_host: str | None
    """The other name in the inventory by which this run works on this host already; then it has done nothing."""
