# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The part of a logoff that has to do with a grace period: it is planned, or gone through, and told in the result."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from .._engine.requests import LogoffRequest
from .._session_action import SessionAction
from . import schedule
from .host import TaskHost
from .options import Grace
from .period import GracePeriod, NotCarriedOut, Outcome, time_of_day


def run_with_grace(action: SessionAction, grace: Grace, logoff: LogoffRequest, task_vars: dict[str, Any]) -> Outcome:
    """Warn, wait and log off; in check mode, look who would be warned.

    :raises TaskFailed: the first launch failed.
    :raises AnsibleConnectionFailure: the host was not reached for it.
    """
    clock = schedule.clock
    if logoff.check_mode:
        return Outcome(action.run_engine(logoff, task_vars), {}, clock.utc() + timedelta(seconds=grace.seconds))
    action.warn(_too_few_forks_text(task_vars))
    return GracePeriod(grace, TaskHost(action, task_vars), clock, logoff, action.host_name(task_vars)).run()


def with_deadline(result: dict[str, Any], outcome: Outcome) -> dict[str, Any]:
    """Return the result of a logoff with what its grace period adds."""
    told = {**result, "deadline": _iso(outcome.deadline)}
    planned = result["summary"].get("would_log_off", 0)
    if planned:
        plan = f"{planned} would be warned now, and logged off at {time_of_day(outcome.deadline)}."
        told["msg"] = f"{result['msg']} {plan}"
    if outcome.answer_lost and not outcome.failure:
        # It is not known whether those who are gone were logged off, so this counts as changed.
        told |= {"changed": True, "msg": f"{result['msg']} {_ANSWER_LOST}"}
    if outcome.failure:
        told |= {"changed": outcome.failure.unknown, "msg": _failure_text(outcome.failure, outcome.deadline)}
    return told


_ANSWER_LOST = (
    "An answer to the logoff was lost: whoever was on before it and is already gone may have been logged off by this "
    "task."
)


def _too_few_forks_text(task_vars: Mapping[str, Any]) -> str | None:
    hosts, forks = len(task_vars.get("ansible_play_batch", ())), task_vars.get("ansible_forks", 0)
    if hosts <= forks:
        return None
    return (
        f"{hosts} hosts and {forks} forks: a fork waits for the grace period of its host, so that the users of the "
        f"other hosts are warned when it is over. Give as many forks (--forks {hosts}), or take fewer hosts (serial)."
    )


def _failure_text(failure: NotCarriedOut, deadline: datetime) -> str:
    outcome = (
        "it is not known whether anybody was logged off: run the task again with --check to see who is left"
        if failure.unknown
        else "nobody was logged off: run the task again, or tell them"
    )
    return (
        f"{failure.warned} had been warned of a logoff at {time_of_day(deadline)}. The host could not be worked on "
        f"then, and {outcome}. The reason: {failure.reason}"
    )


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
