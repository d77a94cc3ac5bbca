# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The programs in sessions, as records and in words. Whoever starts a program has chosen its name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from .._engine.processes import ProcessesReport, RunningProcess, ServerProcesses
from .._engine.report import RefusedCall, Session
from .._words.displayable import displayable
from .._words.wts import state_name
from .records import Error, Record, own_error, windows_error
from .sentences import count_text, error_text

#: Programs that a record of a session lists. They are counted all.
MOST_PROCESSES = 1000
#: Names in ``running``.
MOST_RUNNING = 20

_GONE = own_error("the session ended while its programs were listed", "Run the task again.")
_NONE_TOLD = own_error(
    "Windows tells this account of no program in the session, and there is none without",
    "Connect (or become) as an administrator: that is what other people's programs take.",
)


def processes_told(report: ProcessesReport) -> dict[str, Record]:
    """Return for each logon what its record says of the programs in it."""
    return {
        session.logon: _told(session, processes)
        for server, processes in zip(report.servers, report.processes, strict=True)
        for session in server.sessions
    }


def without_processes(record: Record) -> Record:
    """Return the record of a session that has gone as those beside it are."""
    return _unknown(_GONE) | record


def _told(session: Session, processes: ServerProcesses) -> Record:
    lost = next((lost for lost in processes.lost if lost.id == session.id), None)
    refused: RefusedCall | None = processes.error or (lost.error if lost else None)
    running = [process for process in processes.running if process.session == session.id]
    if refused:
        return _unknown(windows_error(refused))
    if lost:
        return _unknown(_GONE)
    if not running and state_name(session.state) != "listen":
        return _unknown(_NONE_TOLD)
    return {
        "processes": [
            {
                "name": process.name,
                "pid": process.pid,
                "memory_bytes": process.memory_bytes,
                "threads": process.threads,
            }
            for process in _heaviest_first(running)[:MOST_PROCESSES]
        ],
        "process_count": len(running),
        "memory_bytes": sum(process.memory_bytes for process in running),
        "processes_error": None,
    }


def _unknown(error: Error) -> Record:
    return {"processes": None, "process_count": None, "memory_bytes": None, "processes_error": error}


def _heaviest_first(running: Sequence[RunningProcess]) -> list[RunningProcess]:
    return sorted(running, key=lambda process: (-process.memory_bytes, process.name.casefold(), process.pid))


def processes_warning(records: Sequence[Record]) -> str | None:
    """Return a warning of sessions whose programs are not known; None where there is none."""
    unknown = [error for record in records if (error := record["processes_error"])]
    if not unknown:
        return None
    return f"The programs in {count_text(len(unknown), 'session')} are not known: {error_text(unknown[0])}"


def running_names(running: Sequence[RunningProcess]) -> list[str]:
    """Return the names of the programs of people in a session, the heaviest first; where there are none of people, of
    all: it is Windows that is not done."""
    of_people = [process for process in running if process.of_person] or running
    heaviest = by_weight((each.name, each.memory_bytes) for each in of_people)
    return [name for name, _count, _size in heaviest][:MOST_RUNNING]


def size_text(size: int | None) -> str:
    """Return a size in bytes for people: ``812 MiB``, ``1.4 GiB``."""
    if size is None:
        return "-"
    if size >= 1 << 30:
        return f"{size / (1 << 30):.1f} GiB"
    return f"{round(size / (1 << 20))} MiB" if size >= 1 << 20 else f"{round(size / (1 << 10))} KiB"


def programs_of(record: Mapping[str, Any]) -> list[tuple[str, int, int]]:
    """Return the programs in a session, as ``by_weight`` does; none where they are not known."""
    return by_weight((process["name"], process["memory_bytes"]) for process in record.get("processes") or ())


def by_weight(processes: Iterable[tuple[str, int]]) -> list[tuple[str, int, int]]:
    """Return programs by name, each with how often it runs and how many bytes it takes; the heaviest first.

    :param processes: the name and the bytes of each.
    """
    sizes: defaultdict[str, list[int]] = defaultdict(list)
    for name, size in processes:
        sizes[name].append(size)
    programs = [(name, len(each), sum(each)) for name, each in sizes.items()]
    return sorted(programs, key=lambda program: (-program[2], program[0].casefold()))


def programs_text(record: Mapping[str, Any], shown: Callable[[str], str] = displayable, most: int = 3) -> str:
    """Return the heaviest programs in a session: ``chrome.exe (2) 400 MiB, winword.exe 300 MiB and 3 more``.

    :param shown: makes their names fit to be shown.
    """
    programs = programs_of(record)
    more = len(programs) - most
    named = [program_text(shown(name), count, size) for name, count, size in programs[:most]]
    return ", ".join(named) + (f" and {more} more" if more > 0 else "")


def program_text(name: str, count: int, size: int) -> str:
    """Return a program with how often it runs, and how many bytes that takes."""
    return f"{name} ({count}) {size_text(size)}" if count > 1 else f"{name} {size_text(size)}"
