# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The farm file."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from simulator.farm import Change, FarmFileError, FarmSpec, Fault, Host, HostSpec, LaunchFault, hosts_of
from simulator.farm.file import AccountSpec, ProcessSpec, SessionSpec
from simulator.message_box import Button
from simulator.registry import LogonMode
from simulator.session_table import Protocol, Session, State
from tests.support.paths import REPOSITORY

FARM = """\
domain: FABRIKAM
account: {user: ansible, password: secret, domain: FABRIKAM}
http_port: 0
https_port: null
hosts:
  - name: RDSH01
    address: 127.0.1.2
    language: fr-FR
    windows_version: [6, 1]
    clock_offset: 3600
    sessions:
      - {id: 1, name: console, user: Жанна}
      - {id: 12, user: CONTOSO\\alice, client_name: PC7, client_address: 10.1.2.3, idle: 30m, logoff: never}
      - {id: 13, user: bob, state: disconnected, logged_on: 1d 4h, disconnected: 2h, idle: null, locked: null}
      - {id: 14}
    faults:
      - {call: WTSLogoffSession, session: 12, after: 1, times: 2, error: 5}
  - name: RDSH02
  - name: RDSH03
"""


@pytest.fixture
def spec(tmp_path: Path) -> FarmSpec:
    path = tmp_path / "farm.yml"
    path.write_text(FARM, encoding="utf-8")
    return FarmSpec.load(path)


def sessions(host: Host) -> dict[int, Session]:
    return {session.id: session for session in host.table.sessions()}


def ago(host: Host, moment: Any) -> float:
    """Seconds, to the minute: the tests take time, too."""
    return round((host.table.now() - moment) / timedelta(minutes=1)) * 60


def test_hosts(spec: FarmSpec) -> None:
    hosts = hosts_of(spec)
    assert [(host.name, host.address) for host in hosts] == [
        ("RDSH01", "127.0.1.2"),
        ("RDSH02", "127.0.1.1"),
        ("RDSH03", "127.0.1.3"),
    ]
    assert (hosts[0].language, hosts[0].windows_version, hosts[0].domain) == ("fr-FR", (6, 1), "FABRIKAM")
    assert (hosts[1].language, hosts[1].windows_version) == ("en-US", (10, 0))


def test_many_hosts_have_an_address_each() -> None:
    farm = FarmSpec.model_validate({"hosts": [{"name": f"H{i}"} for i in range(300)]})
    assert len({host.address for host in hosts_of(farm)}) == 300


def test_every_host_has_its_services_and_a_listener(spec: FarmSpec) -> None:
    for host in hosts_of(spec):
        assert (sessions(host)[0].name, sessions(host)[0].state) == ("services", State.DISCONNECTED)
        assert sessions(host)[65536].state is State.LISTEN


def test_sessions(spec: FarmSpec) -> None:
    host = hosts_of(spec)[0]
    console, alice, bob, screen = (sessions(host)[id] for id in (1, 12, 13, 14))
    assert (console.user, console.domain, console.protocol) == ("Жанна", "FABRIKAM", Protocol.CONSOLE)
    assert host.table.console_id() == 1
    assert (alice.user, alice.domain, alice.name, alice.protocol) == ("alice", "CONTOSO", "rdp-tcp#0", Protocol.RDP)
    assert (alice.client_name, alice.client_address, alice.locked) == ("PC7", "10.1.2.3", False)
    assert (alice.logoff_seconds, alice.disconnect_time) == (float("inf"), None)
    assert ago(host, alice.logon_time) == 3600
    assert ago(host, alice.last_input_time) == 1800
    assert (bob.name, bob.state, bob.protocol, bob.locked) == ("", State.DISCONNECTED, Protocol.CONSOLE, None)
    assert ago(host, bob.logon_time) == 28 * 3600
    assert ago(host, bob.disconnect_time) == 7200
    assert bob.last_input_time is None
    assert (screen.user, screen.domain, screen.logon_time, screen.last_input_time) == ("", "", None, None)


@pytest.mark.parametrize("answer", ["yes", "'yes'", "no", "ok", "try_again"])
def test_what_a_user_does_with_a_message_and_a_disconnection(tmp_path: Path, answer: str) -> None:
    """YAML reads yes and no as something else."""
    path = tmp_path / "farm.yml"
    text = f"{{id: 12, answer: {answer}, answer_after: 2s, disconnect: never, incoming_bytes: 5, outgoing_bytes: 6}}"
    path.write_text(f"hosts: [{{name: A, sessions: [{text}, {{id: 13}}]}}]", encoding="utf-8")
    (host,) = hosts_of(FarmSpec.load(path))
    session, other = sessions(host)[12], sessions(host)[13]
    assert session.answer is Button[answer.strip("'").upper()]
    assert (session.answer_seconds, session.disconnect_seconds) == (2, float("inf"))
    assert (session.incoming_bytes, session.outgoing_bytes) == (5, 6)
    assert (other.answer, other.answer_seconds, other.disconnect_seconds) == (None, 0, 0)
    assert (other.incoming_bytes, other.outgoing_bytes, other.messages) == (0, 0, [])


