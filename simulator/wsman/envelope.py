# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""SOAP envelopes: reading requests, writing replies and faults."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from lxml import etree

from . import faults
from .events import Reply
from .namespaces import ANONYMOUS, PREFIXES, element, qualified

_FAULT_ACTION = "http://schemas.dmtf.org/wbem/wsman/1/wsman/fault"
_ADDRESSING_FAULT_ACTION = PREFIXES["a"] + "/fault"
_MIN_ENVELOPE_SIZE = 8192
_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d*)?)S)?)?")


@dataclass
class Request:
    """One request envelope and who sent it, over which connection, when.

    Until ``read`` it is empty, so that an unreadable envelope can be answered too. Sizes are in bytes, times in
    seconds.
    """

    exchange_id: int
    account: str
    client_address: str
    now: float
    machine: str
    new_id: Callable[[], str]
    activity_id: bool
    max_envelope_size: int
    operation_timeout: float
    delegated: bool = False
    to: str = ""
    message_id: str = ""
    action: str = ""
    resource_uri: str = ""
    selectors: dict[str, str] = field(default_factory=dict)
    options: dict[str, str] = field(default_factory=dict)
    required_options: set[str] = field(default_factory=set)
    body: etree._Element | None = None

    def read(self, envelope: bytes) -> None:
        """Take over what the envelope says.

        :raises Fault: it is not well-formed, is no SOAP envelope, or lacks a header.
        """
        parser = etree.XMLParser(
            resolve_entities=False, no_network=True, huge_tree=False, remove_comments=True, remove_pis=True
        )
        try:
            root = etree.fromstring(envelope, parser)
        except (etree.XMLSyntaxError, ValueError):
            raise faults.schema_validation() from None
        header, body = (root.find(qualified(name)) for name in ("s:Header", "s:Body"))
        if root.getroottree().docinfo.doctype or root.tag != qualified("s:Envelope") or header is None or body is None:
            raise faults.schema_validation()
        self.to = text(header, "a:To")
        self.message_id = text(header, "a:MessageID")
        self.action = text(header, "a:Action")
        self.resource_uri = text(header, "w:ResourceURI")
        if not (self.message_id and self.action and self.resource_uri):
            raise faults.header_missing()
        for selector in header.iterfind(f"{qualified('w:SelectorSet')}/{qualified('w:Selector')}"):
            # [MS-WSMV] 3.1.4.11 writes ShellID, Windows and its clients write ShellId.
            self.selectors[selector.get("Name", "").lower()] = (selector.text or "").strip()
        for option in header.iterfind(f"{qualified('w:OptionSet')}/{qualified('w:Option')}"):
            name = option.get("Name", "")
            self.options[name] = (option.text or "").strip()
            if option.get("MustComply", "").lower() == "true":
                self.required_options.add(name)
        self.body = body[0] if len(body) else None
        if timeout := text(header, "w:OperationTimeout"):
            duration = _seconds(timeout)
            if duration is None:
                raise faults.invalid_timeout(timeout)
            self.operation_timeout = min(self.operation_timeout, duration)
        if size := text(header, "w:MaxEnvelopeSize"):
            try:
                octets = int(size)
            except ValueError:
                raise faults.schema_validation() from None
            if octets < _MIN_ENVELOPE_SIZE:
                raise faults.envelope_too_small()
            self.max_envelope_size = min(self.max_envelope_size, octets)

    def content(self, name: str) -> etree._Element:
        """The element in the body, which must have that name."""
        if self.body is None or self.body.tag != qualified(name):
            raise faults.schema_validation()
        return self.body

    def option(self, name: str) -> bool:
        """Whether that option is there and true."""
        return self.options.get(name, "").lower() in ("true", "1")


def text(parent: etree._Element, name: str, default: str = "") -> str:
    """The text of the child of that name, without white space around it."""
    return (parent.findtext(qualified(name)) or default).strip()


def seconds(duration: str) -> float:
    """An xs:duration of days and smaller units, in seconds.

    :raises Fault: it is none.
    """
    value = _seconds(duration)
    if value is None:
        raise faults.schema_validation()
    return value


def _seconds(duration: str) -> float | None:
    match = _DURATION.fullmatch(duration)
    if match is None or not any(match.groups()):
        return None
    days, hours, minutes, rest = (float(part or 0) for part in match.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + rest


def respond(request: Request, prefixes: str, *content: etree._Element) -> Reply:
    """The successful reply; ``prefixes`` are the namespaces that Windows declares in a reply of its kind."""
    return Reply(request.exchange_id, 200, _envelope(request, prefixes, request.action + "Response", *content))


def respond_fault(request: Request, fault: faults.Fault) -> Reply:
    """The reply that carries a fault. As in Windows its Machine is the host name by which the client calls it."""
    try:
        machine = urlsplit(request.to).hostname or request.machine
    except ValueError:
        machine = request.machine
    action = _ADDRESSING_FAULT_ACTION if fault.is_of_addressing else _FAULT_ACTION
    return Reply(request.exchange_id, 500, _envelope(request, "s a x e n w p", action, fault.element(machine)))


def _envelope(request: Request, prefixes: str, action: str, *content: etree._Element) -> bytes:
    root = etree.Element(qualified("s:Envelope"), nsmap={prefix: PREFIXES[prefix] for prefix in prefixes.split()})
    root.set(qualified("xml:lang"), "en-US")
    header = etree.SubElement(root, qualified("s:Header"))
    header.append(element("a:Action", action))
    header.append(element("a:MessageID", f"uuid:{request.new_id()}"))
    if request.activity_id:
        header.append(element("p:ActivityId", request.new_id()))
    header.append(element("a:To", ANONYMOUS))
    if request.message_id:
        header.append(element("a:RelatesTo", request.message_id))
    etree.SubElement(root, qualified("s:Body")).extend(content)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=False)
