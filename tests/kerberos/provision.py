# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Makes an Active Directory of Samba's. Runs as root, by the system's Python, which has Samba's modules.

``provision.py FOLDER``, with what is to be in it as JSON on standard input: ``domain``, ``dns_domain``, ``password``
(of each user; each host has another one), ``hosts``, and ``users``, of each of which may be told that it is
``disabled`` or its password ``expired``, and in how many ``groups`` it is.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import ldb
from samba.auth import system_session
from samba.param import LoadParm
from samba.samdb import SamDB


def main(folder: Path) -> None:
    wanted = json.load(sys.stdin)
    _samba_tool(
        *("domain", "provision", f"--targetdir={folder}", "--quiet", "--server-role=dc", "--dns-backend=NONE"),
        *(f"--realm={wanted['dns_domain'].upper()}", f"--domain={wanted['domain']}", "--host-name=DC1"),
        *("--host-ip=127.0.88.1", f"--adminpass={wanted['password']}"),
        *("--option=bind interfaces only = yes", "--option=interfaces = 127.0.88.1/8"),
        # By default security.NTACL, which takes a right that root does not have in a container.
        "--option=acl_xattr:security_acl_name = user.NTACL",
    )
    configuration = folder / "etc" / "smb.conf"
    parameters = LoadParm(str(configuration))
    directory = SamDB(url=parameters.samdb_url(), session_info=system_session(), lp=parameters)
    for host in wanted["hosts"]:
        _add_host(directory, host, wanted["dns_domain"], f"{wanted['password']} {host}")
        # A new computer account has no key until its password is set.
        keytab = folder / f"{host}.keytab"
        _samba_tool("domain", "exportkeytab", str(keytab), f"--principal={host}$", f"--configfile={configuration}")
    for name, about in wanted["users"].items():
        _add_user(directory, name, wanted["password"], **about)
    _add_groups(directory, {name: about.get("groups", 0) for name, about in wanted["users"].items()})


def _samba_tool(*arguments: str) -> None:
    done = subprocess.run(["samba-tool", *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        sys.exit(f"samba-tool {arguments[:2]}: {done.stdout}")


def _add_host(directory: SamDB, name: str, dns_domain: str, password: str) -> None:
    """HTTP follows from HOST; WSMAN is a service principal of its own, which WinRM registers when it starts."""
    directory.newcomputer(name)
    dns_name = f"{name.lower()}.{dns_domain}"
    message = ldb.Message(ldb.Dn(directory, f"CN={name},CN=Computers,{directory.domain_dn()}"))
    services = [f"{service}/{dns_name}" for service in ("HOST", "WSMAN")]
    message["dns"] = ldb.MessageElement(dns_name, ldb.FLAG_MOD_REPLACE, "dNSHostName")
    message["services"] = ldb.MessageElement(services, ldb.FLAG_MOD_REPLACE, "servicePrincipalName")
    directory.modify(message)
    directory.setpassword(f"(sAMAccountName={name}$)", password, force_change_at_next_login=False)


def _add_user(
    directory: SamDB, name: str, password: str, *, disabled: bool = False, expired: bool = False, groups: int = 0
) -> None:
    """``groups`` is what ``_add_groups`` deals with."""
    directory.newuser(name, password, force_password_change_at_next_login_req=expired)
    if disabled:
        directory.disable_account(f"(sAMAccountName={name})")


def _add_groups(directory: SamDB, sizes: dict[str, int]) -> None:
    """Make groups, of which each user is in the first so many."""
    users = f"CN=Users,{directory.domain_dn()}"
    directory.transaction_start()
    for number in range(max(sizes.values())):
        members = [f"CN={name},{users}" for name, groups in sizes.items() if number < groups]
        group = {"objectClass": "group", "sAMAccountName": f"Group {number}", "member": members}
        directory.add({"dn": f"CN=Group {number},{users}", **group})
    directory.transaction_commit()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
