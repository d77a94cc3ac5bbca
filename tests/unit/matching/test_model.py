# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whom a task means is the same by the collection (Python and C#) and by the model.

``make matching CASES=10000`` runs more cases, and others each time.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace

import pytest
from ansible_collections.winops.rds.plugins.plugin_utils._options.errors import OptionError
from ansible_collections.winops.rds.plugins.plugin_utils._options.selection import SELECTING
from hypothesis import Phase, assume, event, find, given, settings
from hypothesis import strategies as st

from . import model
from .cases import OF_THE_SYSTEM, Case, FarmCase, cases, farm_cases, later, pattern_cases
from .engine import HOSTS, Engine
from .model import (
    Session,
    farm_outcome,
    fits,
    is_excluded_now,
    later_outcome,
    logon_of,
    outcome,
    was_spared,
)

CASES = os.environ.get("MATCHING_CASES")


@given(case=st.one_of(cases(), cases(), cases(), pattern_cases()))
@settings(
    max_examples=int(CASES or 1000),
    derandomize=not CASES,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink),
)
def test_the_engine_agrees_with_the_model(engine: Engine, case: Case) -> None:
    world = engine.know(case.accounts)
    sessions = [*OF_THE_SYSTEM, *case.sessions]
    expected = outcome(sessions, case.options, world)
    event("no session selected" if not expected.results else "sessions selected")
    assert engine.outcome(sessions, case.options) == expected


@given(case=farm_cases(HOSTS))
@settings(
    max_examples=int(CASES or 300),
    derandomize=not CASES,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink),
)
def test_the_engine_agrees_with_the_model_on_several_hosts(engine: Engine, case: FarmCase) -> None:
    world = engine.know(case.accounts)
    farm = {host: [*OF_THE_SYSTEM, *sessions] for host, sessions in case.farm.items()}
    expected = farm_outcome(farm, case.options, world)
    event("stops" if expected.is_foreign or expected.unknown_exclusions else "is done")
    assert engine.farm_outcome(farm, case.options) == expected


@given(case=cases(), data=st.data(), newcomers=st.booleans())
@settings(
    max_examples=int(CASES or 300),
    derandomize=not CASES,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink),
)
def test_the_engine_agrees_with_the_model_at_a_later_step(
    engine: Engine, case: Case, data: st.DataObject, newcomers: bool
) -> None:
    """Whoever was excluded once is so to the end, whatever the session is called then."""
    world = engine.know([*case.accounts, ("CONTOSO", "mallory"), ("CONTOSO", "alice")])
    first = [*OF_THE_SYSTEM, *case.sessions]
    then = [*OF_THE_SYSTEM, *data.draw(later(case.sessions))]
    told = engine.grace_period(first, then, case.options, newcomers=newcomers)
    assume(told is not None)
    assert told is not None
    warned, spared, results, excluded = told
    now = outcome(first, case.options, world)
    assert warned == {logon_of(each) for each in first if now.results.get(each.id) == "would_log_off"}
    fitted = {logon_of(each)[:2] for each in first if is_excluded_now(each, case.options, world)}
    # Of whom the list tells that nobody means them, no logon time is read: they may be the logon of a record.
    unread = [replace(each, logged_on=None) for each in first]
    may_be = {logon_of(each)[:2] for each in unread if is_excluded_now(each, case.options, world)}
    assert {logon[:2] for logon in spared if logon[2]} <= fitted <= {logon[:2] for logon in spared} <= fitted | may_be
    assert (results, excluded) == later_outcome(
        then, case.options, world, warned=warned, spared=spared, newcomers=newcomers
    )
    event("somebody was excluded before" if any(was_spared(each, spared) for each in then) else "nobody was")


def test_the_model_has_every_option() -> None:
    assert {*model.SELECTING} == {*SELECTING}


@pytest.mark.parametrize("option", SELECTING)
def test_the_cases_have_every_option(option: str) -> None:
    """The first case that has it, in some order; there is an error if none has."""
    find(cases(), lambda case: option in case.options, settings=settings(derandomize=True, phases=[Phase.generate]))


Corrupt = Callable[[str, int], str]

#: What becomes of a name on its way into a task.
CORRUPTIONS: dict[str, Corrupt] = {
    "a letter twice": lambda name, i: name[:i] + name[i : i + 1] * 2 + name[i + 1 :],
    "a letter less": lambda name, i: name[:i] + name[i + 1 :],
    "two letters changed about": lambda name, i: name[:i] + name[i + 1 : i + 2] + name[i : i + 1] + name[i + 2 :],
    "a letter that is not seen": lambda name, i: f"{name[:i]}\u200b{name[i:]}",
    "a blank that is none": lambda name, i: f"{name[:i]}\u00a0{name[i:]}",
    "an escape of YAML": lambda name, i: name.replace("\\", "\u2029", 1) if "\\" in name else f"{name}\u2028",
    "another separator": lambda name, i: name.replace("\\", "/") if "\\" in name else f"CONTOSO/{name}",
    "a list in text": lambda name, i: f"['{name}']",
    "quoted twice": lambda name, i: f"'{name}'",
    "two in one": lambda name, i: f"{name};bob",
    "another domain": lambda name, i: "NOWHERE\\" + name.rpartition("\\")[2],
}


@given(case=cases(), corruption=st.sampled_from([*CORRUPTIONS]), position=st.integers(0, 19))
@settings(
    max_examples=int(CASES or 500),
    derandomize=not CASES,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink),
)
def test_an_exclusion_that_is_corrupted_costs_nobody_the_work(
    engine: Engine, case: Case, corruption: str, position: int
) -> None:
    """The task spares whoever the intended one spares, or it is refused or stops."""
    world = engine.know(case.accounts)
    sessions = [*OF_THE_SYSTEM, *case.sessions]
    whole = {name: value for name, value in case.options.items() if name != "exclude_users"}
    spared = next((session for session in case.sessions if session.has_user), None)
    assume(spared is not None and not whole.get("users"))
    assert spared is not None
    name = f"{spared.domain}\\{spared.user}"
    assume(not set("*?") & set(name))
    intended = outcome(sessions, {**whole, "exclude_users": [name]}, world)
    corrupted = CORRUPTIONS[corruption](name, position % len(name))
    # Who is somebody else's name now, or still that of the same, is no corruption that anybody could see.
    assume(not any(fits(session, "users", corrupted, world) for session in sessions))
    try:
        done = engine.outcome(sessions, {**whole, "exclude_users": [corrupted]})
    except OptionError:
        event("refused")
        return
    event("stopped" if done.unknown_exclusions else "done")
    logged_off = {id for id, result in done.results.items() if result == "would_log_off"}
    assert not logged_off & intended.excluded


def test_a_very_long_list(engine: Engine) -> None:
    sessions = [*OF_THE_SYSTEM, *(Session(n, f"rdp-tcp#{n}", f"user-{n}", "CONTOSO") for n in range(1, 301))]
    users = [f"USER-{n}" if n % 2 else f"contoso\\user-{n:?<3}" for n in range(101, 1101)]
    world = engine.know([])
    expected = outcome(sessions, {"users": users}, world)
    assert len(users) == 1000
    assert len(expected.results) == 200
    assert engine.outcome(sessions, {"users": users}) == expected
