# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What holds for every module of this collection that works on a host."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
notes:
  - Works over the connections C(winrm), C(psrp) and C(ssh) (with C(ansible_shell_type), C(powershell) or C(cmd)).
attributes:
  platform:
    platforms: windows
  action:
    support: full
  async:
    support: none
    details: The controller takes part in the task.
  bypass_host_loop:
    support: none
seealso:
  - name: Coming from other commands
    description: What replaces each form of the commands of Windows, of its cmdlets and of MultiPoint Manager.
    link: https://winops.github.io/rds/docsite/guide_coming_from.html
"""
