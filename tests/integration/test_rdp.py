# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The client of the acceptance tests, with the real xfreerdp and Xvfb, on a real server: FreeRDP's own.

It is no Windows, but it asks for a password (NLA), and the options are read by the program that they are for.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from acceptance.inventory import Account, HostUnderTest
from acceptance.rdp import RdpClient, RdpError, Screen

ALICE = Account("CONTOSO", "alice", "secret")
PATIENCE = 60.0  # seconds

PROGRAMS = {name: shutil.which(name) for name in ("xfreerdp", "Xvfb", "freerdp-shadow-cli", "winpr-hash", "xwininfo")}

needs_freerdp = pytest.mark.skipif(
    not all(PROGRAMS.values()),
    reason="Debian's freerdp2-x11, freerdp2-shadow-x11, winpr-utils, xvfb and x11-utils are not all installed",
)


def until(condition: Callable[[], bool]) -> bool:
    ends = time.monotonic() + PATIENCE
    while not condition() and time.monotonic() < ends:
        time.sleep(0.1)
    return condition()


@pytest.fixture
def screen() -> Iterator[Screen]:
    with Screen() as screen:
        yield screen


@pytest.fixture
def server(screen: Screen, tmp_path: Path) -> Iterator[HostUnderTest]:
    """A server that knows alice, and shows the screen."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    hashed = ["winpr-hash", "-u", ALICE.user, "-d", ALICE.domain, "-p", ALICE.password, "-f", "sam"]
    accounts = tmp_path / "sam"
    accounts.write_bytes(subprocess.run(hashed, check=True, stdout=subprocess.PIPE).stdout)
    options = [f"/port:{port}", "/bind-address:127.0.0.1", f"/sam-file:{accounts}", "+sec-nla", "-sec-tls", "-sec-rdp"]
    environment = os.environ | {"DISPLAY": screen.display, "XDG_CONFIG_HOME": str(tmp_path)}
    with (tmp_path / "server.log").open("w") as log:
        process = subprocess.Popen(["freerdp-shadow-cli", *options], env=environment, stdout=log, stderr=log)
    try:
        assert until(lambda: is_listening(port)), (tmp_path / "server.log").read_text()
        yield HostUnderTest("server", "127.0.0.1", port, 0, (ALICE,))
    finally:
        process.terminate()
        process.wait()


def is_listening(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def has_window(screen: Screen) -> bool:
    """A client has one only once the server has let it in."""
    listed = ["xwininfo", "-display", screen.display, "-root", "-tree"]
    return "FreeRDP" in subprocess.run(listed, check=True, stdout=subprocess.PIPE, text=True).stdout


@needs_freerdp
def test_who_has_the_password_gets_in_until_the_client_is_closed(
    server: HostUnderTest, screen: Screen, tmp_path: Path
) -> None:
    log = tmp_path / "client.log"
    client = RdpClient(server, ALICE, screen, log, "powershell -Command exit")
    assert until(lambda: client.ended or has_window(screen))
    assert not client.ended, client.words
    client.close()
    assert client.ended
    assert ALICE.password not in log.read_text()


@needs_freerdp
def test_who_has_another_password_is_told_so(server: HostUnderTest, screen: Screen, tmp_path: Path) -> None:
    client = RdpClient(server, Account("CONTOSO", "alice", "guessed"), screen, tmp_path / "client.log")
    assert until(lambda: client.ended)
    assert "ERRCONNECT" in client.words
    client.close()


def test_programs_that_are_missing_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RdpError, match="Xvfb is not on PATH"):
        Screen()
