# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What ansible-core sends is taken apart; what it would not send is refused."""

from __future__ import annotations

import asyncio
import base64
import copy
import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.engines.host_runner import Write
from simulator.engines.payload import PayloadError, encoded_script, innermost_script, is_bootstrap, parse_module
from simulator.farm import FarmSpec
from simulator.simulation import Simulation
from simulator.windows_api import Launch
from tests.support.csharp import script as script_of
from tests.support.csharp import sources


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def stdin(manifest: Any) -> bytes:
    return b"the exec wrapper\n\0\0\0\0" + json.dumps(manifest).encode()


ARGUMENTS = {"all": True, "users": ["Жанна"], "_ansible_check_mode": True, "_ansible_module_name": "some.where.tool"}

#: As ansible-core 2.18 writes it: every part by its own name.
MANIFEST_2_18: dict[str, Any] = {
    "module_entry": encoded("#!powershell\r\n'é'"),
    "powershell_modules": {"Ansible.ModuleUtils.AddType": encoded("...")},
    "csharp_utils": {"Ansible.Basic": encoded("// Ansible's"), "some.where.Tool ": encoded("// ours: ж")},
    "csharp_utils_module": ["Ansible.Basic", "some.where.Tool"],
    "module_args": ARGUMENTS,
    "actions": ["module_powershell_wrapper"],
    "environment": {},
    "encoded_output": False,
    "min_ps_version": None,
    "min_os_version": None,
    "module_powershell_wrapper": encoded("..."),
}

#: As 2.19 and later write it: scripts, and actions that refer to them.
MANIFEST_2_19: dict[str, Any] = {
    "scripts": {
        "module_wrapper.ps1": {"path": "module_wrapper.ps1", "script": encoded("...")},
        "some.where.tool.ps1": {"path": "tool.ps1", "script": encoded("#!powershell\r\n'é'")},
        "Ansible.Basic.cs": {"path": "Basic.cs", "script": encoded("// Ansible's")},
        "some.where.Tool.cs": {"path": "Tool.cs", "script": encoded("// ours: ж")},
    },
    "actions": [
        {
            "name": "module_wrapper.ps1",
            "params": {
                "Script": "some.where.tool.ps1",
                "Environment": {},
                "Variables": [{"Name": "complex_args", "Value": ARGUMENTS, "Scope": "Global"}],
                "CSharpModules": ["Ansible.Basic.cs", "some.where.Tool.cs"],
                "PowerShellModules": ["Ansible.ModuleUtils.AddType.psm1"],
            },
            "secure_params": {},
        }
    ],
    "signed_hashlist": [],
}
#: As 2.22 writes it: the arguments as JSON in JSON.
MANIFEST_2_22: dict[str, Any] = copy.deepcopy(MANIFEST_2_19)
del MANIFEST_2_22["actions"][0]["params"]["Variables"]
MANIFEST_2_22["actions"][0]["params"]["ArgumentJSON"] = json.dumps(ARGUMENTS)

MANIFESTS = {"2.18": MANIFEST_2_18, "2.19": MANIFEST_2_19, "2.22": MANIFEST_2_22}


@pytest.mark.parametrize("manifest", MANIFESTS.values(), ids=MANIFESTS)
def test_a_module(manifest: dict[str, Any]) -> None:
    module = parse_module(stdin(manifest))
    assert module.name == "some.where.tool"
    assert module.script == "#!powershell\r\n'é'"
    assert module.options == {"all": True, "users": ["Жанна"]}
    assert module.check_mode
    assert {name.removesuffix(".cs"): text for name, text in module.csharp.items()} == {"some.where.Tool": "// ours: ж"}
    assert module.become_user is None


def test_a_compressed_module() -> None:
    """ansible-core 2.22 compresses what becomes shorter by that; its psrp connection adds line ends."""
    compressed = base64.b64encode(gzip.compress(json.dumps(MANIFEST_2_22).encode(), mtime=0))
    assert parse_module(b"{}\n\0\0\0\0\n" + compressed + b"\n") == parse_module(stdin(MANIFEST_2_22))


def test_become() -> None:
    old = {**MANIFEST_2_18, "actions": ["become_wrapper", "module_powershell_wrapper"], "become_user": "SYSTEM"}
    assert parse_module(stdin(old)).become_user == "SYSTEM"
    become = {"name": "become_wrapper.ps1", "params": {"BecomeUser": "SYSTEM"}, "secure_params": {}}
    new = {**MANIFEST_2_19, "actions": [become, *MANIFEST_2_19["actions"]]}
    assert parse_module(stdin(new)).become_user == "SYSTEM"


