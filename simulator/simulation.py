# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A farm that runs: every host's WinRM and SSH services, and the Windows API behind it."""

from __future__ import annotations

import asyncio
import getpass
import hashlib
import shlex
import signal
import ssl
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

import trustme
import yaml
from spnego.channel_bindings import GssChannelBindings

from .authentication import Account, Accounts
from .engines.host_runner import Engine, HostRunner
from .farm import FarmSpec, Host, hosts_of
from .http_service import Exchange, HttpService, Listener
from .private import write_private
from .psrp import RunspacePools
from .ssh import ClientKey, SshService
from .windows_api import Call, WindowsApi
from .wsman import CommandShells, Config, Service

#: The kind of shell that each of Ansible's connections opens.
_DOORS = {"winrm": CommandShells.uri, "psrp": RunspacePools.uri}
#: By which each of them is told the name that a KDC has of a host.
_OVERRIDES = ("ansible_winrm_kerberos_hostname_override", "ansible_psrp_negotiate_hostname_override")


def interrupted() -> asyncio.Event:
    """Return an event that SIGINT or SIGTERM sets from now on, instead of ending the process."""
    event = asyncio.Event()
    for interrupt in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(interrupt, event.set)
    return event


class Simulation:
    """Serves the hosts of a farm file until it is stopped; an asynchronous context manager.

    :param spec: the farm.
    :param engine: what runs the PowerShell that arrives.
    """

    def __init__(self, spec: FarmSpec, engine: Engine) -> None:
        self.spec = spec
        self.hosts: dict[str, Host] = {host.name: host for host in hosts_of(spec)}
        self._engine = engine
        self._folder = tempfile.TemporaryDirectory(prefix="simulator-")
        self.api = WindowsApi(
            Path(self._folder.name) / "windows-api", [*self.hosts.values()], spec.rpc_latency, spec.second_hop
        )
        self.services: dict[str, HttpService] = {}
        self.ssh: dict[str, SshService] = {}
        self._ssh_key: ClientKey | None = None
        self._authority = trustme.CA()
        self._client_certificate = self._authority.issue_cert(f"{spec.account.user}@localhost")

    @property
    def ca_file(self) -> Path:
        """The certificate authority that the hosts' HTTPS certificates are from (PEM)."""
        return Path(self._folder.name) / "ca.pem"

    @property
    def client_certificate_file(self) -> Path:
        """The client certificate that the account logs on with by ``transport: certificate`` (PEM)."""
        return Path(self._folder.name) / "client.pem"

    @property
    def client_key_file(self) -> Path:
        """The key of the client certificate (PEM)."""
        return Path(self._folder.name) / "client-key.pem"

    async def __aenter__(self) -> Self:
        self._authority.cert_pem.write_to_path(str(self.ca_file))
        self._client_certificate.cert_chain_pems[0].write_to_path(str(self.client_certificate_file))
        self._client_certificate.private_key_pem.write_to_path(str(self.client_key_file))
        await self.api.start()
        try:
            for host in self.hosts.values():
                self.services[host.name] = self._service(host)
                await self.services[host.name].start()
            if self.spec.ssh_port is not None:
                self._ssh_key = ClientKey.make(Path(self._folder.name))
                for host in self.hosts.values():
                    self.ssh[host.name] = self._ssh_service(host, self.spec.ssh_port, self._ssh_key)
                    await self.ssh[host.name].start()
            for host in self.hosts.values():
                host.start()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        for host in self.hosts.values():
            host.stop()
        for ssh_service in self.ssh.values():
            await ssh_service.stop()
        for service in self.services.values():
            await service.stop()
        await self.api.stop()
        self._folder.cleanup()

    def calls(self, host: str) -> list[Call]:
        """Return the Windows API calls made on a host so far."""
        return [*self.api.calls_on(self.hosts[host])]

    def mutating_calls(self, host: str) -> list[Call]:
        """Return those that change something, also where they failed."""
        return self.api.mutating_calls_on(self.hosts[host])

    def traffic(self, host: str) -> list[Exchange]:
        """Return the HTTP exchanges with a host so far."""
        return [*self.services[host].traffic]

    def inventory(self) -> dict[str, Any]:
        """Return an Ansible inventory of the farm: the group ``rdsh``, by HTTP where both have it, else by HTTPS.

        The connection is ``winrm``; ``-e ansible_connection=psrp`` works too. Where it has neither, it is ``ssh``.
        """
        if self.spec.http_port is None and self.spec.https_port is None:
            return self._ssh_inventory()
        account = self.spec.account
        user = f"{account.user}@{self.spec.dns_domain.upper()}" if account.domain else account.user
        certificate = self.spec.transport == "certificate"
        scheme = "https" if self.spec.http_port is None or certificate else "http"
        credentials = (
            {
                "ansible_winrm_cert_pem": str(self.client_certificate_file),
                "ansible_winrm_cert_key_pem": str(self.client_key_file),
                "ansible_psrp_certificate_pem": str(self.client_certificate_file),
                "ansible_psrp_certificate_key_pem": str(self.client_key_file),
            }
            if certificate
            else {"ansible_user": user, "ansible_password": account.password}
        )
        return {
            "rdsh": {
                "hosts": {name: self._host_variables(name, scheme) for name in self.hosts},
                "vars": {
                    "ansible_connection": "winrm",
                    "ansible_winrm_scheme": scheme,
                    "ansible_winrm_transport": self.spec.transport,
                    "ansible_winrm_ca_trust_path": str(self.ca_file),
                    "ansible_psrp_protocol": scheme,
                    "ansible_psrp_auth": self.spec.transport,
                    # As winrm does by itself: these encrypt, and only on HTTP.
                    "ansible_psrp_message_encryption": (
                        "auto" if self.spec.transport in ("credssp", "kerberos", "ntlm") else "never"
                    ),
                    "ansible_psrp_ca_cert": str(self.ca_file),
                    **credentials,
                },
            }
        }

    def _ssh_inventory(self) -> dict[str, Any]:
        assert self._ssh_key, "the farm has an ssh_port, and is served"
        options = {"UserKnownHostsFile": self._ssh_key.known_hosts, "StrictHostKeyChecking": "yes"}
        return {
            "rdsh": {
                "hosts": {
                    name: {"ansible_host": service.address, "ansible_port": service.port}
                    for name, service in self.ssh.items()
                },
                "vars": {
                    "ansible_connection": "ssh",
                    "ansible_shell_type": self.spec.ssh_shell,
                    "ansible_user": getpass.getuser(),
                    "ansible_ssh_private_key_file": str(self._ssh_key.private),
                    # Of this user's own configuration and keys, nothing is used.
                    "ansible_ssh_common_args": shlex.join(
                        ["-F", "none", "-o", "IdentitiesOnly=yes"]
                        + [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
                    ),
                    "ansible_control_path_dir": str(Path(self._folder.name) / "cp"),
                },
            }
        }

    def write_inventory(self, path: Path) -> Path:
        """Write the inventory as YAML, for this user alone: it has the password. Return the path."""
        write_private(path, yaml.safe_dump(self.inventory(), allow_unicode=True, sort_keys=False))
        return path

    def _host_variables(self, name: str, scheme: str) -> dict[str, Any]:
        (url,) = (url for url in self.services[name].urls if url.startswith(f"{scheme}://"))
        address, _, port = url.split("/")[2].rpartition(":")
        variables: dict[str, Any] = {"ansible_host": address, "ansible_port": int(port)}
        if self.spec.transport in ("credssp", "kerberos") and self.hosts[name].keytab:
            # A KDC knows hosts by their names, which here no DNS has.
            variables |= dict.fromkeys(_OVERRIDES, self._dns_name(name))
        return variables

    def _service(self, host: Host) -> HttpService:
        spec, account = self.spec, self.spec.account
        listeners = []
        if spec.http_port is not None:
            listeners.append(Listener(host.address, spec.http_port))
        if spec.https_port is not None:
            listeners.append(self._https_listener(host, spec.https_port))
        basic = spec.transport == "basic"
        certificate = ssl.PEM_cert_to_DER_cert(self._client_certificate.cert_chain_pems[0].bytes().decode())
        dns_domain = spec.dns_domain if account.domain else ""
        accounts = [Account(account.user, account.password, account.domain, dns_domain, certificate)]
        return HttpService(
            Service(
                host.name,
                Config(
                    allow_unencrypted=basic,
                    basic=True,
                    credssp=spec.transport == "credssp",
                    kerberos=host.keytab is not None,
                    max_shells_per_user=host.max_shells,
                    max_operations_per_shell=host.max_operations,
                ),
                shells=(CommandShells, RunspacePools),
                closed=[uri for door, uri in _DOORS.items() if door not in host.doors],
            ),
            Accounts(host.name, accounts),
            self._runner(host),
            listeners,
            host.keytab,
            host.winrm_hangs,
        )

    def _ssh_service(self, host: Host, port: int, client_key: ClientKey) -> SshService:
        account = self.spec.account
        name = f"{account.domain or host.name}\\{account.user}"
        folder = Path(self._folder.name) / f"ssh-{host.name}"
        return SshService(folder, host.address, port, client_key, self._runner(host), name, self.spec.ssh_shell)

    def _runner(self, host: Host) -> HostRunner:
        return HostRunner(host, [*self.hosts.values()], self.api, self._engine, self.spec.launch_seconds)

    def _dns_name(self, name: str) -> str:
        return f"{name.lower()}.{self.spec.dns_domain}"

    def _https_listener(self, host: Host, port: int) -> Listener:
        names = [host.address, host.name.lower(), self._dns_name(host.name)]
        authority, expires = self._authority, None
        match host.certificate:
            case "expired":
                expires = datetime.now(UTC) - timedelta(days=1)
            case "other_name":
                names = [f"other.{self.spec.dns_domain}"]
            case "unknown_authority":
                authority = trustme.CA()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate = authority.issue_cert(*names, not_after=expires)
        certificate.configure_cert(context)
        context.verify_mode = ssl.CERT_OPTIONAL
        self._authority.configure_trust(context)
        digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(certificate.cert_chain_pems[0].bytes().decode())).digest()
        bindings = GssChannelBindings(application_data=b"tls-server-end-point:" + digest)
        return Listener(host.address, port, context, bindings)
