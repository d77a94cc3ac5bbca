#!/usr/bin/env bash
# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
#
# newest-python.sh PYTHON: prints the newest Python at hand if it is newer than PYTHON; else says so on stderr alone.
# At hand is what is on PATH or among pyenv's versions; newer ones than `make matrix` has are left out.
set -euo pipefail

version() { "$1" -c 'import sys; print("{}.{}".format(*sys.version_info))'; }

have=$(version "$1")
for minor in 13 12; do
    [[ $minor -gt ${have#3.} ]] || break
    for python in "python3.$minor" "${PYENV_ROOT:-$HOME/.pyenv}/versions/3.$minor".*/bin/python; do
        # pyenv's shims are there for versions that are not, and a Python without ensurepip makes no virtual environment.
        if "$python" -c 'import ensurepip' 2>/dev/null; then
            command -v "$python"
            exit
        fi
    done
done
echo "newest: not run, since no Python that is newer than $have is at hand." >&2
