# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is known of a session's client: addresses in either layout, names that are none, protocols, the lock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .conftest import Farm

Serve = Callable[..., Farm]

ADDRESSES = ["10.1.2.3", "2001:db8::15", "fe80::1", "fd00:1:2:3:4:5:6:7", "::ffff:192.0.2.7", "64:ff9b::1"]


@pytest.mark.parametrize("start", [0, 2])
def test_addresses_from_either_byte(serve: Serve, start: int) -> None:
    people = [{"id": 10 + i, "user": f"user{i}", "client_address": text} for i, text in enumerate(ADDRESSES)]
    farm = serve(hosts=[{"name": "RDSH01", "sessions": people, "ipv6_from_byte": start}])
    result = farm.adhoc("winops.rds.win_rds_session_info").only()
    assert [record["client_address"] for record in result["sessions"]] == ADDRESSES
    result = farm.adhoc("winops.rds.win_rds_session_info", "clients=2001:db8::/32").only()
    assert result.outcomes() == {11: "listed"}
    assert farm.adhoc("winops.rds.win_rds_session_info", "clients=::/16").only().outcomes() == {14: "listed"}


@pytest.mark.parametrize(("start", "address"), [(0, "::1"), (2, "::1:0")])
def test_an_address_that_the_bytes_do_not_tell_is_none(serve: Serve, start: int, address: str) -> None:
    """The bytes are the same for both of these."""
    people = [{"id": 10, "user": "alice", "client_address": address}]
    farm = serve(hosts=[{"name": "RDSH01", "sessions": people, "ipv6_from_byte": start}])
    (record,) = farm.adhoc("winops.rds.win_rds_session_info").only()["sessions"]
    assert record["client_address"] is None


def test_an_address_that_ends_where_only_one_from_the_third_byte_can(serve: Serve) -> None:
    farm = serve([{"id": 10, "user": "alice", "client_address": "::1"}])
    (record,) = farm.adhoc("winops.rds.win_rds_session_info").only()["sessions"]
    assert record["client_address"] == "::1"


def test_null_buffers_mean_that_there_is_no_client(serve: Serve) -> None:
    nobody: dict[str, Any] = {"client_name": None, "client_address": None}
    farm = serve([{"id": 10, "user": "alice", **nobody}, {"id": 11, "user": "bob", "client_name": "PC7"}])
    result = farm.logoff("clients=PC*,10.0.0.0/8", "--check")
    assert (result.status, result.outcomes()) == ("ok", {11: "would_log_off"})


PEOPLE = [
    {"id": 10, "user": "alice", "protocol": "rdp", "locked": True},
    {"id": 11, "user": "bob", "protocol": "ica", "locked": False},
    {"id": 12, "user": "carol", "state": "disconnected", "locked": True},
    {"id": 13, "user": "dave", "locked": None},
    {"id": 1, "user": "operator", "name": "console", "locked": False},
]


@pytest.mark.parametrize(
    ("options", "ids"),
    [
        ("protocols=rdp", {10, 13}),
        ("protocols=ICA,console", {11, 1}),
        ("locked=true", {10, 12}),
        ("locked=false", {11, 1}),
        ("locked=true protocols=rdp", {10}),
        ("protocol=rdp users=bob", set()),
    ],
)
def test_protocols_and_the_lock_select(serve: Serve, options: str, ids: set[int]) -> None:
    farm = serve(PEOPLE)
    result = farm.adhoc("winops.rds.win_rds_session_info", options).only()
    assert set(result.outcomes()) == ids


def test_protocols_that_are_none_are_refused(serve: Serve) -> None:
    serve(PEOPLE).refuses(
        "winops.rds.win_rds_logoff",
        {"vnc": ({"protocols": "vnc"}, "protocols: 'vnc' is not a protocol; accepted are console, ica, rdp")},
    )


def test_who_locks_meanwhile_is_read_again(serve: Serve) -> None:
    locks = {"put": {"id": 11, "user": "bob", "locked": True, "logged_on": "1h"}}
    farm = serve([PEOPLE[1]], faults=[{"call": "WTSQuerySessionInformation", "times": 1, "then": [locks]}])
    result = farm.logoff("locked=false")
    assert set(result.outcomes().values()) <= {"spared", "already_gone"}
    assert farm.users() == {11: "bob"}


def test_the_idle_time_of_a_console_ends_nobodys_work(serve: Serve) -> None:
    farm = serve(
        [{"id": 1, "user": "operator", "name": "console", "idle": "9h"}, {"id": 2, "user": "alice", "idle": "9h"}]
    )
    result = farm.logoff("idle_for=1h protect_console=false")
    assert result.outcomes() == {2: "logged_off"}
    assert farm.users() == {1: "operator"}
    assert farm.logoff("all=true protect_console=false").outcomes() == {1: "logged_off"}
