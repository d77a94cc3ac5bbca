#!/usr/bin/env bash
# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
#
# payloads.sh record|judge ENVIRONMENT FOLDER: payloads.py with the ansible-core of an environment of tox (py313-core21).
set -euo pipefail
folder=$(realpath --canonicalize-missing "$3")
cd "$(dirname "$0")/../.."
make setup </dev/null
.venv/bin/tox exec -e "$2" -- python -m development.hosted.payloads "$1" "$folder"
