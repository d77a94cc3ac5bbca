# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The stage of the acceptance tests: a host on which test accounts are logged on as a test says.

A test says who is to be there, and in which state. The stage makes it so by Remote Desktop and Windows' own commands.
By these, and not by the collection, it tells who is there afterwards. It touches nobody but the test accounts.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.ansible_runs import Result, Run

from . import console
from .console import SeenSession
from .facts.ask import Subject, ask
from .facts.table import Answer, Fact
from .inventory import Account, HostUnderTest, play
from .rdp import CLIENT_NAME, RdpClient, RdpError, Screen

#: What tests call the accounts, in the order of the inventory.
ROLES = ("alice", "bob", "carol")

ACTIVE, DISCONNECTED, HANGING = "active", "disconnected", "hanging"
#: Which comes from the first two, and is no state that a test can ask for.
RECONNECTED = "reconnected"

#: Refuses to end: "if any application returns zero [to WM_QUERYENDSESSION], the session is not ended", and so answers a
#: form whose closing is cancelled. Whether it is so for WTSLogoffSession is not documented: the test sees.
#: https://learn.microsoft.com/windows/win32/shutdown/wm-queryendsession
#: https://learn.microsoft.com/dotnet/api/system.windows.forms.form.formclosing
REFUSES_TO_END = (
    'powershell -NoProfile -Command "Add-Type -AssemblyName System.Windows.Forms; '
    "$f = New-Object Windows.Forms.Form; $f.add_FormClosing({ $_.Cancel = $true }); "
    '[Windows.Forms.Application]::Run($f)"'
)

_LOGON_SECONDS = 90.0  # the first logon of an account makes its profile
_REFUSAL_SECONDS = 20.0  # without a session after that, a logon counts as refused
_LOGOFF_SECONDS = 60
_LOOK_PAUSE = 0.5


class NotProvided(Exception):
    """The stage cannot bring about what a test needs; the message says why, and after a colon what others said."""


class Refused(Exception):
    """The host is not fit to be tested, and nothing was done to it; the message says why."""


@dataclass(frozen=True)
class Outcome:
    """What a task said, and who was on the host after it, as ``query session`` shows it."""

    result: Result
    sessions: list[SeenSession]
    said: dict[str, str]
    """What other commands printed, by command."""
    _stage: Stage

    def __getitem__(self, key: str) -> Any:
        return self.result[key]

    @property
    def failed(self) -> bool:
        return self.result.status != "ok"

    @property
    def results(self) -> dict[str, str]:
        """What became of each session that the task selected, by role."""
        return {
            self._stage.role_of(record["user"]) or record["account"]: record["result"] for record in self["sessions"]
        }

    @property
    def on(self) -> set[str]:
        """The roles that had a session afterwards."""
        return self._stage.roles_in(self.sessions)

    @property
    def connected(self) -> set[str]:
        """Those of them whose session was connected."""
        return self._stage.roles_in(session for session in self.sessions if session.is_connected)


