# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The guide for the first host: its files and commands are run as it prints them, and its errors are got."""

from __future__ import annotations

import inspect
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest
import yaml
from winrm.protocol import Protocol

from tests.support.guides import guide

from .conftest import NEVER_ENDS, Farm

Serve = Callable[..., Farm]

GUIDE, OTHER_WAYS = guide("guide_first_host"), guide("guide_connections")
#: What both have, by name.
FILES = {**GUIDE.captioned("yaml"), **OTHER_WAYS.captioned("yaml")}
LOGOFF = "winops.rds.win_rds_logoff"
CONSOLE = {"id": 1, "name": "console", "user": "operator", "idle": "5m"}
ALICE = {"id": 12, "user": "alice", "idle": "40m", "client_name": "LAPTOP-017"}
TESTUSER = {"id": 14, "user": "testuser", "state": "disconnected", "disconnected": "2h", "idle": "2h"}
#: The ways that need no password, and so no vault.
BY_KEY = ("a client certificate", "SSH")
#: What a shell prints of a point in time.
MOMENT = re.compile(r"[A-Z][a-z]{2} \d\d \d\d:\d\d")
WAYS: dict[str, dict[str, Any]] = {
    "NTLM": {},
    "PSRP": {},
    "a client certificate": {"transport": "certificate", "account": {"domain": ""}},
    "SSH": {"http_port": None, "https_port": None, "ssh_port": 0},
}


CERTIFICATES = [
    ("expired", "certificate verify failed: certificate has expired"),
    ("other_name", "Hostname mismatch, certificate is not valid for 'rdsh01.contoso.com'"),
    ("unknown_authority", "certificate verify failed: unable to get local issuer certificate"),
]
#: Of an authority that comes with the certificate.
UNTRUSTED = "certificate verify failed: self-signed certificate"
DENIED = "Access is denied. (extended fault data:"
ADDRESS = "IP address mismatch, certificate is not valid for"


def served(serve: Serve, **fields: Any) -> Farm:
    host = {"name": "RDSH01", "sessions": [CONSOLE, ALICE, TESTUSER], **fields.pop("host", {})}
    return serve(hosts=[host], **{"https_port": 0, **fields})


def follow(farm: Farm, way: str, *, encrypt: bool = False) -> Path:
    """Do what the guide says: its files, with the password in a vault if that matters. Return the folder."""
    folder = farm.folder / "farm"
    variables = folder / "group_vars" / "rdsh"
    variables.mkdir(parents=True)
    (folder / "ansible.cfg").write_text(GUIDE.captioned("ini")["ansible.cfg"])
    (folder / "inventory.yml").write_text(FILES["inventory.yml"])
    (variables / "connection.yml").write_text(FILES[f"group_vars/rdsh/connection.yml for {way}"])
    shutil.copy(farm.simulation.ca_file, folder / "contoso-ca.pem")
    shutil.copy(farm.simulation.client_certificate_file, folder / "client.pem")
    shutil.copy(farm.simulation.client_key_file, folder / "client-key.pem")
    if way == "SSH":  # the address, the key and the user are not those of the guide
        real = farm.simulation.inventory()["rdsh"]
        (variables / "served.yml").write_text(yaml.safe_dump({**real["vars"], **real["hosts"]["RDSH01"]}))
    if way in BY_KEY:
        return folder
    (farm.folder / "vault-password").write_text("open sesame\n")
    vault = variables / "vault.yml"
    (name,) = yaml.safe_load(FILES["group_vars/rdsh/vault.yml"])
    vault.write_text(yaml.safe_dump({name: farm.simulation.spec.account.password}))
    if encrypt:
        type_in(farm, f"ansible-vault encrypt {vault}")
        assert vault.read_text().startswith("$ANSIBLE_VAULT")
    return folder


