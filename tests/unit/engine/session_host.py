# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs the shipped C# on Mono, against a session host that the simulator plays."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ansible_collections.winops.rds.plugins.plugin_utils._selection import Selection

from simulator.directory import Directory
from simulator.engines import build
from simulator.engines.doorway import read_doorway
from simulator.farm import Host, HostSpec
from simulator.windows_api import Call, Launch, Value, WindowsApi

PLUGINS = Path(__file__).parents[3] / "plugins"
SOURCE = PLUGINS / "module_utils" / "SessionEngine.cs"
DOORWAY = PLUGINS / "modules" / "win_rds_engine.ps1"

ENUMERATE = "WTSEnumerateSessionsExW"
QUERY = "WTSQuerySessionInformationW"
LOGOFF = "WTSLogoffSession"
TERMINATE = "WTSTerminateProcess"
SESSION_INFO = 25  # WTSSessionInfoEx, the query that tells whose session it is

#: Of one session: whose it is, protocol, client name and address, and once more whose it is.
QUERIES_BEFORE_THE_ACT = 5

ALICE = {"id": 12, "user": "alice"}
BOB = {"id": 13, "user": "bob"}

MESSAGE_OPTIONS = ("title", "message", "message_style", "message_seconds", "remaining_ms")

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


def results(report: Report, server: str = "") -> dict[int, str | None]:
    """The result of each selected session of a server that was dealt with, by ID."""
    assert server_report(report, server)["error"] is None
    return {session["id"]: session["result"] for session in server_report(report, server)["sessions"]}


def record(report: Report, session_id: int, server: str = "") -> dict[str, Any]:
    (session,) = (session for session in server_report(report, server)["sessions"] if session["id"] == session_id)
    return session


class Windows(WindowsApi):
    """The API of all hosts of a test. ``on_call`` may let things happen just before a call is carried out."""

    on_call: Callable[[Host, str, tuple[str, ...]], None] | None = None

    async def call(self, launch: Launch, function: str, arguments: tuple[str, ...]) -> list[Value]:
        if self.on_call:
            self.on_call(launch.host, function, arguments)
        return await super().call(launch, function, arguments)

    def logoffs(self, host: Host) -> list[int | None]:
        """The sessions for which a logoff was requested, with or without success; nothing else was changed."""
        assert {call.function for call in self.mutating_calls_on(host)} <= {LOGOFF}
        return [call.session for call in self.mutating_calls_on(host)]

    def terminations(self, host: Host) -> list[int]:
        """The processes that were to be ended, with or without success."""
        return [int(call.arguments[1]) for call in self.mutating_calls_on(host) if call.function == TERMINATE]

    def identifications(self, host: Host, session_id: int) -> list[Call]:
        """The queries that read whose session it is."""
        return [call for call in self.calls_on(host) if call.function == QUERY and is_identification(call, session_id)]

    def set_latency(self, seconds: float) -> None:
        """Let each call from host to host take so long."""
        self.rpc_latency = seconds

    async def run(
        self,
        host: Host,
        *,
        check_mode: bool = False,
        protect_console: bool = True,
        wait: bool = True,
        timeout: float = 10,
        server_timeout: float = 10,
        max_parallel: int | None = None,
        terminate: bool = False,
        action: str = "log_off",
        logons: Sequence[str] | None = None,
        newcomers: bool = False,
        message: dict[str, str] | None = None,
        wait_for_answer: bool = False,
        account: str = "CONTOSO\\ansible",
        hung_servers: int = 0,
        environment: dict[str, str] | None = None,
        **options: Any,
    ) -> Report:
        """Launch the engine once and return its report.

        :param timeout: seconds, as server_timeout.
        :param message: those of MESSAGE_OPTIONS that are given.
        :param account: the one that it runs as.
        :param hung_servers: how many handles cannot be closed, because a call with them is never answered.
        :param options: the selecting options, as a task gives them.
        """
        doorway = read_doorway(DOORWAY.read_text(encoding="utf-8"))
        program = await build.program({SOURCE.stem: SOURCE.read_text(encoding="utf-8")})
        launch, variables = self.new_launch(host, account)
        request = {
            "type": doorway.type_name,
            "method": doorway.method,
            "check_mode": check_mode,
            "parameters": {
                **Selection.from_options(options).engine_options(),
                "protect_console": protect_console,
                "wait": wait,
                "timeout_ms": str(round(timeout * 1000)),
                "server_timeout_ms": str(round(server_timeout * 1000)),
                "max_parallel": None if max_parallel is None else str(max_parallel),
                "terminate": terminate,
                "action": action,
                "logons": None if logons is None else list(logons),
                "newcomers": newcomers,
                **dict.fromkeys(MESSAGE_OPTIONS),
                **(message or {}),
                "wait_for_answer": wait_for_answer,
            },
        }
        process = await asyncio.create_subprocess_exec(
            "mono",
            str(program),
            env={**os.environ, **variables, **(environment or {})},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            output, _ = await process.communicate(json.dumps(request).encode())
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        await launch.settled()
        answer = json.loads(output)
        assert "error" not in answer, answer
        assert launch.leaks == hung_servers
        report: Report = answer["report"]
        return report


def is_identification(call: Call, session_id: int) -> bool:
    return call.session == session_id and call.arguments[2] == str(SESSION_INFO)
