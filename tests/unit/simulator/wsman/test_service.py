# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The WS-Management service without sockets: explicit time, no waiting."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from simulator.wsman import STATUS_CONTROL_C_EXIT, CommandSignalled, Config, InputReceived, Reply, ShellDeleted
from simulator.wsman.namespaces import PREFIXES, SHELL, TRANSFER
from tests.unit.simulator.wsman.messages import Client, envelope, fault_code, find, output_of, reply_of, state_of


@pytest.fixture
def client() -> Client:
    made = Client()
    made.open()
    return made


def test_create_tells_what_the_shell_is() -> None:
    client = Client()
    reply = client.open(
        "<rsp:Shell><rsp:InputStreams>stdin</rsp:InputStreams><rsp:OutputStreams>stdout stderr</rsp:OutputStreams>"
        "<rsp:IdleTimeOut>PT1H30M</rsp:IdleTimeOut><rsp:WorkingDirectory>C:\\Temp</rsp:WorkingDirectory></rsp:Shell>",
        message_id="uuid:11111111",
    )
    shell = find(reply, "rsp:Shell")
    assert {etree.QName(child).localname: child.text for child in shell} == {
        "ShellId": client.shell_id,
        "ResourceUri": SHELL + "/cmd",
        "Owner": "RDSH01\\admin",
        "ClientIP": "127.0.0.1",
        "WorkingDirectory": "C:\\Temp",
        "IdleTimeOut": "PT5400.000S",
        "InputStreams": "stdin",
        "OutputStreams": "stdout stderr",
        "ShellRunTime": "P0DT0H0M0S",
        "ShellInactivity": "P0DT0H0M0S",
    }
    assert find(reply, "a:Address").text == "http://windows-host:5985/wsman"
    assert find(reply, "a:RelatesTo").text == "uuid:11111111"


def test_get_tells_the_same_as_create() -> None:
    client = Client()
    created = find(client.open(), "rsp:Shell")
    reply = reply_of(client.send(envelope(TRANSFER + "/Get", shell_id=client.shell_id)))
    assert reply.status == 200
    assert find(reply, "a:Action").text == TRANSFER + "/GetResponse"
    assert etree.tostring(find(reply, "rsp:Shell")) == etree.tostring(created)
    assert fault_code(reply_of(client.send(envelope(TRANSFER + "/Get", shell_id="0")))) == 2150858843
    assert fault_code(reply_of(client.send(envelope(TRANSFER + "/Get")))) == 2150858843


def test_command_carries_what_shell_and_command_asked_for() -> None:
    client = Client()
    client.open(
        '<rsp:Shell><rsp:Environment><rsp:Variable Name="A">1</rsp:Variable></rsp:Environment>'
        "<rsp:WorkingDirectory>C:\\Temp</rsp:WorkingDirectory></rsp:Shell>",
        options='<w:Option Name="WINRS_NOPROFILE">TRUE</w:Option><w:Option Name="WINRS_CODEPAGE">65001</w:Option>',
    )
    started = client.start(
        "<rsp:Command>quser</rsp:Command><rsp:Arguments>/server:x</rsp:Arguments><rsp:Arguments>a b</rsp:Arguments>",
        options='<w:Option Name="WINRS_CONSOLEMODE_STDIN">TRUE</w:Option>',
    )
    assert started.shell_id == client.shell_id
    invocation = started.invocation
    assert (invocation.command, invocation.arguments) == ("quser", ("/server:x", "a b"))
    assert (invocation.environment, invocation.working_directory) == ({"A": "1"}, "C:\\Temp")
    assert (invocation.account, invocation.client_address) == ("RDSH01\\admin", "127.0.0.1")
    assert (invocation.codepage, invocation.no_profile) == (65001, True)
    assert (invocation.console_mode_stdin, invocation.skip_cmd_shell) == (True, False)


def test_receive_waits_for_output(client: Client) -> None:
    command = client.start().command_id
    assert client.receive(command) == []
    waiting = client.exchange_id
    reply = reply_of(client.service.write_output(command, "stdout", b"hi"))
    assert (reply.exchange_id, reply.status) == (waiting, 200)
    assert (output_of(reply), state_of(reply)) == (b"hi", "Running")


