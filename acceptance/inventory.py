# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What an inventory says of the hosts that are to be tested."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.support import ansible_runs
from tests.support.ansible_runs import Run


class InventoryError(ValueError):
    """The inventory lacks something, or cannot be used; the message says what, and where."""


@dataclass(frozen=True)
class Account:
    """An account that is there to be logged on and off."""

    domain: str
    user: str
    password: str = field(repr=False)

    def __str__(self) -> str:
        return f"{self.domain}\\{self.user}"


@dataclass(frozen=True)
class HostUnderTest:
    """A host of the inventory."""

    name: str
    address: str
    """Where its Remote Desktop listens."""
    port: int
    settle_seconds: float
    """How long a desktop takes until its programs run, once the session is there."""
    accounts: tuple[Account, ...]


#: As Ansible resolves it, so that passwords may come from a vault or a look-up.
_SETTINGS = {
    "address": "{{ acceptance_rdp_host | default(ansible_host) | default(inventory_hostname) }}",
    "port": "{{ acceptance_rdp_port | default(3389) }}",
    "settle_seconds": "{{ acceptance_settle_seconds | default(10) }}",
    "accounts": "{{ acceptance_accounts | default([]) }}",
}


def hosts_of(inventory: Path) -> list[HostUnderTest]:
    """Return the hosts of an inventory.

    :raises InventoryError: Ansible cannot read it, or an account is not written as it should be.
    """
    read = play(inventory, "all", [{"name": "settings", "ansible.builtin.debug": {"msg": _SETTINGS}}])
    if read.exit_code or not read.results:
        raise InventoryError(f"{inventory}: {read.output.strip()}")
    return [
        HostUnderTest(
            result.host,
            result["msg"]["address"],
            int(result["msg"]["port"]),
            float(result["msg"]["settle_seconds"]),
            tuple(_account(given, result.host) for given in result["msg"]["accounts"]),
        )
        for result in read.results
    ]


def _account(given: Any, host: str) -> Account:
    domain, backslash, user = str(given.get("user", "") if isinstance(given, dict) else "").partition("\\")
    if not (domain and backslash and user and given.get("password")):
        raise InventoryError(f"{host}: each of acceptance_accounts has a user, written DOMAIN\\user, and a password")
    return Account(domain, user, str(given["password"]))


def play(inventory: Path, hosts: str, tasks: list[dict[str, Any]], *, collections: Path | None = None) -> Run:
    """Run a playbook of one play with these tasks, and leave nothing of it on the controller.

    :param collections: holds collections beside those that are found anyway.
    """
    with tempfile.TemporaryDirectory(prefix="acceptance-") as folder:
        playbook = Path(folder) / "playbook.yml"
        playbook.write_text(yaml.safe_dump([{"hosts": hosts, "gather_facts": False, "tasks": tasks}]), "utf-8")
        variables = ansible_runs.environment(Path(folder))
        if collections:
            variables["ANSIBLE_COLLECTIONS_PATH"] += os.pathsep + str(collections)
        return ansible_runs.run("ansible-playbook", "-i", str(inventory), str(playbook), variables=variables)
