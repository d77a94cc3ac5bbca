# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""quser, query session and logoff print what the cited samples show."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import pytest
import yaml

from simulator import console as console_package
from simulator.console import Output, UncitedLanguage, encode, languages, run, wording
from simulator.console.tables import session_table, user_table
from simulator.registry import LogonMode
from simulator.win32 import (
    ERROR_ACCESS_DENIED,
    ERROR_CTX_WINSTATION_BUSY,
    ERROR_NO_SHUTDOWN_IN_PROGRESS,
    ERROR_SHUTDOWN_IS_SCHEDULED,
    RPC_S_SERVER_UNAVAILABLE,
    Win32Error,
)

ACTIVE, CONNECTED, DISCONNECTED, IDLE, LISTEN = 0, 1, 4, 5, 6
LOGON = datetime(2021, 5, 14, 15, 54, tzinfo=UTC)
NOW = datetime(2021, 5, 15, tzinfo=UTC)


@dataclass
class Row:
    id: int
    name: str = ""
    user: str = ""
    state: int = ACTIVE
    logon_time: datetime | None = LOGON
    last_input_time: datetime | None = None
    domain: str = "CONTOSO"
    client_name: str = ""
    protocol: int = 2


@dataclass
class Host:
    """A host whose sessions take no time, or wait for `gone`."""

    rows: list[Row]
    language: str = "en-US"
    account: str = "CONTOSO\\ansible"
    now: datetime = NOW
    error: int = 0
    logoff_error: int = 0
    gone: asyncio.Event | None = None
    servers: dict[str, Host] = field(default_factory=dict)
    logon_mode: LogonMode = "enabled"
    logged_off: list[int] = field(default_factory=list)
    name: str = "RDSH01"
    restart_in: float | None = None

    def sessions(self) -> list[Row]:
        if self.error:
            raise Win32Error(self.error)
        return list(self.rows)

    async def logoff(self, session_id: int) -> None:
        if self.logoff_error:
            raise Win32Error(self.logoff_error)
        if self.gone:
            await self.gone.wait()
        self.rows = [row for row in self.rows if row.id != session_id]
        self.logged_off.append(session_id)

    async def reset(self, session_id: int) -> None:
        self.gone = None
        await self.logoff(session_id)

    def schedule_restart(self, seconds: float) -> None:
        if self.restart_in is not None:
            raise Win32Error(ERROR_SHUTDOWN_IS_SCHEDULED)
        self.restart_in = seconds

    def abort_restart(self) -> None:
        if self.restart_in is None:
            raise Win32Error(ERROR_NO_SHUTDOWN_IN_PROGRESS)
        self.restart_in = None

    def server(self, name: str) -> Host:
        if name not in self.servers:
            raise Win32Error(RPC_S_SERVER_UNAVAILABLE)
        return self.servers[name]


def farm_host(language: str = "en-US", **options: Any) -> Host:
    rows = [
        Row(0, "services", state=DISCONNECTED, logon_time=None, domain=""),
        Row(1, "console", "admin"),
        Row(2, "rdp-tcp#3", "alice", last_input_time=NOW - timedelta(minutes=8)),
        Row(3, "", "bob", state=DISCONNECTED, last_input_time=NOW - timedelta(days=1, hours=2, minutes=3)),
        Row(12, "TERM04", "carol", last_input_time=NOW),
        Row(65536, "rdp-tcp", state=LISTEN, logon_time=None, domain=""),
    ]
    return Host(rows, language, **options)


async def output(command_line: str, host: Host) -> Output:
    done = await run(command_line, host)
    assert done is not None
    return done


# Samples: lines as they stand in the source (some without the date, whose culture is another), and what they show.

