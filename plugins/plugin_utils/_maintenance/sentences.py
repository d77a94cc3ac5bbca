# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a task says of a host that enters or exits maintenance."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Any

from .._logon_mode.maintenance import KEY, Maintenance, maintenance_of, maintenance_text
from .._logon_mode.modes import MODES, mode_of, odd_values_text, windows_error
from .._result.records import Record
from .._result.sentences import accounts_text, error_text, names_text
from .._words.displayable import displayable
from .._words.durations import format_duration
from .engine import MaintenanceReport

#: Seconds within which two times are the same to who reads them, which are told to the minute.
_PROMISED_TWICE = 60.0


def refusal_text(report: MaintenanceReport, host: str) -> str | None:
    """Return why the engine has done nothing, or None."""
    if report.other_host is not None:
        other = displayable(report.other_host)
        return (
            f"{other} and {host} are one machine, and this run works on it as {other} already. Nothing was done here. "
            "Leave one of the names out of the play."
        )
    if report.is_odd:
        return (
            f"{KEY} says that this host is in maintenance, and is not as this module writes it, so nothing was done. "
            f"The logon mode is {mode_text(report)} Set the one that you want with winops.rds.win_rds_logon_mode, and "
            f'delete the key: reg delete "{KEY}" /f'
        )
    return None


def mode_text(report: MaintenanceReport) -> str:
    """Return the logon mode that the host has now, with what it means: the end of a sentence."""
    mode = mode_of(report.after)
    if mode is not None:
        return f"{mode}: {MODES[mode]}."
    if report.after is None:
        return "not known."
    return f"none that is known: {odd_values_text(report.after)}."


def stays_text(protected: Sequence[Record], working: Sequence[Record], idle_for: float | None) -> str:
    """Return why a host could not be emptied, with the options that would change it."""
    names = names_text([*dict.fromkeys(record["account"] for record in [*protected, *working])], 10)
    text = f"Nothing was done here, because somebody would stay: {names}."
    if protected:
        text += (
            " The console is protected: set protect_console=false to log it off, or name it in exclude_sessions "
            "(console) to let it stay."
        )
    if working:
        text += (
            f" Whoever has not been idle for {format_duration(idle_for or 0)} (idle_for) is left alone: wait, "
            "or leave idle_for out to log everybody off."
        )
    return text


def promise_refusal_text(report: MaintenanceReport, planned: Sequence[Record]) -> str:
    """Return why nobody is logged off at once whom an earlier run has told of a later time."""
    return (
        f"Nothing was done here, because it stands on the host that users were told {_promised(report)}, and they "
        f"would be logged off at once: {accounts_text(planned)}. Wait until then, or tell them anew (grace=15m, "
        "message=…). To log them off all the same, let the host exit maintenance first (state=exited)."
    )


def promise_warning(report: MaintenanceReport, grace: float) -> str | None:
    """Return what somebody is to know whose users are told of less time than before, or None."""
    if 0 <= report.promised_ms <= (grace + _PROMISED_TWICE) * 1000:
        return None
    return f"users were told {_promised(report)}, and now that they have {format_duration(grace)}."


def _promised(report: MaintenanceReport) -> str:
    if report.promised_ms < 0:
        return "of a time that cannot be read any more"
    return f"that they have another {format_duration(float(round(report.promised_ms / 1000)))}"


def variables_text(msg: str, options: Sequence[str], prefix: str, variables: Collection[str]) -> str:
    """Return by which variables a role takes the options that a message names; empty: it names none.

    :param prefix: with which these variables begin.
    :param variables: those that there are.
    """
    # "reason" alone may be a word like others.
    named = [each for each in options if re.search(rf"^{each}\b|\b{each}=" + rf"|\b{each}\b" * ("_" in each), msg)]
    names = [f"{prefix}{each}" for each in named if f"{prefix}{each}" in variables]
    return f" The role takes it from {' and '.join(names)}." if names else ""


def on_texts(planned: Sequence[Record], waited_for: Sequence[Record], remaining: Sequence[Record]) -> list[str]:
    """Return who would be logged off, who would be waited for, and who is on and may stay."""
    texts = [f"To be logged off: {accounts_text(planned)}."] if planned else []
    if waited_for:
        texts.append(f"To be waited for: {accounts_text(waited_for)}.")
    may_stay = [record for record in remaining if record["result"] == "excluded"]
    if may_stay:
        texts.append(f"Still on, as they may stay: {accounts_text(may_stay)}; a restart would end their sessions.")
    return texts


def begun_text(report: MaintenanceReport, *, is_planned: bool, check_mode: bool) -> str:
    """Return what became of a host that was to enter maintenance, where nothing failed."""
    found = maintenance_of(report.found)
    if found and (report.went_on or check_mode):
        return f"The host was {maintenance_text(found)} before, and {'would stay' if check_mode else 'stays'} so."
    if is_planned:
        return (
            "Nothing speaks against maintenance." if check_mode else "Maintenance is planned: users log on as before."
        )
    return "The host would be in maintenance." if check_mode else "The host is in maintenance."


def mode_meaning(mode: str | None, *, check_mode: bool) -> str:
    verb = "would be" if check_mode else "is"
    return f"The logon mode {verb} {mode}: {MODES[mode]}." if mode else "The logon mode is none that is known."


def exit_text(report: MaintenanceReport, mode: str | None, *, check_mode: bool) -> str:
    """Return what became of a host that was to exit maintenance, where nothing failed."""
    if report.found is None:
        return f"The host is not in maintenance. Its logon mode is {mode_text(report)}"
    was = maintenance_of(report.found)
    if was is None:
        begun = f"A beginning of maintenance that was cut off {'would be' if check_mode else 'was'} removed."
        return f"{begun} It had not touched the logon mode, which is {mode_text(report)}"
    if check_mode:
        return f"The host is {maintenance_text(was)}, and would not be any more. {mode_meaning(mode, check_mode=True)}"
    text = f"The host was {maintenance_text(was)}, and is not any more."
    if not report.written and mode != was["previous_mode"]:
        return f"{text} Somebody else has set its logon mode meanwhile, which stays: {mode_text(report)}"
    return f"{text} Its logon mode is {mode_text(report)}"


def mode_after(report: MaintenanceReport, found: Maintenance, wanted: str | None) -> str | None:
    """Return the logon mode that a host would have after it has exited maintenance."""
    if wanted or not report.would_restore:
        return wanted or mode_of(report.after)
    previous: str | None = found["previous_mode"]
    return previous


def still_text(report: MaintenanceReport) -> str:
    stays = "The host stays in maintenance. " if maintenance_of(report.record) else ""
    return f"{stays}Its logon mode is {mode_text(report)} "


def error_result(report: MaintenanceReport) -> dict[str, Any] | None:
    return windows_error(report.error) if report.error else None


def refused_text(report: MaintenanceReport, what: str) -> str | None:
    """Return what could not be done and why, if Windows refused it."""
    error = error_result(report)
    return f"{what}: {error_text(error)}" if error else None
