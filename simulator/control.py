# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The control port of a running farm: shows and changes the session tables, and tells what was asked of the hosts.

    GET  /inventory                 an Ansible inventory
    GET  /hosts                     every host with its sessions
    GET  /hosts/{host}              one of them
    POST /hosts/{host}/changes      a list of changes, as in a fault's ``before``: let them happen
    PUT  /hosts/{host}/faults       a list of faults, as in the farm file: these instead of those before
    GET  /hosts/{host}/calls        the calls of the Windows API
    GET  /hosts/{host}/traffic      the HTTP exchanges

All of it is JSON; what is wrong with a request comes back as text with status 400.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

from aiohttp import web
from pydantic import TypeAdapter, ValidationError

from .farm import Change, Fault, Host
from .session_table import Session
from .simulation import Simulation

_CHANGES = TypeAdapter(list[Change])
_FAULTS = TypeAdapter(list[Fault])


class ControlPort:
    """Serves the control port.

    :param port: on 127.0.0.1; 0: any free one.
    """

    def __init__(self, simulation: Simulation, port: int = 0) -> None:
        self._simulation = simulation
        self._port = port
        self._runner: web.AppRunner | None = None

    async def start(self) -> str:
        """Listen; return the URL."""
        application = web.Application()
        application.add_routes(
            [
                web.get("/inventory", self._inventory),
                web.get("/hosts", self._hosts),
                web.get("/hosts/{host}", self._on_host(self._host)),
                web.post("/hosts/{host}/changes", self._on_host(self._changes)),
                web.put("/hosts/{host}/faults", self._on_host(self._faults)),
                web.get("/hosts/{host}/calls", self._on_host(self._calls)),
                web.get("/hosts/{host}/traffic", self._on_host(self._traffic)),
            ]
        )
        self._runner = web.AppRunner(application, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        address, port = self._runner.addresses[0][:2]
        return f"http://{address}:{port}"

    async def stop(self) -> None:
        if self._runner:
            await self._runner.cleanup()

    def _on_host(
        self, answer: Callable[[Host, web.Request], Awaitable[Any]]
    ) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def handle(request: web.Request) -> web.Response:
            host = self._simulation.hosts.get(request.match_info["host"])
            if host is None:
                raise web.HTTPNotFound(text=f"no host {request.match_info['host']}; GET /hosts tells which there are")
            try:
                return web.json_response(await answer(host, request))
            except ValidationError as error:
                raise web.HTTPBadRequest(text=str(error)) from error

        return handle

    async def _inventory(self, request: web.Request) -> web.Response:
        return web.json_response(self._simulation.inventory())

    async def _hosts(self, request: web.Request) -> web.Response:
        return web.json_response([_host_state(host) for host in self._simulation.hosts.values()])

    async def _host(self, host: Host, request: web.Request) -> dict[str, Any]:
        return _host_state(host)

    async def _changes(self, host: Host, request: web.Request) -> dict[str, Any]:
        host.apply(_CHANGES.validate_json(await request.read()))
        return _host_state(host)

    async def _faults(self, host: Host, request: web.Request) -> list[dict[str, Any]]:
        host.faults = _FAULTS.validate_json(await request.read())
        return [fault.model_dump(mode="json", exclude_defaults=True) for fault in host.faults]

    async def _calls(self, host: Host, request: web.Request) -> list[dict[str, Any]]:
        return [asdict(call) for call in self._simulation.calls(host.name)]

    async def _traffic(self, host: Host, request: web.Request) -> list[dict[str, Any]]:
        return [asdict(exchange) for exchange in self._simulation.traffic(host.name)]


def _host_state(host: Host) -> dict[str, Any]:
    sessions = [_session_state(session) for session in host.table.sessions()]
    return {
        "name": host.name,
        "address": host.address,
        "language": host.language,
        "logon_mode": host.registry.logon_mode,
        "sessions": sessions,
        "refused_logons": [asdict(logon) for logon in host.refused_logons],
    }


def _session_state(session: Session) -> dict[str, Any]:
    times = ("logon_time", "connect_time", "disconnect_time", "last_input_time")
    return {
        "id": session.id,
        "name": session.name,
        "user": session.user,
        "domain": session.domain,
        "state": session.state.name.lower(),
        "protocol": session.protocol.name.lower(),
        "client_name": session.client_name,
        "client_address": session.client_address,
        "locked": session.locked,
        "logging_off": session.gone_at is not None,
        "incoming_bytes": session.incoming_bytes,
        "outgoing_bytes": session.outgoing_bytes,
        "messages": [asdict(message) for message in session.messages],
        **{name: moment.isoformat() if (moment := getattr(session, name)) else None for name in times},
    }
