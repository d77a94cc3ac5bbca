# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a task of any module does: options in, the work of the module, failures out."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, ClassVar
from weakref import WeakKeyDictionary

from ansible import context
from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.connection import winrm as _winrm

from .._options.errors import OptionError
from .._options.given import (
    EXCLUDING,
    options_of_defaults,
    places_of_options,
    refuse_repeated,
    spellings,
    validated_options,
    with_exclusions,
    without_exclusions,
)
from .action import ConnectionLost, LaunchAction, NotKnown, Request
from .failed import TaskFailed

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


@dataclass
class Attempts:
    """What came of a task so far: of its launches, and with ``until`` of its attempts."""

    changed: str | None = None
    """The message of one that counts as changed."""
    report: Any = None
    """What they report, as one."""
    told: dict[str, Any] | None = None
    """What the last of them that acted on sessions said of them, which is of all so far."""
    spared: dict[str, None] = field(default_factory=dict)
    """The logons that an exclusion ever fitted: whoever is spared once is spared until the task ends. A session loses
    its name when its user disconnects."""
    event_logged: bool | None = None
    """Whether there is an event for each launch that has changed something; None: none has."""


#: The fields of a result that tell what became of sessions. Without ``servers``, the host has not told.
_OF_SESSIONS = ("sessions", "summary")

#: For each task that runs. Ansible makes a plugin anew for each attempt, and leaves the task as it is.
_attempts: WeakKeyDictionary[Any, Attempts] = WeakKeyDictionary()


