# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Random nights, of which it is known what happened: every number and word of the page is compared with that."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from ansible_collections.winops.rds.plugins.plugin_utils._session_report.seen import TaskResult
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.session_report.pages import Page
from tests.unit.session_report.seen import START, at, mode, record, result

GRACE = 15  # minutes
REMINDERS = {"10m": 5, "5m": 10, "1m": 14}
"""Each reminder, and after how many minutes it comes."""

#: What becomes of a session at the end of a grace period, and how the page says it.
ENDS = {"logged_off": "logged off", "spared": "spared", "denied": "denied", "timed_out": "timed out"}
BAD = ("denied", "timed_out")
WORDS = {**ENDS, "listed": "listed", "would_log_off": "would be logged off", "already_gone": "already gone"}
ERROR = {"code": 5, "name": "ERROR_ACCESS_DENIED", "message": "no access", "hint": "Ask."}
STEPS = ("list", "logoff", "maintenance", "plan", "work", "mode", "lost", "slip")


@dataclass
class Session:
    """A logon, with the last that is told of it."""

    values: dict[str, Any]
    newcomer: bool = False
    is_on: bool = True
    result: str = ""
    """Empty: nothing was told of it so far."""
    warnings: int = 0

    def told(self, name: str, **others: Any) -> dict[str, Any]:
        # Why somebody is still on is kept when a later list only shows them.
        if name != "listed" or not self.result:
            self.result, self.warnings = name, others.get("warnings", 0)
        return {**self.values, "result": name, "error": ERROR if name in BAD else None, **others}


@dataclass
class Host:
    name: str
    sessions: list[Session]
    mode: str = "enabled"
    is_mode_known: bool = False
    has_answered: bool = False
    is_unasked: bool = False
    lost: int = 0
    """How many tasks did not reach it."""
    failed_tasks: list[list[Session]] = field(default_factory=list)
    """For each other task that failed, the sessions that had failed in it."""

    @property
    def on(self) -> list[Session]:
        return [session for session in self.sessions if session.is_on]

    def failures(self) -> int:
        """The sessions that failed in the end, and the tasks that failed for something else. A host that could not be
        asked is one failure, however often it was tried, and is counted beside its row."""
        bad = sum(session.result in BAD for session in self.sessions)
        lost = 0 if self.is_unasked else self.lost
        return bad + lost + sum(not any(session.result in BAD for session in of) for of in self.failed_tasks)


