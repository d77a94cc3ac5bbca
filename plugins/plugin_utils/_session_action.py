# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the action plugins of all session modules share: options in, one launch of the engine, failures out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.action import ActionBase

from ._report import ReportError, check_report
from ._results import error_text, windows_error
from ._selection import ARGUMENT_SPEC, SelectionError

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


class SessionAction(ActionBase):
    """Base of the action plugins.

    A plugin names its options in :attr:`ARGUMENT_SPEC` and does its work in :meth:`run_task`, which is called with
    options that have the declared types, returns the task's result and may raise :class:`TaskFailed`.
    """

    TRANSFERS_FILES = False
    ARGUMENT_SPEC: ClassVar[Mapping[str, Mapping[str, Any]]] = {}

    def run_task(self, options: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        raise NotImplementedError

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        del tmp  # not used any more, says ActionBase
        options: dict[str, Any] = {}
        try:
            options = validated_options(self._task.args, self.ARGUMENT_SPEC)
            self._require_windows()
            result.update(self.run_task(options, task_vars or {}))
        except TaskFailed as failure:
            result.update(failure.result)
        except SelectionError as error:
            result.update(TaskFailed(str(error)).result)
        result["invocation"] = {"module_args": options or dict(self._task.args)}
        return result

    def run_engine(self, options: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """Launch the engine on the target, once, and return its report.

        :raises TaskFailed: the launch failed, or its report cannot be read; or an account could not be looked up, so
            that nothing was touched.
        """
        result = self._execute_module(module_name=ENGINE, module_args=options, task_vars=task_vars)
        report: dict[str, Any] | None = result.get("report")
        if report is None:
            # The launch failed before the engine could speak: these are Ansible's and PowerShell's own words.
            raise TaskFailed(**{"msg": "the session engine did not run", **result})
        try:
            check_report(report, options, check_mode=self._task.check_mode)
        except ReportError as error:
            raise TaskFailed(
                f"the session engine's answer cannot be read: {error}. Sessions may have been logged off: --check "
                "tells who is left; run the task again with -vvv to see the answer."
            ) from None
        for account in report["unknown_exclusions"]:
            self._display.warning(
                f"exclude_users: there is no account {account}, so it excludes nobody; is it misspelt?"
            )
        if report["error"]:
            raise TaskFailed(f"an account could not be looked up: {error_text(windows_error(report['error']))}")
        return report

    def say(self, text: str) -> None:
        """Show a line with ``-v``."""
        self._display.v(text, host=self._play_context.remote_addr)

    def _require_windows(self) -> None:
        if not getattr(self._connection._shell, "_IS_WINDOWS", False):
            raise TaskFailed(
                f"{self._task.action} works on Windows hosts, and this one is reached by the connection "
                f"'{self._connection.transport}' with a POSIX shell. Use ansible_connection winrm, psrp or ssh "
                "(with ansible_shell_type powershell)."
            )


def validated_options(given: Mapping[str, Any], spec: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the options of a task with their declared types and defaults.

    :raises TaskFailed: an option is unknown, not of its type, or given in a way in which Ansible would not see what
        was meant.
    """
    spellings = {spelling for name, option in spec.items() for spelling in (name, *option.get("aliases", ()))}
    if unknown := sorted(str(name) for name in given if name not in spellings):
        raise TaskFailed(f"unknown option {', '.join(unknown)}; accepted are {', '.join(sorted(spec))}")
    for name, option in spec.items():
        _refuse_traps(name, [alias for alias in (name, *option.get("aliases", ())) if alias in given], given)
    checked = ArgumentSpecValidator(spec).validate(given)
    if checked.error_messages:
        raise TaskFailed(". ".join(checked.error_messages))
    validated: dict[str, Any] = checked.validated_parameters
    return validated


def _one_line(text: str) -> str:
    """A refusal quotes what was given, which may be of any length and form."""
    text = " ".join(text.split())
    return text if len(text) <= LONGEST_REFUSAL else f"{text[: LONGEST_REFUSAL // 2]} … {text[-LONGEST_REFUSAL // 2 :]}"


def _refuse_traps(name: str, spellings: Sequence[str], given: Mapping[str, Any]) -> None:
    """Refuse what Ansible takes quietly, and would log off others than were meant."""
    if len(spellings) > 1:
        raise TaskFailed(f"{' and '.join(spellings)} are one option: give one of them")
    for spelling in spellings:
        value = given[spelling]
        # null is "not given" to Ansible; for an option that says whom a task touches, it is a variable gone wrong.
        if value is None and name in ARGUMENT_SPEC:
            raise TaskFailed(
                f"{spelling} is null; give a value, or leave the option out (in a template: default(omit))"
            )
        # A list in a list becomes its text, which is nobody's name.
        if isinstance(value, list) and any(element is None or isinstance(element, (list, dict)) for element in value):
            raise TaskFailed(f"{spelling}: {value!r} is not a list of plain values; accepted are text and numbers")
