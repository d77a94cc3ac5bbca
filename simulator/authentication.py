# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who is at the other end: Basic, client certificates and Negotiate (NTLM), and the encryption that comes with that."""

from __future__ import annotations

import base64
import binascii
import hmac
import logging
import os
import re
import struct
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import spnego
from spnego._ntlm_raw.crypto import ntowfv1  # the NT hash; there is no public name for it
from spnego.exceptions import SpnegoError

_log = logging.getLogger(__name__)

#: The Authorization header of who logs on with the connection's client certificate (DMTF DSP0226, security profiles).
_CERTIFICATE = "http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/https/mutual"

_BOUNDARY = "Encrypted Boundary"
_PROTOCOL = "application/HTTP-SPNEGO-session-encrypted"
ENCRYPTED_CONTENT_TYPE = f'multipart/encrypted;protocol="{_PROTOCOL}";boundary="{_BOUNDARY}"'
_ENCRYPTED_BODY = re.compile(
    rf"--\s?{_BOUNDARY}\r\n\s*Content-Type: {_PROTOCOL}\r\n"
    r"\s*OriginalContent: type=application/soap\+xml;charset=UTF-8;Length=(\d{1,10})\r\n"
    rf"--\s?{_BOUNDARY}\r\n\s*Content-Type: application/octet-stream\r\n"
    rf"(.{{4}}.*)--\s?{_BOUNDARY}--(?:\r\n)?".encode(),
    re.DOTALL | re.IGNORECASE,
)


@dataclass(frozen=True)
class Account:
    """An account that may log on.

    ``domain`` is its NetBIOS domain, empty for a local account of the host; ``dns_domain`` makes the user principal
    name ``user@dns_domain``. ``certificate`` (DER) is the client certificate that is mapped to it, if there is one.
    """

    user: str
    password: str
    domain: str = ""
    dns_domain: str = ""
    certificate: bytes | None = None


class Accounts:
    """The accounts that a host knows, under all the names by which Windows lets them log on."""

    def __init__(self, machine: str, accounts: Iterable[Account]) -> None:
        self._names: dict[tuple[str, str], tuple[str, Account]] = {}
        self._certificates: dict[bytes, str] = {}
        for account in accounts:
            domains = [account.domain, account.dns_domain] if account.domain else ["", ".", machine]
            full_name = f"{account.domain or machine}\\{account.user}"
            names = [(domain, account.user) for domain in domains if domain or not account.domain]
            if account.domain:
                names += [("", f"{account.user}@{domain}") for domain in domains if domain]
            for domain, user in names:
                self._names[domain.upper(), user.upper()] = (full_name, account)
            if account.certificate:
                self._certificates[account.certificate] = full_name

    def find(self, logon_name: str) -> tuple[str, Account] | None:
        r"""The account with that ``user``, ``DOMAIN\user`` or ``user@domain``, and its name as ``DOMAIN\user``."""
        domain, _, user = logon_name.rpartition("\\")
        return self._names.get((domain.upper(), user.upper()))

    def with_certificate(self, certificate: bytes | None) -> str | None:
        r"""The account that a client certificate (DER) is mapped to, as ``DOMAIN\user``."""
        return self._certificates.get(certificate or b"")

    @contextmanager
    def ntlm_user_file(self) -> Iterator[None]:
        """Let pyspnego's NTLM acceptor know the accounts: it reads the file that NTLM_USER_FILE names.

        In the smbpasswd format, which takes a hash: the other one cannot hold a password with a colon.
        """
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", prefix="ntlm-") as file:
            for (domain, user), (_, account) in self._names.items():
                name = f"{domain}\\{user}" if domain else user
                print(name, 0, "0" * 32, ntowfv1(account.password).hex(), "[U]", "LCT-0", sep=":", file=file)
            file.flush()
            before = os.environ.get("NTLM_USER_FILE")
            os.environ["NTLM_USER_FILE"] = file.name
            try:
                yield
            finally:
                if before is None:
                    del os.environ["NTLM_USER_FILE"]
                else:
                    os.environ["NTLM_USER_FILE"] = before


