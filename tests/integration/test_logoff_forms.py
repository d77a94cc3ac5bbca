# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Each form of the command ``logoff``, and each action of MultiPoint Manager: a test for each row of the tables in
the guide "coming from other commands". Its docstring is the row's left side, what people do today."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.guides import guide

Serve = Callable[..., Any]

LOGOFF, DISCONNECT = "winops.rds.win_rds_logoff", "winops.rds.win_rds_disconnect"
#: Rows of the tables that say that there is nothing to run.
NOTHING_TO_RUN = {"logoff 12 /vm", "logoff /?"}

CONSOLE = {"id": 1, "name": "console", "user": "operator"}
TERM04 = {"id": 7, "name": "TERM04", "user": "carol"}
ALICE = {"id": 12, "user": "alice"}
BOB = {"id": 14, "user": "bob", "state": "disconnected"}
OWN = {"id": 15, "user": "ansible", "state": "disconnected"}
EVERYBODY = [CONSOLE, TERM04, ALICE, BOB, OWN]

adhoc_and_playbook = pytest.mark.parametrize("how", ["ad hoc", "playbook"])


def acts(farm: Any, host: str = "RDSH01") -> list[tuple[str, int]]:
    """What was asked of a host's sessions."""
    return [(call.function, call.session) for call in farm.simulation.mutating_calls(host)]


@adhoc_and_playbook
def test_logoff_12(serve: Serve, how: str) -> None:
    """logoff 12"""
    farm = serve(EVERYBODY)
    run = farm.adhoc(LOGOFF, "sessions=12") if how == "ad hoc" else farm.playbook([{LOGOFF: {"sessions": [12]}}])
    assert run.only().outcomes() == {12: "logged_off"}
    assert acts(farm) == [("WTSLogoffSession", 12)]
    assert farm.users() == {1: "operator", 7: "carol", 14: "bob", 15: "ansible"}


@adhoc_and_playbook
def test_logoff_term04(serve: Serve, how: str) -> None:
    """logoff TERM04"""
    farm = serve(EVERYBODY)
    run = (
        farm.adhoc(LOGOFF, "sessions=TERM04") if how == "ad hoc" else farm.playbook([{LOGOFF: {"sessions": "TERM04"}}])
    )
    assert run.only().outcomes() == {7: "logged_off"}
    assert acts(farm) == [("WTSLogoffSession", 7)]


def test_logoff_12_server_rdsh02(serve: Serve) -> None:
    """logoff 12 /server:RDSH02"""
    there = [{"id": 12, "user": "bob"}, {"id": 13, "user": "carol"}]
    farm = serve(hosts=[{"name": "RDSH01", "sessions": [ALICE]}, {"name": "RDSH02", "sessions": there}])
    result = farm.adhoc(LOGOFF, "sessions=12 server=RDSH02", "-l", "RDSH01").only()
    records = [(record["server"], record["account"], record["result"]) for record in result["sessions"]]
    assert records == [("RDSH02", "CONTOSO\\bob", "logged_off")]
    assert acts(farm) == []
    assert acts(farm, "RDSH02") == [("WTSLogoffSession", 12)]
    assert farm.users("RDSH02") == {13: "carol"}


def test_logoff_12_v(serve: Serve) -> None:
    """logoff 12 /v"""
    farm = serve(EVERYBODY)
    assert "RDSH01: session 12 (CONTOSO\\alice): logged off after" in farm.adhoc(LOGOFF, "sessions=12", "-v").output
    assert acts(farm) == [("WTSLogoffSession", 12)]


def test_logoff(serve: Serve) -> None:
    """logoff"""
    farm = serve(EVERYBODY)
    assert farm.logoff("sessions=current").outcomes() == {15: "logged_off"}
    assert acts(farm) == [("WTSLogoffSession", 15)]


def test_reset_session(serve: Serve) -> None:
    """reset session 12"""
    farm = serve([ALICE | {"logoff": "never"}, BOB])
    result = farm.logoff("sessions=12 on_timeout=terminate timeout=1s")
    assert (result.outcomes(), farm.users()) == ({12: "logged_off"}, {14: "bob"})


def test_suspend(serve: Serve) -> None:
    """Suspend of one"""
    farm = serve(EVERYBODY)
    assert farm.adhoc(DISCONNECT, "users=alice").only().outcomes() == {12: "disconnected"}
    assert acts(farm) == [("WTSDisconnectSession", 12)]
    assert farm.simulation.hosts["RDSH01"].table.get(12).state.name == "DISCONNECTED"


def test_end(serve: Serve) -> None:
    """Log off of one (End)"""
    farm = serve(EVERYBODY)
    assert farm.logoff("users=alice").outcomes() == {12: "logged_off"}
    assert acts(farm) == [("WTSLogoffSession", 12)]


def test_log_off_all_stations(serve: Serve) -> None:
    """Log off all stations, Log Off All Users of the Dashboard"""
    farm = serve(EVERYBODY)
    farm.logoff("all=true")
    assert sorted(acts(farm)) == [("WTSLogoffSession", session["id"]) for session in (TERM04, ALICE, BOB, OWN)]
    assert farm.users() == {1: "operator"}


def test_each_row_has_a_test() -> None:
    page = guide("guide_coming_from")
    forms = {row["theirs"] for row in page.section("logoff").rows() if row["theirs"].startswith("logoff")}
    others = {
        row["theirs"]
        for title in ("reset session, rwinsta", "MultiPoint Manager")
        for row in page.section(title).rows()
    }
    described = {test.__doc__ for name, test in globals().items() if name.startswith("test_") and test.__doc__}
    assert forms - NOTHING_TO_RUN <= described <= forms | others
