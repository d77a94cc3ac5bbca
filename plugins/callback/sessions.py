# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Ansible's own output, with the results of this collection's modules in words and tables."""

from __future__ import annotations

DOCUMENTATION = r"""
name: sessions
type: stdout
short_description: Show sessions as tables and lines
version_added: 1.0.0
description:
  - Shows what the modules of this collection return in words - for each host a sentence and a line for each session; of
    M(winops.rds.win_rds_session_info), after the last host, one table for all of them. A task that fails says why in a
    line.
  - Everything else is shown as by P(ansible.builtin.default#callback), of which it has the options, too. For the
    command C(ansible), what a command has printed follows, as by P(ansible.builtin.minimal#callback).
  - From C(-vv) on, results are shown as JSON or YAML, as by that callback.
  - A task that may wait with O(winops.rds.win_rds_logoff#module:grace) shows its title when it begins, also where
    O(display_skipped_hosts) or O(display_ok_hosts) is false, so that its progress stands below it.
requirements:
  - "Is chosen by C(stdout_callback = winops.rds.sessions) in the section C(defaults) of ansible.cfg, or by
    E(ANSIBLE_STDOUT_CALLBACK). For the command C(ansible), also C(bin_ansible_callbacks = true) or
    E(ANSIBLE_LOAD_CALLBACK_PLUGINS=1)."
author:
  - winops.rds contributors (@winops)
extends_documentation_fragment:
  - default_callback
  - result_format_callback
"""

import textwrap
from collections.abc import Mapping
from typing import Any

from ansible.plugins.callback.default import CallbackModule as DefaultCallback

from ..plugin_utils._engine.acts import LIST
from ..plugin_utils._farm.overview import overview, overview_text
from ..plugin_utils._farm.results import HostResult, InMaintenance, is_ours, module_of
from ..plugin_utils._result.sentences import not_found_text, outcome_text
from ..plugin_utils._words.displayable import displayable
from ..plugin_utils._words.table import aligned, terminal_width

#: Actions that print their own results.
_SHOWS_ITSELF = "winops.rds.show_sessions"


