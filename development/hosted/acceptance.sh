#!/usr/bin/env bash
# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
#
# acceptance.sh INVENTORY RECORDS: asks the hosts of an inventory the facts, tests them (`make facts`, `make acceptance`),
# and puts the records that these write into the folder RECORDS. On the Linux of WSL.
set -euo pipefail
inventory=$(realpath "$1")
records=$(realpath --canonicalize-missing "$2")
repository=$(realpath "$(dirname "$0")/../..")

# Where the repository lies, on Windows' file system, every file is everybody's, and no link is one.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tar -C "$repository" --exclude ./build --exclude ./.venv -c . | tar -C "$work" -x --no-same-owner
install -m 600 "$inventory" "$work/inventory.json"
cd "$work"

# Whoever else is on the runner: it is thrown away afterwards, and nobody but test accounts is touched.
failed=0
make facts HOSTS="$work/inventory.json" ACT=1 </dev/null || failed=1
make acceptance HOSTS="$work/inventory.json" OTHERS=1 </dev/null || failed=1
mkdir -p "$records"
cp -r acceptance/records/. "$records"
exit "$failed"
