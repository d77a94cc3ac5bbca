# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whom a task means is the same by the collection (Python and C#) and by the model.

``make matching CASES=10000`` runs more cases, and others each time.
"""

from __future__ import annotations

import os

from hypothesis import Phase, event, given, settings
from hypothesis import strategies as st

from .cases import OF_THE_SYSTEM, Case, cases, pattern_cases
from .engine import Engine
from .model import Session, outcome

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


def test_a_very_long_list(engine: Engine) -> None:
    sessions = [*OF_THE_SYSTEM, *(Session(n, f"rdp-tcp#{n}", f"user-{n}", "CONTOSO") for n in range(1, 301))]
    users = [f"USER-{n}" if n % 2 else f"contoso\\user-{n:?<3}" for n in range(101, 1101)]
    world = engine.know([])
    expected = outcome(sessions, {"users": users}, world)
    assert len(users) == 1000
    assert len(expected.results) == 200
    assert engine.outcome(sessions, {"users": users}) == expected
