# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""``make lock``: prints what pip would install from PyPI now for the dependency group `docs`, with this Python: each
package with its version and the hash of its file. That group has all that continuous integration installs."""

from __future__ import annotations

import json
import subprocess
import sys

INSTALL = (sys.executable, "-m", "pip", "install", "--group", "docs")
FROM_PYPI = ("--isolated", "--index-url", "https://pypi.org/simple")
REPORT = ("--dry-run", "--ignore-installed", "--quiet", "--report", "-")

report = subprocess.run([*INSTALL, *FROM_PYPI, *REPORT], check=True, stdout=subprocess.PIPE).stdout
packages = {
    package["metadata"]["name"].lower(): (
        package["metadata"]["version"],
        package["download_info"]["archive_info"]["hashes"]["sha256"],
    )
    for package in json.loads(report)["install"]
}
for name, (version, digest) in sorted(packages.items()):
    print(f"{name}=={version} --hash=sha256:{digest}")
