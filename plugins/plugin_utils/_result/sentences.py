# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Records in words: lines of ``-v``, the summary, why a task failed, and ``--diff``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .._engine.acts import FAILED, LIST, RESULTS, Act
from .._engine.report import ForeignRecord, Server, UnknownExclusion
from .._options.logons import Logon
from .._options.names import is_current, is_pattern, is_session_id, is_session_name
from .._words.displayable import displayable
from .._words.durations import format_duration
from .._words.table import aligned
from .._words.wts import STATES, state_meant
from .records import Record, ServerRecords, is_named

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

#: Characters. Errors of Windows are shorter; the message of an exception may have any length.
LONGEST_ERROR = 600
_LISTED_FAILURES = 3
_LISTED_NAMES = 5
_LISTED_PROGRAMS = 3


def error_text(error: Mapping[str, Any]) -> str:
    """Return an error as one or two sentences: what, what Windows answered, what to do."""
    windows = f" [{error['code']} {error['name']}]" if error["code"] is not None else ""
    return displayable(f"{error['message']}{windows}. {error['hint']}", LONGEST_ERROR)


def session_title(record: Record) -> str:
    """Return how a message names a session: ``session 12 (CONTOSO\\alice)``."""
    who = record["account"] or record["name"] or "nobody"
    return f"session {record['id']} ({displayable(who)})"


def session_text(record: Record) -> str:
    """Return what became of a session, for a line of ``-v``."""
    return f"{record['server']}: {session_title(record)}: {outcome_text(record)}"


def outcome_text(record: Record) -> str:
    """Return what became of a session; of one that was only looked at, its state."""
    text = RESULTS[record["result"]]
    if record["result"] == LIST.planned:
        idle = "" if record["idle_seconds"] is None else f", idle {format_duration(record['idle_seconds'])}"
        text = f"{record['state']}{idle}"
    if record["result"] in ("logged_off", "disconnected", "answered"):
        text += f" after {format_duration(record['elapsed_seconds'])}"
    if record.get("ended_processes"):
        text += f", having ended {ended_names(record)}"
    if record.get("answer"):
        text += f": {record['answer']}"
    return text + (f": {error_text(record['error'])}" if record["error"] else "")


def ended_names(record: Record) -> str:
    """Return the names of the processes that were ended in a session."""
    return names_text([process["name"] for process in record["ended_processes"]])


def running_text(names: Sequence[str]) -> str:
    """Return what an error says of the programs that are still running; of none, nothing."""
    return f"; still running: {names_text(names, _LISTED_PROGRAMS)}" if names else ""


def summary_text(records: Sequence[Record], not_found: Sequence[str]) -> str:
    """Return the outcome of a task in one sentence."""
    counts = counts_text(
        record["state"] if record["result"] == LIST.planned else record["result"] for record in records
    )
    text = f"{count_text(len(records), 'session')} selected: {counts}." if records else "No session matches."
    return text + (f" Not found: {names_text(not_found)}." if not_found else "")


def counts_text(keys: Iterable[str]) -> str:
    """Return how many there are of each state or result, in the order of Windows and of the acts: ``2 active, 1 idle``.

    What has no known name comes last.
    """
    counts = Counter(keys)
    order = dict.fromkeys([*STATES, *RESULTS])
    known = [key for key in order if counts[key]]
    return ", ".join(
        f"{counts[key]} {RESULTS.get(key, key)}" for key in [*known, *sorted(counts.keys() - order.keys())]
    )


#: SID_NAME_USE, https://learn.microsoft.com/windows/win32/api/winnt/ne-winnt-sid_name_use
_USER = 1
_USES = {2: "a group", 3: "a domain", 4: "a group", 5: "a group", 9: "a computer"}


