# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A report as one HTML page, which needs nothing beside itself."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from .._engine.acts import FAILED, RESULTS
from .._farm.overview import totals_text
from .._logon_mode.maintenance import LONGEST_TEXT, opening_command
from .._result.processes import programs_of, size_text
from .._result.sentences import LONGEST_ERROR, count_text, idle_text, moment_text
from .._words.displayable import LONGEST_NAME, displayable
from .._words.durations import format_duration
from .masks import Masks, error_without_programs
from .view import View, key_of

HERE = Path(__file__).parent

#: A time as it is written in full.
MOMENT = "%Y-%m-%d %H:%M:%S"

#: Into how many parts the times below the bars divide a run.
PARTS = 4

#: Rows of a long table that are shown at first.
FEW = 500


#: Programs of a session that are named.
PROGRAMS = 5


@dataclass(frozen=True)
class Head:
    """What a report says of itself."""

    title: str
    controller: str
    """The name of the machine that made it."""
    made: datetime
    """When, with the controller's time zone."""
    facts: Sequence[tuple[str, str]] = ()
    """What else there is to say, such as what was selected."""


@dataclass(frozen=True)
class Bar:
    """What took its time on a host: where on the way from the first to the last it begins and how long it is, in
    percent."""

    kind: str
    left: float
    width: float
    times: str


def page(shown: View, head: Head, *, idle_limit: float, masked: bool) -> str:
    """Return the page.

    :param idle_limit: seconds. Who has been idle for longer is counted.
    :param masked: it holds no names of people, computers and programs, and no addresses; else these can be hidden in
        the browser.
    """
    masks = Masks()

    def name(kind: str, text: str | None, longest: int = LONGEST_NAME) -> Markup:
        if not text:
            return Markup("–")
        mask = masks.mask(kind, text)
        if masked:
            return Markup("{}").format(mask)
        # Isolated, so that text written from right to left does not reorder what stands beside it.
        return Markup('<bdi class="name" data-mask="{}">{}</bdi>').format(mask, displayable(text, longest))

    def names(programs: Sequence[str]) -> Markup:
        more = len(programs) - PROGRAMS
        shown_names = Markup(", ").join(name("program", program) for program in programs[:PROGRAMS])
        return shown_names + (f" and {more} more" if more > 0 else "")

    longest = max((record["idle_seconds"] or 0 for record in shown.sessions), default=0)
    script = _read("page.js")
    # Jinja2's own Markup goes in as it is; whatever else goes in is made fit to be shown first, and escaped then.
    rendered: str = _template().render(
        shown=shown,
        head=head,
        masked=masked,
        name=name,
        names=names,
        style=Markup(_read("page.css")),
        script=Markup(script),
        # The browser runs only the script of this hash, also if a name had brought another into the page.
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        totals=_totals(shown),
        tiles=_tiles(shown, idle_limit),
        idle_share=lambda record: round(100 * (record["idle_seconds"] or 0) / longest) if longest else 0,
        track=_track(shown),
        axis=_axis(shown),
        opening=opening_command(",".join(shown.overview.maintenance), {}),
        MOMENT=MOMENT,
        LONGEST_TEXT=LONGEST_TEXT,
        RESULTS=RESULTS,
        FAILED=FAILED,
        LONGEST_ERROR=LONGEST_ERROR,
        is_gone=lambda record: key_of(record) in shown.gone,
        FEW=FEW,
        PROGRAMS=PROGRAMS,
    )
    return rendered


def _totals(shown: View) -> str:
    before = sum(server.before for server in shown.servers)
    # What became of the sessions of a lost host is not known.
    now = "When last seen" if shown.overview.unasked else "Now"
    return (f"{count_text(before, 'session')} before. {now}: " if shown.acted else "") + totals_text(shown.overview)


def _tiles(shown: View, idle_limit: float) -> list[tuple[str, int, bool]]:
    """What is counted, and whether more than none of it is bad."""
    on = shown.overview.sessions
    on_text = "on when last seen" if shown.overview.unasked else "still on"
    return [
        (on_text if shown.acted else "sessions", len(on), False),
        ("active", sum(record["state"] == "active" for record in on), False),
        ("disconnected", sum(record["state"] == "disconnected" for record in on), False),
        (f"idle for {format_duration(idle_limit)} or more", shown.idle(idle_limit), False),
        *([("servers closed to new logons", shown.closed(), False)] if shown.modes_known else []),
        ("failures", shown.failed(), True),
    ]


def _axis(shown: View) -> list[datetime]:
    """The times from the first to the last of what took its time, at equal distances."""
    if not shown.spans:
        return []
    began = min(span.began for span in shown.spans)
    part = (max(span.ended for span in shown.spans) - began) / PARTS
    return [began + number * part for number in range(PARTS + 1)] if part else [began]


def _track(shown: View) -> list[tuple[str, list[Bar]]]:
    """For each host its bars."""
    if not shown.spans:
        return []
    began = min(span.began for span in shown.spans)
    whole = max((span.ended - began).total_seconds() for span in shown.spans) or 1.0
    hosts: dict[str, list[Bar]] = {}
    # What lasts longer lies below.
    for span in sorted(shown.spans, key=lambda span: span.ended - span.began, reverse=True):
        left = 100 * (span.began - began).total_seconds() / whole
        width = 100 * (span.ended - span.began).total_seconds() / whole
        times = f"{span.began.strftime(MOMENT)} to {span.ended.strftime(MOMENT)} UTC"
        hosts.setdefault(span.host, []).append(Bar(span.kind, round(left, 2), max(0.4, round(width, 2)), times))
    return sorted(hosts.items())


def _shown(value: Any) -> Any:
    return displayable(value, None) if isinstance(value, str) and not isinstance(value, Markup) else value


@cache
def _read(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


@cache
def _template() -> Any:
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    environment.filters |= {
        "count": count_text,
        "duration": format_duration,
        "error": error_without_programs,
        "idle": idle_text,
        "moment": moment_text,
        "programs": programs_of,
        "size": size_text,
    }
    return environment.from_string(_read("page.html.j2"))
