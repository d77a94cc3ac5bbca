# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The shipped C# of sessions on a host that the simulator plays."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from typing import Any

from ansible_collections.winops.rds.plugins.plugin_utils._engine.requests import (
    EngineRequest,
    LogoffRequest,
    milliseconds,
    request,
)
from ansible_collections.winops.rds.plugins.plugin_utils._engine.trace import trace

from simulator.directory import Directory
from simulator.farm import Host, HostSpec
from simulator.windows_api import Call, Launch, Value, WindowsApi
from tests.support import engines
from tests.support.calls import LOGOFF, OPEN_PROCESS, QUERY, SESSION_INFO, TERMINATE, TERMINATE_HERE
from tests.support.csharp import SESSION_ENGINES
from tests.support.engines import CONNECTING_ACCOUNT
from tests.support.selections import selected

#: Of one session: whose it is, protocol, client name and address, and once more whose it is.
QUERIES_BEFORE_THE_ACT = 5

#: Seconds: the server_timeout where a call hangs, and more than a busy machine takes for any other call.
PATIENCE = 1.0

ALICE = {"id": 12, "user": "alice"}
BOB = {"id": 13, "user": "bob"}

Report = dict[str, Any]


def session_host(*sessions: dict[str, Any], **settings: Any) -> Host:
    """A host with these sessions (and session 0, and a listener), in the words of a farm file."""
    spec = HostSpec.model_validate({"name": "RDSH01", "sessions": sessions, **settings})
    return Host(spec, domain="CONTOSO", address="127.0.1.1", directory=Directory("contoso.com"))


def server_report(report: Report, server: str = "") -> Report:
    """A server's part of the report; "" is the host that the engine runs on."""
    assert report["error"] is None
    (of_server,) = (part for part in report["servers"] if part["server"] == server)
    assert of_server["crash"] is None
    return of_server


def results(report: Report, server: str = "") -> dict[int, str]:
    """The result of each selected session of a server that was dealt with, by ID."""
    assert server_report(report, server)["error"] is None
    return {session["id"]: session["result"] for session in server_report(report, server)["sessions"]}


def record(report: Report, session_id: int, server: str = "") -> dict[str, Any]:
    (session,) = (session for session in server_report(report, server)["sessions"] if session["id"] == session_id)
    return session


class Windows(WindowsApi):
    """The API of all hosts of a test. ``on_call`` may let things happen just before a call is carried out."""

    on_call: Callable[[Host, str, tuple[str, ...]], None] | None = None
    gone_session_error: int | None = None
    """The Win32 error by which hosts say that they do not have a session; None: what each host is set to."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._meetings: dict[str, asyncio.Barrier] = {}

    def meet(self, function: str, calls: int) -> None:
        """Let no such call be carried out before so many have begun."""
        self._meetings[function] = asyncio.Barrier(calls)

    async def call(self, launch: Launch, function: str, arguments: tuple[str, ...]) -> list[Value]:
        if self.on_call:
            self.on_call(launch.host, function, arguments)
        if function in self._meetings:
            await self._meetings[function].wait()
        return await super().call(launch, function, arguments)

    def logoffs(self, host: Host) -> list[int | None]:
        """The sessions for which a logoff was requested, with or without success; nothing else was changed."""
        assert {call.function for call in self.mutating_calls_on(host)} <= {LOGOFF}
        return [call.session for call in self.mutating_calls_on(host)]

    def terminations(self, host: Host) -> list[int]:
        """The processes that were to be ended, with or without success: by ID, or one after the other by a handle."""
        ended, opened = [], ""
        for call in self.calls_on(host):
            if call.function == OPEN_PROCESS:
                opened = call.arguments[1]
            elif call.function == TERMINATE_HERE:
                ended.append(int(opened))
            elif call.function == TERMINATE:
                ended.append(int(call.arguments[1]))
        return ended

    def identifications(self, host: Host, session_id: int) -> list[Call]:
        """The queries that read whose session it is."""
        return [call for call in self.calls_on(host) if call.function == QUERY and is_identification(call, session_id)]

    def set_latency(self, seconds: float) -> None:
        """Let each call from host to host take so long."""
        self.rpc_latency = seconds

    async def run(
        self,
        host: Host,
        kind: type[EngineRequest] = LogoffRequest,
        *,
        check_mode: bool = False,
        protect_console: bool = True,
        timeout: float = 10,
        server_timeout: float = 10,
        max_parallel: int | None = None,
        logons: Sequence[str] = (),
        newcomers: bool = True,
        members: dict[str, Any] | None = None,
        account: str = CONNECTING_ACCOUNT,
        hung_servers: int = 0,
        environment: dict[str, str] | None = None,
        **options: Any,
    ) -> Report:
        """Launch the engine of a kind of request once and return its report.

        :param timeout: seconds, as server_timeout; 0: no wait.
        :param members: other members of the request.
        :param account: the one that it runs as.
        :param hung_servers: how many handles cannot be closed, because a call with them is never answered.
        :param options: the selecting options, as a task gives them.
        """
        if self.gone_session_error is not None:
            host.gone_session_error = self.gone_session_error
        given: dict[str, Any] = {"timeout_ms": milliseconds(timeout), "max_parallel": max_parallel}
        given |= {"trace": trace("winops.rds.win_rds_logoff", None, "sessions"), "trace_names": False}
        own = {name: value for name, value in given.items() if name in {field.name for field in fields(kind)}}
        asked = request(
            kind,
            selected(**options),
            check_mode=check_mode,
            protect_console=protect_console,
            logons=tuple(logons),
            newcomers=newcomers,
            **own | (members or {}),
        )
        report: Report = await engines.report(
            self,
            host,
            SESSION_ENGINES[kind.__name__],
            replace(asked, server_timeout_ms=milliseconds(server_timeout)).text,
            account=account,
            environment=environment,
            leaks=hung_servers,
        )
        return report


def is_identification(call: Call, session_id: int) -> bool:
    return call.session == session_id and call.arguments[2] == str(SESSION_INFO)
