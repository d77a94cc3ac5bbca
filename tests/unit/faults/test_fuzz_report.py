# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whatever comes back in place of the engine's answer, nothing is made up from it."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.faults import rules
from tests.unit.faults.hosts import DirectTask, Farm, farm

HOST = {"name": "RDSH01", "sessions": [{"id": 12, "user": "alice"}, {"id": 13, "user": "bob", "logoff": "never"}]}
OPTIONS = {"users": ["alice", "bob"], "sessions": ["12", "13"], "timeout": "0.2s", "on_timeout": "terminate"}
UNREADABLE = "the session engine's answer cannot be read: "

Path = tuple[str | int, ...]


class Answered(DirectTask):
    """The action plugin, to which the launch brings this answer."""

    def __init__(self, answer: Any) -> None:
        super().__init__(None, dict(OPTIONS), check=False, language="")  # type: ignore[arg-type]
        self.answer = answer

    def _execute_module(self, **_: Any) -> Any:
        self.launch_begins()
        return self.answer


def told(answer: Any) -> dict[str, Any]:
    return Answered(answer).run(None, {"inventory_hostname": "rdsh01"})


class Overheard(Farm):
    """Keeps the answer to the logoff; a look at what still runs comes after it."""

    answer: dict[str, Any]

    def launch(self, engine: str, *arguments: Any) -> dict[str, Any]:
        answer = super().launch(engine, *arguments)
        if "logoff" in engine:
            self.answer = answer
        return answer


@pytest.fixture(scope="module")
def answer() -> dict[str, Any]:
    """A real one, of a session that was logged off and of one that hangs."""
    with farm(HOST | {"faults": [{"call": "TerminateProcess", "error": 5}]}) as simulated:
        overheard = Overheard(simulated.api, simulated.loop)
        overheard.logoff(**OPTIONS)
    return overheard.answer


def paths(value: Any, at: Path = ()) -> Iterator[Path]:
    yield at
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from paths(inner, (*at, key))
    if isinstance(value, list):
        for position, inner in enumerate(value):
            yield from paths(inner, (*at, position))


def changed(report: dict[str, Any], path: Path, value: Any) -> dict[str, Any]:
    """The report with another value at a place; without the key where the value is ``...``"""
    answer = {"changed": False, "report": copy.deepcopy(report)}
    holder: Any = answer
    for step in ("report", *path)[:-1]:
        holder = holder[step]
    last = path[-1] if path else "report"
    if value is ...:
        del holder[last]
    else:
        holder[last] = value
    return answer


def check(result: dict[str, Any]) -> bool:
    """Whether the answer was refused; if not, its result is whole and can be written as JSON."""
    assert isinstance(result["msg"], str)
    assert "Traceback" not in result["msg"]
    json.dumps(result)
    if result["msg"].startswith(UNREADABLE):
        assert result["failed"] and result["changed"] and "sessions" not in result
        assert "\n" not in result["msg"]
        rules.check_reason(result["msg"])
        return True
    assert {"sessions", "servers", "not_found", "summary"} <= set(result)
    assert all(record["result"] for record in result["sessions"])
    return False


def test_the_real_answer_is_read(answer: dict[str, Any]) -> None:
    assert not check(told(answer))


def test_nothing_may_be_missing(answer: dict[str, Any]) -> None:
    report = answer["report"]
    for path in paths(report):
        if path and isinstance(path[-1], str):
            assert check(told(changed(report, path, ...))), path


@pytest.mark.parametrize("junk", [{}, [], [[]], "x", 1.5, 2**70, -(2**70), float("nan"), {"call": 5}, b"x"], ids=repr)
def test_nothing_may_be_of_another_type(answer: dict[str, Any], junk: Any) -> None:
    report = answer["report"]
    for path in paths(report):
        holder: Any = report
        for step in path:
            holder = holder[step]
        same = isinstance(holder, type(junk)) and not isinstance(junk, (int, float))
        nullable = path and path[-1] in ("client_name", "client_address", "crash", "alias_of") and isinstance(junk, str)
        if not same and not nullable:
            assert check(told(changed(report, path, junk))), (path, junk)


VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), st.just("9" * 3_000)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
)


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_any_value_anywhere(answer: dict[str, Any], data: st.DataObject) -> None:
    report = answer["report"]
    path = data.draw(st.sampled_from([path for path in paths(report) if path]))
    check(told(changed(report, path, data.draw(VALUES))))


@settings(max_examples=100, deadline=None)
@given(VALUES.filter(lambda value: value is not None))
def test_any_report_at_all(report: Any) -> None:
    assert check(told({"changed": False, "report": report}))


@pytest.mark.parametrize(
    "answer",
    [
        {"module_stdout": '{"changed": false, "report": {"serv', "module_stderr": "", "msg": "MODULE FAILURE", "rc": 0},
        {"changed": False, "failed": True, "msg": "The session engine stopped: boom"},
        {"changed": False, "report": None},
        {},
    ],
    ids=["truncated", "stopped", "null", "empty"],
)
def test_without_a_report_ansibles_words_are_passed_on(answer: dict[str, Any]) -> None:
    result = told(answer)
    assert result["failed"] and result["changed"]
    told_of = "no report came from the session engine, so what it did is not known: "
    assert result["msg"].startswith(f"{told_of}{answer.get('msg', 'no output')}. Sessions may have been logged off")
    assert "sessions" not in result
