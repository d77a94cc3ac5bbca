# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Other servers, worked on from one target by RPC in one launch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Serve = Callable[..., Any]

ON_HOST = ("-l", "RDSH01")


def farm_of(serve: Serve, *servers: dict[str, Any], **fields: Any) -> Any:
    """RDSH01, which Ansible connects to, and others."""
    return serve(hosts=[{"name": "RDSH01", "sessions": [{"id": 12, "user": "alice"}]}, *servers], **fields)


def test_server_that_is_down_costs_no_other_its_logoff(serve: Serve) -> None:
    farm = farm_of(
        serve,
        {"name": "RDSH02", "sessions": [{"id": 2, "user": "alice"}]},
        {"name": "RDSH03", "rpc": "down", "rpc_timeout": 1},
        {"name": "RDSH04", "rpc": "down", "rpc_timeout": "never"},
    )
    options = "users=alice server=RDSH02,RDSH03,RDSH04,RDSH99 server_timeout=2s"
    result = farm.adhoc("winops.rds.win_rds_logoff", options, *ON_HOST).only()
    assert result.status == "failed"
    assert result["changed"] is True
    assert {entry["server"]: (entry["error"] or {}).get("code") for entry in result["servers"]} == {
        "RDSH02": None,
        "RDSH03": 1722,
        "RDSH04": None,
        "RDSH99": 1722,
    }
    assert farm.users("RDSH02") == {}
    assert "RDSH03: " in result["msg"] and "[1722 RPC_S_SERVER_UNAVAILABLE]" in result["msg"]
    assert "1 session selected: 1 logged off." in result["msg"]


def test_two_hundred_servers_in_one_launch_side_by_side(serve: Serve) -> None:
    servers = [{"name": f"RDSH{n:03}", "sessions": [{"id": n, "user": "alice", "logoff": 0.5}]} for n in range(2, 202)]
    for server in servers[::40]:
        server.update(rpc="down", rpc_timeout=3)
    farm = farm_of(serve, *servers, rpc_latency=0.02)
    names = ",".join(server["name"] for server in servers)
    result = farm.adhoc("winops.rds.win_rds_logoff", f"users=alice server={names} server_timeout=3s", *ON_HOST).only()
    assert result.counts() == {"logged_off": 195}
    assert sum(entry["error"] is not None for entry in result["servers"]) == 5
    times = [call.time for host in farm.simulation.hosts for call in farm.simulation.calls(host)]
    # One after the other, the logoffs alone take 98 s.
    assert max(times) - min(times) < 30
    assert len({call.launch for host in farm.simulation.hosts for call in farm.simulation.calls(host)}) == 1


def test_not_found_is_what_no_server_has(serve: Serve) -> None:
    farm = farm_of(serve, {"name": "RDSH02", "sessions": [{"id": 2, "user": "bob"}]}, {"name": "RDSH03"})
    result = farm.adhoc("winops.rds.win_rds_logoff", "users=bob,carol server=RDSH02,RDSH03", *ON_HOST).only()
    assert result["not_found"] == ["carol"]


def test_without_credentials_another_server_says_no(serve: Serve) -> None:
    """By NTLM, nothing is handed on; the host itself needs nothing."""
    farm = farm_of(serve, {"name": "RDSH02", "sessions": [{"id": 2, "user": "alice"}]}, second_hop="delegated")
    result = farm.adhoc("winops.rds.win_rds_logoff", "users=alice server=RDSH01,RDSH02", *ON_HOST).only()
    assert result.status == "failed"
    assert {entry["server"]: (entry["error"] or {}).get("name") for entry in result["servers"]} == {
        "RDSH01": None,
        "RDSH02": "ERROR_ACCESS_DENIED",
    }
    assert (farm.users(), farm.users("RDSH02")) == ({}, {2: "alice"})


@pytest.mark.windows("runas starts the module with a token of the become user")
@pytest.mark.parametrize(("password", "status"), [("secret", "ok"), (None, "failed")])
def test_become_with_a_password_brings_credentials(serve: Serve, password: str | None, status: str) -> None:
    farm = farm_of(serve, {"name": "RDSH02", "sessions": [{"id": 2, "user": "alice"}]}, second_hop="delegated")
    become = {"ansible_become_user": "CONTOSO\\farmadmin"}
    if password:
        become["ansible_become_password"] = password
    task = {"winops.rds.win_rds_logoff": {"users": "alice", "server": "RDSH02"}, "become": True}
    run = farm.playbook([{**task, "become_method": "ansible.builtin.runas", "vars": become}], *ON_HOST)
    assert run.only().status == status
    assert farm.users("RDSH02") == ({} if password else {2: "alice"})