def unknown_exclusions_text(unknown: Sequence[tuple[str, UnknownExclusion]]) -> str:
    """Return why a task stopped before it touched anybody.

    :param unknown: each with the value of the task that it is about.
    """
    reasons = []
    for name, exclusion in unknown:
        is_account = exclusion.use == _USER and exclusion.name
        nobody = "of no domain that Windows knows" if is_pattern(name) else "no account"
        what = f"{exclusion.name} in other letters" if is_account else _USES.get(exclusion.use, nobody)
        reasons.append(f"{name} is {what}{'' if exclusion.use else _several(name)}")
    # An account that Windows found under other letters may be logged on, and ignoring the exclusion would log it off.
    may_go_on = all(exclusion.use != _USER for _name, exclusion in unknown)
    or_else = ", or set unknown_exclusions=ignore" if may_go_on else ""
    return (
        f"exclude_users: {names_text(reasons)}, which would spare nobody, so nobody was touched. Correct the name "
        f"(DOMAIN\\user, a UPN or a SID; of a group, each member){or_else}."
    )


def foreign_record_text(foreign: ForeignRecord, servers: Sequence[str]) -> str:
    """Return why a task stopped before it touched anybody.

    :param servers: how messages name the servers of the task.
    """
    computers = [own or name for own, name in zip(foreign.computers, servers, strict=True)]
    return (
        f"a record is of a session on {displayable(foreign.server)}, and this task works on {names_text(computers)}, "
        "so nobody was touched. Give a host the records that are its own, or name their servers in 'server'."
    )


def spared_records_text(logons: Sequence[Logon]) -> str | None:
    """Return a warning of records that select nobody; None where there is none."""
    if not logons:
        return None
    text = (
        f"sessions: by the records, an earlier task spared {names_text([*map(str, logons)])}, and so does this one. "
        "Leave these records out, or name the sessions by users or IDs if they are meant."
    )
    is_console = any(logon.was_protected for logon in logons)
    return f"{text} The console takes protect_console=false instead." if is_console else text


def aliases_text(servers: Sequence[Server]) -> str | None:
    """Return a warning of servers that the task names twice; None where there is none."""
    aliases = [f"{server.server} is {server.alias_of}" for server in servers if server.alias_of is not None]
    return f"server: {names_text(aliases)}, by another name, and is worked on once." if aliases else None


def names_text(names: Sequence[str], listed: int = _LISTED_NAMES) -> str:
    """Return the first so many of some names, and how many more there are."""
    more = len(names) - listed
    return ", ".join(map(displayable, names[:listed])) + (f" and {more} more" if more > 0 else "")


def accounts_text(records: Sequence[Record]) -> str:
    """Return who has these sessions, each account once, a long list shortened."""
    return names_text([*dict.fromkeys(record["account"] or f"session {record['id']}" for record in records)], 10)


def not_found_text(names: Sequence[str], sessions: Sequence[str] = ()) -> str | None:
    """Return a sentence about values that fitted no session; None where nobody has to be told: a pattern may well fit
    nobody.

    :param sessions: those of them that were given as IDs or names of sessions.
    """
    exact = [name for name in names if not is_pattern(name) and not is_current(name)]
    if not exact:
        return None
    hint = "".join(sorted({_several(name) for name in exact}))
    if any(map(_is_like_an_account, sessions)):
        hint += "; an account belongs in users"
    if any(is_session_id(name) or "#" in name for name in {*exact}.difference(sessions)):
        hint += "; a session belongs in sessions"
    if any(map(state_meant, set(exact) - set(sessions))):
        hint += "; a state belongs in states"
    return f"Not found: {names_text(exact)}. Check the name{hint}."


def unused_patterns_texts(names: Sequence[str], several_hosts: bool) -> list[str]:
    """Return warnings of patterns in ``exclude_users`` that fitted no session.

    A name that is nobody's stops the task. A pattern cannot be looked up, and a slip in it costs somebody the work.
    """
    patterns = [name for name in names if is_pattern(name)]
    where = " on at least one host" if several_hosts else ""
    return [
        f"exclude_users: spares nobody{where}: {names_text(some)}. Check the pattern."
        for some in _said_together(patterns, several_hosts)
    ]


def _said_together(names: list[str], several_hosts: bool) -> list[list[str]]:
    """The names that one warning tells of. Ansible shows one of several hosts once if it is the same on each, which a
    list is not where one of its names is in use on some of them."""
    return [[name] for name in names] if several_hosts else [names] if names else []


