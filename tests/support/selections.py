# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Selections as a task gives them, and requests about them."""

from __future__ import annotations

from typing import Any

from ansible_collections.winops.rds.plugins.plugin_utils._engine.acts import (
    DISCONNECT,
    LIST,
    LOG_OFF,
    SEND_MESSAGE,
    Act,
)
from ansible_collections.winops.rds.plugins.plugin_utils._engine.requests import (
    DisconnectRequest,
    EngineRequest,
    LogoffRequest,
    MessageRequest,
    SessionInfoRequest,
    request,
)
from ansible_collections.winops.rds.plugins.plugin_utils._options.given import validated_options
from ansible_collections.winops.rds.plugins.plugin_utils._options.selection import ARGUMENT_SPEC, Selection


def selected(**given: Any) -> Selection:
    """What a task with these options selects.

    :raises OptionError: they are refused.
    """
    return Selection.from_options(validated_options(given, ARGUMENT_SPEC))


_TRACE: dict[str, Any] = {"trace": "", "trace_names": True}
_MESSAGE: dict[str, Any] = {"title": "t", "message": "m", "message_style": 0, "message_seconds": 0, "remaining_ms": 0}

#: For each act its request, and what it asks beside the selection.
_REQUESTS: list[tuple[Act, type[EngineRequest], dict[str, Any]]] = [
    (LIST, SessionInfoRequest, {}),
    (LOG_OFF, LogoffRequest, {"timeout_ms": 1000, "max_parallel": None, **_TRACE}),
    (DISCONNECT, DisconnectRequest, {"timeout_ms": 1000, **_TRACE}),
    (SEND_MESSAGE, MessageRequest, {"wait_for_answer": False, **_MESSAGE}),
]


def asked(act: Act, **given: Any) -> EngineRequest:
    """What the engine of an act is asked by a task with these options."""
    kind, members = next((kind, members) for each, kind, members in _REQUESTS if each is act)
    return request(kind, selected(**given), check_mode=False, **members)
