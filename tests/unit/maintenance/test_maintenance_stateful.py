# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs are interrupted at random, others are begun, users come and go, other hands set the logon mode: a host is never
opened that was closed before, never stays closed without a record that says why, and is never worked on with somebody
on who may not stay.

    RULES_EXAMPLES=500 .venv/bin/pytest tests/unit/maintenance/test_maintenance_stateful.py

runs for longer.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from simulator.farm import Change
from simulator.registry import LogonMode
from tests.support.searches import search
from tests.unit.maintenance.direct import COMMAND, WAYS, MaintainedFarm, maintained

MODES: st.SearchStrategy[LogonMode] = st.sampled_from(["enabled", "disabled", "drain", "drain_until_restart"])
CLOSED = st.sampled_from(["drain", "disabled"])
NAMES = st.sampled_from(["RDSH01", "RDSH01", "rdsh01.contoso.com"])
RUNS = st.sampled_from(["1", "2", "3"])
USERS = st.sampled_from(["alice", "bob", "svc-backup"])
WRONG = st.dictionaries(st.integers(0, 9), st.sampled_from(WAYS), max_size=3)
GRACE = st.sampled_from([{}, {"grace": "30s", "message": "Soon"}])

_shared = ExitStack()
_farms: list[MaintainedFarm] = []


def shared_farm() -> MaintainedFarm:
    """One farm for all examples, which each begins anew."""
    if not _farms:
        _farms.append(_shared.enter_context(maintained()))
    return _farms[0]


def teardown_module() -> None:
    _shared.close()
    _farms.clear()


class Maintenance(RuleBasedStateMachine):
    @initialize(mode=MODES)
    def begin(self, mode: LogonMode) -> None:
        self.farm = shared_farm()
        self.farm.begin(mode, {"id": 12, "user": "alice"})
        self.others = mode
        """The mode that whoever does not use this module wants."""
        self.entered_by: dict[str, str] = {}
        self.closed_modes: set[str] = set()

    @rule(user=USERS, number=st.integers(30, 40))
    def log_on(self, user: str, number: int) -> None:
        self.farm.host.apply([Change.model_validate({"logon": {"id": number, "user": user}})])

    @rule(mode=MODES)
    def another_hand(self, mode: LogonMode) -> None:
        if mode != self.farm.mode:
            self.others = mode
            self.farm.host.registry.logon_mode = mode
            # In a mode that maintenance has set as well, it cannot be told from it; what was before comes back then.
            if self.farm.record and mode in self.closed_modes:
                self.others = self.previous

    @rule()
    def restart(self) -> None:
        before = self.farm.mode
        self.farm.host.apply([Change.model_validate({"restart": True})])
        if self.farm.mode != before and not self.farm.record:
            self.others = self.farm.mode

    @property
    def previous(self) -> Any:
        """The mode from before, as it stands on the host."""
        record = self.farm.record
        disabled = record.get("PREVIOUSWINSTATIONSDISABLED") == "1"
        drain = record.get("PREVIOUSTSSERVERDRAINMODE")
        return "disabled" if disabled else {1: "drain_until_restart", 2: "drain"}.get(drain, "enabled")

    @rule(mode=CLOSED, name=NAMES, run=RUNS, wrong=WRONG, grace=GRACE, keep=st.booleans())
    def enter(self, mode: str, name: str, run: str, wrong: dict[int, str], grace: dict[str, str], keep: bool) -> None:
        was_in, mode_before = bool(self.farm.record), self.farm.mode
        task = self.farm.task(
            state="entered", mode=mode, exclude_users=["svc-*"], keep_closed=keep, name=name, run=run, **grace
        )
        task.wrong = wrong
        calls = len(self.farm.api.mutating_calls_on(self.farm.host))
        result = task.outcome()
        self.closed_modes.add(mode)
        succeeded = result and not result.get("failed") and not result.get("unreachable")
        if succeeded:
            assert self.farm.record and self.farm.mode == mode
            # The caller's tasks would run now.
            left = {user for user in self.farm.users().values() if not user.startswith("svc-")}
            assert not left, left
            assert self.entered_by.setdefault(run, name) == name, "worked on under two names"
        elif "are one machine" in str(result.get("msg")):
            assert (self.farm.mode, bool(self.farm.record)) == (mode_before, was_in)
            changing = self.farm.api.mutating_calls_on(self.farm.host)[calls:]
            assert not [call for call in changing if call.function != "WTSSendMessageW"]
        elif result and self.farm.record and not was_in:
            # It stays closed, and says so.
            assert COMMAND.split(" ", 2)[2] in result["msg"], result["msg"]

    @rule(name=NAMES, run=RUNS, wrong=st.one_of(st.just({}), WRONG))
    def exit(self, name: str, run: str, wrong: dict[int, str]) -> None:
        record, mode = self.farm.record, self.farm.mode
        previous = self.previous
        task = self.farm.task(state="exited", name=name, run=run)
        task.wrong = wrong
        result = task.outcome()
        if self.farm.record:
            return
        self.entered_by.clear()
        if record and result and not result.get("failed") and not result.get("unreachable"):
            assert self.farm.mode == previous or "which stays" in result["msg"] or self.farm.mode == mode
        self.closed_modes.clear()

    @invariant()
    def a_host_is_open_or_it_is_known_why_it_is_not(self) -> None:
        if not hasattr(self, "farm"):
            return
        if not self.farm.record and self.farm.mode != "enabled":
            assert self.others == self.farm.mode, "closed without a record"
        if not self.farm.record and self.others != "enabled":
            assert self.farm.mode != "enabled", "opened, and it was closed before"


TestMaintenance = Maintenance.TestCase
TestMaintenance.settings = search(25, stateful_step_count=10)
