# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a task may call an account, a session, a client and a server: a text that can be the name of none is refused.

An account that is to be spared and is misspelt would be logged off. So what Windows allows in no name is an error, and
so is what nobody types on purpose, such as a blank that is none, or the dash that a word processor makes of a hyphen.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Sequence
from fnmatch import fnmatchcase

from .._words.wts import LAST_SESSION_ID, LONGEST_SESSION_NAME, state_meant, state_perhaps_meant
from .errors import OptionError

#: What stands for nothing, as a text: so templates write null.
NOTHING = ("none", "null")

#: In ``sessions``: those of the account that the task runs as.
CURRENT = "current"

#: Before a user principal name: an account of Entra ID, which Windows looks up so.
ENTRA = "azuread\\"

SID = re.compile(r"S-1-\d+(-\d+){1,15}", re.ASCII | re.IGNORECASE)

#: https://learn.microsoft.com/windows/win32/api/lmaccess/ns-lmaccess-user_info_0, without ``\``, ``*`` and ``?``, which
#: mean something here.
_NOT_IN_ACCOUNTS = '"/[]:|<>+=;,'
#: What separates names, of the characters that are invalid in a user principal name:
#: https://learn.microsoft.com/microsoft-365/enterprise/prepare-for-directory-synchronization
_NOT_IN_PRINCIPAL_NAMES = '"/[]:|<>;,\\*?'
#: https://learn.microsoft.com/troubleshoot/windows-server/active-directory/naming-conventions-for-computer-domain-site-ou
#: without ``*`` and ``?``, and what people put between names.
_NOT_IN_CLIENTS = '\\/:"<>|[],;'
#: What stands before a session: the mark of ``quser`` at one's own, and a word for it.
_SESSION_LABEL = re.compile(r"^>\s*|^(?:session[\s_-]?)?(?:id)?[\s:=]+", re.ASCII | re.IGNORECASE)
_SESSION_RANGE = re.compile(r"\d+\s*(?:-|\.\.|:|\s(?:to|through|until|bis)\s)\s*\d+", re.ASCII | re.IGNORECASE)
#: Session names are made of the name of a listener and a number, without blanks: ``rdp-tcp#3``.
_NOT_IN_SESSIONS = ' "/\\[]:|<>+=;,@'

#: Control and format characters, blanks and line ends other than the space, surrogates, and what is no character.
_INVISIBLE = ("Cc", "Cf", "Zl", "Zp", "Zs", "Cs", "Co", "Cn")
#: Letters and marks by their category, of which nothing is seen either: those of Default_Ignorable_Code_Point in
#: https://www.unicode.org/Public/UCD/latest/ucd/DerivedCoreProperties.txt, and the empty pattern of Braille.
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)

#: What word processors, web pages and other keyboards give for a character of ASCII.
_LOOKALIKES = {
    "-": "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63",
    "'": "\u2018\u2019\u201a\u201b\u2032\u00b4",
    '"': "\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb\u2039\u203a",
    "*": "\u2217\u204e\u00d7\ufe61",
    "\\": "\u2216\u29f5\u29f9\ufe68",
    "/": "\u2044\u2215",
    "@": "\ufe6b",
    ".": "\u3002\uff61\u2024",
    ",": "\u3001\ufe50\u060c",
}
_MEANT = {
    **{lookalike: meant for meant, lookalikes in _LOOKALIKES.items() for lookalike in lookalikes},
    # Fullwidth forms, as input methods for Chinese and Japanese give them.
    **{chr(code + 0xFEE0): chr(code) for code in range(0x21, 0x7F)},
}

#: What is around a name where it was quoted once too often, or is the placeholder of another language.
_ENCLOSING = ("''", "``", "{}", "()", "%%")
#: Of a template, a format, a batch file or a shell, where nothing has put a value in its place.
_PLACEHOLDER = re.compile(r"[{}]|%\w+%|^\$[^\W\d]")

#: What stands between two names in a sentence, with what is around it.
CONJUNCTION = r"(?i:[\s,;]+(?:and|or|und|oder|et|ou|y|e|o|en)\s+|\s*[&+]\s*)"

#: What leaves out or begins a regular expression in host patterns of Ansible and in other tools. Here it would be text,
#: and a pattern with it fit nobody.
_NOTATION = re.compile(r"(?:^|\\)([!&^~]|\.\*)")

