# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Users come, go and come back, calls fail, tasks run with any options: the rules hold after each task.

    RULES_EXAMPLES=500 .venv/bin/pytest tests/unit/faults/test_rules_stateful.py

runs for longer. A broken rule is shown as the shortest story that breaks it.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from simulator.farm import Change, Fault
from tests.support.searches import search
from tests.unit.faults import rules
from tests.unit.faults.hosts import farm

SERVERS = st.sampled_from(["RDSH01", "RDSH02"])
IDS = st.integers(2, 6)
USERS = st.sampled_from(["alice", "bob", "ÉLODIE", "Иванова", "RDSH01\\bob", "ansible"])
PATTERNS = st.sampled_from(["alice", "BOB", "élodie", "иван*", "CONTOSO\\*", ".\\bob", "?ob", "nobody"])
NAMED = st.one_of(IDS.map(str), st.sampled_from(["rdp-tcp#3", "CONSOLE", "current", "0", "65536"]))
STATES = st.sampled_from(["active", "disconnected"])


LANGUAGES = st.sampled_from(["C.UTF-8", "tr_TR.UTF-8", "th_TH.UTF-8", "fr_FR.UTF-8"])
MOSTLY_HERE = st.sampled_from(["RDSH01", "RDSH01", "RDSH01", "RDSH02"])
OTHER_CALLS = [
    "WTSEnumerateSessionsEx",
    "NetWkstaGetInfo",
    "WTSOpenServerEx",
    "WTSEnumerateProcessesEx",
    "WTSTerminateProcess",
]
#: A call that hangs costs more than a second, so it is rare.
HANGS = "hangs"


def some(values: st.SearchStrategy[Any], **size: int) -> st.SearchStrategy[list[Any]]:
    return st.lists(values, min_size=1, max_size=3, unique=True)


@st.composite
def sessions(draw: st.DrawFn) -> dict[str, Any]:
    return {
        "id": draw(IDS),
        "user": draw(USERS),
        "state": draw(STATES),
        "name": draw(st.sampled_from(["", "", "", "console"])),
        "logged_on": draw(st.sampled_from([0, 60, 3600])),
        "logoff": draw(st.sampled_from([0, 0, 0.2, "never"])),
    }


#: What is true of a session that is still there never says that it has gone: 2, 7007 and 7022 are left out.
ERRORS = st.sampled_from([5, 6, 1702, 1722, 1726, 7024, 7045, 31])
CHANGES = st.one_of(st.builds(lambda session: {"put": session}, sessions()), st.builds(lambda id: {"remove": id}, IDS))


@st.composite
def faults(draw: st.DrawFn) -> dict[str, Any]:
    call = draw(st.sampled_from(["WTSQuerySessionInformation"] * 6 + ["WTSLogoffSession"] * 3 + OTHER_CALLS))
    fault: dict[str, Any] = {"call": call, "after": 0}
    if call in OTHER_CALLS:
        fault["after"] = draw(st.integers(0, 1))
    elif draw(st.booleans()):
        # Of one session: whose it is, protocol, client name and address; whose it is once more; then the looks.
        fault |= {
            "session": draw(IDS),
            "after": draw(st.sampled_from([0, 0, 1, 4, 4, 5, 5, 6])) if "Query" in call else 0,
        }
    else:
        fault["after"] = draw(st.integers(0, 20) if "Query" in call else st.integers(0, 3))
    if draw(st.booleans()):
        fault["times"] = draw(st.integers(1, 3))
    kind = draw(st.sampled_from(["error"] * 4 + ["before"] * 3 + ["then"] * 2 + ["late"] + [HANGS]))
    if kind == "error":
        fault["error"] = draw(ERRORS)
    elif kind in ("before", "then"):
        fault[kind] = [draw(CHANGES)]
    else:
        fault |= {"delay": 0.05 if kind == "late" else draw(st.sampled_from([0.05] * 5 + ["never"]))}
    return fault