SAMPLES = {
    # https://github.com/Constantine-SRV/ServiceLogonMultifactor, SearchedQuserTests.cs
    "en days": (
        "en-US",
        ">corta                 console             1  Active    1+06:20  ",
        Row(1, "console", "corta", last_input_time=NOW - timedelta(days=1, hours=6, minutes=20), logon_time=None),
    ),
    # https://github.com/sebhildebrandt/systeminformation/issues/740
    "en none": (
        "en-US",
        ">u8004279              console             1  Active      none   ",
        Row(1, "console", "u8004279", logon_time=None),
    ),
    # https://github.com/Fr3db3rt/Windows-For-Kids, README.md
    "de none": (
        "de-DE",
        " manfred               console             4  Aktiv       Kein   28.04.2025 12:03",
        Row(4, "console", "manfred", logon_time=datetime(2025, 4, 28, 12, 3, tzinfo=UTC)),
    ),
    # https://github.com/search?q=%22Differents+Ways+to+view+loggued-on+Users%22&type=code
    "fr none": (
        "fr-FR",
        ">olivier               console             1  Actif       aucun   12/02/2023 07:11",
        Row(1, "console", "olivier", logon_time=datetime(2023, 2, 12, 7, 11, tzinfo=UTC)),
    ),
    # ServiceLogonMultifactor
    "ru none": (
        "ru-RU",
        ">user1                 console             1  Активно   отсутствует 14.05.2021 15:54",
        Row(1, "console", "user1"),
    ),
    "ru dot": (
        "ru-RU",
        ">user1                 rdp-tcp#1           1  Активно          .  14.05.2021 15:54",
        Row(1, "rdp-tcp#1", "user1", last_input_time=NOW),
    ),
    # https://github.com/search?q=%22hometask2%4013_WMI_and_CIM.ps1%22&type=code
    "ru minutes": (
        "ru-RU",
        " admin                 rdp-tcp#3           2  Активно         10  27.03.2022 21:18",
        Row(
            2,
            "rdp-tcp#3",
            "admin",
            logon_time=datetime(2022, 3, 27, 21, 18, tzinfo=UTC),
            last_input_time=NOW - timedelta(minutes=10, seconds=59),
        ),
    ),
    # https://github.com/tnz-py/projetos_python_
    "pt none": (
        "pt-BR",
        ">user                  console             1  Ativo       nenhum   28/02/2025 19:09",
        Row(1, "console", "user", logon_time=datetime(2025, 2, 28, 19, 9, tzinfo=UTC)),
    ),
}


@pytest.mark.parametrize(("language", "line", "row"), SAMPLES.values(), ids=SAMPLES)
def test_query_user_equals_the_sample(language: str, line: str, row: Row) -> None:
    current = row.id if line.startswith(">") else None
    assert user_table([row], wording(language), NOW, current)[1] == line


def test_the_english_time_of_logon() -> None:
    # https://progress.com/fr/blogs/comment-deconnecter-les-utilisateurs-windows-a-distance-avec-powershell
    assert wording("en-US").time(datetime(2018, 9, 22, 11, 4, tzinfo=UTC)) == "9/22/2018 11:04 AM"
    assert wording("en-US").time(datetime(2018, 9, 2, 0, 4, tzinfo=UTC)) == "9/2/2018 12:04 AM"


@pytest.mark.parametrize(
    ("tail", "idle"),
    [
        ("rdp-tcp#111        42  Active          .  ", timedelta(seconds=59)),
        ("rdp-tcp#111        42  Active          8  ", timedelta(minutes=8)),
        ("rdp-tcp#111        42  Active       1:22  ", timedelta(hours=1, minutes=22)),
        ("rdp-tcp#111        42  Active  24692+13:29  ", timedelta(days=24692, hours=13, minutes=29)),
    ],
)
def test_idle_times_end_at_one_column_and_a_long_one_moves_what_follows(tail: str, idle: timedelta) -> None:
    # https://github.com/VertigoRay/PSQuser/issues/7, where the names are shortened: so from the session name on
    row = Row(42, "rdp-tcp#111", "user2", last_input_time=NOW - idle, logon_time=None)
    assert user_table([row], wording("en-US"), NOW)[1][23:] == tail


