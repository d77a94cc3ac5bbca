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
from .other_names import written_here

Spec = Mapping[str, Mapping[str, Any]]

_IDS = re.compile(r"\d+([\s,;]+\d+)*", re.ASCII)
#: As ``logoff``, ``tsdiscon`` and ``msg`` take it.
_SERVER = re.compile(r"/(?:server|v):(\S+)", re.IGNORECASE)
#: At the end of a value, where another one follows.
_SEPARATORS = ",;\\"
#: As ``msg`` takes how long a message is shown, and that an answer is waited for.
_MSG_SWITCH = re.compile(r"/(?:time:(\d+)|w)", re.IGNORECASE)
#: For whom ``msg`` takes a message.
_MSG_TARGET = re.compile(r"(\*|\d+|console|\S+#\d+)\s+(\S.*)", re.IGNORECASE)
#: An option of the commands of Ansible.
_OF_ANSIBLE = re.compile(r"-(v+|[CDKbk]|[efil] .*)|--(become|check|diff|extra|forks|inventory|limit|verbose).*")
#: What somebody types who knows the commands of Windows.
_COMMAND = re.compile(r"^(logoff|tsdiscon|msg|quser|qwinsta|query (user|session)|reset session|change logon)\b", re.I)
#: As YAML, PowerShell and other commands write an option.
_NOTATION = re.compile(r"(?P<dashes>--?)?(?P<name>[A-Za-z][\w-]*)(?:\s*(?P<sign>[:=]|>=?)\s*|\s+)(?P<value>[^\s].*)")
_OWN_SESSIONS = ("current", "me", "self", "myself")
_EVERYBODY = ("all", "everyone", "everybody", "*")


def free_form_text(text: str, given: Mapping[str, Any], spec: Spec) -> str:
    """Return what to write instead of words that belong to no option.

    :param given: what does belong to one, of the same task.
    """
    if not spec:
        return f"{text!r} belongs to no option: this module has none"
    if _OF_ANSIBLE.fullmatch(text):
        return (
            f"{text!r} belongs to the command and to no option: write it outside the quotes of -a "
            "(in ansible-console, --check is: check true)"
        )
    begun = {name: value for name, value in given.items() if name in _names(spec) and isinstance(value, str)}
    meant = _rest(text, begun, _names(spec)) or _listed(text, begun) or " ".join(_options(text, spec))
    return (
        f"{text!r} belongs to no option. Say which: {meant or f'{next(iter(spec))}=…'}. A value with blanks needs "
        "quotes, as in idle_for='1d 4h'"
    )


def _names(spec: Spec) -> Spec:
    """The options by each of their names."""
    return {name: option for first, option in spec.items() for name in (first, *option.get("aliases", ()))}


def _rest(text: str, begun: Mapping[str, str], spec: Spec) -> str:
    """The option that the words are the rest of, with all of it in quotes: ``idle_for=2 hours``, ``message=Please go``;
    "" where they are of none."""
    for name, value in begun.items():
        if isinstance(spec[name]["type"], Duration) and _is_duration_or_unit(text):
            return f"{name}='{value} {text}'"
        if _choice(spec[name], f"{value} {text}"):
            return f"{name}={_choice(spec[name], f'{value} {text}')}"
    if "show_for" in spec and (switch := _MSG_SWITCH.fullmatch(text)):
        return f"show_for={switch[1]}s" if switch[1] else "answer_timeout=1m"
    texts = [name for name in ("message", "msg", "title", "message_title", "reason") if name in begun]
    return "" if _SERVER.search(text) else " or ".join(f"{name}='{begun[name]} {text}'" for name in texts)


def _choice(option: Mapping[str, Any], word: str) -> str:
    """The choice that a word means; "" if it means none."""
    choice = choice_meant(option, word)
    return choice if choice in option.get("choices", ()) else ""


def _listed(text: str, begun: Mapping[str, str]) -> str:
    """The list that a name or an ID is a further value of: ``users=alice bob``; "" where it is of none."""
    if not re.fullmatch(r"\w[\w\s,;.*?\\@-]*", text):
        return ""
    kind = "sessions" if _IDS.fullmatch(text) else "users"
    more = ",".join(re.split(r"[\s,;]+", text))
    return " or ".join(
        f"{name}={begun[name].rstrip(_SEPARATORS)},{more}" for name in (kind, f"exclude_{kind}") if begun.get(name)
    )


def _is_duration_or_unit(text: str) -> bool:
    return text.lower().rstrip(".") in UNIT_OF or is_duration(text)


def _options(text: str, spec: Spec) -> list[str]:
    """What would be written for the words alone."""
    text = _COMMAND.sub("", text)
    found = []
    server = _SERVER.search(text)
    if server and "server" in spec:
        found.append(f"server={server[1]}")
        text = _SERVER.sub("", text)
    bare = text.strip().strip("\"'")
    if bare and (option := _named(bare, spec) or _option(bare, spec)):
        found.insert(0, option)
    return found


def _named(text: str, spec: Spec) -> str:
    """What is written like an option of another notation: ``users: alice``, ``--users alice``, ``idle>2h``; "" for
    anything else."""
    match = _NOTATION.fullmatch(text)
    if match is None:
        return ""
    name, value = match["name"].replace("-", "_").lower(), match["value"]
    if name in _names(spec):
        return f"{name}='{value}'" if " " in value else f"{name}={value}"
    # Without a sign, it may be somebody's name.
    if not match["dashes"] and not match["sign"]:
        return ""
    return written_here(name, spec).removeprefix("write ") or _option(value, spec)


def _option(text: str, spec: Spec) -> str:
    word = text.lstrip("/-").lower()
    if spec.get(word, {}).get("type") == "bool":
        return f"{word}=true"
    for name, option in spec.items():
        if choice := _choice(option, word):
            return f"{name}={choice}"
    if text.startswith("--"):
        return written_here(word, spec).removeprefix("write ")
    return _value(text, word, spec)


def _value(text: str, word: str, spec: Spec) -> str:
    """The option that words alone are the value of."""
    if spec.get("message", {}).get("required") and not _IDS.fullmatch(text):
        to = _MSG_TARGET.fullmatch(text)
        return f"{_selecting(to[1], to[1])} message='{to[2]}'" if to else f"message='{text}'"
    return _selecting(text, word) if "users" in spec else ""


def _selecting(text: str, word: str) -> str:
    """The same, of whom it selects."""
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
    if re.search(r"\w#", text):
        return f"sessions={text}"
    names = ",".join(re.split(r"[\s,;]+", text))
    # At a prompt Ansible makes one backslash of two.
    return "'users=" + re.sub(r"\\+", r"\\\\", names) + "'" if "\\" in names else f"users={names}"
