# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What happened when, by the results of a run."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from .._engine.acts import LIST
from .._result.records import Record
from .._result.sentences import count_text, counts_text
from .._words.durations import parse_duration
from .._words.wts import time_of
from .seen import PLANNED, TaskResult, is_mode


@dataclass(frozen=True)
class Event:
    """Something that happened on a host."""

    time: datetime
    host: str
    kind: str
    text: str
    detail: str = ""
    """May have names in it."""


@dataclass(frozen=True)
class Span:
    """Something that took its time on a host."""

    host: str
    kind: str
    began: datetime
    ended: datetime


def _deadline(one: TaskResult) -> datetime | None:
    text = one.values.get("deadline")
    return time_of(text) if text else None


def events(seen: Sequence[TaskResult]) -> Iterator[Event]:
    """Return what happened, in the order of the results."""
    for one in seen:
        if one.began is None or one.ended is None:
            continue
        if one.failed:
            yield Event(one.ended, one.place, "failed", f"failed: {one.task}", str(one.values.get("msg") or ""))
        if not one.is_ours:
            if _is_work(one):
                yield Event(one.ended, one.place, "work", f"work done: {one.task}")
            continue
        if is_mode(one.values) and _sets_mode(one):
            mode = one.values["mode"]
            opened = mode == "enabled"
            text = "accepts logons" if opened else f"accepts no new logons ({mode})"
            yield Event(_mode_set_at(one, one.began, one.ended), one.host, "opened" if opened else "closed", text)
        yield from _events_of_sessions(one, one.began, one.ended)


def _is_work(one: TaskResult) -> bool:
    return bool(one.values.get("changed")) and not (one.is_ours or one.failed or one.check_mode)


def _sets_mode(one: TaskResult) -> bool:
    """Whether the host has another logon mode since a task. A host that could not be emptied is opened again."""
    mode = one.values["mode"]
    return mode is not None and mode != one.values.get("previous_mode", mode) and not one.check_mode


def _mode_set_at(one: TaskResult, began: datetime, ended: datetime) -> datetime:
    """A host that enters maintenance is closed before its users are warned."""
    return began if "sessions" in one.values else ended


def _events_of_sessions(one: TaskResult, began: datetime, ended: datetime) -> Iterator[Event]:
    records = [record for record in one.values.get("sessions", ()) if record["result"] != LIST.planned]
    warned = sum(1 for record in records if record.get("warnings"))
    deadline = _deadline(one)
    if warned and deadline:
        yield Event(began, one.host, "warned", f"{count_text(warned, 'session')} warned")
        reminders = () if _was_put_off(one, began, deadline) else one.reminders
        moments = sorted(deadline - timedelta(seconds=parse_duration(str(reminder))) for reminder in reminders)
        due = [moment for moment in moments if moment < ended]
        for moment in sorted({moment for record in records for moment in _reminded(record, due)}):
            yield Event(moment, one.host, "reminded", "reminder")
    if records:
        yield Event(ended, one.host, "acted", counts_text(record["result"] for record in records))


#: Seconds that the first launch may take, after which the grace period begins.
_LONGEST_LAUNCH = 60


def _was_put_off(one: TaskResult, began: datetime, deadline: datetime) -> bool:
    """Whether the end was promised anew, so that of the reminders before it nobody knows when they were."""
    longest = parse_duration(str(one.grace)) + _LONGEST_LAUNCH if one.grace else math.inf
    return (deadline - began).total_seconds() > longest


def _reminded(record: Record, due: Sequence[datetime]) -> Sequence[datetime]:
    """Return when somebody was reminded: after the first message, which is the warning, and not before being there."""
    came = [time_of(moment) for moment in (record["logon_time"], record["connect_time"]) if moment]
    return [moment for moment in due if all(moment > since for since in came)][: max(record.get("warnings", 0) - 1, 0)]


def spans(seen: Sequence[TaskResult]) -> Iterator[Span]:
    """Return what took its time."""
    timed = [(one, one.began, one.ended) for one in seen if one.began and one.ended and not one.check_mode]
    end = max((ended for _one, _began, ended in timed), default=None)
    closed: dict[str, datetime] = {}
    for one, began, ended in timed:
        if is_mode(one.values):
            if one.values["mode"] == "enabled":
                if one.host in closed:
                    yield Span(one.host, "closed", closed.pop(one.host), ended)
            elif _sets_mode(one):
                closed.setdefault(one.host, _mode_set_at(one, began, ended))
        if not one.is_ours:
            if _is_work(one) and not one.delegated_to:
                yield Span(one.host, "work", began, ended)
        elif (deadline := _deadline(one)) and any(record.get("warnings") for record in one.values.get("sessions", ())):
            yield Span(one.host, "warned", began, min(deadline, ended))
            if ended > deadline:
                yield Span(one.host, "acted", deadline, ended)
        elif any(record["result"] not in PLANNED for record in one.values.get("sessions", ())):
            yield Span(one.host, "acted", began, ended)
    for host, since in closed.items():
        if end:
            yield Span(host, "closed", since, end)
