# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The doorway, which only a Windows host runs: it is so thin that reading it is checking it, and here it is read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import tree_sitter
import tree_sitter_powershell
from ansible.playbook.task import Task
from ansible_collections.winops.rds.plugins.action.win_rds_logoff import ActionModule
from ansible_collections.winops.rds.plugins.plugin_utils._selection import SelectionError
from ansible_collections.winops.rds.plugins.plugin_utils._session_action import (
    ENGINE,
    TaskFailed,
    validated_options,
)

from simulator.engines.doorway import read_doorway
from tests.unit.engine.session_host import DOORWAY, SOURCE

SCRIPT = DOORWAY.read_text(encoding="utf-8")


def parse(script: str) -> tree_sitter.Node:
    language = tree_sitter.Language(tree_sitter_powershell.language())
    return tree_sitter.Parser(language).parse(script.encode()).root_node


def nodes(node: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    yield node
    for child in node.named_children:
        yield from nodes(child)


def decisions(script: str) -> set[str]:
    """The kinds of what decides or computes in a script: statements, operators, commands, script blocks."""
    return {
        node.type
        for node in nodes(parse(script))
        if (node.type.endswith("_statement") and node.type != "try_statement")
        or node.type in ("command", "script_block", "expression_with_unary_operator")
        # The grammar wraps every expression in a node for each level of precedence, which has a single child unless
        # its operator is there.
        or (
            node.type.endswith("_expression")
            and node.named_child_count > 1
            and node.type not in ("assignment_expression", "invokation_expression")
        )
    }


def sent(**task: Any) -> dict[str, Any]:
    """What the action plugin would hand to the engine for a task."""

    class Unlaunched(ActionModule):
        def run_engine(self, options: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
            raise TaskFailed("not launched", options=options)

    action = Unlaunched(Task.load({"action": "winops.rds.win_rds_logoff"}), None, None, None, None, None)
    with pytest.raises(TaskFailed) as raised:
        action.run_task(validated_options(task, ActionModule.ARGUMENT_SPEC), {})
    options: dict[str, Any] = raised.value.result["options"]
    return options


def test_it_parses() -> None:
    assert not parse(SCRIPT).has_error
    assert parse(SCRIPT + "\n}").has_error


def test_it_decides_nothing() -> None:
    assert decisions(SCRIPT) == set()


@pytest.mark.parametrize(
    "decision",
    [
        *(
            "if ($a) { $b }",
            "foreach ($a in $b) { $a }",
            "while ($a) { $b }",
            "switch ($a) { 1 { $b } }",
            "Get-Item $a",
        ),
        *(
            "function f { $a }",
            "$a = $b -eq 1",
            "$a = $b + 1",
            "$a = $b -and $c",
            "$a = -not $b",
            "$a | ForEach-Object $b",
        ),
        *("$a = '{0}' -f $b", "$a.Where({ $true })", "& $a", "return $a"),
    ],
)
def test_a_decision_would_be_seen(decision: str) -> None:
    assert not parse(decision).has_error
    assert decisions(f"{SCRIPT}\n{decision}\n")


def test_windows_powershell_can_run_it() -> None:
    assert SCRIPT.isascii()  # without a byte order mark, PowerShell 5.1 takes a script for the system's code page
    assert SCRIPT.startswith("#!powershell\n")  # by which Ansible knows what it is


def test_it_is_a_doorway_to_the_engine() -> None:
    doorway = read_doorway(SCRIPT)
    namespace, _, name = doorway.type_name.rpartition(".")
    csharp = SOURCE.read_text(encoding="utf-8")
    assert f"namespace {namespace}\n" in csharp
    assert f"public static class {name}\n" in csharp
    assert f" {doorway.method}(IDictionary parameters, bool checkMode)" in csharp
    assert "#AnsibleRequires -CSharpUtil ..module_utils.SessionEngine\n" in SCRIPT
    assert namespace.endswith(f".{SOURCE.stem}")
    assert doorway.supports_check_mode
    assert doorway.result_key == "report"
    assert ENGINE.endswith(f".{DOORWAY.stem}")


@pytest.mark.parametrize(
    "task",
    [
        {"all": True},
        {"sessions": [12, "TERM04"], "users": ["alice"], "states": ["idle"], "wait": False},
        {"users": ["*"], "exclude_users": ["bob"], "exclude_sessions": [3, "x"], "protect_console": False},
        {"sessions": 4294967293, "timeout": "1d"},
        {"sessions": "current", "exclude_sessions": "console", "max_parallel": 5, "on_timeout": "terminate"},
        {"idle_for": "90", "disconnected_for": "2h", "logged_on_for": "1d", "clients": ["PC*", "10.1.0.0/16"]},
        {"users": ["alice@contoso.com", "S-1-5-21-1-2-3-1104"], "server": ["RDSH02", "rdsh03"], "missing": "fail"},
    ],
    ids=str,
)
def test_its_options_are_what_the_controller_sends(task: dict[str, Any]) -> None:
    doorway = read_doorway(SCRIPT)
    options = sent(**task)
    assert set(options) == set(doorway.options)
    assert doorway.parameters(ENGINE, options) == options  # each of its type


def test_what_the_controller_sends() -> None:
    options = sent(all=True, timeout="1m 30.5s")
    assert (options["timeout_ms"], options["wait"], options["protect_console"]) == ("90500", True, True)
    assert sent(all=True)["timeout_ms"] == "120000"
    assert sent(all=True, wait=False, protect_console=False)["wait"] is False
    assert (options["servers"], options["server_timeout_ms"]) == ([""], "30000")
    assert (options["terminate"], options["max_parallel"]) == (False, None)
    limited = sent(all=True, server="RDSH02", server_timeout="1.5", on_timeout="terminate", max_parallel="7")
    assert (limited["servers"], limited["server_timeout_ms"]) == (["RDSH02"], "1500")
    assert (limited["terminate"], limited["max_parallel"]) == (True, "7")


@pytest.mark.parametrize(
    ("task", "words"),
    [
        ({"timeout": ""}, ["timeout: ''", "accepted are"]),
        ({"timeout": "soon"}, ["timeout: 'soon'", "accepted are"]),
        ({"timeout": "-5"}, ["timeout: '-5'", "accepted are"]),
        ({"timeout": "2y"}, ["timeout: '2y'", "accepted are"]),
        ({"timeout": "400d"}, ["timeout: '400d'", "longer than a year"]),
        ({"timeout": 0}, ["timeout: 0", "wait=false"]),
        ({"timeout": "0.0001"}, ["timeout: 0", "wait=false"]),
        ({"timeout": "1m", "wait": False}, ["timeout", "wait=false", "leave one of them out"]),
        ({"on_timeout": "terminate", "wait": False}, ["on_timeout=terminate", "wait=false", "leave one of them out"]),
        ({"max_parallel": 5, "wait": False}, ["max_parallel", "wait=false", "leave one of them out"]),
        ({"max_parallel": 0}, ["max_parallel: 0", "accepted are 1 to 65535"]),
        ({"max_parallel": -1}, ["max_parallel: -1", "accepted are 1 to 65535"]),
        ({"server_timeout": "soon"}, ["server_timeout: 'soon'", "accepted are"]),
        ({"server_timeout": ""}, ["server_timeout: ''", "accepted are"]),
        ({"server_timeout": "0"}, ["server_timeout: 0", "time to answer"]),
        ({"server_timeout": "400d"}, ["server_timeout: '400d'", "longer than a year"]),
    ],
    ids=str,
)
def test_bad_limits(task: dict[str, Any], words: list[str]) -> None:
    action = ActionModule(Task.load({"action": "winops.rds.win_rds_logoff"}), None, None, None, None, None)
    with pytest.raises((TaskFailed, SelectionError)) as raised:
        action.run_task(validated_options({"all": True, **task}, ActionModule.ARGUMENT_SPEC), {})
    assert [word for word in words if word not in str(raised.value)] == []