class Night:
    """Lets things happen, and keeps what the modules return and what a reader is to find."""

    def __init__(self, draw: Any) -> None:
        self._draw = draw
        self.minute = 0.0
        self.seen: list[TaskResult] = []
        self.events: list[tuple[str, str, str]] = []
        self.hosts = [self._host(number) for number in range(1, draw(st.integers(1, 3)) + 1)]
        for _ in range(draw(st.integers(1, 9))):
            step = getattr(self, f"_{draw(st.sampled_from(STEPS))}")
            step(draw(st.sampled_from(self.hosts)))

    def _host(self, number: int) -> Host:
        name = f"RDSH0{number}"
        count = self._draw(st.integers(0, 3))
        return Host(name, [Session(self._record(name, 10 + place)) for place in range(count)])

    def _record(self, server: str, id: int, **others: Any) -> dict[str, Any]:
        state = self._draw(st.sampled_from(["active", "disconnected"]))
        return record(id, f"user{server[-1]}{id}", server, state=state, **others)

    def _returned(self, host: Host, values: dict[str, Any], lasts: float = 0.25, **others: Any) -> None:
        graced = {"reminders": [*REMINDERS], "grace": f"{GRACE}m"} if "deadline" in values else {}
        self.seen.append(at(self.minute, host.name, values, lasts, **graced, **others))
        self.minute += lasts + 1

    def _happened(self, minute: float, host: str, text: str) -> None:
        time = START + timedelta(minutes=minute)
        self.events.append((f"{time:%Y-%m-%d %H:%M:%S}", host, text))

    def _list(self, host: Host) -> None:
        host.has_answered, host.is_unasked = True, False
        records = [session.told("listed") for session in host.on]
        self._returned(host, result(*records, server=host.name), tells_all=True)

    def _logoff(self, host: Host) -> None:
        host.has_answered = True
        began = self.minute
        values, lasts, failed = self._grace_period(host)
        self._returned(host, values, lasts, failed=bool(failed), task="Log off")
        if failed:
            self._happened(began + lasts, host.name, "failed: Log off")
            host.failed_tasks.append(failed)

    def _maintenance(self, host: Host) -> None:
        """Who is to leave is logged off. Where somebody is left, the host is as it was before."""
        host.has_answered = host.is_mode_known = True
        began, before = self.minute, host.mode
        closing = len(self.events)
        values, lasts, failed = self._grace_period(host, ends=("logged_off", "denied"))
        host.mode = before if failed else "drain"
        if host.mode != before:
            self._happened(began, host.name, "accepts no new logons (drain)")
            self.events.insert(closing, self.events.pop())
        remaining = [{**session.values, "result": "listed"} for session in host.on]
        values |= mode(host.mode, before) | {"remaining": remaining, "changed": True}
        self._returned(host, values, lasts, failed=bool(failed), task="Enter")
        if failed:
            self._happened(began + lasts, host.name, "failed: Enter")
            host.failed_tasks.append(failed)

    def _grace_period(
        self, host: Host, ends: tuple[str, ...] = (*ENDS,)
    ) -> tuple[dict[str, Any], float, list[Session]]:
        """Return what a task returns, how long it takes, and the sessions that could not be logged off."""
        draw, began = self._draw, self.minute
        there = [(session, 0.0) for session in host.on]
        if there and draw(st.booleans()):
            came = draw(st.integers(1, GRACE - 2)) + 0.5
            logon = START + timedelta(minutes=began + came)
            values = self._record(host.name, 30 + len(host.sessions), logon_time=f"{logon:%Y-%m-%dT%H:%M:%SZ}")
            newcomer = Session(values, newcomer=True)
            host.sessions.append(newcomer)
            there.append((newcomer, came))
        stays = [(session, came, draw(st.integers(int(came) + 1, GRACE + 2)) + 0.25) for session, came in there]
        everybody_left = all(left < GRACE for _session, _came, left in stays)
        # The controller was asleep, and promised the end anew: nobody knows when reminders were.
        put_off = 0 if everybody_left else draw(st.sampled_from([0, 0, 10]))
        lasts = (
            max((left for _session, _came, left in stays), default=0.25) if everybody_left else GRACE + 0.75 + put_off
        )
        records, failed, reminded = [], [], set()
        for session, came, left in stays:
            got = [minute for minute in REMINDERS.values() if came < minute < left]
            reminded |= set() if put_off else {*got}
            name = draw(st.sampled_from(ends)) if left >= GRACE else "already_gone"
            records.append(session.told(name, warnings=1 + len(got)))
            session.is_on = name not in ("already_gone", "logged_off")
            failed += [session] if name in BAD else []
        if records:
            self._happened(began, host.name, f"{len(records)} session{'s' if len(records) > 1 else ''} warned")
            for minute in sorted(reminded):
                self._happened(began + minute, host.name, "reminder")
            self._happened(began + lasts, host.name, self._counts(records))
        deadline = START + timedelta(minutes=began + GRACE + put_off)
        return result(*records, server=host.name, deadline=f"{deadline:%Y-%m-%dT%H:%M:%SZ}"), lasts, failed

    @staticmethod
    def _counts(records: list[dict[str, Any]]) -> str:
        names = [one["result"] for one in records]
        order = ("logged_off", "would_log_off", "already_gone", "spared", "denied", "timed_out")
        return ", ".join(f"{names.count(name)} {WORDS[name]}" for name in order if name in names)

    def _plan(self, host: Host) -> None:
        """The logoff in check mode."""
        host.has_answered = True
        records = [session.told("would_log_off", warnings=0) for session in host.on]
        if records:
            self._happened(self.minute + 0.25, host.name, self._counts(records))
        deadline = START + timedelta(minutes=self.minute + GRACE)
        planned = {"changed": True, "deadline": f"{deadline:%Y-%m-%dT%H:%M:%SZ}"}
        self._returned(host, result(*records, server=host.name, **planned), check_mode=True)

    def _work(self, host: Host) -> None:
        """Of another module, on the host or for it elsewhere."""
        draw = self._draw
        changed, failed, check_mode, is_delegated = (draw(st.booleans()) for _ in range(4))
        place = f"{host.name} -> broker" if is_delegated else host.name
        if failed:
            host.failed_tasks.append([])
            self._happened(self.minute + 0.25, place, "failed: Patch: boom")
        elif changed and not check_mode:
            self._happened(self.minute + 0.25, place, "work done: Patch")
        values = {"changed": changed, "msg": "boom" if failed else None}
        other = {"is_ours": False, "failed": failed, "check_mode": check_mode}
        self._returned(host, values, task="Patch", delegated_to="broker" if is_delegated else "", **other)

    def _mode(self, host: Host) -> None:
        before, after = host.mode, self._draw(st.sampled_from(["enabled", "drain"]))
        check_mode = self._draw(st.booleans())
        host.is_mode_known = True
        if not check_mode and before != after:
            host.mode = after
            text = "accepts logons" if after == "enabled" else "accepts no new logons (drain)"
            self._happened(self.minute + 0.25, host.name, text)
        self._returned(host, mode(after, before), check_mode=check_mode)

    def _lost(self, host: Host) -> None:
        host.is_unasked = True
        host.lost += 1
        self._happened(self.minute + 0.25, host.name, "failed: Look: no route")
        self._returned(host, {"unreachable": True, "msg": "no route"}, failed=True, task="Look")

    def _slip(self, host: Host) -> None:
        """A task that is refused before it asks, of a host that tells of its sessions afterwards."""
        self._lost(host)
        self._list(host)


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_every_number_and_word_comes_from_the_results(data: st.DataObject) -> None:
    night = Night(data.draw)
    shown = Page(*night.seen)
    told = [(host, session) for host in night.hosts for session in host.sessions if session.result]
    compare_tiles(shown, night, [session for _host, session in told if session.is_on])
    compare_servers(shown, night)
    rows = [
        (row["Server"], row["Account"], row.get("Result", "listed"), row.get("Warnings", "0"))
        for row in shown.rows("sessions")
    ]
    error = ": no access [5 ERROR_ACCESS_DENIED]. Ask."
    expected = [
        (
            host.name,
            session.values["account"],
            WORDS[session.result] + (error if session.result in BAD else ""),
            str(session.warnings),
        )
        for host, session in told
    ]
    assert sorted(rows) == sorted(expected)
    events = [(row["Time (UTC)"], row["Host"], row["What"]) for row in shown.rows("events")]
    assert sorted(events) == sorted(night.events)


