# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Each way in which Kerberos and CredSSP are used, with both connection plugins, by HTTP and by HTTPS."""

from __future__ import annotations

import pytest

from tests.integration.conftest import WINRM_PORTS

from .conftest import Domain, Join
from .realms import Realm

CONNECTIONS = ["winrm", "psrp"]
PORTS = {"http": {"http_port": 0, "https_port": None}, "https": {"http_port": None, "https_port": 0}}

pytestmark = pytest.mark.parametrize("connection", CONNECTIONS)


@pytest.mark.parametrize("scheme", PORTS)
def test_a_password_gets_the_ticket(directory: Realm, join: Join, connection: str, scheme: str) -> None:
    farm = join(directory, **PORTS[scheme])
    assert farm.log_off_alice(connection).outcomes() == {12: "logged_off"}
    assert farm.users() == {14: "bob"}
    assert mechanisms(farm) == {("Negotiate", "kerberos")}


@pytest.mark.parametrize("scheme", PORTS)
def test_a_ticket_that_is_there_needs_no_password(directory: Realm, join: Join, connection: str, scheme: str) -> None:
    farm = join(directory, **PORTS[scheme])
    directory.kinit("ansible")
    result = farm.log_off_alice(connection, ansible_winrm_kinit_mode="manual", ansible_password=None)
    assert result.outcomes() == {12: "logged_off"}
    assert mechanisms(farm) == {("Negotiate", "kerberos")}


@pytest.mark.parametrize("scheme", PORTS)
def test_mit_kdc(mit: Realm, join: Join, connection: str, scheme: str) -> None:
    """It knows hosts by HTTP alone, and psrp asks for another service unless it is told."""
    farm = join(mit, **PORTS[scheme])
    result = farm.log_off_alice(connection, ansible_psrp_negotiate_service="HTTP")
    assert result.outcomes() == {12: "logged_off"}


@pytest.mark.parametrize("host", ["rdsh01.contoso.com", "127.0.1.1"])
@pytest.mark.parametrize("scheme", PORTS)
def test_credssp(directory: Realm, join: Join, connection: str, scheme: str, host: str) -> None:
    """It carries Kerberos where the host is called by its name, and NTLM where by its address."""
    farm = join(directory, transport="credssp", **PORTS[scheme])
    called = {} if host == "127.0.1.1" else {"ansible_host": host, "ansible_port": WINRM_PORTS[scheme]}
    assert farm.log_off_alice(connection, **called).outcomes() == {12: "logged_off"}
    assert mechanisms(farm) == {("CredSSP", "kerberos" if called else "ntlm")}


@pytest.mark.parametrize("name", ["ANSIBLE@CONTOSO.COM", "Ansible@CONTOSO.COM"])
def test_active_directory_takes_names_in_any_case(directory: Realm, join: Join, connection: str, name: str) -> None:
    assert join(directory).log_off_alice(connection, ansible_user=name).outcomes() == {12: "logged_off"}


def mechanisms(farm: Domain) -> set[tuple[str, str]]:
    """By what Ansible logged on to RDSH01."""
    return {(logon.scheme, logon.mechanism) for logon in farm.simulation.services["RDSH01"].logons}
