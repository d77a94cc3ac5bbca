# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter ``winops.rds.session_report``; what it is for is in session_report.yml."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError

from ..plugin_utils._farm.results import has_failed
from ..plugin_utils._session_report.files import DEFAULT_IDLE_LIMIT, head_of
from ..plugin_utils._session_report.page import page
from ..plugin_utils._session_report.seen import TaskResult
from ..plugin_utils._session_report.sheet import sheet
from ..plugin_utils._session_report.view import view
from ..plugin_utils._words.durations import parse_duration


def session_report(
    results: Any,
    format: str = "html",
    title: str = "Who is on",
    idle_limit: str = DEFAULT_IDLE_LIMIT,
    mask: bool = False,
) -> str:
    """Return a report of results, as an HTML page or as CSV."""
    if not isinstance(results, Mapping) or not all(isinstance(result, Mapping) for result in results.values()):
        raise AnsibleFilterError("session_report takes a dictionary of hosts, each with the result of its task")
    shown = view([TaskResult(str(host), result, failed=has_failed(result)) for host, result in results.items()])
    if format == "csv":
        return sheet(shown, masked=mask)
    if format != "html":
        raise AnsibleFilterError(f"session_report: format is html or csv, and not {format!r}")
    try:
        seconds = parse_duration(str(idle_limit), unit_needed=True)
    except ValueError as error:
        raise AnsibleFilterError(f"session_report: idle_limit: {error}") from None
    return page(shown, head_of(title), idle_limit=seconds, masked=mask)


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"session_report": session_report}
