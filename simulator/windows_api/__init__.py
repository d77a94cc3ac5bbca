# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The Windows API of a farm: answers what the stand-in library (winapi/windows.c) asks, and records each call."""

from __future__ import annotations

from .launch import MUTATING, Call, Launch, Value
from .server import WindowsApi

__all__ = ["MUTATING", "Call", "Launch", "Value", "WindowsApi"]
