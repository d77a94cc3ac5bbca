# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Writes each result of a run as a line of JSON, so that tests need not parse what people read."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: record_results
type: notification
short_description: Writes results as JSON lines
description: Writes each result as a line of JSON to the file that RECORD_RESULTS names.
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "record_results"
    CALLBACK_NEEDS_ENABLED = True

    def _record(self, status: str, result: Any) -> None:
        # ansible-core 2.19 gives callbacks a result of another class, and warns about the old attributes.
        host, task, values = (
            (result.host, result.task, result.result)
            if hasattr(result, "result")
            else (result._host, result._task, result._result)
        )
        # The name as the playbook has it: what task_name and get_name() put before it differs between versions.
        record = {"host": host.get_name(), "task": task.name, "status": status, "result": values}
        line = json.dumps(record, default=str)
        with Path(os.environ["RECORD_RESULTS"]).open("a", encoding="utf-8") as file:
            file.write(line + "\n")

    def v2_runner_on_ok(self, result: Any) -> None:
        self._record("ok", result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self._record("failed", result)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        self._record("unreachable", result)

    def v2_runner_on_skipped(self, result: Any) -> None:
        self._record("skipped", result)