class Stage:
    """A host with its test accounts.

    :param others: whether others may be logged on meanwhile.
    :param folder: takes what the clients say.
    :raises Refused: others are logged on, or a test account, or the host accepts no logons.
    """

    def __init__(self, host: HostUnderTest, inventory: Path, screen: Screen, folder: Path, *, others: bool) -> None:
        self.host = host
        self._inventory = inventory
        self._screen = screen
        self._folder = folder
        self._clients: dict[str, RdpClient] = {}
        self._hanging: set[str] = set()
        self.notes: list[str] = []
        """What it could not provide, or had to leave behind."""
        self.answers: list[Answer] = []
        """What Windows was asked, and answered."""
        if len(host.accounts) < len(ROLES):
            raise Refused(f"{host.name}: acceptance_accounts has to have {len(ROLES)} accounts")
        self.accounts: dict[str, Account] = dict(zip(ROLES, host.accounts, strict=False))
        start = self.task("win_rds_logon_mode_info")
        self._seen = start.sessions
        users = {session.user for session in start.sessions if session.user}
        strangers = {user for user in users if self.role_of(user) is None}
        if strangers and not others:
            raise Refused(
                f"{host.name}: {', '.join(sorted(strangers))} is logged on; with OTHERS=1 it starts all the same"
            )
        if users - strangers:
            raise Refused(f"{host.name}: the test account {', '.join(sorted(users - strangers))} is logged on already")
        if start.failed or start["mode"] != "enabled":
            raise Refused(f"{host.name}: users do not log on there: {start['msg']}")

    # ---- what a test says

    def needs(self, **states: str) -> None:
        """Bring these roles into these states (:data:`ACTIVE`, …), and log the other ones off.

        :raises NotProvided: that did not succeed.
        """
        stays = {role for role in states if (role in self._hanging) == (states[role] == HANGING)}
        leaving = self._on - stays
        for role in set(self._clients) - set(states):
            self._close(role)
        self._log_off(*leaving)
        self.provided_if(not leaving & self._on, f"{', '.join(leaving & self._on)} could not be logged off")
        logging_on = [
            role
            for role, state in states.items()
            if role not in (self._on if state == DISCONNECTED else self._connected)
        ]
        for role in logging_on:
            self._connect(role, REFUSES_TO_END if states[role] == HANGING else "")
        self._wait(lambda: self._connected >= set(logging_on), "did not log on", logging_on)
        time.sleep(self.host.settle_seconds if logging_on else 0)
        self._hanging |= {role for role in logging_on if states[role] == HANGING}
        suspending = [role for role, state in states.items() if state == DISCONNECTED and role in self._connected]
        for role in suspending:
            self._close(role)
        self._wait(lambda: not self._connected & set(suspending), "is still connected", suspending)

    def session(self, role: str) -> SeenSession:
        """Return the session of a role, as ``query session`` showed it last."""
        return next(session for session in self._seen if self.role_of(session.user) == role)

    def task(
        self,
        module: str,
        *,
        check: bool = False,
        become: str = "",
        before: Sequence[str] = (),
        also: Sequence[str] = (),
        **options: Any,
    ) -> Outcome:
        """Run a task of the collection on the host, and look who is there then.

        :param check: in check mode.
        :param become: the role that runs it.
        :param before: commands of Windows that are run before it.
        :param also: commands of Windows that are run after it.
        :param options: of the module. In ``users`` and ``exclude_users``, roles stand for accounts. Without ``users``,
            all test accounts are meant, and never anybody else.
        """
        if not module.startswith("win_rds_logon_mode"):
            options.setdefault("users", [*ROLES])
        if "users" in options:
            options["users"] = [str(self.accounts[role]) for role in options["users"]]
        if "exclude_users" in options:  # of any domain: the same name may not be selected and excluded
            options["exclude_users"] = [self.accounts[role].user for role in options["exclude_users"]]
        task: dict[str, Any] = {"name": module, f"winops.rds.{module}": options, "check_mode": check}
        if become:
            # The password by its variable, so that no file on the controller holds it.
            password = f"{{{{ acceptance_accounts[{ROLES.index(become)}].password }}}}"
            task |= {"become": True, "become_method": "runas", "become_user": str(self.accounts[become])}
            task["vars"] = {"ansible_become_password": password}
        run = self._play([*map(_raw, before), task, *map(_raw, (console.QUERY_SESSION, *also))])
        self._see(run)
        said = {command: _said(run, command) for command in (*before, *also)}
        return Outcome(run.of(module), self._seen, said, self)

    def run(self, *commands: str) -> list[str]:
        """Run commands of Windows on the host, one after the other; return what each printed."""
        run = self._play([*map(_raw, commands)])
        return [_said(run, command) for command in commands]

    def ask(self, facts: Sequence[Fact], role: str = "", *, after: str = "") -> list[Answer]:
        """Ask Windows facts, about the session of a role; the record keeps the answers.

        :param after: a command of Windows that is run before.
        :raises NotProvided: the host does not answer.
        """
        subject = Subject(self.session(role).id, str(self.accounts[role]), CLIENT_NAME) if role else Subject()
        (interview,) = ask(self._inventory, self.host.name, facts, subject, after=after)
        if interview.failure:
            raise NotProvided(f"the facts could not be asked: {interview.failure}")
        self.answers += interview.answers
        if role:
            self._look()
        return interview.answers

    def provided_if(self, condition: bool, otherwise: str) -> None:
        """Go on with a test only if the host does what it needs.

        :raises NotProvided: it does not.
        """
        if not condition:
            raise NotProvided(otherwise)

    @contextmanager
    def changing_the_logon_mode(self) -> Iterator[None]:
        """Whatever happens to the logon mode meanwhile, in the end the host accepts logons."""
        try:
            yield
        finally:
            self.run(console.SWITCHES["enabled"])

    def can_log_on(self, role: str) -> bool:
        """Whether a role that is not connected gets a session now."""
        self._connect(role)
        ends = time.monotonic() + _REFUSAL_SECONDS
        while not self._clients[role].ended and time.monotonic() < ends:
            self._look()
            if role in self._connected:
                return True
        self._close(role)
        self._look()
        return False

    def role_of(self, user: str) -> str | None:
        """Return the role of a user; None: it is nobody of ours."""
        return next((role for role, known in self.accounts.items() if known.user.lower() == user.lower()), None)

    def roles_in(self, sessions: Iterable[SeenSession]) -> set[str]:
        """Return the roles that have one of these sessions."""
        return {role for session in sessions if (role := self.role_of(session.user))}

    # ---- the end

    def close(self) -> None:
        """Leave the host as it was: log the test accounts off, whatever they are at."""
        for role in [*self._clients]:
            self._close(role)
        try:
            self._look()
            self._log_off(*self._on)
            if self._on:
                self._hanging |= self._on
                self._log_off(*self._on)
        except NotProvided as reason:
            self.notes.append(f"the host could not be left as it was: {reason}")
        self.notes += [f"{role} is still logged on" for role in sorted(self._on)]

    # ---- by Remote Desktop and Windows' own commands

    @property
    def _on(self) -> set[str]:
        return self.roles_in(self._seen)

    @property
    def _connected(self) -> set[str]:
        return self.roles_in(session for session in self._seen if session.is_connected)

    def _connect(self, role: str, program: str = "") -> None:
        self._close(role)
        try:
            client = RdpClient(self.host, self.accounts[role], self._screen, self._folder / f"{role}.log", program)
        except RdpError as error:
            raise NotProvided(str(error)) from error
        self._clients[role] = client

    def _close(self, role: str) -> None:
        if client := self._clients.pop(role, None):
            client.close()

    def _log_off(self, *roles: str) -> None:
        for role in roles:
            self._close(role)
        if roles:
            self._look()  # an ID that was theirs may be somebody else's by now
        commands = [
            (console.reset if role in self._hanging else console.logoff)(self.session(role).id)
            for role in roles
            if role in self._on
        ]
        self._hanging -= set(roles)
        if commands:
            limited = [_raw(command) | {"timeout": _LOGOFF_SECONDS} for command in commands]
            self._see(self._play([*limited, _raw(console.QUERY_SESSION)]))

    def _wait(self, reached: Callable[[], bool], otherwise: str, roles: list[str]) -> None:
        """Look until something is so.

        :raises NotProvided: it never was.
        """
        ends = time.monotonic() + _LOGON_SECONDS
        while not reached():
            if time.monotonic() > ends or any(self._clients[role].ended for role in roles if role in self._clients):
                words = " ".join(client.words for role, client in self._clients.items() if role in roles)
                raise NotProvided(f"{', '.join(roles)} {otherwise}: {words or 'xfreerdp said nothing'}")
            time.sleep(_LOOK_PAUSE)
            self._look()

    def _look(self) -> None:
        self._see(self._play([_raw(console.QUERY_SESSION)]))

    def _see(self, run: Run) -> None:
        """Take in what ``query session`` printed.

        :raises NotProvided: it does not even show session 0, which is always there; so nobody knows who is on.
        """
        printed = _said(run, console.QUERY_SESSION)
        seen = console.sessions_in(printed)
        if not any(session.id == 0 for session in seen):
            raise NotProvided(f"{console.QUERY_SESSION} did not show session 0: {printed or run.output}")
        self._seen = seen

    def _play(self, tasks: list[dict[str, Any]]) -> Run:
        run = play(self._inventory, self.host.name, [task | {"ignore_errors": True} for task in tasks])
        if any(result.status == "unreachable" for result in run.results):
            raise NotProvided(f"the host is not reached: {run.output}")
        return run


def _raw(command: str) -> dict[str, Any]:
    return {"name": command, "ansible.builtin.raw": command}


def _said(run: Run, command: str) -> str:
    result: Mapping[str, Any] = run.of(command).values
    return str(result.get("stdout", ""))