class TaskAction(LaunchAction):
    """Base of the action plugins.

    A plugin names its options in :attr:`ARGUMENT_SPEC` and does its work in :meth:`run_task`, which is called with
    options that have the declared types, returns the task's result and may raise :class:`TaskFailed` or
    :class:`OptionError`.
    """

    TRANSFERS_FILES = False
    # From ansible-core 2.19 on. What is meant by `-a 12` is said here then, and not "does not support raw params".
    supports_raw_params = True
    ARGUMENT_SPEC: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    #: Options that ``module_defaults`` give although a task says ``omit``, for which Ansible leaves them out.
    NOT_OMITTED: ClassVar[Sequence[str]] = ()

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
        try:
            self._refuse_async()
            result = super().run(tmp, task_vars)
            refuse_repeated(context.CLIARGS.get("module_args"))
            refuse_repeated(*places_of_options(self._task.get_ds() or {}, self._task.action))
            defaults = self._of_defaults(spellings(self.ARGUMENT_SPEC, EXCLUDING), task_vars or {})
            given = {**self._omitted(task_vars or {}), **self._task.args}
            options = self.validated(without_exclusions(given, defaults, self.ARGUMENT_SPEC))
            options = with_exclusions(options, defaults, self.ARGUMENT_SPEC)
            self._require_windows()
            result.update(self.run_task(options, task_vars or {}))
        except TaskFailed as failure:
            result.update(failure.result)
        except OptionError as error:
            result.update(TaskFailed(str(error)).result)
        except ConnectionLost as lost:
            # Ansible would count a raised exception as unchanged.
            result.update(unreachable=True, changed=lost.may_have_changed, msg=str(lost))
        except AnsibleConnectionFailure as error:
            if self.attempts.changed is None:
                raise
            result.update(unreachable=True, msg=str(error))
        except BaseException as error:
            if not self.is_timeout(error) or (self.in_doubt is None and self.attempts.changed is None):
                raise
            result.update(self._timed_out(self.in_doubt).result)
        self._tell_of_all_attempts(result)
        result["invocation"] = {"module_args": options or dict(self._task.args)}
        # With -v, the lines above the result say what there is to read. Ansible hides facts in the same way.
        if self._display.verbosity < 2:
            result["_ansible_verbose_override"] = True
        return result

    @property
    def attempts(self) -> Attempts:
        return _attempts.setdefault(self._task, Attempts())

    def _tell_of_all_attempts(self, result: dict[str, Any]) -> None:
        """Ansible keeps the last result of several attempts. What an earlier one has changed is changed; and a failure
        that tells of no session has the records of those before it, but for a host that is unreachable: Ansible counts
        that as a success where it is to ignore it, and who is on is not known."""
        attempts = self.attempts
        tells_nothing = attempts.told is not None and "sessions" not in result
        if attempts.changed is not None and (tells_nothing or not result.get("changed")):
            msg = f"{result.get('msg', '')} An earlier attempt of this task: {attempts.changed}"
            result.update(changed=True, msg=msg.strip())
        if result.get("changed"):
            attempts.changed = str(result.get("msg", ""))
        if result.get("sessions") and attempts.report is not None:
            attempts.told = {name: result[name] for name in _OF_SESSIONS}
        elif attempts.told is not None and tells_nothing and result.get("failed"):
            result.update(attempts.told)

    def host_name(self, task_vars: Mapping[str, Any]) -> str:
        """Return the name that the inventory has for the host that is worked on."""
        return str(self._task.delegate_to or task_vars["inventory_hostname"])

    def is_timeout(self, error: BaseException) -> bool:
        """Whether it is that of the task's keyword ``timeout``, which Ansible takes for a failure that has changed
        nothing. It is no Exception, and its class is in another module in each version of ansible-core."""
        ends_ansible = isinstance(error, (KeyboardInterrupt, SystemExit))
        return bool(self._task.timeout) and not isinstance(error, Exception) and not ends_ansible

    def _timed_out(self, request: Request[Any] | None) -> TaskFailed:
        """:param request: of a launch that was not heard; None: there was none."""
        ended, kept = f"the task's keyword timeout ({self._task.timeout}s) ended it", {"period": self._task.timeout}
        if request is None:
            return TaskFailed(f"{ended} before the host was asked.", changed=False, timedout=kept)
        return NotKnown(
            f"{ended} before {request.called} had answered. {request.if_unanswered}.",
            changed=request.may_change,
            timedout=kept,
        )

    def warn(self, text: str | None) -> None:
        """Show a warning, if there is one; the same of several hosts once."""
        if text and not self._task.no_log:
            self._display.warning(text)

    def _omitted(self, task_vars: Mapping[str, Any]) -> dict[str, Any]:
        """Return what :attr:`NOT_OMITTED` is about, as far as the task does not give it."""
        names = [
            name for name in self.NOT_OMITTED if not spellings(self.ARGUMENT_SPEC, [name]) & self._task.args.keys()
        ]
        innermost = self._of_defaults(spellings(self.ARGUMENT_SPEC, names), task_vars, replaced=True)
        return {name: value for options in innermost for name, value in options.items()}

    def _of_defaults(
        self, wanted: Collection[str], task_vars: Mapping[str, Any], *, replaced: bool = False
    ) -> list[dict[str, Any]]:
        """Return some options of ``module_defaults`` for this task. Their values may be templates, and such a one may
        say that there is none (``omit``).

        :param replaced: whether those of an inner block for a group replace the outer ones, as Ansible has it.
        """
        if not wanted:  # a whole of options may be a template, which is not filled in for nothing
            return []
        module = self._task.resolved_action or self._task.action
        groups = (self._task.get_play()._action_groups or {}).get(module, ()) if self._task._parent else ()
        keys = {module, *(f"group/{group}" for group in groups)}
        found = []
        for options in options_of_defaults(self._task.module_defaults or (), keys, replaced=replaced):
            whole = self._templar.template({"options": options}).get("options") if isinstance(options, str) else options
            given = {name: value for name, value in (whole or {}).items() if name in wanted}
            known = self._templar.template(given)  # without those that are omitted, from ansible-core 2.19 on
            found.append({name: value for name, value in known.items() if value != task_vars.get("omit", self)})
        return found

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
