# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What Ansible's fact gathering finds on a simulated host.

The names and forms are those of setup.ps1 of ansible.windows, the values those of the host. What a simulated host does
not have (a BIOS, memory, processors) is no fact.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from ..farm import Host
from ..registry import CURRENT_VERSION

Facts = dict[str, Any]

#: The groups that ``gather_subset`` may name, as setup.ps1 has them; of the subsets, those that are known here.
_GROUPS = {
    "min": {"date_time", "distribution", "env", "platform", "powershell_version", "user"},
    "network": {"all_ipv4_addresses", "all_ipv6_addresses", "interfaces", "windows_domain"},
    "hardware": {"uptime", "virtual"},
    "external": set[str](),
}
_ALL = set[str]().union(*_GROUPS.values())


def facts(host: Host, account: str, gather_subset: Iterable[str] = ("all",)) -> Facts:
    """Return the facts of these subsets; ``!`` before a name leaves it out, apart from what ``min`` has."""
    wanted = _wanted([*gather_subset])
    found: Facts = {"gather_subset": [*gather_subset], "module_setup": True}
    for subset, of_host in _SUBSETS.items():
        if subset in wanted:
            found |= of_host(host, account)
    return found


def _wanted(gather_subset: list[str]) -> set[str]:
    """As setup.ps1 adds them up: everything, without what is left out, and with what is named."""
    left_out, named = set[str](), set[str]()
    for name in gather_subset:
        if name == "!all":
            left_out |= _ALL - _GROUPS["min"]
        elif name.startswith("!"):
            left_out |= _GROUPS.get(name[1:], {name[1:]})
        else:
            named |= _ALL if name == "all" else _GROUPS.get(name, {name})
    return (_ALL - left_out) | named


def _addresses(host: Host, _account: str) -> Facts:
    return {"ansible_ip_addresses": [host.address]}


def _date_time(host: Host, _account: str) -> Facts:
    now = host.table.now()
    epoch = now.timestamp()
    formats = {
        "date": "%Y-%m-%d",
        "day": "%d",
        "hour": "%H",
        "iso8601": "%Y-%m-%dT%H:%M:%SZ",
        "iso8601_basic": "%Y%m%dT%H%M%S%f",
        "iso8601_basic_short": "%Y%m%dT%H%M%S",
        "iso8601_micro": "%Y-%m-%dT%H:%M:%S.%fZ",
        "minute": "%M",
        "month": "%m",
        "second": "%S",
        "time": "%H:%M:%S",
        "weekday": "%A",
        "weekday_number": "%w",
        "weeknumber": "%W",
        "year": "%Y",
    }
    shown = {name: now.strftime(form) for name, form in formats.items()}
    numbers = {"epoch": f"{epoch:.5f}", "epoch_local": f"{epoch:.5f}", "epoch_int": int(epoch)}
    return {"ansible_date_time": {**shown, **numbers, "tz": "UTC", "tz_offset": "+00:00"}}


def _distribution(host: Host, _account: str) -> Facts:
    name = host.registry.get(CURRENT_VERSION, "ProductName")
    return {
        "ansible_distribution": name,
        "ansible_distribution_major_version": str(host.windows_version[0]),
        "ansible_distribution_version": _version(host),
        "ansible_os_family": "Windows",
        "ansible_os_install_date": None,
        "ansible_os_installation_type": "Server",
        "ansible_os_name": name,
        "ansible_os_product_type": "server",
    }


def _env(host: Host, account: str) -> Facts:
    domain, user = _parts(account)
    variables = {
        "COMPUTERNAME": host.name,
        "OS": "Windows_NT",
        "SystemRoot": r"C:\WINDOWS",
        "USERDOMAIN": domain,
        "USERNAME": user,
        "USERPROFILE": rf"C:\Users\{user}",
    }
    return {"ansible_env": variables}


def _interfaces(host: Host, _account: str) -> Facts:
    interface = {
        "connection_name": "Ethernet",
        "default_gateway": None,
        "dns_domain": host.directory.dns_domain,
        "interface_name": "Simulated network adapter",
        "ipv4": {"address": host.address, "prefix": "8"},
        "ipv6": None,
    }
    return {"ansible_interfaces": [interface]}


def _platform(host: Host, _account: str) -> Facts:
    full_name = f"{host.name}.{host.directory.dns_domain}"
    return {
        # Windows translates it, into what no source shows.
        "ansible_architecture": "64-bit",
        "ansible_architecture2": "x86_64",
        "ansible_domain": host.directory.dns_domain,
        "ansible_fqdn": full_name,
        "ansible_hostname": host.name,
        "ansible_kernel": _version(host),
        "ansible_machine_id": host.directory.computer_sid(host.name),
        "ansible_netbios_name": host.name.upper(),
        "ansible_nodename": full_name,
        "ansible_owner_contact": "",
        "ansible_owner_name": "",
        "ansible_reboot_pending": False,
        "ansible_system": "Win32NT",
        "ansible_system_description": "",
        "ansible_system_vendor": "simulated",
    }


def _powershell_version(_host: Host, _account: str) -> Facts:
    return {"ansible_powershell_version": 5}


def _uptime(host: Host, _account: str) -> Facts:
    return {
        "ansible_lastboot": _sortable(host.started_at),
        "ansible_uptime_seconds": round((host.table.now() - host.started_at).total_seconds()),
    }


def _user(host: Host, account: str) -> Facts:
    user = _parts(account)[1]
    return {
        "ansible_user_dir": rf"C:\Users\{user}",
        "ansible_user_gecos": "",
        "ansible_user_id": user,
        "ansible_user_sid": host.directory.find(account, host.name).sid,
    }


def _virtual(_host: Host, _account: str) -> Facts:
    return {"ansible_virtualization_role": "NA", "ansible_virtualization_type": "NA"}


def _windows_domain(host: Host, _account: str) -> Facts:
    return {
        "ansible_windows_domain": host.directory.dns_domain,
        "ansible_windows_domain_member": True,
        "ansible_windows_domain_role": "Member server",
    }


def _version(host: Host) -> str:
    major, minor = host.windows_version
    return f"{major}.{minor}.{host.registry.get(CURRENT_VERSION, 'CurrentBuild')}.0"


def _parts(account: str) -> tuple[str, str]:
    domain, _, user = account.rpartition("\\")
    return domain, user


def _sortable(moment: datetime) -> str:
    """.NET's format ``u``."""
    return moment.strftime("%Y-%m-%d %H:%M:%SZ")


_SUBSETS: dict[str, Callable[[Host, str], Facts]] = {
    "all_ipv4_addresses": _addresses,
    "all_ipv6_addresses": _addresses,
    "date_time": _date_time,
    "distribution": _distribution,
    "env": _env,
    "interfaces": _interfaces,
    "platform": _platform,
    "powershell_version": _powershell_version,
    "uptime": _uptime,
    "user": _user,
    "virtual": _virtual,
    "windows_domain": _windows_domain,
}
