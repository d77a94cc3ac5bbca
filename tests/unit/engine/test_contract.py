# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What engines are asked and what they report has the same members in C# and in Python, and they take no others."""

from __future__ import annotations

import dataclasses
import json
import re
import types
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest
from ansible_collections.winops.rds.plugins.plugin_utils._engine import acts, processes, report, requests
from ansible_collections.winops.rds.plugins.plugin_utils._logon_mode import modes, registry
from ansible_collections.winops.rds.plugins.plugin_utils._maintenance import engine as maintenance

from tests.support import engines
from tests.support.csharp import FILES, LOGON_MODE_ENGINE, MAINTENANCE, SESSION_ENGINES, entry_script, sources
from tests.support.paths import MODULE_UTILS
from tests.support.selections import selected
from tests.unit.engine.session_host import ALICE, Windows, session_host

SELECTION = selected(all=True)
_TIMES = {"timeout_ms": 1000}
_TRACE: dict[str, Any] = {"trace": "", "trace_names": True}

#: For each engine a request.
REQUESTS: dict[str, Any] = {
    SESSION_ENGINES[type(asked).__name__]: asked
    for asked in (
        requests.request(requests.SessionInfoRequest, SELECTION, check_mode=True),
        requests.request(processes.SessionProcessesRequest, SELECTION, check_mode=True),
        requests.request(requests.LogoffRequest, SELECTION, check_mode=True, max_parallel=None, **_TIMES, **_TRACE),
        requests.request(
            requests.LogoffTerminateRequest, SELECTION, check_mode=True, max_parallel=None, **_TIMES, **_TRACE
        ),
        requests.request(requests.DisconnectRequest, SELECTION, check_mode=True, **_TIMES, **_TRACE),
        requests.request(
            requests.MessageRequest,
            SELECTION,
            check_mode=True,
            title="",
            message="",
            message_style=0,
            message_seconds=0,
            wait_for_answer=False,
            remaining_ms=0,
        ),
    )
} | {
    LOGON_MODE_ENGINE: modes.request_for("drain", check_mode=True, trace=""),
    MAINTENANCE: maintenance.MaintenanceRequest(check_mode=True, enter=True, host="RDSH01", command="", trace=""),
}

#: The classes of reports.
REPORTS = {
    "EngineReport": report.Report,
    "ServerReport": report.Server,
    "SessionReport": report.Session,
    "ProcessReport": report.Process,
    "ProcessesReport": processes.ProcessesReport,
    "ServerProcesses": processes.ServerProcesses,
    "RunningProcess": processes.RunningProcess,
    "LostSession": processes.LostSession,
    "UnknownExclusion": report.UnknownExclusion,
    "ForeignRecord": report.ForeignRecord,
    "CallReport": report.RefusedCall,
    "LogonModeReport": modes.Report,
    "Reading": registry.Reading,
    "ValueReport": registry.Value,
    "MaintenanceRecord": registry.MaintenanceRecord,
    "MaintenanceReport": maintenance.MaintenanceReport,
}

_NUMBERS = {"int", "long", "uint"}

each_engine = pytest.mark.parametrize("engine", REQUESTS)


def classes() -> dict[str, tuple[str, str]]:
    """Base and body of each public class."""
    text = "".join(file.read_text(encoding="utf-8") for file in FILES)
    found = re.findall(r"^public (?:sealed )?class (\w+)(?: : (\w+))?\n\{\n(.*?)^\}", text, re.M | re.S)
    return {name: (base, body) for name, base, body in found}


def csharp_members(name: str) -> dict[str, str]:
    """Name and type of each field of a class, those of its bases included."""
    if not name:
        return {}
    base, body = classes()[name]
    return csharp_members(base) | {name: kind for kind, name in re.findall(r"^\tpublic (\S+) (\w+);", body, re.M)}


def fits(csharp: str, python: Any) -> bool:
    """Whether a type of C# holds the same values as one of Python; a text or an object may be null in C# anyway."""
    if get_origin(python) in (Union, types.UnionType):
        python, _none = get_args(python)
        return csharp not in _NUMBERS | {"bool"} and fits(csharp.removesuffix("?"), python)
    if get_origin(python) is tuple:
        inner = re.fullmatch(r"List<(\w+)>", csharp)
        return inner is not None and fits(inner[1], get_args(python)[0])
    if dataclasses.is_dataclass(python):
        return REPORTS.get(csharp) is python
    return csharp in {int: _NUMBERS, bool: {"bool"}, str: {"string"}}[python]


def assert_same(csharp: dict[str, str], python: type[Any]) -> None:
    hints = get_type_hints(python)
    sent = [field.name for field in dataclasses.fields(python) if field.metadata.get("sent", True)]
    members = {name: hints[name] for name in sent}
    assert csharp.keys() == members.keys()
    assert {name: (csharp[name], kind) for name, kind in members.items() if not fits(csharp[name], kind)} == {}


def request_class(engine: str) -> str:
    """The class as which an engine reads what it is asked."""
    text = sources(engine)[entry_script(engine).type_name.rpartition(".")[0]]
    (name,) = re.findall(r"\.Answer<(\w+)>\(request, ", text)
    return str(name)


@each_engine
def test_a_request(engine: str) -> None:
    assert_same(csharp_members(request_class(engine)), type(REQUESTS[engine]))


@pytest.mark.parametrize("name", REPORTS)
def test_a_report(name: str) -> None:
    assert_same(csharp_members(name), REPORTS[name])


def test_there_are_no_others() -> None:
    """Each public class with members is compared here."""
    compared = {*REPORTS, *map(request_class, REQUESTS), "EngineRequest", "TracedRequest", "SelectionRequest"}
    assert {name for name in classes() if csharp_members(name)} == compared


