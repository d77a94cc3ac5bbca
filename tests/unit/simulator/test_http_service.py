# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The clients that Ansible uses talk to the service over real connections."""

from __future__ import annotations

import asyncio
import base64
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pypsrp.shell
import pypsrp.wsman
import pytest
import requests
import trustme
from winrm.exceptions import InvalidCredentialsError, WinRMTransportError, WSManFaultError
from winrm.protocol import Protocol

from simulator.authentication import Account, Accounts
from simulator.http_service import CutConnection, HttpService, Listener, Stdin, Write
from simulator.wsman import STATUS_CONTROL_C_EXIT, Config, Invocation, Service
from simulator.wsman.namespaces import SHELL, TRANSFER
from tests.unit.simulator.wsman.messages import envelope

USER, PASSWORD = "Zoë", "pass:wörd"
UNENCRYPTED = Config(basic=True, allow_unencrypted=True)


class Runner:
    """Runs a few made-up commands."""

    def __init__(self) -> None:
        self.cancelled: list[str] = []
        self.started = asyncio.Event()
        self.go_on = asyncio.Event()

    async def run(self, invocation: Invocation, stdin: Stdin, write: Write) -> int:
        self.started.set()
        argument = " ".join(invocation.arguments)
        match invocation.command:
            case "echo":
                write("stdout", f"{argument}|{invocation.account}".encode())
            case "fail":
                raise RuntimeError("no such engine")
            case "give up":
                raise asyncio.CancelledError
            case "cat":
                async for piece in stdin:
                    write("stdout", piece)
            case "count":
                write("stdout", str(len(await stdin.read())).encode())
            case "big":
                write("stdout", bytes(range(256)) * (int(argument) // 256))
                write("stderr", b"e" * 1000)
            case "wait":
                try:
                    await self.go_on.wait()
                    write("stdout", b"late")
                except asyncio.CancelledError:
                    self.cancelled.append(argument)
                    raise
        return 7


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path) -> str:
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return str(path)


@pytest.fixture
def host(authority: trustme.CA) -> Callable[..., HttpService]:
    """Makes a host with one listener for HTTP and one for HTTPS."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)

    def make(config: Config = UNENCRYPTED, runner: Runner | None = None) -> HttpService:
        accounts = Accounts("RDSH01", [Account(USER, PASSWORD)])
        listeners = [Listener("127.0.0.1"), Listener("127.0.0.1", ssl_context=context)]
        return HttpService(Service("RDSH01", config), accounts, runner or Runner(), listeners)

    return make


def protocol(url: str, transport: Any, ca: Any = None, password: str = PASSWORD, **options: Any) -> Protocol:
    return Protocol(url, transport, USER, password, ca_trust_path=ca, proxy=None, **options)


def run(client: Protocol, command: str, *arguments: str, data: bytes = b"") -> tuple[bytes, bytes, int]:
    """One command in a shell of its own; input in pieces, as ansible-core's winrm connection plugin sends it."""
    shell_id = client.open_shell(codepage=65001)
    try:
        command_id = client.run_command(shell_id, command, arguments)
        for start in range(0, len(data), 200_000):
            end = start + 200_000 >= len(data)
            client.send_command_input(shell_id, command_id, data[start : start + 200_000], end=end)
        output = client.get_command_output(shell_id, command_id)
        client.cleanup_command(shell_id, command_id)
        return output
    finally:
        client.close_shell(shell_id)


def actions(service: HttpService) -> list[str]:
    return [exchange.action for exchange in service.traffic]


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("transport", ["basic", "ntlm"])
async def test_pywinrm(host: Callable[..., HttpService], trusted: str, scheme: str, transport: str) -> None:
    async with host() as service:
        (url,) = (url for url in service.urls if urlsplit(url).scheme == scheme)
        output = await asyncio.to_thread(run, protocol(url, transport, trusted), "echo", "a", "b c")
    assert output == (f"a b c|RDSH01\\{USER}".encode(), b"", 7)
    assert [action for action in actions(service) if action != "Authenticate"] == [
        "Create",
        "Command",
        "Receive",
        "Signal",
        "Delete",
    ]
    assert {exchange.status for exchange in service.traffic if exchange.action != "Authenticate"} == {200}
    encrypted = (scheme, transport) == ("http", "ntlm")
    assert actions(service).count("Authenticate") == (0 if transport == "basic" else 3 if encrypted else 2)


@pytest.mark.parametrize("auth", ["negotiate", "ntlm"])
@pytest.mark.parametrize("secure", [False, True])
async def test_pypsrp(host: Callable[..., HttpService], trusted: str, auth: str, secure: bool) -> None:
    def talk(url: str) -> tuple[int | None, bytes, bytes]:
        client = pypsrp.wsman.WSMan(
            "127.0.0.1",
            port=urlsplit(url).port,
            ssl=secure,
            auth=auth,
            username=USER,
            password=PASSWORD,
            cert_validation=trusted,  # type: ignore[arg-type]
            no_proxy=True,
        )
        with client:
            client.update_max_payload_size()
            assert client.max_envelope_size == 500 * 1024
            with pypsrp.shell.WinRS(client) as shell:
                process = pypsrp.shell.Process(shell, "cat")
                process.begin_invoke()
                process.send(b"one", end=False)
                process.send(b"two")
                process.end_invoke()
                process.signal(pypsrp.shell.SignalCode.CTRL_C)
                return process.rc, process.stdout, process.stderr

    async with host(Config()) as service:
        assert await asyncio.to_thread(talk, service.urls[secure]) == (7, b"onetwo", b"")


@pytest.mark.parametrize("transport", ["basic", "ntlm"])
async def test_wrong_password(host: Callable[..., HttpService], transport: str) -> None:
    async with host() as service:
        client = protocol(service.urls[0], transport, password="wrong")
        with pytest.raises(InvalidCredentialsError):
            await asyncio.to_thread(client.open_shell)
    assert set(actions(service)) == {"Authenticate"}


@pytest.mark.parametrize(
    ("config", "challenges"), [(UNENCRYPTED, ["Negotiate", 'Basic realm="WSMAN"']), (Config(), ["Negotiate"])]
)
async def test_challenges(host: Callable[..., HttpService], config: Config, challenges: list[str]) -> None:
    async with host(config) as service, aiohttp.ClientSession() as session, session.post(service.urls[0]) as response:
        assert response.status == 401
        assert response.headers.getall("WWW-Authenticate") == challenges
        assert response.headers["Server"] == "Microsoft-HTTPAPI/2.0"


@pytest.mark.parametrize(("transport", "encryption"), [("basic", "auto"), ("ntlm", "never")])
async def test_unencrypted_is_refused(host: Callable[..., HttpService], transport: str, encryption: str) -> None:
    async with host(Config(basic=True)) as service:
        client = protocol(service.urls[0], transport, message_encryption=encryption)
        with pytest.raises(WinRMTransportError) as error:
            await asyncio.to_thread(client.open_shell)
    assert error.value.code == 500
    assert error.value.response_text == ""


async def test_message_encrypted_for_another_connection_is_a_bad_request(host: Callable[..., HttpService]) -> None:
    def talk(url: str) -> None:
        client = protocol(url, "ntlm")
        shell_id = client.open_shell()
        assert client.transport.session
        client.transport.session.close()  # requests opens a new connection and logs on again there
        client.run_command(shell_id, "echo")

    async with host() as service:
        with pytest.raises(WinRMTransportError) as error:
            await asyncio.to_thread(talk, service.urls[0])
    assert error.value.code == 400


async def test_long_command_gets_operation_timeouts_and_then_its_output(host: Callable[..., HttpService]) -> None:
    runner = Runner()
    async with host(runner=runner) as service:
        client = protocol(service.urls[0], "ntlm", operation_timeout_sec=1, read_timeout_sec=5)
        running = asyncio.create_task(asyncio.to_thread(run, client, "wait"))
        while [exchange.status for exchange in service.traffic].count(500) < 2:
            await asyncio.sleep(0.05)
        runner.go_on.set()
        assert await running == (b"late", b"", 7)
    assert [exchange.status for exchange in service.traffic if exchange.action == "Receive"][:2] == [500, 500]


async def test_output_larger_than_an_envelope(host: Callable[..., HttpService]) -> None:
    async with host() as service:
        output = await asyncio.to_thread(run, protocol(service.urls[0], "ntlm"), "big", "1048576")
    assert output == (bytes(range(256)) * 4096, b"e" * 1000, 7)
    sizes = [exchange.response_bytes for exchange in service.traffic if exchange.action == "Receive"]
    assert len(sizes) > 9
    assert max(sizes) < 153600 + 1024


async def test_input_of_a_mebibyte(host: Callable[..., HttpService]) -> None:
    async with host() as service:
        output = await asyncio.to_thread(run, protocol(service.urls[0], "ntlm"), "count", data=bytes(2**20))
    assert output == (b"1048576", b"", 7)


async def test_twenty_shells_side_by_side(host: Callable[..., HttpService]) -> None:
    async with host() as service:
        clients = [protocol(service.urls[0], "ntlm") for _ in range(20)]
        outputs = await asyncio.gather(
            *(asyncio.to_thread(run, client, "echo", str(number)) for number, client in enumerate(clients))
        )
    assert outputs == [(f"{number}|RDSH01\\{USER}".encode(), b"", 7) for number in range(20)]


async def test_failing_runner_is_visible(host: Callable[..., HttpService], caplog: pytest.LogCaptureFixture) -> None:
    async with host() as service:
        output = await asyncio.to_thread(run, protocol(service.urls[0], "basic"), "fail")
    assert output == (b"", b"RuntimeError: no such engine\r\n", 1)
    assert "The runner failed for fail" in caplog.text


async def test_runner_that_gives_up_does_not_hang(host: Callable[..., HttpService]) -> None:
    async with host() as service:
        output = await asyncio.to_thread(run, protocol(service.urls[0], "basic"), "give up")
    assert output == (b"", b"", STATUS_CONTROL_C_EXIT)


@pytest.mark.parametrize("how", ["signal", "delete", "stop"])
async def test_running_command_is_cancelled(host: Callable[..., HttpService], how: str) -> None:
    runner = Runner()
    async with host(runner=runner) as service:
        client = protocol(service.urls[0], "basic")
        shell_id = await asyncio.to_thread(client.open_shell)
        command_id = await asyncio.to_thread(client.run_command, shell_id, "wait", ["x"])
        receiving = asyncio.create_task(
            asyncio.to_thread(protocol(service.urls[0], "basic").get_command_output, shell_id, command_id)
        )
        while not service.traffic or service.traffic[-1].action != "Command":
            await asyncio.sleep(0.01)
        await asyncio.wait_for(runner.started.wait(), 5)
        await asyncio.sleep(0.1)  # the Receive is on its way in another thread
        if how == "signal":
            await asyncio.to_thread(client.cleanup_command, shell_id, command_id)
        elif how == "delete":
            await asyncio.to_thread(client.close_shell, shell_id)
        else:
            await service.stop()
        with pytest.raises(WSManFaultError) as error:
            await receiving
    assert error.value.wsman_fault_code == 995
    assert runner.cancelled == ["x"]


async def test_quota_fault_as_ansible_reads_it(host: Callable[..., HttpService]) -> None:
    def talk(url: str) -> None:
        client = protocol(url, "ntlm")
        shell_id = client.open_shell()
        client.run_command(shell_id, "echo")
        client.run_command(shell_id, "echo")

    async with host(Config(max_operations_per_shell=1)) as service:
        with pytest.raises(WSManFaultError) as error:
            await asyncio.to_thread(talk, service.urls[0])
    assert error.value.wmierror_code == 0x803381A6


async def post(session: aiohttp.ClientSession, url: str, body: bytes) -> int:
    credentials = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    async with session.post(url, data=body, headers={"Authorization": f"Basic {credentials}"}) as response:
        await response.read()
        return response.status


async def test_larger_than_max_envelope_size(host: Callable[..., HttpService]) -> None:
    config = Config(basic=True, allow_unencrypted=True, max_envelope_size_kb=10)
    create = envelope(TRANSFER + "/Create", "<rsp:Shell/>")
    async with host(config) as service, aiohttp.ClientSession() as session:
        assert await post(session, service.urls[0], create.ljust(10 * 1024)) == 200
        assert await post(session, service.urls[0], create.ljust(10 * 1024 + 1)) == 413
        assert await post(session, service.urls[0], create.ljust(20 * 1024)) == 413


async def test_other_paths_and_methods(host: Callable[..., HttpService]) -> None:
    async with host() as service, aiohttp.ClientSession() as session:
        assert await post(session, service.urls[0].replace("wsman", "other"), b"") == 404
        async with session.get(service.urls[0]) as response:
            assert response.status == 405


async def test_unreadable_envelope(host: Callable[..., HttpService]) -> None:
    async with host() as service, aiohttp.ClientSession() as session:
        assert await post(session, service.urls[0], b"<a") == 500
    assert actions(service) == ["Unknown"]


@pytest.mark.parametrize("hook", ["before_answer", "before_reply"])
@pytest.mark.parametrize("at", ["Authenticate", "Create", "Command", "Receive", "Signal", "Delete"])
async def test_cut_connection(host: Callable[..., HttpService], trusted: str, hook: str, at: str) -> None:
    seen: list[str] = []

    async def cut(action: str) -> None:
        seen.append(action)
        if action == at:
            raise CutConnection

    async with host() as service:
        setattr(service, hook, cut)
        with pytest.raises(requests.ConnectionError):
            await asyncio.to_thread(run, protocol(service.urls[1], "ntlm", trusted), "echo")
    assert at in seen
    assert at not in actions(service)


async def test_receive_of_a_client_that_went_away_does_not_block_the_next(host: Callable[..., HttpService]) -> None:
    runner = Runner()
    async with host(runner=runner) as service:
        client = protocol(service.urls[0], "basic")
        shell_id = await asyncio.to_thread(client.open_shell)
        command_id = await asyncio.to_thread(client.run_command, shell_id, "wait")
        body = f'<rsp:Receive><rsp:DesiredStream CommandId="{command_id}">stdout</rsp:DesiredStream></rsp:Receive>'
        async with aiohttp.ClientSession() as session:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.2):
                    await post(session, service.urls[0], envelope(SHELL + "/Receive", body, shell_id=shell_id))
        await asyncio.sleep(0.1)
        runner.go_on.set()
        output = await asyncio.to_thread(client.get_command_output, shell_id, command_id)
    assert output == (b"late", b"", 7)


