# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Why a task is run: the option, and ``{reason}`` in what users read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .errors import OptionError

ARGUMENT_SPEC: dict[str, dict[str, Any]] = {"reason": {"type": "str"}}

#: The placeholder that the controller fills in, before the host does the others.
PLACEHOLDER = "{reason}"
LONGEST_REASON = 200  # characters


def checked_reason(options: Mapping[str, Any]) -> str | None:
    """Return the reason that a task gives, if it gives one: an empty one is none, as ``default('')`` makes it.

    :raises OptionError: it is no line that can be shown, or a long one.
    """
    reason: str = (options["reason"] or "").strip()
    if len(reason) > LONGEST_REASON or not reason.isprintable():
        raise OptionError(f"reason: give one line of at most {LONGEST_REASON} characters, or leave it out")
    return reason or None


def with_reason(option: str, text: str, options: Mapping[str, Any]) -> str:
    """Return a text that is to be shown with the reason filled in. Placeholders in the reason are those of the text.

    :raises OptionError: it asks for the reason, and the task gives none, or none that can be shown.
    """
    reason = checked_reason(options)
    if PLACEHOLDER not in text:
        return text
    if reason is None:
        raise OptionError(
            f"{option} holds {PLACEHOLDER}, and no reason is given: give it (reason='CHG-4711 patching'), or take "
            f"{PLACEHOLDER} out of {option}"
        )
    return text.replace(PLACEHOLDER, reason)
