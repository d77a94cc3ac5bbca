# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Names that users and programs give themselves never act on a terminal, nor look like a line of ours."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Any

import pytest

from .conftest import Farm

Serve = Callable[..., Farm]

FORGED = "RDSH01: session 99 (CONTOSO\\ceo): logged off"
NASTY = ["\x1b[2Jeve", f"a\n{FORGED}", "b\x9bc", "d\u202ee", "f\u2028g", "\x1b]0;t\x07"]
SESSIONS = [
    {"id": 20 + i, "user": name, "client_name": name, "processes": [name], "logoff": "never" if i == 0 else 0}
    for i, name in enumerate(NASTY)
]
ALLOWED = {"\n"}


def assert_harmless(output: str) -> None:
    bad = {c for c in output if unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp") and c not in ALLOWED}
    assert bad == set(), ascii(output)
    assert FORGED not in output.splitlines()


@pytest.mark.parametrize(
    ("module", "options", "flags"),
    [
        ("win_rds_session_info", {}, []),
        ("win_rds_logoff", {"all": True}, ["--check", "--diff"]),
        ("win_rds_logoff", {"all": True, "on_timeout": "terminate", "timeout": "1s"}, ["--diff"]),
        ("win_rds_message", {"all": True, "message": "Hello"}, []),
    ],
    ids=["session_info", "check", "logoff", "message"],
)
def test_names_are_shown_and_not_obeyed(serve: Serve, module: str, options: dict[str, Any], flags: list[str]) -> None:
    """In our lines, that is; with -vv, and ad hoc, Ansible shows the result as JSON, in which names are as they are."""
    farm = serve(SESSIONS)
    run = farm.playbook([{f"winops.rds.{module}": options}], "-v", *flags)
    assert_harmless(run.output)
    assert "\\x1b[2Jeve" in run.output
    assert {record["user"] for record in run.only()["sessions"]} == {s["user"].split("\\")[-1] for s in SESSIONS}


def test_a_grace_period_shows_them_so_too(serve: Serve) -> None:
    farm = serve(SESSIONS[1:])
    task = {"winops.rds.win_rds_logoff": {"all": True, "grace": "2s", "message": "{user}"}}
    assert_harmless(farm.playbook([task], "-v").output)


def test_the_table_of_who_is_on(serve: Serve) -> None:
    farm = serve(SESSIONS)
    assert_harmless(farm.run("winops.rds.who_is_on").output)


def test_no_log_silences_our_lines(serve: Serve) -> None:
    farm = serve([{"id": 12, "user": "alice"}])
    task = {"winops.rds.win_rds_logoff": {"all": True, "exclude_users": "bob*"}, "no_log": True}
    output = farm.playbook([task], "-vvv").output
    assert "alice" not in output and "session 12" not in output
