# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which failure of pywinrm and pypsrp proves that nothing was started. The real ones: tests/integration."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from xml.etree.ElementTree import Element

import pypsrp.exceptions
import pytest
import winrm.exceptions
from ansible_collections.winops.rds.plugins.plugin_utils._launch.winrm import QUOTAS, never_started
from lxml import etree
from pypsrp.wsman import WSMan
from winrm.protocol import Protocol

from simulator.wsman import faults
from simulator.wsman.namespaces import element
from tests.support import win32metadata

NAMES = [
    *("MAX_SHELLS", "MAX_OPERATIONS", "USER", "SYSTEM", "MAX_SHELLUSERS", "MAX_SHELLS_PPQ", "MAX_USERS_PPQ"),
    *("MAX_PLUGINSHELLS_PPQ", "MAX_PLUGINOPERATIONS_PPQ", "MAX_OPERATIONS_USER_PPQ", "MAX_COMMANDS_PER_SHELL_PPQ"),
    "MIN_REQUIREMENT_NOT_AVAILABLE_PPQ",
]


class Transport:
    """Answers each request with a fault."""

    endpoint = "http://rdsh01:5985/wsman"

    def __init__(self, library: Any, fault: faults.Fault, encode: Callable[[str], str | bytes] = str) -> None:
        envelope = element("s:Envelope", element("s:Body", fault.element("RDSH01")))
        self.error = library.exceptions.WinRMTransportError("http", 500, encode(etree.tostring(envelope).decode()))

    def send_message(self, message: Any) -> bytes:
        raise self.error

    def send(self, message: Any, **_options: Any) -> bytes:
        raise self.error


def pywinrm_fails(fault: faults.Fault, request: str) -> Exception:
    protocol = Protocol("http://rdsh01:5985/wsman", "ntlm", "alice", "secret")
    protocol.transport = Transport(winrm, fault, str.encode)
    asked = {
        "Command": lambda: protocol.run_command("SHELL", "powershell"),
        "Receive": lambda: protocol.get_command_output_raw("SHELL", "COMMAND"),
    }
    with pytest.raises(Exception) as raised:
        asked[request]()
    return raised.value


def pypsrp_fails(fault: faults.Fault, request: str) -> Exception:
    client = WSMan("rdsh01", ssl=False, auth="ntlm", username="alice", password="secret")
    client.transport = Transport(pypsrp, fault)
    with pytest.raises(pypsrp.exceptions.WSManFaultError) as raised:
        {"Command": client.command, "Receive": client.receive}[request]("uri", Element("request"))
    return raised.value


@pytest.mark.parametrize("fails", [pywinrm_fails, pypsrp_fails])
@pytest.mark.parametrize(
    ("fault", "request_", "is_proof"),
    [
        (faults.max_operations(1500), "Command", True),
        (faults.max_shells(30), "Command", True),
        (faults.max_operations(1500), "Receive", False),  # it was started before
        (faults.access_denied(), "Command", False),
        (faults.timed_out(), "Command", False),
    ],
)
def test_what_proves_that_nothing_was_started(
    fails: Callable[[faults.Fault, str], Exception], fault: faults.Fault, request_: str, is_proof: bool
) -> None:
    assert never_started(fails(fault, request_)) == is_proof


def test_the_numbers() -> None:
    assert {win32metadata.constant(f"ERROR_WSMAN_QUOTA_{name}") for name in NAMES} == QUOTAS
