# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The form of the engine's report, checked before anything is made of it.

Between the engine and the controller are PowerShell, JSON and the connection; what they spoil is not to be told as the
truth, nor to end in a traceback.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_ERROR = {"call": str, "code": int}
_PROCESS = {"id": int, "name": str}
_SESSION = {
    "id": int,
    "name": str,
    "user": str,
    "domain": str,
    "state": int,
    "protocol": (int, None),
    "client_name": (str, None),
    "client_address": (str, None),
    "locked": (bool, None),
    "logon_time": int,
    "connect_time": int,
    "disconnect_time": int,
    "last_input_time": int,
    "current_time": int,
    "incoming_bytes": int,
    "outgoing_bytes": int,
    "matched_by": [str],
    "result": (str, None),
    "requested": bool,
    "answer": (int, None),
    "error": (_ERROR, None),
    "elapsed_ms": int,
    "ended_processes": [_PROCESS],
}
_SERVER = {
    "server": str,
    "computer_name": str,
    "found": [str],
    "sessions": [_SESSION],
    "error": (_ERROR, None),
    "crash": (str, None),
}
_REPORT = {"servers": [_SERVER], "unknown_exclusions": [str], "error": (_ERROR, None)}

#: Results that mean a failure of Windows, which comes with its error.
_WITH_ERROR = ("denied", "failed")
_CRITERIA = ("session_ids", "session_names", "current", "users", "states", "client_names", "client_networks")
_ANY_RESULTS = ("already_gone", "spared", "protected", "timed_out", *_WITH_ERROR)
#: For each action, what may have become of a session beside that.
_RESULTS = {
    "list": (),
    "log_off": ("logged_off", "requested"),
    "disconnect": ("disconnected", "already_disconnected"),
    "send_message": ("sent", "answered", "no_answer"),
}


class ReportError(ValueError):
    """The report is not of this form; the message says where, for who looks into it."""


def check_report(report: Any, options: Mapping[str, Any], *, check_mode: bool) -> None:
    """Check the report that answers these options of the engine.

    :raises ReportError: something is missing, not of its type, or cannot be.
    """
    check_form(report, _REPORT, "report")
    if not report["error"] and [server["server"] for server in report["servers"]] != options["servers"]:
        raise ReportError("report.servers are not those of the task")
    for number, server in enumerate(report["servers"]):
        where = f"report.servers[{number}]"
        _check_matches(server["found"], options, f"{where}.found")
        for position, session in enumerate(server["sessions"]):
            of_session = f"{where}.sessions[{position}]"
            _check_result(session, options["action"], check_mode, f"{of_session}.result")
            _check_matches(session["matched_by"], options, f"{of_session}.matched_by")


def _check_result(session: Mapping[str, Any], action: str, check_mode: bool, where: str) -> None:
    result = session["result"]
    if result is None:
        fits = check_mode or action == "list"
    else:
        fits = result in _ANY_RESULTS + _RESULTS[action] and (result not in _WITH_ERROR or bool(session["error"]))
    if not fits:
        raise ReportError(f"{where} is {_short(result)}")


def _check_matches(matches: list[str], options: Mapping[str, Any], where: str) -> None:
    """Each is a criterion and the position of its value, such as ``users:0``."""
    for match in matches:
        criterion, _separator, position = match.partition(":")
        values = options.get(criterion) if criterion in _CRITERIA else None
        count = len(values) if isinstance(values, list) else int(bool(values))
        if not (position.isascii() and position.isdigit() and int(position[:9]) < count):
            raise ReportError(f"{where} holds {_short(match)}")


def check_form(value: Any, form: Any, where: str) -> None:
    """Check that a value has a form: a type, [the form of each element], {key: form} or (a form, or null).

    :raises ReportError: it has not.
    """
    if isinstance(form, tuple):
        if value is None:
            return
        form = form[0]
    kind = form if isinstance(form, type) else type(form)
    fits = isinstance(value, kind) and not (kind is int and isinstance(value, bool))
    # What the engine counts has 64 bits.
    if not fits or (kind is int and value.bit_length() > 64):
        raise ReportError(f"{where} is {_short(value)}")
    if isinstance(form, list):
        for position, element in enumerate(value):
            check_form(element, form[0], f"{where}[{position}]")
    if isinstance(form, dict):
        for key, of_key in form.items():
            if key not in value:
                raise ReportError(f"{where}.{key} is missing")
            check_form(value[key], of_key, f"{where}.{key}")


def _short(value: Any) -> str:
    text = (
        type(value).__name__ if isinstance(value, (list, Mapping, int)) and not isinstance(value, bool) else repr(value)
    )
    return text if len(text) <= 20 else f"{text[:20]}…"
