# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Sessions and the programs in them: what the engine is asked, and what it reports, member by member as in the C#."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .report import RefusedCall, Report, ReportError, read, read_report
from .requests import SessionInfoRequest


@dataclass(frozen=True)
class RunningProcess:
    """A program that runs in a session."""

    session: int
    """The session's ID."""
    name: str
    pid: int
    memory_bytes: int
    """Its working set, of which Windows tells 32 bits: of 4 GiB and more, the remainder."""
    threads: int
    of_person: bool
    """Whether it runs under somebody's account, and not under one of the system's own."""


@dataclass(frozen=True)
class LostSession:
    """A session that cannot be said to be the one whose programs were listed."""

    id: int
    error: RefusedCall | None
    """Why Windows did not tell; None: it has gone, or its ID is another logon's."""


@dataclass(frozen=True)
class ServerProcesses:
    """The programs in the sessions of one server."""

    running: tuple[RunningProcess, ...]
    """Those that Windows tells the account of: other people's take an administrator."""
    lost: tuple[LostSession, ...]
    error: RefusedCall | None
    """Why they could not be listed."""


@dataclass(frozen=True)
class ProcessesReport(Report):
    """A report on sessions, and on the programs in them."""

    processes: tuple[ServerProcesses, ...]
    """For each server, in the same order."""


class SessionProcessesRequest(SessionInfoRequest):
    """As its base; the programs in the sessions are listed, too."""

    module = "winops.rds.win_rds_session_processes_engine"

    def read(self, answer: Any) -> ProcessesReport:
        read_report(answer, self)
        report: ProcessesReport = read(ProcessesReport, answer, "report")
        if len(report.processes) != len(report.servers):
            raise ReportError("report.processes are not those of the servers")
        for number, (server, processes) in enumerate(zip(report.servers, report.processes, strict=True)):
            if not {process.session for process in processes.running} <= {session.id for session in server.sessions}:
                raise ReportError(f"report.processes[{number}] are of other sessions")
        return report