def test_query_user_equals_the_spanish_sample() -> None:
    """A disconnected session leaves its name blank."""
    # https://github.com/VertigoRay/PSQuser/issues/3
    morning = datetime(2018, 7, 25, 7, 46, tzinfo=UTC)
    two_minutes = NOW - timedelta(minutes=2)
    rows = [
        Row(1, "console", "mabe-b3", last_input_time=None, logon_time=morning),
        Row(2, "", "otro00", DISCONNECTED, last_input_time=two_minutes, logon_time=morning.replace(hour=10, minute=51)),
    ]
    assert user_table(rows, wording("es-ES"), NOW, current=1) == [
        " NOMBRE USUARIO        NOMBRE SESIÓN      ID. ESTADO  TIEMPO IN. TIEMPO SESIÓN",
        ">mabe-b3               console             1  Activo      ninguno   25/7/2018 7:46",
        " otro00                                    2  Desc            2  25/7/2018 10:51",
    ]


def test_a_time_without_a_source_is_bracketed() -> None:
    assert wording("it-IT").time(datetime(2018, 9, 2, 0, 4, tzinfo=UTC)) == "[9/2/2018 12:04 AM]"


def test_query_session_equals_the_french_sample() -> None:
    # https://github.com/centreon/centreon-plugins/issues/1603
    rows = [
        Row(0, "services", state=DISCONNECTED),
        Row(1, "console", state=CONNECTED),
        Row(4, "", "AdmCopilote", state=DISCONNECTED),
        Row(14, "rdp-tcp#124", "adm-ipdiva"),
    ]
    assert [line.rstrip() for line in session_table(rows, wording("fr-FR"))] == [
        " SESSION           UTILISATEUR              ID  ÉTAT    TYPE        PÉRIPHÉRIQUE",
        " services                                    0  Déco",
        " console                                     1  Conn",
        "                   AdmCopilote               4  Déco",
        " rdp-tcp#124       adm-ipdiva               14  Actif",
    ]


def test_query_session_in_italian_as_far_as_a_source_has_the_words() -> None:
    title, row = session_table([Row(4, "", "anna", state=DISCONNECTED)], wording("it-IT"))
    assert (title.split()[0], title[48:53], row.split()) == ("NOMESESSIONE", "STATO", ["anna", "4", "Disc"])


def test_query_session_equals_the_russian_sample() -> None:
    # https://github.com/paulmann/RDPAudit, QwinstaParserTests.cs
    rows = [
        Row(0, "services", state=DISCONNECTED),
        Row(1, "console", state=CONNECTED),
        Row(2, "rdp-tcp#1", "af"),
        Row(3, "rdp-tcp#21", "md"),
        Row(65536, "31c5ce94259d4xxxxxxxxxxxx", state=LISTEN),
        Row(65537, "rdp-tcp", state=LISTEN),
    ]
    lines = session_table(rows, wording("ru-RU"), current=3)
    assert [line.rstrip() for line in lines] == [
        " СЕАНС             ПОЛЬЗОВАТЕЛЬ             ID  СТАТУС  ТИП         УСТР-ВО",
        " services                                    0  Диск",
        " console                                     1  Подключено",
        " rdp-tcp#1         af                        2  Активно",
        ">rdp-tcp#21        md                        3  Активно",
        " 31c5ce94259d4...                        65536  Прием",
        " rdp-tcp                                 65537  Прием",
    ]


def test_query_session_equals_the_german_sample() -> None:
    # https://github.com/Fr3db3rt/Windows-For-Kids, README.md
    rows = [Row(0, "services", state=DISCONNECTED), Row(3, "console", "Leo"), Row(65536, "rdp-tcp", state=LISTEN)]
    assert [line.rstrip() for line in session_table(rows, wording("de-DE"))] == [
        " SITZUNGSNAME      BENUTZERNAME             ID  STATUS  TYP         GERÄT",
        " services                                    0  Getr.",
        " console           Leo                       3  Aktiv",
        " rdp-tcp                                 65536  Abhör.",
    ]


