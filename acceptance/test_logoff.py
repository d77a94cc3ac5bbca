# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Logging off, the main job."""

from __future__ import annotations

from .stage import ACTIVE, DISCONNECTED, Stage


def test_by_user(stage: Stage) -> None:
    stage.needs(alice=ACTIVE, bob=DISCONNECTED)
    outcome = stage.task("win_rds_logoff", users=["alice"])
    assert (outcome["changed"], outcome.results) == (True, {"alice": "logged_off"})
    assert outcome.on == {"bob"}
