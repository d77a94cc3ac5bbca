# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Logging on as a real client does, without a connection."""

from __future__ import annotations

import base64
import os

import pytest
import spnego
from hypothesis import given
from hypothesis import strategies as st
from spnego.exceptions import SpnegoError

from simulator.authentication import Account, Accounts, Authenticator, Logon

ACCOUNTS = Accounts(
    "RDSH01",
    [
        Account("vagrant", "pass:word", certificate=b"vagrant's"),
        Account("Zoë", "пароль€", domain="CONTOSO", dns_domain="contoso.com"),
    ],
)
LOGON_NAMES = [
    ("vagrant", "pass:word", r"RDSH01\vagrant"),
    (r"RDSH01\VAGRANT", "pass:word", r"RDSH01\vagrant"),
    (r".\vagrant", "pass:word", r"RDSH01\vagrant"),
    (r"contoso\zoë", "пароль€", r"CONTOSO\Zoë"),
    (r"contoso.com\Zoë", "пароль€", r"CONTOSO\Zoë"),
    ("zoë@CONTOSO.com", "пароль€", r"CONTOSO\Zoë"),
    ("zoë@contoso", "пароль€", r"CONTOSO\Zoë"),
]
REFUSED = [
    ("vagrant", "wrong"),
    ("vagrant", ""),
    ("nobody", "pass:word"),
    (r"CONTOSO\vagrant", "pass:word"),
    ("Zoë", "пароль€"),
]


def basic(name: str, password: str, encoding: str = "utf-8") -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode(encoding)).decode()


def log_on(server: Authenticator, client: spnego.ContextProxy) -> str | None:
    """All legs; the account, or None when the server refuses."""
    token = client.step()
    while token:
        account = server.authenticate("Negotiate " + base64.b64encode(token).decode())
        if account or not server.token:
            if server.token:
                client.step(base64.b64decode(server.token.removeprefix("Negotiate ")))
            return account
        token = client.step(base64.b64decode(server.token.removeprefix("Negotiate ")))
    return None


@pytest.mark.parametrize(("name", "password", "account"), LOGON_NAMES)
def test_basic(name: str, password: str, account: str) -> None:
    assert Authenticator(ACCOUNTS, basic=True).authenticate(basic(name, password)) == account


def test_basic_in_latin_1() -> None:
    accounts = Accounts("RDSH01", [Account("Zoë", "é")])
    assert Authenticator(accounts, basic=True).authenticate(basic("Zoë", "é", "latin-1")) == r"RDSH01\Zoë"


@pytest.mark.parametrize(("name", "password"), REFUSED)
def test_basic_is_refused(name: str, password: str) -> None:
    assert Authenticator(ACCOUNTS, basic=True).authenticate(basic(name, password)) is None


def test_basic_is_offered_and_accepted_only_where_it_is_allowed() -> None:
    allowed, forbidden = (Authenticator(ACCOUNTS, basic=setting) for setting in (True, False))
    assert allowed.challenges == ["Negotiate", 'Basic realm="WSMAN"']
    assert forbidden.challenges == ["Negotiate"]
    assert forbidden.authenticate(basic("vagrant", "pass:word")) is None


def test_basic_holds_for_one_request_only() -> None:
    server = Authenticator(ACCOUNTS, basic=True)
    assert server.authenticate(basic("vagrant", "pass:word"))
    assert server.authenticate(None) is None


@pytest.mark.parametrize("protocol", ["ntlm", "negotiate"])
@pytest.mark.parametrize(("name", "password", "account"), LOGON_NAMES)
def test_ntlm(protocol: str, name: str, password: str, account: str) -> None:
    server = Authenticator(ACCOUNTS, basic=False)
    assert log_on(server, spnego.client(name, password, protocol=protocol)) == account
    assert server.authenticate(None) == account


@pytest.mark.parametrize("protocol", ["ntlm", "negotiate"])
@pytest.mark.parametrize(("name", "password"), REFUSED)
def test_ntlm_is_refused(protocol: str, name: str, password: str) -> None:
    server = Authenticator(ACCOUNTS, basic=False)
    assert log_on(server, spnego.client(name, password, protocol=protocol)) is None
    assert server.authenticate(None) is None


def test_a_connection_can_log_on_again_as_somebody_else() -> None:
    server = Authenticator(ACCOUNTS, basic=False)
    assert log_on(server, spnego.client("vagrant", "pass:word", protocol="ntlm")) == r"RDSH01\vagrant"
    assert log_on(server, spnego.client(r"CONTOSO\Zoë", "пароль€", protocol="ntlm")) == r"CONTOSO\Zoë"


