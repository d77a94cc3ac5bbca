# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the logon mode of a host is to the registry, and to whoever reads about it.

Sources, and what Microsoft does not document: docs/docsite/rst/logon_mode.rst.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from .._engine.acts import NOTHING_CHANGED
from .._engine.report import RefusedCall, ReportError, read
from .._engine.requests import sent_members
from .._options.errors import OptionError
from .._result import records, sentences
from .registry import REG_DWORD, REG_SZ, MaintenanceRecord, Reading, Value

#: What each mode means for users, in the words of a message.
MODES = {
    "enabled": "users log on",
    "disabled": "nobody logs on or reconnects",
    "drain": "users reconnect to their sessions, and get no new ones",
    "drain_until_restart": "users reconnect to their sessions, and get no new ones until the host restarts",
}

#: As ``change logon`` takes them, with a slash or without, and as ``Get-RDSessionHost`` tells one of them.
_COMMANDS = {"enable": "enabled", "disable": "disabled", "notuntilrestart": "drain_until_restart"}

#: What may mean more than one mode.
_CLOSING = (
    "off",
    "false",
    "no",
    "closed",
    "close",
    "deny",
    "denied",
    "block",
    "blocked",
    "lock",
    "locked",
    "maintenance",
)
_OPENING = ("on", "true", "yes", "open", "opened", "allow", "allowed", "normal", "undrain")

#: The texts of the registry values that make a mode; a value that is not named does not matter to it.
REGISTRY = {
    "enabled": {"drain_mode": "0", "winstations_disabled": "0"},
    "disabled": {"winstations_disabled": "1"},
    "drain": {"drain_mode": "2", "winstations_disabled": "0"},
    "drain_until_restart": {"drain_mode": "1", "winstations_disabled": "0"},
}

#: The engine's options and where they are, by which a message names them.
VALUES = {
    "drain_mode": r"HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server\TSServerDrainMode",
    "winstations_disabled": r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon\WinStationsDisabled",
}

#: The types of these values.
TYPES = {"drain_mode": REG_DWORD, "winstations_disabled": REG_SZ}
#: https://learn.microsoft.com/windows/win32/sysinfo/registry-value-types
_TYPE_NAMES = {1: "REG_SZ", 2: "REG_EXPAND_SZ", 3: "REG_BINARY", 4: "REG_DWORD", 7: "REG_MULTI_SZ", 11: "REG_QWORD"}

#: Errors that mean something else for the registry than for sessions: message and hint.
_ERRORS = {
    0: ("what was written is not there", "Look for what else sets it: a policy, a script."),
    2: ("the host does not have this registry key", "Check that it is a Windows host with Remote Desktop Services."),
    5: ("the connecting account may not do this", "Connect (or become) as an administrator of the host."),
}


@dataclass(frozen=True, kw_only=True)
class ValuesRequest:
    """What each engine is asked that may write the two values."""

    check_mode: bool
    """Read and report; write nothing."""
    drain_mode: str | None = None
    """What is written; None: the value is left as it is. So the next one."""
    winstations_disabled: str | None = None

    @property
    def text(self) -> str:
        """The request as the engine takes it."""
        return json.dumps(sent_members(self))

    @property
    def may_change(self) -> bool:
        """Whether the engine may write a value."""
        return not self.check_mode


@dataclass(frozen=True, kw_only=True)
class LogonModeRequest(ValuesRequest):
    """What the engine is asked: the request class in plugins/module_utils/_logon_mode.cs, which says what it means."""

    module: ClassVar[str] = "winops.rds.win_rds_logon_mode"
    called: ClassVar[str] = "the logon mode engine"

    trace: str | None = None

    @property
    def if_unanswered(self) -> str:
        """What may have happened if no report arrived, and what to do."""
        return "The mode may have been set; run the task again" if self.may_change else NOTHING_CHANGED

    def read(self, answer: Any) -> Report:
        """Return the report in an answer.

        :raises ReportError: something is missing, not of its type, or cannot be.
        """
        return read_report(Report, answer)


#: What the engine is asked by who only reads.
READING = LogonModeRequest(check_mode=True)


@dataclass(frozen=True)
class ValuesReport:
    """What each of these engines saw and did."""

    before: Reading | None
    """The logon mode at first; None: it could not be read."""
    after: Reading | None
    written: tuple[str, ...]
    """Which of the two values were written."""
    error: RefusedCall | None
    logged: RefusedCall | None
    """What came of writing an event; code 0: it was written. None: nothing was changed, so that there is none."""


@dataclass(frozen=True)
class Report(ValuesReport):
    """What the engine of the logon mode saw and did (LogonModeReport)."""

    maintenance: MaintenanceRecord | None
    """None: the host is not in maintenance."""


R = TypeVar("R", bound=ValuesReport)


