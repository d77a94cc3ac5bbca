# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who may do what with the sessions of a host.

Which call takes which permission stands on its page, for example "to log off another user's session, you need to have
the Reset permission". Windows has two calls that end a session, and the other one takes Logoff; which of them the
function makes is not told, so a host here is set to either.
https://learn.microsoft.com/windows/win32/api/wtsapi32/nf-wtsapi32-wtslogoffsession
https://learn.microsoft.com/openspecs/windows_protocols/ms-tsts/2777bdba-a4c7-480b-ae34-fb234d207bd2
https://learn.microsoft.com/windows/win32/termserv/terminal-services-permissions
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Literal

from .session_table import Session
from .win32 import ERROR_ACCESS_DENIED, Win32Error

#: ``administrator`` is a member of the Administrators group: all the others, and what only that group may.
Permission = Literal["query", "reset", "logoff", "disconnect", "message", "administrator"]


class Permissions:
    r"""What each account may do on a host.

    :param granted: by the name ``DOMAIN\user``, in any case; who is not in it may do nothing. None: everybody may do
        everything.
    """

    def __init__(self, granted: Mapping[str, Collection[Permission]] | None = None) -> None:
        self._granted = None if granted is None else {name.upper(): set(have) for name, have in granted.items()}

    def has(self, account: str, permission: Permission, session: Session | None = None) -> bool:
        """Whether an account has a permission; for its own session everybody has all.

        "You can always log yourself off", begins the page of the command:
        https://learn.microsoft.com/windows-server/administration/windows-commands/logoff
        """
        if session and session.user and account.upper() == f"{session.domain}\\{session.user}".upper():
            return True
        return self._granted is None or not self._granted.get(account.upper(), set()).isdisjoint(
            {permission, "administrator"}
        )

    def require(self, account: str, permission: Permission, session: Session | None = None) -> None:
        """Check that an account has a permission.

        :raises Win32Error: 5 ERROR_ACCESS_DENIED, it has not.
        """
        if not self.has(account, permission, session):
            raise Win32Error(ERROR_ACCESS_DENIED)