@pytest.mark.parametrize("engine", SESSION_ENGINES.values())
def test_results(engine: str) -> None:
    """What an engine can say, and what a report may hold."""
    act = REQUESTS[engine].act
    words = set(re.findall(r'"(\w+)"', "".join(sources(engine).values())))
    assert words & acts.RESULTS.keys() == {act.planned, "excluded"} | act.results | acts.NOT_ACTED_ON | acts.FAILED


def test_criteria() -> None:
    """Those by which a session is said to match, and those by which it is said to be excluded."""
    text = (MODULE_UTILS / "_selection.cs").read_text(encoding="utf-8")
    record = {"server": "RDSH01", "id": 3, "account": "CONTOSO\\alice", "logon_time": "2026-11-21T13:18:05Z"}
    sessions = ["1", "rdp-tcp#3", "current", record]
    asked = requests.request(
        requests.SessionInfoRequest,
        selected(
            sessions=sessions,
            users=["alice"],
            states=["active"],
            clients=["PC*", "10.0.0.0/8"],
            protocols=["rdp"],
            exclude_sessions=["2", "rdp-tcp#4", record],
            exclude_users=["bob"],
        ),
        check_mode=True,
    )
    excluding = requests.request(
        requests.SessionInfoRequest, selected(all=True, exclude_sessions=["current"]), check_mode=True
    )
    criteria = {label.partition(":")[0] for label in [*asked.labels, *excluding.labels]}
    for argument, excludes in ("matchedBy", False), ("found", True):
        named = [name for name in criteria if name.startswith("exclude_") is excludes]
        assert sorted(re.findall(rf'Add\({argument}, "(\w+)", ', text)) == sorted(named)


@pytest.mark.parametrize(
    ("csharp", "python", "same"),
    [
        ("long", int, True),
        ("long?", int | None, True),
        ("long", int | None, False),
        ("long?", int, False),
        ("bool", int, False),
        ("string", str | None, True),
        ("bool", bool | None, False),
        ("List<string>", tuple[str, ...], True),
        ("List<string>", tuple[int, ...], False),
        ("string", tuple[str, ...], False),
        ("CallReport", report.RefusedCall | None, True),
        ("ProcessReport", report.RefusedCall, False),
        ("List<ProcessReport>", tuple[report.Process, ...], True),
    ],
    ids=str,
)
def test_types_that_do_not_fit_would_be_seen(csharp: str, python: Any, same: bool) -> None:
    assert fits(csharp, python) == same


@asynccontextmanager
async def asking(windows: Windows, engine: str) -> AsyncIterator[Callable[[dict[str, Any]], Any]]:
    """Let an engine answer requests one after the other, for the members that they have."""
    process = await engines.EngineProcess.start(windows, session_host(ALICE), engine)
    yield lambda members: process.answer(json.dumps(members))
    await process.end()


def refusal(answer: dict[str, Any]) -> Any:
    """Why a request was refused, by an engine that did nothing."""
    assert answer["failed"] and answer["engine"] and answer["refused"] and "report" not in answer, answer
    return answer["msg"]


@each_engine
async def test_a_request_that_is_whole_is_answered(windows: Windows, engine: str) -> None:
    async with asking(windows, engine) as ask:
        answer = await ask(json.loads(REQUESTS[engine].text))
    assert answer.keys() == {"changed", "engine", "refused", "report"}
    assert (answer["changed"], answer["engine"], answer["refused"]) == (False, True, False)


@each_engine
async def test_a_request_with_a_member_too_few_or_too_many_is_refused(windows: Windows, engine: str) -> None:
    whole = json.loads(REQUESTS[engine].text)
    async with asking(windows, engine) as ask:
        for name in whole:
            answer = await ask({member: value for member, value in whole.items() if member != name})
            assert refusal(answer) == f"the request lacks {name}"
        answer = await ask({**whole, "surplus": None})
        assert refusal(answer) == "the request has an unknown member, surplus"
        assert "ArgumentException" in answer["exception"]


@each_engine
async def test_null_is_refused_where_it_would_be_read_as_nothing(windows: Windows, engine: str) -> None:
    """A list that is null would exclude nobody, and a number would be 0."""
    whole = json.loads(REQUESTS[engine].text)
    kinds = csharp_members(request_class(engine))
    never_null = [name for name in whole if kinds[name] != "string" and not kinds[name].endswith("?")]
    assert never_null
    async with asking(windows, engine) as ask:
        for name in never_null:
            answer = await ask({**whole, name: None})
            assert refusal(answer) == f"the request lacks {name}"


@each_engine
async def test_a_value_of_another_type_is_refused(windows: Windows, engine: str) -> None:
    whole = json.loads(REQUESTS[engine].text)
    kinds = csharp_members(request_class(engine))
    async with asking(windows, engine) as ask:
        for name in (name for name in whole if kinds[name] != "string"):
            answer = await ask({**whole, name: "soon"})
            assert refusal(answer), name


async def test_numbers_have_64_bits_both_ways(windows: Windows) -> None:
    members = json.loads(REQUESTS["win_rds_session_info"].text)
    async with asking(windows, "win_rds_session_info") as ask:
        longest = await ask({**members, "logged_on_for": 2**63 - 1})
        (server,) = (await ask(members))["report"]["servers"]
    assert longest["report"]["servers"][0]["sessions"] == []
    assert server["sessions"][0]["logon_time"] > 2**53
    assert server["sessions"][0]["logon_time"] % 10 == 0  # microseconds, and not what a double makes of them
