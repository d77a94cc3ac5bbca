# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The examples of the guide to matching: both the collection and the model say what the page says."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from ansible_collections.winops.rds.plugins.plugin_utils._words.durations import parse_duration

from tests.support.guides import Row, guide

from .engine import Engine
from .model import Session, outcome

HOST, TASKS = guide("matching").section("Examples").tables()


def session(row: Row) -> Session:
    domain, _, user = row["account"].rpartition("\\")
    client_name, _, client_address = row["client"].partition(" ")
    logged_on, idle, disconnected = (
        parse_duration(row[age]) if row[age] else None for age in ("logged on", "idle", "disconnected")
    )
    return Session(
        int(row["ID"]),
        row["name"],
        user,
        domain,
        row["state"],
        logged_on,
        idle,
        disconnected,
        client_name,
        client_address,
    )


def task_options(text: str) -> dict[str, Any]:
    """The options as Ansible hands them on: texts, and lists of texts."""
    options: dict[str, Any] = yaml.safe_load("{" + text + "}")
    for option, value in options.items():
        if option.endswith("_for"):
            options[option] = str(value)
        elif not isinstance(value, bool):
            options[option] = [*map(str, value if isinstance(value, list) else [value])]
    return options


def listed(cell: str) -> list[str]:
    return cell.split(", ") if cell else []


@pytest.mark.parametrize("row", TASKS, ids=lambda row: row["options"])
def test_an_example_holds(engine: Engine, row: Row) -> None:
    sessions = [session(row) for row in HOST]
    world = engine.know([(session.domain, session.user) for session in sessions if session.user])
    options = task_options(row["options"])
    expected = outcome(sessions, options, world)
    assert expected.results == {
        **{int(id): "would_log_off" for id in listed(row["logged off"])},
        **{int(id): "protected" for id in listed(row["protected"])},
    }
    assert expected.not_found == {*listed(row["not found"])}
    assert engine.outcome(sessions, options) == expected
