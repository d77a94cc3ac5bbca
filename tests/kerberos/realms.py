# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Two real KDCs on loopback: Samba's, which is an Active Directory, and MIT's, whose tickets may last seconds.

Both have the domain that simulated farms have by default.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.paths import REPOSITORY

DNS_DOMAIN = "contoso.com"
REALM = DNS_DOMAIN.upper()
HOSTS = ("RDSH01", "RDSH02")
PASSWORD = "Not a s3cret."
_ADDRESS = "127.0.88.1"
_PROVISION = REPOSITORY / "tests" / "kerberos" / "provision.py"
#: Seconds until a KDC listens, on a machine that is slow.
_STARTS_WITHIN = 60
_KRB5_CONF = """\
[libdefaults]
    default_realm = {realm}
    dns_lookup_kdc = false
    dns_lookup_realm = false
    dns_canonicalize_hostname = false
    rdns = false
    udp_preference_limit = 1
[realms]
    {realm} = {{
        kdc = {address}:{port}
    }}
[domain_realm]
    .{domain} = {realm}
    {domain} = {realm}
"""
_KDC_CONF = """\
[kdcdefaults]
    kdc_listen = ""
    kdc_tcp_listen = {address}:{port}
[realms]
    {realm} = {{
        database_name = {folder}/principal
        key_stash_file = {folder}/stash
        acl_file = {folder}/acl
        supported_enctypes = aes256-cts:normal
    }}
[logging]
    kdc = FILE:{folder}/kdc.log
"""


@dataclass(frozen=True)
class Realm:
    """A realm whose KDC listens, as long as nobody stopped it."""

    folder: Path
    port: int

    @property
    def environment(self) -> dict[str, str]:
        """Of programs that find its KDC, and whose tickets are nobody else's."""
        return {"KRB5_CONFIG": str(self.folder / "krb5.conf"), "KRB5CCNAME": f"FILE:{self.folder / 'tickets'}"}

    def keytab(self, host: str) -> Path:
        """The keys of a host."""
        return self.folder / f"{host}.keytab"

    def kinit(self, user: str, *options: str, before: Iterable[str] = ()) -> None:
        """Get a ticket, as somebody does at a prompt. ``before`` is what the command is run by."""
        subprocess.run(
            [*before, "kinit", *options, f"{user}@{REALM}"],
            env={**os.environ, **self.environment},
            input=f"{PASSWORD}\n",
            text=True,
            check=True,
            capture_output=True,
        )

    def forget_tickets(self) -> None:
        """Be without any ticket."""
        (self.folder / "tickets").unlink(missing_ok=True)


@contextmanager
def active_directory(folder: Path, users: Mapping[str, Mapping[str, object]]) -> Iterator[Realm]:
    """An Active Directory of Samba's, of which the KDC alone runs. ``users``: what ``provision.py`` is told of them."""
    wanted = {"domain": "CONTOSO", "dns_domain": DNS_DOMAIN, "password": PASSWORD, "hosts": HOSTS, "users": users}
    directory = folder / "directory"
    done = subprocess.run(
        ["/usr/bin/python3", _PROVISION, directory], input=json.dumps(wanted), text=True, capture_output=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    realm = _realm(directory)
    options = {
        "server services": "kdc",
        "krb5 port": realm.port,
        "kpasswd port": _free_port(),
        "log file": folder / "log",
    }
    kdc = [
        *("/usr/sbin/samba", "--foreground", "--no-process-group", "--model=single"),
        *(f"--configfile={directory / 'etc' / 'smb.conf'}", "--option=pid directory = " + str(folder)),
        *("--option=bind interfaces only = yes", f"--option=interfaces = {_ADDRESS}/8"),
        *(f"--option={name} = {value}" for name, value in options.items()),
    ]
    with _running(kdc, realm, {}):
        yield realm


@contextmanager
def mit_kdc(folder: Path, users: Iterable[str], before: Iterable[str] = ()) -> Iterator[Realm]:
    """MIT's KDC. ``before`` is what it is run by."""
    realm = _realm(folder)
    (folder / "kdc.conf").write_text(
        _KDC_CONF.format(address=_ADDRESS, port=realm.port, realm=REALM, folder=folder), encoding="utf-8"
    )
    environment = {**realm.environment, "KRB5_KDC_PROFILE": str(folder / "kdc.conf")}
    _run(["/usr/sbin/kdb5_util", "create", "-s", "-r", REALM, "-P", PASSWORD], environment)
    commands = [f'addprinc -pw "{PASSWORD}" {user}' for user in users]
    for host in HOSTS:
        service = f"HTTP/{host.lower()}.{DNS_DOMAIN}"
        commands += [f"addprinc -randkey {service}", f"ktadd -k {realm.keytab(host)} {service}"]
    _run(["/usr/sbin/kadmin.local", "-r", REALM], environment, "\n".join(commands))
    with _running([*before, "/usr/sbin/krb5kdc", "-n", "-P", str(folder / "kdc.pid")], realm, environment):
        yield realm


def _realm(folder: Path) -> Realm:
    port = _free_port()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "krb5.conf").write_text(
        _KRB5_CONF.format(realm=REALM, domain=DNS_DOMAIN, address=_ADDRESS, port=port), encoding="utf-8"
    )
    return Realm(folder, port)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind((_ADDRESS, 0))
        return int(free.getsockname()[1])


def _run(command: list[str], environment: Mapping[str, str], text: str = "") -> None:
    done = subprocess.run(command, env={**os.environ, **environment}, input=text, text=True, capture_output=True)
    assert done.returncode == 0, done.stdout + done.stderr


@contextmanager
def _running(command: list[str], realm: Realm, environment: Mapping[str, str]) -> Iterator[None]:
    with (realm.folder / "output").open("w") as output:
        kdc = subprocess.Popen(
            command, env={**os.environ, **environment}, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
    try:
        deadline = time.monotonic() + _STARTS_WITHIN
        while not _listens(realm.port):
            assert kdc.poll() is None and time.monotonic() < deadline, (realm.folder / "output").read_text()
            time.sleep(0.1)
        yield
    finally:
        kdc.terminate()
        kdc.wait()


def _listens(port: int) -> bool:
    try:
        socket.create_connection((_ADDRESS, port), timeout=1).close()
    except OSError:
        return False
    return True
