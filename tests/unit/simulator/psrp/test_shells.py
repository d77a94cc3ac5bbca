# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runspace pools over WS-Management, spoken to by the client side of psrpcore: no sockets, explicit time."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import psrpcore
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from psrpcore.types import HostMethodIdentifier, PSInvocationState, RunspacePoolState

from simulator.engines.payload import encoded_script
from simulator.psrp import RunspacePools
from simulator.wsman import CommandSignalled, CommandStarted, Event, InputReceived, Reply, Service, ShellDeleted
from simulator.wsman.namespaces import PREFIXES, TRANSFER
from tests.unit.simulator.wsman.messages import Client, envelope, fault_code, find, output_of, reply_of, state_of

RECEIVE = "<rsp:Receive><rsp:DesiredStream{}>stdout</rsp:DesiredStream></rsp:Receive>"
COMMAND = '<rsp:CommandLine CommandId="{}"><rsp:Command/><rsp:Arguments>{}</rsp:Arguments></rsp:CommandLine>'
SCHEMA_VALIDATION = 2150858817
TIMED_OUT = 2150858793


@dataclass
class PoolClient(Client):
    """A client with one runspace pool."""

    pool: psrpcore.ClientRunspacePool = field(default_factory=psrpcore.ClientRunspacePool)

    def __post_init__(self) -> None:
        self.service = Service("RDSH01", self.config, shells=(RunspacePools,))

    def shell(self, operation: str, body: str = "", **headers: object) -> list[Event]:
        return super().shell(operation, body, resource_uri=RunspacePools.uri, **headers)

    def create(self, creation_xml: bytes, shell_id: object) -> Reply:
        text = base64.b64encode(creation_xml).decode()
        return self.open(
            f'<rsp:Shell ShellId="{str(shell_id).upper()}"><rsp:InputStreams>stdin pr</rsp:InputStreams>'
            "<rsp:OutputStreams>stdout</rsp:OutputStreams>"
            f'<creationXml xmlns="{PREFIXES["psrp"]}">{text}</creationXml></rsp:Shell>',
            resource_uri=RunspacePools.uri,
        )

    def opened(self) -> PoolClient:
        self.pool.open()
        assert self.create(self.outgoing(), self.pool.runspace_pool_id).status == 200
        while self.pool.state != RunspacePoolState.Opened:
            list(self.messages(reply_of(self.shell("Receive", RECEIVE.format("")))))
        return self

    def outgoing(self) -> bytes:
        payload = self.pool.data_to_send()
        assert payload
        return payload.data

    def run(self, script: str, *, no_input: bool = True) -> tuple[psrpcore.ClientPowerShell, list[Event]]:
        pipeline = psrpcore.ClientPowerShell(self.pool, no_input=no_input)
        pipeline.add_script(script)
        return pipeline, self.start_pipeline(pipeline)

    def start_pipeline(self, pipeline: psrpcore.ClientPowerShell) -> list[Event]:
        pipeline.start()
        body = COMMAND.format(str(pipeline.pipeline_id).upper(), base64.b64encode(self.outgoing()).decode())
        return self.shell("Command", body)

    def output(self, pipeline: psrpcore.ClientPowerShell, **headers: object) -> list[Event]:
        return self.shell("Receive", RECEIVE.format(f' CommandId="{pipeline.pipeline_id}"'), **headers)

    def messages(self, reply: Reply) -> Iterator[psrpcore.PSRPEvent[Any, Any]]:
        self.pool.receive_data(psrpcore.PSRPPayload(output_of(reply), psrpcore.StreamType.default, None))
        while (event := self.pool.next_event()) is not None:
            yield event


@pytest.fixture
def client() -> PoolClient:
    return PoolClient().opened()


def script_of(started: Event) -> str | None:
    assert isinstance(started, CommandStarted), started
    return encoded_script(" ".join([started.invocation.command, *started.invocation.arguments]))


def test_reply_to_create_tells_what_windows_tells_of_a_pool() -> None:
    client = PoolClient()
    client.pool.open()
    shell = find(client.create(client.outgoing(), client.pool.runspace_pool_id), "rsp:Shell")
    assert [child.tag.rpartition("}")[2] for child in shell][4:] == [
        *("ProcessId", "IdleTimeOut", "InputStreams", "OutputStreams", "MaxIdleTimeOut", "Locale", "DataLocale"),
        *("CompressionMode", "ProfileLoaded", "Encoding", "BufferMode", "State", "ShellRunTime", "ShellInactivity"),
    ]
    assert shell.findtext("rsp:ShellId", "", PREFIXES) == str(client.pool.runspace_pool_id).upper()


