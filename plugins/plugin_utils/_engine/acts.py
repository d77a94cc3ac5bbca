# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the engines do to sessions, what may become of one, and in which words that is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

#: What each result means, in the words of a summary.
RESULTS = {
    "listed": "listed",
    "logged_off": "logged off",
    "would_log_off": "would be logged off",
    "requested": "asked to log off",
    "disconnected": "disconnected",
    "would_disconnect": "would be disconnected",
    "already_disconnected": "already disconnected",
    "sent": "got the message",
    "would_send": "would get the message",
    "answered": "answered",
    "no_answer": "did not answer",
    "already_gone": "already gone",
    "stayed": "stayed",
    "spared": "spared",
    "protected": "protected",
    "excluded": "excluded",
    "denied": "denied",
    "timed_out": "timed out",
    "failed": "failed",
}

#: Results that make the task fail. A protected session does so only where it was asked for by name or ID.
FAILED = frozenset({"denied", "timed_out", "failed"})

#: The result of a session that was still on at the end of a grace period after which nobody is logged off.
STAYED = "stayed"

#: Results of a session that may still be on, so that a task that is tried again has to tell what became of it.
UNSETTLED = FAILED | {STAYED}

#: Results of a session that is not to be acted on: it has left, or is not meant.
NOT_ACTED_ON = frozenset({"already_gone", "spared", "protected"})

#: What a message says of a host that was only looked at.
NOTHING_CHANGED = "Nothing was changed; run the task again"


@dataclass(frozen=True)
class Act:
    """What an engine does to each session that a task selects."""

    planned: str
    """The result of a session to which nothing was done: in check mode, or because the act is to list it."""
    results: frozenset[str]
    """What else may become of a session, beside what is in NOT_ACTED_ON and FAILED."""
    kept: frozenset[str] = frozenset()
    """Results that no engine gives, but the controller: of a session to which nothing was to be done."""
    already: frozenset[str] = frozenset()
    """Those of them that say that nothing was to be done, which check mode sees as well."""
    done: frozenset[str] = frozenset()
    """Results of a session that is no longer as it was, or in check mode would not be; none: nothing changes."""
    after: Mapping[str, Any] | None = None
    """What is different in the record of such a session; None: the session has gone."""
    gone: str = "already_gone"
    """The result of a session that has gone after Windows had accepted what it was asked for."""
    do_it: str = ""
    """How a hint calls the act, where it spares the console."""
    if_unanswered: str = ""
    """What may have happened if the engine's report did not arrive, and what to do."""


LIST = Act(
    planned="listed",
    results=frozenset(),
    if_unanswered=NOTHING_CHANGED,
)
LOG_OFF = Act(
    planned="would_log_off",
    results=frozenset({"logged_off", "requested"}),
    kept=frozenset({STAYED}),
    done=frozenset({"logged_off", "would_log_off", "requested"}),
    gone="logged_off",
    do_it="log it off",
    if_unanswered="Sessions may have been logged off: --check tells who is left; run the task again",
)
DISCONNECT = Act(
    planned="would_disconnect",
    results=frozenset({"disconnected", "already_disconnected"}),
    already=frozenset({"already_disconnected"}),
    done=frozenset({"disconnected", "would_disconnect"}),
    after={"name": "", "state": "disconnected"},
    do_it="disconnect it",
    if_unanswered="Sessions may have been disconnected: --check tells which are not; run the task again",
)
#: Showing a message does not count as a change: afterwards the host is as it was.
SEND_MESSAGE = Act(
    planned="would_send",
    results=frozenset({"sent", "answered", "no_answer"}),
    if_unanswered="Users may have got the message, and get it once more if you run the task again",
)