def test_receive_gets_buffered_output_in_the_order_written_and_then_the_end(client: Client) -> None:
    command = client.start().command_id
    for stream, data in (("stdout", b"1"), ("stderr", b"2"), ("stdout", b"3"), ("stdout", b"")):
        assert client.service.write_output(command, stream, data) == []
    assert client.service.finish(command, -1, now=101) == []
    reply = reply_of(client.receive(command))
    streams = etree.fromstring(reply.body).findall(".//rsp:Stream", PREFIXES)
    assert [(node.get("Name"), node.get("End")) for node in streams] == [
        ("stdout", None),
        ("stderr", None),
        ("stdout", None),
        ("stdout", "true"),
        ("stderr", "true"),
    ]
    assert (output_of(reply), output_of(reply, "stderr"), state_of(reply)) == (b"13", b"2", "Done")
    assert find(reply, "rsp:ExitCode").text == "4294967295"


def test_receive_only_gets_the_streams_that_it_asks_for(client: Client) -> None:
    command = client.start().command_id
    client.service.write_output(command, "stderr", b"err")
    assert client.receive(command, "stdout") == []
    reply = reply_of(client.service.finish(command, 0, now=101))
    assert (output_of(reply), output_of(reply, "stderr"), state_of(reply)) == (b"", b"", "Done")


def test_receive_times_out_and_the_next_one_goes_on(client: Client) -> None:
    command = client.start().command_id
    assert client.receive(command, timeout="PT5.5S") == []
    assert client.service.next_timeout() == 105.5
    assert client.service.advance(105.4) == []
    reply = reply_of(client.service.advance(105.5))
    assert fault_code(reply) == 2150858793
    assert find(reply, "s:Subcode/s:Value").text == "w:TimedOut"
    client.now = 106
    assert client.receive(command) == []
    assert output_of(reply_of(client.service.write_output(command, "stdout", b"late"))) == b"late"


@pytest.mark.parametrize("timeout", [None, "PT3600S"])
def test_operation_timeout_is_at_most_max_timeout(client: Client, timeout: str | None) -> None:
    client.receive(client.start().command_id, timeout=timeout)
    assert client.service.next_timeout() == 160


@given(
    pieces=st.lists(st.tuples(st.sampled_from(["stdout", "stderr"]), st.binary(max_size=20000)), max_size=12),
    size=st.integers(8192, 20000),
)
def test_no_reply_exceeds_the_envelope_size_and_nothing_is_lost(pieces: list[tuple[str, bytes]], size: int) -> None:
    client = Client()
    client.open()
    command = client.start().command_id
    for stream, data in pieces:
        client.service.write_output(command, stream, data)
    client.service.finish(command, 0, now=101)
    received = {"stdout": b"", "stderr": b""}
    state = "Running"
    while state == "Running":
        reply = reply_of(client.receive(command, max_envelope_size=size))
        assert len(reply.body) <= size
        state = state_of(reply)
        for stream in received:
            received[stream] += output_of(reply, stream)
    for stream, data in received.items():
        assert data == b"".join(piece for name, piece in pieces if name == stream)


def test_second_receive_is_refused_while_one_waits(client: Client) -> None:
    command = client.start().command_id
    client.receive(command)
    first = client.exchange_id
    assert fault_code(reply_of(client.receive(command))) == 170
    assert reply_of(client.service.finish(command, 0, now=101)).exchange_id == first


def test_abandoned_receive_leaves_its_place_to_the_next(client: Client) -> None:
    command = client.start().command_id
    client.receive(command)
    client.service.abandon(client.exchange_id)
    assert client.service.write_output(command, "stdout", b"kept") == []
    assert output_of(reply_of(client.receive(command))) == b"kept"


def test_receive_that_is_sent_once_more_gets_the_same_reply(client: Client) -> None:
    command = client.start().command_id
    client.service.write_output(command, "stdout", b"first")
    first = reply_of(client.receive(command, message_id="uuid:1"))
    again = reply_of(client.receive(command, message_id="uuid:1"))
    assert (again.status, again.body) == (200, first.body) and again.exchange_id == client.exchange_id
    assert client.receive(command, message_id="uuid:2") == []
    assert client.receive(command, message_id="uuid:2") == []  # the connection of the first is gone
    last = reply_of(client.service.finish(command, 0, now=101))
    assert last.exchange_id == client.exchange_id and state_of(last) == "Done"
    assert reply_of(client.receive(command, message_id="uuid:2")).body == last.body