def mode_meant(value: Any) -> Any:
    """Return the mode that was meant, in the words of ``change logon`` too; what is none, as it is.

    :raises OptionError: it is no mode, and there is a word for what was meant.
    """
    if not isinstance(value, (str, bool)):
        return value
    word = str(value).strip().lstrip("/-").lower()
    if word in ("query", "q", "get", "status"):
        raise OptionError("mode is what is set. To read the mode, use winops.rds.win_rds_logon_mode_info")
    told = f"mode: {value!r} is not a logon mode"
    if word in _CLOSING:
        raise OptionError(f"{told}; write one of {', '.join(f'{m} ({MODES[m]})' for m in MODES if m != 'enabled')}")
    if word in _OPENING:
        raise OptionError(f"{told}; write enabled ({MODES['enabled']})")
    # A host is restarted or rebooted, in the words of the one command or of the other.
    word = re.sub(r"reboot$", "restart", re.sub(r"^change\s+logon\s+/", "", word))
    if word.endswith("restart") and word not in _COMMANDS and "drain" not in word:
        raise OptionError(f"{told}; write drain_until_restart ({MODES['drain_until_restart']})")
    return _COMMANDS.get(word, word)


def request_for(mode: str, *, check_mode: bool, trace: str) -> LogonModeRequest:
    """Return what the engine is asked by who sets a mode."""
    return LogonModeRequest(check_mode=check_mode, trace=trace, **REGISTRY[mode])


def read_report(kind: type[R], value: Any) -> R:
    """Return the report of an engine.

    :raises ReportError: something is missing, not of its type, or cannot be.
    """
    report: R = read(kind, value, "report")
    for name in ("before", "after"):
        if getattr(report, name) is None and report.error is None:
            raise ReportError(f"report.{name} is missing")
    if not set(report.written) <= set(VALUES):
        raise ReportError("report.written names another value")
    return report


def mode_of(reading: Reading | None) -> str | None:
    """Return the mode that the registry stands for; None if it could not be read, or stands for none.

    A value that is not there is as 0.
    """
    if reading is None:
        return None
    texts = {name: _text(name, getattr(reading, name)) for name in VALUES}
    return next((mode for mode, values in REGISTRY.items() if values.items() <= texts.items()), None)


def _text(name: str, value: Value | None) -> str | None:
    if value is None:
        return "0"
    return value.text if value.type == TYPES[name] else None


def odd_values_text(reading: Reading | None) -> str:
    """Return what the registry holds, where that stands for no mode."""
    values = {name: getattr(reading, name, None) for name in VALUES}
    return ", ".join(
        f"{VALUES[name]} is {_TYPE_NAMES.get(value.type, value.type)} {value.text!r}"
        for name, value in values.items()
        if value is not None
    )


def windows_error(refused: RefusedCall) -> dict[str, Any]:
    """Return code, name, message and hint for a call that Windows refused."""
    error = records.windows_error(refused)
    if refused.code in _ERRORS:
        message, hint = _ERRORS[refused.code]
        error |= {"message": f"{message} ({refused.call})", "hint": hint}
    return error


def reading_result(report: Report) -> dict[str, Any]:
    """Return the result of a task that only reads, from the engine's report."""
    mode = mode_of(report.after)
    error = windows_error(report.error) if report.error else None
    if error:
        message = f"the logon mode could not be read: {sentences.error_text(error)}"
    elif mode is None:
        message = (
            f"The registry stands for no logon mode: {odd_values_text(report.after)}. "
            "Set one with winops.rds.win_rds_logon_mode."
        )
    else:
        message = f"The logon mode is {mode}: {MODES[mode]}."
    return {"changed": False, **state_of(mode), "error": error, "msg": message}


def setting_result(report: Report, wanted: str, *, check_mode: bool) -> dict[str, Any]:
    """Return the result of a task that sets a mode, from the engine's report."""
    previous, after = mode_of(report.before), mode_of(report.after)
    would_change = check_mode and report.before is not None and wanted != previous
    mode = wanted if would_change else after
    error = windows_error(report.error) if report.error else None
    if error is None and mode != wanted:
        error = records.own_error(
            f"{wanted} was written, and the registry now stands for {mode or 'no mode'}",
            "Look for what else sets it: a policy, a script, a connection broker.",
        )
    if error:
        state = f" It is {mode}." if mode else ""
        message = f"the logon mode could not be set to {wanted}: {sentences.error_text(error)}{state}"
    else:
        meaning = f"{wanted}: {MODES[wanted]}."
        was = previous or "none that is known"
        if would_change:
            message = f"The logon mode is {was} and would be {meaning}"
        elif report.written:
            message = f"The logon mode was {was} and is now {meaning}"
        else:
            message = f"The logon mode is already {meaning}"
    return {
        "changed": would_change or bool(report.written),
        "previous_mode": previous,
        **state_of(mode),
        "error": error,
        "msg": message,
    }


def state_of(mode: str | None) -> dict[str, Any]:
    """Return what each result says of the mode that a host has."""
    return {"mode": mode, "accepts_logons": None if mode is None else mode == "enabled"}


def diff_of(result: Mapping[str, Any]) -> dict[str, str]:
    """Return the mode before and after, for ``--diff``."""
    return {
        "before_header": "logon mode before",
        "after_header": "logon mode after",
        "before": f"{result['previous_mode'] or 'unknown'}\n",
        "after": f"{result['mode'] or 'unknown'}\n",
    }
