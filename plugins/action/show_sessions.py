# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Show what the hosts of a play have registered as one table, and write a report of it. Nothing leaves the
controller."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from ansible.plugins.action import ActionBase

from ..plugin_utils._farm.overview import SORTS, overview_text, totals_text
from ..plugin_utils._farm.results import has_failed
from ..plugin_utils._launch.failed import TaskFailed
from ..plugin_utils._logon_mode.maintenance import in_maintenance_lines
from ..plugin_utils._options.durations import Duration
from ..plugin_utils._options.errors import OptionError
from ..plugin_utils._options.given import validated_options
from ..plugin_utils._session_report.files import DEFAULT_IDLE_LIMIT, head_of, report_path, write_report
from ..plugin_utils._session_report.seen import TaskResult, asked_nothing
from ..plugin_utils._session_report.view import view
from ..plugin_utils._words.table import terminal_width

# Ansible loads this file before it starts the worker.
_WIDTH = terminal_width()


#: Each of this collection's results has one of these.
_TOLD = ("servers", "accepts_logons")


class ActionModule(ActionBase):
    TRANSFERS_FILES = False
    _requires_connection = False
    ARGUMENT_SPEC: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "registered": {"type": "list", "elements": "str", "required": True},
        "sort": {"type": "str", "choices": [*SORTS], "default": "server"},
        "report": {"type": "str"},
        "title": {"type": "str", "default": "Who is on"},
        "idle_limit": {"type": Duration(unit_needed=True), "default": DEFAULT_IDLE_LIMIT},
        "mask": {"type": "bool", "default": False},
    }

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        variables = task_vars or {}
        try:
            options = validated_options(self._task.args, self.ARGUMENT_SPEC)
            path = _report_path(options["report"])
            seen = _registered(variables, options["registered"], check_mode=self._task.check_mode)
        except OptionError as error:
            return {**result, **TaskFailed(str(error)).result}
        shown = view(seen)
        found = shown.overview
        lines = [overview_text(found, options["sort"], _WIDTH), *in_maintenance_lines(found.maintenance, variables)]
        written = []
        if path:
            facts = [("Hosts", str(len(variables["ansible_play_hosts_all"])))]
            try:
                head = head_of(options["title"], facts)
                written = write_report(path, shown, head, idle_limit=options["idle_limit"], masked=options["mask"])
            except OSError as error:
                return {**result, **TaskFailed(f"the report could not be written: {error}").result}
            lines.append(f"Report: {' and '.join(map(str, written))}")
        if not self._task.no_log:
            self._display.display("\n".join(lines))
        return {
            **result,
            "changed": False,
            "msg": totals_text(found),
            "files": [str(file) for file in written],
            "_ansible_verbose_override": True,
        }


def _report_path(text: str | None) -> Path | None:
    try:
        return None if text is None else report_path(text)
    except ValueError as error:
        raise OptionError(f"report: {error}") from None


def _is_ours(result: Any) -> bool:
    """Whether it may be the result of a module of this collection: what of, say, a shell would be taken for a host that
    could not be asked."""
    return isinstance(result, Mapping) and (
        any(key in result for key in _TOLD)
        or any(result.get(key) for key in ("failed", "unreachable", "skipped"))
        or (asked_nothing(result) and bool(result.get("msg")))
    )


def _registered(variables: Mapping[str, Any], names: list[str], *, check_mode: bool) -> list[TaskResult]:
    """What each host of the play has registered under these names.

    :param check_mode: whether this task runs in check mode, and so those before it did; their results do not say.
    :raises OptionError: there is no name, no host has one of them, or what it has is no result.
    """
    if not names:
        raise OptionError("registered is an empty list; give the variables that the hosts have registered")
    found: dict[str, list[TaskResult]] = {name: [] for name in names}
    registered = set()
    hosts = variables["ansible_play_hosts_all"]
    for name in names:
        for host in hosts:
            values = variables["hostvars"][host].get(name)
            if values is None:
                continue
            if not isinstance(values, Mapping):
                raise OptionError(f"registered: {name!r} of {host} is not the result of a task")
            # The result of a loop is that of its items.
            results = values.get("results") or [values]
            registered.add(name)
            if not all(map(_is_ours, results)):
                raise OptionError(f"registered: {name!r} of {host} is the result of a module that tells of no sessions")
            found[name] += [TaskResult(host, one, failed=has_failed(one), check_mode=check_mode) for one in results]
        if name not in registered:
            raise OptionError(f"registered: no host of the play has registered {name!r}; check the name")
    # A host that failed before has not registered everything; the first is what was asked for.
    told = {seen.host for seen in found[names[0]]}
    return [TaskResult(host, {}) for host in hosts if host not in told] + [
        seen for name in names for seen in found[name]
    ]
