# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Lets a grace period pass at once. Ansible's workers are forks, so that they inherit the clock that is set here."""

from __future__ import annotations

import json
import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ansible.plugins.callback import CallbackBase
from ansible_collections.winops.rds.plugins.plugin_utils._grace import schedule

DOCUMENTATION = """
name: fake_clock
type: notification
short_description: Lets a grace period pass at once
description:
  - Where FAKE_CLOCK names a file, time passes only by sleeping, and then at once.
  - Each time that somebody wakes up is written to the file, as a line of JSON.
"""

START = datetime(2026, 11, 21, 22, 0, tzinfo=UTC)


class FakeClock(schedule.Clock):
    passed = 0.0

    def seconds(self) -> float:
        return self.passed

    def utc(self) -> datetime:
        return START + timedelta(seconds=self.passed)

    def sleep(self, seconds: float) -> None:
        self.passed += seconds
        with Path(os.environ["FAKE_CLOCK"]).open("a", encoding="utf-8") as file:
            file.write(json.dumps({"monotonic": time.monotonic(), "passed": self.passed}) + "\n")


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "fake_clock"

    def __init__(self) -> None:
        super().__init__()
        if "FAKE_CLOCK" in os.environ:
            schedule.clock = FakeClock()
