# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.support.engines import answering
from tests.unit.engine.session_host import Windows


@pytest.fixture
async def windows() -> AsyncIterator[Windows]:
    async with answering(Windows) as api:
        yield api
