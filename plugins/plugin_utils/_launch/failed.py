# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How a task of this collection ends that cannot go on."""

from __future__ import annotations

from typing import Any

LONGEST_REFUSAL = 600  # characters


class TaskFailed(Exception):
    """The task ends with this message and these results. Raised instead of AnsibleActionFail, whose handling
    shows the path and the traceback of the plugin to a user who made a typing mistake."""

    def __init__(self, msg: str, **result: Any) -> None:
        if not result:
            msg = _shortened(msg)
        super().__init__(msg)
        self.result = {**result, "failed": True, "msg": msg}


def _shortened(text: str) -> str:
    """A refusal quotes what was given, which may be of any length and form."""
    text = " ".join(text.split())
    return text if len(text) <= LONGEST_REFUSAL else f"{text[: LONGEST_REFUSAL // 2]} … {text[-LONGEST_REFUSAL // 2 :]}"
