# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A farm of hosts that are members of a domain, and the real Ansible that comes by Kerberos or CredSSP."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from simulator.farm import FarmSpec
from simulator.simulation import Simulation
from tests.integration.conftest import Farm, Result, fork_servers, served
from tests.support.ansible_runs import Finish
from tests.support.fork_server import ForkServers

from .realms import HOSTS, PASSWORD, Realm, active_directory, mit_kdc

LOGOFF = "winops.rds.win_rds_logoff"
SESSIONS = [{"id": 12, "user": "alice"}, {"id": 14, "user": "bob"}]
#: What is told of the users of Samba's Active Directory.
USERS: dict[str, dict[str, object]] = {
    "ansible": {},
    "stranger": {},
    "dora": {"disabled": True},
    "erik": {"expired": True},
    "paula": {"groups": 1000},
    "olga": {"groups": 1400},
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let each KDC be started once, where several processes share the tests."""
    for item in items:
        fixtures = getattr(item, "fixturenames", ())
        item.add_marker(pytest.mark.xdist_group("directory" if "directory" in fixtures else "mit"))


class Domain(Farm):
    """A farm whose hosts a KDC knows, and the Ansible that asks that KDC for tickets.

    :ivar extra: what Ansible's environment has besides, such as another clock.
    """

    def __init__(self, simulation: Simulation, folder: Path, finish: Finish, realm: Realm) -> None:
        super().__init__(simulation, folder, finish)
        self.realm = realm
        self.extra: dict[str, str] = {}

    @property
    def environment(self) -> dict[str, str]:
        return super().environment | self.realm.environment | self.extra

    def log_off_alice(self, connection: str, options: str = "", **variables: Any) -> Result:
        """``win_rds_logoff`` on RDSH01, and its result."""
        kinit = {"ansible_winrm_kinit_env_vars": [*{"KRB5_CONFIG", *self.extra}]}
        extra = json.dumps({"ansible_connection": connection, **kinit, **variables})
        return self.adhoc(LOGOFF, f"users=alice {options}", "-l", "RDSH01", "-e", extra).only()


Join = Callable[..., Domain]

__all__ = ["fork_servers"]  # a fixture


@pytest.fixture(scope="session")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Realm]:
    """Samba's Active Directory."""
    if os.geteuid():
        pytest.skip("Samba makes an Active Directory for root alone")
    with active_directory(tmp_path_factory.mktemp("samba"), USERS) as realm:
        yield realm


@pytest.fixture(scope="session")
def mit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Realm]:
    """MIT's KDC."""
    with mit_kdc(tmp_path_factory.mktemp("mit"), ["ansible"]) as realm:
        yield realm


@pytest.fixture
def join(tmp_path: Path, fork_servers: ForkServers) -> Iterator[Join]:
    """Serve a farm whose hosts are in a realm: ``join(realm, user="ansible", **fields of the farm file)``."""
    with ExitStack() as stack:

        def start(realm: Realm, user: str = "ansible", **fields: Any) -> Domain:
            realm.forget_tickets()
            hosts = [{"name": name, "sessions": SESSIONS, "keytab": realm.keytab(name)} for name in HOSTS]
            account = {"user": user, "password": PASSWORD}
            ports = {"http_port": 0, "https_port": None}
            spec = {"transport": "kerberos", "account": account, "hosts": hosts, **ports, **fields}
            simulation = stack.enter_context(served(FarmSpec.model_validate(spec)))
            return Domain(simulation, tmp_path, fork_servers.finished, realm)

        yield start
