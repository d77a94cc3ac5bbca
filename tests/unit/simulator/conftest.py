# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from simulator.windows_api import WindowsApi
from tests.support.engines import answering


@pytest.fixture
async def api() -> AsyncIterator[WindowsApi]:
    async with answering(WindowsApi) as api:
        yield api
