# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The hosts of a running farm."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from dataclasses import dataclass
from datetime import timedelta

from ..directory import Directory, Use
from ..event_log import LoggedEvent
from ..permissions import Permissions
from ..process import Process
from ..registry import LogonMode, Registry
from ..session_table import SERVICES_ID, Session, SessionTable, State
from ..win32 import ERROR_NO_SHUTDOWN_IN_PROGRESS, ERROR_SHUTDOWN_IS_SCHEDULED, Win32Error
from .file import Change, FarmSpec, HostSpec, SessionSpec, StartedProcess


@dataclass(frozen=True)
class RefusedLogon:
    """A user whom a host did not let in."""

    account: str
    time: float
    """Seconds on the monotonic clock, as in the call log."""


class Host:
    """A host of a running farm: its sessions, its faults, and the record of what was asked of it."""

    def __init__(self, spec: HostSpec, domain: str, address: str, directory: Directory) -> None:
        self.name = spec.name
        self.domain = domain
        self.address = address
        self.directory = directory
        self.rpc_up = spec.rpc == "up"
        self.rpc_timeout = spec.rpc_timeout
        self.language = spec.language
        self.windows_version = spec.windows_version
        self.permissions = Permissions(
            spec.permissions and {_full_name(name, domain): granted for name, granted in spec.permissions.items()}
        )
        self.logoff_permission = spec.logoff_permission
        self.gone_session_error = spec.gone_session_error
        self.disconnected_message_error = spec.disconnected_message_error
        self.disconnected_again_error = spec.disconnected_again_error
        self.empty_list_error = spec.empty_list_error
        self.process_list_error = spec.process_list_error
        self.console_message_error = spec.console_message_error
        self.mixed_case_names = spec.session_names == "mixed"
        self.ipv6_from_byte = spec.ipv6_from_byte
        self.certificate = spec.certificate
        self.doors = spec.doors
        self.keytab = spec.keytab
        self.winrm_hangs = spec.winrm_hangs
        self.max_shells = spec.max_shells
        self.max_operations = spec.max_operations
        self.launch_faults = [*spec.launch_faults]
        self.faults = [fault.model_copy(deep=True) for fault in spec.faults]
        self.registry = Registry(spec.language)
        self.registry.logon_mode = spec.logon_mode
        self._disables_in_memory = spec.change_logon_disable == "memory"
        self._disabled = False
        self.table = SessionTable(
            clock_offset=timedelta(seconds=spec.clock_offset),
            listeners=spec.listeners,
            last_input_when_disconnected=spec.last_input_when_disconnected,
            keeps_names=spec.reconnected_name == "kept",
        )
        self.event_log: list[LoggedEvent] = []
        self.refused_logons: list[RefusedLogon] = []
        self.started_at = self.table.now() - timedelta(seconds=spec.uptime)
        self._events = spec.events
        self._timers: list[asyncio.TimerHandle] = []
        self._restart: asyncio.TimerHandle | None = None
        directory.join(self.name, spec.language)
        for session in spec.sessions:
            self.put(session)

    def start(self) -> None:
        """Let the time of the farm file's events begin."""
        self.apply(self._events)

    def stop(self) -> None:
        """Let nothing happen any more that was to happen later."""
        for timer in (*self._timers, *filter(None, [self._restart])):
            timer.cancel()

    def put(self, spec: SessionSpec) -> None:
        """Let a session appear, or take over an ID."""
        session = spec.session(self.table, self.domain)
        self.table.add(session)
        if session.user:
            self.directory.add(session.domain, session.user, spec.principal_name)

    def sessions_for(self, account: str) -> list[Session]:
        """Return the sessions that an account is shown.

        "Only sessions for which the caller has WINSTATION_QUERY permission are enumerated":
        https://learn.microsoft.com/openspecs/windows_protocols/ms-tsts/1a7d5d1d-1ce5-448f-bb4a-c79741982edb
        """
        return [session for session in self.table.sessions() if self.permissions.has(account, "query", session)]

    @property
    def logon_mode(self) -> LogonMode:
        """The mode that ``change logon`` shows and sets: that of the registry, unless ``/disable`` writes nothing, as
        was seen on Windows Server 2022 (6a): https://github.com/LISSConsulting/LISSTech.DrainCtl/blob/main/BUGS.md
        """
        return "disabled" if self._disabled else self.registry.logon_mode

    @logon_mode.setter
    def logon_mode(self, mode: LogonMode) -> None:
        self._disabled = mode == "disabled" and self._disables_in_memory
        if not self._disabled:
            self.registry.logon_mode = mode

    @property
    def accepts_logons(self) -> bool:
        """Whether a user who has no session here gets one."""
        return self.logon_mode == "enabled"

    @property
    def accepts_reconnections(self) -> bool:
        """Whether a user gets back the disconnected session that he has here."""
        return self.logon_mode != "disabled"

    def restart(self) -> None:
        """Restart the host, in no time: all sessions are gone, and a logon mode that ends with it has ended."""
        if self._restart:
            self._restart.cancel()
        self._restart = None
        self.started_at = self.table.now()
        for session in self.table.sessions():
            if session.id != SERVICES_ID and session.state is not State.LISTEN:
                self.table.remove(session.id)
        self._disabled = False
        self.registry.restart()

    def schedule_restart(self, seconds: float) -> None:
        """Restart after so many seconds. Needs a running event loop.

        :raises Win32Error: 1190 ERROR_SHUTDOWN_IS_SCHEDULED, that is to happen already.
        """
        if self._restart:
            raise Win32Error(ERROR_SHUTDOWN_IS_SCHEDULED)
        self._restart = asyncio.get_running_loop().call_later(seconds, self.restart)

    def abort_restart(self) -> None:
        """Do not restart after all.

        :raises Win32Error: 1116 ERROR_NO_SHUTDOWN_IN_PROGRESS, nobody has asked for it.
        """
        if not self._restart:
            raise Win32Error(ERROR_NO_SHUTDOWN_IN_PROGRESS)
        self._restart.cancel()
        self._restart = None

    def apply(self, changes: list[Change]) -> None:
        """Let things happen, each when its time comes. Those that take time need a running event loop."""
        for change in changes:
            if change.after:
                timer = asyncio.get_running_loop().call_later(change.after, self._happen, change)
                self._timers.append(timer)
            else:
                self._happen(change)

    def _happen(self, change: Change) -> None:
        with contextlib.suppress(Win32Error):  # the session has gone
            if change.put is not None:
                self.put(change.put)
            if change.remove is not None:
                self.table.remove(change.remove)
            if change.logon is not None:
                self._log_on(change.logon)
            if change.input is not None:
                self.table.change(change.input, last_input_time=self.table.now())
            if change.disconnect is not None:
                self.table.drop(change.disconnect)
            if change.reconnect is not None:
                self._reconnect(change.reconnect, change.client_name, change.client_address)
            if change.restart:
                self.restart()
            if change.start_process is not None:
                self._start(change.start_process)
            if change.end_process is not None:
                self.table.end_process(change.end_process)

    def _start(self, spec: StartedProcess) -> None:
        has_user = bool(self.table.get(spec.session).user)
        started = self.table.now()
        process = Process(spec.id, spec.name, has_user, memory=spec.memory, threads=spec.threads, started=started)
        self.table.start_process(spec.session, process)

    def _log_on(self, spec: SessionSpec) -> None:
        taken = {session.id for session in self.table.sessions()}
        free = next(id for id in itertools.count(spec.id) if id not in taken)
        spec = spec.model_copy(update={"id": free, "logged_on": 0.0})
        if self.accepts_logons:
            self.put(spec)
        else:
            self._refuse(spec.session(self.table, self.domain))

    def _reconnect(self, session_id: int, client_name: str, client_address: str) -> None:
        if self.accepts_reconnections:
            self.table.reconnect(session_id, client_name, client_address)
        else:
            self._refuse(self.table.get(session_id))

    def _refuse(self, session: Session) -> None:
        self.refused_logons.append(RefusedLogon(f"{session.domain}\\{session.user}", time.monotonic()))


def hosts_of(spec: FarmSpec) -> list[Host]:
    """Return the hosts of a farm file, each with an address of its own."""
    directory = Directory(
        spec.dns_domain,
        computer_name=Use[spec.computer_name.upper()],
        entra_display_names=spec.entra_display_names,
    )
    directory.found(spec.domain)
    taken = {host.address for host in spec.hosts}
    free = (f"127.0.{number // 250 + 1}.{number % 250 + 1}" for number in range(250 * 250))
    addresses = [host.address or next(address for address in free if address not in taken) for host in spec.hosts]
    hosts = [Host(host, spec.domain, address, directory) for host, address in zip(spec.hosts, addresses, strict=True)]
    of_ansible = [spec.account.domain] if spec.account.domain else [host.name for host in hosts]
    for name in (*spec.accounts, *(f"{domain}\\{spec.account.user}" for domain in of_ansible)):
        domain, _, user = _full_name(name, spec.domain).partition("\\")
        directory.add(domain, user)
    for name in spec.groups:
        directory.add_group(*_full_name(name, spec.domain).split("\\"))
    return hosts


def _full_name(account: str, domain: str) -> str:
    return account if "\\" in account else f"{domain}\\{account}"