def test_processes(spec: FarmSpec) -> None:
    host = hosts_of(spec)[0]
    host.apply(
        Fault.model_validate({"call": "A", "then": [{"put": {"id": 15, "user": "x", "processes": ["a.exe"]}}]}).then
    )
    processes = {id: [(p.name, p.of_user) for p in session.processes] for id, session in sessions(host).items()}
    system = [("csrss.exe", False), ("winlogon.exe", False), ("dwm.exe", False)]
    assert processes[12] == [*system, ("explorer.exe", True)]
    assert processes[14] == system  # a logon screen
    assert processes[15] == [*system, ("a.exe", True)]
    assert processes[0] == processes[65536] == []
    ids = [process.id for session in sessions(host).values() for process in session.processes]
    assert len(set(ids)) == len(ids)


def test_how_hosts_reach_each_other() -> None:
    farm = FarmSpec.model_validate(
        {"rpc_latency": "20s", "hosts": [{"name": "A"}, {"name": "B", "rpc": "down", "rpc_timeout": 3}]}
    )
    assert farm.rpc_latency == 20
    assert [(host.rpc_up, host.rpc_timeout) for host in hosts_of(farm)] == [(True, 21), (False, 3)]


def test_two_farms_of_one_file_share_nothing(spec: FarmSpec) -> None:
    one, other = hosts_of(spec)[0], hosts_of(spec)[0]
    one.table.remove(12)
    assert one.faults[0].strikes("WTSLogoffSession", 12) is False
    assert 12 in sessions(other)
    assert [other.faults[0].strikes("WTSLogoffSession", 12) for _ in range(4)] == [False, True, True, False]


@pytest.mark.parametrize(
    ("fault", "calls", "strikes"),
    [
        ({"call": "A"}, [("A", None), ("B", None), ("A", 1)], [True, False, True]),
        ({"call": "AW"}, [("A", 1), ("AW", 1)], [True, True]),
        ({"call": "A"}, [("AW", 1)], [True]),
        ({"call": "A", "session": 2}, [("A", 1), ("A", 2), ("A", None)], [False, True, False]),
        ({"call": "A", "session": 2, "after": 1}, [("A", 2), ("A", 1), ("A", 2), ("A", 2)], [False, False, True, True]),
        ({"call": "A", "times": 1}, [("A", 1), ("A", 1)], [True, False]),
    ],
)
def test_when_a_fault_strikes(fault: dict[str, Any], calls: list[Any], strikes: list[bool]) -> None:
    spec = Fault.model_validate(fault)
    assert [spec.strikes(*call) for call in calls] == strikes


def test_changes(spec: FarmSpec) -> None:
    host = hosts_of(spec)[0]
    host.apply(Fault.model_validate({"call": "A", "then": [{"remove": 12}, {"put": {"id": 13, "user": "eve"}}]}).then)
    assert 12 not in sessions(host)
    assert sessions(host)[13].user == "eve"
    host.apply([])


def changes(*given: dict[str, Any]) -> list[Change]:
    return [Change.model_validate(change) for change in given]


def test_a_user_touches_the_keyboard(spec: FarmSpec) -> None:
    host = hosts_of(spec)[0]
    before = sessions(host)[12]
    host.apply(changes({"input": 12}))
    assert ago(host, sessions(host)[12].last_input_time) == 0
    assert sessions(host)[12].logon_time == before.logon_time


def test_a_user_closes_the_client_and_comes_back(spec: FarmSpec) -> None:
    host = hosts_of(spec)[0]
    host.apply(changes({"disconnect": 12}))
    assert (sessions(host)[12].state, sessions(host)[12].client_name) == (State.DISCONNECTED, "")
    assert ago(host, sessions(host)[12].disconnect_time) == 0
    host.apply(changes({"reconnect": 12, "client_name": "PC8", "client_address": "10.1.2.4"}, {"reconnect": 13}))
    alice, bob = sessions(host)[12], sessions(host)[13]
    assert (alice.state, alice.name, alice.disconnect_time) == (State.ACTIVE, "rdp-tcp#2", None)
    assert (alice.client_name, alice.client_address) == ("PC8", "10.1.2.4")
    assert (bob.state, bob.client_name, ago(host, bob.connect_time)) == (State.ACTIVE, "", 0)
    assert ago(host, bob.logon_time) == 28 * 3600


