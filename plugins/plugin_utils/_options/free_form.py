# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Words that belong to no option, and what was probably meant by them: ``-a alice``, ``-a 12``, ``-a /drain``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .._words.durations import UNIT_OF, parse_duration
from .durations import Duration

_IDS = re.compile(r"\d+([\s,;]+\d+)*", re.ASCII)
#: As ``logoff``, ``tsdiscon`` and ``msg`` take it.
_SERVER = re.compile(r"/(?:server|v):(\S+)", re.IGNORECASE)
_OWN_SESSIONS = ("current", "me", "self", "myself")
_EVERYBODY = ("all", "everyone", "everybody", "*")


def free_form_text(text: str, given: Mapping[str, Any], spec: Mapping[str, Mapping[str, Any]]) -> str:
    """Return what to write instead of words that belong to no option.

    :param given: what does belong to one, of the same task.
    """
    if not spec:
        return f"{text!r} belongs to no option: this module has none"
    meant = _quoted(text, given, spec) or " ".join(_options(text, spec)) or f"{next(iter(spec))}=…"
    return f"{text!r} belongs to no option. Say which: {meant}. A value with blanks needs quotes, as in idle_for='1d 4h'"


def _quoted(text: str, given: Mapping[str, Any], spec: Mapping[str, Mapping[str, Any]]) -> str:
    """The option that the words are the rest of, with all of it in quotes: ``idle_for=2 hours``, ``message=Please go``;
    "" where they are of none."""
    begun = {name: value for name, value in given.items() if name in spec and isinstance(value, str)}
    for name, value in begun.items():
        if isinstance(spec[name]["type"], Duration) and _is_duration_or_unit(text):
            return f"{name}='{value} {text}'"
    for name, value in begun.items():
        if name in ("message", "title", "message_title") and not _SERVER.search(text):
            return f"{name}='{value} {text}'"
    return ""


def _is_duration_or_unit(text: str) -> bool:
    if text.lower().rstrip(".") in UNIT_OF:
        return True
    try:
        parse_duration(text, unit_needed=True)
    except ValueError:
        return False
    return True


def _options(text: str, spec: Mapping[str, Mapping[str, Any]]) -> list[str]:
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


def _option(text: str, spec: Mapping[str, Mapping[str, Any]]) -> str:
    word = text.lstrip("/-").lower()
    if spec.get(word, {}).get("type") == "bool":
        return f"{word}=true"
    for name, option in spec.items():
        choice = option["meant"](word) if "meant" in option else word
        if choice in option.get("choices", ()):
            return f"{name}={choice}"
    if "users" not in spec:
        return ""
    if word in _EVERYBODY:
        return "all=true"
    if word in _OWN_SESSIONS:
        return "sessions=current"
    if _IDS.fullmatch(text):
        return f"sessions={','.join(re.findall('[0-9]+', text))}"
    if _is_duration_or_unit(text):
        return f"idle_for='{text}'"
    # A session's name has no domain, and hardly any account has a number sign.
    if "#" in text:
        return f"sessions={text}"
    names = ",".join(re.split(r"[\s,;]+", text)) if "\\" not in text else text.replace("\\", "\\\\")
    return f"users={names}"