_ACCOUNTS = (
    "accepted are alice, CONTOSO\\alice, .\\alice (a local account), patterns of these with * and ?, "
    "alice@contoso.com, and a SID"
)
_SESSIONS = f"accepted are a session ID (0 to {LAST_SESSION_ID}) and a session name such as rdp-tcp#3"
_CLIENTS = (
    "accepted are a computer name with * and ?, an address (10.1.2.3, 2001:db8::7) and a network (10.1.0.0/16, "
    "2001:db8::/32)"
)
#: What people call their own sessions and everybody. Whose account has such a name gives its domain, too.
_OWN = (CURRENT, "current_user", "me", "mine", "myself", "self")
_EVERYBODY = ("all", "any", "anybody", "anyone", "everybody", "everyone")
_LOCKED = ("locked", "unlocked")
#: Protocols, and listeners as Windows and Citrix call them. A session that came through one is ``rdp-tcp#3``.
PROTOCOL_NAME = re.compile(r"(rdp|ica)(-(tcp|cgp))?", re.IGNORECASE)

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def is_of_entra(value: str) -> bool:
    """Whether it is written as Windows wants accounts of Entra ID."""
    return value.lower().startswith(ENTRA) and "@" in value


def is_pattern(value: str) -> bool:
    """Whether it may mean several accounts or clients."""
    return bool({"*", "?"} & {*value})


def is_session_id(value: str) -> bool:
    """Whether it is a session ID, rather than a session name."""
    return value.isascii() and value.isdigit()


def is_current(value: str) -> bool:
    """Whether it means the sessions of the account that the task runs as."""
    return value.lower() == CURRENT


def is_session_name(value: str) -> bool:
    """Whether it is a session name, rather than an ID or ``current``."""
    return not is_session_id(value) and not is_current(value)


def client_network(value: str) -> Network | None:
    """Return the network that a client has to be in; None if the value is the pattern of a name."""
    # An address may name an interface of the client (fe80::1%eth0), which Windows does not tell.
    address = re.sub("%[^/]+", "", value) if ":" in value else _as_network(value)
    try:
        return ipaddress.ip_network(address, strict=False)
    except ValueError:
        return None


def _as_network(value: str) -> str:
    """``10.1.*`` and ``10.1.*.*`` as 10.1.0.0/16; anything else as it is."""
    match = re.fullmatch(r"(\d+(?:\.\d+){0,2})(?:\.\*){1,3}", value, re.ASCII)
    octets = match[1].split(".") if match else []
    if not octets or value.count(".") > 3:
        return value
    return f"{'.'.join([*octets, '0', '0', '0'][:4])}/{8 * len(octets)}"


def account_meant(value: str) -> str:
    """An account as it can only be meant: with one backslash of those that escaping left over (``CONTOSO\\\\alice``),
    and with the domain of local accounts (``localhost\\alice``)."""
    return re.sub(r"^localhost(?=\\)", ".", re.sub(r"(?<=[^\\])\\{2,}(?=[^\\])", r"\\", value), flags=re.IGNORECASE)


def check_account(option: str, value: str) -> None:
    """Refuse what can be no account.

    :raises OptionError: the message says why, and what is accepted.
    """
    why = _why_no_account(value)
    if why is None and (meant := _meant_by_word(option, value)):
        why = f"{meant} (an account of this name needs its domain: CONTOSO\\{value})"
    if why is not None:
        raise OptionError(f"{option}: {value!r} is not an account{why}; {_ACCOUNTS}")


def check_session(option: str, value: str) -> None:
    """Refuse what can be neither the ID nor the name of a session.

    :raises OptionError: the message says why, and what is accepted.
    """
    why = _why_no_session(value) if is_current(value) else _meant_by_word(option, value) or _why_no_session(value)
    if why is not None:
        raise OptionError(f"{option}: {value!r} is not a session{why}; {_SESSIONS}")


def check_client(value: str) -> None:
    """Refuse what can be neither a client's name nor an address or a network.

    :raises OptionError: the message says why, and what is accepted.
    """
    if client_network(value) is not None:
        return
    why = _why_no_text(value, _NOT_IN_CLIENTS)
    if value.lower() in _EVERYBODY:
        why = ": everybody is all=true"
    elif value.lower() in NOTHING:
        why = ": for nobody, give an empty list"
    elif not value.strip("*"):  # what is left of the template "{{ site }}*" where there is no site
        why = ": it leaves hardly anybody out; if that is meant, give ?* (whoever has a client) or protocols=rdp"
    elif " " in value and any(map(client_network, value.split())):
        why = (
            ": an address stands beside something else; give a network as 10.1.0.0/16, and several separated by commas"
        )
    elif not re.search(r"[\w?]", value):
        why = ""
    elif why is None and (notation := _NOTATION.search(value)):
        why = f": it begins with {notation[1]}, which has no meaning here (* and ? are the only wildcards)"
    elif re.fullmatch(r"[0-9.*?-]*\.[0-9.*?-]*", value) or re.fullmatch(r"[0-9a-f:.*?-]*:[0-9a-f:.*?-]*", value, re.I):
        why = ": it looks like an address and is none; give a network for several, 192.0.2.0/24 for 192.0.2.*"
    elif "/" in value:
        why = ": it looks like a network and is none"
    if why is not None:
        raise OptionError(f"clients: {value!r} is not a client{why}; {_CLIENTS}")


