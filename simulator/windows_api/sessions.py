# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Sessions: enumerated, queried, logged off, disconnected, and sent messages (wtsapi32.dll)."""

from __future__ import annotations

import ipaddress
import math
import re
from collections.abc import Callable

from ..farm import Host
from ..message_box import IDASYNC, IDTIMEOUT, pressed
from ..permissions import Permission
from ..session_table import SERVICES_ID, Session, State
from ..win32 import ERROR_CTX_CLOSE_PENDING, ERROR_INVALID_PARAMETER, Win32Error
from .launch import Answer, Launch, Value
from .times import file_time, pass_time

_CURRENT_SESSION = 0xFFFFFFFF  # WTS_CURRENT_SESSION (wtsapi32.h)
_AF_INET, _AF_INET6 = 2, 23  # Windows' numbers (ws2def.h)


async def _enumerate(launch: Launch, host: Host, _server: str) -> list[Value]:
    """WTS_SESSION_INFOW of each session."""
    sessions = _listed(launch, host)
    values: list[Value] = [len(sessions)]
    for session in sessions:
        values += (session.id, session.state, _name(session, host))
    return values


async def _enumerate_ex(launch: Launch, host: Host, _server: str) -> list[Value]:
    """WTS_SESSION_INFO_1W of each session."""
    sessions = _listed(launch, host)
    values: list[Value] = [len(sessions)]
    for session in sessions:
        values += (session.id, session.state, _name(session, host), "", session.user, session.domain, "")
    return values


def _listed(launch: Launch, host: Host) -> list[Session]:
    """An account that may see none was seen to get an error: 259 ERROR_NO_MORE_ITEMS, from another host also 5.

    https://github.com/NagiosEnterprises/ncpa/issues/1258
    https://github.com/lazywinadmin/LazyTS/issues/14
    """
    sessions = host.sessions_for(launch.account)
    if not sessions and host.empty_list_error:
        raise Win32Error(host.empty_list_error)
    return sessions


async def _query(launch: Launch, host: Host, _server: str, session_id: str, info_class: str) -> list[Value]:
    session = _session(host, session_id)
    host.permissions.require(launch.account, "query", session)
    if session.stuck:
        raise Win32Error(ERROR_CTX_CLOSE_PENDING)
    if int(info_class) not in _CLASSES:
        raise Win32Error(ERROR_INVALID_PARAMETER)
    return _CLASSES[int(info_class)](session, host)


def _session_info(session: Session, host: Host) -> list[Value]:
    """WTSINFOW."""
    names = (_name(session, host), session.domain, session.user)
    times = (
        session.connect_time,
        session.disconnect_time,
        session.last_input_time,
        session.logon_time,
        host.table.now(),
    )
    traffic = (session.incoming_bytes, session.outgoing_bytes)
    return [session.state, session.id, *traffic, *names, *map(file_time, times)]


def _session_info_ex(session: Session, host: Host) -> list[Value]:
    """WTSINFOEX_LEVEL1_W."""
    swapped = host.windows_version == (6, 1)  # see the page of WTSINFOEX_LEVEL1_W
    flags = -1 if session.locked is None else int(session.locked == swapped)
    times = (
        session.logon_time,
        session.connect_time,
        session.disconnect_time,
        session.last_input_time,
        host.table.now(),
    )
    traffic = (session.incoming_bytes, session.outgoing_bytes)
    names = (_name(session, host), session.user, session.domain)
    return [session.id, session.state, flags, *names, *map(file_time, times), *traffic]


def _client_name(session: Session, _host: Host) -> list[Value]:
    """No value is a null buffer, which Cassia is prepared for:
    https://github.com/danports/cassia/blob/master/Source/Cassia/Impl/NativeMethodsHelper.cs
    """
    return [] if session.client_name is None else [session.client_name]


def _client_address(session: Session, host: Host) -> list[Value]:
    """AddressFamily and the bytes of Address: IPv4 from the third, IPv6 from the first or the third.

    The third is what was seen: by Cassia, and in a dump of Server 2008. The first is how Microsoft's page reads, which
    for IPv4 names an offset and for IPv6 none; nobody saw it.
    https://github.com/danports/cassia/issues/39
    https://learn.microsoft.com/windows/win32/api/wtsapi32/ns-wtsapi32-wts_client_address
    https://github.com/mhammond/pywin32/issues/664
    """
    if session.client_address is None:
        return []
    if not session.client_address:
        return [0]
    address = ipaddress.ip_address(session.client_address)
    if address.version == 4:
        return [_AF_INET, 0, 0, *address.packed]
    return [_AF_INET6, *[0] * host.ipv6_from_byte, *address.packed]


