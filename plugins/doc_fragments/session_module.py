# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What holds for every module of this collection that works on sessions."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
notes:
  - >-
    At a prompt, double the backslash of an account, as in C(-a 'users=CONTOSO\\alice'): with one, Ansible
    takes C(\a) for a control character. Without the domain there is nothing to double.
  - Uses the Windows API that the commands of Windows use and reads no text, so that the language of Windows does not
    matter.
seealso:
  - name: Results
    description: What becomes of a session, and when a task fails.
    link: https://winops.github.io/rds/docsite/results.html
attributes:
  action_group:
    description: C(group/winops.rds.rds) in C(module_defaults) sets defaults of this module, too.
    support: full
    membership: [winops.rds.rds]
"""
