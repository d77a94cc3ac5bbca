# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads the entry script of a module: one statement, which hands one option, a text, to a static C# method and writes
the text that this returns.

The ``mono`` engine cannot run PowerShell, so it refuses a script that does more.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_STATEMENT = re.compile(r"\[(?P<type_name>[\w.]+)\]::(?P<method>\w+)\(\$complex_args\.(?P<option>\w+)\)")


class EntryScriptError(ValueError):
    """The script is not an entry script, or the task does not fit it; the message says why."""


@dataclass(frozen=True)
class EntryScript:
    """The statement of an entry script."""

    type_name: str
    """The C# class, with its namespace."""
    method: str
    option: str
    """The option of the module that holds the text."""


def read_entry_script(script: str) -> EntryScript:
    """Read a module script.

    :raises EntryScriptError: it is more than an entry script, or less.
    """
    statements = [line for line in map(str.strip, script.splitlines()) if line and not line.startswith("#")]
    match = _STATEMENT.fullmatch("\n".join(statements))
    if match is None:
        raise EntryScriptError("the script does more than to hand one option to one C# method")
    return EntryScript(**match.groupdict())