@pytest.mark.parametrize("creation_xml", [b"", b"junk", bytes(64)])
def test_create_without_a_pool_is_refused(creation_xml: bytes) -> None:
    assert fault_code(PoolClient().create(creation_xml, "00000000-0000-0000-0000-000000000001")) == SCHEMA_VALIDATION


def test_a_shell_may_have_another_id_than_its_pool() -> None:
    client = PoolClient()
    client.pool.open()
    shell_id = "00000000-0000-0000-0000-000000000001"
    assert find(client.create(client.outgoing(), shell_id), "rsp:ShellId").text == shell_id
    while client.pool.state != RunspacePoolState.Opened:
        list(client.messages(reply_of(client.shell("Receive", RECEIVE.format("")))))
    pipeline, _ = client.run("Get-Something")
    client.service.finish(str(pipeline.pipeline_id), 0, now=client.now)
    (state,) = client.messages(reply_of(client.output(pipeline)))
    assert isinstance(state, psrpcore.PipelineStateEvent) and state.state == PSInvocationState.Completed


def test_get_tells_of_a_pool() -> None:
    client = PoolClient().opened()
    request = envelope(TRANSFER + "/Get", shell_id=client.shell_id, resource_uri=RunspacePools.uri)
    assert find(reply_of(client.send(request)), "rsp:Shell/rsp:State").text == "Connected"


def test_pool_tells_its_state_in_a_reply_of_its_own() -> None:
    client = PoolClient()
    client.pool.open()
    client.create(client.outgoing(), client.pool.runspace_pool_id)
    kinds = [
        [type(message) for message in client.messages(reply_of(client.shell("Receive", RECEIVE.format(""))))]
        for _ in range(2)
    ]
    assert kinds == [
        [psrpcore.SessionCapabilityEvent, psrpcore.ApplicationPrivateDataEvent],
        [psrpcore.RunspacePoolStateEvent],
    ]


def test_script_runs_and_its_lines_come_back_as_objects(client: PoolClient) -> None:
    pipeline, (started, no_input, reply) = client.run("Get-Something")
    assert script_of(started) == "Get-Something"
    command_id = str(pipeline.pipeline_id).upper()
    assert no_input == InputReceived(command_id, b"", True)
    assert isinstance(reply, Reply)
    client.service.write_output(command_id, "stdout", "première\r\n".encode())
    client.service.write_output(command_id, "stdout", b"second\r\n\r\n")
    client.service.finish(command_id, 0, now=client.now)
    reply = reply_of(client.output(pipeline))
    output, state = [], None
    for message in client.messages(reply):
        if isinstance(message, psrpcore.PipelineOutputEvent):
            output.append(message.data)
        elif isinstance(message, psrpcore.PipelineStateEvent):
            state = message.state
    assert output == ["première", "second", ""]
    assert state == PSInvocationState.Completed
    assert find(reply, "rsp:ExitCode").text == "0"


def test_the_last_reply_ends_no_stream(client: PoolClient) -> None:
    """As recorded: of a command shell Windows sends an empty Stream with End for each, and of a pool none."""
    pipeline, _ = client.run("Get-Something")
    client.service.finish(str(pipeline.pipeline_id), 0, now=client.now)
    reply = reply_of(client.output(pipeline))
    assert state_of(reply) == "Done"
    assert [stream.get("End") for stream in etree.fromstring(reply.body).iterfind(".//rsp:Stream", PREFIXES)] == [None]


def test_errors_and_the_exit_code_come_back_as_powershell_sends_them(client: PoolClient) -> None:
    pipeline, _ = client.run("exit 7")
    command_id = str(pipeline.pipeline_id).upper()
    client.service.write_output(command_id, "stderr", b"No such thing\r\n")
    client.service.finish(command_id, 7, now=client.now)
    error, call, _ = client.messages(reply_of(client.output(pipeline)))
    assert isinstance(error, psrpcore.ErrorRecordEvent) and isinstance(call, psrpcore.PipelineHostCallEvent)
    assert (error.record.FullyQualifiedErrorId, str(error.record)) == ("NativeCommandError", "No such thing")
    assert (call.method_identifier, call.method_parameters) == (HostMethodIdentifier.SetShouldExit, [7])