class CallbackModule(DefaultCallback):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "winops.rds.sessions"

    def __init__(self) -> None:
        super().__init__()
        self._is_ours = False
        """Whether the result that is being shown comes from a module of this collection."""
        self._in_maintenance = InMaintenance()
        self._listed: list[HostResult] = []
        """What the task has listed so far."""
        self._is_playbook = True
        """Whether this is the command ``ansible-playbook``."""
        self._not_found: dict[str, tuple[int, dict[str, None]]] = {}
        """For each task how many results it has, and the names that none of them has found."""

    def v2_playbook_on_start(self, playbook: Any) -> None:
        self._is_playbook = playbook._file_name != "__adhoc_playbook__"  # ansible/cli/adhoc.py
        super().v2_playbook_on_start(playbook)

    def v2_runner_on_ok(self, result: Any) -> None:
        self._take(result)
        super().v2_runner_on_ok(result)
        printed = HostResult.of(result).values.get("stdout")
        if isinstance(printed, str) and not (self._is_playbook or self._is_ours or self._display.verbosity):
            for line in printed.splitlines():
                self._display.display(displayable(line, None))

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self._take(result)
        super().v2_runner_on_failed(result, ignore_errors)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        self._take(result)
        super().v2_runner_on_unreachable(result)

    def v2_runner_item_on_ok(self, result: Any) -> None:
        self._take(result)
        super().v2_runner_item_on_ok(result)

    def v2_runner_item_on_failed(self, result: Any) -> None:
        self._take(result)
        super().v2_runner_item_on_failed(result)

    def v2_runner_on_skipped(self, result: Any) -> None:
        self._is_ours = False
        super().v2_runner_on_skipped(result)

    def v2_runner_item_on_skipped(self, result: Any) -> None:
        self._is_ours = False
        super().v2_runner_item_on_skipped(result)

    def v2_runner_retry(self, result: Any) -> None:
        self._is_ours = False
        super().v2_runner_retry(result)

    def v2_playbook_on_play_start(self, play: Any) -> None:
        self._show_listed()
        super().v2_playbook_on_play_start(play)

    def v2_playbook_on_stats(self, stats: Any) -> None:
        self._show_listed()
        # A single host has said so itself.
        nowhere = dict.fromkeys(name for hosts, names in self._not_found.values() if hosts > 1 for name in names)
        if text := not_found_text([*nowhere]):
            self._display.warning(text)
        super().v2_playbook_on_stats(stats)
        if self._in_maintenance.text:
            self._display.display(self._in_maintenance.text)

    def _task_start(self, task: Any, prefix: str | None = None) -> None:
        if module_of(task) == _SHOWS_ITSELF:
            self._listed.clear()
        self._show_listed()
        super()._task_start(task, prefix)
        waits = is_ours(task) and "grace" in task.args and not task.check_mode
        # The name is None where hosts go on without each other, and each result brings its title.
        if waits and self._last_task_name is not None and self._last_task_banner != task._uuid:
            self._print_task_banner(task)

    def _take(self, result: Any) -> None:
        taken = HostResult.of(result)
        module = module_of(taken.task)
        self._in_maintenance.take(taken)
        self._is_ours = is_ours(taken.task) and module != _SHOWS_ITSELF and "msg" in taken.values
        if self._is_ours and "not_found" in taken.values:
            names = dict.fromkeys(taken.values["not_found"])
            before = self._not_found.get(taken.task._uuid, (0, names))
            nowhere = {name: None for name in before[1] if name in names}
            self._not_found[taken.task._uuid] = (before[0] + 1, nowhere)
        # The result of a loop is that of its items, which have come already.
        is_listed = module == "winops.rds.win_rds_session_info" and "results" not in taken.values
        if is_listed and self._is_ours and self.get_option("display_ok_hosts"):
            self._listed.append(taken)

    def _show_listed(self) -> None:
        if self._listed and self._display.verbosity < 2:
            found = overview((listed.host, listed.values) for listed in self._listed)
            self._display.display("\n" + overview_text(found, "server", terminal_width()))
        self._listed.clear()

    @property
    def _in_words(self) -> bool:
        return self._is_ours and self._display.verbosity < 2

    def _run_is_verbose(self, result: Any, verbosity: int = 0) -> bool:
        return self._in_words or bool(super()._run_is_verbose(result, verbosity))

    def _dump_results(self, result: Mapping[str, Any], *args: Any, **kwargs: Any) -> str:
        if not (self._in_words and "msg" in result):
            return str(super()._dump_results(result, *args, **kwargs))
        told = self._display.verbosity > 0  # by the module itself
        records = [record for record in result.get("sessions", ()) if record["result"] != LIST.planned]
        return _wrapped(str(result["msg"])) + ("" if told else "".join(f"\n{line}" for line in _lines(records)))


def _wrapped(message: str) -> str:
    """A message as it is, where it has room after `fatal: [RDSH01]: FAILED! => `; else below it."""
    width = terminal_width()
    if not width or len(message) <= width - 32:
        return message
    return "\n" + textwrap.fill(message, width, initial_indent="  ", subsequent_indent="  ")


def _lines(records: list[dict[str, Any]]) -> list[str]:
    several = len({record["server"] for record in records}) > 1
    rows = [
        ([record["server"]] if several else []) + [str(record["id"]), record["account"] or record["name"] or "-"]
        for record in records
    ]
    width = terminal_width()
    lines = []
    for row, record in zip(aligned(rows, fill=True), records, strict=True):
        line = f"  {row}  {outcome_text(record)}"
        # A long line is wrapped and not cut, because the hint of an error stands at its end.
        lines += textwrap.wrap(line, width, subsequent_indent=" " * 6, drop_whitespace=False) if width else [line]
    return lines
