# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The C# of the collection, as each entry script brings it to a host."""

from __future__ import annotations

import re
from pathlib import Path

from simulator.engines.entry_script import EntryScript, read_entry_script
from tests.support.paths import MODULE_UTILS, MODULES

NAMESPACE = "ansible_collections.winops.rds.plugins.module_utils"

#: All that there is.
FILES = sorted(MODULE_UTILS.glob("*.cs"))

#: By the name of the module, without that of the collection.
ENTRY_SCRIPTS = {path.stem: path for path in sorted(MODULES.glob("*.ps1"))}

#: Those of sessions, by the class of what they are asked.
SESSION_ENGINES = {
    "SessionInfoRequest": "win_rds_session_info",
    "SessionProcessesRequest": "win_rds_session_processes_engine",
    "LogoffRequest": "win_rds_logoff",
    "LogoffTerminateRequest": "win_rds_logoff_terminate_engine",
    "DisconnectRequest": "win_rds_disconnect",
    "MessageRequest": "win_rds_message",
}
LOGON_MODE_ENGINE = "win_rds_logon_mode"
MAINTENANCE = "win_rds_maintenance"

_REQUIRED = re.compile(r"^#AnsibleRequires -CSharpUtil \.\.module_utils\.(\w+)$", re.MULTILINE)
_USED = re.compile(r"^using (_\w+);$", re.MULTILINE)


def script(engine: str) -> str:
    return ENTRY_SCRIPTS[engine].read_text(encoding="utf-8")


def entry_script(engine: str) -> EntryScript:
    return read_entry_script(script(engine))


def used_by(file: Path) -> set[str]:
    """The names of the files that a file needs itself."""
    return set(_USED.findall(file.read_text(encoding="utf-8")))


def required_by(engine: str) -> list[str]:
    """The names of the files that an entry script brings along."""
    return _REQUIRED.findall(script(engine))


def sources(engine: str) -> dict[str, str]:
    """The C# that comes along with an entry script, by the names that Ansible gives it."""
    return {
        f"{NAMESPACE}.{name}": (MODULE_UTILS / f"{name}.cs").read_text(encoding="utf-8") for name in required_by(engine)
    }
