# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What runs the programs that arrive on a simulated host."""

from __future__ import annotations

import os
from collections.abc import Callable

from .host_runner import Engine
from .mono import MonoEngine
from .pwsh import PwshEngine
from .wine import WineEngine

ENGINES: dict[str, Callable[[], Engine]] = {"mono": MonoEngine, "pwsh": PwshEngine, "wine": WineEngine}


def default_engine() -> str:
    """Return the engine that SIMULATOR_ENGINE names; ``mono``, the one that the tests run on, where it is not set."""
    return os.environ.get("SIMULATOR_ENGINE") or "mono"


__all__ = ["ENGINES", "Engine", "MonoEngine", "PwshEngine", "WineEngine", "default_engine"]
