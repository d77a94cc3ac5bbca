# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The sessions of a report as CSV, which no spreadsheet takes for a program."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from typing import Any

from .._result.processes import programs_text
from .._result.records import Record
from .._result.sentences import error_text, names_text
from .._words.displayable import displayable
from .masks import Masks, error_without_programs
from .view import View

COLUMNS = (
    "server", "id", "session", "account", "state", "idle_seconds", "logon_time", "disconnect_time", "client_name",
    "client_address", "locked", "protocol", "result", "warnings", "elapsed_seconds", "ended_processes", "running",
    "memory_bytes", "process_count", "programs", "error",
)  # fmt: skip

#: What makes a formula where a cell begins, or where a spreadsheet that separates by other characters sees one begin.
#: https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA = re.compile(r"""(^|[;,|"'])(?=\s*[=+\-@＝＋－＠])""")


def sheet(shown: View, *, masked: bool) -> str:
    """Return the sessions as CSV; the first character tells spreadsheets that it is UTF-8.

    :param masked: names of people, computers and programs, and addresses, are left out.
    """
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    masks = Masks()
    writer.writerows([_cell(value) for value in _row(record, masks if masked else None)] for record in shown.sessions)
    return f"\ufeff{text.getvalue()}"


def _row(record: Record, masks: Masks | None) -> tuple[Any, ...]:
    def name(kind: str, value: str | None) -> str:
        return masks.mask(kind, value or "") if masks else value or ""

    def names(programs: Sequence[str]) -> str:
        return names_text([name("program", program) for program in programs])

    return (
        record["server"],
        record["id"],
        record["name"],
        name("user", record["account"]),
        record["state"],
        record["idle_seconds"],
        record["logon_time"],
        record["disconnect_time"],
        name("computer", record["client_name"]),
        name("address", record["client_address"]),
        record["locked"],
        record["protocol"],
        record["result"],
        record.get("warnings"),
        record["elapsed_seconds"],
        names([process["name"] for process in record.get("ended_processes") or ()]),
        names(record.get("running") or ()),
        record.get("memory_bytes"),
        record.get("process_count"),
        programs_text(record, lambda program: displayable(name("program", program))),
        _error(record, masked=masks is not None),
    )


def _error(record: Record, *, masked: bool) -> str:
    if not record["error"]:
        return ""
    return error_without_programs(record) if masked else error_text(record["error"])


def _cell(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return _FORMULA.sub(r"\1'", displayable(value, None))