@pytest.mark.parametrize("kind", ["remove", "input", "disconnect", "reconnect"])
def test_nothing_happens_to_a_session_that_has_gone(spec: FarmSpec, kind: str) -> None:
    host = hosts_of(spec)[0]
    before = sessions(host)
    host.apply(changes({kind: 99}))
    assert sessions(host) == before


def test_a_new_logon(spec: FarmSpec) -> None:
    host = hosts_of(spec)[0]
    host.apply(changes({"logon": {"id": 12, "user": "eve", "logged_on": "1d"}}))
    assert sessions(host)[12].user == "alice"
    eve = sessions(host)[15]  # the next ID that is free
    assert (eve.user, eve.name, eve.state, ago(host, eve.logon_time)) == ("eve", "rdp-tcp#2", State.ACTIVE, 0)
    assert host.directory.find("FABRIKAM\\eve").user == "eve"
    assert host.refused_logons == []


@pytest.mark.parametrize(
    ("mode", "refused"),
    [
        ("enabled", []),
        ("drain", ["FABRIKAM\\eve"]),
        ("drain_until_restart", ["FABRIKAM\\eve"]),
        ("disabled", ["FABRIKAM\\eve", "FABRIKAM\\bob"]),
    ],
)
def test_who_is_let_in(spec: FarmSpec, mode: LogonMode, refused: list[str]) -> None:
    host = hosts_of(spec)[0]
    host.registry.logon_mode = mode
    host.apply(changes({"logon": {"id": 20, "user": "eve"}}, {"reconnect": 13}))
    assert [logon.account for logon in host.refused_logons] == refused
    assert (20 in sessions(host)) == ("FABRIKAM\\eve" not in refused)
    assert (sessions(host)[13].state is State.ACTIVE) == ("FABRIKAM\\bob" not in refused)


async def test_what_happens_later(spec: FarmSpec) -> None:
    host = hosts_of(spec)[0]
    removed = changes({"after": 0.05, "remove": 13}, {"after": "never", "remove": 12}, {"remove": 14})
    host.apply(removed)
    assert [*sessions(host)] == [0, 1, 12, 13, 65536]
    async with asyncio.timeout(10):
        while 13 in sessions(host):
            await asyncio.sleep(0.01)
    assert 12 in sessions(host)


async def test_events_begin_with_the_host_and_end_with_it() -> None:
    events = [{"put": {"id": 2}}, {"after": 0.05, "put": {"id": 3}}]
    (host,) = hosts_of(FarmSpec.model_validate({"hosts": [{"name": "A", "events": events}]}))
    assert [*sessions(host)] == [0, 65536]
    host.start()
    assert [*sessions(host)] == [0, 2, 65536]
    host.stop()
    await asyncio.sleep(0.2)
    assert [*sessions(host)] == [0, 2, 65536]


