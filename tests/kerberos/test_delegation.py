# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The second hop: ``server`` needs credentials that are handed on to the host that Ansible connects to."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Domain, Join
from .realms import Realm

CONNECTIONS = ["winrm", "psrp"]
DELEGATION = {"ansible_winrm_kerberos_delegation": True, "ansible_psrp_negotiate_delegate": True}
DENIED = {"code": 5, "name": "ERROR_ACCESS_DENIED"}


def log_off_by_rdsh01(farm: Domain, connection: str, **variables: Any) -> Any:
    """Log alice off RDSH02, from RDSH01."""
    return farm.log_off_alice(connection, "server=RDSH02", **variables)


def is_denied(farm: Domain, result: Any) -> bool:
    (server,) = result["servers"]
    assert result.status == "failed"
    return {name: server["error"][name] for name in DENIED} == DENIED and farm.users("RDSH02") == {
        12: "alice",
        14: "bob",
    }


@pytest.mark.parametrize("connection", CONNECTIONS)
def test_kerberos_with_delegation(directory: Realm, join: Join, connection: str) -> None:
    farm = join(directory, second_hop="delegated")
    assert log_off_by_rdsh01(farm, connection, **DELEGATION).outcomes() == {12: "logged_off"}
    assert farm.users("RDSH02") == {14: "bob"}


@pytest.mark.parametrize("connection", CONNECTIONS)
def test_kerberos_without_delegation(directory: Realm, join: Join, connection: str) -> None:
    farm = join(directory, second_hop="delegated")
    assert is_denied(farm, log_off_by_rdsh01(farm, connection))


@pytest.mark.parametrize("connection", CONNECTIONS)
def test_a_ticket_that_may_not_be_forwarded(directory: Realm, join: Join, connection: str) -> None:
    farm = join(directory, second_hop="delegated")
    directory.kinit("ansible")
    manual = {"ansible_winrm_kinit_mode": "manual", "ansible_password": None}
    assert is_denied(farm, log_off_by_rdsh01(farm, connection, **manual, **DELEGATION))


@pytest.mark.parametrize("connection", CONNECTIONS)
def test_a_ticket_that_may_be_forwarded(directory: Realm, join: Join, connection: str) -> None:
    farm = join(directory, second_hop="delegated")
    directory.kinit("ansible", "-f")
    manual = {"ansible_winrm_kinit_mode": "manual", "ansible_password": None}
    assert log_off_by_rdsh01(farm, connection, **manual, **DELEGATION).outcomes() == {12: "logged_off"}


@pytest.mark.parametrize("connection", CONNECTIONS)
def test_credssp_hands_the_password_on(directory: Realm, join: Join, connection: str) -> None:
    farm = join(directory, transport="credssp", second_hop="delegated")
    assert log_off_by_rdsh01(farm, connection).outcomes() == {12: "logged_off"}


@pytest.mark.parametrize("connection", CONNECTIONS)
def test_ntlm_hands_nothing_on(directory: Realm, join: Join, connection: str) -> None:
    farm = join(directory, transport="ntlm", second_hop="delegated")
    assert is_denied(farm, log_off_by_rdsh01(farm, connection))


def test_the_host_itself_needs_no_second_hop(directory: Realm, join: Join) -> None:
    farm = join(directory, second_hop="delegated")
    assert farm.log_off_alice("winrm").outcomes() == {12: "logged_off"}
