# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the action plugins of all session modules share: options in, one launch of the engine, failures out."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, ClassVar

from ansible import context
from ansible.plugins.connection import winrm as _winrm

from ._engine.acts import Act
from ._engine.report import Report, Session, read_report
from ._engine.requests import EngineRequest
from ._launch.action import ConnectionLost, LaunchAction
from ._launch.failed import TaskFailed
from ._options.errors import OptionError
from ._options.given import overruled_exclusions, places_of_options, refuse_repeated, validated_options
from ._options.selection import Selection
from ._result.records import Error, own_error, server_records, summarize, windows_error
from ._result.sentences import (
    error_text,
    failure_reasons,
    failure_text,
    names_text,
    not_found_text,
    session_diff,
    session_text,
    summary_text,
    unknown_exclusions_text,
    unused_sessions_text,
)

# The connection plugins are imported for their libraries, pywinrm and pypsrp. Ansible loads this file once and then
# starts a process for each host, which otherwise imports them again: two thirds of what a host costs the controller.
# With pywinrm comes most of what pypsrp needs.
if not _winrm.HAS_WINRM:
    from ansible.plugins.connection import psrp as _psrp  # noqa: F401 # pylint: disable=unused-import

#: Ansible's standard error. A worker has none from ansible-core 2.19 on, and what it hands to Ansible to show is not
#: shown any more when somebody has interrupted Ansible.
STANDARD_ERROR: int | None = None
with suppress(OSError):
    STANDARD_ERROR = os.dup(2)


def _unexplained(session: Session) -> Error:
    return own_error("Windows was not done in time", "Run the task again to see what became of the session.")


class SessionAction(LaunchAction):
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

    def validated(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return the options that a task was given, with the types and defaults of :attr:`ARGUMENT_SPEC`.

        :raises OptionError: one is unknown, missing or means nothing.
        """
        return validated_options(given, self.ARGUMENT_SPEC)

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        options: dict[str, Any] = {}
        result: dict[str, Any] = {}
        self.in_doubt = None  # with `until`, this runs more than once
        try:
            self._refuse_async()
            result = super().run(tmp, task_vars)
            refuse_repeated(context.CLIARGS.get("module_args"))
            own = places_of_options(self._task.get_ds() or {}, self._task.action)
            refuse_repeated(*own)
            options = self.validated(self._task.args)
            self._warn_of_overruled_exclusions(own, options)
            self._require_windows()
            result.update(self.run_task(options, task_vars or {}))
        except TaskFailed as failure:
            result.update(failure.result)
        except OptionError as error:
            result.update(TaskFailed(str(error)).result)
        except ConnectionLost as lost:
            # Raised, it would count as unchanged.
            result.update(unreachable=True, changed=lost.may_have_changed, msg=str(lost))
        except BaseException as error:
            if self.in_doubt is None or not self.is_timeout(error):
                raise
            result.update(self.in_doubt.result)
        result["invocation"] = {"module_args": options or dict(self._task.args)}
        if "sessions" in result and not result.get("failed"):
            self.say(result["msg"])
        # As Ansible's fact gathering does: what there is to read with -v has been said in words.
        if self._display.verbosity < 2:
            result["_ansible_verbose_override"] = True
        return result

    def run_engine(self, request: EngineRequest, task_vars: dict[str, Any]) -> Report:
        """Launch an engine of sessions on the target, once, and return its report.

        :raises NotKnown: the engine may have run, and no report came that can be read.
        :raises TaskFailed: nothing was touched: it was not launched, an account could not be looked up, or an exclusion
            means nobody.
        :raises AnsibleConnectionFailure: the host is not reached.
        """
        report = self.hear(
            request.module,
            "the session engine",
            request.text,
            task_vars,
            request.if_unheard,
            lambda answer: read_report(answer, request),
            may_change=request.may_change,
        )
        if report.error:
            raise TaskFailed(
                f"an account could not be looked up, so nobody was touched: {error_text(windows_error(report.error))}"
            )
        if report.unknown_exclusions:
            raise TaskFailed(unknown_exclusions_text(report.unknown_exclusions, request.exclude_users))
        return report

    def session_result(
        self,
        report: Report,
        selection: Selection,
        task_vars: Mapping[str, Any],
        act: Act,
        explain: Callable[[Session], Error] = _unexplained,
        warnings: Mapping[str, int] | None = None,
    ) -> dict[str, Any]:
        """Return the result of a task, and tell what became of each session with ``-v``.

        :param explain: says why a session timed out or failed, where Windows gave no error.
        :param warnings: how many warnings of the grace period each logon got.
        :raises TaskFailed: something failed; it has the same result, with the reasons.
        """
        servers = [
            server_records(server, selection, act, self.host_name(task_vars), explain, warnings or {})
            for server in report.servers
        ]
        records = [record for server in servers for record in server.records]
        for server in servers:
            if server.error:
                self.say(f"{server.name}: {error_text(server.error)}")
        for record in records:
            self.say(session_text(record))
        excluded = [record for server in servers for record in server.excluded]
        for record in excluded:
            self.say(session_text(record))
        found = {match for server in servers for match in server.found}
        not_found = selection.not_found(found)
        unused = selection.unused_exclusions(found)
        if unused:
            self.say(f"exclusions that fitted no session: {names_text(unused)}")
        result: dict[str, Any] = {
            "changed": any(server.changed for server in servers),
            "sessions": records,
            "not_found": not_found,
            "excluded": excluded,
            "unused_exclusions": unused,
            "servers": [{"server": server.name, "error": server.error} for server in servers],
            "summary": summarize(records, act),
            "msg": summary_text(records, not_found),
        }
        if self._task.diff and act.done:
            result["diff"] = session_diff(records, act)
        reasons = failure_reasons(servers, records)
        # A server that could not be asked may have it; that server is the reason then.
        if not_found and selection.missing == "fail" and not any(server.error for server in servers):
            names = names_text(not_found)
            reasons.append(f"not found: {names} (missing=fail). Check the names, or leave missing out.")
        if reasons:
            raise TaskFailed(**{**result, "msg": failure_text(reasons, records, not_found)})
        several_hosts = len(task_vars.get("ansible_play_hosts_all", ())) > 1
        self.warn(not_found_text(not_found, several_hosts))
        spared_nobody = [value for value in selection.exclude_sessions if ("exclude_sessions", value) not in found]
        self.warn(unused_sessions_text(spared_nobody, several_hosts))
        return result

    def host_name(self, task_vars: Mapping[str, Any]) -> str:
        """Return the name that the inventory has for the host that is worked on."""
        return str(self._task.delegate_to or task_vars["inventory_hostname"])

    def is_timeout(self, error: BaseException) -> bool:
        """Whether it is that of the task's keyword ``timeout``, which Ansible takes for a failure that has changed
        nothing. It is no Exception, and its class is in another module in each version of ansible-core."""
        ends_ansible = isinstance(error, (KeyboardInterrupt, SystemExit))
        return bool(self._task.timeout) and not isinstance(error, Exception) and not ends_ansible

    def warn(self, text: str | None) -> None:
        """Show a warning, if there is one; the same of several hosts once."""
        if text and not self._task.no_log:
            self._display.warning(text)

    def _warn_of_overruled_exclusions(self, own: Sequence[Any], options: Mapping[str, Any]) -> None:
        for option in overruled_exclusions(
            self._task.module_defaults or (), self._task.resolved_action or self._task.action, own, options
        ):
            counting = names_text(options[option]) if options[option] else "none"
            self.warn(f"Not every {option} of module_defaults counts for this task. What counts: {counting}.")

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
