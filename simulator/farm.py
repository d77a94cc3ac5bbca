# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The farm file: which hosts there are, who is on them, and what goes wrong."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import itertools
import math
import re
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, Self

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationError,
    model_validator,
)

from .console import languages
from .directory import Directory
from .message_box import Button
from .registry import LogonMode, Registry
from .session_table import LISTENER_ID, SERVICES_ID, Process, Protocol, Session, SessionTable, State
from .win32 import Win32Error

#: A host may have these, but its console commands say that no text of theirs can be cited.
_LANGUAGES_WITHOUT_WORDING = ("zh-TW",)


class FarmFileError(ValueError):
    """The farm file cannot be used; the message says where and why."""


_UNITS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0}
_DURATION = re.compile("".join(rf"(?:([\d.]+)\s*{unit}\s*)?" for unit in _UNITS))


def _seconds(value: object) -> object:
    if value == "never":
        return float("inf")
    if isinstance(value, str) and value and (match := _DURATION.fullmatch(value)):
        return sum(float(number or 0) * unit for number, unit in zip(match.groups(), _UNITS.values(), strict=True))
    return value


def _finite_or_never(value: float) -> float | str:
    return value if math.isfinite(value) else "never"


#: Seconds: ``90``, ``2h``, ``1d 4h``, or ``never``.
Seconds = Annotated[
    float,
    BeforeValidator(_seconds),
    Field(ge=0),
    PlainSerializer(_finite_or_never, when_used="json"),  # JSON has no infinity
]


#: What runs in each session as the system.
_SYSTEM_PROCESSES = ("csrss.exe", "winlogon.exe", "dwm.exe")


def _known_language(value: str) -> str:
    known = (*languages(), *_LANGUAGES_WITHOUT_WORDING)
    if value not in known:
        raise ValueError(f"{value} is not simulated; accepted are {', '.join(known)}")
    return value


def _ip_address(value: str) -> str:
    return value and str(ipaddress.ip_address(value))


def _button(value: object) -> object:
    """YAML takes yes and no without quotes for true and false."""
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else value


