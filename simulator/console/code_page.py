# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From a command's text to its bytes.

A console command writes in the code page of its console: at a prompt the OEM code page of the language, 866 on a
Russian Windows; what that page lacks becomes a question mark.

Over WinRM the client chooses. Ansible's winrm connection opens its shell with `codepage=65001` (pywinrm's own default
is 437), so the console of that shell, which the PowerShell that Ansible starts and the command of a `raw` task inherit,
is UTF-8 and every letter arrives. Ansible's `[Console]::OutputEncoding = UTF8` is not involved: it stands in the
shell plugin's own scripts and in the exec wrapper, and `raw` uses neither.

Not modelled: Windows may choose another *language* for a console that cannot show its own
(https://learn.microsoft.com/en-us/windows/win32/api/winnls/nf-winnls-setthreaduilanguage); for 437 it is English on
a Russian host (https://github.com/paulmann/RDPAudit, QuserParserTests.cs), for 65001 nothing citable says which.
"""

from __future__ import annotations

from .wording import wording

UTF8_CODE_PAGE = 65001


def encode(text: str, language: str, code_page: int | None = None) -> bytes:
    """Return `text` as a command of that language writes it.

    :param code_page: of the console, `UTF8_CODE_PAGE` for Ansible over WinRM; None: the language's OEM code page.
    :raises UncitedLanguage: the simulator does not have the language.
    """
    number = code_page or wording(language).oem_code_page
    return text.encode("utf-8" if number == UTF8_CODE_PAGE else f"cp{number}", errors="replace")
