# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From the results of a run to what a report of it shows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from .._engine.acts import FAILED, LIST
from .._farm.overview import Overview, overview, tells_processes
from .._result.records import Record
from .._words.wts import time_of
from .happened import Event, Span, events, spans
from .seen import PLANNED, TaskResult, asked_nothing, is_mode

#: Results of a session that is not there any more.
GONE = frozenset({"logged_off", "already_gone"})

#: How many of the sessions that take most memory are listed by themselves.
HEAVIEST = 10

#: Of a session.
_Key = tuple[str, int, Any]


@dataclass
class Server:
    """A row of the table of servers."""

    name: str
    has_told: bool = False
    """Whether it told of its sessions, and not only of its logon mode."""
    mode: str | None = None
    before: int = 0
    after: int = 0
    active: int = 0
    disconnected: int = 0
    oldest: Record | None = None
    """The session that has been disconnected for longest."""
    failed: int = 0
    """Sessions and tasks that failed there."""


@dataclass
class View:
    """What a report shows."""

    overview: Overview
    """Of the sessions that are still there."""
    sessions: list[Record]
    """Each session as it was seen last, with what became of it."""
    servers: list[Server]
    accounts: list[tuple[str, list[Record]]]
    """Those with several sessions that are still there."""
    gone: set[_Key]
    """Which of them are not there any more."""
    acted: bool
    """Whether something was done, or in check mode would be, and not only looked at."""
    events: list[Event] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    failed_elsewhere: int = 0
    """Tasks that failed for hosts that are not in the table of servers."""

    def idle(self, seconds: float) -> int:
        """How many sessions have been idle for so long."""
        return sum((record["idle_seconds"] or 0) >= seconds for record in self.overview.sessions)

    @property
    def modes_known(self) -> bool:
        """Whether a server told its logon mode."""
        return any(server.mode for server in self.servers)

    @property
    def processes_known(self) -> bool:
        """Whether somebody asked for the programs in sessions."""
        return tells_processes(self.sessions)

    def heaviest(self) -> list[Record]:
        """The sessions that take most memory, of those that are still there; the heaviest first."""
        known = [record for record in self.overview.sessions if record.get("memory_bytes") is not None]
        return sorted(known, key=lambda record: -record["memory_bytes"])[:HEAVIEST]

    def closed(self) -> int:
        """How many servers accept no new logons."""
        return sum(server.mode not in (None, "enabled") for server in self.servers)

    def failed(self) -> int:
        """How many sessions and servers could not be dealt with, and how many tasks failed for another reason."""
        return sum(server.failed for server in self.servers) + len(self.overview.unasked) + self.failed_elsewhere


def view(seen: Sequence[TaskResult]) -> View:
    """Return what a report shows of results, which are in the order in which they came."""
    ours = [one for one in seen if one.is_ours]
    about = _about_sessions(ours)
    found = overview((one.host, one.values) for one in about)
    # A host that did not answer at first, and listed all sessions later, has answered.
    unasked = overview((one.host, one.values) for one in _since_all_was_told(about)).unasked
    sessions, newcomers, gone = _last_words(ours)
    on = [record for key, record in sessions.items() if key not in gone]
    accounts = defaultdict(list)
    for record in on:
        accounts[record["account"].casefold()].append(record)
    several = [(records[0]["account"], records) for records in accounts.values() if len(records) > 1]
    servers = _servers(ours, found, sessions, newcomers, gone)
    failed_elsewhere = _count_failed_tasks(seen, servers, sessions, unasked)
    return View(
        overview=replace(found, sessions=on, unasked=unasked, maintenance=_in_maintenance(ours)),
        gone=gone,
        sessions=sorted(sessions.values(), key=lambda record: (record["server"].casefold(), record["id"])),
        servers=sorted(servers.values(), key=lambda server: server.name.casefold()),
        accounts=sorted(several, key=lambda one: (-len(one[1]), one[0].casefold())),
        acted=any(record["result"] != LIST.planned for record in sessions.values()),
        events=sorted(events(seen), key=lambda event: event.time),
        spans=[*spans(seen)],
        failed_elsewhere=failed_elsewhere,
    )


def _about_sessions(seen: Sequence[TaskResult]) -> list[TaskResult]:
    """Return what was asked of sessions. A task that has asked nothing tells why a host was left out, where no other
    task has asked it."""
    about = [one for one in seen if not is_mode(one.values) or "sessions" in one.values]
    asked = {one.host for one in about if not asked_nothing(one.values)}
    return [one for one in about if not asked_nothing(one.values) or one.host not in asked]


def _in_maintenance(seen: Sequence[TaskResult]) -> dict[str, Mapping[str, Any]]:
    """Return the hosts that are in maintenance, each with what stands there of it: the last result tells."""
    told = {one.host: one.values["maintenance"] for one in seen if "maintenance" in one.values}
    return {host: maintenance for host, maintenance in sorted(told.items()) if maintenance}


def _since_all_was_told(seen: Sequence[TaskResult]) -> list[TaskResult]:
    told = {one.host: number for number, one in enumerate(seen) if one.tells_all and "servers" in one.values}
    return [one for number, one in enumerate(seen) if number >= told.get(one.host, 0)]


