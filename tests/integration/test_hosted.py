# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What hosted continuous integration does with a Windows, done here: record, run, judge (development/hosted)."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from development.hosted.payloads import ADD_TYPE, HOSTS, SESSIONS, Recorder, main, run_tasks, write_sources
from development.hosted.tasks import TASKS
from simulator.engines import MonoEngine, build
from simulator.engines.host_runner import Write
from simulator.farm import FarmSpec
from simulator.windows_api import Launch
from tests.support import csharp
from tests.support.paths import REPOSITORY

from .conftest import served

HOSTED = REPOSITORY / "development" / "hosted"

NEEDS_PWSH = pytest.mark.skipif(shutil.which("pwsh") is None, reason="pwsh (PowerShell 7) is not on PATH")

#: Instead of PowerShell: says how it was started, and whether it got its input.
STAND_IN = """\
#!/bin/sh
printf '{"report": "%s", "input": %d}' "$*" "$(wc -c)"
"""


class Answering(Recorder):
    """Keeps what the other engine answers, as run_payloads.py does."""

    async def run(self, script: str, stdin: bytes, write: Write, launch: Launch, environment: dict[str, str]) -> int:
        output = {"stdout": b"", "stderr": b""}

        def keep(stream: str, data: bytes) -> None:
            output[stream] += data
            write(stream, data)

        exit_code = await super().run(script, stdin, keep, launch, environment)
        answer = {stream: base64.b64encode(data).decode() for stream, data in output.items()}
        text = json.dumps({**answer, "exit_code": exit_code})
        (self.folder / HOSTS[launch.host.name] / "answer.json").write_text(text, "utf-8")
        return exit_code


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What was recorded, with the answers of the engine that carried it out."""
    folder = tmp_path_factory.mktemp("recorded")
    assert asyncio.run(run_tasks(Answering(MonoEngine(), folder))) == {}
    write_sources(folder)
    return folder


def run_payloads(
    folder: Path, powershell: Path | str, variables: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-I", HOSTED / "run_payloads.py", folder, "--powershell", powershell],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_entry_script_is_recorded_with_its_sources(recorded: Path) -> None:
    assert {path.parent.name for path in recorded.glob("*/script.ps1")} == {*TASKS}
    assert (recorded / ADD_TYPE).stat().st_size > 0
    for engine in csharp.ENTRY_SCRIPTS:
        found = {path.name: path.read_text("utf-8") for path in (recorded / "csharp" / engine).iterdir()}
        assert found == {f"{name.rpartition('.')[2]}.cs": text for name, text in csharp.sources(engine).items()}
    assert {path.name for path in (recorded / "csharp").iterdir()} == {*csharp.ENTRY_SCRIPTS}


def test_answers_are_judged(recorded: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "answered"
    shutil.copytree(recorded, folder)
    assert main(["judge", str(folder)]) == 0
    # What a session list answers is no logon mode, and what comes to an end too early is no report.
    shutil.copy(recorded / "sessions" / "answer.json", folder / "logon-mode")
    answer = json.loads((folder / "sessions" / "answer.json").read_text("utf-8"))
    answer["stdout"] = base64.b64encode(base64.b64decode(answer["stdout"])[:-40]).decode()
    (folder / "sessions" / "answer.json").write_text(json.dumps(answer), "utf-8")
    capsys.readouterr()
    assert main(["judge", str(folder)]) == 1
    output = capsys.readouterr().out
    assert output.count("as it has to be\n") == len(TASKS) - 2
    assert "logon-mode: failed" in output and "sessions: failed" in output


def test_payloads_are_run_as_ansible_starts_them(recorded: Path, tmp_path: Path) -> None:
    folder, program = tmp_path / "run", tmp_path / "powershell"
    shutil.copytree(recorded, folder)
    program.write_text(STAND_IN)
    program.chmod(0o700)
    done = run_payloads(folder, program, {})
    assert done.returncode == 0, done.stderr
    answer = json.loads((folder / "sessions" / "answer.json").read_text("utf-8"))
    said = json.loads(base64.b64decode(answer["stdout"]))
    script = base64.b64encode((folder / "sessions" / "script.ps1").read_text("utf-8").encode("utf-16-le")).decode()
    assert said["report"] == f"-NoProfile -NonInteractive -ExecutionPolicy Unrestricted -EncodedCommand {script}"
    assert said["input"] == (folder / "sessions" / "stdin").stat().st_size

    program.write_text("#!/bin/sh\necho no answer\nexit 3\n")
    done = run_payloads(folder, program, {})
    assert done.returncode == 1
    assert done.stdout.count("exit code 3, no report") == len(TASKS)


@NEEDS_PWSH
def test_payloads_run_under_powershell_and_are_judged(recorded: Path, tmp_path: Path) -> None:
    """On PowerShell 7 and a simulated host, what hosted CI does on Windows PowerShell 5.1 and a real one."""
    folder, names = tmp_path / "run", tmp_path / "names"
    shutil.copytree(recorded, folder)
    names.mkdir()
    for name in "PowerShell", "powershell":  # see simulator/engines/pwsh.py
        (names / name).symlink_to(str(shutil.which("pwsh")))
    spec = FarmSpec.model_validate(
        {"http_port": 0, "https_port": None, "hosts": [{"name": "RUNNER", "sessions": SESSIONS}]}
    )
    with served(spec, MonoEngine()) as simulation:
        _launch, environment = simulation.api.new_launch(simulation.hosts["RUNNER"], "CONTOSO\\ansible")
        variables = {
            **environment,
            "PATH": f"{names}{os.pathsep}{os.environ['PATH']}",
            "LD_LIBRARY_PATH": str(asyncio.run(build.windows_library())),
            "NO_COLOR": "1",
            "TERM": "dumb",
        }
        done = run_payloads(folder, "pwsh", variables)
        assert done.returncode == 0, done.stdout + done.stderr
        assert simulation.mutating_calls("RUNNER") == []
        assert simulation.calls("RUNNER")
    assert main(["judge", str(folder)]) == 0


#: In the place of what only Windows has: each says how it was called.
WINDOWS = """
function Said { param($Name, $Values) [System.Console]::WriteLine("$Name $Values") }
function New-LocalUser { param($Name, $Password, [switch]$PasswordNeverExpires) Said New-LocalUser $Name }
function Add-LocalGroupMember { param($SID, $Member) Said Add-LocalGroupMember @($SID, $Member) }
function Set-ItemProperty { param($Path, $Name, $Value, $Type) Said Set-ItemProperty @($Path, $Name, $Value) }
function Enable-PSRemoting { param([switch]$SkipNetworkProfileCheck, [switch]$Force) Said Enable-PSRemoting }
function Start-Service { param($Name) Said Start-Service $Name }
function New-NetFirewallRule { param($DisplayName, $Direction, $Protocol, $LocalPort, $RemoteAddress, $Action)
    Said New-NetFirewallRule @($Direction, $Action, $RemoteAddress, $LocalPort) }
