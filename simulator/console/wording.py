# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The texts of one language, from `wordings/<language>.yml`, where each has the source that shows it."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import yaml

_FOLDER = Path(__file__).parent / "wordings"
_FALLBACK = "en-US"

_UNCITED = {
    "logging_off": "logging off session ID {id}",
    "logon_drain": "new logons are disabled, reconnections are enabled",
    "logon_drain_until_restart": "new logons are disabled until the host restarts, reconnections are enabled",
    "logoff_caller": "logoff without a session means the caller's own, and over WinRM that is session 0",
    "no_such_session": "there is no session {target}",
    "server_failed": "the sessions of {server} cannot be enumerated",
    "shutdown_usage": "shutdown takes /r or /a, and /t, /f, /c, /d",
    "switch": "{switch} is not simulated",
}
"""What is said where no source in any language shows what Windows says."""


class UncitedLanguage(ValueError):
    """There is no wording for a language: no source shows what the commands print in it."""


def languages() -> list[str]:
    """Return the languages that the commands speak."""
    return sorted(file.stem for file in _FOLDER.glob("*.yml"))


class Wording:
    """The texts of one language."""

    def __init__(self, language: str) -> None:
        file = _FOLDER / f"{language}.yml"
        if not file.exists():
            raise UncitedLanguage(f"no cited wording for {language!r}; there is one for {', '.join(languages())}")
        self.language = language
        self._entries: dict[str, dict[Any, Any]] = yaml.safe_load(file.read_text(encoding="utf-8"))

    @property
    def oem_code_page(self) -> int:
        return int(self._entries["oem_code_page"]["number"])

    def text(self, key: str, **values: object) -> str:
        """Return a message; without a source in this language, the English one in brackets that say so."""
        if key in self._entries:
            return str(self._entries[key]["text"]).format(**values)
        if key in _UNCITED:
            return f"[simulator: no cited wording: {_UNCITED[key].format(**values)}]"
        return f"[simulator: no cited {self.language} wording: {wording(_FALLBACK).text(key, **values).strip()}]"

    def state(self, number: int) -> str:
        """Return the word for a WTS_CONNECTSTATE_CLASS; `[Disc]`, `[5]` where no source shows one."""
        states = self._entries["states"]
        if number in states:
            return str(states[number])
        return f"[{number}]" if self.language == _FALLBACK else f"[{wording(_FALLBACK).state(number).strip('[]')}]"

    def system_message(self, code: int) -> str:
        """Return FormatMessage's text for a Win32 error; empty where it is not in the table."""
        messages = self._entries.get("system_messages", {})
        if code in messages:
            return str(messages[code])
        return "" if self.language == _FALLBACK else wording(_FALLBACK).system_message(code)

    def time(self, moment: datetime) -> str:
        """Return a time in the language's short date and time format; in brackets, where no source shows it."""
        if "logon_time" not in self._entries:
            return f"[{wording(_FALLBACK).time(moment)}]"
        return str(self._entries["logon_time"]["text"]).format(
            moment, hour12=moment.hour % 12 or 12, half="AM" if moment.hour < 12 else "PM"
        )


@cache
def wording(language: str) -> Wording:
    """Return the texts of a language.

    :raises UncitedLanguage: there are none.
    """
    return Wording(language)
