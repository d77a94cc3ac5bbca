# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Words that belong to no option, and what was probably meant by them: ``-a alice``, ``-a 12``, ``-a /drain``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .._words.durations import UNIT_OF
from .._words.wts import state_meant
from .choices import choice_meant
from .durations import Duration, is_duration

Spec = Mapping[str, Mapping[str, Any]]

_IDS = re.compile(r"\d+([\s,;]+\d+)*", re.ASCII)
#: As ``logoff``, ``tsdiscon`` and ``msg`` take it.
_SERVER = re.compile(r"/(?:server|v):(\S+)", re.IGNORECASE)
_OWN_SESSIONS = ("current", "me", "self", "myself")
_EVERYBODY = ("all", "everyone", "everybody", "*")


def free_form_text(text: str, given: Mapping[str, Any], spec: Spec) -> str:
    """Return what to write instead of words that belong to no option.

    :param given: what does belong to one, of the same task.
    """
    if not spec:
        return f"{text!r} belongs to no option: this module has none"
    begun = {name: value for name, value in given.items() if name in spec and isinstance(value, str)}
    meant = _quoted(text, begun, spec) or _listed(text, begun) or " ".join(_options(text, spec))
    return (
        f"{text!r} belongs to no option. Say which: {meant or f'{next(iter(spec))}=…'}. A value with blanks needs "
        "quotes, as in idle_for='1d 4h'"
    )


def _quoted(text: str, begun: Mapping[str, str], spec: Spec) -> str:
    """The option that the words are the rest of, with all of it in quotes: ``idle_for=2 hours``, ``message=Please go``;
    "" where they are of none."""
    for name, value in begun.items():
        if isinstance(spec[name]["type"], Duration) and _is_duration_or_unit(text):
            return f"{name}='{value} {text}'"
    for name, value in begun.items():
        if name in ("message", "title", "message_title") and not _SERVER.search(text):
            return f"{name}='{value} {text}'"
    return ""


def _listed(text: str, begun: Mapping[str, str]) -> str:
    """The list that a name or an ID is a further value of: ``users=alice bob``; "" where it is of none."""
    if not re.fullmatch(r"[\w\s,;.*?\\@-]+", text):
        return ""
    kind = "sessions" if _IDS.fullmatch(text) else "users"
    more = ",".join(re.split(r"[\s,;]+", text))
    return " or ".join(
        f"{name}={begun[name].rstrip(',;')},{more}" for name in (kind, f"exclude_{kind}") if begun.get(name)
    )


def _is_duration_or_unit(text: str) -> bool:
    return text.lower().rstrip(".") in UNIT_OF or is_duration(text)


def _options(text: str, spec: Spec) -> list[str]:
    """What would be written for the words alone."""
    found = []
    server = _SERVER.search(text)
    if server and "server" in spec:
        found.append(f"server={server[1]}")
        text = _SERVER.sub("", text)
    bare = text.strip().strip("\"'")
    if bare and (option := _option(bare, spec)):
        found.insert(0, option)
    return found


def _option(text: str, spec: Spec) -> str:
    word = text.lstrip("/-").lower()
    if spec.get(word, {}).get("type") == "bool":
        return f"{word}=true"
    for name, option in spec.items():
        if (choice := choice_meant(option, word)) in option.get("choices", ()):
            return f"{name}={choice}"
    if "users" not in spec:
        return ""
    if word in _EVERYBODY:
        return "all=true"
    if word in _OWN_SESSIONS:
        return "sessions=current"
    if _IDS.fullmatch(text):
        return f"sessions={','.join(re.findall('[0-9]+', text))}"
    if state := state_meant(text):
        return f"states={state}"
    if _is_duration_or_unit(text):
        return f"idle_for='{text}'"
    # A session's name has no domain, and hardly any account has a number sign.
    if "#" in text:
        return f"sessions={text}"
    names = ",".join(re.split(r"[\s,;]+", text))
    # At a prompt Ansible makes one backslash of two.
    return "'users=" + re.sub(r"\\+", r"\\\\", names) + "'" if "\\" in names else f"users={names}"
