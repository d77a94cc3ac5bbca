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
from .errors import OptionError
from .names import CONJUNCTION, PROTOCOL_NAME, check_account
from .other_names import written_here

Spec = Mapping[str, Mapping[str, Any]]

_IDS = re.compile(r"\d+([\s,;]+\d+)*", re.ASCII)
#: As ``logoff``, ``tsdiscon`` and ``msg`` take it.
_SERVER = re.compile(r"/(?:server|v):(\S+)", re.IGNORECASE)
#: At the end of a value, where another one follows.
_SEPARATORS = ",;\\"
#: As ``msg`` takes how long a message is shown, and that an answer is waited for.
_MSG_SWITCH = re.compile(r"(?<!\S)/(?:time:(\d+)|w)(?!\S)", re.IGNORECASE)
#: For whom ``msg`` takes a message.
_MSG_TARGET = re.compile(r"(\*|\d+|console|\S+#\d+)\s+(\S.*)", re.IGNORECASE)
#: An option of the commands of Ansible.
_OF_ANSIBLE = re.compile(r"-(v+|[CDKbk]|[efil] .*)|--(become|check|diff|extra|forks|inventory|limit|verbose).*")
#: What somebody types who knows the commands of Windows.
_COMMAND = re.compile(
    r"^(logoff|rwinsta|tsdiscon|msg|quser|qwinsta|query (user|session)|reset session|change logon|chglogon|"
    r"(disconnect|get|invoke|send|set)-rd\w+)(?![\w-])",
    re.IGNORECASE,
)
#: Switches of these commands that say nothing which a module would have to be told.
_SWITCH = re.compile(r"(?:^|\s)(?:/(?:v|vm|counter)|[-/](?:f|force|confirm))(?=\s|$)", re.IGNORECASE)
#: Options of PowerShell, several of which stand beside each other.
_PARAMETERS = re.compile(r"(?:-[A-Za-z]\w+\s+[^\s-]\S*\s*){2,}")
#: Who is to be spared: ``everyone except admin``.
_EXCEPT = re.compile(
    r"(?:(?P<whom>.*?)[\s,]+)?(?:except(?: for)?|but(?: not)?|not|without|ohne|au(?:ss|ß)er|sauf|excepto|salvo)\s+"
    r"(?P<spared>.+)",
    re.IGNORECASE,
)
#: What is called by what it is: ``all users``, ``disconnected sessions``.
_NOUN = re.compile(r"\s+(?:users|sessions|people)$", re.IGNORECASE)
#: What asks how this is used.
_HELP = ("", "?", "h", "help", "usage")
#: As YAML, PowerShell and other commands write an option.
_NOTATION = re.compile(r"(?P<dashes>--?|/)?(?P<name>[A-Za-z][\w-]*)(?:\s*(?P<sign>[:=]|>=?)\s*|\s+)(?P<value>[^\s].*)")
_OWN_SESSIONS = ("current", "me", "self", "myself")
_EVERYBODY = ("all", "everyone", "everybody", "*")


def free_form_text(text: str, given: Mapping[str, Any], spec: Spec) -> str:
    """Return what to write instead of words that belong to no option.

    :param given: what does belong to one, of the same task.
    """
    if not spec:
        return f"{text!r} belongs to no option: this module has none"
    if text.lower().lstrip("/-") in _HELP:
        names = ", ".join(sorted(spec))
        return f"{text!r} belongs to no option; the options are {names}, and ansible-doc tells about them"
    if _OF_ANSIBLE.fullmatch(text):
        return (
            f"{text!r} belongs to the command and to no option: write it outside the quotes of -a "
            "(in ansible-console, --check is: check true)"
        )
    if not _SWITCH.sub("", text).strip():
        return f"{text!r} belongs to no option: leave it out"
    begun = {name: value for name, value in given.items() if name in _names(spec) and isinstance(value, str)}
    meant = _rest(text, begun, _names(spec)) or _listed(text, begun, spec) or " ".join(_options(text, spec))
    return (
        f"{text!r} belongs to no option. Say which: {meant or _first(spec)}. A value with blanks needs "
        "quotes, as in idle_for='1d 4h'"
    )


def _first(spec: Spec) -> str:
    """What a task of the module begins with."""
    name, option = next(iter(spec.items()))
    return " or ".join(f"{name}={choice}" for choice in option.get("choices", "…"))


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
    if "show_for" in spec and _MSG_SWITCH.fullmatch(text):
        return _shown_for(text).strip()
    texts = [name for name in ("message", "msg", "title", "message_title", "reason") if name in begun]
    return "" if _SERVER.search(text) else " or ".join(f"{name}='{begun[name]} {text}'" for name in texts)


def _shown_for(text: str) -> str:
    """What the switches of ``msg`` say: for how long the message is shown, or an answer is waited for."""
    switches = [*_MSG_SWITCH.finditer(text)]
    seconds = next((f"{switch[1]}s" for switch in switches if switch[1]), "")
    if any(switch[1] is None for switch in switches):
        return f" answer_timeout={seconds or '1m'}"
    return f" show_for={seconds}" if seconds else ""


