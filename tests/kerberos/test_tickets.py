# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tickets that end, clocks that disagree, and tickets that are large."""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from .conftest import LOGOFF, Domain, Join
from .realms import Realm
from .seen import SEEN

#: MIT's KDC knows hosts by HTTP alone.
HTTP: dict[str, Any] = {"ansible_psrp_negotiate_service": "HTTP"}
MANUAL: dict[str, Any] = {**HTTP, "ansible_winrm_kinit_mode": "manual", "ansible_password": None}
#: How long the tickets of these tests are good for: less than the grace period, more than the first launch takes.
LIFETIME = "20s"
MANUAL_FLAGS = ("-e", json.dumps(MANUAL))
GRACE = {"users": "alice", "grace": "26s", "reminders": ["3s"], "message": "Bye"}

pytestmark = pytest.mark.parametrize("connection", ["winrm", "psrp"])


def ten_minutes_ahead(farm: Domain) -> None:
    """Let the clock of Ansible's machine be wrong; that of the KDC and of the hosts is right."""
    (library,) = Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")
    farm.extra = {"LD_PRELOAD": str(library), "FAKETIME": "+10m"}


def test_a_ticket_that_ends_in_a_grace_period(mit: Realm, join: Join, connection: str) -> None:
    farm = join(mit)
    mit.kinit("ansible", "-l", LIFETIME)
    run = farm.playbook([{LOGOFF: GRACE}], "-l", "RDSH01", *MANUAL_FLAGS, "-e", f"ansible_connection={connection}")
    result = run.only()
    assert result.outcomes() == {12: "failed"}
    assert "alice had been warned of a logoff at" in result["msg"]
    assert "nobody was logged off" in result["msg"]
    assert SEEN["ticket expired"][connection] in result["msg"]
    # The line that is shown while the grace period passes says why, too.
    lines = [line for line in run.output.splitlines() if "the host was not reached" in line]
    # The other words, on a slow machine: it ended while the host worked.
    words = SEEN["ticket expired"][connection], "The referenced context has expired"
    assert lines and all(any(one in line for one in words) for line in lines), run.output
    assert farm.users() == {12: "alice", 14: "bob"}


def test_a_managed_ticket_is_got_anew_in_a_grace_period(mit: Realm, join: Join, connection: str) -> None:
    farm = join(mit)
    result = farm.log_off_alice(connection, "grace=26s message=Bye", **HTTP, ansible_winrm_kinit_args=f"-l {LIFETIME}")
    assert result.outcomes() == {12: "logged_off"}


def test_a_ticket_that_has_ended(mit: Realm, join: Join, connection: str) -> None:
    farm = join(mit)
    began = time.monotonic()
    mit.kinit("ansible", "-l", "1s")
    # On a busy machine the KDC's time is old when it comes, and kinit keeps to it: kdc_timesync in krb5.conf(5). Both
    # count whole seconds: one may just have begun, and a ticket is good until its last one is over.
    time.sleep(3 + time.monotonic() - began)
    result = farm.log_off_alice(connection, **MANUAL)
    assert SEEN["ticket expired"][connection] in result["msg"]
    assert farm.simulation.calls("RDSH01") == []


def test_a_clock_that_is_wrong(mit: Realm, join: Join, connection: str) -> None:
    farm = join(mit)
    mit.kinit("ansible")
    ten_minutes_ahead(farm)
    assert SEEN["clock skew"][connection] in farm.log_off_alice(connection, **MANUAL)["msg"]
    assert farm.simulation.calls("RDSH01") == []


def test_with_a_password_a_clock_may_be_wrong(mit: Realm, join: Join, connection: str) -> None:
    """kinit then learns the KDC's time, and keeps to it: kdc_timesync in krb5.conf(5)."""
    farm = join(mit)
    ten_minutes_ahead(farm)
    assert farm.log_off_alice(connection, **HTTP).outcomes() == {12: "logged_off"}


def test_a_host_refuses_a_ticket_by_a_clock_that_is_wrong(mit: Realm, join: Join, connection: str) -> None:
    """The ticket for the host had been got before, so that no KDC says what is wrong."""
    farm = join(mit)
    mit.kinit("ansible")
    subprocess.run(["kvno", "HTTP/rdsh01.contoso.com"], env={**os.environ, **mit.environment}, check=True)
    ten_minutes_ahead(farm)
    assert SEEN["rejected"][connection] in farm.log_off_alice(connection, **MANUAL)["msg"]
    assert farm.simulation.calls("RDSH01") == []


def test_somebody_in_a_thousand_groups(directory: Realm, join: Join, connection: str) -> None:
    farm = join(directory, user="paula")
    assert farm.log_off_alice(connection).outcomes() == {12: "logged_off"}


def test_a_ticket_that_is_too_large(directory: Realm, join: Join, connection: str) -> None:
    """Windows takes no more than 1,015 groups; there, those of other domains make tickets as large as this."""
    farm = join(directory, user="olga")
    result = farm.log_off_alice(connection)
    assert SEEN["ticket too large"][connection] in result["msg"]
    assert {exchange.status for exchange in farm.simulation.traffic("RDSH01")} <= {400, 401}
    assert farm.simulation.calls("RDSH01") == []
