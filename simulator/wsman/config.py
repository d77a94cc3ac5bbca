# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The WinRM configuration of a host, and Get on it (``winrm get winrm/config``; [MS-WSMV] 2.2.4.10)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lxml import etree

from . import faults
from .envelope import Request, respond
from .events import Event
from .namespaces import PREFIXES, TRANSFER, element


@dataclass(frozen=True)
class Config:
    """Settings under the names and with the defaults of Windows Server 2016; times in seconds.

    ``max_operations_per_shell`` stands for the operations quotas: so many commands may be started in one shell
    (Windows does not count down when a command ends: [MS-WSMV] appendix A <118>). ``max_shells_per_user`` counts shells
    of one kind, as the quotas of Windows' plug-ins do. ``activity_id``: replies carry
    p:ActivityId, as those of Windows Server 2016 do.
    """

    max_envelope_size_kb: int = 500
    max_timeout: float = 60.0
    idle_timeout: float = 7200.0
    allow_unencrypted: bool = False
    basic: bool = False
    credssp: bool = False
    kerberos: bool = False
    max_operations_per_shell: int | None = None
    max_shells_per_user: int | None = None
    activity_id: bool = True


class ConfigResource:
    """The resource URI that tells the configuration."""

    uri = PREFIXES["cfg"]

    def __init__(self, config: Config) -> None:
        self._config = config

    def handle(self, request: Request) -> Iterable[Event]:
        """Answer Get; the simulated configuration is changed elsewhere, not by Put."""
        if request.action != TRANSFER + "/Get":
            raise faults.action_not_supported()
        return [respond(request, "s a x w p", self._element())]

    def _element(self) -> etree._Element:
        config = self._config
        ports = {"HTTP": 5985, "HTTPS": 5986}
        schemes = dict.fromkeys(("Basic", "Digest", "Kerberos", "Negotiate", "Certificate"), True)
        winrs = ("MaxConcurrentUsers", "MaxShellRunTime", "MaxProcessesPerShell", "MaxMemoryPerShellMB")
        service_auth = {"Basic": config.basic, "Kerberos": config.kerberos, "Negotiate": True, "Certificate": False}
        tree = {
            "MaxEnvelopeSizekb": config.max_envelope_size_kb,
            "MaxTimeoutms": round(config.max_timeout * 1000),
            "MaxBatchItems": 32000,
            "MaxProviderRequests": 4294967295,
            "Client": {
                "NetworkDelayms": 5000,
                "URLPrefix": "wsman",
                "AllowUnencrypted": False,
                "Auth": {**schemes, "CredSSP": False},
                "DefaultPorts": ports,
                "TrustedHosts": "",
            },
            "Service": {
                "RootSDDL": "O:NSG:BAD:P(A;;GA;;;BA)(A;;GR;;;IU)S:P(AU;FA;GA;;;WD)(AU;SA;GXGW;;;WD)",
                "MaxConcurrentOperations": 4294967295,
                "MaxConcurrentOperationsPerUser": config.max_operations_per_shell or 1500,
                "EnumerationTimeoutms": 240000,
                "MaxConnections": 300,
                "MaxPacketRetrievalTimeSeconds": 120,
                "AllowUnencrypted": config.allow_unencrypted,
                "Auth": {**service_auth, "CredSSP": config.credssp, "CbtHardeningLevel": "Relaxed"},
                "DefaultPorts": ports,
                "IPv4Filter": "*",
                "IPv6Filter": "*",
                "EnableCompatibilityHttpListener": False,
                "EnableCompatibilityHttpsListener": False,
                "CertificateThumbprint": "",
                "AllowRemoteAccess": True,
            },
            "Winrs": {
                "AllowRemoteShellAccess": True,
                "IdleTimeout": round(config.idle_timeout * 1000),
                **dict.fromkeys((*winrs, "MaxShellsPerUser"), 2147483647),
            },
        }
        return _rendered("Config", tree)


def _rendered(name: str, value: object) -> etree._Element:
    if isinstance(value, dict):
        return element(f"cfg:{name}", *(_rendered(key, inner) for key, inner in value.items()))
    return element(f"cfg:{name}", str(value).lower() if isinstance(value, bool) else str(value))
