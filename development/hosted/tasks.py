# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tasks that may be run on any Windows, whoever is on it: they change nothing, and reach nobody.

Each is one launch of one entry script, and tells what its result has to be, on a host of which nothing is known.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

NOBODY = "nobody-of-this-name"
NO_SERVER = "no-such-server.invalid"
MODES = ("enabled", "disabled", "drain", "drain_until_restart")

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Task:
    """A task of the collection.

    :ivar as_it_has_to_be: says so of its status and its result.
    """

    module: str
    options: Mapping[str, Any]
    as_it_has_to_be: Callable[[str, Values], bool]
    check_mode: bool = False


def _lists_sessions(status: str, values: Values) -> bool:
    return (status, values["changed"], values["servers"][0]["error"]) == ("ok", False, None) and all(
        record["result"] == "listed" and record["server"] for record in values["sessions"]
    )


def _plans(planned: str, *others: str, changes: bool = True) -> Callable[[str, Values], bool]:
    """Each session would be acted on, or has one of the other results.

    :param changes: whether the task counts as changed for the first.
    """

    def as_it_has_to_be(status: str, values: Values) -> bool:
        had = {record["result"] for record in values["sessions"]}
        return status == "ok" and had <= {planned, *others} and values["changed"] is (changes and planned in had)

    return as_it_has_to_be


def _selects_nobody(status: str, values: Values) -> bool:
    return (status, values["changed"], values["sessions"], values["not_found"]) == ("ok", False, [], [NOBODY])


def _refuses_the_exclusion(status: str, values: Values) -> bool:
    return status == "failed" and not values.get("changed") and NOBODY in values["msg"] and "sessions" not in values


def _does_not_reach_the_server(status: str, values: Values) -> bool:
    (server,) = values["servers"]
    return status == "failed" and server["error"] is not None and values["sessions"] == []


def _tells_the_mode(status: str, values: Values) -> bool:
    return (status, values["changed"]) == ("ok", False) and values["mode"] in MODES


def _would_exit_what_there_is(status: str, values: Values) -> bool:
    """A host that is in no maintenance is left as it is."""
    told = (status, values["error"], values["changed"])
    return told == ("ok", None, values["maintenance"] is not None) and values["mode"] in MODES


def _would_drain(status: str, values: Values) -> bool:
    return status == "ok" and values["mode"] == "drain"


TASKS = {
    "sessions": Task("win_rds_session_info", {}, _lists_sessions),
    "sessions-with-programs": Task("win_rds_session_info", {"processes": True}, _lists_sessions),
    "sessions-of-nobody": Task("win_rds_session_info", {"users": NOBODY}, _selects_nobody),
    "server-that-is-not-there": Task(
        "win_rds_session_info", {"server": NO_SERVER, "server_timeout": "1m"}, _does_not_reach_the_server
    ),
    "logoff-check": Task("win_rds_logoff", {"all": True}, _plans("would_log_off", "protected"), check_mode=True),
    "logoff-of-nobody": Task("win_rds_logoff", {"users": NOBODY}, _selects_nobody),
    "logoff-but-for-nobody": Task(
        "win_rds_logoff", {"all": True, "exclude_users": NOBODY}, _refuses_the_exclusion, check_mode=True
    ),
    "terminate-nobody": Task("win_rds_logoff", {"users": NOBODY, "on_timeout": "terminate"}, _selects_nobody),
    "disconnect-check": Task(
        "win_rds_disconnect",
        {"all": True},
        _plans("would_disconnect", "already_disconnected", "protected"),
        check_mode=True,
    ),
    "disconnect-nobody": Task("win_rds_disconnect", {"users": NOBODY}, _selects_nobody),
    "message-check": Task(
        "win_rds_message", {"all": True, "message": "Hello"}, _plans("would_send", changes=False), check_mode=True
    ),
    "message-to-nobody": Task("win_rds_message", {"users": NOBODY, "message": "Hello"}, _selects_nobody),
    "logon-mode": Task("win_rds_logon_mode_info", {}, _tells_the_mode),
    "logon-mode-check": Task("win_rds_logon_mode", {"mode": "drain"}, _would_drain, check_mode=True),
    "maintenance-check": Task("win_rds_maintenance", {"state": "exited"}, _would_exit_what_there_is, check_mode=True),
}
