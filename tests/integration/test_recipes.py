# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The recipes of the guide, run as they stand there."""

from __future__ import annotations

import contextlib
import email
import json
import os
import socketserver
import threading
from collections.abc import Callable, Iterator
from email import policy
from pathlib import Path
from typing import Any

import pytest
import yaml

from simulator.directory import DirectoryAccount
from simulator.win32 import ERROR_ACCESS_DENIED
from tests.support.guides import guide
from tests.support.paths import COLLECTIONS

from .conftest import Farm, Run

Serve = Callable[..., Farm]

RECIPES = guide("guide_recipes").captioned("yaml")
CONSOLE = {"id": 1, "name": "console", "user": "operator"}
ALICE = {"id": 12, "user": "alice", "idle": "3h", "client_name": "LAPTOP-017"}
BOB = {"id": 14, "user": "bob", "state": "disconnected", "disconnected": "9h", "idle": "9h"}
CAROL = {"id": 15, "user": "carol", "idle": "1m"}
SERVICE = {"id": 16, "user": "svc-scan", "state": "disconnected", "disconnected": "9d"}
EVERYBODY = [CONSOLE, ALICE, BOB, CAROL, SERVICE]


def cook(farm: Farm, name: str, *flags: str, **variables: Any) -> Run:
    """Run a recipe, as a user has copied it."""
    path = farm.folder / name
    path.write_text(RECIPES[name], "utf-8")
    return farm.run(path, "-e", json.dumps(variables), *flags)


def acts(farm: Farm, host: str = "RDSH01") -> list[tuple[str, int | None]]:
    return [(call.function, call.session) for call in farm.simulation.mutating_calls(host)]


def test_idle_rules(serve: Serve) -> None:
    farm = serve(EVERYBODY)
    assert cook(farm, "idle_rules.yml").exit_code == 0
    assert acts(farm) == [("WTSDisconnectSession", 12), ("WTSLogoffSession", 14)]


def test_everybody_but_me(serve: Serve) -> None:
    farm = serve([CONSOLE, ALICE, BOB])
    assert cook(farm, "everybody_but_me.yml", me="alice").exit_code == 0
    assert acts(farm) == [("WTSLogoffSession", 14)]
    assert cook(farm, "everybody_but_me.yml", me="alise").exit_code == 2
    assert len(acts(farm)) == 1


