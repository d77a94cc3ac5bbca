# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What does not depend on the machine that it runs on; ``benchmarks/engine.py`` has the seconds."""

from __future__ import annotations

import pytest

from tests.unit.faults.hosts import farm


@pytest.mark.parametrize("options", [{"users": "temp"}, {"logged_on_for": "2h"}], ids=str)
def test_calls_grow_no_faster_than_sessions(options: dict[str, str]) -> None:
    calls = {}
    for count in (50, 500, 5000):
        temp, user = {"user": "temp", "logged_on": "8h"}, {"user": "user"}
        people = [{"id": n, **(temp if n < count // 25 + 2 else user)} for n in range(2, count + 2)]
        with farm({"name": "RDSH01", "sessions": people}) as tried:
            tried.api.witnesses = False
            assert tried.logoff(**options)["summary"]["logged_off"] == count // 25
            calls[count] = len(tried.api.calls["RDSH01"])
            assert tried.leaks == 0
    assert calls[500] - calls[50] == pytest.approx((calls[5000] - calls[500]) / 10, rel=0.05)


def test_servers_are_worked_on_side_by_side() -> None:
    up = [{"name": f"UP{n}", "sessions": [{"id": 2, "user": "temp", "logoff": 0.5}]} for n in range(35)]
    down = [{"name": f"DOWN{n}", "rpc": "down", "rpc_timeout": 1} for n in range(5)]
    with farm({"name": "RDSH01"}, *up, *down, rpc_latency=0.02) as tried:
        result = tried.logoff(users="temp", server=[host["name"] for host in (*up, *down)])
        times = [call.time for calls in tried.api.calls.values() for call in calls]
    assert result["summary"]["logged_off"] == sum(result["summary"].values()) == 35
    assert sum(bool(server["error"]) for server in result["servers"]) == 5
    # One after the other: the logoffs 17.5 s, the dead servers 5 s, and 20 ms for each call.
    assert max(times) - min(times) < (17.5 + 5 + 0.02 * len(times)) / 2
