# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""First attempts: each is taken for what is meant, or refused in words that lead to what works, and those work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from ansible_collections.winops.rds.plugins.action.win_rds_logon_mode import ActionModule as LogonMode
from ansible_collections.winops.rds.plugins.action.win_rds_maintenance import ActionModule as Maintenance
from ansible_collections.winops.rds.plugins.plugin_utils._engine.report import UnknownExclusion
from ansible_collections.winops.rds.plugins.plugin_utils._options.errors import OptionError
from ansible_collections.winops.rds.plugins.plugin_utils._options.given import refuse_repeated, validated_options
from ansible_collections.winops.rds.plugins.plugin_utils._result.sentences import (
    not_found_text,
    unknown_exclusions_text,
)

from tests.support.first_attempts import LOGOFF, LOGON_MODE, MAINTENANCE, REFUSED, TAKEN, Attempts, new_words, options
from tests.unit.plugins.reporting import MODULES

SPECS: dict[str, Any] = {LOGON_MODE: LogonMode.ARGUMENT_SPEC, MAINTENANCE: Maintenance.ARGUMENT_SPEC}


def task(module: str, text: str) -> dict[str, Any]:
    """What comes of a task with these options: what the host is asked, or the result without asking it.

    :raises OptionError: it is refused.
    """
    if not text.startswith("{"):
        refuse_repeated(text)
    given = options(text)
    if module in SPECS:
        return validated_options(given, SPECS[module])
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


@pytest.mark.parametrize("typed", ["--help", "help", "/?", "-h", "?"])
def test_who_asks_for_help_reads_the_options(typed: str) -> None:
    with pytest.raises(OptionError, match=r"the options are all, .*idle_for.*, and ansible-doc tells about them"):
        task(LOGOFF, typed)


@pytest.mark.parametrize("typed", ["not idle", "idle < 2h", "@hosts.yml"])
def test_no_advice_names_an_account_that_is_none(typed: str) -> None:
    with pytest.raises(OptionError, match="Say which: sessions=…"):
        task(LOGOFF, typed)


@pytest.mark.parametrize(
    ("users", "sessions", "told"),
    [
        (["alcie"], [], "Not found: alcie. Check the name."),
        (["alice bob"], [], "Not found: alice bob. Check the name (several are separated by commas)."),
        ([], ["alice"], "Not found: alice. Check the name; an account belongs in users."),
        (["12"], [], "Not found: 12. Check the name; a session belongs in sessions."),
        (["rdp-tcp#3"], ["14"], "Not found: 14, rdp-tcp#3. Check the name; a session belongs in sessions."),
        ([], ["TERM04", "12"], "Not found: TERM04, 12. Check the name."),
        ([], ["console"], "Not found: console. Check the name."),
        (["disconnected"], [], "Not found: disconnected. Check the name; a state belongs in states."),
        (["svc-*"], [], None),
    ],
    ids=str,
)
def test_what_is_said_of_a_name_that_fits_nobody(users: list[str], sessions: list[str], told: str | None) -> None:
    assert not_found_text([*sessions, *users], sessions) == told


def test_what_is_said_of_an_exclusion_that_is_two() -> None:
    nobody = UnknownExclusion(position=0, name="", use=0)
    assert "alice bob is no account (several are separated by commas), which would spare nobody" in (
        unknown_exclusions_text([("alice bob", nobody)])
    )


def test_how_many_there_are() -> None:
    """At least as many as were counted when somebody new tried."""
    assert len(cases(TAKEN) + cases(REFUSED)) >= 400
