# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The part of a logoff that has to do with a grace period: it is planned, or gone through, and told in the result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from .._engine.acts import LOG_OFF, STAYED
from .._engine.report import Report
from .._engine.requests import LogoffRequest
from .._result.sentences import accounts_text
from .._session_action import SessionAction
from .._words.durations import format_duration
from . import schedule
from .disconnected import time_left
from .host import TaskHost
from .options import FAIL, Grace
from .outcome import NotCarriedOut, Outcome
from .period import GracePeriod
from .progress import time_of_day


def run_with_grace(action: SessionAction, grace: Grace, logoff: LogoffRequest, task_vars: dict[str, Any]) -> Outcome:
    """Warn, wait and log off; in check mode, look who would be warned.

    :raises TaskFailed: the first launch failed.
    :raises AnsibleConnectionFailure: the host was not reached for it.
    """
    clock = schedule.clock
    if logoff.check_mode:
        report, due = _planned(action.run_engine(logoff, task_vars), grace)
        return Outcome(report, {}, clock.utc() + timedelta(seconds=grace.seconds), due=due)
    if not action._task.run_once:
        action.warn(_too_few_at_once_text(task_vars, action._task.throttle))
    return GracePeriod(grace, TaskHost(action, task_vars), clock, logoff, action.host_name(task_vars)).run()


def _planned(report: Report, grace: Grace) -> tuple[Report, int]:
    """Return a plan of the logoff as that of the grace period, and how many would be logged off at once."""
    servers, due = [], 0
    for server in report.servers:
        sessions = []
        for session in server.sessions:
            is_due = grace.disconnected is not None and time_left(session, grace.disconnected) == 0.0
            if session.result == LOG_OFF.planned and is_due:
                due += 1
            elif session.result == LOG_OFF.planned and not grace.logs_off:
                session = replace(session, result=STAYED)
            sessions.append(session)
        servers.append(replace(server, sessions=tuple(sessions)))
    return replace(report, servers=tuple(servers)), due


def with_deadline(result: dict[str, Any], outcome: Outcome, grace: Grace, *, check_mode: bool) -> dict[str, Any]:
    """Return the result of a logoff with what its grace period adds."""
    told = {**result, "deadline": _iso(outcome.deadline)}
    if check_mode:
        return {**told, "msg": f"{result['msg']}{_plan_text(result['summary'], outcome, grace)}"}
    stayed = [record for record in result["sessions"] if record["result"] == STAYED]
    if stayed:
        at = f"Still on at {time_of_day(outcome.deadline)}: {accounts_text(stayed)}."
        told["msg"] = f"{result['msg']} {at}"
        if grace.at_deadline == FAIL:
            told |= {"failed": True, "msg": f"{at} {result['msg']} {_HOW_TO_GO_ON}"}
    if outcome.others:
        told["msg"] += f" Also on by now: {outcome.others}."
    if outcome.answer_lost and not outcome.failure:
        # It is not known whether those who are gone were logged off, so this counts as changed.
        told |= {"changed": True, "msg": f"{told['msg']} {_ANSWER_LOST}"}
    if outcome.cut_off:
        told |= {"failed": True, "msg": f"The task's keyword timeout ended the grace period: {outcome.cut_off}."}
    if outcome.failure:
        changed = result["changed"] or outcome.failure.unknown
        told |= {"changed": changed, "msg": _failure_text(outcome.failure, outcome.deadline, grace)}
    return told


_ANSWER_LOST = (
    "An answer to the logoff was lost: whoever was on before it and is already gone may have been logged off by this "
    "task."
)
_HOW_TO_GO_ON = "Run the task again to wait for them once more, or with at_deadline=logoff to log them off."


def _plan_text(summary: Mapping[str, int], outcome: Outcome, grace: Grace) -> str:
    on = summary[LOG_OFF.planned] + summary[STAYED]
    if not on:
        return ""
    at = time_of_day(outcome.deadline)
    if grace.logs_off:
        text = f" {on} would be warned now, and logged off at {at}."
    else:
        then = "make the task fail" if grace.at_deadline == FAIL else "stay"
        first = "be waited for" if grace.message is None else "be warned now"
        text = f" {on} would {first}. Whoever is still on at {at} would {then}."
    if outcome.due:
        waited = format_duration(grace.disconnected or 0.0)
        text += f" Disconnected for {waited}, and so to be logged off at once: {outcome.due}."
    return text


def _too_few_at_once_text(task_vars: Mapping[str, Any], throttle: int) -> str | None:
    hosts, forks = len(task_vars.get("ansible_play_batch", ())), task_vars.get("ansible_forks", 0)
    if hosts > throttle > 0 and throttle < forks:
        few, more = f"throttle: {throttle}", "Leave throttle out"
    elif hosts > forks:
        few, more = f"{forks} forks", f"Give as many forks (--forks {hosts})"
    else:
        return None
    return (
        f"{hosts} hosts and {few}: a fork waits for the grace period of its host, so that the users of the other hosts "
        f"are warned when it is over. {more}, or take fewer hosts (serial)."
    )


def _failure_text(failure: NotCarriedOut, deadline: datetime, grace: Grace) -> str:
    at, reason = time_of_day(deadline), f"The reason: {failure.reason}"
    if not grace.logs_off:
        off = f"Logged off before: {failure.logged_off}. " if failure.logged_off else ""
        lost = f"{_ANSWER_LOST} " if failure.unknown else ""
        return (
            f"The host could not be worked on at {at}, so that it is not known who is on. On at the last look: "
            f"{failure.on}. {off}{lost}Run the task again. {reason}"
        )
    but = f" but {failure.logged_off}" if failure.logged_off else ""
    outcome = (
        f"it is not known whether anybody{but} was logged off: run the task again with --check to see who is left"
        if failure.unknown
        else f"nobody{but} was logged off: run the task again, or tell them"
    )
    return (
        f"{failure.on} had been warned of a logoff at {at}. The host could not be worked on then, and {outcome}. "
        f"{reason}"
    )


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
