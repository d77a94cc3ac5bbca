# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What people type, as Ansible hands it on: nobody is logged off by it who was to be spared."""

from __future__ import annotations

from collections.abc import Callable
from textwrap import indent
from typing import Any

import pytest
from ansible.release import __version__ as ansible_version

Serve = Callable[..., Any]

SESSIONS = [
    {"id": 12, "user": "alice", "idle": "3h", "client_address": "192.0.2.7"},
    {"id": 14, "user": "svc-backup", "state": "disconnected", "disconnected": "9h", "idle": "9h"},
    {"id": 15, "user": "FABRIKAM\\carol", "state": "disconnected", "disconnected": "9h", "idle": "9h"},
    {"id": 16, "user": "paul"},
]
EVERYBODY = {12: "alice", 14: "svc-backup", 15: "carol", 16: "paul"}

#: As it stands in a playbook, beside `all: true`, and words of the refusal.
TYPED = {
    r'exclude_users: ["CONTOSO\Paul", "CONTOSO\Larry"]': "U+2029 PARAGRAPH SEPARATOR",
    r'exclude_users: "CONTOSO\alice"': "backslash belongs in single quotes",
    r'exclude_users: "CONTOSO\_alice"': "U+00A0 NO-BREAK SPACE",
    r'exclude_users: "CONTOSO\P"': "U+2029",
    r'exclude_users: "\u200bsvc-backup"': "U+200B ZERO WIDTH SPACE",
    r'exclude_users: "\u200eFABRIKAM\\carol"': "U+200E LEFT-TO-RIGHT MARK",
    "exclude_users: svc–backup": "U+2013 EN DASH",
    "exclude_users: “svc-backup”": "U+201C",
    "exclude_users: CONTOSO/svc-backup": "it holds /",
    "exclude_users: (svc-backup;alice)": "text that looks like a list",
    "exclude_users: [\"'svc-backup'\"]": "it is enclosed in ' and '",
    "exclude_users: svc-backup.": "no account ends with a period",
    r"exclude_users: contoso.com\svc-*": "its NetBIOS name",
    r"exclude_users: \\CONTOSO\svc-backup": "one backslash",
    "idle_for: ''": "idle_for is empty; give a value, or leave the option out",
    "idle_for: '{{ nothing }}'": "idle_for is ",  # null, or by older versions empty
    "idle_for: 1.440m": "may separate thousands",
    "grace: 10 PM, message: Bye": "no date or time of day",
    "grace: 15m, message: none": "message is 'none', which users would read so",
    "grace: 15m, message: Bye, at_deadline: ''": "at_deadline is empty; give one of logoff, leave, fail, or leave",
    "grace: 15m, message: Bye, at_deadline: '22:00'": "how long users have is grace",
    "reason: 2026-11-30": "write it in quotes",
    "clients: '{{ nothing }}*'": "if that is meant, give ?* (whoever has a client)",
    "exclude_users: S-1-5-21-*": "begins like a SID",
    "exclude_users: CN=svc-backup": "it holds =",
    "exclude_users: '[\"svc-*\"'": "text that looks like a list",
    "exclude_users: '[alice,carol'": "text that looks like a list",
    "exclude_users: [false]": "False is not text",
    "exclude_users: 0012345": "5349 is not text",
    "exclude_users: [1.5]": "1.5 is not text",
    "exclude_users: [{name: alice}]": "map(attribute='account')",
    "exclude_users: [[[alice]]]": "flatten",
    "exclude_users: [svc-backup, []]": "exclude_users holds an empty value",
    "exclude_users: '{{ nothing }}'": "exclude_users ",  # null, or by older versions empty
    "exclude_users: '{{ lost }}'": " list",
    'exclude_sessions: "rdp-tcp#*"': "without * and ?",
    "exclude_sessions: 12 rdp-tcp": "it holds a blank",
    'exclude_sessions: "12-17"': "give each ID for itself",
    "exclude_sessions: [12.5]": "text and whole numbers",
    'exclude_sessions: [{id: 12}]': "a record without server, account, logon_time",
    r"exclude_sessions: CONTOSO\alice": "give it in users or exclude_users",
    "idle_for: 2:00": "'120' has no unit: 120 seconds is 2m, 120 minutes is 2h",
    'idle_for: "2:00"': "write 2m or 2h",
    "idle_for: 90": "'90' has no unit: 90 seconds is 1m 30s, 90 minutes is 1h 30m",
    "disconnected_for: '02:30:00'": "write 2h 30m",
    "logged_on_for: '0'": "write 15m or 2h",
    "idle_for: '{{ \"2 hours\" | int }}h'": "0 would leave nobody out; if that is meant, give all=true",
    "grace: 15, message: Bye": "15 seconds is 15s, 15 minutes is 15m",
    "grace: 15m, message: Bye, reminders: [5]": "5 seconds is 5s, 5 minutes is 5m",
    "grace: 15m, message: Bye, reminders: ['5']": "5 seconds is 5s, 5 minutes is 5m",
    "grace: 15m, message: 'Dear {user.name}'": "message holds {user.name}",
    "clients: 192.0.2.*.5": "192.0.2.0/24",
    "server: RDSH\u201101": "U+2011",
    "users: '{{ nothing }}*'": "'*' leaves nobody out; if that is meant, give all=true",
    "exclude_users: '{{ nothing }}-*'": "it begins or ends with -",
    "exclude_users: svc-* adm-*": "separate them by commas",
    "exclude_uses: svc-backup": "did you mean exclude_users",
}  # fmt: skip


