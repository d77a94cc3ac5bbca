# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Takes apart what ansible-core sends to a Windows host: a PowerShell command line, and a module on its stdin.

Source: ansible/executor/powershell/module_manifest.py and ansible/plugins/shell/powershell.py of ansible-core 2.18
to 2.22.
"""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

#: Between the exec wrapper and what it is to run.
_DELIMITER = b"\0\0\0\0"

#: What ansible/plugins/connection/psrp.py adds to a command.
_HAND_EXIT_CODE_ON = "\nexit $LASTEXITCODE"


class PayloadError(ValueError):
    """What arrived is not what ansible-core sends; the message says in which way."""


@dataclass(frozen=True)
class Module:
    """A module that is to be run."""

    name: str
    """Fully qualified, such as ``ansible.windows.win_ping``."""
    script: str
    arguments: Mapping[str, Any]
    """Its options, and Ansible's own, which begin with ``_ansible_``."""
    csharp: Mapping[str, str]
    """Source of the C# utilities of collections, by name."""
    become_user: str | None = None
    become_password: bool = False
    """Whether there is one, so that the logon has credentials for other hosts, too."""

    @property
    def options(self) -> dict[str, Any]:
        return {name: value for name, value in self.arguments.items() if not name.startswith("_ansible_")}

    @property
    def check_mode(self) -> bool:
        return bool(self.arguments.get("_ansible_check_mode"))


def encoded_script(command_line: str) -> str | None:
    """Return the script of a ``PowerShell … -EncodedCommand`` command line; None if it is no such command line.

    :raises PayloadError: it is one, but the script cannot be decoded.
    """
    words = command_line.split()
    lowered = [word.lower() for word in words]
    if (
        not words
        or lowered[0].removesuffix(".exe") not in ("powershell", "pwsh")
        or "-encodedcommand" not in lowered[:-1]
    ):
        return None
    try:
        return base64.b64decode(words[lowered.index("-encodedcommand") + 1], validate=True).decode("utf-16-le")
    except ValueError as error:
        raise PayloadError(f"-EncodedCommand is not Base64 of UTF-16: {error}") from error


def innermost_script(script: str) -> str:
    """Return what a script comes down to that only starts another PowerShell, as ansible-core 2.18 makes them, or that
    only hands an exit code on, as those of its psrp connection do.
    """
    script = script.strip().removesuffix(_HAND_EXIT_CODE_ON)
    inner = encoded_script(script)
    return script if inner is None else innermost_script(inner)


def is_bootstrap(script: str) -> bool:
    """Whether a script is Ansible's bootstrap wrapper, which reads the module from stdin."""
    return "`0`0`0`0" in innermost_script(script)


def parse_module(stdin: bytes) -> Module:
    """Return the module in the input of the bootstrap wrapper.

    :raises PayloadError: it is not one, or one that asks for more than a module (async, say).
    """
    _, delimiter, manifest_json = stdin.partition(_DELIMITER)
    if not delimiter:
        raise PayloadError("the input of the bootstrap wrapper has no delimiter")
    try:
        if not manifest_json.lstrip().startswith(b"{"):  # ansible-core 2.22 compresses it
            manifest_json = gzip.decompress(base64.b64decode(manifest_json))
        manifest = json.loads(manifest_json)
        return _manifest_2_19(manifest) if "scripts" in manifest else _manifest_2_18(manifest)
    except PayloadError:
        raise
    except (LookupError, AttributeError, EOFError, OSError, RecursionError, TypeError, ValueError, zlib.error) as error:
        raise PayloadError(f"the manifest is not as ansible-core writes it: {error!r}") from error


def _text(encoded: str) -> str:
    return base64.b64decode(encoded).decode("utf-8")


def _manifest_2_18(manifest: Mapping[str, Any]) -> Module:
    unknown = set(manifest["actions"]) - {"module_powershell_wrapper", "become_wrapper"}
    if unknown:
        raise PayloadError(f"cannot run the actions {sorted(unknown)}")
    return Module(
        name=manifest["module_args"]["_ansible_module_name"],
        script=_text(manifest["module_entry"]),
        arguments=manifest["module_args"],
        csharp={
            name.strip(): _text(source)
            for name, source in manifest["csharp_utils"].items()
            if not name.startswith("Ansible.")
        },
        become_user=manifest.get("become_user"),
        become_password=bool(manifest.get("become_password")),
    )


def _manifest_2_19(manifest: Mapping[str, Any]) -> Module:
    scripts = {name: script["script"] for name, script in manifest["scripts"].items()}
    become_user, become_password = None, False
    for action in manifest["actions"]:
        if action["name"] == "become_wrapper.ps1":
            become_user = action["params"]["BecomeUser"]
            become_password = bool(action.get("secure_params", action["params"]).get("BecomePassword"))
        elif action["name"] != "module_wrapper.ps1":
            raise PayloadError(f"cannot run the action {action['name']!r}")
    parameters = manifest["actions"][-1]["params"]
    if "ArgumentJSON" in parameters:  # since 2.22
        arguments = json.loads(parameters["ArgumentJSON"])
    else:
        (arguments,) = (v["Value"] for v in parameters["Variables"] if v["Name"] == "complex_args")
    return Module(
        name=arguments["_ansible_module_name"],
        script=_text(scripts[parameters["Script"]]),
        arguments=arguments,
        csharp={name: _text(scripts[name]) for name in parameters["CSharpModules"] if not name.startswith("Ansible.")},
        become_user=become_user,
        become_password=become_password,
    )
