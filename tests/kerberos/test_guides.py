# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The guides: the way by Kerberos is gone as it is printed, and the errors are those that are seen."""

from __future__ import annotations

from tests.integration.test_first_host import ALICE, CONSOLE, FILES, GUIDE, TESTUSER, assert_prints, follow
from tests.support.guides import guide

from .conftest import Join
from .realms import Realm
from .seen import SEEN


def test_from_the_files_to_the_test_user(directory: Realm, join: Join) -> None:
    host = {"name": "RDSH01", "sessions": [CONSOLE, ALICE, TESTUSER], "keytab": directory.keytab("RDSH01")}
    farm = join(directory, hosts=[host], http_port=None, https_port=0)
    variables = follow(farm, "Kerberos") / "group_vars" / "rdsh"
    (variables / "kinit.yml").write_text(FILES["group_vars/rdsh/kinit.yml"])
    commands = [block for block in GUIDE.captioned("console").values() if block.startswith("$ ansible")]
    assert len(commands) == 4
    for block in commands:
        assert_prints(farm, block)
    assert {logon.mechanism for logon in farm.simulation.services["RDSH01"].logons} == {"kerberos"}


def test_the_errors_are_those_that_are_seen() -> None:
    told = [(row["by winrm"], row["by psrp"]) for row in guide("errors").section("Kerberos and CredSSP").rows()]
    assert told == [(by["winrm"], by["psrp"]) for by in SEEN.values()]