def test_restart_night(serve: Serve, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FAKE_CLOCK", str(tmp_path / "clock"))  # a quarter of an hour passes at once
    farm = serve([CONSOLE, ALICE])
    night = cook(farm, "restart_night.yml", rounds=1, seconds=0)
    assert night.exit_code == 0, night.output
    functions = [function for function, _ in acts(farm)]
    assert functions[0] == "RegSetValueExW"  # closed before anybody is warned
    assert functions.count("WTSLogoffSession") == 2
    assert farm.users() == {}
    host = farm.simulation.hosts["RDSH01"]
    assert host.registry.logon_mode == "enabled"
    assert (host.table.now() - host.started_at).total_seconds() < 600


def test_drain_shift(serve: Serve, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FAKE_CLOCK", str(tmp_path / "clock"))
    farm = serve([ALICE, BOB, CAROL])
    shift = cook(farm, "drain_shift.yml")
    assert (shift.exit_code, farm.users()) == (2, {12: "alice", 15: "carol"})
    assert shift.only()["msg"].startswith("Still on at 04:00 UTC: CONTOSO\\alice, CONTOSO\\carol.")
    assert farm.simulation.hosts["RDSH01"].registry.logon_mode == "drain"
    late = cook(farm, "drain_shift.yml", at_deadline="logoff", grace="15m")
    assert (late.exit_code, farm.users()) == (0, {}), late.output
    assert "alice, you will be logged off from RDSH01 at " in str(farm.simulation.calls("RDSH01"))


@pytest.mark.parametrize(
    ("changes", "on"),
    [
        ([], {12: "alice"}),
        ([{"remove": 12}], {}),
        ([{"remove": 12}, {"put": {"id": 15, "user": "dave"}}], {15: "dave"}),
    ],
    ids=["somebody stays", "everybody leaves", "somebody else logs on meanwhile"],
)
def test_restart_when_left(
    serve: Serve,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    changes: list[dict[str, Any]],
    on: dict[int, str],
) -> None:
    monkeypatch.setenv("FAKE_CLOCK", str(tmp_path / "clock"))
    meanwhile = {"call": "WTSEnumerateSessionsExW", "after": 5, "times": 1, "before": changes}
    farm = serve([ALICE], faults=[meanwhile] if changes else [])
    run = cook(farm, "restart_when_left.yml")
    assert run.exit_code == 0, run.output
    assert farm.users() == on
    host = farm.simulation.hosts["RDSH01"]
    assert host.registry.logon_mode == "enabled"
    assert ((host.table.now() - host.started_at).total_seconds() < 600) == (not on)
    assert {function for function, _ in acts(farm)} <= {
        "RegSetValueExW",
        "RegDeleteValueW",
        "InitiateSystemShutdownExW",
    }


@pytest.mark.parametrize("recipe", ["restart_night.yml", "restart_when_left.yml"])
@pytest.mark.parametrize("how", ["who is on is not known", "somebody who is excluded is on"])
def test_they_restart_nothing(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, how: str, recipe: str
) -> None:
    """Also in a play that goes on after errors, or has exclusions for all its tasks."""
    monkeypatch.setenv("FAKE_CLOCK", str(tmp_path / "clock"))
    (play,) = yaml.safe_load(RECIPES[recipe])
    if how == "who is on is not known":
        denied = {"call": "WTSEnumerateSessionsExW", "after": 1, "error": ERROR_ACCESS_DENIED}
        farm, defaults = serve([], faults=[denied]), {"ignore_errors": True}
    else:
        farm, defaults = serve([SERVICE]), {"module_defaults": {"group/winops.rds.rds": {"exclude_users": ["svc-*"]}}}
    run = farm.playbook(play["tasks"], **defaults, vars={"rounds": 1, "seconds": 0})
    assert "Restart, if nobody is" in run.output
    host = farm.simulation.hosts["RDSH01"]
    assert (host.table.now() - host.started_at).total_seconds() > 600
    assert host.registry.logon_mode == "enabled"


def test_restart_when_left_opens_a_host_where_the_wait_failed(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("FAKE_CLOCK", str(tmp_path / "clock"))
    denied = {"call": "WTSEnumerateSessionsExW", "error": ERROR_ACCESS_DENIED}
    farm = serve([ALICE], faults=[denied])
    assert cook(farm, "restart_when_left.yml").exit_code == 2
    assert farm.simulation.hosts["RDSH01"].registry.logon_mode == "enabled"


def test_look_then_log_off(serve: Serve) -> None:
    farm = serve([CONSOLE, ALICE, {**BOB, "disconnected": "2d"}, SERVICE])
    done = cook(farm, "look_then_log_off.yml", ask=False)
    assert done.exit_code == 0, done.output
    assert acts(farm) == [("WTSLogoffSession", 14), ("WTSLogoffSession", 16)]


@pytest.mark.parametrize(("workdays", "disconnected"), [([], []), ([1, 2, 3, 4, 5, 6, 7], [12, 15])])
def test_closing_time(serve: Serve, workdays: list[int], disconnected: list[int]) -> None:
    farm = serve(EVERYBODY)
    assert cook(farm, "closing_time.yml", workdays=workdays).exit_code == 0
    assert acts(farm) == [("WTSDisconnectSession", session) for session in disconnected]


def test_log_off_leavers(serve: Serve) -> None:
    farm = serve(EVERYBODY)
    leavers = farm.folder / "leavers.txt"
    leavers.write_text("")
    assert cook(farm, "log_off_leavers.yml").exit_code == 0
    assert farm.simulation.calls("RDSH01") == []
    leavers.write_text("operator@contoso.com\n\nCONTOSO\\bob\n\n")
    assert cook(farm, "log_off_leavers.yml").exit_code == 0
    assert acts(farm) == [("WTSLogoffSession", 1), ("WTSLogoffSession", 14)]


MEMBERS = """
from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    def run(self, tmp=None, task_vars=None):
        return {"changed": False, "objects": %r}
"""


def test_log_off_group(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """Active Directory is not at hand; its answer has the form that microsoft.ad.object_info documents."""
    farm = serve(
        hosts=[{"name": "mgmt01"}, {"name": "RDSH01", "sessions": [{**ALICE, **BOB, "id": 12, "user": "alice"}, BOB]}]
    )
    sid = DirectoryAccount("CONTOSO", "alice", "contoso.com").sid
    found = [{"Name": "alice", "ObjectClass": "user", "objectSid": {"Sid": sid, "Name": "CONTOSO\\alice"}}]
    plugin = farm.folder / "collections/ansible_collections/microsoft/ad/plugins/action/object_info.py"
    plugin.parent.mkdir(parents=True)
    plugin.write_text(MEMBERS % found)
    module = plugin.parents[1] / "modules" / "object_info.ps1"
    module.parent.mkdir()
    module.write_text("#!powershell\n")
    monkeypatch.setattr(Farm, "environment", property(with_collections(farm.environment, farm.folder / "collections")))
    run = cook(farm, "log_off_group.yml", "--limit", "mgmt01,RDSH01")
    assert run.exit_code == 0, run.output
    assert acts(farm) == [("WTSLogoffSession", 12)]


def with_collections(environment: dict[str, str], folder: Path) -> Callable[[Farm], dict[str, str]]:
    paths = os.pathsep.join([str(folder), str(COLLECTIONS)])
    return lambda farm: {**environment, "ANSIBLE_COLLECTIONS_PATH": paths}


def test_look_around(serve: Serve) -> None:
    farm = serve([*EVERYBODY, {"id": 20, "user": "dora", "idle": None}])
    run = cook(farm, "look_around.yml")
    assert run.exit_code == 0, run.output
    idle = run.of("Say who has been idle for more than an hour")["results"]
    assert [item["msg"].split(" since ")[0] for item in idle] == ["CONTOSO\\alice", "CONTOSO\\bob"]
    assert run.of("Say how many are working")["msg"] == "4 of 6"
    assert acts(farm) == []


@pytest.mark.parametrize(("sessions", "code"), [([SERVICE], 0), ([SERVICE, BOB], 2)])
def test_nobody_left(serve: Serve, sessions: list[dict[str, Any]], code: int) -> None:
    run = cook(serve(sessions), "nobody_left.yml")
    assert run.exit_code == code
    if code:
        assert run.of("Stop where somebody is")["msg"] == "CONTOSO\\bob"


def test_nobody_left_counts_whom_the_defaults_of_a_play_exclude(serve: Serve) -> None:
    (play,) = yaml.safe_load(RECIPES["nobody_left.yml"])
    defaults = {"group/winops.rds.rds": {"exclude_users": ["bob"]}}
    run = serve([BOB]).playbook(play["tasks"], vars=play["vars"], module_defaults=defaults)
    assert run.of("Stop where somebody is")["msg"] == "CONTOSO\\bob"


def test_read_failure(serve: Serve) -> None:
    farm = serve([ALICE, BOB], faults=[{"call": "WTSLogoffSession", "session": 14, "error": 5}])
    run = cook(farm, "read_failure.yml")
    assert run.exit_code == 2
    (item,) = run.of("Say what became of the others")["results"]
    assert item["msg"] == "CONTOSO\\bob: denied, the connecting account may not do this (WTSLogoffSession)"
    assert run.of("Fail for good where a session was denied").status == "failed"


def test_read_failure_without_a_result(serve: Serve) -> None:
    farm = serve([ALICE], faults=[{"call": "WTSEnumerateSessionsEx", "error": 1722}])
    run = cook(farm, "read_failure.yml")
    assert run.of("Say what became of the others").status == "skipped"
    assert run.exit_code == 0


def test_help_desk(serve: Serve) -> None:
    farm = serve(EVERYBODY)
    run = cook(farm, "help_desk.yml", "--check", accounts="alice@contoso.com\nCONTOSO\\bob", minutes=10)
    assert run.of("Warn them, and log them off").outcomes() == {12: "would_log_off", 14: "would_log_off"}
    assert cook(farm, "help_desk.yml", accounts="", minutes=10).of("Warn them, and log them off").outcomes() == {}
    assert cook(farm, "help_desk.yml", accounts="*", minutes=10).exit_code == 2
    assert acts(farm) == []


@pytest.mark.parametrize(
    ("language", "word"), [("fr", "Enregistrez"), ("ru", "Сохраните"), ("zh", "請儲存"), (None, "save")]
)
def test_tell_in_their_language(serve: Serve, language: str | None, word: str) -> None:
    farm = serve([CAROL])
    variables = {"language": language} if language else {}
    assert cook(farm, "tell_in_their_language.yml", **variables).exit_code == 0
    (session,) = (s for s in farm.simulation.hosts["RDSH01"].table.sessions() if s.user == "carol")
    (message,) = session.messages
    assert word in message.text and "carol" in message.text


def test_what_holds_sessions(serve: Serve) -> None:
    hung = BOB | {"logoff": "never", "processes": ["hung.exe"]}
    with_limit = RECIPES["what_holds_sessions.yml"].replace("timeout: 5m", "timeout: 1s")
    farm = serve([ALICE, hung, SERVICE])
    (farm.folder / "what_holds_sessions.yml").write_text(with_limit, "utf-8")
    run = farm.run(farm.folder / "what_holds_sessions.yml")
    assert run.exit_code == 0, run.output
    assert "CONTOSO\\\\bob: hung.exe" in run.output
    assert acts(farm) == [("WTSLogoffSession", 14), ("WTSLogoffSession", 16)]


class Postbox(socketserver.StreamRequestHandler):
    """Takes a mail, as far as SMTP has to be spoken for that (RFC 5321)."""

    def handle(self) -> None:
        with contextlib.suppress(ConnectionError):  # the module tries TLS first
            self._converse()

    def _converse(self) -> None:
        self.wfile.write(b"220 postbox\r\n")
        while line := self.rfile.readline():
            command = line[:4].upper()
            if command == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                letter = b"".join(iter(self.rfile.readline, b".\r\n"))
                self.server.letters.append(email.message_from_bytes(letter, policy=policy.default))  # type: ignore[attr-defined]
            self.wfile.write(b"250 ok\r\n" if command != b"QUIT" else b"221 bye\r\n")


@pytest.fixture
def postbox() -> Iterator[socketserver.TCPServer]:
    with socketserver.TCPServer(("127.0.0.1", 0), Postbox) as server:
        server.letters = []  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_mail_who_is_on(serve: Serve, postbox: Any) -> None:
    farm = serve(EVERYBODY)
    host, port = postbox.server_address
    run = cook(farm, "mail_who_is_on.yml", mail_host=host, mail_port=port, folder=str(farm.folder))
    assert run.exit_code == 0, run.output
    (letter,) = postbox.letters
    assert letter["Subject"] == "Who is on: 5 sessions on 1 server: 3 active, 2 disconnected."
    attached = {Path(part.get_filename()).suffix: part.get_content() for part in letter.iter_attachments()}
    assert {*attached} == {".html", ".csv"}
    assert b"svc-scan" in attached[".csv"]


def test_each_recipe_is_run_here() -> None:
    source = Path(__file__).read_text("utf-8")
    assert [name for name in RECIPES if source.count(f'"{name}"') == 0] == []
