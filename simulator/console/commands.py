# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A command line, run on a host."""

from __future__ import annotations

import ntpath
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..win32 import Win32Error
from . import shutdown
from .change_logon import MODES, change_logon
from .host import Console, Output, SessionRow
from .tables import session_table, user_table
from .wording import Wording, wording

WINRM_SESSION = 0
"""Whatever runs over WinRM runs in session 0, so that is the caller's session, and what `>` marks."""

_COMMANDS = {"quser": "user", "qwinsta": "session", "logoff": "logoff", "rwinsta": "reset"}
_QUERIES = {"user", "session"}
_VALUE_OF_SWITCH = {"user": {"server"}, "session": {"server"}, "logoff": {"server", "v"}, "reset": {"server"}}
_NOT_SIMULATED = {
    "user": set[str](),
    "session": {"mode", "flow", "connect", "counter", "vm"},
    "logoff": {"vm"},
    "reset": {"v"},
}


#: Of these, only the form without arguments is simulated.
_PLAIN: dict[str, Callable[[Console], str]] = {
    "hostname": lambda console: console.name,
    "whoami": lambda console: console.account.lower(),
}


@dataclass(frozen=True)
class _Arguments:
    command: str
    target: str
    server: str
    verbose: bool


async def run(command_line: str, console: Console) -> Output | None:
    """Run a command line of one command.

    :returns: None if it is not one of quser, query user, query session, qwinsta, logoff, reset session, rwinsta, change
        logon, chglogon, shutdown, hostname, whoami.
    :raises UncitedLanguage: the simulator does not have the host's language.
    """
    words = [word.replace('"', "") for word in re.findall(r'(?:"[^"]*"|[^\s"])+', command_line)]
    name = _program(words[0]) if words else ""
    if name in _PLAIN and len(words) == 1:
        return Output(_lines([_PLAIN[name](console)]), "", 0)
    if name == "shutdown":
        return _shut_down(words[1:], console)
    if name == "chglogon" or (name == "change" and len(words) > 1 and words[1].lower() == "logon"):
        return _change_logon(words[1 if name == "chglogon" else 2 :], console)
    if name == "query" and len(words) > 1 and words[1].lower() in _QUERIES:
        command, words = words[1].lower(), words[2:]
    elif name == "reset" and len(words) > 1 and words[1].lower() == "session":
        command, words = "reset", words[2:]
    elif name in _COMMANDS:
        command, words = _COMMANDS[name], words[1:]
    else:
        return None
    # A remote host answers with data only: the text is this host's.
    texts = wording(console.language)
    arguments = _parse(command, words, texts)
    if isinstance(arguments, Output):
        return arguments
    if command in ("logoff", "reset"):
        return await _logoff(arguments, console, texts)
    return _query(arguments, console, texts)


def _program(word: str) -> str:
    return ntpath.basename(word).lower().removesuffix(".exe")


def _parse(command: str, words: Sequence[str], texts: Wording) -> _Arguments | Output:
    target, switches = "", dict[str, str]()
    for word in words:
        if not word.startswith(("/", "-")):
            if target:
                return _invalid(command, texts)
            target = word
            continue
        switch, _, value = word[1:].partition(":")
        switch = switch.lower()
        if switch == "?":
            return Output(_lines([texts.text(f"{command}_usage")]), "", 0)
        if switch in _NOT_SIMULATED[command]:
            return _failure([texts.text("switch", switch=f"/{switch}")])
        if switch not in _VALUE_OF_SWITCH[command] or bool(value) != (switch == "server"):
            return _invalid(command, texts)
        switches[switch] = value
    return _Arguments(command, target, switches.get("server", ""), "v" in switches)


def _query(arguments: _Arguments, console: Console, texts: Wording) -> Output:
    try:
        rows = (console.server(arguments.server) if arguments.server else console).sessions()
    except Win32Error as error:
        return _failure([texts.text("enumeration_failed", code=error.code), _error(error, texts)])
    current = None if arguments.server else WINRM_SESSION
    selected = [row for row in rows if _is(arguments.target, row) and (row.user or arguments.command == "session")]
    if not selected:
        return _failure([texts.text(f"no_{arguments.command}", target=arguments.target or "*")])
    if arguments.command == "user":
        return Output(_lines(user_table(selected, texts, console.now, current)), "", 0)
    return Output(_lines(session_table(selected, texts, current)), "", 0)


def _is(target: str, row: SessionRow) -> bool:
    return target in ("", "*") or target.lower() in (row.name.lower(), row.user.lower(), str(row.id))


async def _logoff(arguments: _Arguments, console: Console, texts: Wording) -> Output:
    if not arguments.target:
        return _failure([texts.text("logoff_caller")])
    try:
        host = console.server(arguments.server) if arguments.server else console
        rows = host.sessions()
    except Win32Error as error:
        server = arguments.server or "this host"
        return _failure([texts.text("server_failed", server=server), _error(error, texts)])
    # A name is a session's, never a user's.
    found = [row for row in rows if arguments.target.lower() in (str(row.id), row.name.lower())]
    if not found:
        return _failure([texts.text("no_such_session", target=arguments.target)])
    session = found[0]
    # Taken before the wait: when it is over, there is no such session any more.
    session_id, name = session.id, session.name
    said = _lines([texts.text("logging_off", id=session_id)]) if arguments.verbose else ""
    try:
        # "Resets (deletes) a session", which does not wait for its programs:
        # https://learn.microsoft.com/windows-server/administration/windows-commands/reset-session
        await (host.reset if arguments.command == "reset" else host.logoff)(session_id)
    except Win32Error as error:
        failed = texts.text("logoff_failed", id=session_id, name=name, code=error.code)
        return Output(said, _lines([failed, _error(error, texts)]), 1)
    return Output(said, "", 0)


def _change_logon(words: Sequence[str], console: Console) -> Output:
    texts = wording(console.language)
    switch = words[0][1:].lower() if len(words) == 1 and words[0].startswith("/") else ""
    if switch == "?":
        return Output(_lines([texts.text("change_logon_usage")]), "", 0)
    if switch not in MODES:
        return _invalid("change_logon", texts)
    line, return_code = change_logon(MODES[switch], console, texts)
    return Output(_lines([line]), "", return_code)


def _shut_down(words: Sequence[str], console: Console) -> Output:
    texts = wording(console.language)
    wanted = shutdown.parse(words)
    if wanted is None:
        return _failure([texts.text("shutdown_usage")])
    if isinstance(wanted, str):
        return _failure([texts.text("switch", switch=wanted)])
    try:
        if wanted.restart:
            console.schedule_restart(wanted.seconds)
        else:
            console.abort_restart()
    except Win32Error as error:
        return Output("", _lines([f"{texts.system_message(error.code)}({error.code})"]), error.code)
    return Output("", "", 0)


def _error(error: Win32Error, texts: Wording) -> str:
    return texts.text("error", code=error.code, message=texts.system_message(error.code))


def _invalid(command: str, texts: Wording) -> Output:
    return _failure([texts.text("invalid_parameters"), texts.text(f"{command}_usage")])


def _failure(lines: Sequence[str]) -> Output:
    return Output("", _lines(lines), 1)


def _lines(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines).replace("\n", "\r\n")
