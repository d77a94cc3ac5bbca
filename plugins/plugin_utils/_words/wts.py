# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The vocabulary of the Windows Terminal Services API: states, protocols, times.

Source: wtsapi32.h, https://learn.microsoft.com/windows/win32/api/wtsapi32/ne-wtsapi32-wts_connectstate_class
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone

#: WTS_CONNECTSTATE_CLASS in snake case; the position is the number.
STATES = (
    "active",
    "connected",
    "connect_query",
    "shadow",
    "disconnected",
    "idle",
    "listen",
    "reset",
    "down",
    "init",
)

#: What ``quser`` and ``query session`` print in English where it is not the whole name (sources:
#: simulator/console/wordings/en-US.yml), and what people make of the names.
_STATE_WORDS = {
    "conn": "connected",
    "connect": "connected",
    "connq": "connect_query",
    "disc": "disconnected",
    "discon": "disconnected",
    "disconn": "disconnected",
    "disconnect": "disconnected",
}

#: What they print in other languages (sources: simulator/console/wordings), and the words that these stand for.
_STATE_WORDS_ELSEWHERE = {
    "active": ("Aktiv", "Actif", "Ativo", "Activo", "Attivo", "Actief", "Активно", "Активный"),
    "connected": ("Verbunden", "Connecté", "Conectado", "Connesso", "Verbonden", "Подключено"),
    "disconnected": (
        *("Getr", "Getrennt", "Déco", "Déconnecté", "Desc", "Desconectado", "Disconnesso", "Verbroken"),
        *("Диск", "Отключено", "Отключен"),
    ),
}

#: The same of states that nobody's session is in. They are refused, and the message says what is meant: in some of
#: these languages, the word for "idle" is also that for a user who does nothing.
_STATE_WORDS_REFUSED = {
    "idle": ("Leerlauf", "Inactif", "Inactivo", "Inativo", "Бездействует"),
    "listen": ("Abhör", "Abhören", "Écouter", "Escuchar", "Escutar", "Прием", "Прослушивание"),
}

#: WTS_PROTOCOL_TYPE_*; the position is the number.
PROTOCOLS = ("console", "ica", "rdp")

#: A session name (WinStation name) has at most this many characters: WINSTATIONNAME_LENGTH.
LONGEST_SESSION_NAME = 32

#: The last ID that is one: 0xFFFFFFFF is WTS_CURRENT_SESSION, 0xFFFFFFFE is WTS_ANY_SESSION.
LAST_SESSION_ID = 0xFFFFFFFD

#: Listeners have IDs from here on; the engines know them by the same number (a test compares).
FIRST_LISTENER_ID = 65536

_FILETIME_EPOCH = datetime(1601, 1, 1, tzinfo=timezone.utc)


def state_meant(text: str) -> str | None:
    """Return the state that a word means, in any case: ``Disc``, ``connect-query``, ``WTSActive``, ``Getr.``; None if
    it means none."""
    return _words().get(_bare(text).removeprefix("wts"))


def state_perhaps_meant(text: str) -> str | None:
    """Return the state that a word of another language may mean, or the number of one; None if it means none."""
    word = _bare(text)
    if word.isascii() and word.isdigit():
        return STATES[int(word)] if int(word) < len(STATES) else None
    return _words_in(_STATE_WORDS_REFUSED).get(word)


def state_like(text: str) -> str | None:
    """Return the state that a misspelt word is most like, of all the words that mean one; None if it is like none. Of
    the names alone, *Déconnectée* would be most like ``connected``, which is somebody else's state."""
    known = {**_words_in(_STATE_WORDS_REFUSED), **_words()}
    found = difflib.get_close_matches(_bare(text), known, 1)
    return known[found[0]] if found else None


def _words() -> dict[str, str]:
    """The state of each word that means one."""
    return {**_words_in(_STATE_WORDS_ELSEWHERE), **_STATE_WORDS, **{_bare(state): state for state in STATES}}


def _words_in(words_of: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    return {_bare(word): state for state, words in words_of.items() for word in words}


def _bare(text: str) -> str:
    """Without what separates words, and without accents, which a code page may have cost. All else counts: by
    ``!active`` and ``-active`` nobody means the active ones."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return re.sub(r"(?<=\w)[\s_.-]+", "", plain).strip().casefold()


def state_name(number: int) -> str:
    """Return the name of a WTS_CONNECTSTATE_CLASS value; an unknown one is ``state_<number>``."""
    return STATES[number] if 0 <= number < len(STATES) else f"state_{number}"


def protocol_name(number: int) -> str:
    """Return the name of a WTS_PROTOCOL_TYPE value; an unknown one is ``protocol_<number>``."""
    return PROTOCOLS[number] if 0 <= number < len(PROTOCOLS) else f"protocol_{number}"


def iso_time(filetime: int) -> str | None:
    """Return a FILETIME (100 ns since 1601, UTC) in ISO 8601 to the second; None for 0, which is "unknown",
    and for a time that no calendar has."""
    if filetime <= 0:
        return None
    try:
        return (_FILETIME_EPOCH + timedelta(microseconds=filetime // 10)).strftime("%Y-%m-%dT%H:%M:%SZ")
    except OverflowError:
        return None


def time_of(iso: str) -> datetime:
    """Return the moment that :func:`iso_time` wrote."""
    return datetime.fromisoformat(iso.replace("Z", "+00:00"))  # Python reads the Z from 3.11 on


def filetime_seconds(iso: str) -> int:
    """Return the whole seconds since 1601 of a moment that :func:`iso_time` wrote.

    :raises ValueError: it is no moment in ISO 8601, or has no time zone.
    """
    moment = time_of(iso)
    if moment.tzinfo is None:
        raise ValueError(f"{iso!r} has no time zone")
    return (moment - _FILETIME_EPOCH) // timedelta(seconds=1)


def seconds_between(earlier: int, later: int) -> int | None:
    """Return the whole seconds between two FILETIMEs, at least 0; None where the earlier one is unknown."""
    return max(0, later - earlier) // 10_000_000 if earlier > 0 else None
