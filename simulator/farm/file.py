# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The farm file: which hosts there are, who is on them, and what goes wrong."""

from __future__ import annotations

import ipaddress
import math
import re
import secrets
from datetime import datetime, timedelta
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

from ..console import languages
from ..message_box import Button
from ..permissions import Permission
from ..process import Process
from ..registry import LogonMode
from ..session_table import LastInput, Protocol, Session, SessionTable, State

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


def _ago(now: datetime, seconds: float | None) -> datetime | None:
    return None if seconds is None else now - timedelta(seconds=seconds)


def _ip_address(value: str | None) -> str | None:
    return value and str(ipaddress.ip_address(value))


def _button(value: object) -> object:
    """YAML takes yes and no without quotes for true and false."""
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else value


SecondHop = Literal["any", "delegated"]

_Bytes = Annotated[int, Field(ge=0, le=0xFFFFFFFF)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Program(_Model):
    name: str
    memory: int = Field(default=50 << 20, ge=0, description="its working set in bytes, of which Windows tells 32 bits")
    threads: int = Field(default=10, ge=1)


class ProcessSpec(_Program):
    """A program of a session's user."""

    id: int | None = Field(default=None, ge=1, description="default: one that no other session's programs have")


class SessionSpec(_Model):
    """A session as the farm file writes it; times are relative to now."""

    id: int = Field(ge=1, le=0xFFFFFFFD)
    name: str = Field(
        default="", max_length=32, description="default: its listener's, and the number of the connection"
    )
    listener: str | None = Field(default=None, description="by which it came; default: the host's first")
    user: str = Field(default="", description="CONTOSO\\alice, or alice for the farm's domain")
    principal_name: str = Field(default="", description="of an AzureAD user: alice@contoso.com")
    state: Literal[
        "active", "connected", "connect_query", "shadow", "disconnected", "idle", "reset", "down", "init"
    ] = "active"
    protocol: Literal["console", "ica", "rdp"] | None = Field(
        default=None, description="rdp, or console for the console"
    )
    client_name: str | None = Field(default="", description="null: Windows succeeds with a null buffer")
    client_address: Annotated[str | None, AfterValidator(_ip_address)] = Field(
        default="", description="null: Windows succeeds with a null buffer"
    )
    locked: bool | None = False
    logged_on: Seconds = 3600.0
    idle: Seconds | None = Field(default=0.0, description="null: Windows does not know")
    disconnected: Seconds | None = Field(default=600.0, description="null: Windows does not know since when")
    logoff: Seconds = Field(default=0.0, description="how long it takes to log off; never: it hangs")
    disconnect: Seconds = Field(default=0.0, description="how long it takes to disconnect; never: it stays connected")
    answer: Annotated[
        Literal["ok", "cancel", "abort", "retry", "ignore", "yes", "no", "try_again", "continue"] | None,
        BeforeValidator(_button),
    ] = Field(default=None, description="the button with which the user answers a message; null: does not answer")
    answer_after: Seconds = Field(default=0.0, description="how long the user takes to answer")
    incoming_bytes: _Bytes = 0
    outgoing_bytes: _Bytes = 0
    processes: list[str | ProcessSpec] = Field(default=["explorer.exe"], description="the programs of the user")
    stuck: bool = Field(default=False, description="it is down, has lost its user, and stays while its programs run")

    @model_validator(mode="after")
    def _stuck_is_down(self) -> Self:
        if self.stuck and "state" in self.model_fields_set and self.state != "down":
            raise ValueError("a session that is stuck is down")
        return self

    @model_validator(mode="after")
    def _principal_names_of_entra_id(self) -> Self:
        """Others' follow from the farm's dns_domain."""
        if self.principal_name and not self.user.upper().startswith("AZUREAD\\"):
            raise ValueError("principal_name is of a user of Entra ID: AzureAD\\…")
        return self

    def session(self, table: SessionTable, domain: str) -> Session:
        """Return the session as it is at the table's now."""
        now = table.now()
        user_domain, _, user = self.user.rpartition("\\")
        owner = (user_domain or domain, user) if user else None
        is_disconnected = self.state == "disconnected"
        listener = self.listener or table.listeners[0]
        name = self.name or ("" if is_disconnected or self.stuck else table.new_name(self.id, listener))
        protocol = self.protocol or ("console" if is_disconnected or name.lower() == "console" else "rdp")
        began = now - timedelta(seconds=self.logged_on)
        has_user = owner is not None and not self.stuck
        return Session(
            id=self.id,
            name=name,
            listener=listener,
            user=owner[1] if owner and has_user else "",
            domain=owner[0] if owner and has_user else "",
            state=State.DOWN if self.stuck else State[self.state.upper()],
            protocol=Protocol[protocol.upper()],
            client_name=self.client_name,
            client_address=self.client_address,
            locked=self.locked,
            logon_time=began if has_user else None,
            connect_time=began if has_user else None,
            disconnect_time=_ago(now, self.disconnected) if is_disconnected else None,
            last_input_time=_ago(now, self.idle) if has_user else None,
            logoff_seconds=self.logoff,
            disconnect_seconds=self.disconnect,
            incoming_bytes=self.incoming_bytes,
            outgoing_bytes=self.outgoing_bytes,
            answer=Button[self.answer.upper()] if self.answer else None,
            answer_seconds=self.answer_after,
            processes=self._processes(owner, began),
            stuck=self.stuck,
        )

    def _processes(self, owner: tuple[str, str] | None, started: datetime) -> list[Process]:
        programs: list[str | ProcessSpec] = [*_SYSTEM_PROCESSES, *(self.processes if owner else ())]
        processes = []
        for number, program in enumerate(programs, 1):
            spec = program if isinstance(program, ProcessSpec) else ProcessSpec(name=program)
            process_id = self.id * 1000 + 4 * number if spec.id is None else spec.id
            of_user = number > len(_SYSTEM_PROCESSES)
            processes.append(
                Process(
                    process_id, spec.name, of_user, owner, memory=spec.memory, threads=spec.threads, started=started
                )
            )
        return processes


class StartedProcess(_Program):
    """A program that starts, of the user of its session, or of the system where that has none."""

    id: int = Field(ge=1)
    session: int


_KINDS_OF_CHANGE = (
    *("put", "remove", "logon", "input", "disconnect", "reconnect", "restart"),
    *("start_process", "end_process"),
)


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
    start_process: StartedProcess | None = Field(
        default=None, description="a program starts; whichever had its ID has ended before"
    )
    end_process: int | None = Field(default=None, description="a program ends by itself")

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


class LaunchFault(_Model):
    """What goes wrong with a launch of a module, of one kind."""

    compile_error: str | None = Field(default=None, description="its C# does not compile, says the compiler")
    killed: bool = Field(default=False, description="its PowerShell is killed before it has begun")
    cut: int | None = Field(default=None, ge=0, description="it runs, and only so many bytes of its output arrive")

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if (self.compile_error is not None) + self.killed + (self.cut is not None) != 1:
            raise ValueError("give one of compile_error, killed, cut")
        return self


class AccountSpec(_Model):
    """The account that Ansible connects with."""

    user: str = "ansible"
    password: str = Field(
        default_factory=lambda: secrets.token_urlsafe(18), description="default: another one each time"
    )
    domain: str = "CONTOSO"


class HostSpec(_Model):
    """One Remote Desktop Session Host."""

    name: str = Field(pattern=r"^[A-Za-z0-9-]{1,15}$")
    address: str | None = Field(
        default=None, pattern=r"^127(\.\d+){3}$", description="default: the next free of 127.0.1.x"
    )
    language: Annotated[str, AfterValidator(_known_language)] = "en-US"
    windows_version: tuple[int, int] = (10, 0)
    uptime: Seconds = Field(default=7 * 86400.0, description="how long ago the host started")
    clock_offset: float = Field(default=0.0, description="seconds that the host's clock is ahead")
    sessions: list[SessionSpec] = Field(default_factory=list)
    faults: list[Fault] = Field(default_factory=list)
    events: list[Change] = Field(
        default_factory=list, description="what happens by itself, from when the farm began to be served"
    )
    logon_mode: LogonMode = "enabled"
    rpc: Literal["up", "down"] = Field(default="up", description="whether other hosts reach it by RPC")
    rpc_timeout: Seconds = Field(default=21.0, description="how long a host that is down keeps others waiting")
    doors: list[Literal["winrm", "psrp"]] = Field(
        default=["winrm", "psrp"], description="by which of WinRM's two kinds of shells the account gets in"
    )
    winrm_hangs: Literal["Create", "Command", "Send", "Receive", "Signal", "Delete"] | None = Field(
        default=None, description="which requests WinRM takes and never answers"
    )
    max_shells: int | None = Field(default=None, ge=0, description="how many shells WinRM lets an account have at once")
    max_operations: int | None = Field(default=None, ge=0, description="how many commands may be started in a shell")
    certificate: Literal["valid", "expired", "other_name", "unknown_authority"] = Field(
        default="valid", description="for HTTPS; not valid: what is wrong with it"
    )
    permissions: dict[str, list[Permission]] | None = Field(
        default=None, description="what each account may do; null: everybody may do everything"
    )
    logoff_permission: Literal["reset", "logoff"] = Field(
        default="reset", description="which permission a logoff takes"
    )
    gone_session_error: Literal[2, 7022] = Field(
        default=7022, description="what a query of, and an act on, a session that is not there gives"
    )
    disconnected_message_error: int | None = Field(
        default=None, description="what a message to a disconnected session gives; null: it is shown there"
    )
    disconnected_again_error: int = Field(
        default=0, description="what to disconnect a disconnected session gives; 0: it succeeds"
    )
    last_input_when_disconnected: LastInput = Field(
        default="kept", description="what a disconnected session's time of the last input is"
    )
    change_logon_disable: Literal["registry", "memory"] = Field(
        default="registry", description="where `change logon /disable` says that nobody may log on"
    )
    empty_list_error: Literal[0, 5, 259] = Field(
        default=259, description="what the list gives to an account that may see none of the sessions; 0: an empty list"
    )
    process_list_error: Literal[0, 5] = Field(
        default=0, description="what the list of programs gives to an account that is no administrator; 0: its own only"
    )
    console_message_error: Literal[0, 0x8000401A] = Field(
        default=0, description="what a message to the console gives; 0: it is shown"
    )
    listeners: list[str] = Field(default=["rdp-tcp"], min_length=1, description="their names; IDs are from 65536 on")
    reconnected_name: Literal["new", "kept"] = Field(
        default="new", description="whether a session has another name after a reconnection"
    )
    session_names: Literal["lower", "mixed"] = Field(default="lower", description="console and services, or Console")
    keytab: Path | None = Field(
        default=None, description="the keys by which a KDC knows the host; null: it does not take Kerberos"
    )
    launch_faults: list[LaunchFault] = Field(
        default_factory=list, description="what goes wrong with the next launches of modules, a launch each"
    )
    ipv6_from_byte: Literal[0, 2] = Field(default=2, description="where a client's IPv6 address begins")


def _came_by_a_listener(host: HostSpec) -> HostSpec:
    for session in host.sessions:
        if session.listener not in (None, *host.listeners):
            raise ValueError(f"session {session.id}: {host.name} has no listener {session.listener}")
    return host


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
    computer_name: Literal["domain", "computer"] = Field(
        default="domain", description="what the look-up of a computer's own name answers"
    )
    entra_display_names: bool = Field(
        default=False, description="whether AzureAD users are found by the name that their sessions show, too"
    )
    groups: list[str] = Field(default=["Domain Admins", "Domain Users"], description="groups of the domain")
    account: AccountSpec = Field(default_factory=AccountSpec)
    http_port: int | None = Field(default=5985, ge=0, le=65535, description="null: no HTTP; 0: any free port")
    https_port: int | None = Field(default=5986, ge=0, le=65535, description="null: no HTTPS; 0: any free port")
    ssh_port: int | None = Field(default=None, ge=0, le=65535, description="null: no SSH; 0: any free port")
    ssh_shell: Literal["cmd", "powershell"] = Field(
        default="powershell", description="what the hosts' SSH servers give a command line to"
    )
    transport: Literal["basic", "certificate", "credssp", "kerberos", "ntlm"] = Field(
        default="ntlm", description="of the inventory; basic is unencrypted on HTTP; credssp only where it is this"
    )
    second_hop: SecondHop = Field(
        default="any", description="delegated: calls from host to host need credentials that the client handed on"
    )
    launch_seconds: Seconds = Field(default=0.0, description="added to each launch: PowerShell takes about a second")
    rpc_latency: Seconds = Field(default=0.0, description="how long each call from host to host takes")
    hosts: Annotated[
        list[Annotated[HostSpec, AfterValidator(_came_by_a_listener)]], Field(min_length=1), AfterValidator(_distinct)
    ]

    @model_validator(mode="after")
    def _certificate_needs(self) -> Self:
        # https://learn.microsoft.com/windows/win32/winrm/authentication-for-remote-connections
        if self.transport == "certificate" and (self.https_port is None or self.account.domain):
            raise ValueError("a client certificate logs a local account on, by HTTPS: set https_port, and domain: ''")
        return self

    @model_validator(mode="after")
    def _kerberos_needs(self) -> Self:
        if self.transport == "kerberos" and (not self.account.domain or not all(host.keytab for host in self.hosts)):
            raise ValueError("Kerberos is for an account of a domain, and for hosts with a keytab each")
        return self

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
