# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The WS-Management service of one host: envelopes, reports and the time go in, events come out."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Protocol

from . import faults
from .command_shell import CommandShells
from .config import Config, ConfigResource
from .envelope import Request, respond_fault
from .events import Event
from .shell_resource import ShellResource


class Resource(Protocol):
    """What answers the requests for one resource URI."""

    uri: str

    def handle(self, request: Request) -> Iterable[Event]:
        """The events that the request leads to, its Reply among them unless that comes later.

        :raises Fault: it cannot be done.
        """


class Service:
    """The protocol without any input or output of its own.

    Every request that ``receive`` takes is answered by exactly one Reply, in the events of that call or of a later one,
    unless it is abandoned. ``now`` is any clock in seconds that never goes back.

    :param machine: the host's name.
    :param config: its WinRM configuration.
    :param shells: what answers for shells, one for each kind.
    :param closed: resource URIs that nobody may use.
    :param new_id: makes IDs; tests pass their own.
    """

    def __init__(
        self,
        machine: str,
        config: Config | None = None,
        *,
        shells: Sequence[type[ShellResource]] = (CommandShells,),
        closed: Collection[str] = (),
        new_id: Callable[[], str] = lambda: str(uuid.uuid4()).upper(),
    ) -> None:
        self.machine = machine
        self.config = config or Config()
        self._closed = closed
        self._new_id = new_id
        self._shells = [kind(self.config) for kind in shells]
        resources: tuple[Resource, ...] = (*self._shells, ConfigResource(self.config))
        self._resources = {resource.uri: resource for resource in resources}

    def receive(
        self,
        exchange_id: int,
        envelope: bytes,
        *,
        account: str,
        client_address: str,
        now: float,
        delegated: bool = False,
    ) -> list[Event]:
        """Take a request. ``exchange_id`` is the caller's, and comes back in the Reply.

        :param delegated: whether the account handed on credentials for other hosts.
        """
        request = Request(
            exchange_id,
            account,
            client_address,
            now,
            self.machine,
            self._new_id,
            self.config.activity_id,
            max_envelope_size=self.config.max_envelope_size_kb * 1024,
            operation_timeout=self.config.max_timeout,
            delegated=delegated,
        )
        events: list[Event] = []
        try:
            request.read(envelope)
            resource = self._resources.get(request.resource_uri)
            if request.resource_uri in self._closed:
                raise faults.access_denied()
            if resource is None:
                raise faults.resource_uri_not_found(request.resource_uri)
            events.extend(resource.handle(request))
        except faults.Fault as fault:
            events.append(respond_fault(request, fault))
        return events

    def write_output(self, command_id: str, stream: str, data: bytes) -> list[Event]:
        """A command wrote ``data`` to ``stream``: ``stdout`` or ``stderr``."""
        return [event for shells in self._shells for event in shells.write_output(command_id, stream, data)]

    def finish(self, command_id: str, exit_code: int, *, now: float) -> list[Event]:
        """A command ended."""
        return [event for shells in self._shells for event in shells.finish(command_id, exit_code, now)]

    def abandon(self, exchange_id: int) -> None:
        """The connection on which the answer was awaited is gone."""
        for shells in self._shells:
            shells.abandon(exchange_id)

    def next_timeout(self) -> float | None:
        """When ``advance`` must be called at the latest; None: not before the next event."""
        timeouts = (shells.next_timeout() for shells in self._shells)
        return min((timeout for timeout in timeouts if timeout is not None), default=None)

    def advance(self, now: float) -> list[Event]:
        """Let time pass."""
        return [event for shells in self._shells for event in shells.advance(now)]

    def close(self) -> list[Event]:
        """Close every shell, as when the WinRM service stops."""
        return [event for shells in self._shells for event in shells.close()]