#: By WTS_INFO_CLASS.
_CLASSES: dict[int, Callable[[Session, Host], list[Value]]] = {
    4: lambda session, _: [session.id],
    5: lambda session, _: [session.user],
    6: lambda session, host: [_name(session, host)],
    7: lambda session, _: [session.domain],
    8: lambda session, _: [session.state],
    10: _client_name,
    14: _client_address,
    16: lambda session, _: [session.protocol],
    24: _session_info,
    25: _session_info_ex,
}


def _log_off(host: Host, session_id: int) -> float:
    return host.table.log_off(session_id)


def _disconnect(host: Host, session_id: int) -> float:
    """Of a session that is disconnected, the session service answers 1, and a client of it takes that for success:
    "maybe it is already disconnected". What the function makes of it, nobody saw.

    https://github.com/fortra/impacket/blob/master/examples/tstool.py
    """
    if host.disconnected_again_error and host.table.get(session_id).state is State.DISCONNECTED:
        raise Win32Error(host.disconnected_again_error)
    return host.table.disconnect(session_id)


def _act(permission: Callable[[Host], Permission], begin: Callable[[Host, int], float]) -> Answer:
    """Begins something that takes its time, for which the caller may wait."""

    async def answer(launch: Launch, host: Host, _server: str, session_id: str, wait: str) -> list[Value]:
        session = _session(host, session_id)
        host.permissions.require(launch.account, permission(host), session)
        seconds = begin(host, session.id)
        if wait != "0":
            await pass_time(seconds)
        return []

    return answer


async def _send_message(
    launch: Launch,
    host: Host,
    _server: str,
    session_id: str,
    title: str,
    text: str,
    style: str,
    timeout: str,
    wait: str,
) -> list[Value]:
    """Waits only for users who are there: nobody presses a button in a disconnected session.

    The console was seen to give 0x8000401A CO_E_RUNAS_LOGON_FAILURE, which msg.exe shows as 2147500058:
    https://github.com/ansible-collections/community.windows/issues/533
    """
    session = _session(host, session_id)
    host.permissions.require(launch.account, "message", session)
    if session.state is State.DISCONNECTED and host.disconnected_message_error is not None:
        raise Win32Error(host.disconnected_message_error)
    if host.console_message_error and session.id == host.table.console_id():
        raise Win32Error(host.console_message_error)
    host.table.show(session.id, title, text, int(style))
    if wait == "0":
        return [IDASYNC]
    button = None if session.state is State.DISCONNECTED else pressed(session.answer, int(style))
    answered_after = session.answer_seconds if button else math.inf
    limit = int(timeout) or math.inf
    await pass_time(min(answered_after, limit))
    _session(host, session_id)
    return [button if button and answered_after <= limit else IDTIMEOUT]


async def _console_id(_launch: Launch, host: Host) -> list[Value]:
    return [host.table.console_id()]


def _session(host: Host, session_id: str) -> Session:
    """One that is not there was seen to give either error: 7022 ERROR_CTX_WINSTATION_NOT_FOUND, or 2
    ERROR_FILE_NOT_FOUND, to queries and, by RPC, to acts.

    https://github.com/danports/cassia/issues/68
    https://github.com/fortra/impacket/blob/master/examples/tstool.py

    :raises Win32Error: one of the two.
    """
    try:
        return host.table.get(_session_id(session_id))
    except Win32Error:
        raise Win32Error(host.gone_session_error) from None


def _session_id(argument: str) -> int:
    """Whatever runs over WinRM runs in session 0, so that is what WTS_CURRENT_SESSION means here."""
    return SERVICES_ID if int(argument) == _CURRENT_SESSION else int(argument)


def _name(session: Session, host: Host) -> str:
    """``console``, as on Microsoft's page, or ``Console``, as Wine's tests have it from Windows.

    https://learn.microsoft.com/windows/win32/api/wtsapi32/ns-wtsapi32-wts_session_infow
    https://github.com/wine-mirror/wine/blob/master/dlls/wtsapi32/tests/wtsapi.c
    """
    if not host.mixed_case_names:
        return session.name
    name = re.sub("^rdp-tcp", "RDP-Tcp", session.name)
    return {"console": "Console", "services": "Services"}.get(name, name)


#: Those of which the first argument is a server's handle.
ON_SERVERS: dict[str, Answer] = {
    "WTSEnumerateSessionsW": _enumerate,
    "WTSEnumerateSessionsExW": _enumerate_ex,
    "WTSQuerySessionInformationW": _query,
    "WTSLogoffSession": _act(lambda host: host.logoff_permission, _log_off),
    "WTSDisconnectSession": _act(lambda _: "disconnect", _disconnect),
    "WTSSendMessageW": _send_message,
}

HERE: dict[str, Answer] = {"WTSGetActiveConsoleSessionId": _console_id}