def test_input_arrives_as_lines_until_its_end(client: PoolClient) -> None:
    pipeline, (_, reply) = client.run("$input", no_input=False)
    assert isinstance(reply, Reply)
    pipeline.send("один")
    pipeline.send("two")
    pipeline.send_eof()
    text = base64.b64encode(client.outgoing()).decode()
    stream = f'<rsp:Stream Name="stdin" CommandId="{pipeline.pipeline_id}">{text}</rsp:Stream>'
    *received, reply = client.shell("Send", f"<rsp:Send>{stream}</rsp:Send>")
    command_id = str(pipeline.pipeline_id).upper()
    assert received == [
        InputReceived(command_id, "один\n".encode(), False),
        InputReceived(command_id, b"two\n", False),
        InputReceived(command_id, b"", True),
    ]


def test_long_output_arrives_whole_in_small_envelopes(client: PoolClient) -> None:
    pipeline, _ = client.run("long")
    command_id, text = str(pipeline.pipeline_id).upper(), "x" * 50_000
    client.service.write_output(command_id, "stdout", text.encode())
    client.service.finish(command_id, 0, now=client.now)
    replies, output = 0, []
    while pipeline.state != PSInvocationState.Completed:
        reply = reply_of(client.output(pipeline, max_envelope_size=8192))
        assert len(reply.body) <= 8192
        replies += 1
        output += [m.data for m in client.messages(reply) if isinstance(m, psrpcore.PipelineOutputEvent)]
    assert output == [text]
    assert replies > 6


def test_receive_waits_for_output_until_its_operation_timeout(client: PoolClient) -> None:
    pipeline, _ = client.run("slow")
    assert client.output(pipeline, timeout="PT20S") == []
    assert client.service.next_timeout() == client.now + 20
    assert fault_code(reply_of(client.service.advance(client.now + 20))) == TIMED_OUT
    assert client.output(pipeline, timeout="PT20S") == []
    (reply,) = client.service.finish(str(pipeline.pipeline_id), 0, now=client.now)
    assert isinstance(reply, Reply) and reply.status == 200


@pytest.mark.parametrize("code", ["powershell/signal/ctrl_c", "powershell/signal/crtl_c"])
def test_client_stops_a_pipeline(client: PoolClient, code: str) -> None:
    pipeline, _ = client.run("slow")
    body = f'<rsp:Signal CommandId="{pipeline.pipeline_id}"><rsp:Code>{code}</rsp:Code></rsp:Signal>'
    signalled, reply = client.shell("Signal", body)
    assert signalled == CommandSignalled(str(pipeline.pipeline_id).upper(), code)
    assert isinstance(reply, Reply) and reply.status == 200
    assert client.service.finish(str(pipeline.pipeline_id), 0, now=client.now) == []
    (message,) = client.messages(reply_of(client.output(pipeline)))
    assert isinstance(message, psrpcore.PipelineStateEvent) and message.state == PSInvocationState.Stopped


def test_stopping_an_ended_pipeline_does_nothing(client: PoolClient) -> None:
    pipeline, _ = client.run("quick")
    client.service.finish(str(pipeline.pipeline_id), 0, now=client.now)
    code = "<rsp:Code>powershell/signal/ctrl_c</rsp:Code>"
    (reply,) = client.shell("Signal", f'<rsp:Signal CommandId="{pipeline.pipeline_id}">{code}</rsp:Signal>')
    assert isinstance(reply, Reply) and reply.status == 200


@pytest.mark.parametrize("kind", ["command", "arguments", "statements"])
def test_what_is_not_one_script_is_refused_in_words(client: PoolClient, kind: str) -> None:
    pipeline = psrpcore.ClientPowerShell(client.pool)
    if kind == "command":
        pipeline.add_command("Get-Process")
    else:
        pipeline.add_script("first")
    if kind == "arguments":
        pipeline.add_argument("value")
    if kind == "statements":
        pipeline.add_statement()
        pipeline.add_script("second")
    assert [type(event) for event in client.start_pipeline(pipeline)] == [Reply]
    error, *_ = client.messages(reply_of(client.output(pipeline)))
    assert isinstance(error, psrpcore.ErrorRecordEvent)
    assert "one script without arguments" in str(error.record)


def test_command_that_holds_no_pipeline_is_refused(client: PoolClient) -> None:
    for command_id, arguments in (("no uuid", ""), ("00000000-0000-0000-0000-000000000002", "AAAA"), ("x", "*")):
        assert fault_code(reply_of(client.shell("Command", COMMAND.format(command_id, arguments)))) == SCHEMA_VALIDATION
    assert client.service.next_timeout() is not None  # nothing runs, so the pool can become idle


