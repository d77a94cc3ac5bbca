# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""First attempts with the real Ansible, and a list that happens to hold nobody."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from textwrap import indent
from typing import Any

import pytest
from ansible.parsing.splitter import parse_kv
from ansible.release import __version__ as ansible_version

from tests.support.first_attempts import (
    DISCONNECT,
    INFO,
    LOGOFF,
    MESSAGE,
    REFUSED,
    TAKEN,
    Attempts,
    new_words,
)

Serve = Callable[..., Any]

SESSIONS = [
    {"id": 12, "user": "alice", "client_name": "PC-0815"},
    {"id": 13, "user": "bob", "state": "disconnected", "idle": "3h"},
    {"id": 14, "user": "svc-backup"},
]
EVERYBODY = {12: "alice", 13: "bob", 14: "svc-backup"}


def attempts(tables: Mapping[str, Mapping[str, Attempts]]) -> Iterator[tuple[str, str, str]]:
    """What Ansible hands to the module: before ansible-core 2.19 it refuses other words itself."""
    for modules in tables.values():
        for module, typed_and_meant in modules.items():
            for typed, meant in typed_and_meant.items():
                if typed.startswith("{") or "_raw_params" not in parse_kv(typed):
                    yield module, typed, meant


def play(cases: list[tuple[str, str]]) -> str:
    """A playbook in which each task has its options as they were typed."""
    tasks = "".join(
        f"- name: Case {n}\n  ignore_errors: true\n"
        f"  {module}: {typed if typed.startswith('{') else json.dumps(typed, ensure_ascii=False)}\n"
        for n, (module, typed) in enumerate(cases)
    )
    return f"- hosts: rdsh\n  gather_facts: false\n  tasks:\n{indent(tasks, '  ')}"


def test_what_is_refused_leads_to_what_works(serve: Serve) -> None:
    farm = serve(SESSIONS)
    cases = [*attempts(REFUSED)]
    path = farm.folder / "refused.yml"
    path.write_text(play([(module, typed) for module, typed, _works in cases]), "utf-8")
    run = farm.run(path)
    for n, (_module, typed, works) in enumerate(cases):
        result = run.of(f"Case {n}")
        message = result["msg"].replace("\\\\", "\\").lower()
        assert result.status == "failed", typed
        assert [word for word in new_words(typed, works) if word.lower() not in message] == [], (typed, message)
    assert farm.simulation.traffic("RDSH01") == []
    assert len(cases) > 100


@pytest.mark.parametrize("kind", [kind for kind in TAKEN if kind != "logon modes"])
def test_what_is_taken(serve: Serve, kind: str) -> None:
    """Some of each kind: the task is the same as that of the words that the documentation has."""
    farm = serve(SESSIONS)
    cases = [
        case
        for case in attempts({kind: {LOGOFF: TAKEN[kind][LOGOFF]}})
        if not re.search(r"server=|exclude.*\\", case[1])
    ][::4]
    path = farm.folder / "taken.yml"
    path.write_text(play([(module, text) for module, typed, meant in cases for text in (typed, meant)]), "utf-8")
    run = farm.run(path, "--check")
    for n, (_module, typed, _meant) in enumerate(cases):
        taken, same = (run.of(f"Case {2 * n + which}") for which in (0, 1))
        told = [{record["id"]: record["matched_by"] for record in result["sessions"]} for result in (taken, same)]
        assert (taken.status, told[0], taken["not_found"]) == (same.status, told[1], same["not_found"]), typed
    assert farm.users() == EVERYBODY


PROMPTS = {
    'users=["alice","bob"]': [14],
    "user=alice": [13, 14],
    "id=12": [13, 14],
    "states=Disc": [12, 14],
    "idle_for='2 hours'": [12, 14],
    "all=yes exclude_user=svc-backup": [14],
    "all=true exclude_session=12 exclude_account=svc-*": [12, 14],
}


@pytest.mark.parametrize(("options", "left"), PROMPTS.items())
def test_what_is_typed_at_a_prompt(serve: Serve, options: str, left: list[int]) -> None:
    farm = serve(SESSIONS)
    result = farm.logoff(options)
    assert result["changed"]
    assert [*farm.users()] == left


FREE_FORM = {
    "alice": "users=alice",
    "12": "sessions=12",
    "12 /server:RDSH02": "sessions=12 server=RDSH02",
    "idle_for=2 hours": "idle_for='2 hours'",
    "users=alice bob": "users=alice,bob",
    "me": "sessions=current",
}


