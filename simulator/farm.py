# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The farm file: which hosts there are, who is on them, and what goes wrong."""

from __future__ import annotations

import ipaddress
import math
import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, ValidationError

from .console import languages
from .directory import Directory
from .session_table import Process, Protocol, Session, SessionTable, State

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
            processes=self._processes(),
        )

    def _processes(self) -> list[Process]:
        names = [(name, False) for name in _SYSTEM_PROCESSES] + [(name, True) for name in self.processes if self.user]
        return [Process(self.id * 1000 + 4 * n, name, of_user) for n, (name, of_user) in enumerate(names, 1)]


class Change(_Model):
    """Something that happens on a host by itself: a session appears (or takes over an ID), or goes."""

    put: SessionSpec | None = None
    remove: int | None = None


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
        self.table = SessionTable(clock_offset=timedelta(seconds=spec.clock_offset))
        for session in spec.sessions:
            self.put(session)

    def put(self, spec: SessionSpec) -> None:
        """Let a session appear, or take over an ID."""
        session = spec.session(self.table, self.domain)
        self.table.add(session)
        if session.user:
            self.directory.add(session.domain, session.user)

    def apply(self, changes: list[Change]) -> None:
        """Let things happen."""
        for change in changes:
            if change.put is not None:
                self.put(change.put)
            if change.remove is not None:
                self.table.remove(change.remove)


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
