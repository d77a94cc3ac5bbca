# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The entry scripts, which only a Windows host runs: so thin that reading them checks them, and here they are read."""

from __future__ import annotations

import re

import pytest
from ansible_collections.winops.rds.plugins.plugin_utils._engine import processes, requests
from ansible_collections.winops.rds.plugins.plugin_utils._logon_mode.modes import LogonModeRequest
from ansible_collections.winops.rds.plugins.plugin_utils._maintenance.engine import MaintenanceRequest

from simulator.engines.entry_script import EntryScript
from tests.support.calls import DISCONNECT, LOGOFF, PROCESSES, SEND, TERMINATE, TERMINATE_HERE
from tests.support.csharp import (
    ENTRY_SCRIPTS,
    LOGON_MODE_ENGINE,
    MAINTENANCE,
    NAMESPACE,
    SESSION_ENGINES,
    entry_script,
    required_by,
    script,
    sources,
    used_by,
)
from tests.support.paths import MODULE_UTILS

ENTRY_SCRIPT = """\
#!powershell

# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

{requires}

[{util}.Engine]::Run($complex_args.request)
"""

#: What each of them can do to a session; for the sake of that, nothing else goes to the host.
ACTS = {
    "win_rds_session_info": set(),
    "win_rds_session_processes_engine": {PROCESSES},
    "win_rds_logoff": {LOGOFF},
    "win_rds_logoff_terminate_engine": {LOGOFF, PROCESSES, TERMINATE, TERMINATE_HERE},
    "win_rds_disconnect": {DISCONNECT},
    "win_rds_message": {SEND},
    "win_rds_logon_mode": set(),
    "win_rds_maintenance": set(),
}

each_entry_script = pytest.mark.parametrize("engine", ENTRY_SCRIPTS)


def own_file(engine: str) -> str:
    """The name of the file that an entry script opens on."""
    return entry_script(engine).type_name.split(".")[-2]


@each_entry_script
def test_it_is_one_statement_and_no_more(engine: str) -> None:
    name = own_file(engine)
    requires = "\n".join(f"#AnsibleRequires -CSharpUtil ..module_utils.{file}" for file in required_by(engine))
    assert script(engine) == ENTRY_SCRIPT.format(requires=requires, util=f"{NAMESPACE}.{name}")


@each_entry_script
def test_it_names_each_file_that_its_own_needs_and_no_other(engine: str) -> None:
    """Ansible follows only usings by a full name; these are short, because each byte travels."""
    needed: set[str] = set()
    found = {own_file(engine)}
    while found:
        needed |= found
        found = {used for name in found for used in used_by(MODULE_UTILS / f"{name}.cs")} - needed
    assert sorted(required_by(engine)) == sorted(needed)


@each_entry_script
def test_it_opens_on_what_comes_along(engine: str) -> None:
    read: EntryScript = entry_script(engine)
    namespace, _, name = read.type_name.rpartition(".")
    engines = re.findall(rf"^public static class {name}$", sources(engine)[namespace], re.MULTILINE)
    assert len(engines) == 1
    assert f"public static string {read.method}(string request)" in sources(engine)[namespace]
    assert read.option == "request"


def test_the_controller_launches_each_of_them() -> None:
    kinds = vars(requests) | vars(processes)
    launched = {kinds[kind].module: engine for kind, engine in SESSION_ENGINES.items()}
    launched |= {LogonModeRequest.module: LOGON_MODE_ENGINE, MaintenanceRequest.module: MAINTENANCE}
    assert launched == {f"winops.rds.{engine}": engine for engine in ENTRY_SCRIPTS}


@each_entry_script
def test_it_brings_along_what_it_does_and_nothing_else(engine: str) -> None:
    text = "".join(sources(engine).values())
    functions = set(re.findall(r"static extern \w+ (\w+)\(", text))
    assert functions & {LOGOFF, PROCESSES, TERMINATE, TERMINATE_HERE, DISCONNECT, SEND} == ACTS[engine]
    # Nor by name only: all that it could do to sessions would be imported.
    acts = LOGOFF, TERMINATE, TERMINATE_HERE, DISCONNECT, SEND
    assert {act for act in acts if act.removesuffix("W") in text} == ACTS[engine] - {PROCESSES}
    assert any(name.startswith("WTS") for name in functions) == (engine not in (LOGON_MODE_ENGINE, MAINTENANCE))
    assert any(re.match("Reg[A-Z]", name) for name in functions) == (engine in (LOGON_MODE_ENGINE, MAINTENANCE))
