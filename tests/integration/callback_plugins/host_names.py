# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Finds simulated hosts by the names and ports of real ones. Ansible's workers are forks, which inherit this."""

from __future__ import annotations

import json
import os
import socket
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: host_names
type: notification
short_description: Finds simulated hosts by the names and ports of real ones
description:
  - HOST_NAMES is a JSON object. Whoever looks up one of its C(NAME:PORT) is told the address and the port that it has.
  - What is written for real hosts, their certificates included, runs unchanged.
  - Other names are not looked up, so that no test asks anybody else about them.
"""

ENDPOINTS = json.loads(os.environ.get("HOST_NAMES", "{}"))
_look_up = socket.getaddrinfo


def look_up(host: Any, port: Any, family: int = 0, type: int = 0, proto: int = 0, flags: int = 0) -> Any:
    known = ENDPOINTS.get(f"{host}:{port}", (host, port))
    return _look_up(*known, family, type, proto, flags | socket.AI_NUMERICHOST)


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "host_names"

    def __init__(self) -> None:
        super().__init__()
        if ENDPOINTS:
            socket.getaddrinfo = look_up
