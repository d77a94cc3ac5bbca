# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The acceptance tests, rehearsed: a simulated host plays a real one, and nothing that is tested knows."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from acceptance.record import tests as acceptance_tests
from tests.support.ansible_runs import finished
from tests.support.paths import REPOSITORY

FARM = yaml.safe_load((REPOSITORY / "acceptance/rehearsal/farm.yml").read_text("utf-8"))
PYTEST = (sys.executable, "-m", "pytest", "acceptance", "--hosts", "{hosts}", "-p", "no:cacheprovider")
STATE = f'"{sys.executable}" -m simulator state --control "$REHEARSAL_CONTROL"'

#: Prints how many calls have changed something on the host, in the last line.
CHANGES = f"""
"{sys.executable}" - <<END
import pathlib
from simulator.control_client import ask
from simulator.windows_api.launch import MUTATING
calls = ask(pathlib.Path("$REHEARSAL_CONTROL"), "hosts/RDSH01/calls")
print(len([call for call in calls if call["function"] in MUTATING]))
END
"""

#: Waits until a session hangs in its logoff, as long as the last program in the background runs.
HANGS = f"""
"{sys.executable}" - $! <<END
import os, pathlib, sys, time
from simulator.control_client import ask
control = pathlib.Path("$REHEARSAL_CONTROL")
while not any(session["logging_off"] for session in ask(control, "hosts/RDSH01")["sessions"]):
    os.kill(int(sys.argv[1]), 0)
    time.sleep(0.1)
END
"""


def rehearse(folder: Path, *command: str, **host: Any) -> subprocess.CompletedProcess[str]:
    """Run a command while a host of this kind plays a real one."""
    farm = folder / "farm.yml"
    farm.write_text(yaml.safe_dump(FARM | {"hosts": [FARM["hosts"][0] | host]}), "utf-8")
    variables = os.environ | {"COLUMNS": "200"}  # so that no table breaks a line
    return finished([sys.executable, "-m", "acceptance.rehearsal", "--farm", farm, *command], variables, REPOSITORY)


def record_in(folder: Path) -> dict[str, Any]:
    (path,) = (folder / "records").glob("*.yml")
    record: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
    return record


def test_the_whole_path(tmp_path: Path) -> None:
    """On a host whose commands speak a language that no test knows."""
    done = rehearse(tmp_path, *PYTEST, "--records", str(tmp_path / "records"), language="ru-RU")
    assert done.returncode == 0, done.stdout
    record = record_in(tmp_path)
    assert {name.partition("[")[0] for name in record["tests"]} == {*acceptance_tests()}
    assert {*record["tests"].values()} == {"passed"}
    assert [name for name, told in record["facts"].items() if told["verdict"] == "different"] == []
    assert (record["windows"]["product"], record["windows"]["language"]) == ("Simulated Windows", "ru-RU")
    name = "a session that was called rdp-tcp#N was called rdp-tcp#N after a reconnection"
    log = "the log of the session manager could not be read, so it did not confirm a logoff"
    assert [re.sub(r"#\d+", "#N", note) for note in record["notes"]] == [name, log]


@pytest.mark.parametrize(("way", "answer"), [("new", "otherwise"), ("kept", "the same")])
def test_the_name_after_a_reconnection(tmp_path: Path, way: str, answer: str) -> None:
    command = (*PYTEST, "--records", str(tmp_path / "records"), "-k", "before_and_after")
    done = rehearse(tmp_path, *command, reconnected_name=way)
    assert done.returncode == 0, done.stdout
    assert record_in(tmp_path)["facts"]["reconnected_name"] == {"answer": answer, "verdict": "as expected"}


def test_a_test_that_fails_is_in_the_record(tmp_path: Path) -> None:
    refusing = {"call": "WTSLogoffSession", "error": 5}
    done = rehearse(tmp_path, *PYTEST, "--records", str(tmp_path / "records"), "-k", "by_state", faults=[refusing])
    assert done.returncode == 1
    assert record_in(tmp_path)["tests"]["test_by_state"] == "failed"


def test_interrupted_it_leaves_the_host_as_it_was(tmp_path: Path) -> None:
    """While a session hangs in its logoff."""
    script = f"""
        {" ".join(PYTEST)} --records {tmp_path / "records"} -k hanging_logoff &
        {HANGS}
        kill -TERM $!
        wait $!
        {STATE}
    """
    done = rehearse(tmp_path, "bash", "-c", script)
    assert "KeyboardInterrupt" in done.stdout
    left = done.stdout[done.stdout.rindex("RDSH01 (") :]
    assert "CONTOSO" not in left
    assert "test_hanging_logoff_and_its_end" not in record_in(tmp_path)["tests"]


@pytest.mark.parametrize(
    ("host", "words"),
    [
        ({"sessions": [{"id": 9, "user": "alice"}]}, "alice is logged on; with OTHERS=1"),
        ({"sessions": [{"id": 9, "user": "winops-bob"}]}, "the test account winops-bob is logged on already"),
        ({"logon_mode": "drain"}, "users do not log on there: The logon mode is drain"),
        ({"language": "zh-TW"}, "query session did not show session 0"),
    ],
    ids=["somebody else", "a test account", "a host that is closed", "a host that does not tell who is on"],
)
def test_a_host_that_is_not_fit_is_not_touched(tmp_path: Path, host: dict[str, Any], words: str) -> None:
    script = f"{' '.join(PYTEST)} --records {tmp_path / 'records'}; {CHANGES}"
    done = rehearse(tmp_path, "bash", "-c", script, **host)
    assert words in done.stdout
    assert done.stdout.splitlines()[-1] == "0"
    assert not (tmp_path / "records").exists()


def test_others_may_be_on_if_told(tmp_path: Path) -> None:
    script = f"{' '.join(PYTEST)} --records {tmp_path / 'records'} --others -k check_mode; {STATE}"
    done = rehearse(tmp_path, "bash", "-c", script, sessions=[{"id": 9, "user": "dora"}])
    assert record_in(tmp_path)["tests"] == {"test_check_mode_logs_nobody_off": "passed"}
    left = done.stdout[done.stdout.rindex("RDSH01 (") :]
    assert "CONTOSO\\dora" in left and "alice" not in left


def test_what_the_stage_cannot_provide_is_told(tmp_path: Path) -> None:
    """Such as that a password is wrong."""
    client = tmp_path / "xfreerdp"
    client.write_text("#!/bin/sh\necho ERRCONNECT_LOGON_FAILURE\nexit 131\n")
    client.chmod(0o755)
    script = f'PATH="{tmp_path}:$PATH" {" ".join(PYTEST)} --records {tmp_path / "records"} -k by_id'
    done = rehearse(tmp_path, "bash", "-c", script)
    assert done.returncode == 0
    assert record_in(tmp_path)["tests"]["test_by_id"] == "not provided: alice, bob did not log on"
    assert "did not log on: ERRCONNECT_LOGON_FAILURE" in " ".join(done.stdout.split())
