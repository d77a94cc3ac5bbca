# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A WinRM that does not answer, or that gives no more shells or commands: what the task says, and what was done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from simulator.http_service import CutConnection

from .conftest import Farm, Result

Serve = Callable[..., Farm]

CONNECTIONS = ["winrm", "psrp"]
#: A request is given up after ten seconds, which is half a minute by default.
LIMITS = {
    "winrm_operation_timeout_sec": 5,
    "winrm_read_timeout_sec": 10,
    "psrp_operation_timeout": 5,
    "psrp_read_timeout": 10,
}
IMPATIENT = [word for name, seconds in LIMITS.items() for word in ("-e", f"ansible_{name}={seconds}")]

NOT_KNOWN = "Sessions may have been logged off"


def log_off(farm: Farm, connection: str) -> Result:
    """Of a task that did not succeed. Where it is not known what was done, something may have changed."""
    result = farm.logoff("users=alice", "-e", f"ansible_connection={connection}", *IMPATIENT)
    assert result.status in ("failed", "unreachable")
    assert bool(result.values.get("changed")) == (NOT_KNOWN in result["msg"])
    return result


def serving(serve: Serve, **fields: Any) -> Farm:
    return serve(hosts=[{"name": "RDSH01", "sessions": [{"id": 12, "user": "alice"}], **fields}])


@pytest.mark.parametrize("connection", CONNECTIONS)
def test_no_shell_is_opened(serve: Serve, connection: str) -> None:
    farm = serving(serve, winrm_hangs="Create")
    result = log_off(farm, connection)
    assert "Read timed out. (read timeout=10)" in result["msg"]
    assert NOT_KNOWN not in result["msg"]
    assert farm.simulation.calls("RDSH01") == []


@pytest.mark.parametrize("connection", CONNECTIONS)
def test_no_command_is_started(serve: Serve, connection: str) -> None:
    """Whether it was started is not known: the host may have done it, and only its answer be missing."""
    farm = serving(serve, winrm_hangs="Command")
    result = log_off(farm, connection)
    assert "no answer from the session engine" in result["msg"]
    assert "Read timed out. (read timeout=10)" in result["msg"]
    assert NOT_KNOWN in result["msg"]
    assert farm.simulation.calls("RDSH01") == []


def test_what_was_done_is_not_told(serve: Serve) -> None:
    farm = serving(serve, winrm_hangs="Receive")
    assert NOT_KNOWN in log_off(farm, "winrm")["msg"]
    assert farm.users() == {}


@pytest.mark.parametrize("connection", CONNECTIONS)
def test_no_more_shells(serve: Serve, connection: str) -> None:
    farm = serving(serve, max_shells=0)
    result = log_off(farm, connection)
    assert result.status == "unreachable"
    assert "This user is allowed a maximum number of 0 concurrent shells, which has been exceeded." in result["msg"]
    assert farm.simulation.calls("RDSH01") == []


@pytest.mark.parametrize("connection", CONNECTIONS)
def test_no_more_commands(serve: Serve, connection: str) -> None:
    farm = serving(serve, max_operations=0)
    result = log_off(farm, connection)
    assert "This user is allowed a maximum number of 0 concurrent operations, which has been exceeded." in result["msg"]
    assert "nothing was touched on the host" in result["msg"] and NOT_KNOWN not in result["msg"]
    assert farm.simulation.calls("RDSH01") == []


@pytest.mark.parametrize(("request_", "is_known"), [("Create", True), ("Command", False)])
def test_the_connection_is_cut_when_a_shell_may_start_no_more(serve: Serve, request_: str, is_known: bool) -> None:
    """``winrm`` opens another shell then, and asks it to start the command."""
    farm = serving(serve, max_operations=0)
    seen: list[str] = []

    async def cut_the_second(action: str) -> None:
        seen.append(action)
        if seen.count(request_) > 1 and action == request_:
            raise CutConnection

    farm.simulation.services["RDSH01"].before_answer = cut_the_second
    result = log_off(farm, "winrm")
    assert seen.count(request_) > 1
    assert (NOT_KNOWN in result["msg"]) != is_known
    assert farm.simulation.calls("RDSH01") == []
