# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The C# of the collection, as each doorway brings it to a host."""

from __future__ import annotations

import re
from pathlib import Path

from simulator.engines.doorway import Doorway, read_doorway
from tests.support.paths import MODULE_UTILS, MODULES

NAMESPACE = "ansible_collections.winops.rds.plugins.module_utils"

#: All that there is.
FILES = sorted(MODULE_UTILS.glob("*.cs"))

#: By the name of the module, without that of the collection.
DOORWAYS = {path.stem: path for path in sorted(MODULES.glob("*.ps1"))}

#: Those of sessions, by the class of what they are asked.
SESSION_ENGINES = {
    "SessionInfoRequest": "win_rds_session_info_engine",
    "LogoffRequest": "win_rds_logoff_engine",
    "LogoffTerminateRequest": "win_rds_logoff_terminate_engine",
    "DisconnectRequest": "win_rds_disconnect_engine",
    "MessageRequest": "win_rds_message_engine",
}
LOGON_MODE_ENGINE = "win_rds_logon_mode_engine"

_REQUIRED = re.compile(r"^#AnsibleRequires -CSharpUtil (\S+)$", re.MULTILINE)
_USED = re.compile(r"^using (ansible_collections\.\S+);$", re.MULTILINE)


def script(engine: str) -> str:
    return DOORWAYS[engine].read_text(encoding="utf-8")


def doorway(engine: str) -> Doorway:
    return read_doorway(script(engine))


def source(util: str) -> str:
    """The text of a file, by the name that Ansible gives it."""
    return _file(util).read_text(encoding="utf-8")


def used_by(file: Path) -> set[str]:
    """The names of the files that a file needs itself."""
    return {_file(util).stem for util in _USED.findall(file.read_text(encoding="utf-8"))}


def sources(engine: str) -> dict[str, str]:
    """The C# that comes along with a doorway: what it requires, what that uses, and so on."""
    found: dict[str, str] = {}
    wanted = _REQUIRED.findall(script(engine))
    while wanted:
        util = wanted.pop()
        if util not in found:
            found[util] = source(util)
            wanted += _USED.findall(found[util])
    return found


def _file(util: str) -> Path:
    namespace, _, name = util.rpartition(".")
    assert namespace == NAMESPACE, util
    return MODULE_UTILS / f"{name}.cs"
