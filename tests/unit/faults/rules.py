# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What must hold after any task, whatever went wrong: judged by what the hosts saw, not by what the task says.

Windows cannot say "log off this logon": between the last look at a session and the request to log its ID off, another
may get the ID, and no program could tell. So an act is judged by the last look before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.winops.rds.plugins.plugin_utils._engine.acts import FAILED

from simulator.session_table import Session
from tests.support.calls import ENUMERATE, LOGOFF, OPEN_PROCESS, PROCESSES, QUERY, TERMINATE, TERMINATE_HERE
from tests.unit.faults.hosts import Farm, Witnessed, snapshot
from tests.unit.matching import model

#: Two lines of a terminal that is 120 columns wide.
LONGEST_REASON = 240

ACCOUNT = ("CONTOSO", "ansible")
OF_A_SESSION = (QUERY, LOGOFF, PROCESSES)
#: By its ID on another server, by its handle on the host itself.
ENDED = (TERMINATE, TERMINATE_HERE)
HARMLESS_BETWEEN = ("WTSGetActiveConsoleSessionId", QUERY)


def check(farm: Farm, options: Mapping[str, Any], result: Mapping[str, Any], *, check_mode: bool = False) -> None:
    """Assert the nine rules for the task that has just run on a farm."""
    calls = farm.api.witnessed
    selecting = {option: value for option, value in options.items() if option not in ("server", "server_timeout")}
    for name, host in farm.hosts.items():
        here = [call for call in calls if call.host == name]
        records = [record for record in result.get("sessions", ()) if record["server"] == name]
        if records or here:
            _check_host(name, here, records, selecting, snapshot(host), _error_of(result, name))
        assert not host.table.crashed, "a process of the system was ended"
    _check_result(result, calls, options, check_mode)
    for text in reasons(result):
        check_reason(text)
    # A thread that is still in its call when the program ends cannot close the server that it has opened.
    assert (farm.leaks or 0) <= sum(call.outcome == "hung" for call in calls)


def _check_host(
    name: str,
    calls: list[Witnessed],
    records: list[dict[str, Any]],
    options: Mapping[str, Any],
    now: dict[int, Session],
    error: Any,
) -> None:
    listings = [call for call in calls if call.function == ENUMERATE and call.outcome == "done"]
    if not listings:
        assert not records
        assert error or all(call.function != ENUMERATE for call in calls)
        return
    listed = listings[0].sessions
    selected = selection(name, listed.values(), options)
    assert len({record["id"] for record in records}) == len(records)
    assert {record["id"] for record in records} <= set(selected), "a record of a session that is not selected"
    for session_id in set(selected) - {record["id"] for record in records} if not error else ():
        first = next(call for call in calls if call.identifies and call.session == session_id)
        assert not _fits(name, first.sessions.get(session_id), options), "a selected session without a record"
    logons = {record["id"]: _logon(calls, listed, record["id"]) for record in records}
    for position, call in enumerate(calls):
        if call.function in (LOGOFF, TERMINATE):
            session_id = call.session if call.function == LOGOFF else session_of_process(call)
            assert 0 < session_id < 65536
            assert session_id in logons, "a session was touched that is not selected"
            looked = max(i for i in range(position) if calls[i].identifies and calls[i].session == session_id)
            look = calls[looked]
            if call.function == LOGOFF and look.outcome == "refused":
                # One that is on its way out tells nothing; then the list of sessions has to say who it is.
                listing = calls[position - 1]
                assert (listing.function, listing.outcome) == (ENUMERATE, "done")
                assert listing.sessions[session_id].user in ("", logons[session_id].user)
                continue
            assert look.outcome == "done" and _same_logon(look.sessions[session_id], logons[session_id])
            if call.function == LOGOFF:
                assert _fits(name, look.sessions[session_id], options) == "would_log_off"
                for between in calls[looked + 1 : position]:
                    assert between.function in HARMLESS_BETWEEN, "the identity was not read immediately before the act"
            else:
                assert _was_asked_or_is_leaving(calls[:position], session_id)
        if call.function == OPEN_PROCESS:
            session_id = session_of_process(call)
            assert session_id in logons, "a process was opened of a session that is not selected"
            assert _was_asked_or_is_leaving(calls[:position], session_id)
    _check_order(calls, options)
    for record in records:
        _check_record(record, calls, logons[record["id"]], now, error)


def session_of_process(call: Witnessed) -> int:
    """The session of the process that a call is about: IDs that a farm file does not name begin with their session's
    (``SessionSpec``)."""
    return call.session // 1000


def _was_asked_or_is_leaving(calls: list[Witnessed], session_id: int) -> bool:
    """Programs are ended where a logoff was asked for, or where Windows answers only that the session is going."""
    return any(
        call.session == session_id and (call.function == LOGOFF or (call.identifies and call.outcome == "refused"))
        for call in calls
        if call.function in (LOGOFF, QUERY)
    )


def _check_order(calls: list[Witnessed], options: Mapping[str, Any]) -> None:
    accepted = [call.session for call in calls if call.function == LOGOFF and call.outcome == "done"]
    assert len(set(accepted)) == len(accepted), "a session got two requests that Windows accepted"
    # Each session is identified when it is selected, before it is asked to log off, and then at each look.
    looks: dict[int, list[int]] = {}
    for position, call in enumerate(calls):
        if call.identifies:
            looks.setdefault(call.session, []).append(position)
    _check_parallel(calls, looks, options.get("max_parallel"))
    waits = [positions[2] for positions in looks.values() if len(positions) > 2]
    if options.get("max_parallel") is None and waits:
        requests = [positions[1] for positions in looks.values() if len(positions) > 1]
        assert max(requests) < min(waits), "a session was awaited before all were requested"


