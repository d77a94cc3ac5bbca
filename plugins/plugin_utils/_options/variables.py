# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Variables of the role and the playbooks, which are options, too: a misspelt one would be taken for "not given"."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

from .errors import nearest

#: How like a known name one has to be, to be taken for a slip: names of the inventory, which have many owners, and
#: names that somebody has typed for this run.
_LIKENESS, _LIKENESS_TYPED = 0.7, 0.75

#: Words of which other playbooks make the name of ``target``, such as ``target_host`` and ``inventory_hostname``; and
#: those of them that say by themselves which hosts are meant.
_TARGET_WORDS = frozenset({"farm", "inventory", "name", "names", "only", "pattern", "server", "servers"})
_TARGETS = frozenset({"group", "groups", "host", "hostname", "hostnames", "hosts", "limit", "target", "targets"})

#: The options of the modules, with their aliases: a test compares. Typed with ``-e`` for a playbook that does not take
#: it, one is meant for a task of it, which would act without it.
OPTIONS = (
    *("account", "accounts", "all", "answer_timeout", "buttons", "client", "client_address", "client_name"),
    *("clients", "disconnected_for", "exclude_account", "exclude_id", "exclude_ids", "exclude_session"),
    *("exclude_session_id", "exclude_sessions", "exclude_user", "exclude_username", "exclude_users", "grace", "icon"),
    *("id", "idle_for", "idle_limit", "ids", "keep_closed", "locked", "logged_on_for", "mask", "max_parallel"),
    *("message", "message_title", "missing", "mode", "msg", "newcomers", "on_timeout", "protect_console", "protocol"),
    *("protocols", "reason", "registered", "reminders", "report", "server", "server_timeout", "servers", "session"),
    *("session_id", "session_ids", "session_name", "session_names", "sessions", "show_for", "sort", "state"),
    *("states", "timeout", "title", "unknown_exclusions", "user", "username", "usernames", "users", "wait"),
    *("at_deadline", "disconnected_grace", "processes"),
)
#: What other programs call such options.
_OF_OTHERS = ("allowlist", "dry_run", "exclude", "exclude_accounts", "older_than", "skip_users", "whitelist")

#: After these Ansible skips what stands under ``always``, where the host is opened.
_ENDS = re.compile(r"^[^#\n]*\bmeta[\"']?(?:\s*:|\s)\s*[\"']?(end_\w+)", re.MULTILINE)


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
    if "target" in known and _is_for_target(name):
        return "target"
    # With the role's prefix for a playbook, or without it for the role.
    for spelling in (name, name.removeprefix("maintenance_")):
        guess = nearest(spelling, [*bare, *known], _LIKENESS_TYPED)
        if guess is not None:
            return bare.get(guess, guess)
    if name in _OF_OTHERS or nearest(name, OPTIONS, _LIKENESS_TYPED):
        return bare.get(nearest(name, bare) or "", "")
    return None


def _is_for_target(name: str) -> bool:
    words = {*name.lower().split("_")}
    return bool(words & _TARGETS) and words <= _TARGETS | _TARGET_WORDS


def file_refusal(variable: str, path: Any) -> str | None:
    """Return why a file of the caller's tasks cannot be taken, or None.

    :param path: what the variable holds; ``none``: there is no file.
    """
    if path == "none":
        return None
    if not isinstance(path, str) or not Path(path).is_absolute() or not Path(path).is_file():
        return f"{variable}: there is no file {path}. Give its whole path, or none."
    ends = _ENDS.search(Path(path).read_text(encoding="utf-8", errors="replace"))
    if ends is None:
        return None
    return (
        f"{variable}: {path} has 'meta: {ends[1]}', after which Ansible skips what opens the host again. Leave the "
        "rest of the tasks out with 'when' instead."
    )
