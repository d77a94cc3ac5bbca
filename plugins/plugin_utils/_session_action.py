# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the action plugins of all session modules share: options in, one launch of the engine, failures out."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from ansible import context
from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.action import ActionBase

# For the libraries that these import, pywinrm and pypsrp. Ansible loads this file once and then starts a process for
# each host, which otherwise imports them again: two thirds of what a host costs the controller.
from ansible.plugins.connection import psrp as _psrp  # noqa: F401 # pylint: disable=unused-import
from ansible.plugins.connection import winrm as _winrm  # noqa: F401 # pylint: disable=unused-import

from . import _results
from ._options import OptionError, refuse_repeated, validated_options
from ._report import ReportError, check_report
from ._results import ACTIONS, Error, Record, error_text, own_error, windows_error
from ._selection import Selection

ENGINE = "winops.rds.win_rds_engine"
LONGEST_REFUSAL = 600  # characters


class TaskFailed(Exception):
    """The task ends with this message and these results. Raised instead of AnsibleActionFail, whose handling
    shows the path and the traceback of the plugin to a user who made a typing mistake."""

    def __init__(self, msg: str, **result: Any) -> None:
        if not result:
            msg = _one_line(msg)
        super().__init__(msg)
        self.result = {**result, "failed": True, "msg": msg}


class NoAnswer(TaskFailed):
    """The engine was launched and was not heard, so that what it did is not known."""


def milliseconds(seconds: float) -> str:
    """Return a duration as the engine takes it."""
    return str(round(seconds * 1000))


def _unexplained(record: Record) -> Error:
    return own_error("Windows was not done in time", "Run the task again to see what became of the session.")