def _choice(option: Mapping[str, Any], word: str) -> str:
    """The choice that a word means; "" if it means none, or it cannot be told which."""
    try:
        choice = choice_meant(option, word)
    except OptionError:
        if option.get("required"):  # it says more than could be said here
            raise
        return ""
    return choice if choice in option.get("choices", ()) else ""


def _listed(text: str, begun: Mapping[str, str], spec: Spec) -> str:
    """The list that a name or an ID is a further value of: ``users=alice bob``; "" where it is of none."""
    is_name = re.fullmatch(r"\w[\w\s,;.*?\\@-]*", text) and not _EXCEPT.fullmatch(text)
    if not is_name or text.lower() in _names(spec) or written_here(text, spec):
        return ""
    values = [value for value in re.split(rf"{CONJUNCTION}|[\s,;]+", f" {text}") if value]
    kind = "sessions" if all(map(_IDS.fullmatch, values)) else "users"
    more = ",".join(values)
    of_kind = {first: option for first, option in spec.items() if first in (kind, f"exclude_{kind}")}
    return " or ".join(
        f"{name}={begun[name].rstrip(_SEPARATORS)},{more}" for name in _names(of_kind) if begun.get(name)
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
    bare = re.sub(r"""^(["'])(.*)\1$""", r"\2", _SWITCH.sub("", text).strip())
    if _PARAMETERS.fullmatch(f"{bare} "):
        pairs = (_named(each, spec) for each in re.findall(r"-\w+\s+\S+", bare))
        return [*(re.sub(r" \(.*\)$", "", pair) for pair in pairs), *found]
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
    if name in _names(spec) and (match["sign"] or _names(spec)[name]["type"] != "bool"):
        return f"{name}='{value}'" if " " in value else f"{name}={value}"
    value = re.sub(r"""^["'>=\s]+|["']$|^for\s+""", "", value)
    # Without a sign, it may be somebody's name.
    if not match["dashes"] and not match["sign"] and not is_duration(value):
        return ""
    return written_here(name, spec, value).removeprefix("write ") or _option(value, spec)


def _option(text: str, spec: Spec) -> str:
    word = text.lstrip("/-").lower()
    if word in _names(spec):
        return f"{word}={'true' if _names(spec)[word]['type'] == 'bool' else '…'}"
    for name, option in spec.items():
        if choice := _choice(option, word):
            return f"{name}={choice}"
    written = written_here(word, spec).removeprefix("write ")
    if text.startswith("--"):
        return written
    selects = word in (*_OWN_SESSIONS, *_EVERYBODY, "console") or state_meant(text) is not None
    if written and not selects and not _is_text(spec):
        return written
    return _value(text, word, spec)


def _is_text(spec: Spec) -> bool:
    """Whether words alone are what a module shows."""
    return bool(spec.get("message", {}).get("required"))


def _value(text: str, word: str, spec: Spec) -> str:
    """The option that words alone are the value of."""
    if _is_text(spec) and not _IDS.fullmatch(text):
        shown_for, text = _shown_for(text), _MSG_SWITCH.sub("", text).strip()
        to = _MSG_TARGET.fullmatch(text)
        whom, shown = (f"{_selecting(to[1], to[1])} ", to[2]) if to else ("", text)
        # msg shows none of its quotes.
        return f"{whom}message='{shown.replace(chr(34), '')}'{shown_for}"
    return _selecting(text, word) if "users" in spec else ""


def _selecting(text: str, word: str) -> str:
    """The same, of whom it selects."""
    if parts := _EXCEPT.fullmatch(text):
        return _all_but(parts["whom"] or "", parts["spared"])
    text = _NOUN.sub("", text)
    word = _NOUN.sub("", word)
    if word in _EVERYBODY:
        return "all=true"
    if word in ("locked", "unlocked"):
        return f"locked={str(word == 'locked').lower()}"
    if word == "console":
        return "sessions=console"
    if protocol := PROTOCOL_NAME.fullmatch(word):
        return f"protocols={protocol[1]}"
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
    names = ",".join(re.split(rf"{CONJUNCTION}|[\s,;]+", text))
    if not _is_of_accounts(names):
        return ""
    # At a prompt Ansible makes one backslash of two.
    return "'users=" + re.sub(r"\\+", r"\\\\", names) + "'" if "\\" in names else f"users={names}"


def _all_but(whom: str, spared: str) -> str:
    """What selects some, but for others; "" where nothing excludes those."""
    selecting, sparing = (_selecting(text, text.lower()) if text else "" for text in (whom, spared))
    excluding = re.sub(r"^('?)(users|sessions)=", r"\1exclude_\2=", sparing)
    return f"{selecting} {excluding}".strip() if excluding != sparing else ""


def _is_of_accounts(names: str) -> bool:
    try:
        for name in names.split(","):
            check_account("users", re.sub(r"\\+", r"\\", name))
    except OptionError:
        return False
    return True
