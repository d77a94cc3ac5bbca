# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The facts, as facts.yml has them, and what an answer says of one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any

import yaml

_FILE = Path(__file__).with_name("facts.yml")

#: What `needs` may be, but for a session in a state or a logon mode: what the stage of the acceptance tests provides.
NOTHING, TOLD = "", "told"

#: That of a fact which no question asks of a host.
UNASKED = "unasked"


@dataclass(frozen=True)
class Fact:
    """What is believed of Windows; facts.yml says what each field means."""

    name: str
    question: str
    expected: str
    rule: str
    code: tuple[str, ...]
    tests: tuple[str, ...]
    sources: tuple[str, ...]
    asks: str
    needs: str = NOTHING
    unasked: str = ""

    @property
    def needs_stage(self) -> bool:
        return self.needs not in (NOTHING, TOLD, UNASKED)


class Verdict(Enum):
    """What came of a question."""

    EXPECTED = "as expected"
    DIFFERENT = "different"
    NOT_ASKABLE = "not askable here"


@dataclass(frozen=True)
class Answer:
    """What a host answered, or why it could not be asked."""

    fact: Fact
    answer: str | None
    reason: str = ""

    @property
    def verdict(self) -> Verdict:
        if self.answer is None:
            return Verdict.NOT_ASKABLE
        return Verdict.EXPECTED if re.fullmatch(self.fact.expected, self.answer) else Verdict.DIFFERENT

    @property
    def text(self) -> str:
        """The answer, or the reason."""
        return self.reason if self.answer is None else self.answer or "nothing"


@cache
def facts() -> tuple[Fact, ...]:
    """Return all of them, in the order of the file."""
    return tuple(map(_fact, yaml.safe_load(_FILE.read_text(encoding="utf-8"))))


def _fact(read: dict[str, Any]) -> Fact:
    values: dict[str, Any] = {"asks": read["name"], **read}
    if "unasked" in read:
        values["needs"] = UNASKED
    for name in "code", "tests", "sources":
        values[name] = tuple(values[name])
    return Fact(**values)


def what_rests_on(fact: Fact) -> list[str]:
    """Return, in lines, what is to be looked at if a fact is none."""
    return [
        f"{fact.name}: {fact.question}",
        f"  expected  {fact.expected}",
        f"  rule      {fact.rule}",
        *(f"  code      {place}" for place in fact.code),
        *(f"  tests     {test}" for test in fact.tests),
        *(f"  source    {source}" for source in fact.sources),
    ]
