# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Users come, go, disconnect and come back during grace periods of any options, and launches get lost: nobody who is
connected is logged off before the deadline, and where nobody is to be logged off at it, nobody is.

    RULES_EXAMPLES=500 .venv/bin/pytest tests/unit/grace/test_random_shifts.py

runs for longer. Judged by what the host saw, not by what the task says.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from ansible_collections.winops.rds.plugins.plugin_utils._engine.requests import LogoffRequest
from ansible_collections.winops.rds.plugins.plugin_utils._grace import schedule
from hypothesis import example, given
from hypothesis import strategies as st

from simulator.farm import Change
from simulator.farm.file import SessionSpec
from simulator.session_table import Session, SessionTable, State
from tests.support.calls import LOGOFF
from tests.support.searches import search
from tests.unit.faults.hosts import farm_of
from tests.unit.grace import direct

GRACE = 60  # seconds; a look each six
IDS = st.integers(2, 5)
MOMENTS = st.floats(0.5, GRACE + 10)


class ShiftFarm(direct.Farm):
    """One host, which each example begins anew."""

    def begin(self, sessions: list[dict[str, Any]]) -> None:
        self.clock = direct.FakeClock()
        self.api.witnessed.clear()
        self.host.table = SessionTable()
        self.host.table.now = self.clock.utc  # type: ignore[method-assign]
        for session in sessions:
            self.host.put(SessionSpec.model_validate(session))


@pytest.fixture(scope="module")
def shared() -> Iterator[ShiftFarm]:
    with farm_of(ShiftFarm, {"name": "RDSH01"}) as farm:
        yield farm


@st.composite
def sessions(draw: st.DrawFn, **fixed: Any) -> dict[str, Any]:
    return {
        "id": draw(IDS),
        "user": draw(st.sampled_from(["alice", "bob", "svc-backup"])),
        "state": draw(st.sampled_from(["active", "disconnected"])),
        "disconnected": draw(st.sampled_from([0, 8, 30, None])),
        "logoff": draw(st.sampled_from([0, 0, 0, "never"])),
        **fixed,
    }


def changes() -> st.SearchStrategy[dict[str, Any]]:
    return st.one_of(
        *(
            st.builds(lambda id, kind=kind: {kind: id}, IDS)
            for kind in ("disconnect", "disconnect", "reconnect", "remove")
        ),
        st.builds(lambda session: {"put": session}, sessions(logged_on=0)),
    )


@st.composite
def tasks(draw: st.DrawFn) -> dict[str, Any]:
    options: dict[str, Any] = {"all": True, "grace": f"{GRACE}s", "timeout": "0.2s"}
    options["at_deadline"] = draw(st.sampled_from(["logoff", "leave", "leave", "fail"]))
    options |= draw(st.sampled_from([{}, {"disconnected_grace": "0"}, {"disconnected_grace": "20s"}]))
    is_told = options["at_deadline"] == "logoff" or draw(st.booleans())
    options |= {"message": "{minutes}", **draw(st.sampled_from([{}, {"reminders": ["25s"]}]))} if is_told else {}
    options |= draw(st.sampled_from([{}, {"exclude_users": "svc-*"}]))
    return options | (
        draw(st.sampled_from([{}, {"newcomers": "logoff"}])) if options["at_deadline"] == "logoff" else {}
    )


class Shift(direct.Task):
    """A task of which some launches are lost: before they reach the host, or their answers. Right before the host logs
    somebody off, something happens there."""

    def __init__(
        self, farm: ShiftFarm, options: dict[str, Any], lost: dict[int, str], races: list[list[dict[str, Any]]]
    ) -> None:
        super().__init__(farm, options)
        self.lost = lost
        self.races = [*races]
        self.began: list[tuple[int, float]] = []
        """How many calls the host had seen at each launch, and the second."""
        self.before_launch = self._begin
        self.after_launch = lambda engine: self._lose("after")

    def _begin(self, engine: str) -> None:
        self.began.append((len(self.farm.api.witnessed), self.farm.clock.passed))
        # Where nobody is told, the first launch is a plan.
        if engine == LogoffRequest.module and len(self.began) > 1 and self.races:
            self.farm.host.apply([Change.model_validate(change) for change in self.races.pop(0)])
        self._lose("before")

    def _lose(self, when: str) -> None:
        # Without the first there is no grace period.
        if len(self.began) > 1 and self.lost.get(len(self.began)) == when:
            raise OSError("the connection is broken")

    def moment(self, position: int) -> float:
        """The second of a call."""
        return max(passed for seen, passed in self.began if seen <= position)


