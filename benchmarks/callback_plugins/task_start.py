# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Writes down when a task began on a host (seconds, monotonic), into the file that TASK_START names."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from ansible.plugins.callback import CallbackBase


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "task_start"

    def v2_runner_on_start(self, host: Any, task: Any) -> None:
        Path(os.environ["TASK_START"]).write_text(str(time.monotonic()), "utf-8")
