# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Session 0, the listeners and the console are left alone."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.calls import LOGOFF, QUERY
from tests.unit.engine.session_host import ALICE, Windows, results, session_host

CONSOLE = {"id": 1, "name": "Console", "user": "admin"}


@pytest.mark.parametrize(
    "options",
    [
        {"sessions": ["0"]},
        {"sessions": ["services"]},
        {"sessions": ["65536"]},
        {"sessions": ["RDP-Tcp"]},
        {"sessions": ["0", "65536", "services", "rdp-tcp"], "protect_console": False},
    ],
    ids=str,
)
async def test_session_0_and_listeners_even_when_named(windows: Windows, options: dict[str, Any]) -> None:
    host = session_host(ALICE)
    report = await windows.run(host, **options)
    assert set(results(report).values()) == {"protected"}
    assert windows.logoffs(host) == []


@pytest.mark.parametrize("error", [5, 7022, 2, 1722])
async def test_session_0_is_protected_also_where_windows_tells_nothing_of_it(windows: Windows, error: int) -> None:
    host = session_host(faults=[{"call": QUERY, "error": error}])
    report = await windows.run(host, sessions=["0", "65536"])
    assert results(report) == {0: "protected", 65536: "protected"}
    assert windows.logoffs(host) == []


@pytest.mark.parametrize("options", [{"all": True}, {"states": ["disconnected"]}, {"users": ["??*"]}], ids=str)
async def test_nothing_but_sessions_of_users_is_even_looked_at(windows: Windows, options: dict[str, Any]) -> None:
    host = session_host({"id": 2, "name": "rdp-tcp#2"}, {"id": 3, "state": "disconnected"})
    assert results(await windows.run(host, protect_console=False, **options)) == {}
    assert {call.session for call in windows.calls_on(host)} == {None}


async def test_a_services_session_with_a_user_is_one_all_the_same(windows: Windows) -> None:
    host = session_host()
    host.table.change(0, user="SYSTEM", domain="NT AUTHORITY")
    host.table.change(65536, user="SYSTEM", domain="NT AUTHORITY")
    assert results(await windows.run(host, all=True)) == {}
    assert results(await windows.run(host, users=["SYSTEM"], protect_console=False)) == {}
    assert results(await windows.run(host, sessions=["0", "65536"])) == {0: "protected", 65536: "protected"}
    assert windows.logoffs(host) == []


async def test_listeners_have_the_ids_from_65536(windows: Windows) -> None:
    host = session_host({"id": 65535, "user": "alice"}, {"id": 70000, "user": "alice"})
    assert results(await windows.run(host, users=["alice"])) == {65535: "logged_off"}
    assert results(await windows.run(host, sessions=["70000"])) == {70000: "protected"}
    assert windows.logoffs(host) == [65535]


@pytest.mark.parametrize("options", [{"sessions": ["1"]}, {"sessions": ["console"]}, {"all": True}], ids=str)
async def test_the_console(windows: Windows, options: dict[str, Any]) -> None:
    host = session_host(CONSOLE, ALICE)
    assert results(await windows.run(host, **options))[1] == "protected"
    assert 1 not in windows.logoffs(host)
    assert results(await windows.run(host, protect_console=False, **options))[1] == "logged_off"
    assert 1 in windows.logoffs(host)


@pytest.mark.parametrize("check_mode", [False, True])
async def test_the_console_by_its_id_alone(windows: Windows, check_mode: bool) -> None:
    """A console session has another name where a remote control product is the console's protocol."""
    host = session_host(CONSOLE)
    host.table.console_id = lambda: 1  # type: ignore[method-assign]
    host.table.change(1, name="HDX#1")
    assert results(await windows.run(host, sessions=["1"], check_mode=check_mode)) == {1: "protected"}


async def test_the_console_by_its_name_alone(windows: Windows) -> None:
    host = session_host(CONSOLE)
    host.table.console_id = lambda: 0xFFFFFFFF  # type: ignore[method-assign]  # as while it is being attached
    assert results(await windows.run(host, sessions=["1"])) == {1: "protected"}


async def test_a_session_that_becomes_the_console_just_before_the_act(windows: Windows) -> None:
    host = session_host(ALICE | {"state": "disconnected"})

    def reconnect(_: object, function: str, arguments: tuple[str, ...]) -> None:
        if function == QUERY and len(windows.identifications(host, 12)) == 1:
            host.table.change(12, name="Console")

    windows.on_call = reconnect
    assert results(await windows.run(host, sessions=["12"])) == {12: "protected"}
    assert windows.logoffs(host) == []


async def test_a_session_that_becomes_the_console_while_it_is_busy(windows: Windows) -> None:
    host = session_host(ALICE | {"state": "disconnected"}, faults=[{"call": LOGOFF, "error": 7024, "times": 1}])

    def reconnect(_: object, function: str, arguments: tuple[str, ...]) -> None:
        if function == QUERY and windows.logoffs(host):
            host.table.change(12, name="Console")

    windows.on_call = reconnect
    assert results(await windows.run(host, sessions=["12"])) == {12: "protected"}
    assert windows.logoffs(host) == [12]
