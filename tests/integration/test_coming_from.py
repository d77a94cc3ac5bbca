# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The guide for who comes from other commands: what it puts beside each of them is understood, and does it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.guides import guide

Serve = Callable[..., Any]

OURS = re.compile(r'^(win_rds_\w+)(?: -a "([^"]*)")?$')
SESSIONS = [
    {"id": 1, "name": "console", "user": "operator"},
    {"id": 3, "user": "carol"},
    {"id": 12, "name": "TERM04", "user": "alice", "idle": "3h"},
    {"id": 14, "user": "bob", "state": "disconnected"},
    {"id": 6, "user": "ansible", "name": "rdp-tcp#6"},
]


def commands() -> list[tuple[str, str]]:
    """Each module and its options, as they stand beside a command."""
    cells = [row["ours"] for row in guide("guide_coming_from").rows() if "ours" in row]
    return [(match[1], match[2] or "") for cell in cells if (match := OURS.match(cell))]


def test_each_is_understood_and_finds_whom_it_means(serve: Serve) -> None:
    hosts = [{"name": name, "sessions": SESSIONS} for name in ("RDSH01", "RDSH02")]
    farm = serve(hosts=hosts)
    tasks = [
        {"name": f"{number} {module} {options}", f"winops.rds.{module}": options}
        for number, (module, options) in enumerate(commands())
    ]
    run = farm.playbook(tasks, "--check", "--limit", "RDSH01")
    assert run.exit_code == 0, run.output
    assert len(run.results) == len(tasks) > 40
    nobody = [result.task for result in run.results if result.values.get("not_found")]
    assert [name for name in nobody if "states=down" not in name] == []
    assert all(
        result.values["sessions"] for result in run.results if "sessions" in result.values and "down" not in result.task
    )
    assert [farm.simulation.mutating_calls(name) for name in ("RDSH01", "RDSH02")] == [[], []]


#: The switches of each command, from the syntax on Microsoft's pages; of the cmdlets, their parameters.
SWITCHES = {
    "logoff": "/server /v /vm /?",
    "quser, query user, query session, qwinsta": "/server /mode /flow /connect /counter /vm",
    "msg": "/server /time /v /w @names.txt * <",
    "tsdiscon": "/server /v /vm",
    "reset session, rwinsta": "/server /v",
    "change logon, chglogon": "/query /enable /disable /drain /drainuntilrestart",
    "Get-RDUserSession and its kin": "-CollectionName -ConnectionBroker -HostServer -UnifiedSessionID -Force "
    "-MessageTitle -MessageBody -SessionHost -NewConnectionAllowed Yes NotUntilReboot No",
    "MultiPoint Manager": "-SessionId -Server -WhatIf -Confirm",
}


@pytest.mark.parametrize("title", SWITCHES)
def test_each_switch_is_in_the_table(title: str) -> None:
    theirs = " ".join(row["theirs"] for row in guide("guide_coming_from").section(title).rows())
    assert [switch for switch in SWITCHES[title].split() if not re.search(rf"{re.escape(switch)}(?!\w)", theirs)] == []
