# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The page of a report, read."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import lxml.html
from ansible_collections.winops.rds.plugins.plugin_utils._session_report.page import Head, page
from ansible_collections.winops.rds.plugins.plugin_utils._session_report.seen import TaskResult
from ansible_collections.winops.rds.plugins.plugin_utils._session_report.view import view

HOUR = 3600


class Page:
    """A page, read as a browser does."""

    def __init__(self, *seen: TaskResult, idle_limit: float = 2 * HOUR, masked: bool = False, **head: Any) -> None:
        about = Head(**{"title": "A night", "controller": "ctl", "made": datetime(2026, 11, 22, tzinfo=UTC), **head})
        self._tree = lxml.html.fromstring(page(view(seen), about, idle_limit=idle_limit, masked=masked))

    def texts(self, path: str, of: Any = None) -> list[str]:
        return [" ".join(found.text_content().split()) for found in self.elements(path, of)]

    def elements(self, path: str, of: Any = None) -> list[Any]:
        found: list[Any] = (self._tree if of is None else of).xpath(path)
        return found

    def rows(self, table: str) -> list[dict[str, str]]:
        """The rows of a table, by the names of its columns."""
        names = self.texts(f"//table[@id='{table}']/thead//th")
        rows = self.elements(f"//table[@id='{table}']/tbody/tr")
        return [dict(zip(names, self.texts("th | td", row), strict=True)) for row in rows]

    def bad(self) -> list[str]:
        """What is marked."""
        return self.texts("//*[contains(concat(' ', @class, ' '), ' bad ')]")