@st.composite
def tasks(draw: st.DrawFn) -> dict[str, Any]:
    selecting = {"users": some(PATTERNS), "sessions": some(NAMED), "states": some(STATES), "all": st.just(True)}
    chosen = draw(
        st.one_of(st.just(["all"]), st.lists(st.sampled_from([*selecting]), min_size=1, max_size=2, unique=True))
    )
    options: dict[str, Any] = {name: draw(selecting[name]) for name in chosen}
    if draw(st.integers(0, 3)) == 3:
        name, values = draw(st.sampled_from([("exclude_users", PATTERNS), ("exclude_sessions", NAMED)]))
        taken = {value.lower() for value in options.get(name.removeprefix("exclude_"), ())}
        if left := [value for value in draw(some(values)) if value.lower() not in taken]:
            options[name] = left
    if draw(st.integers(0, 3)) == 3:
        options["server"] = draw(some(st.sampled_from(["RDSH02", "RDSH03", "RDSH99"])))
    options |= draw(st.sampled_from([{}, {"protect_console": False}, {"missing": "fail"}]))
    options |= draw(st.sampled_from([{}, {"unknown_exclusions": "ignore"}]))
    waiting = [{"timeout": "0.4s"}, {"timeout": "0.3s", "on_timeout": "terminate"}]
    waiting += [{"timeout": "0.4s", "max_parallel": 1}, {"wait": False}]
    return options | draw(st.sampled_from(waiting)) | {"server_timeout": "0.6s"}


class Rules(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()

    @initialize(start=st.lists(sessions(), min_size=2, max_size=5), other=st.lists(sessions(), max_size=3))
    def begin(self, start: list[dict[str, Any]], other: list[dict[str, Any]]) -> None:
        self.farm = self.stack.enter_context(
            farm(
                {"name": "RDSH01", "sessions": start},
                {"name": "RDSH02", "sessions": other},
                {"name": "RDSH03", "rpc": "down", "rpc_timeout": 0.1},
            )
        )

    def teardown(self) -> None:
        self.stack.close()

    @rule(
        events=st.lists(st.tuples(SERVERS, CHANGES), max_size=3),
        options=tasks(),
        struck=st.lists(st.tuples(MOSTLY_HERE, faults()), min_size=1, max_size=4),
        language=LANGUAGES,
    )
    def task(
        self,
        events: list[tuple[str, dict[str, Any]]],
        options: dict[str, Any],
        struck: list[tuple[str, dict[str, Any]]],
        language: str,
    ) -> None:
        for server, event in events:
            self.farm.hosts[server].apply([Change.model_validate(event)])
        for server, fault in struck:
            self.farm.hosts[server].faults.append(Fault.model_validate(fault))
        result = self.farm.logoff(language=language, **options)
        rules.check(self.farm, options, result)
        for host in self.farm.hosts.values():
            host.faults = []

    @rule(options=tasks(), language=LANGUAGES)
    def check_mode_then_task_then_again(self, options: dict[str, Any], language: str) -> None:
        """Where nothing goes wrong, check mode says what a run does, and a second run changes nothing."""
        planned = self.farm.logoff(check=True, language=language, **options)
        rules.check(self.farm, options, planned, check_mode=True)
        result = self.farm.logoff(**options)
        rules.check(self.farm, options, result)
        # Fewer, where one has gone by itself meanwhile.
        assert {key(record) for record in planned.get("sessions", ())} >= {
            key(record) for record in result.get("sessions", ())
        }
        if options.get("wait") is not False and options.get("on_timeout") != "terminate":
            again = self.farm.logoff(**options)
            rules.check(self.farm, options, again)
            assert not again.get("changed")


def key(record: dict[str, Any]) -> tuple[str, int]:
    return record["server"], record["id"]


TestRules = Rules.TestCase
TestRules.settings = search(15, stateful_step_count=8)