def test_what_is_typed_into_a_playbook(serve: Serve) -> None:
    farm = serve(SESSIONS)
    path = farm.folder / "typed.yml"
    tasks = "".join(
        f"    - name: Case {n}\n      winops.rds.win_rds_logoff: {{all: true, {typed}}}\n      ignore_errors: true\n"
        for n, typed in enumerate(TYPED)
    )
    variables = "{nothing: null, lost: '[]', found: {sessions: [{id: 12}]}}"
    path.write_text(f"- hosts: rdsh\n  gather_facts: false\n  vars: {variables}\n  tasks:\n{tasks}", "utf-8")
    run = farm.run(path)
    told = {typed: run.of(f"Case {n}")["msg"] for n, typed in enumerate(TYPED)}
    assert [(typed, told[typed]) for typed, words in TYPED.items() if words not in told[typed]] == []
    assert farm.users() == EVERYBODY
    assert farm.simulation.traffic("RDSH01") == []


#: After -a, and what is said where the plugin is asked. Before ansible-core 2.19 it is not: Ansible ends by itself.
FREE_FORM = {
    "12": "sessions=12",
    "all": "all=true",
    "idle_for=1d 4h": "idle_for='1d 4h'",
    "all=true exclude_users=svc-backup exclude_users=alice": "exclude_users is given twice",
    '{"all": true, "exclude_users": "svc-backup", "exclude_users": "alice"}': "exclude_users is given twice",
}


@pytest.mark.parametrize(("options", "words"), FREE_FORM.items())
def test_what_is_typed_at_a_prompt(serve: Serve, options: str, words: str) -> None:
    farm = serve(SESSIONS)
    run = farm.adhoc("winops.rds.win_rds_logoff", options)
    assert run.exit_code != 0
    if ansible_version < "2.19" and "twice" not in words:
        assert "has extra params" in run.output
    else:
        assert words in run.only()["msg"]
    assert farm.users() == EVERYBODY


def test_options_that_are_one_template(serve: Serve) -> None:
    farm = serve(SESSIONS)
    options = {"users": ["alice", "carol"], "exclude_users": ["FABRIKAM\\*"], "timeout": "{{ omit }}"}
    result = farm.playbook([{"winops.rds.win_rds_logoff": "{{ options }}"}], vars={"options": options}).only()
    assert result.outcomes() == {12: "logged_off"}
    assert farm.users() == {id: user for id, user in EVERYBODY.items() if id != 12}


TWICE = (
    "winops.rds.win_rds_logoff: all=true exclude_users=svc-backup exclude_users=alice",
    "action: winops.rds.win_rds_logoff all=true exclude_users=svc-backup exclude_users=alice",
    "winops.rds.win_rds_logoff: {all: true, exclude_users: alice}\n  args: {exclude_users: svc-backup}",
    "winops.rds.win_rds_logoff: all=true exclude_users=alice\n  args: {exclude_users: svc-backup}",
)


def test_an_option_that_a_playbook_gives_twice(serve: Serve) -> None:
    """In whatever form: of the two, Ansible takes one without a word."""
    farm = serve(SESSIONS)
    path = farm.folder / "twice.yml"
    tasks = "".join(f"- name: Case {n}\n  ignore_errors: true\n  {task}\n" for n, task in enumerate(TWICE))
    path.write_text(f"- hosts: rdsh\n  gather_facts: false\n  tasks:\n{indent(tasks, '  ')}", "utf-8")
    run = farm.run(path)
    assert [run.of(f"Case {n}")["msg"].partition(",")[0] for n in range(4)] == ["exclude_users is given twice"] * 4
    assert farm.users() == EVERYBODY


@pytest.mark.parametrize(
    "variables",
    ['exclude_users=["svc-*"]', "exclude_users=[svc-*]", "exclude_users=", '{"exclude_users": null}',
     '{"exclude_users": []}', "excluded_users=svc-*", "exclude_user=svc-*", "maintenance_exclude_users=svc-*"],
)  # fmt: skip
def test_exclusions_that_a_playbook_is_given(serve: Serve, variables: str) -> None:
    """ansible-core before 2.19 reads the first as a list, and the others as text."""
    farm = serve(SESSIONS)
    farm.run("winops.rds.end_disconnected", "-e", variables)
    assert 14 in farm.users()
