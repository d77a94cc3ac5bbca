# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Show a message in sessions: check the options, launch the engine once, tell who got it and who answered what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ..plugin_utils._engine.requests import MessageRequest, request
from ..plugin_utils._options import reason
from ..plugin_utils._options.durations import Duration
from ..plugin_utils._options.errors import OptionError
from ..plugin_utils._options.message import BUTTONS, ICON_WORDS, ICONS, check_message, message_seconds, message_style
from ..plugin_utils._options.reason import with_reason
from ..plugin_utils._options.selection import ARGUMENT_SPEC, Selection
from ..plugin_utils._session_action import SessionAction

PLACEHOLDERS = ("user", "server", "reason")


class ActionModule(SessionAction):
    ARGUMENT_SPEC: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        **ARGUMENT_SPEC,
        "message": {"type": "str", "required": True, "aliases": ["msg"]},
        "title": {"type": "str", "default": "{server}", "aliases": ["message_title"]},
        "icon": {"type": "str", "choices": [*ICONS], "default": "information", "meant": ICON_WORDS},
        "show_for": {"type": Duration("give nobody the time to read it; leave it out to show it until closed")},
        "buttons": {"type": "str", "choices": [*BUTTONS]},
        "answer_timeout": {"type": Duration("give nobody the time to answer")},
        **reason.ARGUMENT_SPEC,
    }

    def run_task(self, options: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        selection = Selection.from_options(options)
        _refuse_contradictions(options)
        message = request(
            MessageRequest,
            selection,
            check_mode=self._task.check_mode,
            title=_shown("title", options),
            message=_shown("message", options),
            message_style=message_style(options["buttons"] or "ok", options["icon"]),
            message_seconds=message_seconds(options["answer_timeout"] or options["show_for"]),
            wait_for_answer=options["answer_timeout"] is not None,
            remaining_ms=0,
        )
        if selection.nobody:
            return self.nobody_result(message, selection.nobody)
        return self.session_result(self.run_engine(message, task_vars), message, task_vars)


def _shown(option: str, options: Mapping[str, Any]) -> str:
    return with_reason(option, check_message(option, options[option], PLACEHOLDERS), options)


def _refuse_contradictions(options: Mapping[str, Any]) -> None:
    if options["buttons"] is not None and options["answer_timeout"] is None:
        raise OptionError(
            "buttons asks for an answer that nobody waits for: say by answer_timeout how long to wait, or leave "
            "buttons out"
        )
    if options["show_for"] is not None and options["answer_timeout"] is not None:
        raise OptionError(
            "show_for contradicts answer_timeout, which is how long the message is shown: leave one of them out"
        )