def test_receive_after_the_end_is_a_command_not_found(client: Client) -> None:
    command = client.start().command_id
    client.service.finish(command, 0, now=101)
    assert state_of(reply_of(client.receive(command))) == "Done"
    assert fault_code(reply_of(client.receive(command))) == 2150858843
    assert reply_of(client.signal(command, "terminate")).status == 200


def test_input(client: Client) -> None:
    command = client.start().command_id
    assert client.input(command, b"one")[0] == InputReceived(command, b"one", end=False)
    events = client.input(command, b"two", end=True)
    assert events[0] == InputReceived(command, b"two", end=True)
    assert find(reply_of(events), "rsp:SendResponse") is not None
    assert fault_code(reply_of(client.input(command, b"three"))) == 232


def test_input_that_an_ended_command_did_not_read_is_discarded(client: Client) -> None:
    command = client.start().command_id
    client.service.finish(command, 0, now=101)
    (reply,) = client.input(command, b"late", end=True)
    assert isinstance(reply, Reply)
    assert reply.status == 200


@pytest.mark.parametrize("stream", ['Name="stdout"', 'Name="nul"'])
def test_input_on_another_stream_is_refused(client: Client, stream: str) -> None:
    command = client.start().command_id
    body = f'<rsp:Send><rsp:Stream {stream} CommandId="{command}"/></rsp:Send>'
    assert fault_code(reply_of(client.shell("Send", body))) == 87


def test_ctrl_c_ends_the_command_and_its_output_can_be_fetched(client: Client) -> None:
    command = client.start().command_id
    client.service.write_output(command, "stdout", b"half")
    events = client.signal(command, "ctrl_c")
    assert events[0] == CommandSignalled(command, SHELL + "/signal/ctrl_c")
    assert client.service.write_output(command, "stdout", b"dropped") == []
    assert client.service.finish(command, 0, now=101) == []
    reply = reply_of(client.receive(command))
    assert (output_of(reply), state_of(reply)) == (b"half", "Done")
    assert find(reply, "rsp:ExitCode").text == str(STATUS_CONTROL_C_EXIT)


def test_ctrl_c_answers_the_receive_that_waits(client: Client) -> None:
    command = client.start().command_id
    client.receive(command)
    waiting = client.exchange_id
    replies = [event for event in client.signal(command, "ctrl_c") if isinstance(event, Reply)]
    assert [(reply.exchange_id, reply.status) for reply in replies] == [(waiting, 200), (waiting + 1, 200)]
    assert state_of(replies[0]) == "Done"


@pytest.mark.parametrize("code", ["terminate", "Terminate"])
def test_terminate_forgets_the_command_and_aborts_the_receive_that_waits(client: Client, code: str) -> None:
    command = client.start().command_id
    client.receive(command)
    signalled, aborted, reply = client.signal(command, code)
    assert isinstance(signalled, CommandSignalled)
    assert isinstance(aborted, Reply)
    assert fault_code(aborted) == 995
    assert isinstance(reply, Reply)
    assert reply.status == 200
    assert fault_code(reply_of(client.receive(command))) == 2150858843


def test_unknown_signal(client: Client) -> None:
    assert fault_code(reply_of(client.signal(client.start().command_id, "pause"))) == 87


def test_delete_stops_commands_and_aborts_what_waits(client: Client) -> None:
    one, two = client.start().command_id, client.start().command_id
    client.receive(one)
    deleted, aborted, reply = client.delete()
    assert deleted == ShellDeleted(client.shell_id or "", (one, two))
    assert isinstance(aborted, Reply)
    assert fault_code(aborted) == 995
    assert isinstance(reply, Reply)
    assert reply.status == 200
    assert fault_code(reply_of(client.delete())) == 2150858843
    assert client.service.finish(one, 0, now=101) == []
    assert client.service.next_timeout() is None


def test_close_deletes_every_shell(client: Client) -> None:
    first = client.shell_id
    client.open()
    events = client.service.close()
    assert events == [ShellDeleted(first or "", ()), ShellDeleted(client.shell_id or "", ())]


def test_idle_shell_is_closed_but_not_while_its_command_runs() -> None:
    client = Client()
    client.open("<rsp:Shell><rsp:IdleTimeOut>PT60S</rsp:IdleTimeOut></rsp:Shell>")
    assert client.service.next_timeout() == 160
    client.now = 150
    command = client.start().command_id
    assert client.service.next_timeout() is None
    assert client.service.advance(1000) == []
    client.service.finish(command, 0, now=1000)
    assert client.service.next_timeout() == 1060
    assert client.service.advance(1060) == [ShellDeleted(client.shell_id or "", (command,))]


