# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Log sessions off: check the options, launch the engine once, tell what became of each session."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ..plugin_utils import _results
from ..plugin_utils._durations import format_duration
from ..plugin_utils._selection import ARGUMENT_SPEC, Selection, duration_option
from ..plugin_utils._session_action import SessionAction, TaskFailed

DEFAULT_TIMEOUT = "2m"

#: More than any host has.
MOST_SESSIONS = 65535


class ActionModule(SessionAction):
    ARGUMENT_SPEC: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        **ARGUMENT_SPEC,
        "protect_console": {"type": "bool", "default": True},
        "wait": {"type": "bool", "default": True},
        "timeout": {"type": "str"},
        "on_timeout": {"type": "str", "choices": ["fail", "terminate"], "default": "fail"},
        "max_parallel": {"type": "int"},
    }

    def run_task(self, options: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        selection = Selection.from_options(options)
        timeout, server_timeout = _limits(options)
        report = self.run_engine(
            {
                **selection.engine_options(),
                "server_timeout_ms": str(round(server_timeout * 1000)),
                "protect_console": options["protect_console"],
                "wait": options["wait"],
                "timeout_ms": str(round(timeout * 1000)),
                "max_parallel": None if options["max_parallel"] is None else str(options["max_parallel"]),
                "terminate": options["on_timeout"] == "terminate",
            },
            task_vars,
        )
        servers = [
            _results.server_records(raw, selection, task_vars["inventory_hostname"]) for raw in report["servers"]
        ]
        records = [record for server in servers for record in server.records]
        for server in servers:
            if server.error:
                self.say(f"{server.name}: {_results.error_text(server.error)}")
        for record in records:
            _add_reason(record, timeout)
            self.say(_action_text(record))
        not_found = selection.not_found({match for server in servers for match in server.found})
        result: dict[str, Any] = {
            "changed": any(server.changed for server in servers),
            "sessions": records,
            "not_found": not_found,
            "servers": [{"server": server.name, "error": server.error} for server in servers],
            "summary": _results.summarize(records),
            "msg": _results.summary_text(records, not_found),
        }
        if self._task.diff:
            result["diff"] = _results.session_diff(records)
        reasons = _results.failure_reasons(servers, records)
        # A server that could not be asked may have it; that server is the reason then.
        if not_found and options["missing"] == "fail" and not any(server.error for server in servers):
            reasons.append(f"not found: {', '.join(not_found)} (missing=fail). Check the names, or leave missing out.")
        if reasons:
            raise TaskFailed(**{**result, "msg": _results.failure_text(reasons, records, not_found)})
        return result


def _limits(options: dict[str, Any]) -> tuple[float, float]:
    """The time for a session to log off, and that for a server to answer, in seconds."""
    if not options["wait"]:
        for option, given in (
            ("timeout", options["timeout"] is not None),
            ("max_parallel", options["max_parallel"] is not None),
            ("on_timeout=terminate", options["on_timeout"] == "terminate"),
        ):
            if given:
                raise TaskFailed(f"{option} is about the wait, so it contradicts wait=false: leave one of them out")
    if options["max_parallel"] is not None and not 1 <= options["max_parallel"] <= MOST_SESSIONS:
        raise TaskFailed(f"max_parallel: {options['max_parallel']} is not accepted; accepted are 1 to {MOST_SESSIONS}")
    given_timeout = DEFAULT_TIMEOUT if options["timeout"] is None else options["timeout"]
    timeout = duration_option({"timeout": given_timeout}, "timeout") or 0.0
    if timeout < 0.001:
        raise TaskFailed("timeout: 0 would give no session the time to log off; use wait=false to return at once")
    server_timeout = duration_option(options, "server_timeout") or 0.0
    if server_timeout < 0.001:
        raise TaskFailed("server_timeout: 0 would give no server the time to answer")
    return timeout, server_timeout


def _add_reason(record: _results.Record, timeout: float) -> None:
    """Say why a session was not logged off, where Windows gave no error."""
    if record["error"]:
        return
    if record["result"] == "timed_out":
        ended = ", ".join(process["name"] for process in record["ended_processes"])
        record["error"] = _results.own_error(
            f"Windows accepted the logoff and still had the session after {format_duration(timeout)}"
            + (f" and after {ended} had been ended" if ended else ""),
            "Raise 'timeout', see which program of the session does not end, or end them with on_timeout=terminate."
            if not ended
            else "Restart the host if it has to be empty.",
        )
    elif record["result"] == "protected" and _results.is_named(record):
        record["error"] = _protection(record)


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
    if record["ended_processes"]:
        text += f", having ended {', '.join(process['name'] for process in record['ended_processes'])}"
    return text + (f": {_results.error_text(record['error'])}" if record["error"] else "")