def test_what_is_more_than_a_module_is_refused_by_its_name() -> None:
    old = {**MANIFEST_2_18, "actions": ["async_wrapper", "async_watchdog", "module_powershell_wrapper"]}
    with pytest.raises(PayloadError, match=r"^cannot run the actions \['async_watchdog', 'async_wrapper'\]$"):
        parse_module(stdin(old))
    new = {**MANIFEST_2_19, "actions": [{"name": "async_wrapper.ps1", "params": {}}, *MANIFEST_2_19["actions"]]}
    with pytest.raises(PayloadError, match=r"^cannot run the action 'async_wrapper\.ps1'$"):
        parse_module(stdin(new))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no delimiter",
        b"\0\0\0\0",
        b"\0\0\0\0not JSON",
        b"\0\0\0\0" + base64.b64encode(gzip.compress(b"{}", mtime=0)[:-9]),
        b"\0\0\0\0" + base64.b64encode(gzip.compress(b"not JSON", mtime=0)),
        b"\0\0\0\0\xff\xfe\xfd",
        b'\0\0\0\0{"actions": "',
        b"\0\0\0\0" + b"[" * 100_000,
        *(stdin(value) for value in (None, 1, "text", [], {}, {"scripts": []}, {"scripts": {}, "actions": []})),
        stdin({**MANIFEST_2_18, "csharp_utils": []}),
        stdin({**MANIFEST_2_18, "csharp_utils": {"x": "no base64"}}),
        stdin({**MANIFEST_2_18, "module_entry": encoded("x")[:-1]}),
        stdin({**MANIFEST_2_18, "module_entry": base64.b64encode(b"\xff").decode()}),
    ],
    ids=lambda data: data[:20],
)  # fmt: skip
def test_malformed(data: bytes) -> None:
    with pytest.raises(PayloadError):
        parse_module(data)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from([*MANIFESTS.values()]), st.data())
def test_a_manifest_with_anything_in_any_place(manifest: dict[str, Any], data: st.DataObject) -> None:
    changed = copy.deepcopy(manifest)
    place: Any = changed
    while True:
        key = data.draw(st.sampled_from([*place] if isinstance(place, Mapping) else range(len(place))))
        if place[key] and isinstance(place[key], (dict, list)) and data.draw(st.booleans()):
            place = place[key]
            continue
        if data.draw(st.booleans()):
            del place[key]
        else:
            place[key] = data.draw(JSON)
        break
    try:
        module = parse_module(stdin(changed))
    except PayloadError:
        return
    assert isinstance(module.script, str)
    assert isinstance(module.options, dict)


@given(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    with pytest.raises(PayloadError):
        parse_module(b"\0\0\0\0" + data)


def command_line(script: str) -> str:
    return f"PowerShell -NoProfile -EncodedCommand {base64.b64encode(script.encode('utf-16-le')).decode()}"


def test_encoded_script() -> None:
    assert encoded_script(command_line("'é'; exit 1")) == "'é'; exit 1"
    assert innermost_script(command_line(command_line("quser"))) == "quser"
    assert innermost_script("quser") == "quser"
    assert innermost_script("quser\nexit $LASTEXITCODE") == "quser"
    assert is_bootstrap(command_line('$a.Split(@("`0`0`0`0"), 2)'))
    assert not is_bootstrap("quser")


@pytest.mark.parametrize(
    "line", ["", "quser", "cmd /c PowerShell -EncodedCommand AA==", "PowerShell -EncodedCommand", "PowerShell -File x"]
)
def test_what_is_no_encoded_script(line: str) -> None:
    assert encoded_script(line) is None


@pytest.mark.parametrize("code", ["A", "====", "*", "é", "AA==", "AADY"])
def test_what_cannot_be_decoded(code: str) -> None:
    with pytest.raises(PayloadError, match="-EncodedCommand is not Base64 of UTF-16"):
        encoded_script(f"pwsh -EncodedCommand {code}")


@given(st.text(max_size=30))
def test_any_command_line(text: str) -> None:
    for line in text, f"PowerShell -EncodedCommand {text}":
        try:
            script = encoded_script(line)
        except PayloadError:
            continue
        assert script is None or isinstance(script, str)


class Recorder:
    """An engine that keeps what arrives."""

    def __init__(self) -> None:
        self.arrived: list[tuple[str, bytes]] = []

    async def run(self, script: str, stdin: bytes, write: Write, launch: Launch, environment: dict[str, str]) -> int:
        self.arrived.append((script, stdin))
        write("stdout", b'{"failed": true, "msg": "recorded"}')
        return 1


@pytest.mark.parametrize(
    ("arguments", "check_mode", "become_user"),
    [
        ([], False, None),
        (["--check", "--become", "--become-method", "runas", "--become-user", "SYSTEM"], True, "SYSTEM"),
    ],
)
async def test_what_the_ansible_of_this_environment_sends(
    tmp_path: Path, arguments: list[str], check_mode: bool, become_user: str | None
) -> None:
    farm = {"http_port": 0, "https_port": None, "hosts": [{"name": "RDSH01"}]}
    recorder = Recorder()
    async with Simulation(FarmSpec.model_validate(farm), recorder) as simulation:
        inventory = simulation.write_inventory(tmp_path / "inventory.yml")
        command = ["ansible", "rdsh", "-i", inventory, "-m", "winops.rds.win_rds_logoff", "-a", "users=Жанна"]
        process = await asyncio.create_subprocess_exec(*command, *arguments, stdout=asyncio.subprocess.PIPE)
        output, _ = await process.communicate()
    assert b"recorded" in output
    ((script, payload),) = recorder.arrived
    assert is_bootstrap(script)
    module = parse_module(payload)
    assert module.name == "winops.rds.win_rds_logoff"
    assert module.script == script_of("win_rds_logoff")
    assert {name.removesuffix(".cs"): text for name, text in module.csharp.items()} == sources("win_rds_logoff")
    assert module.options.keys() == {"request"}
    request = json.loads(module.options["request"])
    assert (request["users"], request["check_mode"]) == (["*\\Жанна"], check_mode)
    assert (module.check_mode, module.become_user) == (check_mode, become_user)
