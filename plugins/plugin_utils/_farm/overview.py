# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The results of many hosts as one: whose sessions there are on a farm, and which servers could not be asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._result.records import Record
from .._result.sentences import count_text, counts_text, error_text, idle_text, moment_text
from .._words.table import aligned, first_line

#: Sorts after every known value.
_LAST = "\U0010ffff"

#: By what a table can be sorted; then by server and ID. Who has been idle for longest comes first, and who
#: takes most memory.
SORTS: dict[str, Callable[[Record], Any]] = {
    "server": lambda record: "",
    "account": lambda record: record["account"].casefold(),
    "state": lambda record: record["state"],
    "idle": lambda record: -1 if record["idle_seconds"] is None else -record["idle_seconds"] - 2,
    "logged_on": lambda record: record["logon_time"] or _LAST,
    "client": lambda record: (record["client_name"] or record["client_address"] or _LAST).casefold(),
    "memory": lambda record: -1 if record.get("memory_bytes") is None else -record["memory_bytes"] - 2,
}


_HEADER = ("SERVER", "ID", "ACCOUNT", "STATE", "IDLE", "LOGGED ON", "CLIENT")
#: Where somebody has asked for programs, these take the room of times and clients.
_WITH_PROCESSES = ("SERVER", "ID", "ACCOUNT", "STATE", "IDLE", "MEMORY", "PROGRAMS")
_ACCOUNT = _HEADER.index("ACCOUNT")
#: The columns that are narrowed in a narrow terminal. Accounts come last, and lose their domain first.
_SHRINK = (_HEADER.index("CLIENT"), _HEADER.index("SERVER"), _ACCOUNT)
_SHRINK_WITH_PROCESSES = (_WITH_PROCESSES.index("PROGRAMS"), _WITH_PROCESSES.index("SERVER"), _ACCOUNT)


@dataclass(frozen=True)
class Overview:
    """What a farm was seen to be."""

    sessions: list[Record]
    servers: dict[str, None]
    """Those that told of their sessions, each once."""
    unasked: dict[str, str]
    """Those that did not, with the reason."""
    maintenance: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """The hosts of the inventory that are in maintenance, with what stands there of it."""


def overview(results: Iterable[tuple[str, Mapping[str, Any]]]) -> Overview:
    """Return as one what the modules of this collection returned for several hosts.

    :param results: hosts of the inventory, each with the result of its task, failed or not.
    """
    found = Overview([], {}, {})
    for host, result in results:
        for server in result.get("servers", ()):
            if server["error"]:
                found.unasked[server["server"]] = error_text(server["error"])
            else:
                found.servers[server["server"]] = None
        if "servers" not in result:
            found.unasked[host] = str(result.get("msg", "it returned no sessions"))
        found.sessions.extend(result.get("sessions", ()))
    return found


def overview_text(found: Overview, sort: str, width: int) -> str:
    """Return the sessions as a table, with a line of totals and one for each server that could not be asked.

    :param sort: a key of SORTS.
    :param width: columns of the terminal; 0: without limit.
    """
    lines = []
    if found.sessions:
        records = sorted(found.sessions, key=lambda record: _order(record, sort))
        if tells_processes(records):
            rows, header, shrink = [*map(_row_with_processes, records)], _WITH_PROCESSES, _SHRINK_WITH_PROCESSES
        else:
            rows, header, shrink = [*map(_row, records)], _HEADER, _SHRINK
        lines = aligned(rows, header, width=width, shrink=shrink, keep_end=[_ACCOUNT])
        lines.append("")
    lines.append(totals_text(found) + (" Times are UTC." if found.sessions else ""))
    lines += [first_line(f"Not asked: {server}: {reason}", width) for server, reason in sorted(found.unasked.items())]
    return "\n".join(lines)


def totals_text(found: Overview) -> str:
    """Return how many sessions there are, in which states, on how many servers."""
    counts = counts_text(record["state"] for record in found.sessions)
    where = f"on {count_text(len(found.servers), 'server')}"
    return f"{count_text(len(found.sessions), 'session')} {where}{': ' if counts else ''}{counts}."


def _order(record: Record, sort: str) -> tuple[Any, ...]:
    return SORTS[sort](record), record["server"].casefold(), record["id"]


def _row(record: Record) -> Sequence[str]:
    return (
        record["server"],
        str(record["id"]),
        record["account"] or "-",
        record["state"],
        idle_text(record),
        moment_text(record["logon_time"]),
        record["client_name"] or record["client_address"] or "-",
    )


def tells_processes(records: Iterable[Record]) -> bool:
    """Whether somebody has asked for the programs in these sessions."""
    return any("process_count" in record for record in records)


def _row_with_processes(record: Record) -> Sequence[str]:
    # Not before it is needed: what a collection imports is compiled anew in each run of Ansible.
    from .._result.processes import programs_text, size_text

    same = _row(record)[: _WITH_PROCESSES.index("MEMORY")]
    return (*same, size_text(record.get("memory_bytes")), programs_text(record) or "-")
