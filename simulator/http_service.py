# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The WinRM service of one simulated host over HTTP and HTTPS: it drives ``simulator.wsman`` and runs the commands."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import itertools
import logging
import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self

from aiohttp import hdrs, web
from spnego.channel_bindings import GssChannelBindings

from .authentication import Accounts, Authenticator, Logon, Secrets
from .wsman import (
    STATUS_CONTROL_C_EXIT,
    CommandSignalled,
    CommandStarted,
    Event,
    InputReceived,
    Invocation,
    Reply,
    Service,
    ShellDeleted,
)

_log = logging.getLogger(__name__)

_SOAP_CONTENT_TYPE = "application/soap+xml;charset=UTF-8"
#: What Windows' Http.sys takes by default of one header, and of the request line with all headers: MaxFieldLength and
#: MaxRequestBytes, https://learn.microsoft.com/troubleshoot/developer/webapps/iis/iisadmin-service-inetinfo/httpsys-registry-windows
_MAX_FIELD_LENGTH = _MAX_REQUEST_BYTES = 16384
#: More than any client sends. aiohttp's own limit is half of Windows', and its answer another one.
_AIOHTTP_LIMIT = 1 << 20
_ENCRYPTION_OVERHEAD = 1024  # bytes that the multipart form adds to an envelope
_ACTION = re.compile(rb"<[^<>]*\bAction\b[^<>]*>\s*[^<>]*/(\w+)\s*</")

Write = Callable[[str, bytes], None]


class Stdin:
    """The standard input of a command: an asynchronous iterator of the pieces that arrive, until it is closed."""

    def __init__(self) -> None:
        self._pieces: asyncio.Queue[bytes | None] = asyncio.Queue()

    def feed(self, data: bytes, *, end: bool) -> None:
        """Add a piece; ``end`` closes the stream after it."""
        if data:
            self._pieces.put_nowait(data)
        if end:
            self._pieces.put_nowait(None)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while (piece := await self._pieces.get()) is not None:
            yield piece

    async def read(self) -> bytes:
        """All of it, once it is closed."""
        return b"".join([piece async for piece in self])


class CommandRunner(Protocol):
    """What runs the commands of a host."""

    async def run(self, invocation: Invocation, stdin: Stdin, write: Write) -> int:
        """Run a command and return its exit code.

        It is cancelled when the client terminates the command or closes its shell. ``write(stream, data)``, with
        ``stdout`` or ``stderr``, is to be called in the event loop's thread.
        """


class CutConnection(Exception):
    """Raised by a hook: abort the TCP connection instead of going on."""


Hook = Callable[[str], Awaitable[None]]
"""Is awaited with the name of an exchange, such as ``Create``, and may raise CutConnection."""


@dataclass(frozen=True)
class Exchange:
    """One HTTP request and its reply: when it was answered (seconds, monotonic), its SOAP action, bytes of the bodies.

    The action is the last part of its URI; ``Authenticate`` for the requests that only authenticate.
    """

    time: float
    action: str
    request_bytes: int
    response_bytes: int
    status: int


@dataclass(frozen=True)
class Listener:
    """Where to listen: port 0 is any free port; HTTPS with an SSL context, and what its certificate binds to."""

    address: str
    port: int = 0
    ssl_context: ssl.SSLContext | None = None
    bindings: GssChannelBindings | None = None