def _is_like_an_account(session: str) -> bool:
    """Whether it is no ID, and none of the names that sessions have: ``console``, ``rdp-tcp#3``, ``TERM04``."""
    return session.isalpha() and not is_current(session) and session.lower() != "console"


def _several(name: str) -> str:
    """A hint, where a name may be several."""
    return " (several are separated by commas)" if " " in name else ""


def unused_sessions_texts(names: Sequence[str], several_hosts: bool) -> list[str]:
    """Return warnings of values of ``exclude_sessions`` that fitted no session.

    An ID without a session is normal, since sessions end. A name without a session may be the name of an account, which
    this option has not spared.
    """
    named = [name for name in names if is_session_name(name)]
    where = " on every host" if several_hosts else ""
    return [
        f"exclude_sessions: not the name of a session{where}: {names_text(some)}. An account belongs in exclude_users."
        for some in _said_together(named, several_hosts)
    ]


def failure_reasons(servers: Sequence[ServerRecords], records: Sequence[Record]) -> list[str]:
    """Return why a task failed, a reason for each server and session that was not dealt with."""
    several = len(servers) > 1
    reasons = [f"{server.name}: {error_text(server.error)}" for server in servers if server.error]
    for record in records:
        if record["result"] in FAILED or (record["result"] == "protected" and is_named(record)):
            where = f"{record['server']}: " if several else ""
            reasons.append(f"{where}{session_title(record)}: {error_text(record['error'])}")
    return reasons


def failure_text(reasons: Sequence[str], records: Sequence[Record], not_found: Sequence[str]) -> str:
    """Return the message of a task that failed: the first reasons in full, how many more, and what was done."""
    more = len(reasons) - _LISTED_FAILURES
    return (
        " | ".join(reasons[:_LISTED_FAILURES])
        + (f" | and {more} more, see 'servers' and 'sessions'." if more > 0 else "")
        + (f" {summary_text(records, not_found)}" if records else "")
    )


def session_diff(records: Sequence[Record], act: Act) -> dict[str, str]:
    """Return the selected sessions before and after, for ``--diff``. Those that left by themselves are in neither."""
    before = [record for record in records if record["result"] != "already_gone"]
    after = [left for record in before if (left := _left(record, act)) is not None]
    # As one table: a session that stays as it is has the same line before and after.
    lines = [f"{line}\n" for line in aligned([_diff_row(record) for record in [*before, *after]])]
    return {
        "before_header": "sessions before",
        "after_header": "sessions after",
        "before": "".join(lines[: len(before)]),
        "after": "".join(lines[len(before) :]),
    }


def _left(record: Record, act: Act) -> Record | None:
    """What is left of a session after the act, or in check mode would be."""
    if record["result"] not in act.done:
        return record
    # The time of the disconnection is known only at the next look.
    return None if act.after is None else {**record, **act.after, "disconnect_time": None}


def count_text(count: int, noun: str) -> str:
    """``1 session``, ``2 sessions``"""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def idle_text(record: Record) -> str:
    """Return for how long a session has been idle: in minutes, as nobody counts the seconds of hours."""
    seconds = record["idle_seconds"]
    if seconds is None:
        return "-"
    return format_duration(seconds if seconds < 60 else seconds // 60 * 60)


def moment_text(moment: str | None) -> str:
    """Return a time of a record as ``Nov 21 13:18``: nobody is on for a year."""
    if moment is None:
        return "-"
    return f"{_MONTHS[int(moment[5:7]) - 1]} {moment[8:10]} {moment[11:16]}"


def _diff_row(record: Record) -> Sequence[str]:
    account = record["account"] or "-"
    return (record["server"], str(record["id"]), record["name"] or "-", account, record["state"], _times_text(record))


def _times_text(record: Record) -> str:
    times = [] if record["idle_seconds"] is None else [f"idle {idle_text(record)}"]
    if record["state"] == "disconnected" and record["disconnect_time"]:
        times.append(f"since {moment_text(record['disconnect_time'])} UTC")
    return ", ".join(times)
