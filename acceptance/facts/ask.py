# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Asks hosts by Ansible: a module of its own, which is not shipped (collections/)."""

from __future__ import annotations

import json
import locale
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support import csharp
from tests.support.ansible_runs import Result

from ..inventory import play
from .table import Answer, Fact

_ENGINE = "winops.acceptance.facts_engine"
#: Launches a module of the collection without the action plugin of its name.
_LAUNCH = "winops.acceptance.launch"
_COLLECTIONS = Path(__file__).parent / "collections"

#: Asked by launching the shipped engines instead.
_COMPILES = "csharp_compiles"


@dataclass(frozen=True)
class Subject:
    """The session that is asked about."""

    session_id: int | None = None
    account: str = ""
    client_name: str = ""


class AskError(RuntimeError):
    """A host did not answer at all; the message says what came instead."""


@dataclass(frozen=True)
class Windows:
    """What Windows a host has; an empty text is not known."""

    product: str
    version: str
    build: str
    language: str
    windows_powershell: str
    dotnet_framework: str


@dataclass(frozen=True)
class Interview:
    """A host, and what it answered; it did not answer, where `failure` says so."""

    host: str
    windows: Windows | None
    answers: list[Answer]
    failure: str = ""


def ask(
    inventory: Path, hosts: str, facts: Sequence[Fact], subject: Subject = Subject(), *, after: str = ""
) -> list[Interview]:
    """Ask each host of a pattern, in one run.

    :param after: a command of Windows that is run before.
    :raises AskError: there is no such host.
    """
    request = {
        "questions": [fact.asks for fact in facts if fact.asks != _COMPILES],
        "session_id": subject.session_id,
        "account": subject.account,
        "client_name": subject.client_name,
    }
    tasks: list[dict[str, Any]] = [{"name": after, "ansible.builtin.raw": after}] if after else []
    tasks.append({"name": _ENGINE, _ENGINE: {"request": json.dumps(request)}})
    if any(fact.asks == _COMPILES for fact in facts):
        # An engine that refuses what is no request was compiled and started, and touched nothing.
        tasks += [{"name": engine, _LAUNCH: {"module": f"winops.rds.{engine}"}} for engine in csharp.ENTRY_SCRIPTS]
    run = play(inventory, hosts, [task | {"ignore_errors": True} for task in tasks], collections=_COLLECTIONS)
    if not run.results:
        raise AskError(run.output.strip())
    names = sorted({result.host for result in run.results})
    return [_interview(name, [result for result in run.results if result.host == name], facts) for name in names]


def _interview(host: str, results: list[Result], facts: Sequence[Fact]) -> Interview:
    by_task = {result.task: result.values for result in results}
    report = by_task[_ENGINE].get("report")
    if report is None:
        return Interview(host, None, [], str(by_task[_ENGINE].get("msg")))
    answers = {answer["question"]: answer for answer in report["answers"]}
    answers[_COMPILES] = {"answer": _compiled({name: by_task.get(name, {}) for name in csharp.ENTRY_SCRIPTS})}
    return Interview(
        host,
        _windows(report["about"]),
        [Answer(fact, answers[fact.asks]["answer"], answers[fact.asks].get("reason") or "") for fact in facts],
    )


def _compiled(results: dict[str, Any]) -> str:
    failures = [f"{name}: {result.get('msg')}" for name, result in results.items() if not result.get("refused")]
    return "; ".join(failures) or "each of them"


def _windows(about: dict[str, str | None]) -> Windows:
    build = ".".join(filter(None, (about["build"], about["revision"])))
    # The registry has the language as an LCID in hexadecimal.
    language = locale.windows_locale.get(int(about["language"] or "0", 16), "").replace("_", "-")
    return Windows(
        about["product"] or "",
        about["version"] or "",
        build,
        language,
        about["windows_powershell"] or "",
        about["dotnet_framework"] or "",
    )