def test_the_environment_stays_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NTLM_USER_FILE", "elsewhere")
    log_on(Authenticator(ACCOUNTS, basic=False), spnego.client("vagrant", "pass:word", protocol="ntlm"))
    assert os.environ["NTLM_USER_FILE"] == "elsewhere"
    monkeypatch.delenv("NTLM_USER_FILE")
    log_on(Authenticator(ACCOUNTS, basic=False), spnego.client("vagrant", "pass:word", protocol="ntlm"))
    assert "NTLM_USER_FILE" not in os.environ


@pytest.mark.parametrize(
    ("certificate", "account"), [(b"vagrant's", r"RDSH01\vagrant"), (b"another", None), (None, None)]
)
def test_client_certificate(certificate: bytes | None, account: str | None) -> None:
    server = Authenticator(ACCOUNTS, basic=False, certificate=certificate)
    assert server.authenticate("http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/https/mutual") == account
    assert server.authenticate(None) is None


@given(st.binary(max_size=60))
def test_malformed_tokens_are_refused(token: bytes) -> None:
    server = Authenticator(ACCOUNTS, basic=True)
    encoded = base64.b64encode(token).decode()
    for authorization in (f"Negotiate {encoded}", f"Basic {encoded}", "Negotiate ?", "Basic ?", "Digest x", "Basic"):
        assert server.authenticate(authorization) is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--Encrypted Boundary\r\n",
        b"--Encrypted Boundary\r\n\tContent-Type: application/HTTP-SPNEGO-session-encrypted\r\n"
        b"\tOriginalContent: type=application/soap+xml;charset=UTF-8;Length=1\r\n--Encrypted Boundary\r\n"
        b"\tContent-Type: application/octet-stream\r\n\x10\0\0\0" + bytes(17) + b"--Encrypted Boundary--\r\n",
    ],
)
def test_what_was_not_encrypted_for_this_connection_is_refused(body: bytes) -> None:
    server = Authenticator(ACCOUNTS, basic=False)
    with pytest.raises(ValueError, match="no encrypted message"):
        server.unwrap(body)
    assert log_on(server, spnego.client("vagrant", "pass:word", protocol="ntlm"))
    with pytest.raises(ValueError, match=r"no encrypted message|Invalid Message"):
        server.unwrap(body)


def credssp(server: Authenticator, password: str) -> spnego.ContextProxy:
    """Go through the steps of CredSSP, with NTLM inside, as vagrant; the client's side."""
    client = spnego.client("vagrant", password, protocol="credssp")
    token = client.step()
    while token:
        server.authenticate("CredSSP " + base64.b64encode(token).decode())
        if not server.token:
            break
        token = client.step(base64.b64decode(server.token.removeprefix("CredSSP ")))
    return client


def test_credssp_hands_credentials_on() -> None:
    server = Authenticator(ACCOUNTS, basic=False, credssp=True)
    assert server.challenges == ["Negotiate", "CredSSP"]
    credssp(server, "pass:word")
    assert server.logon == Logon(r"RDSH01\vagrant", "CredSSP", "ntlm", delegated=True)
    assert server.authenticate(None) == r"RDSH01\vagrant"


def test_credssp_is_refused() -> None:
    server = Authenticator(ACCOUNTS, basic=False, credssp=True)
    with pytest.raises(SpnegoError):
        credssp(server, "wrong")
    assert server.authenticate(None) is None


def test_credssp_is_accepted_only_where_it_is_allowed() -> None:
    server = Authenticator(ACCOUNTS, basic=False)
    credssp(server, "pass:word")
    assert server.logon is None


def test_ntlm_hands_nothing_on() -> None:
    server = Authenticator(ACCOUNTS, basic=False)
    log_on(server, spnego.client("vagrant", "pass:word", protocol="ntlm"))
    assert server.logon == Logon(r"RDSH01\vagrant", "Negotiate", "ntlm", delegated=False)


def test_a_message_in_several_parts() -> None:
    """As clients cut what is longer than 16 KiB for CredSSP."""
    server = Authenticator(ACCOUNTS, basic=False, credssp=True)
    client = credssp(server, "pass:word")
    pieces = [bytes([number]) * 16384 for number in range(3)] + [b"--Encrypted Boundary"]
    body = b""
    for piece in pieces:
        header, data, _padding = client.wrap_winrm(piece)
        body += (
            b"--Encrypted Boundary\r\n\tContent-Type: application/HTTP-CredSSP-session-encrypted\r\n"
            + f"\tOriginalContent: type=application/soap+xml;charset=UTF-8;Length={len(piece)}\r\n".encode()
            + b"--Encrypted Boundary\r\n\tContent-Type: application/octet-stream\r\n"
            + len(header).to_bytes(4, "little")
            + header
            + data
        )
    assert server.unwrap(body + b"--Encrypted Boundary--\r\n") == b"".join(pieces)
