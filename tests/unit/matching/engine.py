# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Asks the collection which sessions a task means: its Python and, on Mono, its C#, in one process for many cases."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self

from ansible_collections.winops.rds.plugins.plugin_utils._engine.report import Report, read_report
from ansible_collections.winops.rds.plugins.plugin_utils._engine.requests import LogoffRequest, request
from ansible_collections.winops.rds.plugins.plugin_utils._result import records

from simulator import session_table
from simulator.directory import Directory
from simulator.farm import Host, HostSpec
from simulator.win32 import Win32Error
from simulator.windows_api import WindowsApi
from tests.support.csharp import SESSION_ENGINES
from tests.support.engines import CONNECTING_ACCOUNT, EngineProcess
from tests.support.selections import selected

from .model import NOW, Account, Outcome, Session, World

COMPUTER_NAME = "RDSH01"

#: Each case runs in threads of its own, and each thread may keep a socket open until the process ends.
_CASES_A_PROCESS = 200


class StoppedClock(session_table.SessionTable):
    """Sessions of which none grows older, so that "at least so long" can be tested at its very edge."""

    def now(self) -> datetime:
        return NOW


class Engine:
    """A host without sessions, and a process on it that answers one task after the other in check mode."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self._folder = tempfile.TemporaryDirectory()  # not tmp_path, whose length a Unix socket's path may not have
        self._host = Host(HostSpec(name=COMPUTER_NAME), "CONTOSO", "127.0.1.1", Directory("contoso.com"))
        self._api = WindowsApi(Path(self._folder.name) / "socket", [self._host])
        self._process: EngineProcess | None = None
        self._cases = 0

    def __enter__(self) -> Self:
        self._runner.run(self._api.start())
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._runner.run(self._end())
        finally:
            self._runner.run(self._api.stop())
            self._runner.close()
            self._folder.cleanup()

    def know(self, accounts: Sequence[Account]) -> World:
        """Let the host's directory hold these accounts and no others."""
        self._host.directory = Directory("contoso.com")
        self._host.directory.join(COMPUTER_NAME)
        for domain, user in accounts:
            self._host.directory.add(domain, user)
        domain, _, user = CONNECTING_ACCOUNT.partition("\\")
        return World(COMPUTER_NAME, (domain, user), self._look_up, accounts)

    def _look_up(self, name: str) -> Account | None:
        try:
            account = self._host.directory.find(name, COMPUTER_NAME)
        except Win32Error:
            return None
        return account.domain, account.user

    def outcome(self, sessions: Sequence[Session], options: Mapping[str, Any]) -> Outcome:
        """What a task with these options says, in check mode, on a host with these sessions."""
        self._host.table = StoppedClock()
        for session in sessions:
            self._host.table.add(_simulated(session))
        selection = selected(**{name: value for name, value in options.items() if name != "protect_console"})
        if selection.nobody:
            return Outcome({}, {}, set())
        asked = request(
            LogoffRequest,
            selection,
            check_mode=True,
            protect_console=options.get("protect_console", True),
            timeout_ms=1000,
            max_parallel=None,
            trace="",
            trace_names=True,
        )
        report = self._runner.run(self._report(asked))
        assert report.error is None
        if report.unknown_exclusions:
            self._api.calls_on(self._host).clear()
            names = {asked.label(f"exclude_users:{each.position}")[1] for each in report.unknown_exclusions}
            return Outcome({}, {}, set(), unknown_exclusions=names)
        (told,) = report.servers
        server = records.server_records(told, asked, COMPUTER_NAME, _unexplained, {})
        assert server.error is None
        assert self._api.mutating_calls_on(self._host) == []
        self._api.calls_on(self._host).clear()
        results = {record["id"]: record["result"] for record in server.records}
        assert len(results) == len(server.records)
        accounts = {session.id: (session.domain, session.user) for session in sessions}
        assert all((record["domain"], record["user"]) == accounts[record["id"]] for record in server.records)
        assert server.changed == ("would_log_off" in results.values())
        matched_by = {record["id"]: set(record["matched_by"]) for record in server.records}
        return Outcome(
            results,
            matched_by,
            set(asked.not_in(server.found, "sessions", "users")) - {str(logon) for logon in asked.recorded.values()},
            {record["id"] for record in server.excluded},
            set(asked.not_in(server.found, "exclude_sessions", "exclude_users")),
        )

    async def _report(self, asked: LogoffRequest) -> Report:
        if self._cases % _CASES_A_PROCESS == 0:
            await self._end()
        if self._process is None:
            engine = SESSION_ENGINES[type(asked).__name__]
            self._process = await EngineProcess.start(self._api, self._host, engine)
        self._cases += 1
        try:
            answer = await self._process.answer(asked.text)
        except (TimeoutError, ValueError):
            self._process = None  # the next case gets another
            raise
        assert not answer.get("failed"), answer
        return read_report(answer["report"], asked)

    async def _end(self) -> None:
        if self._process:
            await self._process.end()
            self._process = None


def _unexplained(session: object) -> Any:
    raise AssertionError(session)  # in check mode nothing is left without a reason of Windows


def _simulated(session: Session) -> session_table.Session:
    return session_table.Session(
        id=session.id,
        name=session.name,
        user=session.user,
        domain=session.domain,
        state=session_table.State[session.state.upper()],
        client_name=session.client_name,
        client_address=session.client_address,
        protocol=session_table.Protocol[session.protocol.upper()],
        locked=session.locked,
        logon_time=_ago(session.logged_on),
        last_input_time=_ago(session.idle),
        disconnect_time=_ago(session.disconnected),
    )


def _ago(seconds: float | None) -> datetime | None:
    return None if seconds is None else NOW - timedelta(seconds=seconds)
