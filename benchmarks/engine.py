# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a task costs with many sessions, and with many servers.

    make link && PYTHONPATH=.venv/collections .venv/bin/python -m benchmarks.engine

Times are from the first call of the engine to its last, on simulated hosts: of ours, without Ansible and PowerShell.
Each call costs more here than on Windows, because it goes over a socket to the simulator. Compare the rows.
"""

from __future__ import annotations

import itertools
from typing import Any

from tests.unit.faults.hosts import Farm, farm

LATENCY, DEAD, TIMEOUT = 0.02, 5, 3


def run(tried: Farm, **options: Any) -> tuple[float, int, dict[str, int]]:
    """Seconds, number of calls, and what became of the sessions."""
    tried.api.witnesses = False
    result = tried.logoff(**options)
    calls = [*itertools.chain.from_iterable(tried.api.calls.values())]
    times = [call.time for call in calls]
    return max(times) - min(times), len(calls), result["summary"]


def many_sessions(sessions: int, logged_off: int, **options: Any) -> None:
    temp, user = {"user": "temp", "logged_on": "8h"}, {"user": "user"}
    people = [{"id": n, **(temp if n < logged_off + 2 else user)} for n in range(2, sessions + 2)]
    with farm({"name": "RDSH01", "sessions": people}) as tried:
        seconds, calls, summary = run(tried, **options)
    print(f"{sessions:>8} {', '.join(options):<16} {summary['logged_off']:>10} {calls:>7} {seconds:>8.2f} s")


def many_servers(servers: int) -> None:
    up = [{"name": f"UP{n}", "sessions": [{"id": 2, "user": "temp", "logoff": 1}]} for n in range(servers - DEAD)]
    down = [{"name": f"DOWN{n}", "rpc": "down", "rpc_timeout": TIMEOUT} for n in range(DEAD)]
    names = [host["name"] for host in (*up, *down)]
    with farm({"name": "RDSH01"}, *up, *down, rpc_latency=LATENCY) as tried:
        seconds, calls, summary = run(tried, users="temp", server=names)
    one_by_one = calls * LATENCY + len(up) * 1 + DEAD * TIMEOUT
    print(f"{servers:>8} {summary.get('logged_off', 0):>10} {calls:>7} {seconds:>8.2f} s {one_by_one:>12.0f} s")


if __name__ == "__main__":
    print("sessions selected by      logged off   calls     time")
    for count in (50, 500, 5000):
        many_sessions(count, count // 25, users="temp")
    for count in (50, 500, 5000):  # by what has to be asked for each session
        many_sessions(count, count // 25, logged_on_for="2h")
    print(f"\nservers ({DEAD} of them dead: {TIMEOUT} s; a call takes {LATENCY * 1000:.0f} ms, a logoff 1 s)")
    print("         logged off   calls     time   one by one")
    for count in (10, 50, 200):
        many_servers(count)