def perhaps_left_out(values: Sequence[str]) -> tuple[str, str] | None:
    """Return a value that may say who is to be left out of a pattern, and that pattern: ``not svc-backup`` beside
    ``svc-*``, in any language; None if there is none."""
    patterns = [value for value in values if is_pattern(value)]
    for value in values:
        *before, last = value.split() or [""]
        user = _user(last.strip("()"))
        of_it = (pattern for pattern in patterns if fnmatchcase(user, _user(pattern)))
        if before and (pattern := next(of_it, None)):
            return value, pattern
    return None


def _user(account: str) -> str:
    return account.rpartition("\\")[2].lower()


def check_server(value: str, option: str = "server") -> None:
    """Refuse what is neither a NetBIOS or DNS name nor an address, as ``logoff /server`` takes them.

    :raises OptionError: it is not.
    """
    why = _why_no_text(value, " ,;|")
    bare = re.sub(r"^(/(server|v):|\w+://|[\\/]+)|(?<=\w):\d+(/\w*)?$|[\\/]+$", "", value, flags=re.IGNORECASE)
    if re.fullmatch(r"\w[\w.-]*", bare) and bare != value:
        why = f": write {bare}"
    if value.lower() in (*NOTHING, "."):
        why = ": for the host itself, leave the option out"
    elif value.lower() in _EVERYBODY or is_pattern(value):
        why = ": name each; the hosts of the inventory are those of the command or the play"
    is_address = re.fullmatch(r"[0-9.]+|[^.]*:.*", value) is not None
    if why is None and (client_network(value) is None if is_address else not re.fullmatch(r"\w[\w.-]*", value)):
        why = ""
    if why is not None:
        raise OptionError(
            f"{option}: {value!r} is not the name or address of a server{why}; accepted are such as RDSH02"
        )


def _meant_by_word(option: str, value: str) -> str | None:
    """What to give instead of a word that names nobody; None if it may be a name."""
    kind = option.removeprefix("exclude_")
    prefix = option.removesuffix(kind)
    word = value.lower()
    if word in _OWN:
        return f": the sessions of the account that Ansible connects with are {prefix}sessions=current"
    if word in _EVERYBODY and not prefix:
        return ": everybody is all=true"
    if word in NOTHING:
        return ": for nobody, leave the option out" if prefix else ": for nobody, give an empty list"
    if kind == "users":
        return f": the session at the console is {prefix}sessions=console" if word == "console" else None
    if word in _LOCKED:
        return f": give locked={str((word == 'locked') != bool(prefix)).lower()}"
    if protocol := PROTOCOL_NAME.fullmatch(value):
        if prefix:
            return ": sessions are not left out by how they came; give each, or say by protocols whom the task means"
        # A listener, which the host tells more of.
        return None if protocol[2] else f": give protocols={protocol[1].lower()}"
    state = state_meant(value) or state_perhaps_meant(value) if value[:1].isalpha() else None
    if state and prefix:
        return ": it is the state of a session, which nothing excludes; say by states whom the task means"
    return f": it is a state; give states={state}" if state else None


def _why_no_account(value: str) -> str | None:
    """Why it is none; None if it may be one."""
    if SID.fullmatch(value):
        return None
    if re.match(r"\*?S-1-", value, re.I):
        return ": it begins like a SID and is none"
    domain, backslash, user = value.rpartition("\\")
    if "@" in value:
        # https://learn.microsoft.com/windows/client-management/client-tools/connect-to-remote-aadj-pc
        name, _at, suffix = value.removeprefix(value[: len(ENTRA)] if is_of_entra(value) else "").partition("@")
        principal_name = re.search(r"[^\s\\<:]+@[\w-]+(\.[\w-]+)*", value)
        instead = f"; write {principal_name[0]}" if principal_name and not is_pattern(value) else ""
        why = _why_no_text(name + _at + suffix, _NOT_IN_PRINCIPAL_NAMES, instead)
        return why or (None if name and re.fullmatch(r"[^.@ ]+(\.[^.@ ]+)*", suffix) else "")
    why = _why_no_text(value, _NOT_IN_ACCOUNTS, "; give its SID instead, if it does exist")
    if why is not None:
        return why
    if not user or bool(backslash) != bool(domain) or "\\" in domain:
        return ": one backslash stands between domain and user" if backslash else ""
    if domain.endswith(" ") or user.startswith(" "):
        return ": there is a blank beside the backslash"
    if domain.startswith(".") and domain != ".":
        return ": no domain begins with a period"
    if user.endswith("."):
        return ": no account ends with a period"
    if user.startswith("-") or user.endswith("-"):
        return ": it begins or ends with -, as if something were missing there; give its SID instead, if it does exist"
    if notation := _NOTATION.search(value):
        return f": it begins with {notation[1]}, which has no meaning here (* and ? are the only wildcards)"
    # A name without wildcards may have blanks, since the host can look it up.
    if any(" " in name and set("*?") & set(name) for name in (domain, user)):
        return ": it holds a blank and a wildcard, as several names would; separate them by commas, or write ? for it"
    if "." in domain[1:] and set("*?") & set(value):
        return ": with * or ?, the domain has to be its NetBIOS name, which is what sessions have"
    return None


