# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Variables of the role and the playbooks, which are options, too: a misspelt one would be taken for "not given"."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from .errors import nearest

#: How like a known name one of the inventory has to be, to be taken for a slip. With ``-e``, where there are only names
#: that somebody has typed for this run, less is enough.
_LIKENESS = 0.7

#: What other playbooks call ``target``.
_TARGETS = ("group", "host", "hosts", "hostname", "inventory_hostname", "limit", "server", "servers")


def misspelt(names: Iterable[str], typed: Collection[str], known: Collection[str], prefix: str = "") -> dict[str, str]:
    """Return the names that are probably meant for one of the known, with that one, or "" if it cannot be told.

    :param names: the variables that there are.
    :param typed: those of them that come from ``-e``.
    :param known: the variables that are taken.
    :param prefix: with which all variables of a role begin: each that does is meant for the role.
    """
    found = {}
    for name in names:
        # A role's own, and Ansible's.
        if name in known or name.startswith(("_", "ansible_")):
            continue
        meant = _meant(name, name in typed, known, prefix)
        if meant is not None or (prefix and name.startswith(prefix)):
            found[name] = meant or ""
    return found


def _meant(name: str, is_typed: bool, known: Collection[str], prefix: str) -> str | None:
    bare = {other.removeprefix(prefix): other for other in known}
    if prefix and name.startswith(prefix):
        return bare.get(nearest(name.removeprefix(prefix), bare) or "")
    if not is_typed:
        # app_maintenance_mode has another owner.
        others = any(name.endswith(f"_{other}") for other in known)
        return None if others else nearest(name, known, _LIKENESS)
    if "target" in known and name in _TARGETS:
        return "target"
    # With the role's prefix for a playbook, or without it for the role.
    for spelling in (name, name.removeprefix("maintenance_")):
        guess = nearest(spelling, [*bare, *known])
        if guess is not None:
            return bare.get(guess, guess)
    return None
