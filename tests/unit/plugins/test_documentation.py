# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is documented is what there is."""

from __future__ import annotations

import json
import re
import subprocess
from typing import Any

import pytest
from ansible_collections.winops.rds.plugins.action.show_sessions import ActionModule as ShowSessions
from ansible_collections.winops.rds.plugins.action.win_rds_logon_mode import ActionModule as LogonMode
from ansible_collections.winops.rds.plugins.action.win_rds_maintenance import ActionModule as Maintenance
from ansible_collections.winops.rds.plugins.plugin_utils._engine.acts import (
    FAILED,
    LIST,
    LOG_OFF,
    NOT_ACTED_ON,
    RESULTS,
    Act,
)
from ansible_collections.winops.rds.plugins.plugin_utils._engine.processes import ProcessesReport
from ansible_collections.winops.rds.plugins.plugin_utils._engine.report import read
from ansible_collections.winops.rds.plugins.plugin_utils._grace.logoff import DEFAULT_TIMEOUT
from ansible_collections.winops.rds.plugins.plugin_utils._options.durations import Duration
from ansible_collections.winops.rds.plugins.plugin_utils._options.message import BUTTONS
from ansible_collections.winops.rds.plugins.plugin_utils._options.selection import SELECTABLE_STATES, SELECTING
from ansible_collections.winops.rds.plugins.plugin_utils._result import records
from ansible_collections.winops.rds.plugins.plugin_utils._result.processes import (
    MOST_PROCESSES,
    MOST_RUNNING,
    processes_told,
)
from ansible_collections.winops.rds.plugins.plugin_utils._result.win32_errors import explain
from ansible_collections.winops.rds.plugins.plugin_utils._words.wts import PROTOCOLS

from tests.support.csharp import ENTRY_SCRIPTS, entry_script
from tests.support.guides import guide
from tests.support.paths import PLUGINS
from tests.support.reports import raw_report, raw_server, raw_session
from tests.unit.plugins.reporting import MODULES

LOGOFF = "winops.rds.win_rds_logoff"
SESSION_INFO = "winops.rds.win_rds_session_info"
#: Launched in place of the script of a module's own name: by win_rds_logoff with on_timeout=terminate, and by
#: win_rds_session_info with processes=true.
INTERNAL = ("winops.rds.win_rds_logoff_terminate_engine", "winops.rds.win_rds_session_processes_engine")

each_module = pytest.mark.parametrize("module", MODULES)


@pytest.fixture(scope="module")
def documentation() -> dict[str, Any]:
    command = ["ansible-doc", "--json", "--type", "module", *MODULES, *INTERNAL]
    loaded: dict[str, Any] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return loaded


def spec_of(options: dict[str, Any]) -> dict[str, Any]:
    """The part of options that an argument spec and documentation have in common."""
    return {
        name: {
            # Ansible knows no type for durations: it is documented as the text that is typed.
            **{
                key: "str" if isinstance(option.get(key), Duration) else option.get(key, default)
                for key, default in (("type", "str"), ("elements", None))
            },
            "aliases": option.get("aliases", []),
            "default": option.get("default"),
            "required": option.get("required", False),
            "choices": option.get("choices"),
        }
        for name, option in options.items()
    }


def plain(description: str | list[str]) -> str:
    return " ".join([description] if isinstance(description, str) else description)


@each_module
def test_options_of_a_module(documentation: dict[str, Any], module: str) -> None:
    documented = spec_of(documentation[module]["doc"]["options"])
    assert documented == spec_of({**MODULES[module][0]().ARGUMENT_SPEC})


def test_what_is_listed_is_for_users() -> None:
    """All but two of the modules, each of which has an action plugin."""
    command = ["ansible-doc", "--json", "--list", "--type", "module", "winops.rds"]
    listed = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    actions = {f"winops.rds.{path.stem}" for path in (PLUGINS / "action").glob("*.py")}
    assert listed.keys() == actions | {*INTERNAL}
    # One launches nothing, and one launches what another does.
    without_script = {"winops.rds.show_sessions", "winops.rds.win_rds_logon_mode_info"}
    assert {f"winops.rds.{engine}" for engine in ENTRY_SCRIPTS} == listed.keys() - without_script


