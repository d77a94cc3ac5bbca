#!/usr/bin/env bash
# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
#
# release.sh VERSION: all of a release but what others can see. The artifact is built from what will be committed, and
# checked; only then are the commit and its tag made. Where something fails, the changes are left to look at:
# `git reset --hard` takes them back.
set -euo pipefail

version=${1-}
if [[ ! $version =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]]; then
    echo "Say which version, as MAJOR.MINOR.PATCH (https://semver.org): make release VERSION=1.2.3" >&2
    exit 1
fi
if [[ -n $(git status --porcelain) ]]; then
    echo "Not everything here is committed (git status). Release from a fresh clone." >&2
    exit 1
fi
if git rev-parse --quiet --verify "refs/tags/$version" >/dev/null; then
    echo "There is a tag $version." >&2
    exit 1
fi

build=$PWD/build/release
rm -rf "$build"
mkdir -p "$build"

echo "== Version $version, and its changelog from the fragments"
sed -i "s/^version: .*/version: $version/" galaxy.yml
antsibull-changelog release --reload-plugins
antsibull-changelog lint
git add --all

echo "== The artifact"
git archive --prefix=source/ "$(git write-tree)" | tar -x -C "$build"
ansible-galaxy collection build --output-path "$build" "$build/source"
artifact=$(echo "$build"/*.tar.gz)
ARTIFACT=$artifact pytest --quiet tests/unit/test_artifact.py

simulator=$(command -v python) # of .venv, as long as that is first on PATH
echo "== Into an empty environment: Ansible, its connections, and the artifact"
"$PYTHON" -m venv "$build/environment"
"$build/environment/bin/python" -m pip install --quiet --upgrade 'pip>=25.1'
"$build/environment/bin/python" -m pip install --quiet --group controller
export PATH=$build/environment/bin:$PATH ANSIBLE_COLLECTIONS_PATH=$build/environment/collections
ansible-galaxy collection install --offline --collections-path "$ANSIBLE_COLLECTIONS_PATH" "$artifact"

echo "== The demo, with what is installed there; the hosts are this clone's"
"$simulator" -m simulator.demo

git commit --quiet --message "Release $version"
git tag --annotate --message "$version" "$version"
cat <<END

$version is committed and tagged here, and nobody has seen it. To publish it (docs/docsite/rst/releasing.rst):

  git push origin HEAD "$version"
  ansible-galaxy collection publish ${artifact#"$PWD"/}
END
