# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.unit.engine.session_host import Windows


@pytest.fixture
async def windows() -> AsyncIterator[Windows]:
    # Not tmp_path, whose length a Unix socket's path may not have.
    with tempfile.TemporaryDirectory() as folder:
        api = Windows(Path(folder) / "socket")
        await api.start()
        yield api
        await api.stop()
