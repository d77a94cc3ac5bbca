# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is documented is what there is."""

from __future__ import annotations

import json
import re
import subprocess
from typing import Any

import pytest
from ansible_collections.winops.rds.plugins.action.win_rds_logoff import DEFAULT_TIMEOUT, ActionModule
from ansible_collections.winops.rds.plugins.plugin_utils import _results
from ansible_collections.winops.rds.plugins.plugin_utils._selection import SELECTABLE_STATES

from simulator.engines.doorway import read_doorway
from tests.unit.engine.session_host import DOORWAY
from tests.unit.plugins.test_logoff import Reported
from tests.unit.plugins.test_results import denied, raw, record

MODULE, ENGINE = "winops.rds.win_rds_logoff", "winops.rds.win_rds_engine"


@pytest.fixture(scope="module")
def documentation() -> dict[str, Any]:
    command = ["ansible-doc", "--json", "--type", "module", MODULE, ENGINE]
    loaded: dict[str, Any] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return loaded


def spec_of(options: dict[str, Any]) -> dict[str, Any]:
    """The part of options that an argument spec and documentation have in common."""
    return {
        name: {
            "type": option.get("type", "str"),
            "elements": option.get("elements"),
            "aliases": option.get("aliases", []),
            "default": option.get("default"),
            "required": option.get("required", False),
            "choices": option.get("choices"),
        }
        for name, option in options.items()
    }


def plain(description: str | list[str]) -> str:
    return " ".join([description] if isinstance(description, str) else description)


def test_options_of_the_module(documentation: dict[str, Any]) -> None:
    assert spec_of(documentation[MODULE]["doc"]["options"]) == spec_of({**ActionModule.ARGUMENT_SPEC})


def test_options_of_the_engine(documentation: dict[str, Any]) -> None:
    doorway = read_doorway(DOORWAY.read_text(encoding="utf-8"))
    assert spec_of(documentation[ENGINE]["doc"]["options"]) == spec_of({**doorway.options})


def test_defaults_that_are_told_in_words(documentation: dict[str, Any]) -> None:
    """With wait=false there must be no timeout, so its default is none that the argument spec could have."""
    assert DEFAULT_TIMEOUT == "2m"
    assert "two minutes" in plain(documentation[MODULE]["doc"]["options"]["timeout"]["description"])


def test_states(documentation: dict[str, Any]) -> None:
    description = plain(documentation[MODULE]["doc"]["options"]["states"]["description"])
    assert re.findall(r"V\((\w+)\)", description)[: len(SELECTABLE_STATES)] == [*SELECTABLE_STATES]


def test_results(documentation: dict[str, Any]) -> None:
    description = documentation[MODULE]["return"]["sessions"]["contains"]["result"]["description"]
    assert [re.match(r"V\((\w+)\)", line)[1] for line in description] == [*_results.RESULTS]  # type: ignore[index]


TYPES = {"str": str, "int": int, "bool": bool, "float": float, "list": list, "dict": dict}


def check(documented: dict[str, Any], values: dict[str, Any]) -> None:
    """Every key is documented and every documented key is there, of its type or null."""
    assert set(values) == set(documented)
    for name, value in values.items():
        assert value is None or type(value) is TYPES[documented[name]["type"]], name


def test_a_record(documentation: dict[str, Any]) -> None:
    returned = documentation[MODULE]["return"]["sessions"]["contains"]
    check(returned, record())
    check(returned, denied(12))
    check(returned["error"]["contains"], denied(12)["error"])
    check(returned["error"]["contains"], _results.own_error("message", "Hint."))


def test_a_result(documentation: dict[str, Any]) -> None:
    down = {"call": "WTSEnumerateSessionsEx", "code": 1722}
    action = Reported(raw(ended_processes=[{"id": 4711, "name": "winword.exe"}]), diff=True, error=down)
    result = action.result(sessions=["12", "TERM04"], users=["CONTOSO\\al*"], states=["active"])
    assert result.pop("failed")
    returned = documentation[MODULE]["return"]
    check(returned, result)
    check(returned["diff"]["contains"], result["diff"])
    check(returned["servers"]["contains"], result["servers"][0])
    check(returned["servers"]["contains"]["error"]["contains"], result["servers"][0]["error"])
    (ended,) = result["sessions"][0]["ended_processes"]
    check(returned["sessions"]["contains"]["ended_processes"]["contains"], ended)


def test_examples_are_options_that_there_are(documentation: dict[str, Any]) -> None:
    given = re.findall(r"^  winops\.rds\.win_rds_logoff:\n((?:    .*\n)+)", documentation[MODULE]["examples"], re.M)
    assert len(given) > 5
    for options in given:
        assert set(re.findall(r"^    (\w+):", options, re.M)) <= set(ActionModule.ARGUMENT_SPEC)
