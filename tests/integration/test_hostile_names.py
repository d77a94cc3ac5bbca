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


def test_the_table_of_who_is_on(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    farm = serve(SESSIONS)
    assert_harmless(farm.run("winops.rds.who_is_on").output)
    output = farm.run("winops.rds.who_is_on", "-e", "sort=memory").output
    assert_harmless(output)
    assert output.count("\\x1b[2Jeve") == 2  # the account and the program


def test_what_still_runs_is_named_so_too(serve: Serve) -> None:
    result = serve([SESSIONS[0] | {"processes": NASTY}]).logoff("all=true timeout=1s")
    assert_harmless(result["msg"])
    assert "still running: \\x1b[2Jeve, \\x1b]0;t\\x07, a\\nRDSH01" in result["msg"]
    assert {*result["sessions"][0]["running"]} == {*NASTY}


def test_the_name_of_a_program_is_not_evaluated(serve: Serve) -> None:
    """Also where a task takes it from the result of another."""
    name = "{{ 7 * 191 }}.exe"
    farm = serve([{"id": 12, "user": "alice", "processes": [name], "logoff": "never"}])
    run = farm.playbook(
        [
            {"winops.rds.win_rds_session_info": {"processes": True}, "register": "found"},
            {
                "name": "Show",
                "ansible.builtin.debug": {"msg": "{{ found.sessions[0].processes | map(attribute='name') | list }}"},
            },
            {"winops.rds.win_rds_logoff": {"all": True, "timeout": "1s"}, "register": "done", "ignore_errors": True},
            {"name": "Show more", "ansible.builtin.debug": {"msg": "{{ done.msg }} {{ done.sessions[0].running }}"}},
        ]
    )
    assert name in run.of("Show")["msg"]
    assert f"still running: {name}." in run.of("Show more")["msg"]
    assert "1337" not in run.output


def test_no_log_silences_our_lines(serve: Serve) -> None:
    farm = serve([{"id": 12, "user": "alice"}])
    task = {"winops.rds.win_rds_logoff": {"all": True, "exclude_users": "bob*"}, "no_log": True}
    output = farm.playbook([task], "-vvv").output
    assert "alice" not in output and "session 12" not in output
