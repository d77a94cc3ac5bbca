# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The sessions of a report as CSV, which no spreadsheet takes for a program."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

from .._result.records import Record
from .._result.sentences import ended_names, error_text
from .._words.displayable import displayable
from .masks import Masks
from .view import View

COLUMNS = (
    "server", "id", "session", "account", "state", "idle_seconds", "logon_time", "disconnect_time", "client_name",
    "client_address", "locked", "protocol", "result", "warnings", "elapsed_seconds", "ended_processes", "error",
)  # fmt: skip

#: What makes a formula where a cell begins, or where a spreadsheet that separates by other characters sees one begin.
#: https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA = re.compile(r"""(^|[;,|"'])(?=\s*[=+\-@＝＋－＠])""")


def sheet(shown: View, *, masked: bool) -> str:
    """Return the sessions as CSV; the first character tells spreadsheets that it is UTF-8.

    :param masked: names of people and computers, and addresses, are left out.
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
        ended_names(record) if record.get("ended_processes") else "",
        error_text(record["error"]) if record["error"] else "",
    )


def _cell(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return _FORMULA.sub(r"\1'", displayable(value, None))