@pytest.mark.parametrize("module", INTERNAL)
def test_what_is_not_for_users_says_so(documentation: dict[str, Any], module: str) -> None:
    documented = documentation[module]["doc"]
    option = entry_script(module.rpartition(".")[2]).option
    assert spec_of(documented["options"]) == spec_of({option: {"type": "str", "required": True}})
    assert "internal" in documented["short_description"].lower()


def test_options_of_the_modules_that_select_no_sessions() -> None:
    specs = {"show_sessions": ShowSessions, "win_rds_logon_mode": LogonMode, "win_rds_maintenance": Maintenance}
    command = ["ansible-doc", "--json", "--type", "module", *(f"winops.rds.{name}" for name in specs)]
    loaded = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    documented = {name: spec_of(loaded[f"winops.rds.{name}"]["doc"]["options"]) for name in specs}
    assert documented == {name: spec_of({**action.ARGUMENT_SPEC}) for name, action in specs.items()}


def test_defaults_that_are_told_in_words(documentation: dict[str, Any]) -> None:
    """With wait=false there must be no timeout, so its default is none that the argument spec could have."""
    assert DEFAULT_TIMEOUT == 120
    assert "two minutes" in plain(documentation[LOGOFF]["doc"]["options"]["timeout"]["description"])


@each_module
def test_states(documentation: dict[str, Any], module: str) -> None:
    lines = documentation[module]["doc"]["options"]["states"]["description"]
    (accepted,) = (line for line in lines if line.startswith("Accepted are "))
    assert re.findall(r"V\((\w+)\)", accepted) == [*SELECTABLE_STATES]


@each_module
def test_protocols(documentation: dict[str, Any], module: str) -> None:
    description = plain(documentation[module]["doc"]["options"]["protocols"]["description"])
    assert {*re.findall(r"V\((\w+)\)", description)} == {*PROTOCOLS}


def possible_results(act: Act) -> list[str]:
    """What users may read, in the order of the table."""
    told = {act.planned} | act.results | act.kept | NOT_ACTED_ON | FAILED
    # To list sessions is to touch none.
    told -= NOT_ACTED_ON | {"timed_out"} if act is LIST else set()
    return [result for result in RESULTS if result in told]


@each_module
def test_results(documentation: dict[str, Any], module: str) -> None:
    description = documentation[module]["return"]["sessions"]["contains"]["result"]["description"]
    documented = [re.match(r"V\((\w+)\)", line)[1] for line in description]  # type: ignore[index]
    assert documented == possible_results(MODULES[module][1])


@each_module
def test_results_of_the_page_that_explains_them(module: str) -> None:
    name = module.removeprefix("winops.rds.win_rds_")
    rows = [row for row in guide("results").rows() if name in row["module"].split(", ")]
    act = MODULES[module][1]
    assert [row["result"] for row in rows] == possible_results(act)
    assert {row["result"] for row in rows if row["changed"] == "yes"} == act.done
    assert {row["result"] for row in rows if row["the task fails"] == "yes"} == FAILED & {*possible_results(act)}


def test_answers(documentation: dict[str, Any]) -> None:
    answer = documentation["winops.rds.win_rds_message"]["return"]["sessions"]["contains"]["answer"]
    buttons = {button for choice in BUTTONS for button in choice.split("_")}
    assert set(re.findall(r"V\((\w+)\)", plain(answer["description"]))) == buttons


@each_module
def test_what_has_to_be_given(documentation: dict[str, Any], module: str) -> None:
    """Of the options that select, at least one: in the notes of each module but the one that only lists."""
    notes = documentation[module]["doc"]["notes"]
    told = [re.findall(r"O\((\w+)\)", note) for note in notes if note.startswith("At least one of ")]
    assert told == ([] if MODULES[module][1] is LIST else [[*SELECTING]])


TYPES = {"str": str, "int": int, "bool": bool, "float": float, "list": list, "dict": dict}


def check(documented: dict[str, Any], values: dict[str, Any]) -> None:
    """Every key is documented and every documented key is there, of its type or null."""
    assert set(values) == set(documented)
    for name, value in values.items():
        assert value is None or type(value) is TYPES[documented[name]["type"]], name