class HttpService:
    """A host's WinRM service: one ``Service``, any number of listeners.

    :param keytab: a file with the keys by which a KDC knows the host; without, it does not take Kerberos.
    :param hangs_at: the name of exchanges that it takes and never answers.
    :ivar traffic: every exchange so far, oldest first.
    :ivar logons: who has logged on so far by Negotiate or CredSSP, a connection each.
    :ivar before_answer: hook, awaited before a request reaches the service.
    :ivar before_reply: hook, awaited before its reply is sent.
    :ivar urls: after ``start``, the endpoint of each listener.
    """

    def __init__(
        self,
        service: Service,
        accounts: Accounts,
        runner: CommandRunner,
        listeners: Sequence[Listener],
        keytab: Path | None = None,
        hangs_at: str | None = None,
    ) -> None:
        self.traffic: list[Exchange] = []
        self.logons: list[Logon] = []
        self.before_answer: Hook | None = None
        self.before_reply: Hook | None = None
        self.urls: list[str] = []
        self._service = service
        self._accounts = accounts
        self._runner = runner
        self._listeners = listeners
        self._keytab = keytab
        self._hangs_at = hangs_at
        self._bindings = {listener.ssl_context: listener.bindings for listener in listeners}
        self._exchange_ids = itertools.count(1)
        self._replies: dict[int, asyncio.Future[Reply]] = {}
        self._inputs: dict[str, Stdin] = {}
        self._tasks: dict[str, asyncio.Task[int]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._authenticators: dict[web.RequestHandler, Authenticator] = {}
        self._server: web.Server | None = None
        self._server_runner: web.ServerRunner | None = None

    async def start(self) -> None:
        """Listen. Raises OSError where that is not possible; then nothing listens."""
        # handler_cancellation: a client that goes away must not leave a Receive behind that waits.
        self._server = web.Server(
            self._handle, handler_cancellation=True, access_log=None, max_field_size=_AIOHTTP_LIMIT
        )
        self._server_runner = web.ServerRunner(self._server, shutdown_timeout=1)
        await self._server_runner.setup()
        try:
            for listener in self._listeners:
                site = web.TCPSite(
                    self._server_runner, listener.address, listener.port, ssl_context=listener.ssl_context
                )
                await site.start()
                address, port = self._server_runner.addresses[-1][:2]
                host = f"[{address}]" if ":" in address else address
                self.urls.append(f"{'https' if listener.ssl_context else 'http'}://{host}:{port}/wsman")
        except OSError:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Close all shells, stop their commands, answer what waits, and stop listening."""
        self._dispatch(self._service.close())
        if self._server_runner and self._server:
            transports = [connection.transport for connection in self._server.connections]
            await self._server_runner.cleanup()
            for transport in transports:  # a TLS client that is gone would be waited for beyond the end of the loop
                # Python 3.11.2's TLS transport stumbles where it has been closed already.
                with contextlib.suppress(AttributeError):
                    if transport:
                        transport.abort()
            await asyncio.sleep(0)
        self._dispatch(self._service.close())  # shells that were opened until the connections closed
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        self.urls.clear()
        self._authenticators.clear()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        exchange = _Incoming(request)
        try:
            response = await self._answer(exchange)
            if self.before_reply:
                await self.before_reply(exchange.action)
        except CutConnection:
            if request.transport:
                request.transport.abort()
            return web.Response()
        response.headers[hdrs.SERVER] = "Microsoft-HTTPAPI/2.0"
        sent = len(response.body) if isinstance(response.body, bytes) else 0
        now = asyncio.get_running_loop().time()
        self.traffic.append(Exchange(now, exchange.action, len(exchange.body), sent, response.status))
        return response

    async def _answer(self, exchange: _Incoming) -> web.Response:
        request = exchange.request
        if _is_too_long(request):
            return _request_too_long()
        if request.path.lower() != "/wsman":
            return web.Response(status=404)
        if request.method != hdrs.METH_POST:
            return web.Response(status=405)
        limit = self._service.config.max_envelope_size_kb * 1024
        authenticator = self._authenticator(request.protocol)
        account = authenticator.authenticate(request.headers.get(hdrs.AUTHORIZATION))
        if authenticator.logon and hdrs.AUTHORIZATION in request.headers:
            self.logons.append(authenticator.logon)
        async for piece in request.content.iter_any():
            exchange.body += piece
            if len(exchange.body) > limit + _ENCRYPTION_OVERHEAD:
                # As Windows does: https://github.com/ansible-collections/ansible.windows/issues/620
                return _closing(413)
        # The second is for what CredSSP cuts into parts of 16 KiB, which is what a message of TLS holds.
        encrypted = request.content_type in ("multipart/encrypted", "multipart/x-multi-encrypted")
        envelope = bytes(exchange.body)
        if account and encrypted:
            try:
                envelope = authenticator.unwrap(envelope)
            except ValueError:
                # Seen with a message encrypted for another connection: ansible-core's winrm connection plugin.
                return _closing(400)
        if account and envelope:
            match = _ACTION.search(envelope)
            exchange.action = match[1].decode() if match else "Unknown"
        if self.before_answer:
            await self.before_answer(exchange.action)
        token = {hdrs.WWW_AUTHENTICATE: authenticator.token} if authenticator.token else {}
        if account is None:
            response = web.Response(status=401, headers=token)
            for challenge in [] if token else authenticator.challenges:
                response.headers.add(hdrs.WWW_AUTHENTICATE, challenge)
            return response
        if not envelope:
            return web.Response(headers=token)
        if not (encrypted or request.secure or self._service.config.allow_unencrypted):
            # [MS-WSMV] 3.1.4.1.29.1; Windows answers 500 without a body: https://github.com/diyan/pywinrm/issues/129
            return _closing(500)
        if len(envelope) > limit:
            return _closing(413)
        if exchange.action == self._hangs_at:
            await asyncio.Future()
        delegated = authenticator.logon is not None and authenticator.logon.delegated
        reply = await self._exchange(envelope, account, request.remote or "", delegated=delegated)
        body, content_type = reply.body, _SOAP_CONTENT_TYPE
        if encrypted:
            body, content_type = authenticator.wrap(reply.body), authenticator.encrypted_content_type
        return web.Response(status=reply.status, body=body, headers={hdrs.CONTENT_TYPE: content_type, **token})

    def _authenticator(self, connection: web.RequestHandler) -> Authenticator:
        if connection not in self._authenticators:
            assert self._server is not None
            alive = self._server.connections
            self._authenticators = {old: kept for old, kept in self._authenticators.items() if old in alive}
            tls = connection.transport and connection.transport.get_extra_info("ssl_object")
            self._authenticators[connection] = Authenticator(
                self._accounts,
                basic=self._service.config.basic,
                credssp=self._service.config.credssp,
                certificate=tls.getpeercert(binary_form=True) if tls else None,
                secrets=Secrets(self._keytab, self._bindings.get(tls.context) if tls else None),
            )
        return self._authenticators[connection]

    async def _exchange(self, envelope: bytes, account: str, client_address: str, *, delegated: bool) -> Reply:
        exchange_id = next(self._exchange_ids)
        loop = asyncio.get_running_loop()
        reply: asyncio.Future[Reply] = loop.create_future()
        self._replies[exchange_id] = reply
        try:
            self._dispatch(
                self._service.receive(
                    exchange_id,
                    envelope,
                    account=account,
                    client_address=client_address,
                    delegated=delegated,
                    now=loop.time(),
                )
            )
            return await reply
        finally:
            del self._replies[exchange_id]
            self._service.abandon(exchange_id)

    def _dispatch(self, events: Iterable[Event]) -> None:
        for event in events:
            match event:
                case Reply(exchange_id):
                    reply = self._replies.get(exchange_id)
                    if reply and not reply.done():
                        reply.set_result(event)
                case CommandStarted(_, command_id, invocation):
                    stdin = self._inputs[command_id] = Stdin()
                    task = asyncio.create_task(self._run(command_id, invocation, stdin), name=invocation.command)
                    task.add_done_callback(functools.partial(self._ended, command_id))
                    self._tasks[command_id] = task
                case InputReceived(command_id, data, end):
                    if command_id in self._inputs:
                        self._inputs[command_id].feed(data, end=end)
                case CommandSignalled(command_id):
                    self._cancel(command_id)
                case ShellDeleted(_, command_ids):
                    for command_id in command_ids:
                        self._cancel(command_id)
        self._set_timer()

    def _cancel(self, command_id: str) -> None:
        if command_id in self._tasks:
            self._tasks[command_id].cancel()

    def _set_timer(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
        when = self._service.next_timeout()
        if when is not None:
            self._timer = asyncio.get_running_loop().call_at(when, self._advance)

    def _advance(self) -> None:
        self._dispatch(self._service.advance(asyncio.get_running_loop().time()))

    async def _run(self, command_id: str, invocation: Invocation, stdin: Stdin) -> int:
        def write(stream: str, data: bytes) -> None:
            self._dispatch(self._service.write_output(command_id, stream, data))

        try:
            return await self._runner.run(invocation, stdin, write)
        except Exception as error:
            _log.exception("The runner failed for %s", invocation.command)
            write("stderr", f"{type(error).__name__}: {error}\r\n".encode())
            return 1

    def _ended(self, command_id: str, task: asyncio.Task[int]) -> None:
        del self._inputs[command_id], self._tasks[command_id]
        exit_code = STATUS_CONTROL_C_EXIT if task.cancelled() else task.result()
        self._dispatch(self._service.finish(command_id, exit_code, now=asyncio.get_running_loop().time()))


class _Incoming:
    def __init__(self, request: web.BaseRequest) -> None:
        self.request = request
        self.body = bytearray()
        self.action = "Authenticate"


def _closing(status: int) -> web.Response:
    """A reply without a body that ends the connection."""
    response = web.Response(status=status)
    response.force_close()
    return response


def _is_too_long(request: web.BaseRequest) -> bool:
    """Whether Http.sys does not hand the request on to WinRM."""
    lines = [len(f"{request.method} {request.path_qs} HTTP/1.1")]
    lines += (len(name) + len(": ") + len(value) for name, value in request.raw_headers)
    longest = max((len(value) for _, value in request.raw_headers), default=0)
    return longest > _MAX_FIELD_LENGTH or sum(length + len("\r\n") for length in lines) > _MAX_REQUEST_BYTES


def _request_too_long() -> web.Response:
    """What Http.sys says then: https://github.com/aspnet/AspNetKatana/issues/250."""
    reason = "HTTP Error 400. The size of the request headers is too long."
    text = f"<h2>Bad Request - Request Too Long</h2>\r\n<hr><p>{reason}</p>\r\n"
    response = web.Response(status=400, text=text, content_type="text/html")
    response.force_close()
    return response
