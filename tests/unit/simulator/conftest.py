# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from simulator.windows_api import WindowsApi


@pytest.fixture
async def api() -> AsyncIterator[WindowsApi]:
    with tempfile.TemporaryDirectory() as folder:
        api = WindowsApi(Path(folder) / "socket")
        await api.start()
        yield api
        await api.stop()