def compare_tiles(shown: Page, night: Night, on: list[Session]) -> None:
    tiles = dict(reversed(tile.split(" ", 1)) for tile in shown.texts("//ul[@class='tiles']/li"))
    acted = any(session.result not in ("", "listed") for host in night.hosts for session in host.sessions)
    unasked = [host for host in night.hosts if host.is_unasked]
    now = ("on when last seen" if unasked else "still on") if acted else "sessions"
    assert tiles.pop(now) == str(len(on))
    (totals,) = shown.texts("//p[@class='totals']")
    if acted:
        known = [session for host in night.hosts for session in host.sessions if session.result]
        before = sum(not session.newcomer for session in known)
        assert totals.startswith(f"{before} session{'' if before == 1 else 's'} before. ")
    assert f"{len(on)} session{'' if len(on) == 1 else 's'} on " in totals
    for state in ("active", "disconnected"):
        assert tiles.pop(state) == str(sum(session.values["state"] == state for session in on))
    assert tiles.pop("failures") == str(sum(host.failures() for host in night.hosts) + len(unasked))
    closed = sum(host.is_mode_known and host.mode != "enabled" for host in night.hosts)
    assert tiles.pop("servers closed to new logons", "0") == str(closed)
    assert tiles == {"idle for 2h or more": "0"}
    asked = len([host for host in night.hosts if host.has_answered])
    (servers,) = shown.texts("//dt[.='Servers asked']/following-sibling::dd[1]")
    assert servers == f"{asked}{f', and {len(unasked)} that did not answer' if unasked else ''}"
    assert sorted(shown.texts("//ul[@class='unasked']/li")) == [f"{host.name}: no route" for host in unasked]


def compare_servers(shown: Page, night: Night) -> None:
    rows = {row["Server"]: row for row in shown.rows("servers")}
    assert [*rows] == [host.name for host in night.hosts if host.has_answered or host.is_mode_known]
    for host in night.hosts:
        if host.name not in rows:
            continue
        row, known = rows[host.name], [session for session in host.sessions if session.result]
        on = [session for session in known if session.is_on]

        def told(*counts: int, has_answered: bool = host.has_answered) -> tuple[str, ...]:
            # Of a host that told only its logon mode it is not known who is on.
            return tuple(str(count) if has_answered else "–" for count in counts)

        if "Before" in row:
            assert (row["Before"], row["After"]) == told(sum(not one.newcomer for one in known), len(on))
        for state in ("active", "disconnected"):
            assert (row[state.capitalize()],) == told(sum(one.values["state"] == state for one in on))
        assert row["Failures"] == str(host.failures())
        assert row.get("New logons", "not known") == (host.mode if host.is_mode_known else "not known")
