# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Results of many hosts as one table."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.winops.rds.plugins.plugin_utils._farm.overview import SORTS, overview, overview_text
from ansible_collections.winops.rds.plugins.plugin_utils._words.table import aligned, columns


def record(id: int, user: str, **changes: Any) -> dict[str, Any]:
    """A session as a result has it, as far as a table shows it."""
    session = {
        "server": "RDSH01", "id": id, "account": f"CONTOSO\\{user}", "state": "active", "idle_seconds": 0,
        "logon_time": "2026-11-21T13:18:00Z", "client_name": None, "client_address": None, "result": "listed",
    }  # fmt: skip
    return {**session, **changes}


def result(*sessions: dict[str, Any]) -> dict[str, Any]:
    return {"servers": [{"server": "RDSH01", "error": None}], "sessions": [*sessions]}


MIB, GIB = 1 << 20, 1 << 30
ALICE = record(12, "alice", idle_seconds=187, client_name="LAPTOP-017")
BOB = record(14, "bob", state="disconnected", idle_seconds=32400, logon_time="2026-01-02T03:04:05Z")
ZOË = record(3, "Zoë", idle_seconds=None, logon_time=None, client_address="10.1.4.31")


def test_a_table() -> None:
    assert overview_text(overview([("rdsh01", result(ALICE, BOB, ZOË))]), "server", 0).splitlines() == [
        "SERVER  ID  ACCOUNT        STATE         IDLE  LOGGED ON     CLIENT",
        "RDSH01   3  CONTOSO\\Zoë    active        -     -             10.1.4.31",
        "RDSH01  12  CONTOSO\\alice  active        3m    Nov 21 13:18  LAPTOP-017",
        "RDSH01  14  CONTOSO\\bob    disconnected  9h    Jan 02 03:04  -",
        "",
        "3 sessions on 1 server: 2 active, 1 disconnected. Times are UTC.",
    ]


@pytest.mark.parametrize(
    ("sort", "ids"),
    [("server", [3, 12, 14]), ("account", [12, 14, 3]), ("state", [3, 12, 14]), ("idle", [14, 12, 3]),
     ("logged_on", [14, 12, 3]), ("client", [3, 12, 14]), ("memory", [14, 3, 12])],
)  # fmt: skip
def test_sorted(sort: str, ids: list[int]) -> None:
    sizes = {"memory_bytes": 0, "process_count": 1}, {"memory_bytes": 5 * GIB, "process_count": 1}
    sessions = (ALICE, BOB | sizes[1], ZOË | sizes[0]) if sort == "memory" else (ALICE, BOB, ZOË)
    lines = overview_text(overview([("rdsh01", result(*sessions))]), sort, 0).splitlines()
    assert [int(line.split()[1]) for line in lines[1:4]] == ids


def test_each_sort_is_tested() -> None:
    assert [case[0] for case in test_sorted.pytestmark[0].args[1]] == [*SORTS]


@pytest.mark.parametrize("width", [50, 60, 70, 80, 120])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    long = record(1, "maximilian.mustermann", server="RDSH-FRANKFURT-1", client_name="中文计算机名称很长")
    lines = overview_text(
        overview([("rdsh01", result(ALICE, long)), ("x", {"msg": "no answer " * 30})]), "server", width
    )
    assert max(map(columns, lines.splitlines())) <= width
    assert "mann" in lines


def with_programs(session: dict[str, Any], *programs: tuple[str, int]) -> dict[str, Any]:
    processes = [{"name": name, "pid": 4, "memory_bytes": size, "threads": 1} for name, size in programs]
    total = sum(size for _name, size in programs)
    return session | {"processes": processes, "process_count": len(programs), "memory_bytes": total}


def test_the_programs_where_somebody_has_asked_for_them() -> None:
    chrome = ("chrome.exe", GIB)
    alice = with_programs(ALICE, ("winword.exe", 300 * MIB), chrome, chrome, ("a.exe", 2 * MIB), ("b.exe", 2048))
    bob = BOB | {"processes": None, "process_count": None, "memory_bytes": None}
    lines = overview_text(overview([("rdsh01", result(alice, bob))]), "memory", 0).splitlines()
    assert lines[:3] == [
        "SERVER  ID  ACCOUNT        STATE         IDLE  MEMORY   PROGRAMS",
        "RDSH01  12  CONTOSO\\alice  active        3m    2.3 GiB  chrome.exe (2) 2.0 GiB, winword.exe 300 MiB, "
        "a.exe 2 MiB and 1 more",
        "RDSH01  14  CONTOSO\\bob    disconnected  9h    -        -",
    ]


def test_the_programs_of_a_narrow_terminal_give_way_first() -> None:
    alice = with_programs(ALICE, ("\x1b[2Jwinword.exe" * 20, 300 * MIB))
    lines = overview_text(overview([("rdsh01", result(alice))]), "memory", 60).splitlines()
    assert max(map(columns, lines)) <= 60
    assert "CONTOSO\\alice" in lines[1] and "\x1b" not in lines[1]


def test_names_do_nothing_to_the_terminal() -> None:
    evil = record(1, "\x1b[2J\u202ecod", client_name="PC\nfatal: [x]")
    lines = overview_text(overview([("rdsh01", result(evil))]), "server", 0).splitlines()
    assert len(lines) == 4
    assert "\\x1b[2J\\u202ecod" in lines[1]


def test_servers_that_could_not_be_asked() -> None:
    error = {"code": 1722, "name": "RPC_S_SERVER_UNAVAILABLE", "message": "no answer", "hint": "Check it."}
    several = {"servers": [{"server": "RDSH02", "error": error}, {"server": "RDSH03", "error": None}], "sessions": []}
    found = overview([("b", several), ("a", {"unreachable": True, "msg": "timed\nout"}), ("c", {})])
    assert overview_text(found, "server", 0).splitlines() == [
        "0 sessions on 1 server.",
        "Not asked: RDSH02: no answer [1722 RPC_S_SERVER_UNAVAILABLE]. Check it.",
        "Not asked: a: timed out",
        "Not asked: c: it returned no sessions",
    ]


def test_columns_of_a_terminal() -> None:
    assert aligned([["中文", "x"], ["abc", "y"], ["e\u0301", "z"]]) == ["中文  x", "abc   y", "e\u0301     z"]
