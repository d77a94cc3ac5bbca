# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who may do what on a host."""

from __future__ import annotations

import pytest

from simulator.engines import MonoEngine
from simulator.engines.host_runner import HostRunner
from simulator.farm import FarmSpec, Host, hosts_of
from simulator.http_service import Stdin
from simulator.permissions import Permissions
from simulator.session_table import Session
from simulator.windows_api import Launch, WindowsApi
from simulator.wsman import Invocation
from tests.unit.simulator.api_host import ALICE, BOB, QUERY, SEND, host, launch_on, refusal

CALLS = {
    "query": (QUERY, "0", "13", "25"),
    "reset": ("WTSLogoffSession", "0", "13", "0"),
    "disconnect": ("WTSDisconnectSession", "0", "13", "0"),
    "message": (SEND, "0", "13", "Title", "Text", "0", "60", "0"),
}
OPERATOR = "CONTOSO\\operator"
QUERY_VALUE, SET_VALUE = "1", "2"
TERMINAL_SERVER = r"SYSTEM\CurrentControlSet\Control\Terminal Server"


def limited(*permissions: str, account: str = OPERATOR, **fields: object) -> Host:
    return host(ALICE, BOB, permissions={account: list(permissions)}, **fields)


async def error(api: WindowsApi, launch: Launch, function: str, *arguments: str) -> int:
    """The error of a call; 0: it succeeded."""
    before = len(api.calls_on(launch.host))
    try:
        await api.call(launch, function, arguments)
    except Exception:
        assert len(api.calls_on(launch.host)) == before + 1
    return api.calls_on(launch.host)[-1].error


@pytest.mark.parametrize("permission", CALLS)
async def test_each_call_takes_its_permission(api: WindowsApi, permission: str) -> None:
    for other in CALLS:
        launch = launch_on(api, limited(other), OPERATOR)
        assert await error(api, launch, *CALLS[permission]) == (0 if other == permission else 5)


@pytest.mark.parametrize("permission", CALLS)
async def test_to_administrators_and_on_a_host_without_permissions_everything_is_allowed(
    api: WindowsApi, permission: str
) -> None:
    for here in limited("administrator"), host(ALICE, BOB):
        assert await error(api, launch_on(api, here, OPERATOR), *CALLS[permission]) == 0


@pytest.mark.parametrize("permission", CALLS)
@pytest.mark.parametrize("account", ["CONTOSO\\bob", "contoso\\BOB"])
async def test_to_ones_own_session_everything_is_allowed(api: WindowsApi, permission: str, account: str) -> None:
    here = limited()
    assert await error(api, launch_on(api, here, account), *CALLS[permission]) == 0
    function, server, _, *rest = CALLS[permission]
    assert await error(api, launch_on(api, here, account), function, server, "12", *rest) == 5


async def test_an_account_of_that_name_in_another_domain_is_another(api: WindowsApi) -> None:
    assert await error(api, launch_on(api, limited(), "FABRIKAM\\bob"), *CALLS["reset"]) == 5


async def test_who_is_denied_changes_nothing(api: WindowsApi) -> None:
    here = limited("query")
    launch = launch_on(api, here, OPERATOR)
    for permission in "reset", "disconnect", "message":
        assert await refusal(api, launch, *CALLS[permission]) == 5
    bob = here.table.get(13)
    assert (bob.gone_at, bob.disconnected_at, bob.messages) == (None, None, [])


@pytest.mark.parametrize(
    ("permissions", "account", "ids"),
    [
        (["query"], OPERATOR, [0, 12, 13, 65536]),
        ([], "CONTOSO\\bob", [13]),
    ],
)
async def test_only_sessions_that_may_be_queried_are_enumerated(
    api: WindowsApi, permissions: list[str], account: str, ids: list[int]
) -> None:
    launch = launch_on(api, limited(*permissions), account)
    for function, fields_each in ("WTSEnumerateSessionsExW", 7), ("WTSEnumerateSessionsW", 3):
        count, *fields = await api.call(launch, function, ("0",))
        assert (count, fields[::fields_each]) == (len(ids), ids)


