# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The ways in which inventories connect."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trustme


@pytest.mark.parametrize("transport", ["basic", "ntlm"])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_transports(serve: Callable[..., Any], scheme: str, transport: str) -> None:
    ports = {"http_port": 0 if scheme == "http" else None, "https_port": 0 if scheme == "https" else None}
    farm = serve([{"id": 12, "user": "alice"}], transport=transport, **ports)
    result = farm.logoff("users=alice")
    assert result.outcomes() == {12: "logged_off"}


@pytest.mark.parametrize("connection", ["winrm", "psrp"])
def test_client_certificate(serve: Callable[..., Any], tmp_path: Path, connection: str) -> None:
    farm = serve([{"id": 12, "user": "alice"}], transport="certificate", account={"domain": ""}, https_port=0)
    flags = ("-e", f"ansible_connection={connection}")
    trustme.CA().issue_cert("ansible@localhost").private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "x.pem"))
    another = {"winrm": ("winrm_cert_pem", "winrm_cert_key_pem"),
               "psrp": ("psrp_certificate_pem", "psrp_certificate_key_pem")}[connection]  # fmt: skip
    another_authority = [word for name in another for word in ("-e", f"ansible_{name}={tmp_path / 'x.pem'}")]
    assert farm.logoff("users=alice", *flags, *another_authority).status == "unreachable"
    assert farm.simulation.traffic("RDSH01") == []
    assert farm.logoff("users=alice", *flags).outcomes() == {12: "logged_off"}


def test_long_task_outlasts_the_operation_timeout(serve: Callable[..., Any]) -> None:
    """Receive is answered with the time-out fault meanwhile, as Windows does, and the client asks again."""
    farm = serve([{"id": 12, "user": "alice", "logoff": "5s"}])
    timeouts = "-e", "ansible_winrm_operation_timeout_sec=2", "-e", "ansible_winrm_read_timeout_sec=4"
    assert farm.logoff("users=alice", *timeouts).outcomes() == {12: "logged_off"}
    assert [e.status for e in farm.simulation.traffic("RDSH01") if e.action == "Receive"].count(500) >= 1
