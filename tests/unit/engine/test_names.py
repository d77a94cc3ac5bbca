# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Names compare in any case and in any script, whatever the language of Windows."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from tests.unit.engine.session_host import Windows, record, results, server_report, session_host

TURKISH = {"LANG": "tr_TR.UTF-8", "LC_ALL": "tr_TR.UTF-8"}  # there i is not the small I


@pytest.mark.parametrize("environment", [{}, TURKISH], ids=["invariant", "Turkish"])
async def test_case_is_ignored_in_every_script(windows: Windows, environment: dict[str, str]) -> None:
    users = ["ilker", "Жанна", "müller", "ΜΑΡΊΑ", "ırmak", "straße", "王芳"]
    host = session_host(*({"id": 20 + i, "user": user} for i, user in enumerate(users)))
    wanted = {
        "ILKER": "ilker",
        "I*": "ilker",  # and not ırmak: no upper case of ı is I, but in Turkish
        "ЖАННА": "Жанна",
        "жан?а": "Жанна",
        "MÜLLER": "müller",
        "μαρία": "ΜΑΡΊΑ",
        "ırm*": "ırmak",
        "straß*": "straße",
        "王?": "王芳",
    }
    others = ["IRMAK", "irmak", "İLKER", "STRASSE", "muller", "ЖАНН"]
    report = await windows.run(host, check_mode=True, users=[*wanted, *others], environment=environment)
    matched = {session["user"]: session["matched_by"] for session in server_report(report)["sessions"]}
    assert matched == {
        user: [f"users:{i}" for i, pattern in enumerate(wanted) if wanted[pattern] == user] for user in users
    }


@pytest.mark.parametrize("environment", [{}, TURKISH], ids=["invariant", "Turkish"])
async def test_session_names_and_domains_too(windows: Windows, environment: dict[str, str]) -> None:
    host = session_host(
        {"id": 12, "user": "INIT\\i", "name": "ICA-tcp#1"}, {"id": 13, "user": "x", "name": "ıca-tcp#1"}
    )
    options = {"check_mode": True, "environment": environment}
    assert list(results(await windows.run(host, sessions=["ica-TCP#1"], **options))) == [12]
    assert list(results(await windows.run(host, users=["init\\I"], **options))) == [12]
    assert list(results(await windows.run(host, all=True, exclude_sessions=["ica-TCP#1"], **options))) == [13]


@pytest.mark.parametrize("environment", [{}, TURKISH], ids=["invariant", "Turkish"])
async def test_a_name_in_another_case_is_the_same_account(windows: Windows, environment: dict[str, str]) -> None:
    """Some versions of Windows tell names in upper case in one call and not in the other."""
    host = session_host({"id": 12, "user": "Contosı\\ilkerж"})

    def shout(*_: object) -> None:
        host.table.change(12, user="ILKERЖ", domain="CONTOSı")

    windows.on_call = lambda _, function, __: shout() if function.startswith("WTSQuery") else None
    assert results(await windows.run(host, users=["ilkerж"], environment=environment)) == {12: "logged_off"}


async def test_the_tests_above_speak_turkish(tmp_path: Path) -> None:
    """The premise: Mono takes its culture from the environment."""
    source = tmp_path / "culture.cs"
    source.write_text('class P { static void Main() { System.Console.Write("i".ToUpper() == "I" ? "no" : "yes"); } }')
    await output("mcs", str(source), environment={})
    assert await output("mono", str(source.with_suffix(".exe")), environment=TURKISH) == "yes"


async def output(*command: str, environment: dict[str, str]) -> str:
    process = await asyncio.create_subprocess_exec(
        *command, env={**os.environ, **environment}, stdout=asyncio.subprocess.PIPE
    )
    stdout, _ = await process.communicate()
    assert process.returncode == 0
    return stdout.decode()


LONG_USER = "wolfeschlegelsteinhausen"  # 24 characters; WTSINFOEX has room for 20
LONG_DOMAIN = "DONAUDAMPFSCHIFFAHRT"  # 20; WTSINFOEX has room for 17


async def test_long_names_are_matched_in_full_and_reported_in_full(windows: Windows) -> None:
    session = {"id": 12, "user": f"{LONG_DOMAIN}\\{LONG_USER}"}
    other = {"id": 13, "user": f"{LONG_DOMAIN}\\{LONG_USER[:20]}"}
    report = await windows.run(session_host(session, other), users=[f"{LONG_DOMAIN.lower()}\\*hausen"])
    assert results(report) == {12: "logged_off"}
    assert (record(report, 12)["domain"], record(report, 12)["user"]) == (LONG_DOMAIN, LONG_USER)


async def test_an_exclusion_of_a_long_name_holds(windows: Windows) -> None:
    host = session_host({"id": 12, "user": f"{LONG_DOMAIN}\\{LONG_USER}"})
    assert results(await windows.run(host, all=True, exclude_users=[LONG_USER])) == {}
    assert results(await windows.run(host, sessions=["12"], exclude_users=[f"{LONG_DOMAIN}\\*"])) == {}
    assert windows.logoffs(host) == []


@pytest.mark.parametrize(
    ("user", "is_the_same"),
    [
        (f"{LONG_DOMAIN}\\{LONG_USER[:19]}x", False),
        (f"{LONG_DOMAIN[:16]}x\\{LONG_USER}", False),
        (f"{LONG_DOMAIN}\\{LONG_USER[:19]}", False),
        (f"{LONG_DOMAIN}\\{LONG_USER}", True),
    ],
)
async def test_what_windows_cuts_off_is_compared_as_far_as_it_goes(
    windows: Windows, user: str, is_the_same: bool
) -> None:
    host = session_host({"id": 12, "user": f"{LONG_DOMAIN}\\{LONG_USER}"})
    domain, _, name = user.partition("\\")

    def swap(_: object, function: str, __: object) -> None:
        if function.startswith("WTSQuery"):
            host.table.change(12, user=name, domain=domain)

    windows.on_call = swap
    report = await windows.run(host, sessions=["12"])
    assert results(report) == {12: "logged_off" if is_the_same else "already_gone"}
    assert bool(windows.logoffs(host)) == is_the_same


async def test_a_dot_is_the_computer_itself(windows: Windows) -> None:
    host = session_host({"id": 12, "user": "RDSH01\\carol"}, {"id": 13, "user": "carol"}, name="rdsh01")
    assert list(results(await windows.run(host, check_mode=True, users=[".\\CAROL"]))) == [12]
    assert list(results(await windows.run(host, check_mode=True, users=["carol"], exclude_users=[".\\carol"]))) == [13]
