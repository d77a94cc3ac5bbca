# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

# The documentation. The action plugin of this name runs on the controller, and launches the .ps1 beside this file.

DOCUMENTATION = r"""
module: win_rds_logon_mode
short_description: Set whether a Remote Desktop Session Host accepts logons
description:
  - Sets the logon mode of a host, as C(change logon) does, and reads it again. A mode that the host has already
    is not written.
  - Sessions that exist are not touched by any mode.
  - To read the mode, use M(winops.rds.win_rds_logon_mode_info).
  - On a host in maintenance (M(winops.rds.win_rds_maintenance)) it does as it is told, and warns.
version_added: 1.0.0
options:
  mode:
    description:
      - The mode that the host is to have. The words of C(change logon), such as V(disable) or V(/drain), are taken,
        too, in any case.
      - V(enabled), as C(change logon /enable) - users log on.
      - V(disabled), as C(change logon /disable) - nobody logs on by Remote Desktop, nor reconnects to a disconnected
        session. Doubtful - what C(change logon /disable) writes is disputed, so try to log on before you rely on it, or
        take V(drain). Microsoft's pages disagree about whether a restart ends it.
      - V(drain), as C(change logon /drain) - users reconnect to their sessions, and get no new ones.
      - V(drain_until_restart), as C(change logon /drainuntilrestart) - as V(drain), until the host restarts.
    type: str
    choices: [enabled, disabled, drain, drain_until_restart]
    required: true
  reason:
    description:
      - Why, such as the number of a change. It stands in the event that the task leaves on the host, see
        RV(event_logged). One line, at most 200 characters.
      - Everybody who may read the Application log can read it, so it is no place for a secret.
    type: str
notes:
  - Setting a mode needs an administrator of the host.
  - A connection broker is told nothing. Microsoft says that drain mode is integrated with its load balancing, and not
    whether and when one learns of a mode that was set so; in a deployment with a broker,
    C(Set-RDSessionHost -NewConnectionAllowed) sets it there.
  - "In V(drain) and V(drain_until_restart), administrators still log on with C(mstsc /admin), see
    U(https://techcommunity.microsoft.com/t5/security-compliance-and-identity/introducing-terminal-services-server-drain-mode/ba-p/246549)."
attributes:
  diff_mode:
    support: full
extends_documentation_fragment:
  - winops.rds.logon_mode
  - winops.rds.windows_module
  - ansible.builtin.action_common_attributes
  - ansible.builtin.action_common_attributes.flow
seealso:
  - module: winops.rds.win_rds_logon_mode_info
  - module: winops.rds.win_rds_logoff
  - module: ansible.windows.win_reboot
author:
  - winops.rds contributors (@winops)
"""

EXAMPLES = r"""
# At a prompt:
#   ansible rdsh -m winops.rds.win_rds_logon_mode -a "mode=drain"
- name: Let users keep their sessions, and nobody begin one
  winops.rds.win_rds_logon_mode:
    mode: drain

- name: See what would change
  winops.rds.win_rds_logon_mode:
    mode: disabled
  check_mode: true
  diff: true

- name: Keep all users out
  winops.rds.win_rds_logon_mode:
    mode: disabled

- name: Let users in again
  winops.rds.win_rds_logon_mode:
    mode: enabled

# To empty a host and restart it, see win_rds_maintenance.
- name: Keep new sessions away until the host has restarted
  winops.rds.win_rds_logon_mode:
    mode: drain_until_restart
"""

RETURN = r"""
changed:
  description: Whether a value of the registry was written, or in check mode would be.
  returned: always
  type: bool
  sample: true
event_logged:
  description:
    - >-
      Whether there is an event in the host's Application log that tells of the change, with the source C(Ansible) and
      the ID 3389. It tells which account ran which module, O(reason), the mode, and which values were written.
    - V(null) if nothing was changed, and in check mode. If the log could not be written, V(false), and a warning says
      why; the task does not fail for it.
  returned: always
  type: bool
  sample: true
msg:
  description: The mode, and what became of it, in a sentence. If the task failed, why, and what to do.
  returned: always
  type: str
  sample: >-
    The logon mode was enabled and is now drain: users reconnect to their sessions, and get no new ones.
mode:
  description:
    - The mode that the host has, read again after a change; in check mode the one that it would have.
    - Null if it could not be read, or if what the registry holds stands for no mode.
  returned: when the host has answered
  type: str
  sample: drain
previous_mode:
  description: The mode that the host had; null as for RV(mode).
  returned: when the host has answered
  type: str
  sample: enabled
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
      sample: the connecting account may not do this (RegSetValueEx TSServerDrainMode)
    hint:
      description: What to do about it.
      returned: always
      type: str
      sample: Connect (or become) as an administrator of the host.
diff:
  description: The mode before and after, as text.
  returned: with C(--diff), when the host has answered
  type: dict
  contains:
    before_header:
      description: Title of RV(diff.before).
      returned: always
      type: str
      sample: logon mode before
    before:
      description: The mode before; C(unknown) where RV(previous_mode) is null.
      returned: always
      type: str
      sample: "enabled\n"
    after_header:
      description: Title of RV(diff.after).
      returned: always
      type: str
      sample: logon mode after
    after:
      description: The mode after; C(unknown) where RV(mode) is null.
      returned: always
      type: str
      sample: "drain\n"
"""