class Authenticator:
    """The authentication of one TCP connection.

    Basic holds for the request that carries it, Negotiate for the connection from then on.

    :param basic: whether Basic is allowed.
    :param certificate: the client certificate (DER) that came with the connection, if one did.
    :ivar challenges: values for the WWW-Authenticate headers of a reply with status 401.
    :ivar token: what Negotiate has to say with the reply, for its WWW-Authenticate header.
    """

    def __init__(self, accounts: Accounts, *, basic: bool, certificate: bytes | None = None) -> None:
        self.challenges = ["Negotiate"] + ['Basic realm="WSMAN"'] * basic
        self.token: str | None = None
        self._accounts = accounts
        self._basic = basic
        self._certificate = certificate
        self._context: spnego.ContextProxy | None = None
        self._account: str | None = None

    def authenticate(self, authorization: str | None) -> str | None:
        r"""Who sent a request with that Authorization header, as ``DOMAIN\user``; None: answer it with status 401."""
        self.token = None
        scheme, _, credentials = (authorization or "").partition(" ")
        if not scheme:
            return self._account
        if scheme == _CERTIFICATE:
            return self._accounts.with_certificate(self._certificate)
        if scheme.lower() == "basic" and self._basic:
            return self._check_basic(credentials)
        if scheme.lower() == "negotiate":
            return self._step(credentials)
        return None

    def unwrap(self, body: bytes) -> bytes:
        """Decrypt a request body ([MS-WSMV] 2.2.9.1.1).

        :raises ValueError: it is not in that form, or was not encrypted for this connection.
        """
        match = _ENCRYPTED_BODY.fullmatch(body)
        if match is None or self._context is None or self._account is None:
            raise ValueError("no encrypted message of this connection")
        payload = match[2]
        (length,) = struct.unpack("<I", payload[:4])
        try:
            envelope = self._context.unwrap_winrm(payload[4 : 4 + length], payload[4 + length :])
        except SpnegoError as error:
            raise ValueError(str(error)) from error
        if len(envelope) != int(match[1]):
            raise ValueError("the encrypted message has another length than it says")
        return envelope

    def wrap(self, envelope: bytes) -> bytes:
        """Encrypt a reply body, whose Content-Type is then ENCRYPTED_CONTENT_TYPE."""
        assert self._context is not None
        header, sealed, padding = self._context.wrap_winrm(envelope)
        head = (
            f"--{_BOUNDARY}\r\n\tContent-Type: {_PROTOCOL}\r\n"
            f"\tOriginalContent: type=application/soap+xml;charset=UTF-8;Length={len(envelope) + padding}\r\n"
            f"--{_BOUNDARY}\r\n\tContent-Type: application/octet-stream\r\n"
        )
        return head.encode() + struct.pack("<I", len(header)) + header + sealed + f"--{_BOUNDARY}--\r\n".encode()

    def _check_basic(self, credentials: str) -> str | None:
        try:
            decoded = base64.b64decode(credentials, validate=True)
        except binascii.Error:
            return None
        try:
            text = decoded.decode()
        except UnicodeDecodeError:
            text = decoded.decode("latin-1")  # as requests encodes it
        name, _, password = text.partition(":")
        found = self._accounts.find(name)
        if found and hmac.compare_digest(found[1].password.encode(), password.encode()):
            return found[0]
        return None

    def _step(self, credentials: str) -> str | None:
        self._account = None
        try:
            with self._accounts.ntlm_user_file():
                if self._context is None or self._context.complete:
                    self._context = spnego.server(protocol="negotiate", options=spnego.NegotiateOptions.use_negotiate)
                out = self._context.step(base64.b64decode(credentials, validate=True))
        except Exception as error:  # pyspnego raises all kinds of errors for a malformed token
            _log.debug("Negotiate failed: %s", error)
            self._context = None
            return None
        self.token = "Negotiate " + base64.b64encode(out).decode() if out else None
        if self._context.complete:
            found = self._accounts.find(self._context.client_principal or "")
            self._account = found[0] if found else None
        return self._account