@given(st.data())
def test_damaged_fragments_are_refused_and_nothing_else(data: st.DataObject) -> None:
    client = PoolClient().opened()
    pipeline, _ = client.run("$input", no_input=False)
    pipeline.send("text")
    fragments = bytearray(client.outgoing())
    for position in data.draw(st.lists(st.integers(0, len(fragments) - 1), min_size=1, max_size=4)):
        fragments[position] = data.draw(st.integers(0, 255))
    text = base64.b64encode(fragments).decode()
    stream = f'<rsp:Stream Name="stdin" CommandId="{pipeline.pipeline_id}">{text}</rsp:Stream>'
    reply = reply_of(client.shell("Send", f"<rsp:Send>{stream}</rsp:Send>"))
    assert reply.status == 200 or fault_code(reply) == SCHEMA_VALIDATION


def test_questions_about_the_pool_are_answered(client: PoolClient) -> None:
    client.pool.get_available_runspaces()
    text = base64.b64encode(client.outgoing()).decode()
    reply_of(client.shell("Send", f'<rsp:Send><rsp:Stream Name="stdin">{text}</rsp:Stream></rsp:Send>'))
    (message,) = client.messages(reply_of(client.shell("Receive", RECEIVE.format(""))))
    assert isinstance(message, psrpcore.GetRunspaceAvailabilityEvent)
    assert message.count == 1


def ask_of_pool(client: PoolClient, fragments: bytes) -> psrpcore.PSRPEvent[Any, Any]:
    """What the pool answers to a message of its own."""
    text = base64.b64encode(fragments).decode()
    stream = f'<rsp:Send><rsp:Stream Name="stdin">{text}</rsp:Stream></rsp:Send>'
    assert reply_of(client.shell("Send", stream)).status == 200
    (message,) = client.messages(reply_of(client.shell("Receive", RECEIVE.format(""))))
    return message


@pytest.mark.parametrize("call_id", ["ci", "CI"])  # [MS-PSRP] 2.2.2.6 and pypsrp; PowerShell finds it in any case
def test_the_number_of_runspaces_is_changed(client: PoolClient, call_id: str) -> None:
    client.pool.set_max_runspaces(5)
    changed = ask_of_pool(client, client.outgoing().replace(b'N="ci"', f'N="{call_id}"'.encode()))
    assert isinstance(changed, psrpcore.SetRunspaceAvailabilityEvent) and changed.success
    client.pool.set_min_runspaces(2)
    changed = ask_of_pool(client, client.outgoing().replace(b'N="ci"', f'N="{call_id}"'.encode()))
    assert isinstance(changed, psrpcore.SetRunspaceAvailabilityEvent) and changed.success
    client.pool.get_available_runspaces()
    available = ask_of_pool(client, client.outgoing())
    assert isinstance(available, psrpcore.GetRunspaceAvailabilityEvent) and available.count == 5


def test_a_number_of_runspaces_that_cannot_be_is_refused(client: PoolClient) -> None:
    """A pool has one at first."""
    for change in (
        lambda: client.pool.set_max_runspaces(0),
        lambda: client.pool.set_min_runspaces(2),
        lambda: client.pool.set_min_runspaces(-1),
    ):
        change()
        answer = ask_of_pool(client, client.outgoing())
        assert isinstance(answer, psrpcore.SetRunspaceAvailabilityEvent) and not answer.success


def test_a_pool_itself_is_not_signalled(client: PoolClient) -> None:
    body = "<rsp:Signal><rsp:Code>powershell/signal/ctrl_c</rsp:Code></rsp:Signal>"
    assert fault_code(reply_of(client.shell("Signal", body))) == 87


def test_delete_stops_the_pipelines_and_answers_who_waits(client: PoolClient) -> None:
    pipeline, _ = client.run("slow")
    assert client.shell("Receive", RECEIVE.format("")) == []
    assert client.output(pipeline) == []
    request = envelope(TRANSFER + "/Delete", shell_id=client.shell_id, resource_uri=RunspacePools.uri)
    deleted, *replies = client.send(request)
    assert deleted == ShellDeleted(client.shell_id or "", (str(pipeline.pipeline_id).upper(),))
    assert [reply.status for reply in replies if isinstance(reply, Reply)] == [500, 500, 200]
    assert client.service.next_timeout() is None
