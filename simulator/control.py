# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The control socket of a running farm: shows and changes the session tables, and tells what was asked of the hosts.

Whoever reaches it gets the farm's password, and so runs programs as the user who serves it. So it is a Unix socket in a
folder that only this user may enter: no other user opens it, and no browser.

    GET  /inventory                 an Ansible inventory
    GET  /hosts                     every host with its sessions
    GET  /hosts/{host}              one of them
    POST /hosts/{host}/changes      a list of changes, as in a fault's ``before``: let them happen
    PUT  /hosts/{host}/faults       a list of faults, as in the farm file: these instead of those before
    GET  /hosts/{host}/calls        the calls of the Windows API
    GET  /hosts/{host}/events       the Application log
    GET  /hosts/{host}/traffic      the HTTP exchanges

All of it is JSON; what is wrong with a request comes back as text with status 400.
"""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from aiohttp import web
from pydantic import TypeAdapter, ValidationError

from .farm import Change, Fault, Host
from .private import make_private_folder
from .session_table import Session
from .simulation import Simulation

_CHANGES = TypeAdapter(list[Change])
_FAULTS = TypeAdapter(list[Fault])


class ControlSocket:
    """Serves the control socket.

    :param path: the socket; its folder is made, if there is none.
    """

    def __init__(self, simulation: Simulation, path: Path) -> None:
        self._simulation = simulation
        self._path = path
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Listen.

        :raises OSError: that is not possible; PermissionError where others may enter the folder.
        """
        make_private_folder(self._path.parent)
        if _is_served(self._path):
            raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE), str(self._path))
        application = web.Application()
        application.add_routes(
            [
                web.get("/inventory", self._inventory),
                web.get("/hosts", self._hosts),
                web.get("/hosts/{host}", self._on_host(self._host)),
                web.post("/hosts/{host}/changes", self._on_host(self._changes)),
                web.put("/hosts/{host}/faults", self._on_host(self._faults)),
                web.get("/hosts/{host}/calls", self._on_host(self._calls)),
                web.get("/hosts/{host}/events", self._on_host(self._events)),
                web.get("/hosts/{host}/traffic", self._on_host(self._traffic)),
            ]
        )
        self._runner = web.AppRunner(application, access_log=None)
        await self._runner.setup()
        await web.UnixSite(self._runner, self._path).start()

    async def stop(self) -> None:
        """Stop listening. No harm if it never did."""
        if self._runner:
            await self._runner.cleanup()
            self._path.unlink(missing_ok=True)
            self._runner = None

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

    async def _events(self, host: Host, request: web.Request) -> list[dict[str, Any]]:
        return [{**asdict(event), "time": event.time.isoformat()} for event in host.event_log]

    async def _traffic(self, host: Host, request: web.Request) -> list[dict[str, Any]]:
        return [asdict(exchange) for exchange in self._simulation.traffic(host.name)]


def _is_served(path: Path) -> bool:
    """Whether somebody answers at a socket: one that was left behind may be replaced."""
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(str(path))
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        return True


def _host_state(host: Host) -> dict[str, Any]:
    sessions = [_session_state(session) for session in host.table.sessions()]
    return {
        "name": host.name,
        "address": host.address,
        "language": host.language,
        "logon_mode": host.logon_mode,
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
