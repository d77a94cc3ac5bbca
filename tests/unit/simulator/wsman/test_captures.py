# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The requests of recorded exchanges with Windows get replies of the same shape as Windows gave."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
import yaml
from lxml import etree

from simulator.wsman import CommandStarted, Config, Event, Reply, Service
from simulator.wsman.namespaces import PREFIXES, qualified

CAPTURES = Path(__file__).resolve().parents[5] / "shared" / "captures" / "winrs"
FILES = sorted(CAPTURES.glob("*.yml"))

Shape = tuple[str, tuple[tuple[str, str], ...], str, tuple["Shape", ...]]

#: How many recordings of pypsrp's need no PowerShell on the host.
RECORDINGS = 17

# Values that Windows chooses anew in each exchange, or that are settings of the host; to which request a reply relates
# is a test of its own.
CHOSEN = {
    qualified(name)
    for name in ("a:MessageID", "a:RelatesTo", "p:ActivityId", "w:Selector", "rsp:ShellId", "rsp:CommandId")
}
#: The request that this reply (counted from 0) relates to is not in the recording, since its first version: somebody
#: left messages out (the activity IDs of the replies before it tell, too).
RELATES_TO_ANOTHER = [("winrs_unicode", 4)]
ABSENT = pytest.mark.skipif(not FILES, reason="needs ../shared/captures, which is absent")


def shape(node: etree._Element) -> Shape:
    """Element names in order, attributes, texts; except for what differs between two exchanges with Windows itself."""
    attributes = sorted((name, "…" if name == "CommandId" else value) for name, value in node.attrib.items())
    chosen = node.tag in CHOSEN or str(node.tag).startswith(f"{{{PREFIXES['cfg']}}}")
    return (
        str(node.tag),
        tuple(attributes),
        "…" if chosen else (node.text or "").strip(),
        tuple(shape(child) for child in node),
    )


def message_id(request: etree._Element) -> str:
    return request.findtext(".//a:MessageID", "", PREFIXES)


def relates_to(reply: etree._Element) -> str:
    return reply.findtext(".//a:RelatesTo", "", PREFIXES)


def report(service: Service, command_id: str, reply: etree._Element) -> list[Event]:
    """Let the command do what the recorded reply to a Receive shows."""
    events: list[Event] = []
    for stream in reply.iterfind(".//rsp:Stream", PREFIXES):
        events += service.write_output(command_id, stream.attrib["Name"], base64.b64decode(stream.text or ""))
    exit_code = reply.find(".//rsp:ExitCode", PREFIXES)
    if exit_code is not None:
        events += service.finish(command_id, int(exit_code.text or ""), now=0)
    return events


@ABSENT
def test_all_recordings_are_there() -> None:
    assert len(FILES) == RECORDINGS


@ABSENT
def test_windows_relates_each_reply_to_its_request() -> None:
    others = [
        (file.stem, number)
        for file in FILES
        for number, message in enumerate(yaml.safe_load(file.read_text(encoding="utf-8"))["messages"])
        if relates_to(etree.fromstring(message["response"])) != message_id(etree.fromstring(message["request"]))
    ]
    assert others == RELATES_TO_ANOTHER


@ABSENT
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_replies_have_the_shape_that_windows_gave(file: Path) -> None:
    messages = yaml.safe_load(file.read_text(encoding="utf-8"))["messages"]
    service = Service("unused", Config(activity_id="ActivityId" in messages[0]["response"]))
    ours_of: dict[str, str] = {}
    account = command_id = ""
    for exchange_id, message in enumerate(messages):
        recorded = etree.fromstring(message["response"].encode())
        request = message["request"]
        for theirs, ours in ours_of.items():
            request = request.replace(theirs, ours)
        account = recorded.findtext(".//rsp:Owner", account, PREFIXES)
        address = recorded.findtext(".//rsp:ClientIP", "", PREFIXES)
        if recorded.find(".//rsp:ReceiveResponse", PREFIXES) is not None:
            report(service, command_id, recorded)
        events = service.receive(exchange_id, request.encode(), account=account, client_address=address, now=0)
        events = events or service.advance(10)
        command_id = next((event.command_id for event in events if isinstance(event, CommandStarted)), command_id)
        (reply,) = (event for event in events if isinstance(event, Reply))
        replied = etree.fromstring(reply.body)

        assert shape(replied) == shape(recorded)
        assert relates_to(replied) == message_id(etree.fromstring(request))
        assert reply.status == message.get("transport_error", {"code": 200})["code"]
        for path in (".//rsp:ShellId", ".//rsp:CommandId"):
            theirs = recorded.findtext(path, "", PREFIXES)
            if theirs:
                ours_of[theirs] = replied.findtext(path, "", PREFIXES)


def test_shape_sees_differences() -> None:
    recorded = etree.fromstring("<a><b x='1'>t</b><c/></a>")
    for other in ("<a><c/><b x='1'>t</b></a>", "<a><b x='2'>t</b><c/></a>", "<a><b x='1'>u</b><c/></a>", "<a/>"):
        assert shape(etree.fromstring(other)) != shape(recorded)
