# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the errors that Windows gives for session calls mean, and what to do about them.

Codes and names: https://learn.microsoft.com/windows/win32/debug/system-error-codes (winerror.h).
"""

from __future__ import annotations

from typing import NamedTuple

#: The calls that say so of a session that has gone, those that list sessions, and those that look accounts up.
_OF_A_SESSION = ("WTSQuerySessionInformation", "WTSLogoffSession", "WTSDisconnectSession")
_OF_THE_LIST = ("WTSEnumerateSessionsEx", "WTSOpenServerEx")
#: Of a session that has gone, the engine tells no error here.
_OF_MESSAGES = ("WTSSendMessage",)
_READS_NOTHING = "Nothing to do: nobody reads there now. With grace, it is logged off at the end all the same."
_GONE = "Nothing to do: the session has gone."
#: Those that write to the event log.
_OF_THE_LOG = ("RegisterEventSource", "ReportEvent")
_OF_ACCOUNTS = ("LookupAccountName", "LookupAccountSid", "GetUserNameEx")


class Win32Error(NamedTuple):
    """A Win32 error, or the want of one, explained for somebody who manages sessions."""

    code: int | None
    """None: the call did not come back, so that Windows gave no code."""
    name: str | None
    message: str
    hint: str
    calls: tuple[str, ...] = ()
    """The calls of which it means this; empty: any other."""


_ERRORS = (
    Win32Error(
        None,
        None,
        "the server did not answer within server_timeout",
        "Check the server, or raise server_timeout; the next run tells what became of its sessions.",
    ),
    Win32Error(
        None,
        None,
        "the event log service did not answer",
        "Check the service EventLog of the host; what was changed is in the result of the task.",
        _OF_THE_LOG,
    ),
    Win32Error(
        0,
        "ERROR_SUCCESS",
        "Windows answered with nothing, and gave no error",
        "Check that the connecting account has the permission Query Information; if it has, please report it.",
    ),
    Win32Error(
        5,
        "ERROR_ACCESS_DENIED",
        "the connecting account may not do this",
        "Connect (or become) as an administrator; or grant Query Information and Reset, Disconnect or Message.",
    ),
    Win32Error(
        5,
        "ERROR_ACCESS_DENIED",
        "the connecting account may not write to the Application log",
        "Connect (or become) as an administrator; what was changed is in the result of the task.",
        _OF_THE_LOG,
    ),
    Win32Error(
        6,
        "ERROR_INVALID_HANDLE",
        "the connection to the Remote Desktop Services of the server was lost",
        "Check that the server is up and run the task again.",
    ),
    Win32Error(
        1702,
        "RPC_S_INVALID_BINDING",
        "the connection to the Remote Desktop Services of the server is not usable",
        "Check the server's name, and that its TermService runs.",
    ),
    Win32Error(
        1722,
        "RPC_S_SERVER_UNAVAILABLE",
        "the server's Remote Desktop Services do not answer",
        "Check that it is up, that TermService runs, and that its firewall lets RPC in (TCP 135, 445).",
    ),
    Win32Error(
        1726,
        "RPC_S_CALL_FAILED",
        "the Remote Desktop Services of the server broke off the call",
        "Check that TermService is not restarting and run the task again.",
    ),
    Win32Error(
        2,
        "ERROR_FILE_NOT_FOUND",
        "Windows does not have this session",
        _GONE,
        _OF_A_SESSION,
    ),
    Win32Error(
        2,
        "ERROR_FILE_NOT_FOUND",
        "this session is disconnected, and takes no message",
        _READS_NOTHING,
        _OF_MESSAGES,
    ),
    Win32Error(
        2,
        "ERROR_FILE_NOT_FOUND",
        "the server does not tell its sessions",
        "Check the server's name, and that its TermService runs.",
        _OF_THE_LIST,
    ),
    Win32Error(
        2,
        "ERROR_FILE_NOT_FOUND",
        "Windows does not find what was asked for",
        "Check the name of the server, and that its TermService runs.",
    ),
    Win32Error(
        259,
        "ERROR_NO_MORE_ITEMS",
        "the connecting account may see none of the sessions",
        "Connect (or become) as an administrator; or grant Query Information.",
        _OF_THE_LIST,
    ),
    Win32Error(
        1115,
        "ERROR_SHUTDOWN_IN_PROGRESS",
        "the server is going down",
        "Run the task again when it is up.",
    ),
    Win32Error(
        1722,
        "RPC_S_SERVER_UNAVAILABLE",
        "the server reaches no domain controller that knows the account",
        "Check its network and its DNS, or name accounts as DOMAIN\\user.",
        _OF_ACCOUNTS,
    ),
    Win32Error(
        1502,
        "ERROR_LOG_FILE_FULL",
        "the Application log is full",
        "Let new events overwrite the oldest ones, or clear it; what was changed is in the result of the task.",
        _OF_THE_LOG,
    ),
    Win32Error(
        1722,
        "RPC_S_SERVER_UNAVAILABLE",
        "the event log service does not run",
        "Check the service EventLog of the host; what was changed is in the result of the task.",
        _OF_THE_LOG,
    ),
    Win32Error(
        1332,
        "ERROR_NONE_MAPPED",
        "the server does not know the account that the task runs as",
        "Check that the server reaches a domain controller, or name the account instead of 'current'.",
    ),
    Win32Error(
        1337,
        "ERROR_INVALID_SID",
        "this is not a SID",
        "Write it as 'whoami /user' shows it (S-1-5-21-…).",
    ),
    Win32Error(
        1355,
        "ERROR_NO_SUCH_DOMAIN",
        "the domain of the account is not known, or none of its controllers answers",
        "Check the name, and that the server reaches a domain controller.",
    ),
    Win32Error(
        1789,
        "ERROR_TRUSTED_RELATIONSHIP_FAILURE",
        "the server has lost its trust with the domain",
        "Repair the trust (Test-ComputerSecureChannel -Repair) or name accounts as DOMAIN\\user.",
    ),
    Win32Error(
        2138,
        "NERR_WkstaNotStarted",
        "the server does not tell its own name, which .\\user needs",
        "Start its Workstation service (LanmanWorkstation), or write the server's name before the backslash.",
    ),
    Win32Error(
        7007,
        "ERROR_CTX_CLOSE_PENDING",
        "the session is being closed already",
        "It goes by itself; one that stays so is stuck: win_rds_logoff with on_timeout=terminate, or a restart.",
    ),
    Win32Error(
        7022,
        "ERROR_CTX_WINSTATION_NOT_FOUND",
        "Windows does not have this session",
        _GONE,
        _OF_A_SESSION,
    ),
    Win32Error(
        7022,
        "ERROR_CTX_WINSTATION_NOT_FOUND",
        "this session is disconnected, and takes no message",
        _READS_NOTHING,
        _OF_MESSAGES,
    ),
    Win32Error(
        7022,
        "ERROR_CTX_WINSTATION_NOT_FOUND",
        "the server does not tell its sessions",
        "Check the server's name, and that its TermService runs.",
        _OF_THE_LIST,
    ),
    Win32Error(
        7024,
        "ERROR_CTX_WINSTATION_BUSY",
        "the session is busy, as while somebody is just logging on or off",
        "Run the task again; one that stays so needs on_timeout=terminate or a restart.",
    ),
    Win32Error(
        7045,
        "ERROR_CTX_WINSTATION_ACCESS_DENIED",
        "the connecting account may not touch this session",
        "Connect (or become) as an administrator of the server.",
    ),
)
_BY_CALL = {(call, error.code): error for error in _ERRORS for call in error.calls or ("",)}

#: HRESULTs that wrap a Win32 error: FACILITY_WIN32 with the bit of failure,
#: https://learn.microsoft.com/openspecs/windows_protocols/ms-erref/0642cb2f-2075-4469-918c-4441e69c548a
_WRAPPED = range(0x80070000, 0x80080000)
#: The first NTSTATUS that is an error,
#: https://learn.microsoft.com/openspecs/windows_protocols/ms-erref/87fba13e-bf06-450e-83b1-9241dc81e781
_FIRST_NTSTATUS = 0xC0000000


def explain(call: str, code: int | None) -> Win32Error:
    """Return what is known of a Win32 error code that a call gave, or of a call that did not come back (None)."""
    if code is not None and code < 0:
        code += 2**32  # .NET tells a last error as a number with a sign
    if code is not None and code >= 2**31:
        return _of_another_kind(call, code)
    return (
        _BY_CALL.get((call, code))
        or _BY_CALL.get(("", code))
        or Win32Error(
            code,
            f"WIN32_{code}",
            "Windows gave an error that is seldom seen here",
            f"'net helpmsg {code}' on a Windows host tells its text.",
        )
    )


def _of_another_kind(call: str, code: int) -> Win32Error:
    """An HRESULT or an NTSTATUS, which have a form of their own."""
    name = f"{'NTSTATUS' if code >= _FIRST_NTSTATUS else 'HRESULT'}_0x{code:08X}"
    win32 = code & 0xFFFF
    # Only as itself does it say to the engine that the session has gone.
    if code in _WRAPPED and (known := explain(call, win32)).name != f"WIN32_{win32}" and known.hint != _GONE:
        return known._replace(code=code, name=name)
    return Win32Error(
        code,
        name,
        "Windows gave an error that is seldom seen here",
        f"'certutil -error 0x{code:08X}' on a Windows host tells its text.",
    )
