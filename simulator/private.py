# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Files and folders that nobody but their owner may read or enter."""

from __future__ import annotations

import os
import stat
from pathlib import Path


def make_private_folder(folder: Path) -> None:
    """Make a folder, if there is none, that only this user may enter.

    :raises OSError: it cannot be made.
    :raises PermissionError: there is one that others own or may enter.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    require_private_folder(folder)


def require_private_folder(folder: Path) -> None:
    """Check that only this user may enter a folder: in one for temporary files, anybody may have made it.

    :raises OSError: there is none.
    :raises PermissionError: others own it or may enter it.
    """
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & 0o077:
        raise PermissionError(f"{folder} is not a folder of yours that only you may enter (mode 0700)")


def write_private(path: Path, text: str) -> None:
    """Write a file that only this user may read, also where there was one that others could."""
    with open(path, "w", encoding="utf-8", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(text)
