# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

# The documentation. The action plugin of this name runs on the controller, and launches the .ps1 beside this file.

DOCUMENTATION = r"""
module: win_rds_logon_mode_info
short_description: Tell whether a Remote Desktop Session Host accepts logons
description:
  - Returns the logon mode of a host, as C(change logon /query) shows it, and changes nothing.
  - To set the mode, use M(winops.rds.win_rds_logon_mode).
  - Tells also whether the host is in maintenance (M(winops.rds.win_rds_maintenance)).
version_added: 1.0.0
options: {}
attributes:
  diff_mode:
    support: none
extends_documentation_fragment:
  - winops.rds.logon_mode
  - winops.rds.windows_module
  - ansible.builtin.action_common_attributes
  - ansible.builtin.action_common_attributes.flow
seealso:
  - module: winops.rds.win_rds_logon_mode
  - module: winops.rds.win_rds_session_info
author:
  - winops.rds contributors (@winops)
"""

EXAMPLES = r"""
# At a prompt:
#   ansible rdsh -m winops.rds.win_rds_logon_mode_info -v
- name: See whether the host accepts logons
  winops.rds.win_rds_logon_mode_info:
  register: logons

- name: Stop here where it does not
  ansible.builtin.assert:
    that: logons.accepts_logons
"""

RETURN = r"""
changed:
  description: Always V(false), because nothing is changed.
  returned: always
  type: bool
  sample: false
msg:
  description: The mode, in a sentence. If the task failed, why, and what to do.
  returned: always
  type: str
  sample: >-
    The logon mode is drain: users reconnect to their sessions, and get no new ones.
mode:
  description:
    - The mode that the host has, in the words of the option O(winops.rds.win_rds_logon_mode#module:mode).
    - Null if it could not be read, or if what the registry holds stands for no mode.
  returned: when the host has answered
  type: str
  sample: drain
accepts_logons:
  description: Whether RV(mode) is V(enabled); null if that is null.
  returned: when the host has answered
  type: bool
  sample: false
maintenance:
  description: What stands on the host of its maintenance; null if it is in none. Each value may be null.
  returned: when the host has answered
  type: dict
  contains:
    since:
      description: Since when, by the host's clock, in UTC.
      returned: always
      type: str
      sample: "2026-11-21T22:00:04Z"
    account:
      description: The account that has closed the host.
      returned: always
      type: str
      sample: CONTOSO\ansible
    reason:
      description: The option O(winops.rds.win_rds_maintenance#module:reason) of the task that has closed it.
      returned: always
      type: str
      sample: CHG-4711
    host:
      description: The name of the host in the inventory of whoever works on it.
      returned: always
      type: str
      sample: RDSH01
    previous_mode:
      description: The logon mode from before.
      returned: always
      type: str
      sample: enabled
error:
  description: What went wrong; null if nothing did. Each error is explained in the page Logon mode.
  returned: when the host has answered
  type: dict
  contains:
    code:
      description: The Win32 error code; null if the error is not one of Windows.
      returned: always
      type: int
      sample: 5
    name:
      description: The code's name in Windows' header files; null if there is no code.
      returned: always
      type: str
      sample: ERROR_ACCESS_DENIED
    message:
      description: What it means here.
      returned: always
      type: str
      sample: the connecting account may not do this (RegQueryValueEx TSServerDrainMode)
    hint:
      description: What to do about it.
      returned: always
      type: str
      sample: Connect (or become) as an administrator of the host.
"""
