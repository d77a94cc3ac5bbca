# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The grace period as a task describes it, and the messages of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .._engine.requests import milliseconds
from .._options.durations import Duration
from .._options.errors import OptionError
from .._options.message import check_message, message_seconds, message_style
from .._options.reason import with_reason
from .._words.durations import format_duration

#: What becomes of those who are still on at the end.
LOGOFF, LEAVE, FAIL = "logoff", "leave", "fail"

#: The grace period's part of the argument spec.
ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    "grace": {
        "type": Duration(
            "give the users no time; to log them off at once, leave grace and message out", unit_needed=True
        )
    },
    "message": {"type": "str", "aliases": ["msg"]},
    "message_title": {"type": "str", "aliases": ["title"]},
    "reminders": {"type": "list", "elements": Duration(unit_needed=True)},
    "newcomers": {"type": "str", "choices": ["ignore", "logoff"], "default": "ignore"},
    "at_deadline": {"type": "str", "choices": [LOGOFF, LEAVE, FAIL], "default": LOGOFF},
    "disconnected_grace": {"type": Duration(unit_needed=True, zero_is_plain=True)},
}

PLACEHOLDERS = ("user", "server", "minutes", "deadline", "reason")
DEFAULT_TITLE = "{server}"


@dataclass(frozen=True)
class Grace:
    """A grace period that is known to be sound. Durations are seconds."""

    seconds: float
    reminders: tuple[float, ...]
    """Before the end; the earliest first."""
    message: str | None
    """None: nobody is told."""
    title: str
    newcomers: bool
    """Whether those are logged off, too, who log on during the grace period."""
    at_deadline: str = LOGOFF
    disconnected: float | None = None
    """How long a session has been disconnected that is logged off before the end; None: none is."""

    @property
    def logs_off(self) -> bool:
        """Whether those are logged off who are still on at the end."""
        return self.at_deadline == LOGOFF

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> Grace | None:
        """Check the options of a task (types already coerced); None without a grace period.

        :raises OptionError: they contradict each other, a duration is none, or 0, or a text cannot be shown.
        """
        seconds = options["grace"]
        if seconds is None:
            _refuse_without_grace(options)
            return None
        message = _message(options)
        if message is None:
            _refuse_without_message(options)
        if options["newcomers"] == "logoff" and options["at_deadline"] != LOGOFF:
            raise OptionError(
                f"newcomers=logoff contradicts at_deadline={options['at_deadline']}, with which nobody is logged off "
                "at the end: leave one of them out"
            )
        title = DEFAULT_TITLE if options["message_title"] is None else options["message_title"]
        return cls(
            seconds=seconds,
            reminders=_reminders(options["reminders"] or (), seconds),
            message=message,
            title=_shown("message_title", title, options),
            newcomers=options["newcomers"] == "logoff",
            at_deadline=options["at_deadline"],
            disconnected=options["disconnected_grace"],
        )

    def message_members(self, left: float, shown: float) -> dict[str, Any]:
        """Return what a request for a message says beside whom it is for.

        :param left: seconds until the logoff.
        :param shown: seconds until the next message. This one closes by itself then, so that nobody finds several on
            the screen, with different times. (The page of ``msg`` says that a message disappears after its time:
            https://learn.microsoft.com/windows-server/administration/windows-commands/msg)
        """
        minutes = str(minutes_left(left))
        return {
            "title": self.title.replace("{minutes}", minutes),
            "message": (self.message or "").replace("{minutes}", minutes),
            "message_style": message_style("ok", "warning"),
            "message_seconds": message_seconds(shown),
            "wait_for_answer": False,
            "remaining_ms": milliseconds(left),
        }


def _shown(option: str, text: str, options: Mapping[str, Any]) -> str:
    return with_reason(option, check_message(option, text, PLACEHOLDERS), options)


def minutes_left(seconds: float) -> int:
    """Return ``{minutes}``: to the nearest minute, at least 1."""
    return max(1, int(seconds / 60 + 0.5))


def _refuse_without_grace(options: Mapping[str, Any]) -> None:
    if options["message"] is not None:
        raise OptionError(
            "message is given without a grace period: say with grace how long users have (grace=15m); to show a "
            "message and log nobody off, use win_rds_message"
        )
    for option, given in (
        ("message_title", options["message_title"] is not None),
        ("reminders", options["reminders"] is not None),
        ("newcomers=logoff", options["newcomers"] == "logoff"),
        (f"at_deadline={options['at_deadline']}", options["at_deadline"] != LOGOFF),
        ("disconnected_grace", options["disconnected_grace"] is not None),
    ):
        if given:
            raise OptionError(f"{option} is about the grace period: give grace and message as well, or leave it out")


def _message(options: Mapping[str, Any]) -> str | None:
    """Where nobody is logged off at the end, nobody has to be told."""
    message: str | None = options["message"]
    if options["at_deadline"] != LOGOFF and not (message or "").strip():
        return None
    if message is None:
        raise OptionError(
            "grace is given without a message, and users have to read what is coming: give message, such as "
            "'You will be logged off in {minutes} min. Please save your work.'"
        )
    return _shown("message", message, options)


def _refuse_without_message(options: Mapping[str, Any]) -> None:
    for option in ("message_title", "reminders"):
        if options[option] is not None:
            raise OptionError(
                f"{option} is about the message: give message as well, such as 'Please log off by {{deadline}}.', or "
                "leave it out"
            )


def _reminders(reminders: Iterable[float], grace: float) -> tuple[float, ...]:
    """Return the reminders, the earliest first, each once."""
    for seconds in reminders:
        if not 0.001 <= seconds < grace:
            raise OptionError(
                f"reminders: {format_duration(seconds)} is not within the grace period; each is a time before the end, "
                f"more than 0 and less than grace ({format_duration(grace)})"
            )
    return tuple(sorted(set(reminders), reverse=True))