def _why_no_session(value: str) -> str | None:
    sign, digits = value[:1], value[1:]
    if sign in "+-" and digits.isdigit():
        return ": an ID has no sign"
    if len(value) > LONGEST_SESSION_NAME:
        return f": it has more than {LONGEST_SESSION_NAME} characters"
    if value.endswith(("..", "\u2026")):  # an ellipsis is what word processors make of the three
        return ": quser cuts long names off, and shows the ID beside it"
    if is_session_id(value):
        return ": an ID has 32 bits" if int(value) > LAST_SESSION_ID else None
    if set("*?") & set(value):
        return (
            ": a name is meant as a whole, without * and ?. Give each ID or name, or say by users or states whom, or "
            "all=true"
        )
    if "\\" in value or "@" in value or re.match(r"S-1-", value, re.I):
        return ": it looks like an account; give it in users or exclude_users"
    if (bare := _SESSION_LABEL.sub("", value)) != value and _why_no_session(bare) is None:
        return f": write {bare}"
    why = _why_no_text(value, _NOT_IN_SESSIONS)
    if _SESSION_RANGE.fullmatch(value) or (why is None and not any(character.isalpha() for character in value)):
        return ": give each ID for itself (12,14), in digits from 0 to 9"
    return why


def _why_no_text(value: str, forbidden: str, instead: str = "") -> str | None:
    """Why a text can be no name; None if it can be one."""
    for character in value:
        if character == " ":
            named = "a blank"
        elif unicodedata.category(character) in _INVISIBLE or _UNSEEN.match(character):
            hint = _escape_hint(character) + (_separated(value, character) or instead)
            return f": it holds {_code_point(character)}, which is not seen{hint}"
        elif character in _MEANT:
            return f": it holds {_code_point(character)}, which looks like {_MEANT[character]}{instead}"
        else:
            named = character
        if character in forbidden and character == '"':
            return f': it holds ", which no such name has; write {value.replace(character, "").strip()}{instead}'
        if character in forbidden:
            return f": it holds {named}, which no such name has{_separated(value, character) or instead}"
    if len(value) > 2 and value[0] + value[-1] in _ENCLOSING and not value.startswith(("{{", "{%")):
        written = f"; write {value[1:-1]}" if value[0] not in "{%" else ""
        return f": it is enclosed in {value[0]} and {value[-1]}{written}{instead}"
    if placeholder := _PLACEHOLDER.search(value):
        return f": it holds {placeholder[0]}, of a placeholder that nothing has filled in{instead}"
    return None


def _separated(value: str, character: str) -> str:
    """How to write what a character stands between; "" where it stands between nothing."""
    between = rf"\s*{re.escape(character)}\s*"
    # One slash may stand for the backslash of R&D\alice.
    parts = [part for part in re.split(between if character == "/" else f"{CONJUNCTION}|{between}", value) if part]
    if len(parts) < 2:
        return ""
    if character in " ,;|+&\n\r\t" or all(map(is_session_id, parts)):
        return f"; several are separated by commas ({','.join(parts)}), or each is an element of a list"
    return f"; a backslash stands between domain and user ({parts[0]}\\{parts[1]})" if character == "/" else ""


def _code_point(character: str) -> str:
    kind = "the control character " if unicodedata.category(character) == "Cc" else ""
    return f"{kind}U+{ord(character):04X} {unicodedata.name(character, '')}".rstrip()


def _escape_hint(character: str) -> str:
    # What YAML's double quotes and a prompt make of \a, \n, \P, \L, \N and \_
    escaped = unicodedata.category(character) in ("Cc", "Zl", "Zp") or character == "\u00a0"
    hint = r" (a backslash belongs in single quotes: 'CONTOSO\alice' in YAML, 'users=CONTOSO\\alice' at a prompt)"
    return hint if escaped else ""