@pytest.mark.skipif(ansible_version < "2.19", reason="Ansible refuses these words itself: this task has extra params")
@pytest.mark.parametrize(("options", "meant"), FREE_FORM.items())
def test_words_that_belong_to_no_option(serve: Serve, options: str, meant: str) -> None:
    farm = serve(SESSIONS)
    assert f"belongs to no option. Say which: {meant}. " in farm.logoff(options)["msg"]
    assert farm.simulation.traffic("RDSH01") == []


FROM_TEMPLATES: dict[str, tuple[dict[str, Any], list[int]]] = {
    "union": ({"users": "{{ ['alice'] | union(['bob']) }}"}, [12, 13]),
    "keys": ({"users": "{{ grades.keys() }}"}, [12, 13]),
    "dict2items": ({"users": "{{ grades | dict2items | map(attribute='key') }}"}, [12, 13]),
    "tuple": ({"users": "{{ ('alice', 'bob') }}"}, [12, 13]),
    "zip": ({"users": "{{ ['alice'] | zip(['bob']) }}"}, [12, 13]),
    "splitlines": ({"users": "{{ lines.splitlines() }}"}, [12, 13]),
    "list in a list": ({"users": ["{{ grades | list }}"]}, [12, 13]),
    "records of a loop": ({"sessions": "{{ found.results | map(attribute='sessions') }}"}, [12, 13]),
    "IDs of a loop": (
        {"sessions": "{{ found.results | map(attribute='sessions') | flatten | map(attribute='id') | join(' ') }}"},
        [12, 13],
    ),
    "spared union": ({"all": True, "exclude_users": "{{ ['alice'] | union(['bob']) }}"}, [14]),
    "spared keys": ({"all": True, "exclude_users": "{{ grades.keys() }}"}, [14]),
    "spared list in a list": ({"all": True, "exclude_users": ["{{ grades | list }}"]}, [14]),
    "spared nobody in a list": ({"all": True, "exclude_users": ["{{ [] }}", "bob"]}, []),
    "spared lines": ({"all": True, "exclude_users": "{{ lines }}"}, []),
}


def test_lists_from_templates(serve: Serve) -> None:
    """Each is selected or spared, or the task is refused."""
    farm = serve(SESSIONS)
    tasks: list[dict[str, Any]] = [
        {"name": "look", INFO: {"users": "{{ item }}"}, "loop": ["alice", "bob", "carol"], "register": "found"},
        *(
            {"name": name, LOGOFF: options, "ignore_errors": True, "check_mode": True}
            for name, (options, _ids) in FROM_TEMPLATES.items()
        ),
    ]
    run = farm.playbook(tasks, vars={"grades": {"alice": 1, "bob": 2}, "lines": "alice\nbob\n"})
    for name, (_options, ids) in FROM_TEMPLATES.items():
        result = run.of(name)
        if name == "tuple" and ansible_version < "2.19":  # Ansible makes text of it, which is refused
            ids = []
        assert (result.status == "failed") == (not ids), (name, result.values.get("msg"))
        assert [record["id"] for record in result.values.get("sessions", [])] == ids, name


# ---- an empty list

NOBODY: dict[str, tuple[str, dict[str, Any]]] = {
    "users": (LOGOFF, {"users": "{{ leavers }}"}),
    "users of a filter": (LOGOFF, {"users": "{{ people | selectattr('left') | map(attribute='name') | list }}"}),
    "users that are narrowed": (LOGOFF, {"users": "{{ leavers }}", "all": True, "idle_for": "2h"}),
    "users and an exclusion": (LOGOFF, {"users": "{{ leavers }}", "exclude_users": ["nobody-knows"]}),
    "users that have to be found": (LOGOFF, {"users": "{{ leavers }}", "sessions": [99], "missing": "fail"}),
    "users with a grace period": (LOGOFF, {"users": "{{ leavers }}", "grace": "15m", "message": "Bye"}),
    "users under another name": (LOGOFF, {"user": "{{ leavers }}"}),
    "sessions": (LOGOFF, {"sessions": "{{ leavers }}"}),
    "server": (LOGOFF, {"all": True, "server": "{{ leavers }}"}),
    "states": (DISCONNECT, {"states": "{{ leavers }}"}),
    "clients": (MESSAGE, {"clients": "{{ leavers }}", "message": "Hi"}),
    "users that are looked for": (INFO, {"users": "{{ leavers }}"}),
}