class SessionAction(ActionBase):
    """Base of the action plugins.

    A plugin names its options in :attr:`ARGUMENT_SPEC` and does its work in :meth:`run_task`, which is called with
    options that have the declared types, returns the task's result and may raise :class:`TaskFailed` or
    :class:`OptionError`.
    """

    TRANSFERS_FILES = False
    # From ansible-core 2.19 on. What is meant by `-a 12` is said here then, and not "does not support raw params".
    supports_raw_params = True
    ARGUMENT_SPEC: ClassVar[Mapping[str, Mapping[str, Any]]] = {}

    def run_task(self, options: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        raise NotImplementedError

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        options: dict[str, Any] = {}
        result: dict[str, Any] = {}
        try:
            self._refuse_async()
            result = super().run(tmp, task_vars)
            refuse_repeated(context.CLIARGS.get("module_args"))
            options = validated_options(self._task.args, self.ARGUMENT_SPEC)
            self._require_windows()
            result.update(self.run_task(options, task_vars or {}))
        except TaskFailed as failure:
            result.update(failure.result)
        except OptionError as error:
            result.update(TaskFailed(str(error)).result)
        result["invocation"] = {"module_args": options or dict(self._task.args)}
        return result

    @staticmethod
    def engine_options(selection: Selection, action: str, **used: Any) -> dict[str, Any]:
        """Return all options of win_rds_engine: those that an action uses, and what the others have to be given."""
        return {
            **selection.engine_options(),
            "server_timeout_ms": milliseconds(selection.server_timeout),
            "action": action,
            "logons": None,
            "newcomers": True,
            "protect_console": False,
            "wait": False,
            "timeout_ms": "0",
            "max_parallel": None,
            "terminate": False,
            "title": None,
            "message": None,
            "message_style": "0",
            "message_seconds": "0",
            "wait_for_answer": False,
            "remaining_ms": None,
            **used,
        }

    def run_engine(self, options: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """Launch the engine on the target, once, and return its report.

        :raises NoAnswer: the connection broke, or the report cannot be read.
        :raises TaskFailed: the launch failed, or an account could not be looked up: nothing was touched.
        :raises AnsibleConnectionFailure: the host is not reached.
        """
        unheard = ACTIONS[options["action"]].if_unheard
        report = self.launch(ENGINE, "the session engine", options, task_vars, unheard)
        try:
            check_report(report, options, check_mode=self._task.check_mode)
        except ReportError as error:
            raise NoAnswer(
                f"the session engine's answer cannot be read: {error}. {unheard}, with -vvv to see the answer."
            ) from None
        for account in report["unknown_exclusions"]:
            self._display.warning(
                f"exclude_users: there is no account {account}, so it excludes nobody; is it misspelt?"
            )
        if report["error"]:
            raise TaskFailed(f"an account could not be looked up: {error_text(windows_error(report['error']))}")
        return report

    def launch(
        self, module: str, name: str, options: dict[str, Any], task_vars: dict[str, Any], unheard: str
    ) -> dict[str, Any]:
        """Launch a doorway on the target, and return its report as it arrived.

        :param name: what messages call it.
        :param unheard: what a message says of the host, if no answer comes from it.
        :raises NoAnswer: the connection broke.
        :raises TaskFailed: the launch failed.
        :raises AnsibleConnectionFailure: the host is not reached.
        """
        try:
            result = self._execute_module(module_name=module, module_args=options, task_vars=task_vars)
        except AnsibleConnectionFailure:
            raise  # Ansible says that the host is unreachable
        except Exception as error:
            # The connection broke after the launch had begun; the engine goes on without it. Each connection plugin has
            # exceptions of its own for that, and lets those of the libraries below it through.
            self._display.vvv(traceback.format_exc())
            raise NoAnswer(f"no answer from {name}: {error}. {unheard}.") from None
        report: dict[str, Any] | None = result.get("report")
        if report is None:
            # The launch failed before the engine could speak: these are Ansible's and PowerShell's own words.
            raise TaskFailed(**{"msg": f"{name} did not run", **result})
        return report

    def session_result(
        self,
        report: Mapping[str, Any],
        selection: Selection,
        task_vars: Mapping[str, Any],
        action: str,
        explain: Callable[[Record], Error] = _unexplained,
    ) -> dict[str, Any]:
        """Return the result of a task, and tell what became of each session with ``-v``.

        :param explain: says why a session timed out or failed, where Windows gave no error.
        :raises TaskFailed: something failed; it has the same result, with the reasons.
        """
        servers = [
            _results.server_records(raw, selection, action, task_vars["inventory_hostname"])
            for raw in report["servers"]
        ]
        records = [record for server in servers for record in server.records]
        for server in servers:
            if server.error:
                self.say(f"{server.name}: {error_text(server.error)}")
        for record in records:
            if record["result"] in _results.FAILED:
                record["error"] = record["error"] or explain(record)
            elif record["result"] == "protected" and _results.is_named(record):
                record["error"] = _results.protection(record, action)
            self.say(_results.session_text(record))
        not_found = selection.not_found({match for server in servers for match in server.found})
        result: dict[str, Any] = {
            "changed": any(server.changed for server in servers),
            "sessions": records,
            "not_found": not_found,
            "servers": [{"server": server.name, "error": server.error} for server in servers],
            "summary": _results.summarize(records),
            "msg": _results.summary_text(records, not_found),
        }
        if self._task.diff and ACTIONS[action].done:
            result["diff"] = _results.session_diff(records, action)
        reasons = _results.failure_reasons(servers, records)
        # A server that could not be asked may have it; that server is the reason then.
        if not_found and selection.missing == "fail" and not any(server.error for server in servers):
            names = _results.names_text(not_found)
            reasons.append(f"not found: {names} (missing=fail). Check the names, or leave missing out.")
        if reasons:
            raise TaskFailed(**{**result, "msg": _results.failure_text(reasons, records, not_found)})
        return result

    def say(self, text: str) -> None:
        """Show a line with ``-v``."""
        self._display.v(text, host=self._play_context.remote_addr)

    def _refuse_async(self) -> None:
        if self._task.async_val:
            raise TaskFailed(
                "async is not supported: the controller takes part in this task from its beginning to its end. Leave "
                "async out (async: 0)"
                + ("; wait=false does not wait for the sessions" if "wait" in self.ARGUMENT_SPEC else "")
                + "; with enough forks, all hosts are worked on side by side."
            )

    def _require_windows(self) -> None:
        if not getattr(self._connection._shell, "_IS_WINDOWS", False):
            raise TaskFailed(
                f"{self._task.action} works on Windows hosts, and this one is reached by the connection "
                f"'{self._connection.transport}' with a POSIX shell. Use ansible_connection winrm, psrp or ssh "
                "(with ansible_shell_type powershell)."
            )


def _one_line(text: str) -> str:
    """A refusal quotes what was given, which may be of any length and form."""
    text = " ".join(text.split())
    return text if len(text) <= LONGEST_REFUSAL else f"{text[: LONGEST_REFUSAL // 2]} … {text[-LONGEST_REFUSAL // 2 :]}"
