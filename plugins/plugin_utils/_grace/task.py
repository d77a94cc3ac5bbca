# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The part of a logoff that has to do with a grace period: it is planned, or gone through, and told in the result."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from .._engine.report import Report
from .._engine.requests import LogoffRequest
from .._session_action import SessionAction
from . import schedule
from .host import TaskHost
from .options import Grace
from .period import GracePeriod, LogoffNotCarriedOut, time_of_day

Result = dict[str, Any]


def run_with_grace(
    action: SessionAction,
    grace: Grace,
    logoff: LogoffRequest,
    result: Callable[[Report, Mapping[str, int]], Result],
    task_vars: dict[str, Any],
) -> Result:
    """Warn, wait and log off; in check mode, look who would be warned. Return the task's result.

    :param result: makes a result of what an engine reported and the number of warnings of each logon.
    :raises TaskFailed: the first launch failed.
    :raises AnsibleConnectionFailure: the host was not reached for it.
    """
    clock = schedule.clock
    if logoff.check_mode:
        planned = result(action.run_engine(logoff, task_vars), {})
        return _with_plan(planned, clock.utc() + timedelta(seconds=grace.seconds))
    action.warn(_too_few_forks_text(task_vars))
    period = GracePeriod(grace, TaskHost(action, task_vars), clock, logoff, action.host_name(task_vars))
    try:
        outcome, deadline = period.run()
    except LogoffNotCarriedOut as failure:
        return _with_failure(result(failure.outcome.report, failure.outcome.warnings), failure)
    return {**result(outcome.report, outcome.warnings), "deadline": _iso(deadline)}


def _too_few_forks_text(task_vars: Mapping[str, Any]) -> str | None:
    hosts, forks = len(task_vars.get("ansible_play_batch", ())), task_vars.get("ansible_forks", 0)
    if hosts <= forks:
        return None
    return (
        f"{hosts} hosts and {forks} forks: a fork waits for the grace period of its host, so that the users of the "
        f"other hosts are warned when it is over. Give as many forks (--forks {hosts}), or take fewer hosts (serial)."
    )


def _with_plan(result: Result, deadline: datetime) -> Result:
    count = result.get("summary", {}).get("would_log_off", 0)
    plan = f" {count} would be warned now, and logged off at {time_of_day(deadline)}." if count else ""
    return {**result, "deadline": _iso(deadline), "msg": result["msg"] + plan}


def _with_failure(result: Result, failure: LogoffNotCarriedOut) -> Result:
    outcome = (
        "it is not known whether anybody was logged off: run the task again with --check to see who is left"
        if failure.unknown
        else "nobody was logged off: run the task again, or tell them"
    )
    warned = f"{failure.warned} had been warned of a logoff at {time_of_day(failure.deadline)}"
    return {
        **result,
        "changed": failure.unknown,
        "deadline": _iso(failure.deadline),
        "msg": f"{warned}. The host could not be worked on then, and {outcome}. The reason: {failure}",
    }


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
