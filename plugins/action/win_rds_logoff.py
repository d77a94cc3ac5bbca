# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Log sessions off: check the options, launch the engine once, tell what became of each session."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ..plugin_utils import _results
from ..plugin_utils._durations import format_duration, parse_duration
from ..plugin_utils._selection import ARGUMENT_SPEC, Selection
from ..plugin_utils._session_action import SessionAction, TaskFailed

DEFAULT_TIMEOUT = "2m"


class ActionModule(SessionAction):
    ARGUMENT_SPEC: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        **ARGUMENT_SPEC,
        "protect_console": {"type": "bool", "default": True},
        "wait": {"type": "bool", "default": True},
        "timeout": {"type": "str"},
    }

    def run_task(self, options: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        selection = Selection.from_options(options)
        timeout = _timeout(options)
        report = self.run_engine(
            {
                **selection.engine_options(),
                "protect_console": options["protect_console"],
                "wait": options["wait"],
                "timeout_ms": str(round(timeout * 1000)),
            },
            task_vars,
        )
        server = report["computer_name"] or task_vars["inventory_hostname"]
        records = [_results.session_record(raw, server, selection) for raw in report["sessions"]]
        failures = [record for record in records if _fails(record, selection, timeout)]
        for record in records:
            self.say(_action_text(record))
        result = self._result(
            records, selection.not_found({selection.describe_match(match) for match in report["found"]})
        )
        if failures:
            raise TaskFailed(**{**result, "msg": _results.failure_text(failures, records)})
        return result

    def _result(self, records: list[_results.Record], not_found: list[str]) -> dict[str, Any]:
        result = {
            "changed": any(record["result"] in _results.CHANGED for record in records),
            "sessions": records,
            "not_found": not_found,
            "summary": _results.summarize(records),
            "msg": _results.summary_text(records, not_found),
        }
        if self._task.diff:
            result["diff"] = _results.session_diff(records)
        return result


def _timeout(options: dict[str, Any]) -> float:
    if options["timeout"] is not None and not options["wait"]:
        raise TaskFailed("timeout limits the wait, so it contradicts wait=false: leave one of them out")
    try:
        seconds = parse_duration(DEFAULT_TIMEOUT if options["timeout"] is None else options["timeout"])
    except ValueError as error:
        raise TaskFailed(f"timeout: {error}") from None
    if seconds < 0.001:
        raise TaskFailed("timeout: 0 would give no session the time to log off; use wait=false to return at once")
    return seconds


def _fails(record: _results.Record, selection: Selection, timeout: float) -> bool:
    """Whether the record makes the task fail. Adds the reason where Windows gave none."""
    if record["result"] == "timed_out":
        record["error"] = _results.own_error(
            f"Windows accepted the logoff and still had the session after {format_duration(timeout)}",
            "Raise 'timeout', or see which program of the session does not end.",
        )
    elif record["result"] == "protected" and selection.sessions:
        record["error"] = _protection(record)
        return True
    return record["result"] in _results.FAILED


def _protection(record: _results.Record) -> dict[str, Any]:
    if record["id"] == 0:
        return _results.own_error("session 0 runs the services of Windows and is never logged off", "Leave it out.")
    if record["state"] == "listen" or record["id"] >= 65536:
        return _results.own_error("this is a listener, which waits for connections, and not a session", "Leave it out.")
    return _results.own_error("the console session is protected", "Set protect_console=false to log it off.")


def _action_text(record: _results.Record) -> str:
    text = f"{record['server']}: {_results.session_title(record)}: {_results.RESULTS[record['result']]}"
    if record["result"] == "logged_off":
        text += f" after {format_duration(record['elapsed_seconds'])}"
    return text + (f": {_results.error_text(record['error'])}" if record["error"] else "")
