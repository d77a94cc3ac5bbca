# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The doorways, which only a Windows host runs: so thin that reading them is checking them, and here they are read."""

from __future__ import annotations

import re

import pytest
from ansible_collections.winops.rds.plugins.action.win_rds_logon_mode import ENGINE
from ansible_collections.winops.rds.plugins.plugin_utils._engine import requests

from simulator.engines.doorway import Doorway
from tests.support.calls import DISCONNECT, LOGOFF, PROCESSES, SEND, TERMINATE
from tests.support.csharp import DOORWAYS, LOGON_MODE_ENGINE, NAMESPACE, SESSION_ENGINES, doorway, script, sources

DOORWAY = """\
#!powershell

# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -CSharpUtil {util}

[{util}.Engine]::Run($complex_args.request)
"""

#: What each of them can do to a session; for the sake of that, nothing else goes to the host.
ACTS = {
    "win_rds_session_info_engine": set(),
    "win_rds_logoff_engine": {LOGOFF},
    "win_rds_logoff_terminate_engine": {LOGOFF, PROCESSES, TERMINATE},
    "win_rds_disconnect_engine": {DISCONNECT},
    "win_rds_message_engine": {SEND},
    "win_rds_logon_mode_engine": set(),
}

each_doorway = pytest.mark.parametrize("engine", DOORWAYS)


@each_doorway
def test_it_is_one_statement_and_no_more(engine: str) -> None:
    name = engine.removeprefix("win_rds").removesuffix("_engine")
    assert script(engine) == DOORWAY.format(util=f"{NAMESPACE}.{name}")


@each_doorway
def test_it_opens_on_what_comes_along(engine: str) -> None:
    read: Doorway = doorway(engine)
    namespace, _, name = read.type_name.rpartition(".")
    engines = re.findall(rf"^\tpublic static class {name}$", sources(engine)[namespace], re.MULTILINE)
    assert len(engines) == 1
    assert f"public static string {read.method}(string request)" in sources(engine)[namespace]
    assert read.option == "request"


def test_the_controller_launches_each_of_them() -> None:
    launched = {getattr(requests, kind).module: engine for kind, engine in SESSION_ENGINES.items()}
    launched |= {ENGINE: LOGON_MODE_ENGINE}
    assert launched == {f"winops.rds.{engine}": engine for engine in DOORWAYS}


@each_doorway
def test_it_brings_along_what_it_does_and_nothing_else(engine: str) -> None:
    text = "".join(sources(engine).values())
    functions = set(re.findall(r"static extern \w+ (\w+)\(", text))
    assert functions & {LOGOFF, PROCESSES, TERMINATE, DISCONNECT, SEND} == ACTS[engine]
    # Nor by name only: all that it could do to sessions would be imported.
    assert {act for act in (LOGOFF, TERMINATE, DISCONNECT, SEND) if act.removesuffix("W") in text} == ACTS[engine] - {
        PROCESSES
    }
    assert any(name.startswith("WTS") for name in functions) == (engine != LOGON_MODE_ENGINE)
    assert any(name.startswith("Reg") for name in functions) == (engine == LOGON_MODE_ENGINE)