@pytest.mark.parametrize("error", [259, 5, 0])
async def test_an_account_that_may_query_none_gets_an_error_or_nothing(api: WindowsApi, error: int) -> None:
    launch = launch_on(api, limited("reset", empty_list_error=error), OPERATOR)
    for function in "WTSEnumerateSessionsExW", "WTSEnumerateSessionsW":
        if error:
            assert await refusal(api, launch, function, "0") == error
        else:
            assert await api.call(launch, function, ("0",)) == [0]


async def test_only_administrators_see_and_end_programs_of_others(api: WindowsApi) -> None:
    here = limited("query", "reset", "disconnect", "message")
    launch = launch_on(api, here, OPERATOR)
    assert await api.call(launch, "WTSEnumerateProcessesExW", ("0", "13")) == [0]
    assert await refusal(api, launch, "WTSTerminateProcess", "0", "13016", "1") == 5
    assert await refusal(api, launch, "OpenProcess", "1", "13016") == 5
    bob = launch_on(api, here, "CONTOSO\\bob")
    assert (await api.call(bob, "WTSEnumerateProcessesW", ("0",)))[1::6] == [13] * 4
    assert await refusal(api, bob, "WTSTerminateProcess", "0", "12016", "1") == 5
    assert await refusal(api, bob, "OpenProcess", "1", "13004") == 5  # the system's, in his session
    await api.call(bob, "WTSTerminateProcess", ("0", "13016", "1"))


async def test_only_administrators_write_the_registry(api: WindowsApi) -> None:
    here = limited("query", "reset", "disconnect", "message")
    launch = launch_on(api, here, OPERATOR)
    assert await refusal(api, launch, "RegOpenKeyExW", TERMINAL_SERVER, SET_VALUE) == 5
    (key,) = await api.call(launch, "RegOpenKeyExW", (TERMINAL_SERVER, QUERY_VALUE))
    assert await api.call(launch, "RegQueryValueExW", (str(key), "TSServerDrainMode")) == [4, 0]
    administrator = launch_on(api, limited("administrator"), OPERATOR)
    assert await api.call(administrator, "RegOpenKeyExW", (TERMINAL_SERVER, SET_VALUE))


async def test_permissions_are_those_of_the_host_that_a_call_goes_to(api: WindowsApi) -> None:
    farm = {
        "hosts": [
            {"name": "RDSH01", "permissions": {"operator": ["reset"]}},
            {"name": "RDSH02", "permissions": {"operator": ["query"]}, "sessions": [BOB]},
        ]
    }
    here, there = hosts_of(FarmSpec.model_validate(farm))
    api.connect(here, there)
    launch = launch_on(api, here, OPERATOR)  # the file's "operator" is of the farm's domain
    (server,) = await api.call(launch, "WTSOpenServerW", ("RDSH02",))
    assert await api.call(launch, QUERY, (str(server), "13", "5")) == ["bob"]
    assert await refusal(api, launch, "WTSLogoffSession", str(server), "13", "0") == 5


@pytest.mark.parametrize(
    ("permission", "line", "words"),
    [
        ("reset", "quser", "No User exists for *"),
        ("reset", "query session", "No session exists for *"),
        ("query", "quser", "bob"),
        ("query", "logoff 13", "Could not logoff session ID 13 from session rdp-tcp#1, Error code 5"),
    ],
)
async def test_console_commands_have_no_more_permissions(
    api: WindowsApi, permission: str, line: str, words: str
) -> None:
    here = limited(permission)
    said: list[bytes] = []
    runner = HostRunner(here, [here], api, MonoEngine(), 0)
    invocation = Invocation(line, account=OPERATOR)
    await runner.run(invocation, Stdin(), lambda stream, data: said.append(data))
    assert words in b"".join(said).decode()
    assert 13 in [session.id for session in here.table.sessions()]


def test_a_session_without_a_user_is_nobodys_own() -> None:
    assert not Permissions({}).has("\\", "query", Session(14))