def type_in(farm: Farm, command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command in the guide's folder, and give the vault's password where it would be asked for."""
    return subprocess.run(
        command,
        shell=True,
        cwd=farm.folder / "farm",
        env={
            **{name: value for name, value in farm.environment.items() if name != "COLUMNS"},  # pytest-xdist sets it
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
            "ANSIBLE_ASK_VAULT_PASS": "false",
            **(
                {"ANSIBLE_VAULT_PASSWORD_FILE": str(vault)}
                if (vault := farm.folder / "vault-password").exists()
                else {}
            ),
            **environment,
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=NEVER_ENDS,
        check=False,
    )


def assert_prints(farm: Farm, block: str) -> None:
    """Type what follows the prompt, and expect the lines below it among those that come."""
    command, _, expected = block.removeprefix("$ ").replace("\\\n", "").partition("\n")
    done = type_in(farm, command)
    shown = MOMENT.sub("(moment)", "\n".join(line.rstrip() for line in done.stdout.splitlines()))
    assert MOMENT.sub("(moment)", expected).rstrip() in shown, done.stdout + done.stderr


@pytest.mark.parametrize("way", WAYS)
def test_from_the_files_to_the_test_user(serve: Serve, way: str) -> None:
    farm = served(serve, **WAYS[way])
    follow(farm, way, encrypt=True)
    commands = [block for block in GUIDE.captioned("console").values() if block.startswith("$ ansible")]
    assert len(commands) == 4
    for block in commands:
        assert_prints(farm, block)
    assert [(call.function, call.session) for call in farm.simulation.mutating_calls("RDSH01")] == [
        ("WTSLogoffSession", 14)
    ]


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed")
def test_openssl_tells_that_the_certificate_is_in_order(serve: Serve) -> None:
    farm = served(serve)
    follow(farm, "NTLM")
    block = GUIDE.captioned("console")["Is the certificate in order?"]
    ((address, port),) = (endpoint for name, endpoint in farm.endpoints.items() if name.endswith(":5986"))
    assert_prints(farm, block.replace("-connect rdsh01.contoso.com:5986", f"-connect {address}:{port}"))


def test_a_host_that_speaks_https_alone_is_enough(serve: Serve) -> None:
    farm = served(serve, http_port=None)
    follow(farm, "NTLM")
    assert type_in(farm, f"ansible rdsh -m {LOGOFF} -a users=testuser").returncode == 0


@pytest.mark.parametrize("way", ["NTLM", "PSRP"])
@pytest.mark.parametrize(("certificate", "words"), CERTIFICATES)
def test_a_certificate_that_is_not_in_order(serve: Serve, certificate: str, words: str, way: str) -> None:
    farm = served(serve, host={"certificate": certificate})
    follow(farm, way)
    done = type_in(farm, f"ansible rdsh -m {LOGOFF} -a all=true")
    assert (done.returncode, farm.simulation.traffic("RDSH01")) == (4, [])  # no password was sent either
    assert "UNREACHABLE" in done.stdout
    assert words in done.stdout


@pytest.mark.parametrize("way", ["NTLM", "PSRP"])
def test_without_its_authority_no_certificate_is_trusted(serve: Serve, way: str) -> None:
    farm = served(serve)
    connection = follow(farm, way) / "group_vars" / "rdsh" / "connection.yml"
    variables = yaml.safe_load(connection.read_text())
    connection.write_text(yaml.safe_dump({name: v for name, v in variables.items() if "contoso-ca.pem" not in str(v)}))
    done = type_in(farm, f"ansible rdsh -m {LOGOFF} -a all=true")
    assert (done.returncode, farm.simulation.traffic("RDSH01")) == (4, [])
    assert UNTRUSTED in done.stdout


def texts() -> dict[str, str]:
    """What the guide says that people read, and what to do about each."""
    return {row["you read"]: row["what to do"] for row in GUIDE.section("When it does not work").rows()}


LOG_OFF_ALL = f"ansible rdsh -m {LOGOFF} -a all=true"


class Case(NamedTuple):
    """How somebody comes to read a text: by variables of the inventory, by a library that is missing, by a command."""

    variables: Mapping[str, Any] = MappingProxyType({})
    missing: str = ""
    command: str = LOG_OFF_ALL


PSRP = {"ansible_connection": "psrp", "ansible_psrp_auth": "ntlm", "ansible_psrp_ca_cert": "contoso-ca.pem"}
HTTP = {"ansible_port": 5985, "ansible_winrm_scheme": "http"}
CASES = {
    "skipping: no hosts matched": Case(command="ansible-playbook winops.rds.who_is_on -i elsewhere,"),
    "Could not match supplied host pattern, ignoring: rdsh": Case(command=f"ansible rdsh -i elsewhere, -m {LOGOFF}"),
    "No module named 'winrm'": Case(missing="winrm"),
    "No module named 'pypsrp'": Case(PSRP, missing="pypsrp"),
    "couldn't resolve module/action 'winops.rds.win_rds_logof'": Case(command="ansible-playbook misspelt.yml"),
    "Attempting to decrypt but no vault secrets found": Case(
        command=f"env -u ANSIBLE_VAULT_PASSWORD_FILE {LOG_OFF_ALL}"
    ),
    "works on Windows hosts, and this one is reached by the connection 'ssh' with a POSIX shell": Case(
        {"ansible_connection": "ssh"}
    ),
    "the specified credentials were rejected by the server": Case({"ansible_password": "wrong"}),
    "Failed to authenticate the user ansible@CONTOSO.COM with ntlm": Case({**PSRP, "ansible_password": "wrong"}),
    "[SSL: WRONG_VERSION_NUMBER]": Case({**HTTP, "ansible_winrm_scheme": "https"}),
    "Bad HTTP response returned from server. Code 500": Case({**HTTP, "ansible_winrm_transport": "basic"}),
    "Connection refused": Case({"ansible_host": "127.0.1.1", "ansible_port": 1}),
    "Failed to resolve 'rdsh01.contoso.com'": Case({"ansible_port": 5987}),
    "the python kerberos library is not installed": Case({"ansible_winrm_transport": "kerberos"}, missing="kerberos"),
}


def test_what_people_read(serve: Serve) -> None:
    farm = served(serve)
    folder = follow(farm, "NTLM", encrypt=True)
    (folder / "misspelt.yml").write_text("- hosts: rdsh\n  tasks: [{winops.rds.win_rds_logof: {all: true}}]\n")
    for text, case in CASES.items():
        environment = {}
        if case.missing:
            library = farm.folder / "missing" / case.missing / f"{case.missing}.py"
            library.parent.mkdir(parents=True)
            library.write_text(f"raise ImportError(\"No module named '{case.missing}'\")")
            environment["PYTHONPATH"] = str(library.parent)
        done = type_in(farm, f"{case.command} -e {shlex.quote(json.dumps(dict(case.variables)))}", **environment)
        assert text in done.stdout + done.stderr, done.stdout + done.stderr
        assert farm.simulation.calls("RDSH01") == []


def test_an_address_is_no_name(serve: Serve) -> None:
    farm = served(serve, host={"certificate": "other_name"})
    follow(farm, "NTLM")
    ((address, port),) = (endpoint for name, endpoint in farm.endpoints.items() if name.endswith(":5986"))
    done = type_in(farm, f"ansible rdsh -m {LOGOFF} -a all=true -e ansible_host={address} -e ansible_port={port}")
    assert ADDRESS in done.stdout
    assert farm.simulation.traffic("RDSH01") == []


@pytest.mark.parametrize("way", ["Kerberos", *WAYS])
def test_variables_are_those_of_the_connection(way: str) -> None:
    variables = yaml.safe_load(FILES[f"group_vars/rdsh/connection.yml for {way}"])
    connection = variables.pop("ansible_connection")
    command = ["ansible-doc", "-t", "connection", "--json", connection]
    (plugin,) = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout).values()
    known = {variable["name"] for option in plugin["doc"]["options"].values() for variable in option.get("vars", [])}
    if connection == "winrm":  # hands others on to pywinrm
        known |= {f"ansible_winrm_{name}" for name in inspect.signature(Protocol).parameters}
    assert {*variables} <= known | {"ansible_shell_type"}


def test_an_account_that_the_host_does_not_let_in(serve: Serve) -> None:
    farm = served(serve, host={"doors": ["psrp"]})
    follow(farm, "NTLM")
    assert DENIED in " ".join(type_in(farm, LOG_OFF_ALL).stdout.split())
    assert farm.simulation.calls("RDSH01") == []


def test_each_text_is_got_here_or_has_a_source() -> None:
    got = {*CASES, *(words for _, words in CERTIFICATES), UNTRUSTED, ADDRESS, DENIED}
    assert got <= {*texts()}
    assert [text for text, advice in texts().items() if text not in got and "Source: " not in advice] == []
