# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is said where Kerberos or CredSSP do not work. Nothing is launched then."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from .conftest import SESSIONS, Join
from .realms import DNS_DOMAIN, REALM, Realm, mit_kdc
from .seen import SEEN

pytestmark = pytest.mark.parametrize("connection", ["winrm", "psrp"])


class Case(NamedTuple):
    """What is wrong, by variables of the inventory, and what is said by each connection plugin."""

    variables: Mapping[str, Any]
    words: Mapping[str, str]


def called(name: str) -> dict[str, str]:
    """The variables by which a KDC is asked for a host of that name."""
    return {"ansible_winrm_kerberos_hostname_override": name, "ansible_psrp_negotiate_hostname_override": name}


CASES = {
    "realm in small letters": Case({"ansible_user": "ansible@contoso.com"}, SEEN["no KDC for the realm"]),
    "alias": Case(called("alias.contoso.com"), SEEN["unknown host"]),
    "address": Case(called("127.0.1.1"), SEEN["unknown host"]),
    "wrong password": Case({"ansible_password": "wrong"}, SEEN["wrong password"]),
    "unknown user": Case({"ansible_user": "nobody@CONTOSO.COM"}, SEEN["unknown user"]),
    "name with a backslash": Case({"ansible_user": "CONTOSO\\ansible"}, SEEN["backslash"]),
    "account disabled": Case({"ansible_user": "dora@CONTOSO.COM"}, SEEN["account disabled"]),
    "password expired": Case({"ansible_user": "erik@CONTOSO.COM"}, SEEN["password expired"]),
    "no ticket": Case({"ansible_winrm_kinit_mode": "manual", "ansible_password": None}, SEEN["no ticket"]),
}
CASES_OF_MIT = {
    # From ansible-core 2.21 on, psrp asks for `host` unless it is told.
    "alias": Case(
        called("alias.contoso.com") | {"ansible_psrp_negotiate_service": "WSMAN"}, SEEN["unknown host, MIT's KDC"]
    ),
    "wrong password": Case({"ansible_password": "wrong"}, SEEN["wrong password, MIT's KDC"]),
}


@pytest.mark.parametrize("case", CASES)
def test_active_directory(directory: Realm, join: Join, connection: str, case: str) -> None:
    farm = join(directory)
    result = farm.log_off_alice(connection, **CASES[case].variables)
    # Ansible's plugin psrp lets the exceptions of Kerberos through.
    assert result.status == ("unreachable" if connection == "winrm" else "failed")
    assert CASES[case].words[connection] in result["msg"]
    assert farm.simulation.calls("RDSH01") == []


@pytest.mark.parametrize("case", CASES_OF_MIT)
def test_mit_kdc(mit: Realm, join: Join, connection: str, case: str) -> None:
    farm = join(mit)
    result = farm.log_off_alice(connection, **CASES_OF_MIT[case].variables)
    assert CASES_OF_MIT[case].words[connection] in result["msg"]
    assert farm.simulation.calls("RDSH01") == []


def test_a_kdc_that_is_down(tmp_path: Path, join: Join, connection: str) -> None:
    with mit_kdc(tmp_path / "down", ["ansible"]) as stopped:
        pass
    farm = join(stopped)
    assert SEEN["KDC down"][connection] in farm.log_off_alice(connection)["msg"]
    assert farm.simulation.calls("RDSH01") == []


def test_a_user_whom_the_host_does_not_know(directory: Realm, join: Join, connection: str) -> None:
    farm = join(directory)
    words = SEEN["rejected"][connection].replace("ansible@", "stranger@")
    assert words in farm.log_off_alice(connection, ansible_user="stranger@CONTOSO.COM")["msg"]
    assert farm.simulation.calls("RDSH01") == []


def test_a_host_that_has_another_key_than_the_kdc(directory: Realm, join: Join, connection: str) -> None:
    host = {"name": "RDSH01", "sessions": SESSIONS, "keytab": directory.keytab("RDSH02")}
    farm = join(directory, hosts=[host])
    assert SEEN["rejected"][connection] in farm.log_off_alice(connection)["msg"]
    assert farm.simulation.calls("RDSH01") == []


def test_a_realm_in_small_letters_of_which_a_kdc_is_found(
    tmp_path: Path, directory: Realm, join: Join, connection: str
) -> None:
    """As DNS, which knows no case, finds it. To psrp that is no failure."""
    farm = join(directory)
    configuration = (directory.folder / "krb5.conf").read_text("utf-8")
    (section,) = re.findall(rf"    {REALM} = {{.*?    }}\n", configuration, re.DOTALL)
    configuration = configuration.replace(section, section + section.replace(REALM, DNS_DOMAIN))
    (tmp_path / "small.conf").write_text(configuration, "utf-8")
    farm.extra = {"KRB5_CONFIG": str(tmp_path / "small.conf")}
    result = farm.log_off_alice(connection, ansible_user=f"ansible@{DNS_DOMAIN}")
    if connection == "psrp":
        assert result.outcomes() == {12: "logged_off"}
    else:
        assert SEEN["realm in small letters"][connection] in result["msg"]
        assert farm.simulation.calls("RDSH01") == []


def test_a_kinit_that_is_not_told_where_the_configuration_is(directory: Realm, join: Join, connection: str) -> None:
    """winrm runs it without the environment; psrp gets its tickets itself."""
    farm = join(directory)
    result = farm.log_off_alice(connection, ansible_winrm_kinit_env_vars=[])
    if connection == "psrp":
        assert result.outcomes() == {12: "logged_off"}
    else:
        assert SEEN["no KDC for the realm"][connection] in result["msg"]


def test_credssp_with_a_wrong_password(directory: Realm, join: Join, connection: str) -> None:
    farm = join(directory, transport="credssp")
    words = SEEN["CredSSP, wrong password"][connection]
    assert words in farm.log_off_alice(connection, ansible_password="wrong")["msg"]
    assert farm.simulation.calls("RDSH01") == []


def test_a_host_that_takes_no_credssp(directory: Realm, join: Join, connection: str) -> None:
    farm = join(directory)
    result = farm.log_off_alice(connection, ansible_winrm_transport="credssp", ansible_psrp_auth="credssp")
    assert result.status == ("unreachable" if connection == "winrm" else "failed")
    assert SEEN["CredSSP is off"][connection] in result["msg"]
    assert farm.simulation.calls("RDSH01") == []
