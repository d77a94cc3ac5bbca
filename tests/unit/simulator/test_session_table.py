# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The truth of one host, in time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from simulator.message_box import Message
from simulator.session_table import FIRST_LISTENER_ID, SERVICES_ID, Process, Protocol, Session, SessionTable, State
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
    assert ids(table) == [SERVICES_ID, 3, 12, FIRST_LISTENER_ID, 70000]


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


def connected(session_id: int = 12, **fields: Any) -> Session:
    """A session that somebody uses."""
    return Session(session_id, "rdp-tcp#34", user="alice", client_name="PC7", client_address="10.1.2.3", **fields)


def test_a_session_is_connected_until_it_is_disconnected(table: SessionTable, clock: Clock) -> None:
    table.add(connected(disconnect_seconds=2, logon_time=table.now()))
    assert table.disconnect(12) == 2
    clock.seconds += 1.9
    session = table.get(12)
    assert (session.state, session.name, session.disconnect_time) == (State.ACTIVE, "rdp-tcp#34", None)
    clock.seconds += 3600
    session = table.get(12)
    assert (session.state, session.name, session.protocol) == (State.DISCONNECTED, "", Protocol.CONSOLE)
    assert (session.client_name, session.client_address) == ("", "")
    assert (session.user, session.gone_at) == ("alice", None)
    # It was disconnected then, not when somebody looked.
    assert session.disconnect_time is not None
    assert abs(table.now() - session.disconnect_time - timedelta(hours=1)) < timedelta(minutes=1)


def test_the_list_of_sessions_shows_who_is_disconnected(table: SessionTable) -> None:
    table.add(connected())
    assert table.disconnect(12) == 0
    assert {session.id: session.state for session in table.sessions()}[12] is State.DISCONNECTED


def test_to_disconnect_a_disconnected_session_changes_nothing(table: SessionTable, clock: Clock) -> None:
    since = datetime(2026, 1, 1, tzinfo=UTC)
    table.add(Session(12, user="alice", state=State.DISCONNECTED, disconnect_time=since, disconnect_seconds=5))
    assert table.disconnect(12) == 0
    clock.seconds += 10
    assert table.get(12).disconnect_time == since


def test_a_second_request_to_disconnect_puts_nothing_off(table: SessionTable, clock: Clock) -> None:
    table.add(connected(disconnect_seconds=2))
    table.disconnect(12)
    clock.seconds += 1.5
    assert table.disconnect(12) == 0.5
    clock.seconds += 0.5
    assert table.get(12).state is State.DISCONNECTED


def test_a_session_that_never_disconnects(table: SessionTable, clock: Clock) -> None:
    table.add(connected(disconnect_seconds=float("inf")))
    assert table.disconnect(12) == float("inf")
    clock.seconds += 1e9
    assert table.get(12).state is State.ACTIVE


@pytest.mark.parametrize(
    ("logoff_seconds", "code"), [(5, ERROR_CTX_CLOSE_PENDING), (0, ERROR_CTX_WINSTATION_NOT_FOUND)]
)
def test_a_session_that_goes_is_not_disconnected(table: SessionTable, logoff_seconds: float, code: int) -> None:
    table.add(connected(logoff_seconds=logoff_seconds))
    table.log_off(12)
    with pytest.raises(Win32Error) as error:
        table.disconnect(12)
    assert error.value.code == code


def test_a_user_closes_the_client(table: SessionTable, clock: Clock) -> None:
    """That takes no time, however long it takes when an administrator asks for it."""
    table.add(connected(disconnect_seconds=float("inf")))
    table.drop(12)
    since = table.get(12).disconnect_time
    assert table.get(12).state is State.DISCONNECTED
    assert since is not None
    clock.seconds += 10
    table.drop(12)
    assert table.get(12).disconnect_time == since


def test_a_user_comes_back(table: SessionTable, clock: Clock) -> None:
    long_ago = datetime(2026, 1, 1, tzinfo=UTC)
    table.add(connected(logon_time=long_ago, connect_time=long_ago, last_input_time=long_ago, disconnect_seconds=5))
    table.drop(12)
    table.reconnect(12, "PC8", "10.1.2.4")
    session = table.get(12)
    assert (session.state, session.name, session.protocol) == (State.ACTIVE, "rdp-tcp#0", Protocol.RDP)
    assert (session.client_name, session.client_address) == ("PC8", "10.1.2.4")
    assert (session.logon_time, session.last_input_time, session.disconnect_time) == (long_ago, long_ago, None)
    assert session.connect_time is not None
    assert table.now() - session.connect_time < timedelta(minutes=1)
    # Who comes back stays, also where the session was being disconnected.
    table.disconnect(12)
    table.reconnect(12)
    clock.seconds += 10
    assert table.get(12).state is State.ACTIVE


def test_a_name_that_outlasts_a_reconnection(clock: Clock) -> None:
    table = SessionTable(clock=clock, keeps_names=True)
    table.add(connected())
    name = table.get(12).name
    table.drop(12)
    assert table.get(12).name == ""
    table.reconnect(12)
    assert table.get(12).name == name
    table.add(Session(13, state=State.DISCONNECTED))  # which has had none yet
    table.reconnect(13)
    assert table.get(13).name == "rdp-tcp#0"


def test_messages_stay_with_the_session(table: SessionTable, clock: Clock) -> None:
    table.add(connected(state=State.DISCONNECTED))
    table.show(12, "Maintenance", "Please log off", 0x30)
    clock.seconds += 60
    table.reconnect(12)
    table.show(12, "Maintenance", "Now", 0)
    assert table.get(12).messages == [
        Message("Maintenance", "Please log off", 0x30, 100),
        Message("Maintenance", "Now", 0, 160),
    ]
    table.remove(12)
    with pytest.raises(Win32Error) as error:
        table.show(12, "Maintenance", "Too late", 0)
    assert error.value.code == ERROR_CTX_WINSTATION_NOT_FOUND
    table.add(connected())
    assert table.get(12).messages == []  # another session with that ID


def test_console_id(table: SessionTable) -> None:
    assert table.console_id() == 0xFFFFFFFF
    table.add(Session(1, name="Console"))
    assert table.console_id() == 1
    table.disconnect(1)
    assert table.console_id() == 0xFFFFFFFF
    table.add(Session(1, name="Console"))
    table.log_off(1)
    assert table.console_id() == 0xFFFFFFFF


def test_the_clock_of_the_host_may_be_another() -> None:
    table = SessionTable(clock_offset=timedelta(days=-1))
    assert abs(table.now() - (datetime.now(UTC) - timedelta(days=1))) < timedelta(seconds=10)