function Get-NetIPConfiguration {
    [pscustomobject]@{ IPv4DefaultGateway = $null; IPv4Address = [pscustomobject]@{ IPAddress = '192.0.2.1' } }
    [pscustomobject]@{ IPv4DefaultGateway = 1; IPv4Address = [pscustomobject]@{ IPAddress = '192.0.2.7' } }
}
$env:COMPUTERNAME = 'RUNNER'
"""


@NEEDS_PWSH
def test_a_runner_becomes_a_host(tmp_path: Path) -> None:
    """The script, on stand-ins of what it calls: what it asks of Windows, and an inventory that Ansible reads."""
    inventory = tmp_path / "inventory.json"
    done = subprocess.run(
        [
            "pwsh",
            "-NoProfile",
            "-NonInteractive",
            "-Command",
            f"{WINDOWS}\n& '{HOSTED}/host.ps1' -Inventory '{inventory}'",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    said = done.stdout.splitlines()
    passwords = [line.removeprefix("::add-mask::") for line in said if line.startswith("::add-mask::")]
    accounts = ["ansible", "rds-alice", "rds-bob", "rds-carol"]
    assert [line.split()[1] for line in said if line.startswith("New-LocalUser ")] == accounts
    assert [line for line in said if line.startswith("Add-LocalGroupMember ")] == [
        f"Add-LocalGroupMember S-1-5-32-{'544' if name == 'ansible' else '555'} {name}" for name in accounts
    ]
    read = subprocess.run(
        [Path(sys.executable).with_name("ansible-inventory"), "-i", inventory, "--list"],
        capture_output=True,
        check=True,
    )
    variables = json.loads(read.stdout)["_meta"]["hostvars"]["RUNNER"]
    assert (variables["ansible_host"], variables["ansible_user"]) == ("192.0.2.7", "RUNNER\\ansible")
    testers = variables["acceptance_accounts"]
    assert [tester["user"] for tester in testers] == [f"RUNNER\\{name}" for name in accounts[1:]]
    assert [variables["ansible_password"], *(tester["password"] for tester in testers)] == passwords
    assert len({*passwords}) == len(accounts)


def test_acceptance_is_run_on_a_copy_and_its_records_come_back(tmp_path: Path) -> None:
    """With another make on PATH, which says how it was called and leaves a record, and of which one target fails."""
    make = tmp_path / "bin" / "make"
    make.parent.mkdir()
    make.write_text(
        '#!/bin/sh\necho "$PWD $*"\ntest -e pyproject.toml && test ! -e .venv || exit 9\n'
        'mkdir -p acceptance/records && cp "${2#HOSTS=}" "acceptance/records/$1"\ntest "$1" != facts\n'
    )
    make.chmod(0o700)
    inventory = tmp_path / "inventory.json"
    inventory.write_text("{}")
    done = subprocess.run(
        [HOSTED / "acceptance.sh", inventory, tmp_path / "records"],
        env={**os.environ, "PATH": f"{make.parent}{os.pathsep}{os.environ['PATH']}", "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    folders = {line.split()[0] for line in done.stdout.splitlines()}
    assert [line.split()[1] for line in done.stdout.splitlines()] == ["facts", "acceptance"]
    assert len(folders) == 1 and not Path(*folders).exists()
    assert {path.name for path in (tmp_path / "records").iterdir()} >= {"facts", "acceptance"}


@NEEDS_PWSH
def test_sources_compile_as_ansible_compiles_them(recorded: Path) -> None:
    done = subprocess.run(
        ["pwsh", "-NoProfile", "-NonInteractive", "-File", HOSTED / "compile.ps1", "-Folder", recorded],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for engine in csharp.ENTRY_SCRIPTS:
        assert f"{engine}: {len(csharp.sources(engine))} files" in done.stdout