async def test_query_session_over_winrm_marks_session_0() -> None:
    # https://github.com/paulmann/RDPAudit, QwinstaParserTests.cs, which has the blanks at the end; the mark at services
    # is what Evil-WinRM sessions show.
    lines = (await output("qwinsta", farm_host())).stdout.split("\r\n")
    assert lines == [
        " SESSIONNAME       USERNAME                 ID  STATE   TYPE        DEVICE ",
        ">services                                    0  Disc                        ",
        " console           admin                     1  Active                      ",
        " rdp-tcp#3         alice                     2  Active                      ",
        "                   bob                       3  Disc                        ",
        " TERM04            carol                    12  Active                      ",
        " rdp-tcp                                 65536  Listen                      ",
        "",
    ]


TITLES = {
    "de-DE": " BENUTZERNAME          SITZUNGSNAME       ID  STATUS  LEERLAUF   ANMELDEZEIT",
    "en-US": " USERNAME              SESSIONNAME        ID  STATE   IDLE TIME  LOGON TIME",
    "es-ES": " NOMBRE USUARIO        NOMBRE SESIÓN      ID. ESTADO  TIEMPO IN. TIEMPO SESIÓN",
    "fr-FR": " UTILISATEUR           SESSION            ID  ÉTAT    TEMPS INACT TEMPS SESSION",
    "pt-BR": " USERNAME              SESSIONNAME        ID  STATE   IDLE TIME  LOGON TIME",
    "ru-RU": " ПОЛЬЗОВАТЕЛЬ          СЕАНС              ID  СТАТУС  БЕЗДЕЙСТВ. ВРЕМЯ ВХОДА",
}


def test_every_language_is_here() -> None:
    """Of Italian, no source has the title of quser."""
    assert languages() == sorted([*TITLES, "it-IT"])
    assert wording("it-IT").text("user_header").startswith("[simulator: no cited it-IT wording: USERNAME ")


@pytest.mark.parametrize("language", TITLES)
async def test_the_places_of_the_columns_are_those_of_every_language(language: str) -> None:
    title, *rows = (await output("quser", farm_host(language))).stdout.splitlines()
    assert title == TITLES[language]
    assert (title[1:].split()[0], title[42:44]) == (TITLES[language].split()[0], "ID")
    assert [(row[1:21].strip(), row[23:39].strip(), row[39:44].strip()) for row in rows] == [
        ("admin", "console", "1"),
        ("alice", "rdp-tcp#3", "2"),
        ("bob", "", "3"),
        ("carol", "TERM04", "12"),
    ]


@pytest.mark.parametrize("language", languages())
def test_each_wording_names_its_source(language: str) -> None:
    file = Path(console_package.__file__).parent / "wordings" / f"{language}.yml"
    entries = yaml.safe_load(file.read_text(encoding="utf-8"))
    assert [key for key, entry in entries.items() if urlparse(entry["source"]).scheme != "https"] == []


# What the usual parsing makes of it.


def split_on_blanks(line: str) -> list[str]:
    """The usual way: two or more blanks end a field."""
    return re.split(r"\s{2,}", line.strip(" >"))


async def test_splitting_on_blanks_takes_the_id_of_a_disconnected_session_for_its_name() -> None:
    title, *rows = (await output("quser", farm_host())).stdout.splitlines()
    fields = {row[0]: dict(zip(split_on_blanks(title), row, strict=False)) for row in map(split_on_blanks, rows)}
    assert (fields["alice"]["SESSIONNAME"], fields["alice"]["ID"]) == ("rdp-tcp#3", "2")
    assert (fields["bob"]["SESSIONNAME"], fields["bob"]["ID"]) == ("3", "Disc")


