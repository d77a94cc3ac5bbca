#!/usr/bin/env bash
# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
#
# sanity.sh TREE: runs ansible-test sanity in TREE, a Git repository whose path ends in ansible_collections/winops/rds.
#
# Everything that `ansible-test sanity --list-tests` shows is run, but for
#   pslint                  needs PowerShell 7 and two modules from the PowerShell Gallery: run with PSLINT=1, which
#                           fetches them, and then on the scripts in development/ as well
#   validate-modules (.ps1) needs PowerShell 7 to read the options: run where pwsh is on PATH, from ansible-core 2.19 on.
#                           Those before take only Ansible's own C# for a requirement, and not that of a collection
#                           (missing-module-utils-import-csharp-requirements). All other modules always
set -euo pipefail

# ansible-test keeps a virtual environment for each test under HOME, and fetches get-pip.py from a server of Ansible's
# to make it. In a home of its own get-pip.py is there already, and is Python's ensurepip: nothing but PyPI is needed
# and the user's home is left alone. ansible-core up to 2.17 asks for version 23.1.2 of it, up to 2.19 for 24.2,
# later ones for 25.2.
home=$PWD/.venv/ansible-test
mkdir -p "$home/.ansible/test/cache"
for directory in .cache .config; do # pip's
    ln -sfn "$HOME/$directory" "$home/$directory"
done
for version in 23_1_2 24_2 25_2; do
    echo 'import ensurepip; ensurepip.bootstrap()' >"$home/.ansible/test/cache/get_pip_$version.py"
done

python=$(python -c 'import sys; print("{}.{}".format(*sys.version_info))') # not every other Python that is around
sanity() {
    HOME=$home ansible-test sanity --color no --python "$python" "$@"
}

development=$PWD/development
cd "$1"
sanity --skip-test pslint --skip-test validate-modules
core=$(python -c 'from ansible.release import __version__; print(__version__)')
if command -v pwsh >/dev/null && [[ ! $core =~ ^2\.1[678]\. ]]; then
    sanity --test validate-modules
else
    mapfile -t plugins < <(git ls-files --others --exclude-standard plugins | grep -v '\.ps1$')
    sanity --test validate-modules "${plugins[@]}"
fi
if [[ -n ${PSLINT:-} ]]; then
    sanity --test pslint --requirements
    HOME=$home pwsh -NoProfile -NonInteractive -Command \
        "Invoke-ScriptAnalyzer -Path '$development' -Recurse -EnableExit"
fi
