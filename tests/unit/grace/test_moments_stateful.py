# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The controller sleeps, clocks jump, the host is out of reach, users come and go: whatever happens in which order,
each promise is kept, and nobody is idle because of a clock.

    RULES_EXAMPLES=500 .venv/bin/pytest tests/unit/grace/test_moments_stateful.py

runs for longer. A broken rule is shown as the shortest story that breaks it.
"""

from __future__ import annotations

import functools
from contextlib import ExitStack
from datetime import datetime, timedelta
from typing import Any

import pytest
from ansible_collections.winops.rds.plugins.plugin_utils._grace import schedule
from ansible_collections.winops.rds.plugins.plugin_utils._grace.host_times import TOLERANCE as CLOCK_TOLERANCE
from ansible_collections.winops.rds.plugins.plugin_utils._grace.period import END_PAUSES, TOLERANCE
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from simulator.farm import Change, Fault
from simulator.session_table import Session, State
from tests.support.calls import LOGOFF, SEND
from tests.support.searches import search
from tests.unit.faults.hosts import Witnessed, farm_of
from tests.unit.grace.direct import FakeClock, Farm, Task

GRACE, IDLE_FOR = 120, 3600
#: Seconds that a launch takes.
LAUNCH = 3.0

Logon = tuple[str, int, str, datetime | None]
"""Host, ID, user and logon time."""

#: Whom each exclusion spares.
EXCLUDED = {"None": (), "['svc-*']": ("svc-backup",), "['*lic*']": ("alice",)}

HOSTS = st.sampled_from(["RDSH01", "RDSH02"])
IDS = st.integers(2, 5)
#: Within the grace period, and shortly after it.
MOMENTS = st.floats(0, GRACE + 30)
#: Some are no delay yet, others longer than the grace period.
SUSPENDED = st.sampled_from([5.0, 30.0, 90.0, 7200.0])
JUMPS = st.sampled_from([7200.0, 7200.0, -7200.0, 30.0])


class World(FakeClock):
    """A controller that is suspended now and then, whatever it is doing. ``passed`` is the time that really passes."""

    def __init__(self) -> None:
        super().__init__()
        self._stood_still = 0.0
        self._suspensions: list[tuple[float, float, bool]] = []

    def suspend(self, begin: float, lasts: float, *, stands_still: bool) -> None:
        """Suspend it for a while.

        :param stands_still: the clock stands still meanwhile, and only the time of day is right again afterwards.
        """
        self._suspensions.append((begin, lasts, stands_still))

    def seconds(self) -> float:
        return self.passed - self._stood_still

    def pass_time(self, seconds: float) -> None:
        """Let time pass in which it is not suspended."""
        super().sleep(seconds)

    def sleep(self, seconds: float) -> None:
        while due := [each for each in sorted(self._suspensions) if each[0] <= self.passed + seconds]:
            begin, lasts, stands_still = due[0]
            self._suspensions.remove(due[0])
            awake = max(0.0, begin - self.passed)
            self.pass_time(awake + lasts)
            self._stood_still += lasts if stands_still else 0.0
            seconds = max(0.0, seconds - awake - (0.0 if stands_still else lasts))
        self.pass_time(seconds)


@st.composite
def people(draw: st.DrawFn) -> dict[str, Any]:
    return {
        "id": draw(IDS),
        "user": draw(st.sampled_from(["alice", "bob", "carol", "svc-backup"])),
        "state": draw(st.sampled_from(["active", "disconnected"])),
        "idle": draw(st.sampled_from(["1m", "58m", "3h"])),
        "logged_on": "4h",
        "disconnected": "1m",
    }


CHANGES = st.one_of(
    st.builds(lambda session: {"put": session | {"logged_on": 0, "idle": 0}}, people()),
    *(st.builds(lambda id, kind=kind: {kind: id}, IDS) for kind in ("remove", "input", "disconnect", "reconnect")),
)
FAULTS = st.builds(
    lambda session, error: {"call": "WTSSendMessage", "session": session, "error": error},
    IDS,
    st.sampled_from([5, 1722, 7022]),
)


def happening(kind: str, **arguments: Any) -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
    """The name of a method of :class:`Moments`, and what it is given."""
    return st.tuples(st.just(kind), st.fixed_dictionaries({"moment": MOMENTS, **arguments}))


SHORT = st.floats(1, 60)
HAPPENINGS = st.one_of(
    happening("the_controller_sleeps", lasts=SUSPENDED, stands_still=st.booleans()),
    happening("the_clock_of_a_host_jumps", host=HOSTS, by=JUMPS),
    happening("the_clock_of_a_host_jumps", host=HOSTS, by=JUMPS),
    happening("somebody_does_something", host=HOSTS, change=CHANGES),
    happening("somebody_does_something", host=HOSTS, change=CHANGES),
    happening("a_message_is_refused", host=HOSTS, lasts=SHORT, fault=FAULTS),
    happening("the_host_is_out_of_reach", lasts=SHORT),
)


class Moments(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()

    @initialize(refuses=st.sampled_from([None, 5, 2, 7022]))
    def begin(self, refuses: int | None) -> None:
        """
        :param refuses: what Windows answers to a message for a disconnected session.
        """
        hosts = [{"name": name, "disconnected_message_error": refuses} for name in ("RDSH01", "RDSH02")]
        self.farm = self.stack.enter_context(farm_of(Farm, *hosts))
        self.world = self.farm.clock = World()
        self.stack.enter_context(pytest.MonkeyPatch.context()).setattr(schedule, "clock", self.world)
        self.ahead = dict.fromkeys(self.farm.hosts, 0.0)
        for name, host in self.farm.hosts.items():
            host.table.now = functools.partial(self._now, name)  # type: ignore[method-assign]
        self.down: list[tuple[float, float]] = []
        self.last_input: dict[Logon, tuple[datetime, float]] = {}

    def _now(self, host: str) -> datetime:
        return self.world.utc() + timedelta(seconds=self.ahead[host])

    def teardown(self) -> None:
        self.stack.close()

    def the_controller_sleeps(self, moment: float, lasts: float, *, stands_still: bool) -> None:
        self.world.suspend(self.world.passed + moment, lasts, stands_still=stands_still)

    def the_clock_of_a_host_jumps(self, moment: float, host: str, by: float) -> None:
        self._at(moment, lambda: self.ahead.update({host: self.ahead[host] + by}))

    def somebody_does_something(self, moment: float, host: str, change: dict[str, Any]) -> None:
        self._at(moment, lambda: self.farm.hosts[host].apply([Change.model_validate(change)]))

    def a_message_is_refused(self, moment: float, lasts: float, host: str, fault: dict[str, Any]) -> None:
        faults, refused = self.farm.hosts[host].faults, Fault.model_validate(fault)
        self._at(moment, lambda: faults.append(refused))
        self._at(moment + lasts, lambda: faults.remove(refused))

    def the_host_is_out_of_reach(self, moment: float, lasts: float) -> None:
        self.down.append((self.world.passed + moment, self.world.passed + moment + lasts))

    def _at(self, moment: float, event: Any) -> None:
        """Let something happen so long after now, and note who has touched the keyboard since."""

        def happens() -> None:
            event()
            self._note_input()

        self.world.at(self.world.passed + moment, happens)

    @rule(
        here=st.lists(people(), min_size=2, max_size=4),
        there=st.lists(people(), max_size=3),
        happenings=st.lists(HAPPENINGS, min_size=2, max_size=7),
        options=st.fixed_dictionaries(
            {"reminders": st.sampled_from([["60s"], ["60s", "30s"], ["20s"]])},
            optional={
                "newcomers": st.just("logoff"),
                "idle_for": st.just(f"{IDLE_FOR}s"),
                "exclude_users": st.sampled_from([["svc-*"], ["*lic*"]]),
                "server": st.sampled_from([["RDSH02"], ["RDSH01", "RDSH02"]]),
            },
        ),
    )
    def a_grace_period(
        self,
        here: list[dict[str, Any]],
        there: list[dict[str, Any]],
        happenings: list[tuple[str, dict[str, Any]]],
        options: dict[str, Any],
    ) -> None:
        self.farm.api.witnessed.clear()
        for host, sessions in zip(self.farm.hosts.values(), (here, there), strict=True):
            host.apply([Change.model_validate({"put": session}) for session in sessions])
        for kind, arguments in happenings:
            getattr(self, kind)(**arguments)
        selecting = {} if "idle_for" in options else {"all": True}
        task = Task(self.farm, {"grace": f"{GRACE}s", "message": "Bye", **selecting, **options})
        begins: list[float] = []

        def launch(_engine: str) -> None:
            begins.append(self.world.passed)
            self.world.pass_time(LAUNCH)  # what is on its way to the host cannot be held up
            if len(begins) == 1:
                # What the clock of a host shows when it is first asked is all that is known of the time there.
                self.last_input.clear()
                self._note_input()

        task.before_launch = launch
        connect = task.connection._connect

        def reach() -> None:
            passed = self.world.passed
            task.connection.down = any(begin <= passed < end for begin, end in self.down) and bool(task.launched)
            connect()

        task.connection._connect = reach  # type: ignore[method-assign]
        result = task.outcome()
        self._check(task, options, result, begins)
        self.world.sleep(GRACE)

    def _note_input(self) -> None:
        """Note when each user has really touched something: by the host's clock at that time."""
        for name, host in self.farm.hosts.items():
            for session in host.table.sessions():
                logon, told = _logon(name, session), session.last_input_time
                if told and self.last_input.get(logon, (None, 0))[0] != told:
                    ago = (host.table.now() - told).total_seconds()
                    self.last_input[logon] = (told, self.world.passed - ago)

    def _check(self, task: Task, options: dict[str, Any], result: dict[str, Any], begins: list[float]) -> None:
        promised: dict[Logon, list[float]] = {}
        for launched, began in zip(task.launched, begins, strict=True):
            for call in launched.calls:
                if call.outcome != "done":
                    continue
                if call.function == SEND:
                    logon = _logon(call.host, call.sessions[call.session])
                    promised.setdefault(logon, []).append(began + launched.request["remaining_ms"] / 1000)
                elif call.function == LOGOFF:
                    self._check_logoff(call, launched.passed, promised, options, task)
        # Of each person who is there once.
        warnings = {record["account"]: record["warnings"] for record in result.get("sessions", ())}
        accounts = [record["account"] for record in result.get("sessions", ())]
        got = {f"CONTOSO\\{user}": len(ends) for (_host, _id, user, _time), ends in promised.items()}
        once = [account for account in accounts if accounts.count(account) == 1]
        assert {account: warnings[account] for account in once} == {account: got.get(account, 0) for account in once}

    def _check_logoff(
        self,
        call: Witnessed,
        passed: float,
        promised: dict[Logon, list[float]],
        options: dict[str, Any],
        task: Task,
    ) -> None:
        session = call.sessions[call.session]
        logon = _logon(call.host, session)
        assert session.user not in EXCLUDED[str(options.get("exclude_users"))], f"{logon} was excluded"
        if logon in promised:
            late = passed - promised[logon][-1]
            put_off = sum("later than promised" in line for line in task.shown)
            longest = TOLERANCE * 2**put_off + sum(END_PAUSES) + LAUNCH * (len(END_PAUSES) + 2)
            assert late >= 0, f"{logon} was logged off {-late} s before the promised time"
            # Who is disconnected reads nothing, and Windows may take no message for them.
            is_kept = late <= longest or session.state is State.DISCONNECTED
            assert is_kept, f"{logon} was logged off {late} s after the promise had passed"
        else:
            is_newcomer = options.get("newcomers") == "logoff"
            assert session.state is State.DISCONNECTED or is_newcomer, f"{logon} was not warned"
        if "idle_for" in options:
            idle = passed - self.last_input[logon][1]
            assert idle >= IDLE_FOR - CLOCK_TOLERANCE - LAUNCH, f"{logon} was idle for {idle} s"


def _logon(host: str, session: Session) -> Logon:
    return host, session.id, session.user, session.logon_time


TestMoments = Moments.TestCase
TestMoments.settings = search(8, stateful_step_count=2)
