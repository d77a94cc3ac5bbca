# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Writes a report at the end of a run that has had to do with sessions."""

from __future__ import annotations

DOCUMENTATION = r"""
name: session_report
type: notification
short_description: Write a report of a run
version_added: 1.0.0
description:
  - At the end of a run with modules of this collection, writes a report - who was on before and after, what became of
    each session, and what happened when. It is one HTML page, which needs no network, and the sessions as CSV beside
    it.
  - Where none of these modules had a result, nothing is written.
  - It holds the names of users. The files can be read by nobody but who has made them.
requirements:
  - C(callbacks_enabled = winops.rds.session_report) in the section C(defaults) of ansible.cfg, or
    E(ANSIBLE_CALLBACKS_ENABLED). For the command C(ansible), also C(bin_ansible_callbacks = true).
options:
  path:
    description: The page to write. C(%Y-%m-%d) and the like, as in C(strftime), stand for the time when it is written.
    type: str
    default: session-report.html
    env:
      - name: WINOPS_RDS_SESSION_REPORT_PATH
    ini:
      - section: callback_winops_rds_session_report
        key: path
  title:
    description: The title of the page.
    type: str
    default: Sessions of a run
    env:
      - name: WINOPS_RDS_SESSION_REPORT_TITLE
    ini:
      - section: callback_winops_rds_session_report
        key: title
  idle_limit:
    description: The page counts the sessions that have been idle for so long. A duration with its unit.
    type: str
    default: 2h
    env:
      - name: WINOPS_RDS_SESSION_REPORT_IDLE_LIMIT
    ini:
      - section: callback_winops_rds_session_report
        key: idle_limit
  mask:
    description:
      - Leaves names of people, computers and programs, and addresses, out of it. Names of servers stay.
      - Without it, they can be hidden in the browser; the file still holds them then.
    type: bool
    default: false
    env:
      - name: WINOPS_RDS_SESSION_REPORT_MASK
    ini:
      - section: callback_winops_rds_session_report
        key: mask
author:
  - winops.rds contributors (@winops)
"""

from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ansible import context
from ansible.plugins.callback import CallbackBase

from ..plugin_utils._farm.results import HostResult, InMaintenance, is_ours, module_of
from ..plugin_utils._options.selection import means_all
from ..plugin_utils._session_report.files import head_of, report_path, write_report
from ..plugin_utils._session_report.seen import TaskResult
from ..plugin_utils._session_report.view import view
from ..plugin_utils._words.durations import parse_duration

#: Actions that do nothing on a host, also where they report a change.
_DO_NOTHING_THERE = ("winops.rds.show_sessions", "ansible.builtin.add_host", "ansible.builtin.group_by")


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "winops.rds.session_report"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._seen: list[TaskResult] = []
        self._began: dict[tuple[str, str], datetime] = {}
        self._playbook = ""
        self._in_maintenance = InMaintenance()

    def v2_playbook_on_start(self, playbook: Any) -> None:
        self._playbook = Path(playbook._file_name).name

    def v2_runner_on_start(self, host: Any, task: Any) -> None:
        self._began[host.get_name(), task._uuid] = datetime.now(timezone.utc)

    def v2_runner_on_ok(self, result: Any) -> None:
        self._take(result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self._take(result, failed=True)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        self._take(result, failed=True)

    def v2_runner_item_on_ok(self, result: Any) -> None:
        self._take(result)

    def v2_runner_item_on_failed(self, result: Any) -> None:
        self._take(result, failed=True)

    def _take(self, result: Any, *, failed: bool = False) -> None:
        taken = HostResult.of(result)
        self._in_maintenance.take(taken)
        values, task, module = taken.values, taken.task, module_of(taken.task)
        # The result of a loop is that of its items, which have come already.
        if "results" in values or module in _DO_NOTHING_THERE:
            return
        hidden = bool(values.get("_ansible_no_log"))
        of_ours = is_ours(task) and not hidden
        delegated_to = task.delegate_to or taken.host
        ended = datetime.now(timezone.utc)
        given = (values.get("invocation") or {}).get("module_args") or {}
        self._seen.append(
            TaskResult(
                host=taken.host,
                # Only the records are kept: results of other modules may be large.
                values=dict(values) if of_ours else {key: values.get(key) for key in ("changed", "msg")},
                task=task.get_name(),
                is_ours=of_ours,
                delegated_to=delegated_to if delegated_to != taken.host else "",
                # Ansible removes this key from the result.
                failed=failed,
                check_mode=task.check_mode,
                tells_all=module == "winops.rds.win_rds_session_info" and means_all(given),
                began=self._began.get((taken.host, task._uuid), ended),
                ended=ended,
                reminders=given.get("reminders") or (),
                grace=str(given.get("grace") or ""),
            )
        )

    def v2_playbook_on_stats(self, stats: Any) -> None:
        if not any(seen.is_ours for seen in self._seen):
            return
        facts = [("Playbook", self._playbook)] if self._playbook else []
        facts += [("Hosts", str(len(stats.processed)))]
        # A task may say check_mode: false.
        if context.CLIARGS.get("check") and all(seen.check_mode for seen in self._seen):
            facts.append(("Check mode", "nothing was changed"))
        try:
            written = write_report(
                report_path(self.get_option("path")),
                view(self._seen),
                head_of(self.get_option("title"), facts),
                idle_limit=parse_duration(self.get_option("idle_limit"), unit_needed=True),
                masked=self.get_option("mask"),
            )
        except (OSError, ValueError) as error:
            self._display.warning(f"The report could not be written: {error}")
        else:
            self._display.display(f"Report: {' and '.join(map(str, written))}")
        if self._in_maintenance.text:
            self._display.display(self._in_maintenance.text)
