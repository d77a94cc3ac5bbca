# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A record of a session, as a module returned it and a task gives it back: the logon that it means."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .._words.wts import LAST_SESSION_ID, STATES, filetime_seconds
from .errors import OptionError
from .names import check_server

#: What identifies a logon. An ID alone is somebody else's soon, and on another server at once.
_IDENTIFYING = ("server", "id", "account", "logon_time")

#: Results of a session that a task has left alone because it did not match any more, or was not to be touched.
_SPARED = ("spared", "excluded")

#: Seconds since 1601: 1917. From then on they have as many digits, and those of an earlier time would be how the digits
#: of another begin.
_EARLIEST = 10**10


@dataclass(frozen=True)
class Logon:
    """One logon on one server."""

    server: str
    id: int
    account: str
    """``DOMAIN\\user``, or a user without a domain."""
    seconds: int
    """When it began: seconds since 1601, as records tell it. Windows counts in 100 ns, which would tell nobody apart:
    of two logons of one account with one ID, one ends before the other begins, which takes longer than a second."""
    state: str
    """Its session's, when it was recorded; empty: not given."""
    was_spared: bool
    """Whether the task that returned the record had spared it."""
    was_protected: bool
    """Whether it had left it alone because it protects the console."""

    def __str__(self) -> str:
        return f"{self.id} ({self.account}) on {self.server}"

    @property
    def text(self) -> str:
        """As the engines take it: how the text begins by which they name a logon."""
        domain, _backslash, user = self.account.rpartition("\\")
        return f"{self.server}|{self.id}|{domain}\\{user}|{self.seconds}"

    @classmethod
    def from_record(cls, option: str, record: Mapping[str, Any]) -> Logon:
        """Return the logon that a record means.

        :raises OptionError: something that identifies it is missing, or is not what a record has there.
        """
        lacking = [field for field in _IDENTIFYING if record.get(field) in (None, "")]
        if lacking:
            raise OptionError(
                f"{option}: a record without {', '.join(lacking)} does not say which logon is meant: {_short(record)}. "
                f"{_advice(record)}"
            )
        server, account, time = (str(record[field]) for field in ("server", "account", "logon_time"))
        check_server(server, option)
        try:
            number = int(str(record["id"]))
            seconds = filetime_seconds(time)
        except ValueError:
            number, seconds = -1, 0
        is_account = re.fullmatch(r"([^\\|]*\\)?[^\\|]+", account)
        if not 0 <= number <= LAST_SESSION_ID or seconds < _EARLIEST or not is_account:
            raise OptionError(
                f"{option}: this is not the record of a session: {_short(record)}; its id is a number, its account "
                "looks like CONTOSO\\alice, its logon_time like 2026-11-21T13:18:05Z"
            )
        state, result = record.get("state"), record.get("result")
        return cls(
            server,
            number,
            account,
            seconds,
            state=str(state) if state in STATES else "",
            was_spared=result in _SPARED,
            was_protected=result == "protected",
        )


def _advice(record: Mapping[str, Any]) -> str:
    """What to give instead of it."""
    of_results = {
        "sessions": "found.sessions",
        "results": "found.results | map(attribute='sessions') | flatten",  # of a loop
    }
    for field, records in of_results.items():
        if isinstance(record.get(field), list):
            return f"It is the result of a task; give its records: {{{{ {records} }}}}"
    return (
        "Pass the records on as a module returned them; those that Windows told no logon time of are left out by "
        "selectattr('logon_time')"
    )


def _short(record: Mapping[str, Any]) -> str:
    return (
        ", ".join(f"{field}: {record[field]!r}" for field in _IDENTIFYING if field in record) or "it has none of them"
    )
