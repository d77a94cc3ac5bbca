# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The truth of one host, in time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from simulator.session_table import LISTENER_ID, SERVICES_ID, Process, Session, SessionTable, State
from simulator.win32 import (
    ERROR_CTX_CLOSE_PENDING,
    ERROR_CTX_WINSTATION_NOT_FOUND,
    ERROR_INVALID_PARAMETER,
    Win32Error,
)


class Clock:
    seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def table(clock: Clock) -> SessionTable:
    return SessionTable(clock=clock)


def ids(table: SessionTable) -> list[int]:
    return [session.id for session in table.sessions()]


def error_of(table: SessionTable, session_id: int) -> int:
    with pytest.raises(Win32Error) as error:
        table.get(session_id)
    return error.value.code


def test_sessions_are_listed_by_id(table: SessionTable) -> None:
    for session_id in 12, 3, 70000:
        table.add(Session(session_id))
    assert ids(table) == [SERVICES_ID, 3, 12, LISTENER_ID, 70000]


def test_a_session_is_there_until_its_logoff_is_over(table: SessionTable, clock: Clock) -> None:
    table.add(Session(12, user="alice", logoff_seconds=2))
    assert table.log_off(12) == 2
    clock.seconds += 1.9
    assert table.get(12).user == "alice"
    assert 12 in ids(table)
    clock.seconds += 0.1
    assert error_of(table, 12) == ERROR_CTX_WINSTATION_NOT_FOUND
    assert 12 not in ids(table)
    with pytest.raises(Win32Error) as error:
        table.log_off(12)
    assert error.value.code == ERROR_CTX_WINSTATION_NOT_FOUND


def test_a_logoff_is_asked_for_once(table: SessionTable, clock: Clock) -> None:
    table.add(Session(12, logoff_seconds=2))
    table.log_off(12)
    clock.seconds += 1
    with pytest.raises(Win32Error) as error:
        table.log_off(12)
    assert error.value.code == ERROR_CTX_CLOSE_PENDING
    clock.seconds += 1  # the second request has put nothing off
    assert 12 not in ids(table)


def test_a_session_that_hangs_stays(table: SessionTable, clock: Clock) -> None:
    table.add(Session(12, logoff_seconds=float("inf")))
    table.log_off(12)
    clock.seconds += 1e9
    assert 12 in ids(table)


def test_a_session_that_needs_no_time_is_gone_at_once(table: SessionTable) -> None:
    table.add(Session(12))
    assert table.log_off(12) == 0
    assert error_of(table, 12) == ERROR_CTX_WINSTATION_NOT_FOUND


def test_an_id_is_given_out_again(table: SessionTable, clock: Clock) -> None:
    table.add(Session(12, user="alice", logoff_seconds=1))
    table.log_off(12)
    table.add(Session(12, user="bob"))
    clock.seconds += 10
    assert table.get(12).user == "bob"


def test_change(table: SessionTable, clock: Clock) -> None:
    table.add(Session(12, user="alice", logoff_seconds=5))
    table.log_off(12)
    assert table.change(12, state=State.DISCONNECTED).user == "alice"
    assert table.get(12).state is State.DISCONNECTED
    clock.seconds += 5  # a change does not call a logoff off
    assert 12 not in ids(table)
    with pytest.raises(Win32Error):
        table.change(12, state=State.ACTIVE)


def test_remove(table: SessionTable) -> None:
    table.add(Session(12))
    table.remove(12)
    table.remove(12)
    assert error_of(table, 12) == ERROR_CTX_WINSTATION_NOT_FOUND


def test_a_hanging_session_goes_with_the_last_process_of_its_user(table: SessionTable) -> None:
    processes = [Process(1, "csrss.exe", of_user=False), Process(2, "winword.exe"), Process(3, "excel.exe")]
    table.add(Session(12, logoff_seconds=float("inf"), processes=processes))
    table.log_off(12)
    table.end_process(2)
    assert [process.id for process in table.get(12).processes] == [1, 3]
    table.end_process(3)
    assert 12 not in ids(table)
    assert table.crashed is False


def test_a_session_that_nobody_logs_off_stays_without_processes(table: SessionTable) -> None:
    table.add(Session(12, processes=[Process(2, "winword.exe")]))
    table.end_process(2)
    assert 12 in ids(table)


def test_a_process_of_the_system_is_better_not_ended(table: SessionTable) -> None:
    table.add(Session(12, processes=[Process(1, "csrss.exe", of_user=False), Process(2, "winword.exe")]))
    table.end_process(1)
    assert table.crashed is True


@pytest.mark.parametrize("process_id", [0, 3])
def test_a_process_that_is_not_there(table: SessionTable, process_id: int) -> None:
    table.add(Session(12, processes=[Process(2, "winword.exe")]))
    with pytest.raises(Win32Error) as error:
        table.end_process(process_id)
    assert error.value.code == ERROR_INVALID_PARAMETER


def test_console_id(table: SessionTable) -> None:
    assert table.console_id() == 0xFFFFFFFF
    table.add(Session(1, name="Console"))
    assert table.console_id() == 1
    table.log_off(1)
    assert table.console_id() == 0xFFFFFFFF


def test_the_clock_of_the_host_may_be_another() -> None:
    table = SessionTable(clock_offset=timedelta(days=-1))
    assert abs(table.now() - (datetime.now(UTC) - timedelta(days=1))) < timedelta(seconds=10)
