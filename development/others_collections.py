# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""``others_collections.py FOLDER``: puts what is used of other collections into FOLDER.

ansible.windows has win_ping, which our own modules are measured against; the guides use the others. Ansible Galaxy is
not asked: PyPI's package ``ansible`` (50 MB) carries them (3 MB), so that one registry is all that a machine has to
reach. The version range is the group ``others-collections`` of pyproject.toml.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

PARTS = tuple(
    f"ansible_collections/{part}"
    for part in (
        "ansible/windows/",
        "microsoft/ad/",
        "community/general/plugins/modules/mail.py",
    )
)


def main(folder: str) -> None:
    with tempfile.TemporaryDirectory() as downloads:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
        subprocess.run([*pip, "--group", "others-collections", "--dest", downloads], check=True)
        (wheel,) = Path(downloads).glob("ansible-*.whl")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder, [name for name in archive.namelist() if name.startswith(PARTS)])


if __name__ == "__main__":
    main(sys.argv[1])