async def test_what_looks_for_english_words_finds_nobody_on_a_french_host() -> None:
    def active_users(text: str) -> list[str]:
        title, *rows = text.splitlines()
        titles = split_on_blanks(title)
        if "USERNAME" not in titles:
            return []
        return [row.split()[0] for row in rows if " Active " in row]

    assert active_users((await output("quser", farm_host())).stdout) == ["admin", "alice", "carol"]
    assert active_users((await output("quser", farm_host("fr-FR"))).stdout) == []


# Command lines.


@pytest.mark.parametrize(
    "command_line",
    [
        "quser alice",
        "QUSER.EXE ALICE",
        "query user alice",
        "Query User 2",
        "quser rdp-tcp#3",
        '"C:\\Windows\\System32\\quser.exe" alice',
        "quser /server:RDSH02 alice",
        'query user "alice" -SERVER:"RDSH02"',
    ],
)
async def test_query_user_of_one(command_line: str) -> None:
    done = await output(command_line, farm_host(servers={"RDSH02": farm_host()}))
    assert (len(done.stdout.splitlines()), done.stdout.splitlines()[1].split()[0], done.return_code) == (2, "alice", 0)


@pytest.mark.parametrize("command_line", ["qwinsta bob", "query session 3", "QWINSTA.exe /SERVER:RDSH02 3"])
async def test_query_session_of_one(command_line: str) -> None:
    done = await output(command_line, farm_host(servers={"RDSH02": farm_host()}))
    assert [line.split()[:3] for line in done.stdout.splitlines()[1:]] == [["bob", "3", "Disc"]]


async def test_another_host_is_asked_in_the_language_of_this_one_and_has_no_current_session() -> None:
    done = await output("qwinsta /server:RDSH02", farm_host("ru-RU", servers={"RDSH02": farm_host()}))
    assert "СТАТУС" in done.stdout
    assert ">" not in done.stdout


@pytest.mark.parametrize("command_line", ["", "ipconfig", "query process", "query", "quserx", "tsdiscon 12"])
async def test_other_commands_are_not_ours(command_line: str) -> None:
    assert await run(command_line, farm_host()) is None


@pytest.mark.parametrize("command_line", ["quser a b", "quser /server", "quser /v", "logoff 1 /server:", "logoff 1 /x"])
async def test_invalid_parameters(command_line: str) -> None:
    host = farm_host()
    done = await output(command_line, host)
    assert (done.stdout, done.stderr.splitlines()[0], done.return_code) == ("", "Invalid parameter(s)", 1)
    assert "[/SERVER:servername]" in done.stderr
    assert host.logged_off == []


async def test_help() -> None:
    done = await output("logoff /?", farm_host())
    assert done.stdout.startswith("Terminates a session.\r\n\r\nLOGOFF [sessionname | sessionid]")
    assert (done.stderr, done.return_code) == ("", 0)


async def test_a_switch_that_is_not_simulated_says_so() -> None:
    assert "/counter is not simulated" in (await output("qwinsta /counter", farm_host())).stderr


# Logoff.


@pytest.mark.parametrize(
    ("command_line", "session_id"),
    [
        ("logoff 12", 12),
        ("logoff TERM04", 12),
        ("LOGOFF.exe term04", 12),
        ("logoff rdp-tcp#3 /v", 2),
        ("logoff /V 3", 3),
    ],
)
async def test_logoff(command_line: str, session_id: int) -> None:
    host = farm_host()
    done = await output(command_line, host)
    assert (host.logged_off, done.stderr, done.return_code) == ([session_id], "", 0)
    assert bool(done.stdout) == ("/v" in command_line.lower())


async def test_logoff_on_another_host() -> None:
    other = farm_host()
    host = farm_host(servers={"RDSH02": other})
    assert (await output("logoff 12 /server:RDSH02 /v", host)).return_code == 0
    assert (host.logged_off, other.logged_off) == ([], [12])


