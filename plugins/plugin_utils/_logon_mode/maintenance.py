# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a host tells of its maintenance, in words and in results. Only administrators can write it there; it is text
from a host all the same, and shown as such."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from typing import Any

from .._result.sentences import moment_text
from .._words.displayable import displayable
from .modes import mode_of
from .registry import REG_SZ, MaintenanceRecord, Reading, Value

#: Where it stands (MaintenanceRecord in plugins/module_utils/_maintenance_record.cs).
KEY = r"HKLM\SOFTWARE\winops.rds.maintenance"

LONGEST_TEXT = 200  # characters of each value that are shown

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")

Maintenance = dict[str, Any]


def maintenance_of(record: MaintenanceRecord | None) -> Maintenance | None:
    """Return what a result says of a host that is in maintenance; None: it is not.

    A record without its time was cut off before the logon mode was touched, and is none.
    """
    if record is None or record.since is None:
        return None
    since = _text(record.since)
    return {
        "since": since if since and _TIME.fullmatch(since) else None,
        "account": _text(record.account),
        "reason": _text(record.reason),
        "host": _text(record.host),
        "previous_mode": mode_of(Reading(record.drain_mode, record.winstations_disabled)),
    }


def maintenance_text(maintenance: Mapping[str, Any]) -> str:
    """Return since when a host is in maintenance, by whom and why: the end of a sentence."""
    since, account, reason = maintenance["since"], maintenance["account"], maintenance["reason"]
    text = f" since {moment_text(since)} UTC" if since else ""
    text += f", by {account}" if account else ""
    return f"in maintenance{text}" + (f" ({reason})" if reason else "")


def in_maintenance_lines(hosts: Mapping[str, Mapping[str, Any]], task_vars: Mapping[str, Any]) -> list[str]:
    """Return a line for each host that is in maintenance, and at the end the command that opens them."""
    if not hosts:
        return []
    lines = [f"{host} is {maintenance_text(told)}." for host, told in sorted(hosts.items())]
    return [*lines, f"To open them: {opening_command(','.join(sorted(hosts)), task_vars)}"]


def opening_command(host: str, task_vars: Mapping[str, Any]) -> str:
    """Return the command with which somebody takes a host out of maintenance at a prompt."""
    sources = "".join(f" -i {shlex.quote(str(source))}" for source in task_vars.get("ansible_inventory_sources") or ())
    return f"ansible {shlex.quote(host)}{sources} -m winops.rds.win_rds_maintenance -a state=exited"


def _text(value: Value | None) -> str | None:
    if value is None or value.type != REG_SZ or not value.text:
        return None
    return displayable(value.text, LONGEST_TEXT)
