# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a failure of the connection ``ssh`` proves, and how often a command is run. The real one: tests/integration."""

from __future__ import annotations

import time

import pytest
from ansible.errors import AnsibleAuthenticationFailure, AnsibleConnectionFailure
from ansible_collections.winops.rds.plugins.plugin_utils._launch.ssh import never_connected, run_once, words

FAILED = "Failed to connect to the host via ssh: "
NOT_SENT = 'Data could not be sent to remote host "rdsh01". Make sure this host can be reached over ssh: '

NEVER = [
    "ssh: connect to host rdsh01 port 22: Connection timed out",
    "ssh: Could not resolve hostname rdsh01: Name or service not known",
    "kex_exchange_identification: read: Connection reset by peer\r\nConnection reset by 192.0.2.7 port 22",
    "Connection timed out during banner exchange\r\nConnection to 192.0.2.7 port 22 timed out",
    "banner exchange: Connection to 192.0.2.7 port 22: invalid format",
    "Warning: Permanently added 'rdsh01'.\r\nCONTOSO\\admin@rdsh01: Permission denied (publickey,password).",
    "Received disconnect from 192.0.2.7 port 22:2: Too many authentication failures\r\nDisconnected from 192.0.2.7",
]
LOST = [
    "",
    "Connection to rdsh01 closed by remote host.",
    "Connection closed by 192.0.2.7 port 22",
    "client_loop: send disconnect: Broken pipe",
    "Timeout, server rdsh01 not responding.",
    "Read from remote host rdsh01: Connection reset by peer\r\nConnection to rdsh01 closed.",
    "the host said that ssh: connect to host rdsh02 would fail",
    "Access denied: Permission denied (somewhere)",
]


class Connection:
    """What is used of the plugin: its option."""

    def __init__(self, retries: int) -> None:
        self.retries = retries

    def get_option(self, name: str) -> int:
        assert name == "reconnection_retries"
        return self.retries

    def set_option(self, name: str, value: int) -> None:
        assert name == "reconnection_retries"
        self.retries = value


class Command:
    """Ends with each of these, one after the other."""

    def __init__(self, connection: Connection, *ends: str | Exception) -> None:
        self.connection = connection
        self.ends = [*ends]

    def __call__(self) -> str:
        assert self.connection.retries == 0, "the plugin repeats it too"
        end = self.ends.pop(0)
        if isinstance(end, Exception):
            raise end
        return end


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long it was waited; the wait itself is left out."""
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    return slept


@pytest.mark.parametrize("prefix", [FAILED, NOT_SENT])
@pytest.mark.parametrize(("said", "never"), [*((said, True) for said in NEVER), *((said, False) for said in LOST)])
def test_only_words_of_connecting_prove_that_nothing_ran(prefix: str, said: str, never: bool) -> None:
    error = AnsibleConnectionFailure(prefix + said)
    assert never_connected(error) is never
    assert words(error) == (said or "the connection was lost")


def test_a_client_that_was_gone_before_it_had_everything_proves_it_too() -> None:
    """As the plugin tells it, in other words since ansible-core 2.19."""
    try:
        try:
            raise BrokenPipeError
        except OSError:
            raise AnsibleConnectionFailure("Data could not be sent")  # noqa: B904
    except AnsibleConnectionFailure as error:
        assert never_connected(error)


def test_a_password_that_is_refused_proves_it_too() -> None:
    assert never_connected(AnsibleAuthenticationFailure("Invalid/incorrect password: "))


@pytest.mark.parametrize("retries", [0, 3])
def test_a_command_that_may_have_run_is_not_repeated(retries: int, pauses: list[float]) -> None:
    connection = Connection(retries)
    command = Command(connection, AnsibleConnectionFailure(NOT_SENT), "ran again")
    with pytest.raises(AnsibleConnectionFailure):
        run_once(connection, command)
    assert (command.ends, connection.retries, pauses) == (["ran again"], retries, [])


def test_connecting_is_repeated(pauses: list[float]) -> None:
    connection = Connection(7)
    assert run_once(connection, Command(connection, *[AnsibleConnectionFailure(NEVER[0])] * 7, "ran")) == "ran"
    assert (connection.retries, pauses) == (7, [0, 1, 3, 7, 15, 30, 30])
    with pytest.raises(AnsibleConnectionFailure):
        run_once(connection, Command(connection, *[AnsibleConnectionFailure(NEVER[0])] * 8, "ran"))


def test_a_password_is_not_tried_again() -> None:
    connection = Connection(3)
    command = Command(connection, AnsibleAuthenticationFailure("Invalid/incorrect password: "), "ran")
    with pytest.raises(AnsibleAuthenticationFailure):
        run_once(connection, command)
    assert command.ends == ["ran"]
