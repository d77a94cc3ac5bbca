# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""``ansible_windows.py FOLDER``: puts the collection ansible.windows into FOLDER.

Ansible Galaxy is not asked: PyPI's package ``ansible`` (50 MB) carries the collection (2 MB), so that one registry is
all that a machine has to reach. The version range is the group ``ansible-windows`` of pyproject.toml.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

COLLECTION = "ansible_collections/ansible/windows/"


def main(folder: str) -> None:
    with tempfile.TemporaryDirectory() as downloads:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
        subprocess.run([*pip, "--group", "ansible-windows", "--dest", downloads], check=True)
        (wheel,) = Path(downloads).glob("ansible-*.whl")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder, [name for name in archive.namelist() if name.startswith(COLLECTION)])


if __name__ == "__main__":
    main(sys.argv[1])