def test_quota_of_operations_counts_every_command_of_a_shell() -> None:
    client = Client(Config(max_operations_per_shell=1))
    client.open()
    client.signal(client.start().command_id, "terminate")
    reply = reply_of(client.shell("Command", "<rsp:CommandLine><rsp:Command>x</rsp:Command></rsp:CommandLine>"))
    assert reply.status == 500
    assert find(reply, "s:Subcode/s:Value").text == "w:InternalError"
    assert find(reply, "wmi:MSFT_WmiError/wmi:error_Code").text == str(0x803381A6)
    client.open()
    client.start()


def test_quota_of_shells_counts_those_that_are_open() -> None:
    client = Client(Config(max_shells_per_user=1))
    client.open()
    assert fault_code(client.open()) == 0x803381A5
    client.delete()
    assert client.open().status == 200


def test_a_client_may_choose_ids_that_are_free(client: Client) -> None:
    client.open('<rsp:Shell ShellId="ABC"/>')
    assert client.shell_id == "ABC"
    assert fault_code(client.open('<rsp:Shell ShellId="abc"/>')) == 2150858803
    line = '<rsp:CommandLine CommandId="X1"><rsp:Command>x</rsp:Command></rsp:CommandLine>'
    assert find(reply_of(client.shell("Command", line)), "rsp:CommandId").text == "X1"
    assert fault_code(reply_of(client.shell("Command", line))) == 2150858803


def test_shell_of_another_account_is_denied(client: Client) -> None:
    client.account = "RDSH01\\other"
    assert fault_code(reply_of(client.delete())) == 5


def test_skip_cmd_shell_needs_a_full_path(client: Client) -> None:
    option = '<w:Option Name="WINRS_SKIP_CMD_SHELL">TRUE</w:Option>'
    line = "<rsp:CommandLine><rsp:Command>quser.exe</rsp:Command></rsp:CommandLine>"
    assert fault_code(reply_of(client.shell("Command", line, options=option))) == 2147942402
    path = "<rsp:Command>C:\\Windows\\System32\\quser.exe</rsp:Command>"
    assert client.start(path, options=option).invocation.skip_cmd_shell


def test_activity_id_is_a_setting() -> None:
    assert b"ActivityId" in Client().open().body
    assert b"ActivityId" not in Client(Config(activity_id=False)).open().body


CREATE = TRANSFER + "/Create"
DMTF_FAULT = "http://schemas.dmtf.org/wbem/wsman/1/wsman/fault"


