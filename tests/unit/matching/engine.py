# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Asks the collection which sessions a task means: its Python and, on Mono, its C#, in one process for many cases."""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

from ansible_collections.winops.rds.plugins.plugin_utils import _results
from ansible_collections.winops.rds.plugins.plugin_utils._selection import Selection
from ansible_collections.winops.rds.plugins.plugin_utils._session_action import SessionAction

from simulator import session_table
from simulator.directory import Directory
from simulator.engines import build
from simulator.engines.doorway import read_doorway
from simulator.farm import Host, HostSpec
from simulator.windows_api import Launch, WindowsApi

from .model import Account, Outcome, Session, World

PLUGINS = Path(__file__).parents[3] / "plugins"
COMPUTER_NAME = "RDSH01"
CONNECTING_ACCOUNT = ("CONTOSO", "ansible")

#: Each case runs in threads of its own, and each thread may keep a socket open until the process ends.
_CASES_A_PROCESS = 200

_LARGEST_REPORT = 2**24  # bytes
_PATIENCE = 60.0  # seconds that a case may take


class StoppedClock(session_table.SessionTable):
    """Sessions of which none grows older, so that "at least so long" can be tested at its very edge."""

    NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self.NOW


class Engine:
    """A host without sessions, and a process on it that answers one task after the other in check mode."""

    def __init__(self, source: Path = PLUGINS / "module_utils" / "SessionEngine.cs") -> None:
        self._source = source
        self._runner = asyncio.Runner()
        self._folder = tempfile.TemporaryDirectory()  # not tmp_path, whose length a Unix socket's path may not have
        self._host = Host(HostSpec(name=COMPUTER_NAME), "CONTOSO", "127.0.1.1", Directory("contoso.com"))
        self._api = WindowsApi(Path(self._folder.name) / "socket", [self._host])
        self._doorway = read_doorway((PLUGINS / "modules" / "win_rds_engine.ps1").read_text(encoding="utf-8"))
        self._process: asyncio.subprocess.Process | None = None
        self._launch: Launch | None = None
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
        directory: dict[str, Account] = {}
        for domain, user in accounts:
            account = self._host.directory.add(domain, user)
            directory |= {account.principal_name.upper(): (domain, user), account.sid.upper(): (domain, user)}
        return World(COMPUTER_NAME, CONNECTING_ACCOUNT, directory)

    def outcome(self, sessions: Sequence[Session], options: Mapping[str, Any]) -> Outcome:
        """What a task with these options says, in check mode, on a host with these sessions."""
        self._host.table = StoppedClock()
        for session in sessions:
            self._host.table.add(_simulated(session))
        selection = Selection.from_options(options)
        parameters = self._doorway.parameters(
            "win_rds_engine",
            SessionAction.engine_options(
                selection, "log_off", protect_console=options.get("protect_console", True), wait=True, timeout_ms="1000"
            ),
        )
        report = self._runner.run(self._answer(parameters))
        assert report["error"] is None
        (raw,) = report["servers"]
        server = _results.server_records(raw, selection, "log_off", COMPUTER_NAME)
        assert server.error is None
        assert self._api.mutating_calls_on(self._host) == []
        self._api.calls_on(self._host).clear()
        results = {record["id"]: record["result"] for record in server.records}
        assert len(results) == len(server.records)
        accounts = {session.id: (session.domain, session.user) for session in sessions}
        assert all((record["domain"], record["user"]) == accounts[record["id"]] for record in server.records)
        assert server.changed == ("would_log_off" in results.values())
        matched_by = {record["id"]: set(record["matched_by"]) for record in server.records}
        return Outcome(results, matched_by, set(selection.not_found(server.found)))

    async def _answer(self, parameters: dict[str, Any]) -> dict[str, Any]:
        if self._cases % _CASES_A_PROCESS == 0:
            await self._end()
        if self._process is None:
            await self._start()
        self._cases += 1
        request = {
            "type": self._doorway.type_name,
            "method": self._doorway.method,
            "parameters": parameters,
            "check_mode": True,
        }
        assert self._process and self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps(request).encode() + b"\n")
        try:
            async with asyncio.timeout(_PATIENCE):
                answer = json.loads(await self._process.stdout.readline())
        except (TimeoutError, ValueError):
            if self._process.returncode is None:
                self._process.kill()
            await self._process.wait()
            self._process = None  # the next case gets another
            raise
        assert "error" not in answer, answer["exception"]
        report: dict[str, Any] = answer["report"]
        return report

    async def _start(self) -> None:
        program = await build.program({self._source.stem: self._source.read_text(encoding="utf-8")})
        self._launch, environment = self._api.new_launch(self._host, "\\".join(CONNECTING_ACCOUNT))
        self._process = await asyncio.create_subprocess_exec(
            "mono",
            str(program),
            env={**os.environ, **environment},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=_LARGEST_REPORT,
        )

    async def _end(self) -> None:
        if self._process and self._launch:
            await self._process.communicate(b"")  # the end of its input
            self._process = None
            await self._launch.settled()
            assert self._launch.leaks == 0


def _simulated(session: Session) -> session_table.Session:
    return session_table.Session(
        id=session.id,
        name=session.name,
        user=session.user,
        domain=session.domain,
        state=session_table.State[session.state.upper()],
        client_name=session.client_name,
        client_address=session.client_address,
        logon_time=_ago(session.logged_on),
        last_input_time=_ago(session.idle),
        disconnect_time=_ago(session.disconnected),
    )


def _ago(seconds: float | None) -> datetime | None:
    return None if seconds is None else StoppedClock.NOW - timedelta(seconds=seconds)