@pytest.mark.parametrize("command_line", ["reset session 12", "rwinsta 12", "RESET Session TERM04"])
async def test_a_reset_waits_for_nothing(command_line: str) -> None:
    host = farm_host(gone=asyncio.Event())
    done = await output(command_line, host)
    assert (host.logged_off, done.stdout, done.stderr, done.return_code) == ([12], "", "", 0)
    assert (await output("reset session 99", host)).return_code == 1


async def test_logoff_waits_until_the_session_has_gone() -> None:
    host = farm_host(gone=asyncio.Event())
    logoff = asyncio.create_task(output("logoff 12", host))
    await asyncio.sleep(0.01)
    assert not logoff.done()
    assert host.gone is not None
    host.gone.set()
    assert (await logoff).return_code == 0
    assert 12 not in [row.id for row in host.sessions()]


@pytest.mark.parametrize("command_line", ["logoff", "logoff /v", "logoff 99", "logoff alice"])
async def test_logoff_of_nothing_that_can_be_cited(command_line: str) -> None:
    host = farm_host()
    done = await output(command_line, host)
    assert done.stderr.startswith("[simulator: no cited wording: ")
    assert (done.return_code, host.logged_off) == (1, [])


async def test_logoff_denied() -> None:
    # https://learn.microsoft.com/en-us/troubleshoot/windows-server/remote/log-off-terminal-server-session-users-command-prompt
    done = await output("logoff 1", farm_host(logoff_error=ERROR_ACCESS_DENIED))
    assert done == Output(
        "", "Could not logoff session ID 1 from session console, Error code 5\r\nError [5]:Access is denied.\r\n", 1
    )


# Errors.


async def test_no_user() -> None:
    nobody = Host([Row(0, "services", state=DISCONNECTED)])
    assert await output("quser", nobody) == Output("", "No User exists for *\r\n", 1)
    assert await output("quser mallory", farm_host()) == Output("", "No User exists for mallory\r\n", 1)
    assert await output("qwinsta", Host([])) == Output("", "No session exists for *\r\n", 1)


@pytest.mark.parametrize("command_line", ["quser /server:RDSH09", "query session /server:RDSH09"])
async def test_a_server_that_cannot_be_reached(command_line: str) -> None:
    assert await output(command_line, farm_host()) == Output(
        "", "Error 0x000006BA enumerating sessionnames\r\nError [1722]:The RPC server is unavailable.\r\n", 1
    )


async def test_denied_in_russian() -> None:
    assert await output("quser", farm_host("ru-RU", error=ERROR_ACCESS_DENIED)) == Output(
        "", "Ошибка 0x00000005 перечисления сеансов\r\nОшибка [5]:Отказано в доступе.\r\n", 1
    )


async def test_an_error_without_a_source_does_not_pass_for_windows() -> None:
    done = await output("quser mallory", farm_host("fr-FR"))
    assert done == Output("", "[simulator: no cited fr-FR wording: No User exists for mallory]\r\n", 1)
    failed = await output("logoff 1", farm_host(logoff_error=ERROR_CTX_WINSTATION_BUSY))
    assert failed.stderr.endswith("Error [7024]:\r\n")


def test_a_state_without_a_source_is_bracketed() -> None:
    assert [wording("fr-FR").state(state) for state in (DISCONNECTED, LISTEN, IDLE)] == ["Déco", "[Listen]", "[5]"]
    assert wording("pt-BR").state(DISCONNECTED) == "[Disc]"
    assert wording("en-US").state(IDLE) == "[5]"


async def test_a_language_without_a_source_is_refused() -> None:
    with pytest.raises(UncitedLanguage, match="zh-TW"):
        await run("quser", farm_host("zh-TW"))


# Code pages.


