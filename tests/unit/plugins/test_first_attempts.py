# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""First attempts: each is taken for what is meant, or refused in words that lead to what works, and those work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from ansible_collections.winops.rds.plugins.action.win_rds_logon_mode import ActionModule as LogonMode
from ansible_collections.winops.rds.plugins.plugin_utils._options.errors import OptionError
from ansible_collections.winops.rds.plugins.plugin_utils._options.given import refuse_repeated, validated_options

from tests.support.first_attempts import LOGON_MODE, REFUSED, TAKEN, Attempts, new_words, options
from tests.unit.plugins.reporting import MODULES


def task(module: str, text: str) -> dict[str, Any]:
    """What comes of a task with these options: what the host is asked, or the result without asking it.

    :raises OptionError: it is refused.
    """
    if not text.startswith("{"):
        refuse_repeated(text)
    given = options(text)
    if module == LOGON_MODE:
        return validated_options(given, LogonMode.ARGUMENT_SPEC)
    action = MODULES[module][0]()
    result = action.result(**given)
    return {"asked": action.asked} if action.asked else {key: value for key, value in result.items() if key != "msg"}


def cases(tables: Mapping[str, Mapping[str, Attempts]]) -> list[Any]:
    return [
        pytest.param(module, typed, meant, id=f"{kind}: {module.rpartition('.')[2]} {typed}")
        for kind, modules in tables.items()
        for module, attempts in modules.items()
        for typed, meant in attempts.items()
    ]


@pytest.mark.parametrize(("module", "typed", "meant"), cases(TAKEN))
def test_taken(module: str, typed: str, meant: str) -> None:
    assert task(module, typed) == task(module, meant)


@pytest.mark.parametrize(("module", "typed", "works"), cases(REFUSED))
def test_refused(module: str, typed: str, works: str) -> None:
    with pytest.raises(OptionError) as refusal:
        task(module, typed)
    message = str(refusal.value).replace("\\\\", "\\")  # as a prompt needs them
    assert len(message) < 1000
    assert [word for word in new_words(typed, works) if word.lower() not in message.lower()] == [], message
    task(module, works)


def test_how_many_there_are() -> None:
    """At least as many as were counted when somebody new tried."""
    assert len(cases(TAKEN) + cases(REFUSED)) >= 163