def seconds_of(options: dict[str, Any]) -> float | None:
    grace = options.get("disconnected_grace")
    return None if grace is None else float(grace.rstrip("s"))


def logon(session: Session) -> tuple[Any, ...]:
    return session.id, session.user, session.logon_time


LEFT = {"id": 2, "user": "alice", "state": "disconnected", "disconnected": 30}
LEAVE = {"all": True, "grace": f"{GRACE}s", "at_deadline": "leave", "disconnected_grace": "20s"}


@example([LEFT], [], LEAVE, {}, [[{"reconnect": 2}]])
@example([LEFT], [], LEAVE, {}, [[{"reconnect": 2}, {"disconnect": 2}]])
@given(
    start=st.lists(sessions(), min_size=1, max_size=4, unique_by=lambda session: session["id"]),
    events=st.lists(st.tuples(MOMENTS, changes()), max_size=6),
    options=tasks(),
    lost=st.dictionaries(st.integers(2, 14), st.sampled_from(["before", "after"]), max_size=3),
    races=st.lists(st.lists(changes(), max_size=2), max_size=4),
)
@search(25)
def test_nobody_who_is_connected_goes_before_the_deadline(
    shared: ShiftFarm,
    start: list[dict[str, Any]],
    events: list[tuple[float, dict[str, Any]]],
    options: dict[str, Any],
    lost: dict[int, str],
    races: list[list[dict[str, Any]]],
) -> None:
    shared.begin(start)
    there = {logon(session) for session in shared.host.table.sessions()}
    for moment, change in events:
        shared.change(moment, change)
    task = Shift(shared, options, lost, races)
    with patch.object(schedule, "clock", shared.clock):
        result = task.outcome()
    allowed = seconds_of(options)
    accepted = False
    for position, call in enumerate(shared.api.witnessed):
        if call.function != LOGOFF or call.session not in call.sessions:
            continue
        passed, session = task.moment(position), call.sessions[call.session]
        accepted = accepted or call.outcome == "done"
        assert logon(session) in there or options.get("newcomers") == "logoff", "somebody who was not there"
        assert not (session.user.startswith("svc-") and "exclude_users" in options)
        if options["at_deadline"] != "logoff" or passed < GRACE:
            now = shared.clock.start + timedelta(seconds=passed)
            assert session.state is State.DISCONNECTED, "somebody who is connected"
            assert allowed is not None and session.disconnect_time is not None
            assert (now - session.disconnect_time).total_seconds() >= allowed - 0.01
    assert result["changed"] or not accepted
    _check_result(result, {logon(session) for session in shared.host.table.sessions()}, options)


def _check_result(result: dict[str, Any], now: set[tuple[Any, ...]], options: dict[str, Any]) -> None:
    on = {(number, user) for number, user, _time in now}
    for record in result["sessions"]:
        key = (record["id"], record["user"])
        if record["result"] == "stayed":
            assert key in on and options["at_deadline"] != "logoff"
            assert record["account"] in result["msg"]
        if record["result"] in ("timed_out", "stayed"):
            assert options["at_deadline"] != "fail" or result["failed"]
    assert "logged_off" not in {
        record["result"]
        for record in result["sessions"]
        if any(
            (number, user) == (record["id"], record["user"]) and _iso(time) == record["logon_time"]
            for number, user, time in now
        )
    }


def _iso(time: Any) -> str | None:
    return None if time is None else f"{time:%Y-%m-%dT%H:%M:%SZ}"
