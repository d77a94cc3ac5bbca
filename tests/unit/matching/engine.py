# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Asks the collection which sessions a task means: its Python and, on Mono, its C#, in one process for many cases."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
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

from .model import NOW, Account, Logon, Outcome, Place, Session, World, fold, on_one_host

COMPUTER_NAME = "RDSH01"
HOSTS = (COMPUTER_NAME, "RDSH02", "RDSH03")

#: Each case runs in threads of its own, and each thread may keep a socket open until the process ends.
_CASES_A_PROCESS = 200


class StoppedClock(session_table.SessionTable):
    """Sessions of which none grows older, so that "at least so long" can be tested at its very edge."""

    def now(self) -> datetime:
        return NOW


class Engine:
    """Hosts without sessions, and a process on the first that answers one task after the other in check mode."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self._folder = tempfile.TemporaryDirectory()  # not tmp_path, whose length a Unix socket's path may not have
        directory = Directory("contoso.com")
        self._hosts = {
            name: Host(HostSpec(name=name), "CONTOSO", f"127.0.1.{number}", directory)
            for number, name in enumerate(HOSTS, 1)
        }
        self._host = self._hosts[COMPUTER_NAME]
        self._api = WindowsApi(Path(self._folder.name) / "socket", [*self._hosts.values()])
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
        """Let the hosts' directory hold these accounts and no others."""
        directory = Directory("contoso.com")
        for host in self._hosts.values():
            host.directory = directory
            directory.join(host.name)
        for domain, user in accounts:
            directory.add(domain, user)
        domain, _, user = CONNECTING_ACCOUNT.partition("\\")
        # Of names that are one to a directory, as müller and muller are, it holds the last.
        held = [account for account in accounts if self._look_up("\\".join(account)) == account]
        return World(COMPUTER_NAME, (domain, user), self._look_up, held)

    def _look_up(self, name: str) -> Account | None:
        try:
            account = self._host.directory.find(name, COMPUTER_NAME)
        except Win32Error:
            return None
        return account.domain, account.user

    def outcome(self, sessions: Sequence[Session], options: Mapping[str, Any]) -> Outcome:
        """What a task with these options says, in check mode, on a host with these sessions."""
        return on_one_host(self.farm_outcome({COMPUTER_NAME: sessions}, options))

    def farm_outcome(self, farm: Mapping[str, Sequence[Session]], options: Mapping[str, Any]) -> Outcome:
        """What it says on hosts with these sessions."""
        asked = self._asked(options)
        if asked is None:
            return Outcome({}, {}, set())
        report = self._told(farm, asked)
        if report.foreign_record:
            return Outcome({}, {}, set(), is_foreign=True)
        if report.unknown_exclusions:
            names = {asked.label(f"exclude_users:{each.position}")[1] for each in report.unknown_exclusions}
            return Outcome({}, {}, set(), unknown_exclusions=names)
        servers = [records.server_records(each, asked, COMPUTER_NAME, _unexplained, {}) for each in report.servers]
        assert not any(server.error for server in servers)
        told = [record for server in servers for record in server.records]
        results = {_place(record): record["result"] for record in told}
        assert len(results) == len(told)
        accounts = {(host, each.id): (each.domain, each.user) for host, sessions in farm.items() for each in sessions}
        assert all((record["domain"], record["user"]) == accounts[_place(record)] for record in told)
        assert any(server.changed for server in servers) == ("would_log_off" in results.values())
        found = {label for server in servers for label in server.found}
        return Outcome(
            results,
            {_place(record): set(record["matched_by"]) for record in told},
            set(asked.not_in(found, "sessions", "users")) - {str(logon) for logon in asked.recorded.values()},
            {_place(record) for server in servers for record in server.excluded},
            set(asked.not_in(found, "exclude_sessions", "exclude_users")),
        )

    def grace_period(
        self,
        first: Sequence[Session],
        later: Sequence[Session],
        options: Mapping[str, Any],
        *,
        newcomers: bool,
    ) -> tuple[set[Logon], set[Logon], dict[int, str], set[int]] | None:
        """Who is warned on a host, whom an exclusion fits then, and what a later step says: results, and who is
        excluded. None: the task stops."""
        asked = self._asked(options)
        if asked is None:
            return None
        warning = self._told({COMPUTER_NAME: first}, asked)
        if not warning.servers:
            return None
        warned = [each.logon for each in warning.servers[0].sessions if each.result == "would_log_off"]
        spared = warning.servers[0].spared
        later_asked = replace(asked, logons=tuple(warned), exclude_logons=spared, newcomers=newcomers)
        told = self._told({COMPUTER_NAME: later}, later_asked)
        if not told.servers:
            return None
        results = {each.id: each.result for each in told.servers[0].sessions}
        excluded = {each.id for each in told.servers[0].excluded}
        return {*map(_logon, warned)}, {*map(_logon, spared)}, results, excluded

    def _asked(self, options: Mapping[str, Any]) -> LogoffRequest | None:
        selection = selected(**{name: value for name, value in options.items() if name != "protect_console"})
        if selection.nobody:
            return None
        return request(
            LogoffRequest,
            selection,
            check_mode=True,
            protect_console=options.get("protect_console", True),
            timeout_ms=1000,
            max_parallel=None,
            trace="",
            trace_names=True,
        )

    def _told(self, farm: Mapping[str, Sequence[Session]], asked: LogoffRequest) -> Report:
        for name, host in self._hosts.items():
            host.table = StoppedClock()
            for session in farm.get(name, ()):
                host.table.add(_simulated(session))
        report = self._runner.run(self._report(asked))
        assert report.error is None
        for host in self._hosts.values():
            assert self._api.mutating_calls_on(host) == []
            self._api.calls_on(host).clear()
        return report

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


def _place(record: Mapping[str, Any]) -> Place:
    return record["server"].partition(".")[0].upper(), record["id"]


def _logon(text: str) -> Logon:
    """A logon as an engine names it."""
    _server, id, account, ticks = text.split("|")
    return int(id), fold(account), int(ticks) // 10 if ticks else None


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