def key_of(record: Record) -> _Key:
    """Return what is one session's: its server, ID and logon. The ID alone is somebody else's later."""
    return record["server"].casefold(), record["id"], record["logon_time"]


def _last_words(seen: Sequence[TaskResult]) -> tuple[dict[_Key, Record], set[_Key], set[_Key]]:
    """Return each session with the last that became of it; which of them began after something had been done; and which
    are not there any more."""
    last: dict[_Key, Record] = {}
    newcomers = set()
    gone: set[_Key] = set()
    acted_on: dict[str, datetime | None] = {}
    for one in seen:
        records = one.values.get("sessions", ())
        acted_on_now = {key_of(record) for record in records}
        # A host that enters maintenance tells at the end who is on.
        remaining = [record for record in one.values.get("remaining", ()) if key_of(record) not in acted_on_now]
        # Also who came during a grace period was not there before.
        if any(record["result"] not in PLANNED for record in records):
            acted_on = {record["server"].casefold(): one.began for record in records} | acted_on
        for record in (*records, *remaining):
            key = key_of(record)
            began, logon = acted_on.get(key[0]), record["logon_time"]
            if began and logon and time_of(logon) > began:
                newcomers.add(key)
            # Why somebody is still on (spared, not logged off in time) is kept when a later list only shows them, and
            # so are the programs when a later result tells of none.
            if record["result"] != LIST.planned or key not in last:
                last[key] = _programs(last.get(key, {})) | record
            else:
                last[key] = last[key] | _programs(record)
            (gone.add if record["result"] in GONE else gone.discard)(key)
        for key in _left_by_themselves(one, last.keys() - gone):
            gone.add(key)
            if last[key]["result"] in PLANNED:
                last[key] = {**last[key], "result": "already_gone"}
    return last, newcomers, gone


def _programs(record: Record) -> Record:
    """What a record says of the programs in its session, if they were asked for."""
    return {name: record[name] for name in ("processes", "process_count", "memory_bytes") if name in record}


def _left_by_themselves(one: TaskResult, on: Set[_Key]) -> set[_Key]:
    """Return which of these sessions are not there any more, as a result shows that tells of all."""
    if not one.tells_all:
        return set()
    answered = {server["server"].casefold() for server in one.values.get("servers", ()) if not server["error"]}
    told = {key_of(record) for record in (*one.values.get("sessions", ()), *one.values.get("excluded", ()))}
    # A session whose logon time could not be read may be any session of its ID.
    unknown = {(server, number) for server, number, logon in told if logon is None}
    return {key for key in on - told if key[0] in answered and key[:2] not in unknown}


def _servers(
    seen: Sequence[TaskResult], found: Overview, sessions: Mapping[_Key, Record], newcomers: set[_Key], gone: set[_Key]
) -> dict[str, Server]:
    servers = {name.casefold(): Server(name, has_told=True) for name in found.servers}
    for key, record in sessions.items():
        server = servers.setdefault(record["server"].casefold(), Server(record["server"], has_told=True))
        server.before += key not in newcomers
        server.failed += record["result"] in FAILED
        if key in gone:
            continue
        server.after += 1
        server.active += record["state"] == "active"
        server.disconnected += record["state"] == "disconnected"
        if record["state"] == "disconnected" and record["disconnect_time"]:
            oldest = server.oldest
            if oldest is None or record["disconnect_time"] < oldest["disconnect_time"]:
                server.oldest = record
    own = _own_names(seen)
    for one in seen:
        mode = _mode_left(one) if is_mode(one.values) else None
        if mode:
            name = own.get(one.host, one.host)
            servers.setdefault(name.casefold(), Server(name)).mode = mode
    return servers


def _own_names(seen: Sequence[TaskResult]) -> dict[str, str]:
    """Return what hosts of the inventory call themselves."""
    return {one.host: one.values["servers"][0]["server"] for one in seen if len(one.values.get("servers", ())) == 1}


def _count_failed_tasks(
    seen: Sequence[TaskResult],
    servers: Mapping[str, Server],
    sessions: Mapping[_Key, Record],
    unasked: Mapping[str, str],
) -> int:
    """Count the tasks that failed, and whose failure no session and no server that was not asked stands for, with
    their servers. Return how many there are beside."""
    own = _own_names(seen)
    elsewhere = 0
    for one in seen:
        if not one.failed or _is_counted(one, sessions, unasked):
            continue
        server = servers.get(own.get(one.host, one.host).casefold())
        if server:
            server.failed += 1
        else:
            elsewhere += 1
    return elsewhere


def _is_counted(one: TaskResult, sessions: Mapping[_Key, Record], unasked: Mapping[str, str]) -> bool:
    """Whether a session or a server stands for the failure of a task."""
    if not one.is_ours:
        return False
    if "servers" not in one.values and not is_mode(one.values):
        return one.host in unasked
    failed = any(sessions[key_of(record)]["result"] in FAILED for record in one.values.get("sessions", ()))
    return failed or any(server["server"] in unasked for server in one.values.get("servers", ()) if server["error"])


def _mode_left(one: TaskResult) -> str | None:
    """The logon mode that a host has after a task: in check mode the task tells which one it would have set."""
    mode: str | None = one.values.get("previous_mode" if one.check_mode else "mode", one.values["mode"])
    return mode
