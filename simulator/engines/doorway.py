# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads a module script that is a doorway: one statement, which hands one option, a text, to a static C# method and
writes the text that this returns.

The ``mono`` engine cannot run PowerShell, so it refuses a script that does more.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_STATEMENT = re.compile(r"\[(?P<type_name>[\w.]+)\]::(?P<method>\w+)\(\$complex_args\.(?P<option>\w+)\)")


class DoorwayError(ValueError):
    """The script is not a doorway, or the task does not fit it; the message says why."""


@dataclass(frozen=True)
class Doorway:
    """The statement of a doorway."""

    type_name: str
    """The C# class, with its namespace."""
    method: str
    option: str
    """The option of the module that holds the text."""


def read_doorway(script: str) -> Doorway:
    """Read a module script.

    :raises DoorwayError: it is more than a doorway, or less.
    """
    statements = [line for line in map(str.strip, script.splitlines()) if line and not line.startswith("#")]
    match = _STATEMENT.fullmatch("\n".join(statements))
    if match is None:
        raise DoorwayError("the script does more than to hand one option to one C# method")
    return Doorway(**match.groupdict())