@pytest.mark.parametrize(
    ("language", "text", "encoded"),
    [
        ("de-DE", "Abhör.", b"Abh\x94r."),
        ("fr-FR", "ÉTAT", b"\x90TAT"),
        ("ru-RU", "Диск", b"\x84\xa8\xe1\xaa"),
        ("pt-BR", "Ativo é", b"Ativo \x82"),
        ("en-US", "Disc", b"Disc"),
    ],
)
def test_a_prompt_has_the_oem_code_page(language: str, text: str, encoded: bytes) -> None:
    assert encode(text, language) == encoded


def test_ansible_over_winrm_gets_utf8_and_what_a_code_page_lacks_is_lost() -> None:
    assert encode("Активно", "ru-RU", 65001) == "Активно".encode()
    assert encode("Активно", "ru-RU", 437) == b"???????"


@pytest.mark.parametrize("command", ["change logon", "CHANGE.EXE Logon", "chglogon", "chglogon.exe"])
async def test_change_logon(command: str) -> None:
    """The modes whose texts are cited; that /query ends with 1 although it worked is cited, too."""
    host = farm_host()
    assert await output(f"{command} /query", host) == Output("Session logins are currently ENABLED\r\n", "", 1)
    assert await output(f"{command} /disable", host) == Output("Session logins are currently DISABLED\r\n", "", 0)
    assert (await output(f"{command} /QUERY", host)).stdout == "Session logins are currently DISABLED\r\n"
    assert await output(f"{command} /enable", host) == Output("Session logins are currently ENABLED\r\n", "", 0)


@pytest.mark.parametrize(
    ("switch", "mode"),
    [("/drain", "drain"), ("/DrainUntilRestart", "drain_until_restart"), ("/disable", "disabled")],
)
async def test_change_logon_sets_each_mode(switch: str, mode: str) -> None:
    host = farm_host()
    said = (await output(f"change logon {switch}", host)).stdout
    assert host.logon_mode == mode
    assert (await output("change logon /query", host)).stdout == said
    assert said.startswith("[simulator: no cited wording: ") == (mode != "disabled")


@pytest.mark.parametrize("arguments", ["", "enable", "/query /enable", "/server:RDSH02", "/off"])
async def test_change_logon_takes_one_switch(arguments: str) -> None:
    host = farm_host()
    refused = await output(f"change logon {arguments}", host)
    assert (refused.stdout, refused.return_code, host.logon_mode) == ("", 1, "enabled")
    assert refused.stderr.startswith("Invalid parameter(s)\r\nEnable, disable, or drain session logins.\r\n")
    assert (await output("change logon /?", host)).stdout in refused.stderr


async def test_other_changes_are_not_simulated() -> None:
    assert await run("change user /query", farm_host()) is None
    assert await run("change", farm_host()) is None


async def test_who_and_where() -> None:
    host = farm_host()
    assert (await output("hostname", host)).stdout == "RDSH01\r\n"
    assert (await output("whoami", host)).stdout == "contoso\\ansible\r\n"
    assert await run("whoami /groups", host) is None


@pytest.mark.parametrize(
    ("line", "seconds"),
    [
        ("shutdown /r", 30),
        ("shutdown.exe /r /t 5", 5),
        ("shutdown -r -f -t 0", 0),
        ('shutdown /r /t 60 /c "Patches" /d p:2:17', 60),
    ],
)
async def test_a_restart(line: str, seconds: int) -> None:
    host = farm_host()
    assert await output(line, host) == Output("", "", 0)
    assert host.restart_in == seconds
    assert (await output(line, host)).return_code == 1190
    assert await output("shutdown /a", host) == Output("", "", 0)
    assert host.restart_in is None
    assert "1116" in (await output("shutdown /a", host)).stderr


@pytest.mark.parametrize("line", ["shutdown", "shutdown /r /a", "shutdown /r /t soon", "shutdown /s", "shutdown /r x"])
async def test_no_restart(line: str) -> None:
    host = farm_host()
    done = await output(line, host)
    assert (done.return_code, host.restart_in) == (1, None)
    assert "simulator" in done.stderr
