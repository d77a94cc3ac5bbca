# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The choice that a word means, where an option accepts some words only."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any


def choice_meant(option: Mapping[str, Any], value: Any) -> Any:
    """Return the choice, in other letters (``Drain``), with other separators (``Yes/No``), or in another word that the
    option knows (its ``meant``: the choice of each word in small letters, or a function); what means none, as it is.

    :raises OptionError: of ``meant``, about a value that means none of them.
    """
    meant = option.get("meant")
    if isinstance(meant, Mapping):
        value = meant.get(str(value).lower(), value)
    elif meant is not None:
        value = meant(value)
    if not isinstance(value, str):
        return value
    return next((choice for choice in option.get("choices", ()) if _bare(choice) == _bare(value)), value)


def _bare(text: str) -> str:
    return re.sub(r"""[\s_/,;"'-]""", "", text).lower()
