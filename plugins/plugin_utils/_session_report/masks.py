# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What stands in place of people's names, of programs and of addresses, in a report that somebody passes on."""

from __future__ import annotations

from .._result.records import Record
from .._result.sentences import ended_names, error_text, running_text


class Masks:
    """The same name has the same mask in all of a report."""

    def __init__(self) -> None:
        self._masks: dict[tuple[str, str], str] = {}
        self._counts: dict[str, int] = {}

    def mask(self, kind: str, name: str) -> str:
        """Return the mask of a name, such as ``user 12``; of no name, nothing.

        :param kind: what it is the name of.
        """
        if not name:
            return ""
        key = (kind, name.casefold())
        if key not in self._masks:
            self._counts[kind] = self._counts.get(kind, 0) + 1
            self._masks[key] = f"{kind} {self._counts[kind]}"
        return self._masks[key]


def error_without_programs(record: Record) -> str:
    """Return the error of a session without the names of the programs that its record lists, which users choose."""
    message = record["error"]["message"].replace(running_text(record.get("running") or ()), "")
    if record.get("ended_processes"):
        message = message.replace(ended_names(record), "its programs")
    return error_text({**record["error"], "message": message})
