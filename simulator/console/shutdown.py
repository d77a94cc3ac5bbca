# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""``shutdown /r`` and ``shutdown /a``, with ``/t``, ``/f``, ``/c`` and ``/d``.

https://learn.microsoft.com/windows-server/administration/windows-commands/shutdown
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

#: What passes unless ``/t`` says otherwise.
_DEFAULT_SECONDS = 30

#: What the page names and no host here does.
NOT_SIMULATED = {"s", "l", "h", "p", "g", "sg", "hybrid", "soft", "fw", "i", "e", "o", "m"}


@dataclass(frozen=True)
class Shutdown:
    """What a command line asks for."""

    restart: bool
    """False: it takes back what was asked for before (``/a``)."""
    seconds: int = _DEFAULT_SECONDS


def parse(words: Sequence[str]) -> Shutdown | str | None:
    """Read the words after ``shutdown``.

    :returns: a switch that is not simulated, as text; None: Windows would show how the command is used.
    """
    restart, abort, seconds = False, False, _DEFAULT_SECONDS
    rest = list(words)
    while rest:
        word = rest.pop(0)
        switch = word[1:].lower() if word.startswith(("/", "-")) else ""
        if switch.partition(":")[0] in NOT_SIMULATED:
            return word
        if switch == "t" and rest and rest[0].isdecimal():
            seconds = int(rest.pop(0))
        elif switch in ("c", "d") and rest:
            rest.pop(0)
        elif switch in ("r", "a"):
            restart, abort = restart or switch == "r", abort or switch == "a"
        elif switch != "f":
            return None
    if restart == abort:
        return None
    return Shutdown(restart, seconds)
