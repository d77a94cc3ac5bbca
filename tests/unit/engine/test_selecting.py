# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which sessions the options select."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.engine.session_host import ALICE, BOB, Windows, record, results, server_report, session_host

FARM = (
    {"id": 1, "name": "Console", "user": "admin"},
    {"id": 2, "name": "rdp-tcp#12"},  # a logon screen
    {"id": 3, "state": "disconnected"},  # one whose client went away
    ALICE | {"name": "TERM04"},
    BOB | {"state": "disconnected"},
    {"id": 14, "user": "FABRIKAM\\alice", "state": "disconnected"},
    {"id": 15, "user": "alicia", "state": "idle"},
    {"id": 16, "user": "RDSH01\\carol"},
)


@pytest.mark.parametrize(
    ("options", "selected"),
    [
        # One value.
        ({"sessions": ["12"]}, [12]),
        ({"sessions": ["012"]}, [12]),
        ({"sessions": ["TERM04"]}, [12]),
        ({"sessions": ["term04"]}, [12]),
        ({"sessions": ["TERM0"]}, []),
        ({"sessions": ["99"]}, []),
        ({"sessions": ["rdp-tcp#12"]}, [2]),
        ({"users": ["alice"]}, [12, 14]),
        ({"users": ["ALICE"]}, [12, 14]),
        ({"users": ["contoso\\Alice"]}, [12]),
        ({"users": ["FABRIKAM\\*"]}, [14]),
        ({"users": ["*\\alice"]}, [12, 14]),
        ({"users": ["F*M\\al?ce"]}, [14]),
        ({"users": [".\\carol"]}, [16]),
        ({"users": [".\\*"]}, [16]),
        ({"users": [".\\alice"]}, []),
        ({"users": ["nobody"]}, []),
        # Several widen.
        ({"sessions": ["12", "13"]}, [12, 13]),
        ({"sessions": ["12", "rdp-tcp#0"]}, [12, 15]),
        ({"sessions": ["TERM04", "12"]}, [12]),
        ({"users": ["bob", ".\\carol"]}, [13, 16]),
        ({"states": ["disconnected", "idle"]}, [13, 14, 15]),
        # Several options narrow.
        ({"sessions": ["12", "13"], "users": ["alice"]}, [12]),
        ({"users": ["alice"], "states": ["disconnected"]}, [14]),
        ({"sessions": ["12"], "states": ["disconnected"]}, []),
        ({"sessions": ["12", "14"], "users": ["alice"], "states": ["active"]}, [12]),
        # Exclusions have the last word.
        ({"users": ["alice"], "exclude_users": ["FABRIKAM\\alice"]}, [12]),
        ({"users": ["alice"], "exclude_users": ["*"]}, []),
        ({"users": ["alice"], "exclude_sessions": ["12"]}, [14]),
        ({"users": ["alice"], "exclude_sessions": ["term04"]}, [14]),
        ({"all": True, "exclude_sessions": ["ALICE"]}, [1, 13, 15, 16]),  # meant for exclude_users
        ({"sessions": ["12"], "exclude_users": ["ALICE"]}, []),
        ({"all": True, "exclude_users": ["al*", ".\\*"], "exclude_sessions": ["console"]}, [13]),
        # States, patterns and all mean sessions of a user: no services, listener or logon screen.
        ({"all": True}, [1, 12, 13, 14, 15, 16]),
        ({"users": ["??*"]}, [1, 12, 13, 14, 15, 16]),
        ({"users": ["*\\??*"]}, [1, 12, 13, 14, 15, 16]),
        ({"states": ["disconnected"]}, [13, 14]),
        ({"states": ["active"]}, [1, 12, 16]),
        ({"states": ["connected"]}, []),
    ],
    ids=str,
)
async def test_selects(windows: Windows, options: dict[str, Any], selected: list[int]) -> None:
    report = await windows.run(session_host(*FARM), check_mode=True, **options)
    assert sorted(results(report)) == selected


async def test_tells_which_values_fitted(windows: Windows) -> None:
    report = await windows.run(
        session_host(*FARM),
        check_mode=True,
        sessions=["12", "99", "TERM04", "13"],
        users=["nobody", "alice"],
        exclude_users=["bob"],
    )
    assert record(report, 12)["matched_by"] == ["session_ids:0", "session_names:0", "users:1"]
    # 13 was excluded, but it is there: who named it shall not read "not found".
    selecting = {"session_ids:0", "session_ids:2", "session_names:0", "users:1"}
    assert set(server_report(report)["found"]) == selecting | {"exclude_users:0"}


FITTING = [
    *("?*?", "*??*", "anna.k", "*anna.k*", "a*k", "a*n*k", "?nna?k", "a?*k", "*.?", "*na.*", "a*na.k", "??????"),
    *("*??????*", "ANNA.K", "A*.k"),
]
OTHERS = [
    *("?", "anna", "nna.k", "anna.kk", "anna.k?", "a*x*k", "a*n*n*n*k", "?????", "*???????*", "k*a"),
    # Only * and ? are wildcards: a regular expression is a name like any other.
    *("a.*k", "an(na).k", "anna.k$", "%", "a.n.k"),
]


async def test_wildcards(windows: Windows) -> None:
    patterns = FITTING + OTHERS
    report = await windows.run(session_host({"id": 12, "user": "anna.k"}), check_mode=True, users=patterns)
    fitted = {patterns[int(match.removeprefix("users:"))] for match in server_report(report)["found"]}
    assert fitted == set(FITTING)


async def test_a_pattern_full_of_stars_takes_no_time(windows: Windows) -> None:
    session = {"id": 12, "user": "a" * 104}
    report = await windows.run(session_host(session), check_mode=True, users=["a*" * 50 + "b"])
    assert results(report) == {}