async def test_port_that_is_taken(host: Callable[..., HttpService]) -> None:
    async with host() as service:
        port = urlsplit(service.urls[0]).port or 0
        second = HttpService(
            Service("RDSH02"), Accounts("RDSH02", []), Runner(), [Listener("127.0.0.1"), Listener("127.0.0.1", port)]
        )
        with pytest.raises(OSError, match="address already in use"):
            await second.start()
        assert second.urls == []


async def test_two_hosts_in_one_process(host: Callable[..., HttpService]) -> None:
    async with host() as one, host() as two:
        shell_id = await asyncio.to_thread(protocol(one.urls[0], "ntlm").open_shell)
        client = protocol(two.urls[0], "ntlm")
        with pytest.raises(WSManFaultError) as error:
            await asyncio.to_thread(client.close_shell, shell_id)
    assert error.value.wsman_fault_code == 2150858843


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Authorization": "Negotiate " + "A" * 16000}, 401),
        ({"Authorization": "Negotiate " + "A" * 16384}, 400),
        ({"X-One": "1" * 8000, "X-Two": "2" * 8000}, 401),
        ({"X-One": "1" * 8000, "X-Two": "2" * 8384}, 400),
    ],
)
async def test_headers_may_be_as_long_as_windows_takes_them(
    host: Callable[..., HttpService], headers: dict[str, str], status: int
) -> None:
    async with (
        host() as service,
        aiohttp.ClientSession() as client,
        client.post(service.urls[0], headers=headers) as response,
    ):
        assert response.status == status
        assert (status == 400) == ("Request Too Long" in await response.text())
