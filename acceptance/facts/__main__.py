# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Asks the hosts of an inventory what the collection believes of Windows. The exit code is 1 if an answer differs."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from .ask import AskError, Interview, ask
from .table import NOTHING, TOLD, Answer, Fact, Verdict, facts, what_rests_on

_COLOURS = {Verdict.EXPECTED: "green", Verdict.DIFFERENT: "bold red", Verdict.NOT_ASKABLE: "yellow"}


def main() -> int:
    """Ask, show the answers, and return the exit code."""
    parser = argparse.ArgumentParser(prog="acceptance.facts", description=__doc__)
    parser.add_argument("inventory", type=Path)
    parser.add_argument("--limit", default="all", metavar="PATTERN", help="which hosts (default: all)")
    parser.add_argument("--act", action="store_true", help="also by calls that act, though on nobody")
    options = parser.parse_args()
    askable = [fact for fact in facts() if fact.needs == NOTHING or (fact.needs == TOLD and options.act)]
    try:
        interviews = ask(options.inventory, options.limit, askable)
    except AskError as error:
        print(error, file=sys.stderr)
        return 1
    console = Console()
    for interview in interviews:
        _show(interview, console)
    different = {answer.fact for interview in interviews for answer in _different(interview)}
    for fact in facts():
        if fact in different:
            console.print("\n".join(["", *what_rests_on(fact)]), markup=False, highlight=False, soft_wrap=True)
    return 1 if different or any(interview.failure for interview in interviews) else 0


def _different(interview: Interview) -> list[Answer]:
    return [answer for answer in interview.answers if answer.verdict is Verdict.DIFFERENT]


def _show(interview: Interview, console: Console) -> None:
    if interview.windows is None:
        console.print(f"{interview.host} did not answer: {interview.failure}", markup=False, style="bold red")
        return
    windows = interview.windows
    table = Table(
        "fact",
        "",
        "answer",
        title=f"{interview.host}: {windows.product} {windows.version} {windows.build} {windows.language}",
    )
    answers = {answer.fact: answer for answer in interview.answers}
    for fact in facts():
        answer = answers.get(fact, Answer(fact, None, _why_not_asked(fact)))
        table.add_row(fact.name, answer.verdict.value, escape(answer.text), style=_COLOURS[answer.verdict])
    console.print(table)


def _why_not_asked(fact: Fact) -> str:
    if fact.unasked:
        return f"never asked: {fact.unasked}"
    if fact.needs_stage:
        return f"needs: {fact.needs} (asked by the acceptance tests)"
    return "calls what acts, though on nobody (ACT=1)"


if __name__ == "__main__":
    sys.exit(main())
