# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What holds for both modules of the logon mode."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
notes:
  - >-
    The mode is two values of the registry. Microsoft documents one of them; for the other, and for what
    C(change logon) writes, there are other sources. See
    U(https://winops.github.io/rds/docsite/logon_mode.html).
  - That the mode is V(enabled) does not mean that Remote Desktop is switched on, or that a policy allows it.
  - There is no option C(server), as C(change logon) has none. Run the task on each host.
  - WinRM, PSRP and SSH are no Remote Desktop logons. Ansible reaches the host in every mode.
  - Reads no text, so that the language of Windows does not matter.
attributes:
  check_mode:
    support: full
seealso:
  - name: change logon
    description: The command of Windows, on Microsoft's pages.
    link: https://learn.microsoft.com/windows-server/administration/windows-commands/change-logon
  - name: Logon mode
    description: What each mode does, what is written where, and what each error means.
    link: https://winops.github.io/rds/docsite/logon_mode.html
"""
