# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The engine of maintenance on a host whose registry the simulator plays, and which may be cut off at any call."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from ansible_collections.winops.rds.plugins.plugin_utils._engine.trace import trace
from ansible_collections.winops.rds.plugins.plugin_utils._logon_mode.modes import REGISTRY
from ansible_collections.winops.rds.plugins.plugin_utils._maintenance.engine import (
    MaintenanceReport,
    MaintenanceRequest,
)

from simulator.farm import Host
from simulator.farm.file import SessionSpec
from simulator.registry import DISABLED, DRAIN_MODE, LogonMode, Registry
from simulator.session_table import SessionTable
from simulator.win32 import RPC_S_SERVER_UNAVAILABLE, Win32Error
from simulator.windows_api import Launch, Value, WindowsApi
from tests.support.csharp import MAINTENANCE
from tests.support.engines import EngineProcess, answering
from tests.unit.logon_mode.registry_host import registry_host

#: How an event begins, as the requests of these tests say it.
TRACE = trace("winops.rds.win_rds_maintenance", None, "written")

KEY = r"SOFTWARE\winops.rds.maintenance"


class CutApi(WindowsApi):
    """From a call on, nothing is carried out any more: what is on the host then is what a launch leaves that is killed
    there."""

    calls_left: int | None = None

    async def call(self, launch: Launch, function: str, arguments: tuple[str, ...]) -> list[Value]:
        if self.calls_left is not None:
            self.calls_left -= 1
            if self.calls_left < 0:
                raise Win32Error(RPC_S_SERVER_UNAVAILABLE)
        return await super().call(launch, function, arguments)


class MaintainedHost:
    """A host that is in maintenance or not."""

    host: Host

    def begin(self, mode: LogonMode, *sessions: dict[str, Any]) -> None:
        """Let the host be as new, in this logon mode, with these sessions."""
        self.host.registry = Registry()
        self.host.registry.logon_mode = mode
        self.host.table = SessionTable()
        self.host.faults = []
        for session in sessions:
            self.host.put(SessionSpec.model_validate(session))

    @property
    def values(self) -> tuple[Any, Any]:
        """Those of the logon mode; None: there is none."""
        drain, disabled = (self.host.registry.values(key).get(name.upper()) for key, name in (DRAIN_MODE, DISABLED))
        return drain, disabled

    @property
    def mode(self) -> str:
        return self.host.registry.logon_mode

    @property
    def record(self) -> dict[str, Any]:
        """What stands there of maintenance; empty: nothing that counts."""
        values = self.host.registry.values(KEY)
        return values if "SINCE" in values else {}

    @property
    def is_clean(self) -> bool:
        """Whether nothing of maintenance is left."""
        try:
            self.host.registry.require(KEY)
        except Win32Error:
            return True
        return False


class KeptHost(MaintainedHost):
    """A host, and the engine of maintenance, which is asked one thing after the other."""

    def __init__(self, api: CutApi, processes: list[EngineProcess]) -> None:
        self.api = api
        self.may_leak = False
        """Whether keys may stay open: no launch that is cut off closes them."""
        self._processes = processes
        self.host = api.launches[0].host

    async def ask(
        self, request: MaintenanceRequest, *, cut_after: int | None = None, process: int = 0
    ) -> MaintenanceReport:
        self.api.calls_on(self.host).clear()
        self.api.calls_left = cut_after
        answer = await self._processes[process].answer(request.text)
        self.api.calls_left = None
        assert not answer.get("failed"), answer
        return request.read(answer["report"])

    async def enter(
        self, mode: str | None = "drain", *, run: str = "1", name: str = "RDSH01", **how: Any
    ) -> MaintenanceReport:
        """:param mode: None: it is left as it is."""
        cut_after = how.pop("cut_after", None)
        values = REGISTRY[mode] if mode else {}
        request = MaintenanceRequest(
            check_mode=False, enter=True, command="", write_mode=True, host=name, run=run, trace=TRACE
        )
        return await self.ask(replace(request, **{**values, **how}), cut_after=cut_after)

    async def exit(
        self, *, run: str = "2", name: str = "RDSH01", cut_after: int | None = None, **how: Any
    ) -> MaintenanceReport:
        request = MaintenanceRequest(check_mode=False, enter=False, command="", host=name, run=run, trace=TRACE)
        return await self.ask(replace(request, **how), cut_after=cut_after)


@asynccontextmanager
async def kept_host(processes: int = 1) -> AsyncIterator[KeptHost]:
    """:param processes: how many engines may be asked at the same time."""
    async with answering(CutApi) as api:
        host = registry_host()
        started = [await EngineProcess.start(api, host, MAINTENANCE) for _ in range(processes)]
        kept = KeptHost(api, started)
        try:
            yield kept
        finally:
            for process in started:
                await process.end(may_leak=kept.may_leak)