def _check_parallel(calls: list[Witnessed], looks: dict[int, list[int]], most: int | None) -> None:
    """A session counts at least until the first look at it after the request: only a look tells that it has gone."""
    requests = [(i, call.session) for i, call in enumerate(calls) if call.function == LOGOFF and call.outcome == "done"]
    for position, _session in requests if most is not None else []:
        earlier = [(asked, session) for asked, session in requests if asked < position]
        unseen = [session for asked, session in earlier if not any(asked < look < position for look in looks[session])]
        assert len(unseen) < (most or 0), "more logoffs were in flight than allowed"


def _check_record(
    record: dict[str, Any], calls: list[Witnessed], logon: Session | None, now: dict[int, Session], error: Any
) -> None:
    mine = [call for call in calls if call.function in OF_A_SESSION and call.session == record["id"]]
    accepted = any(call.function == LOGOFF and call.outcome == "done" for call in mine)
    ended = any(call.function in ENDED and call.outcome == "done" for call in calls)
    present = logon is not None and record["id"] in now and _same_logon(now[record["id"]], logon)
    result = record["result"]
    if result == "logged_off":
        assert not present and (accepted or ended)
    elif result == "already_gone":
        assert not accepted and (not present or now[record["id"]].gone_at is not None)
    elif result == "requested":
        assert accepted
    elif result in ("would_log_off", "spared", "protected"):
        assert not accepted
    else:
        assert record["error"]
        assert any(call.outcome != "done" for call in mine) or result == "timed_out" or error, "no cause of its own"


def _check_result(
    result: Mapping[str, Any], calls: list[Witnessed], options: Mapping[str, Any], check_mode: bool
) -> None:
    records = result.get("sessions", [])
    changed = any(call.function in (LOGOFF, *ENDED) and call.outcome == "done" for call in calls)
    if check_mode:
        assert not any(call.function in (LOGOFF, *ENDED) for call in calls)
        changed = any(record["result"] == "would_log_off" for record in records)
    assert bool(result.get("changed")) == changed
    if "servers" in result:
        failures = [record for record in records if record["result"] in FAILED or record["error"]]
        failures += [server for server in result["servers"] if server["error"]]
        failures += result["not_found"] if options.get("missing") == "fail" else []
        assert result.get("failed", False) == bool(failures)
    else:
        assert result["failed"] and not records and not changed
    assert "\n" not in result["msg"]
    assert sum(result.get("summary", {}).values()) == len(records)


def reasons(result: Mapping[str, Any]) -> list[str]:
    """The reasons that a task gives for its failure, as its message joins them."""
    if not result.get("failed"):
        return []
    # The reasons are followed by what was done; how many more there are is no reason.
    text = re.sub(r" \d+ sessions? selected: .*", "", result["msg"])
    return [reason for reason in text.split(" | ") if not reason.startswith("and ")]


def check_reason(text: str) -> None:
    """It fits on two lines, and says what to do; an error of Windows has code and name."""
    assert len(text) <= LONGEST_REASON, text
    assert ". " in text, text


def selection(server: str, sessions: Iterable[Session], options: Mapping[str, Any]) -> dict[int, str]:
    """The sessions that the options select, by the model; ``protected`` or ``would_log_off``."""
    world = model.World(server, ACCOUNT, {})
    modelled = [_modelled(session) for session in sessions]
    outcome = model.outcome(modelled, options, world)
    if outcome.unknown_exclusions:
        # Whether it is nobody's name is said by all that the host knows. Whom it fits, it spares in any case.
        known = [value for value in options["exclude_users"] if value not in outcome.unknown_exclusions]
        outcome = model.outcome(modelled, {**options, "exclude_users": known}, world)
    return outcome.results


def _fits(server: str, session: Session | None, options: Mapping[str, Any]) -> str | None:
    return None if session is None else selection(server, [session], options).get(session.id)


def _modelled(session: Session) -> model.Session:
    return model.Session(
        id=session.id,
        name=session.name,
        user=session.user,
        domain=session.domain,
        state=session.state.name.lower(),
        client_name=session.client_name,
        client_address=session.client_address,
    )


def _logon(calls: list[Witnessed], listed: dict[int, Session], session_id: int) -> Session | None:
    """The logon that the engine has in mind: the first that it has identified, if it is of whom was listed."""
    looks = (call for call in calls if call.identifies and call.session == session_id)
    first = next((look for look in looks if look.outcome == "done"), None)
    if first is None or session_id not in first.sessions:
        return listed[session_id]
    seen = first.sessions[session_id]
    same = (seen.user, seen.domain) == (listed[session_id].user, listed[session_id].domain)
    return seen if same else listed[session_id]


def _same_logon(one: Session, other: Session | None) -> bool:
    return other is not None and (one.user, one.domain, one.logon_time) == (other.user, other.domain, other.logon_time)


def _error_of(result: Mapping[str, Any], server: str) -> Any:
    return next((entry["error"] for entry in result.get("servers", ()) if entry["server"] == server), result.get("msg"))