_Bytes = Annotated[int, Field(ge=0, le=0xFFFFFFFF)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SessionSpec(_Model):
    """A session as the farm file writes it; times are relative to now."""

    id: int = Field(ge=1, le=0xFFFFFFFD)
    name: str = Field(default="", max_length=32)
    user: str = Field(default="", description="CONTOSO\\alice, or alice for the farm's domain")
    state: Literal[
        "active", "connected", "connect_query", "shadow", "disconnected", "idle", "reset", "down", "init"
    ] = "active"
    protocol: Literal["console", "ica", "rdp"] | None = Field(
        default=None, description="rdp, or console for the console"
    )
    client_name: str = ""
    client_address: Annotated[str, AfterValidator(_ip_address)] = ""
    locked: bool | None = False
    logged_on: Seconds = 3600.0
    idle: Seconds | None = Field(default=0.0, description="null: Windows does not know")
    disconnected: Seconds = 600.0
    logoff: Seconds = Field(default=0.0, description="how long it takes to log off; never: it hangs")
    disconnect: Seconds = Field(default=0.0, description="how long it takes to disconnect; never: it stays connected")
    answer: Annotated[
        Literal["ok", "cancel", "abort", "retry", "ignore", "yes", "no", "try_again", "continue"] | None,
        BeforeValidator(_button),
    ] = Field(default=None, description="the button with which the user answers a message; null: does not answer")
    answer_after: Seconds = Field(default=0.0, description="how long the user takes to answer")
    incoming_bytes: _Bytes = 0
    outgoing_bytes: _Bytes = 0
    processes: list[str] = Field(default=["explorer.exe"], description="the programs of the user")

    def session(self, table: SessionTable, domain: str) -> Session:
        """Return the session as it is at the table's now."""
        now = table.now()
        user_domain, _, user = self.user.rpartition("\\")
        is_disconnected = self.state == "disconnected"
        name = self.name or ("" if is_disconnected else f"rdp-tcp#{self.id}")
        protocol = self.protocol or ("console" if is_disconnected or name.lower() == "console" else "rdp")
        logon_time = now - timedelta(seconds=self.logged_on) if user else None
        return Session(
            id=self.id,
            name=name,
            user=user,
            domain=(user_domain or domain) if user else "",
            state=State[self.state.upper()],
            protocol=Protocol[protocol.upper()],
            client_name=self.client_name,
            client_address=self.client_address,
            locked=self.locked,
            logon_time=logon_time,
            connect_time=logon_time,
            disconnect_time=now - timedelta(seconds=self.disconnected) if is_disconnected else None,
            last_input_time=None if self.idle is None or not user else now - timedelta(seconds=self.idle),
            logoff_seconds=self.logoff,
            disconnect_seconds=self.disconnect,
            incoming_bytes=self.incoming_bytes,
            outgoing_bytes=self.outgoing_bytes,
            answer=Button[self.answer.upper()] if self.answer else None,
            answer_seconds=self.answer_after,
            processes=self._processes(),
        )

    def _processes(self) -> list[Process]:
        names = [(name, False) for name in _SYSTEM_PROCESSES] + [(name, True) for name in self.processes if self.user]
        return [Process(self.id * 1000 + 4 * n, name, of_user) for n, (name, of_user) in enumerate(names, 1)]


_KINDS_OF_CHANGE = ("put", "remove", "logon", "input", "disconnect", "reconnect", "restart")


class Change(_Model):
    """Something that happens on a host by itself, of one kind. If it is of a session that has gone, nothing happens."""

    after: Seconds = Field(default=0.0, description="so long after what brings it about")
    put: SessionSpec | None = Field(default=None, description="a session appears, or takes over an ID")
    remove: int | None = Field(default=None, description="a session goes")
    logon: SessionSpec | None = Field(
        default=None,
        description="somebody logs on now, if the host accepts logons; an ID that is taken becomes the next free one",
    )
    input: int | None = Field(default=None, description="a session's user touches the keyboard")
    disconnect: int | None = Field(default=None, description="a session's user closes the client")
    reconnect: int | None = Field(default=None, description="a session's user comes back to it")
    client_name: str = Field(default="", description="from where, with reconnect")
    client_address: Annotated[str, AfterValidator(_ip_address)] = ""
    restart: bool = False

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        given = [kind for kind in _KINDS_OF_CHANGE if getattr(self, kind) is not type(self).model_fields[kind].default]
        if len(given) != 1:
            raise ValueError(f"give one of {', '.join(_KINDS_OF_CHANGE)}, not {' and '.join(given) or 'nothing'}")
        if (self.client_name or self.client_address) and self.reconnect is None:
            raise ValueError("client_name and client_address go with reconnect; a session has its own")
        return self


class Fault(_Model):
    """What goes wrong at a call of the Windows API."""

    call: str = Field(description="such as WTSLogoffSession; a trailing W may be left out")
    session: int | None = Field(default=None, description="only at calls for this session")
    after: int = Field(default=0, ge=0, description="the first so many such calls go well")
    times: int | None = Field(default=None, ge=1, description="then so many do not; default all")
    error: int = Field(default=0, ge=0, description="the Win32 error that the call gives, without doing anything")
    delay: Seconds = Field(default=0.0, description="the call takes this long; never: it hangs")
    before: list[Change] = Field(default_factory=list, description="what happens just before the call is carried out")
    then: list[Change] = Field(default_factory=list, description="what happens just after it")

    _seen: int = 0

    def strikes(self, call: str, session: int | None) -> bool:
        """Count this call; return whether the fault happens at it."""
        if call.removesuffix("W") != self.call.removesuffix("W") or self.session not in (None, session):
            return False
        self._seen += 1
        return self.after < self._seen and (self.times is None or self._seen <= self.after + self.times)


class AccountSpec(_Model):
    """The account that Ansible connects with."""

    user: str = "ansible"
    password: str = "Simulated-1"
    domain: str = "CONTOSO"


class HostSpec(_Model):
    """One Remote Desktop Session Host."""

    name: str = Field(pattern=r"^[A-Za-z0-9-]{1,15}$")
    address: str | None = Field(
        default=None, pattern=r"^127(\.\d+){3}$", description="default: the next free of 127.0.1.x"
    )
    language: Annotated[str, AfterValidator(_known_language)] = "en-US"
    windows_version: tuple[int, int] = (10, 0)
    clock_offset: float = Field(default=0.0, description="seconds that the host's clock is ahead")
    sessions: list[SessionSpec] = Field(default_factory=list)
    faults: list[Fault] = Field(default_factory=list)
    events: list[Change] = Field(
        default_factory=list, description="what happens by itself, from when the farm began to be served"
    )
    logon_mode: LogonMode = "enabled"
    rpc: Literal["up", "down"] = Field(default="up", description="whether other hosts reach it by RPC")
    rpc_timeout: Seconds = Field(default=21.0, description="how long a host that is down keeps others waiting")


def _distinct(hosts: list[HostSpec]) -> list[HostSpec]:
    for values in [host.name.upper() for host in hosts], [host.address for host in hosts if host.address]:
        if len(set(values)) < len(values):
            raise ValueError(f"two hosts have the same name or address: {', '.join(values)}")
    return hosts


class FarmSpec(_Model):
    """A farm file."""

    domain: str = "CONTOSO"
    dns_domain: str = "contoso.com"
    accounts: list[str] = Field(
        default_factory=list, description="accounts that exist though nobody is logged on with them"
    )
    account: AccountSpec = AccountSpec()
    http_port: int | None = Field(default=5985, description="null: no HTTP; 0: any free port")
    https_port: int | None = Field(default=5986, description="null: no HTTPS; 0: any free port")
    transport: Literal["basic", "ntlm"] = Field(
        default="ntlm", description="of the inventory; basic is unencrypted on HTTP"
    )
    launch_seconds: Seconds = Field(default=0.0, description="added to each launch: PowerShell takes about a second")
    rpc_latency: Seconds = Field(default=0.0, description="how long each call from host to host takes")
    hosts: Annotated[list[HostSpec], Field(min_length=1), AfterValidator(_distinct)]

    @classmethod
    def load(cls, path: Path) -> FarmSpec:
        """Read a farm file.

        :raises FarmFileError: it is no YAML, or not as described.
        """
        try:
            return cls.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise FarmFileError(f"{path}: {' '.join(str(error).split())}") from error
        except ValidationError as error:
            wrong = (f"{'.'.join(map(str, detail['loc']))}: {detail['msg']}" for detail in error.errors())
            raise FarmFileError(f"{path}: {'; '.join(wrong)}") from error


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
        self.faults = [fault.model_copy(deep=True) for fault in spec.faults]
        self.registry = Registry()
        self.registry.logon_mode = spec.logon_mode
        self.table = SessionTable(clock_offset=timedelta(seconds=spec.clock_offset))
        self.refused_logons: list[RefusedLogon] = []
        self._events = spec.events
        self._timers: list[asyncio.TimerHandle] = []
        for session in spec.sessions:
            self.put(session)

    def start(self) -> None:
        """Let the time of the farm file's events begin."""
        self.apply(self._events)

    def stop(self) -> None:
        """Let nothing happen any more that was to happen later."""
        for timer in self._timers:
            timer.cancel()

    def put(self, spec: SessionSpec) -> None:
        """Let a session appear, or take over an ID."""
        session = spec.session(self.table, self.domain)
        self.table.add(session)
        if session.user:
            self.directory.add(session.domain, session.user)

    @property
    def accepts_logons(self) -> bool:
        """Whether a user who has no session here gets one."""
        return self.registry.logon_mode == "enabled"

    @property
    def accepts_reconnections(self) -> bool:
        """Whether a user gets back the disconnected session that he has here."""
        return self.registry.logon_mode != "disabled"

    def restart(self) -> None:
        """Restart the host, in no time: all sessions are gone, and a logon mode that ends with it has ended."""
        for session in self.table.sessions():
            if session.id not in (SERVICES_ID, LISTENER_ID):
                self.table.remove(session.id)
        self.registry.restart()

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
    directory = Directory(spec.dns_domain)
    for name in (*spec.accounts, f"{spec.account.domain}\\{spec.account.user}"):
        domain, _, user = name.rpartition("\\")
        directory.add(domain or spec.domain, user)
    taken = {host.address for host in spec.hosts}
    free = (f"127.0.{number // 250 + 1}.{number % 250 + 1}" for number in range(250 * 250))
    addresses = [host.address or next(address for address in free if address not in taken) for host in spec.hosts]
    return [Host(host, spec.domain, address, directory) for host, address in zip(spec.hosts, addresses, strict=True)]