@pytest.mark.parametrize(
    ("raw", "code", "subcode"),
    [
        pytest.param(b"", 2150858817, "w:SchemaValidationError", id="empty"),
        pytest.param(b"<a><b></a>", 2150858817, "w:SchemaValidationError", id="not well-formed"),
        pytest.param(b"<a/>", 2150858817, "w:SchemaValidationError", id="no envelope"),
        pytest.param(
            envelope(CREATE, "<rsp:Shell/>").replace(b"a:MessageID", b"a:Other"),
            2150858769,
            "a:MessageInformationHeaderRequired",
            id="no message ID",
        ),
        pytest.param(envelope(CREATE), 2150858817, "w:SchemaValidationError", id="no body"),
        pytest.param(envelope(CREATE, "<rsp:Send/>"), 2150858817, "w:SchemaValidationError", id="wrong body"),
        pytest.param(
            envelope(CREATE, "<rsp:Shell><rsp:IdleTimeOut>1 h</rsp:IdleTimeOut></rsp:Shell>"),
            2150858817,
            "w:SchemaValidationError",
            id="duration",
        ),
        *(
            pytest.param(
                envelope(CREATE, "<rsp:Shell/>", timeout=timeout),
                2150858767,
                "a:InvalidMessageInformationHeader",
                id=f"timeout {timeout}",
            )
            for timeout in ("20 seconds", "P", "60", "PT-1S")
        ),
        pytest.param(
            envelope(CREATE, "<rsp:Shell/>").replace(b"153600", b"much"),
            2150858817,
            "w:SchemaValidationError",
            id="envelope size",
        ),
        pytest.param(
            envelope(CREATE, "<rsp:Shell/>", max_envelope_size=8191), 2150858878, "w:EncodingLimit", id="small envelope"
        ),
        pytest.param(envelope(SHELL + "/Jump"), 2150858771, "a:ActionNotSupported", id="action"),
        pytest.param(
            envelope(TRANSFER + "/Put", resource_uri=PREFIXES["cfg"]), 2150858771, "a:ActionNotSupported", id="put"
        ),
        pytest.param(
            envelope(CREATE, resource_uri="http://schemas.microsoft.com/powershell/Microsoft.PowerShell"),
            2150858811,
            "a:DestinationUnreachable",
            id="resource URI",
        ),
        pytest.param(
            envelope(CREATE, "<rsp:Shell/>", options='<w:Option Name="NEW" MustComply="true"/>'),
            2150858833,
            "w:InvalidOptions",
            id="option",
        ),
        pytest.param(
            envelope(CREATE, "<rsp:Shell/>", options='<w:Option Name="WINRS_CODEPAGE">utf8</w:Option>'),
            87,
            "w:InvalidParameter",
            id="code page",
        ),
        pytest.param(envelope(SHELL + "/Receive"), 2150858843, "w:InvalidSelectors", id="no shell ID"),
        pytest.param(envelope(SHELL + "/Receive", shell_id="0"), 2150858843, "w:InvalidSelectors", id="shell ID"),
    ],
)
def test_faults(raw: bytes, code: int, subcode: str) -> None:
    reply = reply_of(Client().send(raw))
    assert fault_code(reply) == code
    assert find(reply, "s:Subcode/s:Value").text == subcode
    assert find(reply, "f:WSManFault").attrib["Machine"] == ("windows-host" if b"<a:To>" in raw else "RDSH01")
    action = find(reply, "s:Header/a:Action").text
    assert action == (PREFIXES["a"] + "/fault" if subcode.startswith("a:") else DMTF_FAULT)


@pytest.mark.parametrize(
    ("operation", "body", "code"),
    [
        ("Command", "<rsp:CommandLine/>", 87),
        ("Receive", "<rsp:Receive/>", 2150858817),
        ("Receive", "<rsp:Receive><rsp:DesiredStream>stdout</rsp:DesiredStream></rsp:Receive>", 87),
        (
            "Receive",
            '<rsp:Receive><rsp:DesiredStream CommandId="0">stdout</rsp:DesiredStream></rsp:Receive>',
            2150858843,
        ),
        ("Send", "<rsp:Send/>", 2150858817),
        ("Send", '<rsp:Send><rsp:Stream Name="stdin" CommandId="0"/></rsp:Send>', 2150858843),
        ("Signal", '<rsp:Signal CommandId="0"/>', 2150858843),
    ],
)
def test_faults_in_a_shell(client: Client, operation: str, body: str, code: int) -> None:
    assert fault_code(reply_of(client.shell(operation, body))) == code


def test_input_must_be_base64(client: Client) -> None:
    command = client.start().command_id
    body = f'<rsp:Send><rsp:Stream Name="stdin" CommandId="{command}">?</rsp:Stream></rsp:Send>'
    assert fault_code(reply_of(client.shell("Send", body))) == 2150858817


def test_a_timeout_that_cannot_be_is_named_as_windows_names_it() -> None:
    """As recorded: pypsrp's tests, test_psrp_is_alive_other_wsman_error."""
    reply = reply_of(Client().send(envelope(CREATE, "<rsp:Shell/>", timeout="PT-1S")))
    assert (find(reply, "f:Message").text or "").endswith("an invalid timeout field in the SOAP header: PT-1S. ")
    assert (find(reply, "s:Text").text or "").endswith("The request contains one or more invalid SOAP headers. ")


def test_entities_are_not_expanded() -> None:
    raw = envelope(CREATE, "<rsp:Shell><rsp:WorkingDirectory>&x;</rsp:WorkingDirectory></rsp:Shell>")
    declared = raw.replace(b"<s:Envelope", b'<!DOCTYPE s [<!ENTITY x SYSTEM "file:///etc/passwd">]><s:Envelope', 1)
    reply = reply_of(Client().send(declared))
    assert fault_code(reply) == 2150858817
    assert b"root:" not in reply.body


@given(st.binary(max_size=200))
def test_whatever_arrives_is_answered(raw: bytes) -> None:
    assert fault_code(reply_of(Client().send(raw))) == 2150858817