@pytest.mark.parametrize(
    ("farm", "words"),
    [
        ("hosts: []", "hosts"),
        ("{}", "hosts"),
        ("- a list", "farm.yml"),
        ("hosts: [", "farm.yml"),
        ("hosts: [{name: RDSH01, sesions: []}]", "sesions"),
        ("hosts: [{name: this-name-is-too-long}]", "name"),
        ("hosts: [{name: a_b}]", "name"),
        ("hosts: [{name: A, address: 10.0.0.1}]", "address"),
        ("hosts: [{name: A, language: xx-XX}]", "xx-XX is not simulated"),
        ("hosts: [{name: A, sessions: [{id: 0}]}]", "id"),
        ("hosts: [{name: A, sessions: [{id: 4294967294}]}]", "id"),
        ("hosts: [{name: A, sessions: [{user: x}]}]", "id"),
        ("hosts: [{name: A, sessions: [{id: 1, state: listen}]}]", "state"),
        ("hosts: [{name: A, sessions: [{id: 1, idle: soon}]}]", "idle"),
        ("hosts: [{name: A, sessions: [{id: 1, idle: 5 minutes or so}]}]", "idle"),
        ("hosts: [{name: A, sessions: [{id: 1, logoff: -1}]}]", "logoff"),
        ("hosts: [{name: A, sessions: [{id: 1, client_address: nowhere}]}]", "client_address"),
        ("hosts: [{name: A, faults: [{error: 5}]}]", "call"),
        ("hosts: [{name: A, rpc: broken}]", "hosts.0.rpc"),
        ("hosts: [{name: A, sessions: [{id: 1, processes: a.exe}]}]", "hosts.0.sessions.0.processes"),
        ("hosts: [{name: A, faults: [{call: X, times: 0}]}]", "times"),
        ("hosts: [{name: A, sessions: [{id: 1, answer: maybe}]}]", "answer"),
        ("hosts: [{name: A, sessions: [{id: 1, incoming_bytes: 4294967296}]}]", "incoming_bytes"),
        ("hosts: [{name: A, events: [{}]}]", "hosts.0.events.0: Value error, give one of put,"),
        ("hosts: [{name: A, events: [{remove: 1, input: 1}]}]", "not remove and input"),
        (
            "hosts: [{name: A, events: [{input: 1, client_name: x}]}]",
            "client_name and client_address go with reconnect",
        ),
        ("hosts: [{name: A, events: [{after: -1s, input: 1}]}]", "after"),
        ("hosts: [{name: A, faults: [{call: X, then: [{after: 1s}]}]}]", "not nothing"),
        ("hosts: [{name: A, sessions: [{id: 1, stuck: true, state: active}]}]", "a session that is stuck is down"),
        ("hosts: [{name: A, sessions: [{id: 1, user: eva, principal_name: e@a.b}]}]", "principal_name is of a user of"),
        ("hosts: [{name: A, sessions: [{id: 1, processes: [{id: 5}]}]}]", "processes"),
        ("hosts: [{name: A, permissions: {bob: [logon]}}]", "hosts.0.permissions.bob.0"),
        ("hosts: [{name: A, gone_session_error: 5}]", "hosts.0.gone_session_error"),
        ("hosts: [{name: A, ipv6_from_byte: 4}]", "hosts.0.ipv6_from_byte"),
        ("hosts: [{name: A, session_names: upper}]", "hosts.0.session_names"),
        ("hosts: [{name: A, events: [{start_process: {id: 4, name: a.exe}}]}]", "start_process.session"),
        ("hosts: [{name: A}, {name: a}]", "name"),
        ("hosts: [{name: A, address: 127.0.0.9}, {name: B, address: 127.0.0.9}]", "address"),
        ("transport: digest\nhosts: [{name: A}]", "transport"),
        ("transport: kerberos\nhosts: [{name: A}]", "hosts with a keytab each"),
        ("transport: kerberos\naccount: {domain: ''}\nhosts: [{name: A, keytab: a}]", "an account of a domain"),
        ("second_hop: none\nhosts: [{name: A}]", "second_hop"),
        ("hosts: [{name: A, winrm_hangs: Reconnect}]", "hosts.0.winrm_hangs"),
        ("transport: certificate\nhosts: [{name: A}]", "set https_port, and domain: ''"),
        ("transport: certificate\nhttps_port: null\naccount: {domain: ''}\nhosts: [{name: A}]", "set https_port"),
        ("hosts: [{name: A, certificate: revoked}]", "hosts.0.certificate"),
    ],
)
def test_a_file_that_cannot_be_used(tmp_path: Path, farm: str, words: str) -> None:
    path = tmp_path / "farm.yml"
    path.write_text(farm, encoding="utf-8")
    with pytest.raises(FarmFileError) as refusal:
        FarmSpec.load(path)
    assert str(path) in str(refusal.value)
    assert words in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FarmFileError, match=r"nowhere\.yml"):
        FarmSpec.load(tmp_path / "nowhere.yml")


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "farm.yml").write_bytes(b"domain: \xff")
    with pytest.raises(FarmFileError, match=r"farm\.yml"):
        FarmSpec.load(tmp_path / "farm.yml")


def test_the_password_is_another_one_each_time() -> None:
    """Whoever knows it has programs run as the one who serves the farm."""
    farms = [FarmSpec.model_validate({"hosts": [{"name": "A"}]}) for _ in range(2)]
    assert farms[0].account.password != farms[1].account.password
    assert min(len(farm.account.password) for farm in farms) >= 24
    written = FarmSpec.model_validate({"account": {"password": "secret"}, "hosts": [{"name": "A"}]})
    assert (written.account.user, written.account.password) == ("ansible", "secret")


def test_the_smallest_host() -> None:
    assert HostSpec.model_validate({"name": "A"}).sessions == []


@pytest.mark.parametrize(
    "model", [FarmSpec, AccountSpec, HostSpec, SessionSpec, ProcessSpec, Fault, LaunchFault, Change]
)
def test_the_readme_tells_of_each_field(model: type[BaseModel]) -> None:
    readme = (REPOSITORY / "simulator" / "README.md").read_text("utf-8")
    untold = [name for name in model.model_fields if not re.search(rf"`[^`\n]*\b{name}\b[^`\n]*`", readme)]
    assert untold == []
