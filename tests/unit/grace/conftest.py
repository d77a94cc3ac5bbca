# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.unit.grace.direct import Farm, farm


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Farm]]:
    """Simulate hosts: ``serve(sessions of RDSH01…)`` or ``serve(hosts=[…])``."""
    with ExitStack() as stack:
        yield lambda *sessions, **fields: stack.enter_context(farm(monkeypatch, *sessions, **fields))