@each_module
def test_a_result(documentation: dict[str, Any], module: str) -> None:
    reported, act, needed = MODULES[module]
    down = {"call": "WTSEnumerateSessionsEx", "code": 1722}
    sessions = [
        raw_session(result=act.planned, answer=6, ended_processes=[{"id": 4711, "name": "winword.exe"}]),
        raw_session(result="denied", error={"call": "WTSLogoffSession", "code": 5}),
    ]
    task = reported(*sessions, diff=True, error=down)
    task.report["servers"][0]["excluded"] = [raw_session(result="excluded", accepted=False)]
    result = task.result(sessions=["12", "TERM04"], users=["CONTOSO\\al*"], exclude_users=["bob"], **needed)
    assert (len(result["excluded"]), result["unused_exclusions"]) == (1, ["bob"])
    assert result.pop("failed")
    returned = documentation[module]["return"]
    check(returned, result)
    if act.done:
        check(returned["diff"]["contains"], result["diff"])
    check(returned["servers"]["contains"], result["servers"][0])
    check(returned["servers"]["contains"]["error"]["contains"], result["servers"][0]["error"])
    of_session = without_processes(returned["sessions"]["contains"])
    for record in [*result["sessions"], *result["excluded"]]:
        check(of_session, record)
    check(of_session["error"]["contains"], result["sessions"][1]["error"])
    check(of_session["error"]["contains"], records.own_error("message", "Hint."))
    if act is LOG_OFF:
        (ended,) = result["sessions"][0]["ended_processes"]
        check(of_session["ended_processes"]["contains"], ended)


PROCESSES = "with O(processes=true)"


def without_processes(documented: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in documented.items() if value["returned"] != PROCESSES}


def test_a_result_with_processes(documentation: dict[str, Any]) -> None:
    of_session = documentation[SESSION_INFO]["return"]["sessions"]["contains"]
    told = {name: value for name, value in of_session.items() if value["returned"] == PROCESSES}
    word = {"session": 12, "name": "winword.exe", "pid": 4711, "memory_bytes": 5, "threads": 2, "of_person": True}
    listed = {"running": [word], "lost": [], "error": None}
    sessions = [raw_session(result="listed", accepted=False), raw_session(id=13, result="listed", accepted=False)]
    raw = raw_report(raw_server(*sessions), processes=[listed])
    known, unknown = processes_told(read(ProcessesReport, raw, "report")).values()
    check(told, known)
    check(told["processes"]["contains"], known["processes"][0])
    check(told, unknown)
    check(of_session["error"]["contains"], unknown["processes_error"])
    assert f"{MOST_PROCESSES:,}" in plain(told["processes"]["description"])


def test_how_many_programs_are_named(documentation: dict[str, Any]) -> None:
    running = documentation[LOGOFF]["return"]["sessions"]["contains"]["running"]
    assert f"at most {MOST_RUNNING}" in plain(running["description"])


@each_module
def test_an_error_that_is_shown_is_explained_so(documentation: dict[str, Any], module: str) -> None:
    for returned in "servers", "sessions":
        fields = documentation[module]["return"][returned]["contains"]["error"]["contains"]
        code, name, message, hint = (fields[field]["sample"] for field in ("code", "name", "message", "hint"))
        words, _, call = message.rstrip(")").partition(" (")
        assert explain(call, code)[:4] == (code, name, words, hint)


#: What a module documents in its own words, because it means something else there.
OWN_WORDS = ("changed", "msg", "summary", "diff", "sessions", "result", "error", "elapsed_seconds")


@each_module
def test_what_several_modules_return_is_told_in_the_same_words(documentation: dict[str, Any], module: str) -> None:
    ours, theirs = documentation[module]["return"], documentation[LOGOFF]["return"]
    ours, theirs = ours | ours["sessions"]["contains"], theirs | theirs["sessions"]["contains"]
    shared = (ours.keys() & theirs.keys()) - {*OWN_WORDS}
    assert {"not_found", "excluded", "unused_exclusions", "servers", "account", "matched_by"} <= shared
    assert {name: ours[name] for name in shared} == {name: theirs[name] for name in shared}


@each_module
def test_examples_are_options_that_there_are(documentation: dict[str, Any], module: str) -> None:
    given = re.findall(rf"^  {module}:\n((?:    .*\n)+)", documentation[module]["examples"], re.M)
    assert len(given) > 3
    for options in given:
        assert set(re.findall(r"^    (\w+):", options, re.M)) <= set(MODULES[module][0]().ARGUMENT_SPEC)