def test_an_empty_list_selects_nobody(serve: Serve) -> None:
    """The task is done, and whoever reads its result finds each of its keys."""
    farm = serve(SESSIONS)
    modules = {LOGOFF: {"all": True}, DISCONNECT: {"all": True}, MESSAGE: {"all": True, "message": "Hi"}, INFO: {}}
    tasks = [{"name": name, module: options} for name, (module, options) in NOBODY.items()]
    variables = {"leavers": [], "people": [{"name": "alice", "left": False}]}
    run = farm.playbook(tasks, "--diff", vars=variables)
    assert run.exit_code == 0
    assert farm.simulation.traffic("RDSH01") == []
    normal = farm.playbook(
        [{"name": module, module: options, "check_mode": True, "diff": True} for module, options in modules.items()]
    )
    ansibles_own = {"ansible_facts", "invocation", "warnings", "deprecations"}
    for name, (module, options) in NOBODY.items():
        result = run.of(name)
        assert result.status == "ok"
        assert result["msg"].startswith("Nobody was meant: ")
        assert next(option for option, value in options.items() if value == "{{ leavers }}" or "select" in str(value))[
            :4
        ] in str(result["msg"])
        assert {*result.values} ^ {*normal.of(module).values} <= ansibles_own
        lists = ("sessions", "not_found", "excluded", "unused_exclusions", "servers")
        assert [result[each] for each in lists] == [[]] * 5
        assert {*result["summary"]} == {*normal.of(module)["summary"]}
        assert set(result["summary"].values()) == {0}
    assert farm.users() == EVERYBODY


def test_an_empty_list_at_a_prompt(serve: Serve) -> None:
    farm = serve(SESSIONS)
    for options in ("users={{leavers}}", "users=[]", '{"users": []}'):
        result = farm.logoff(options, "-e", '{"leavers": []}')
        assert (result.status, result["msg"]) == ("ok", "Nobody was meant: users is an empty list.")
    for options in ("users=", '{"users": null}', '{"users": ""}'):
        assert farm.logoff(options).status == "failed"
    assert farm.users() == EVERYBODY


@pytest.mark.parametrize("spared", [[], None, ""], ids=str)
def test_what_is_advised_about_an_exclusion_that_holds_nobody(serve: Serve, spared: Any) -> None:
    """``default(omit, true)``, and ``when``."""
    farm = serve(SESSIONS)
    tasks: list[dict[str, Any]] = [
        {"name": "alone", LOGOFF: {"all": True, "exclude_users": "{{ spared }}"}, "ignore_errors": True},
        {"name": "omitted", LOGOFF: {"all": True, "exclude_users": "{{ spared | default(omit, true) }}"}},
        {"name": "skipped", LOGOFF: {"all": True, "exclude_users": "{{ spared }}"}, "when": "spared"},
        {"name": "nobody", LOGOFF: {"users": "{{ spared | default([], true) }}"}},
    ]
    tasks[2]["when"] = "(spared | default([], true)) | length > 0"
    run = farm.playbook(tasks, "--check", vars={"spared": spared})
    told = run.of("alone")["msg"]
    assert run.of("alone").status == "failed"
    assert "default(omit, true)" in told and "when" in told
    assert run.of("omitted").outcomes() == dict.fromkeys(EVERYBODY, "would_log_off")
    assert run.of("skipped").status == "skipped"
    assert run.of("nobody")["msg"] == "Nobody was meant: users is an empty list."


@pytest.mark.parametrize("of_the_task", ["exclude_user", "exclude_users"])
@pytest.mark.parametrize("of_the_play", ["exclude_user", "exclude_users"])
def test_an_exclusion_under_another_name_adds_up(serve: Serve, of_the_task: str, of_the_play: str) -> None:
    """As under its own: those of module_defaults count, and so do those of the task."""
    farm = serve(SESSIONS)
    run = farm.playbook(
        [{LOGOFF: {"all": True, of_the_task: "alice"}}], module_defaults={LOGOFF: {of_the_play: "svc-backup"}}
    )
    assert run.only().outcomes() == {13: "logged_off"}
    assert farm.users() == {12: "alice", 14: "svc-backup"}


def test_a_table_of_a_host_on_which_nobody_was_meant(serve: Serve) -> None:
    """It is no host that could not be asked."""
    farm = serve(SESSIONS)
    run = farm.playbook(
        [
            {"name": "look", INFO: {"users": []}, "register": "found"},
            {"name": "show", "winops.rds.show_sessions": {"registered": ["found"]}, "run_once": True},
        ]
    )
    assert run.of("show")["msg"] == "0 sessions on 0 servers."
    assert "Not asked" not in run.output
    assert farm.simulation.traffic("RDSH01") == []
