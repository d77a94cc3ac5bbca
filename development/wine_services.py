# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""wine_services.py start|end: Wine's services, for all processes that run programs on the simulator's engine wine."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from simulator.engines import build, wine

try:
    asyncio.run({"start": wine.prepare, "end": wine.end}[sys.argv[1]]())
except build.BuildError as error:
    sys.exit(str(error))
