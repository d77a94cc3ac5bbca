# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who is at the other end: Basic, client certificates, Negotiate (NTLM, Kerberos), CredSSP; and what these encrypt."""

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
from pathlib import Path

import spnego
from spnego import ContextReq
from spnego._ntlm_raw.crypto import ntowfv1  # the NT hash; there is no public name for it
from spnego.channel_bindings import GssChannelBindings
from spnego.exceptions import SpnegoError

_log = logging.getLogger(__name__)

#: The Authorization header of who logs on with the connection's client certificate (DMTF DSP0226, security profiles).
_CERTIFICATE = "http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/https/mutual"

_BOUNDARY = "Encrypted Boundary"
#: What is said of the protocol in an encrypted message, for each that encrypts ([MS-WSMV] 2.2.9.1).
_PROTOCOLS = {name: f"application/HTTP-{name}-session-encrypted" for name in ("SPNEGO", "CredSSP")}
_PART = re.compile(
    rf"--\s?{_BOUNDARY}\r\n\s*Content-Type: (?:{'|'.join(_PROTOCOLS.values())})\r\n"
    r"\s*OriginalContent: type=application/soap\+xml;charset=UTF-8;Length=(\d{1,10})\r\n"
    rf"--\s?{_BOUNDARY}\r\n\s*Content-Type: application/octet-stream\r\n"
    # What is encrypted may hold anything, so a part ends at the next one's head, or with the body.
    rf"(.{{4}}.*?)(?:(?=--\s?{_BOUNDARY}\r\n\s*Content-Type: application/HTTP-)"
    rf"|--\s?{_BOUNDARY}--(?:\r\n)?\Z)".encode(),
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
    def ntlm_user_file(self) -> Iterator[str]:
        """Write the accounts down as pyspnego's NTLM acceptor reads them.

        In the smbpasswd format, which takes a hash: the other one cannot hold a password with a colon.
        """
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", prefix="ntlm-") as file:
            for (domain, user), (_, account) in self._names.items():
                name = f"{domain}\\{user}" if domain else user
                print(name, 0, "0" * 32, ntowfv1(account.password).hex(), "[U]", "LCT-0", sep=":", file=file)
            file.flush()
            yield file.name


@dataclass(frozen=True)
class Secrets:
    """What a host proves itself with.

    :ivar keytab: a file with the keys by which a KDC knows the host. Without, it does not take Kerberos.
    :ivar bindings: a hash of its certificate for HTTPS, to which an authentication may be bound (RFC 5929).
    """

    keytab: Path | None = None
    bindings: GssChannelBindings | None = None


_NO_SECRETS = Secrets()


@dataclass(frozen=True)
class Logon:
    """How somebody logged on, by Negotiate or CredSSP: with which mechanism inside (``kerberos``, ``ntlm``).

    ``delegated``: with credentials that the host may use to reach others.
    """

    account: str
    scheme: str
    mechanism: str
    delegated: bool


class Authenticator:
    """The authentication of one TCP connection.

    Basic holds for the request that carries it, Negotiate and CredSSP for the connection from then on.

    :param basic: whether Basic is allowed.
    :param credssp: whether CredSSP is allowed.
    :param certificate: the client certificate (DER) that came with the connection, if one did.
    :param secrets: what the host proves itself with.
    :ivar challenges: values for the WWW-Authenticate headers of a reply with status 401.
    :ivar token: what Negotiate or CredSSP has to say with the reply, for its WWW-Authenticate header.
    :ivar logon: who has logged on, by Negotiate or CredSSP.
    """

    def __init__(
        self,
        accounts: Accounts,
        *,
        basic: bool,
        credssp: bool = False,
        certificate: bytes | None = None,
        secrets: Secrets = _NO_SECRETS,
    ) -> None:
        self.challenges = ["Negotiate"] + ["CredSSP"] * credssp + ['Basic realm="WSMAN"'] * basic
        self.token: str | None = None
        self.logon: Logon | None = None
        self._accounts = accounts
        self._basic = basic
        self._schemes = {"negotiate": "SPNEGO", **({"credssp": "CredSSP"} if credssp else {})}
        self._certificate = certificate
        self._secrets = secrets
        self._scheme = ""
        self._context: spnego.ContextProxy | None = None

    def authenticate(self, authorization: str | None) -> str | None:
        r"""Who sent a request with that Authorization header, as ``DOMAIN\user``; None: answer it with status 401."""
        self.token = None
        scheme, _, credentials = (authorization or "").partition(" ")
        if not scheme:
            return self.logon.account if self.logon else None
        if scheme == _CERTIFICATE:
            return self._accounts.with_certificate(self._certificate)
        if scheme.lower() == "basic" and self._basic:
            return self._check_basic(credentials)
        if scheme.lower() in self._schemes:
            return self._step(scheme, credentials)
        return None

    def unwrap(self, body: bytes) -> bytes:
        """Decrypt a request body ([MS-WSMV] 2.2.9.1.1).

        :raises ValueError: it is not in that form, or was not encrypted for this connection.
        """
        parts = [*_PART.finditer(body)]
        if self._context is None or self.logon is None or not parts or sum(len(part[0]) for part in parts) != len(body):
            raise ValueError("no encrypted message of this connection")
        return b"".join(self._unwrap_part(part[2], int(part[1])) for part in parts)

    def _unwrap_part(self, payload: bytes, size: int) -> bytes:
        assert self._context is not None
        (length,) = struct.unpack("<I", payload[:4])
        try:
            part = self._context.unwrap_winrm(payload[4 : 4 + length], payload[4 + length :])
        except SpnegoError as error:
            raise ValueError(str(error)) from error
        if len(part) != size:
            raise ValueError("the encrypted message has another length than it says")
        return part

    @property
    def encrypted_content_type(self) -> str:
        """The Content-Type of what ``wrap`` returns."""
        return f'multipart/encrypted;protocol="{self._protocol}";boundary="{_BOUNDARY}"'

    def wrap(self, envelope: bytes) -> bytes:
        """Encrypt a reply body."""
        assert self._context is not None
        header, sealed, padding = self._context.wrap_winrm(envelope)
        head = (
            f"--{_BOUNDARY}\r\n\tContent-Type: {self._protocol}\r\n"
            f"\tOriginalContent: type=application/soap+xml;charset=UTF-8;Length={len(envelope) + padding}\r\n"
            f"--{_BOUNDARY}\r\n\tContent-Type: application/octet-stream\r\n"
        )
        return head.encode() + struct.pack("<I", len(header)) + header + sealed + f"--{_BOUNDARY}--\r\n".encode()

    @property
    def _protocol(self) -> str:
        return _PROTOCOLS[self._schemes[self._scheme.lower()]]

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

    def _step(self, scheme: str, credentials: str) -> str | None:
        self.logon = None
        try:
            with self._acceptors_environment():
                if self._context is None or self._context.complete or scheme.lower() != self._scheme.lower():
                    self._scheme, self._context = scheme, self._new_context(scheme)
                out = self._context.step(base64.b64decode(credentials, validate=True))
        # pyspnego raises all kinds of errors for a malformed token, and hides Kerberos' behind an AttributeError.
        except Exception as error:
            _log.debug("%s failed: %r", scheme, error)
            self._context = None
            return None
        self.token = f"{scheme} {base64.b64encode(out).decode()}" if out else None
        if self._context.complete and (found := self._accounts.find(self._context.client_principal or "")):
            mechanism = self._context.negotiated_protocol or ""
            delegated = scheme.lower() == "credssp" or bool(self._context.context_attr & ContextReq.delegate)
            self.logon = Logon(found[0], scheme, mechanism, delegated)
        return self.logon.account if self.logon else None

    def _new_context(self, scheme: str) -> spnego.ContextProxy:
        return spnego.server(
            channel_bindings=self._secrets.bindings,
            protocol=scheme.lower(),
            options=spnego.NegotiateOptions.use_negotiate,
        )

    @contextmanager
    def _acceptors_environment(self) -> Iterator[None]:
        """Let pyspnego's acceptors find the accounts and the host's keys: by no other way can they be told."""
        keytab = self._secrets.keytab or os.devnull
        with self._accounts.ntlm_user_file() as users:
            wanted = {"NTLM_USER_FILE": users, "KRB5_KTNAME": str(keytab)}
            before = {name: os.environ.get(name) for name in wanted}
            os.environ.update(wanted)
            try:
                yield
            finally:
                for name, value in before.items():
                    if value is None:
                        del os.environ[name]
                    else:
                        os.environ[name] = value
