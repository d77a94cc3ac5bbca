# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One task is one launch: what goes over the wire, next to ansible.windows.win_ping, the floor of any module."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from .conftest import COLLECTIONS

#: Bytes that ansible-core sends at once (ansible/plugins/connection/winrm.py), in Base64.
SEND_BYTES = 200_000 * 4 / 3


@pytest.mark.skipif(
    not (COLLECTIONS / "ansible_collections/ansible/windows").exists(),
    reason="ansible.windows is not installed (make setup)",
)
@pytest.mark.parametrize("mode", [("all=true", "--check"), ("users=nobody",), ("users=alice",)])
def test_as_many_requests_as_win_ping(serve: Callable[..., Any], mode: tuple[str, ...]) -> None:
    ours, ping = _exchanges(serve, "winops.rds.win_rds_logoff", *mode), _exchanges(serve, "ansible.windows.win_ping")
    for name, exchanges in (("ours", ours), ("win_ping", ping)):
        sent_bytes = sum(exchange.request_bytes for exchange in exchanges)
        print(f"{name}: {len(exchanges)} requests, {sent_bytes} bytes sent")  # pytest -rP shows it
    count, floor = (Counter(exchange.action for exchange in exchanges) for exchanges in (ours, ping))
    sent = {
        name: sum(e.request_bytes for e in exchanges if e.action == "Send")
        for name, exchanges in (("ours", ours), ("ping", ping))
    }
    # A longer payload may need one Send more; nothing else may differ.
    assert count["Send"] <= floor["Send"] + 1
    assert {**count, "Send": 0} == {**floor, "Send": 0}
    # The C# travels with each task: what it grows by is to be seen here.
    assert sent["ours"] <= 1.40 * sent["ping"]


def test_engine_is_launched_once(serve: Callable[..., Any]) -> None:
    farm = serve([{"id": n, "user": f"user{n}", "logoff": "0.5s"} for n in range(2, 12)])
    farm.logoff("all=true")
    assert len({call.launch for call in farm.simulation.calls("RDSH01")}) == 1
    assert [launch.leaks for launch in farm.simulation.api.launches] == [0]


def _exchanges(serve: Callable[..., Any], module: str, options: str = "", *flags: str) -> list[Any]:
    # No PowerShell is so fast that it has ended before the client asks for its output.
    farm = serve([{"id": 12, "user": "alice"}], launch_seconds=0.3)
    run = farm.adhoc(module, options, *flags)
    assert run.exit_code == 0, run.output
    return farm.simulation.traffic("RDSH01")
