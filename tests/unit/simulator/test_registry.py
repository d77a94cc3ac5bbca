# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The registry of a simulated host, and the logon mode that it holds."""

from __future__ import annotations

from typing import get_args

import pytest

from simulator.farm import Change
from simulator.registry import (
    CURRENT_VERSION,
    DISABLED,
    DRAIN_MODE,
    LANGUAGE,
    TERMINAL_SERVER,
    WINLOGON,
    LogonMode,
    Registry,
)
from simulator.win32 import Win32Error
from simulator.windows_api import WindowsApi
from tests.unit.logon_mode.registry_host import registry_host

MODES: tuple[LogonMode, ...] = get_args(LogonMode)
READ, WRITE = "1", "2"


@pytest.mark.parametrize("before", MODES)
@pytest.mark.parametrize("mode", MODES)
def test_modes(before: LogonMode, mode: LogonMode) -> None:
    registry = Registry()
    assert registry.logon_mode == "enabled"
    registry.logon_mode = before
    registry.logon_mode = mode
    assert registry.logon_mode == mode


@pytest.mark.parametrize(
    ("drain", "disabled", "mode"),
    [
        (0, "0", "enabled"),
        (1, "0", "drain_until_restart"),
        (2, "0", "drain"),
        (2, "1", "disabled"),
        (7, "x", "enabled"),
    ],
)
def test_values(drain: int, disabled: str, mode: str) -> None:
    """As VMware's page has them."""
    registry = Registry()
    registry.set(*DRAIN_MODE, drain)
    registry.set(*DISABLED, disabled)
    assert registry.logon_mode == mode


def test_what_a_host_tells_of_itself() -> None:
    registry = Registry("fr-FR")
    assert registry.get(LANGUAGE, "InstallLanguage") == "040c"
    assert registry.get(CURRENT_VERSION, "ProductName") == "Simulated Windows"


def test_names_in_any_case() -> None:
    registry = Registry()
    registry.set(WINLOGON.lower(), "WINSTATIONSDISABLED", "1")
    assert registry.get(*DISABLED) == "1"
    registry.remove(WINLOGON.upper(), "winstationsdisabled")
    assert registry.logon_mode == "enabled"


def test_what_is_not_there() -> None:
    registry = Registry()
    registry.remove_key(WINLOGON)
    for attempt in (
        lambda: registry.get(TERMINAL_SERVER, "Missing"),
        lambda: registry.get(*DISABLED),
        lambda: registry.set(*DISABLED, "1"),
        lambda: registry.require("HARDWARE"),
    ):
        with pytest.raises(Win32Error) as error:
            attempt()
        assert error.value.code == 2


@pytest.mark.parametrize(
    ("mode", "logons", "reconnections", "after"),
    [
        ("enabled", True, True, "enabled"),
        ("disabled", False, False, "enabled"),
        ("drain", False, True, "drain"),
        ("drain_until_restart", False, True, "enabled"),
    ],
)
def test_what_a_host_accepts_and_what_a_restart_leaves(
    mode: str, *, logons: bool, reconnections: bool, after: str
) -> None:
    host = registry_host(logon_mode=mode, sessions=[{"id": 12, "user": "alice"}, {"id": 13, "state": "disconnected"}])
    assert (host.accepts_logons, host.accepts_reconnections) == (logons, reconnections)
    host.apply([Change(restart=True)])
    assert [session.id for session in host.table.sessions()] == [0, 65536]
    assert host.registry.logon_mode == after


async def test_the_functions(api: WindowsApi) -> None:
    host = registry_host()
    launch, _ = api.new_launch(host, "ansible")
    (key,) = await api.call(launch, "RegOpenKeyExW", (TERMINAL_SERVER, WRITE))
    await api.call(launch, "RegSetValueExW", (str(key), "TSServerDrainMode", "4", "2"))
    (other,) = await api.call(launch, "RegOpenKeyExW", (WINLOGON, READ))
    assert await api.call(launch, "RegQueryValueExW", (str(other), "WinStationsDisabled")) == [1, "0"]
    assert host.registry.logon_mode == "drain"
    assert [call.arguments for call in api.mutating_calls_on(host)] == [(str(key), "TSServerDrainMode", "4", "2")]
    for handle in key, other:
        await api.call(launch, "RegCloseKey", (str(handle),))
    assert launch.handles == {}


async def test_refusals(api: WindowsApi) -> None:
    host = registry_host()
    launch, _ = api.new_launch(host, "ansible")
    (key,) = await api.call(launch, "RegOpenKeyExW", (WINLOGON, READ))
    (written,) = await api.call(launch, "RegOpenKeyExW", (WINLOGON, WRITE))
    refused = {
        ("RegOpenKeyExW", "HARDWARE", READ): 2,
        ("RegQueryValueExW", str(key), "Missing"): 2,
        ("RegSetValueExW", str(key), "WinStationsDisabled", "1", "1"): 5,  # not opened for that
        ("RegQueryValueExW", str(written), "WinStationsDisabled"): 5,
        ("RegQueryValueExW", "1", "WinStationsDisabled"): 6,
        ("RegCloseKey", "1"): 6,
    }
    for (function, *arguments), code in refused.items():
        with pytest.raises(Win32Error) as error:
            await api.call(launch, function, tuple(arguments))
        assert error.value.code == code
    assert host.registry.logon_mode == "enabled"


async def test_a_fault_strikes(api: WindowsApi) -> None:
    host = registry_host(faults=[{"call": "RegOpenKeyEx", "error": 5, "times": 1}])
    launch, _ = api.new_launch(host, "ansible")
    with pytest.raises(Win32Error) as error:
        await api.call(launch, "RegOpenKeyExW", (WINLOGON, READ))
    assert error.value.code == 5
    await api.call(launch, "RegOpenKeyExW", (WINLOGON, READ))
