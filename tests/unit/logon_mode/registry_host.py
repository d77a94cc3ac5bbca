# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The engine of the logon mode on a host whose registry the simulator plays."""

from __future__ import annotations

from typing import Any

from ansible_collections.winops.rds.plugins.plugin_utils._logon_mode.modes import LogonModeRequest

from simulator.directory import Directory
from simulator.farm import Host, HostSpec
from simulator.windows_api import WindowsApi
from tests.support import engines
from tests.support.csharp import LOGON_MODE_ENGINE


def registry_host(**settings: Any) -> Host:
    """A host in the words of a farm file."""
    spec = HostSpec.model_validate({"name": "RDSH01", **settings})
    return Host(spec, domain="CONTOSO", address="127.0.1.1", directory=Directory("contoso.com"))


async def run(api: WindowsApi, host: Host, request: LogonModeRequest) -> dict[str, Any]:
    """Launch the engine once and return its report."""
    report: dict[str, Any] = await engines.report(api, host, LOGON_MODE_ENGINE, request.text)
    return report
