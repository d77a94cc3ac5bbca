# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The commands that administrators use today: quser, query session, logoff, reset session, change logon, shutdown.

They are the baseline that the collection is compared with, so they print what Windows prints, from cited sources only
(`wordings/*.yml`). What has no citable source is bracketed and says so; it never passes for a text of Windows.
"""

from __future__ import annotations

from .code_page import UTF8_CODE_PAGE, encode
from .commands import run
from .host import Console, Output, SessionRow
from .wording import UncitedLanguage, languages, wording

__all__ = [
    "UTF8_CODE_PAGE",
    "Console",
    "Output",
    "SessionRow",
    "UncitedLanguage",
    "encode",
    "languages",
    "run",
    "wording",
]
