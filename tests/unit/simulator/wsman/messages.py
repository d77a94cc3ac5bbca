# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Requests to, and replies of, a service in tests that need no socket."""

from __future__ import annotations

import base64
import uuid
from dataclasses import dataclass, field

from lxml import etree

from simulator.wsman import CommandStarted, Config, Event, Reply, Service
from simulator.wsman.namespaces import PREFIXES, SHELL, TRANSFER

CMD = SHELL + "/cmd"


def envelope(
    action: str,
    body: str = "",
    *,
    resource_uri: str = CMD,
    shell_id: str | None = None,
    options: str = "",
    timeout: str | None = "PT20S",
    max_envelope_size: int = 153600,
    message_id: str = "",
) -> bytes:
    """A request as pywinrm writes it; by default with a MessageID that no other one has."""
    namespaces = " ".join(f'xmlns:{prefix}="{PREFIXES[prefix]}"' for prefix in ("s", "a", "w", "rsp"))
    selector = f'<w:SelectorSet><w:Selector Name="ShellId">{shell_id}</w:Selector></w:SelectorSet>' if shell_id else ""
    timeout_header = f"<w:OperationTimeout>{timeout}</w:OperationTimeout>" if timeout else ""
    return (
        f'<?xml version="1.0" encoding="utf-8"?>\n<s:Envelope {namespaces}><s:Header>'
        f"<a:To>http://windows-host:5985/wsman</a:To><a:MessageID>{message_id or uuid.uuid4().urn}</a:MessageID>"
        f"{timeout_header}<w:MaxEnvelopeSize>{max_envelope_size}</w:MaxEnvelopeSize><w:ResourceURI>{resource_uri}</w:ResourceURI>"
        f"<a:Action>{action}</a:Action>{selector}<w:OptionSet>{options}</w:OptionSet></s:Header>"
        f"<s:Body>{body}</s:Body></s:Envelope>"
    ).encode()


def find(reply: Reply, path: str) -> etree._Element:
    """The element at that path of prefixed names, anywhere in the reply."""
    found = etree.fromstring(reply.body).find(f".//{path}", PREFIXES)
    assert found is not None, reply.body
    return found


def fault_code(reply: Reply) -> int:
    """The code of the WSManFault in a fault reply."""
    assert reply.status == 500
    return int(find(reply, "f:WSManFault").attrib["Code"])


def reply_of(events: list[Event]) -> Reply:
    """The only Reply among the events."""
    (reply,) = (event for event in events if isinstance(event, Reply))
    return reply


def output_of(reply: Reply, stream: str = "stdout") -> bytes:
    """The output in a ReceiveResponse."""
    nodes = etree.fromstring(reply.body).iterfind(f".//rsp:Stream[@Name='{stream}']", PREFIXES)
    return b"".join(base64.b64decode(node.text or "") for node in nodes)


def state_of(reply: Reply) -> str:
    """Running or Done."""
    return find(reply, "rsp:CommandState").attrib["State"].rpartition("/")[2]


@dataclass
class Client:
    """A client of a service, with one shell once ``open`` was called."""

    config: Config = field(default_factory=Config)
    account: str = "RDSH01\\admin"
    now: float = 100.0
    shell_id: str | None = None
    exchange_id: int = 0

    def __post_init__(self) -> None:
        self.service = Service("RDSH01", self.config)

    def send(self, raw: bytes) -> list[Event]:
        self.exchange_id += 1
        return self.service.receive(
            self.exchange_id, raw, account=self.account, client_address="127.0.0.1", now=self.now
        )

    def shell(self, operation: str, body: str = "", **headers: object) -> list[Event]:
        arguments = {"shell_id": self.shell_id, **headers}
        return self.send(envelope(f"{SHELL}/{operation}", body, **arguments))  # type: ignore[arg-type]

    def open(self, body: str = "<rsp:Shell/>", **headers: object) -> Reply:
        arguments: dict[str, object] = headers
        reply = reply_of(self.send(envelope(TRANSFER + "/Create", body, **arguments)))  # type: ignore[arg-type]
        if reply.status == 200:
            self.shell_id = find(reply, "rsp:ShellId").text
        return reply

    def delete(self) -> list[Event]:
        return self.send(envelope(TRANSFER + "/Delete", shell_id=self.shell_id))

    def start(self, line: str = "<rsp:Command>quser</rsp:Command>", **headers: object) -> CommandStarted:
        events = self.shell("Command", f"<rsp:CommandLine>{line}</rsp:CommandLine>", **headers)
        assert isinstance(events[0], CommandStarted), events
        assert find(reply_of(events), "rsp:CommandId").text == events[0].command_id
        return events[0]

    def receive(self, command_id: str, streams: str = "stdout stderr", **headers: object) -> list[Event]:
        body = f'<rsp:Receive><rsp:DesiredStream CommandId="{command_id}">{streams}</rsp:DesiredStream></rsp:Receive>'
        return self.shell("Receive", body, **headers)

    def input(self, command_id: str, data: bytes, *, end: bool = False, name: str = "stdin") -> list[Event]:
        text = base64.b64encode(data).decode()
        stream = f'<rsp:Stream Name="{name}" CommandId="{command_id}" End="{str(end).lower()}">{text}</rsp:Stream>'
        return self.shell("Send", f"<rsp:Send>{stream}</rsp:Send>")

    def signal(self, command_id: str, code: str) -> list[Event]:
        body = f'<rsp:Signal CommandId="{command_id}"><rsp:Code>{SHELL}/signal/{code}</rsp:Code></rsp:Signal>'
        return self.shell("Signal", body)
