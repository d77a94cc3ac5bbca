# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

# What runs is the action plugin of this name; what it launches on the host is the .ps1 beside this file.

DOCUMENTATION = r"""
module: win_rds_maintenance
short_description: Let a Remote Desktop Session Host enter maintenance, and exit it
description:
  - With O(state=entered), closes a host to new logons, warns the users, waits, logs them off as
    M(winops.rds.win_rds_logoff) does, and makes sure that nobody is on but those who may stay. B(It is entered, or the
    host is as it was before), unless O(at_deadline) is V(fail). Where somebody would stay or an option is wrong,
    nothing is done. Where it fails later, the host is opened again in the same task.
  - With O(state=exited), brings back the logon mode that the host had before, from anywhere, also days later.
  - What the logon mode was, since when the host is in maintenance, by which account and why stands on the host, from
    before the mode is changed until it is back. So a run that was cut off, by whatever, can be undone or gone on with,
    also by another run or at a prompt. It outlives a restart.
version_added: 1.0.0
options:
  state:
    description:
      - V(entered) - the host is closed to new logons, and nobody is on but those who may stay. On a host that is in
        maintenance already it goes on from there; the logon mode from before the first time stays remembered.
      - V(planned) - as the beginning of V(entered). Where it could not succeed, it fails and does nothing; else the
        logon mode is remembered on the host, and nothing else is done. For what has to close the host elsewhere before
        users are warned, such as at a connection broker, and may change the logon mode by that.
      - V(exited) - the logon mode from before is back, and nothing of maintenance is left on the host. Of the other
        options only O(mode) and O(reason) matter then. On a host that is not in maintenance nothing is done. Where
        somebody else has set another logon mode meanwhile, that one stays, and is named.
      - V(enter) and V(on), V(plan), and V(exit) and V(off) are taken for them.
    type: str
    choices: [entered, planned, exited]
    required: true
  mode:
    description:
      - The logon mode during maintenance, as in M(winops.rds.win_rds_logon_mode) - V(drain), V(drain_until_restart) or
        V(disabled). If it is not given, V(drain), which outlives a restart, so that nobody gets on before the work is
        done. V(unchanged) leaves the mode to others, when entering and when exiting.
      - With O(state=exited), V(previous), the one from before, which is the default, or V(enabled).
    type: str
    choices: [drain, drain_until_restart, disabled, unchanged, previous, enabled]
  reason:
    description:
      - Why, such as the number of a change. It stands on the host, and is told wherever the host is named as being in
        maintenance; in the events that the task leaves there, see RV(event_logged); and in O(message) and
        O(message_title) for C({reason}). One line, at most 200 characters.
      - Everybody who may read the Application log can read it, so it is no place for a secret.
    type: str
  keep_closed:
    description:
      - Whether a host that has been closed and could not be emptied stays closed. The task fails in any case. See also
        O(at_deadline).
    type: bool
    default: false
  exclude_users:
    description:
      - Users who may stay, as in O(winops.rds.win_rds_logoff#module:exclude_users). They are neither warned nor logged
        off, and a host that has only them is empty. RV(msg) names those who are on, as a restart would end their
        sessions.
    type: list
    elements: str
    aliases: [exclude_user, exclude_username, exclude_account]
  exclude_sessions:
    description:
      - Sessions that may stay, as in O(winops.rds.win_rds_logoff#module:exclude_sessions), such as V(console).
    type: list
    elements: raw
    aliases: [exclude_session, exclude_id, exclude_ids, exclude_session_id]
  unknown_exclusions:
    description:
      - As in O(winops.rds.win_rds_logoff#module:unknown_exclusions).
    type: str
    choices: [fail, ignore]
    default: fail
  idle_for:
    description:
      - Logs off only those who have been idle for so long, written as in O(winops.rds.win_rds_logoff#module:idle_for).
        Whoever is working is left alone, and is a reason to fail - beforehand, and at the end where somebody has come
        back to work.
    type: str
  grace:
    description:
      - As in O(winops.rds.win_rds_logoff#module:grace). Needs O(message), unless O(at_deadline) is V(fail). B(Without
        O(grace), nobody is warned.)
      - Where a task that was cut off has told users that they have longer, a task without O(grace) that would log
        somebody off does nothing, and one with less time warns.
    type: str
  message:
    description:
      - As in O(winops.rds.win_rds_logoff#module:message).
    type: str
    aliases: [msg]
  message_title:
    description:
      - As in O(winops.rds.win_rds_logoff#module:message_title).
    type: str
    aliases: [title]
  reminders:
    description:
      - As in O(winops.rds.win_rds_logoff#module:reminders).
    type: list
    elements: str
  newcomers:
    description:
      - As in O(winops.rds.win_rds_logoff#module:newcomers). With V(ignore), the task fails where somebody has got on
        meanwhile, as an administrator may.
    type: str
    choices: [ignore, logoff]
    default: ignore
  at_deadline:
    description:
      - What becomes of those who are still on at the end of O(grace), as in
        O(winops.rds.win_rds_logoff#module:at_deadline) - V(logoff) logs them off; with V(fail) nobody is logged off
        then, and the task fails where somebody is still on.
      - B(The host then stays in maintenance and closed to new logons), also without O(keep_closed), so that no time is
        lost - run the task again to wait for the rest, or with V(logoff) to log them off. So it does whoever is on
        then, such as somebody who has got on meanwhile, and where that is not known. Where it fails before the end of
        O(grace), the host is opened again as ever.
    type: str
    choices: [logoff, fail]
    default: logoff
  disconnected_grace:
    description:
      - As in O(winops.rds.win_rds_logoff#module:disconnected_grace).
    type: str
  protect_console:
    description:
      - Whether the user at the host's own screen is left alone. Where there is one, nothing is done, unless
        O(exclude_sessions) has V(console).
    type: bool
    default: true
  timeout:
    description:
      - As in O(winops.rds.win_rds_logoff#module:timeout). If it is not given, two minutes.
    type: str
  on_timeout:
    description:
      - As in O(winops.rds.win_rds_logoff#module:on_timeout).
    type: str
    choices: [fail, terminate]
    default: fail
  max_parallel:
    description:
      - As in O(winops.rds.win_rds_logoff#module:max_parallel).
    type: int
notes:
  - Needs an administrator of the host. What is remembered stands in C(HKLM\SOFTWARE\winops.rds.maintenance), which
    users can only read.
  - A machine that is in a run under two names is worked on under the first of them only; the task fails for the other.
  - M(winops.rds.win_rds_logon_mode) works on a host in maintenance as on any other, and warns.
  - P(winops.rds.sessions#callback) and P(winops.rds.session_report#callback) name the hosts that a run leaves in
    maintenance.
  - With O(grace), each host of a play is waited for by a fork of its own, and Ctrl-C logs nobody off. The host stays in
    maintenance then, and the command that opens it is shown.
  - There is no option C(server). Run the task on each host.
  - Options of C(group/winops.rds.rds) in C(module_defaults) that this module does not have, such as C(states), stop the
    task. Otherwise they would change who is meant without a word.
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
extends_documentation_fragment:
  - winops.rds.session_module
  - winops.rds.windows_module
  - ansible.builtin.action_common_attributes
  - ansible.builtin.action_common_attributes.flow
seealso:
  - module: winops.rds.win_rds_logoff
  - module: winops.rds.win_rds_logon_mode
  - module: ansible.windows.win_reboot
  - name: A maintenance night
    description: The role and the playbooks that use this module, and what happens when something fails.
    link: https://winops.github.io/rds/docsite/maintenance.html
author:
  - winops.rds contributors (@winops)
"""

EXAMPLES = r"""
- name: Empty the host
  winops.rds.win_rds_maintenance:
    state: entered
    grace: 15m
    reminders: [5m, 1m]
    message: "{server} will be maintained from {deadline} on. Please save your work and log off."
    exclude_users: svc-*
    reason: CHG-4711
  register: emptied

# It would end the sessions of those who may stay.
- name: Restart it
  ansible.windows.win_reboot:
  when: emptied.remaining | length == 0

# At a prompt, also where a run was cut off:
#   ansible RDSH01 -m winops.rds.win_rds_maintenance -a state=exited
- name: Let users in again
  winops.rds.win_rds_maintenance:
    state: exited

- name: See who would be logged off, and whether anything speaks against it
  winops.rds.win_rds_maintenance:
    state: entered
  check_mode: true
  diff: true

- name: Only begin where nobody has been working for two hours
  winops.rds.win_rds_maintenance:
    state: entered
    idle_for: 2h

- name: Close the host at noon, let the shift leave by itself, and fail if somebody is still on at six
  winops.rds.win_rds_maintenance:
    state: entered
    grace: 6h
    message: |-
      {user}, please log off from {server} by {deadline}.
      Sessions that are only disconnected end after half an hour.
    disconnected_grace: 30m
    at_deadline: fail

- name: Let users in, although somebody had kept them out before
  winops.rds.win_rds_maintenance:
    state: exited
    mode: enabled
"""

RETURN = r"""
changed:
  description:
    - Whether the host was closed or opened, or somebody logged off, or in check mode would be. Where it failed and
      the host is as it was before, whether somebody was logged off.
  returned: always
  type: bool
  sample: true
event_logged:
  description:
    - >-
      Whether there is an event in the host's Application log for each launch that has changed something, with the
      source C(Ansible) and the ID 3389. It tells which account ran which module, O(reason), and what was changed.
    - V(null) if nothing was changed, and in check mode. If the log could not be written, V(false), and a warning says
      why; the task does not fail for it.
  returned: always
  type: bool
  sample: true
msg:
  description: >-
    What became of the host, and who is on and may stay. If the task failed, why, how the host is now, and what to do.
  returned: always
  type: str
  sample: >-
    The host is in maintenance. Still on, as they may stay: CONTOSO\svc-backup; a restart would end their sessions. The
    logon mode is drain: users reconnect to their sessions, and get no new ones.
mode:
  description: The logon mode that the host has now, in check mode the one that it would have; null if it is not known.
  returned: when the host has told it
  type: str
  sample: drain
previous_mode:
  description: The logon mode that the host had when the task began; null as for RV(mode).
  returned: when the host has told it
  type: str
  sample: enabled
accepts_logons:
  description: Whether RV(mode) is V(enabled); null if that is null.
  returned: when the host has told it
  type: bool
  sample: false
maintenance:
  description: What stands on the host of its maintenance; null if it is in none. Each value may be null.
  returned: when the host has told it
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
      description: The option O(reason) of the task that has closed it.
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
  description: What Windows refused when the logon mode was to be read or set; null if it did not. Each error is
    explained in the page Logon mode.
  returned: when the host has told it
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
sessions:
  description: Who was logged off or to be, as RV(winops.rds.win_rds_logoff#module:sessions).
  returned: with O(state=entered) and O(state=planned), when the host has told it
  type: list
  elements: dict
  sample: []
remaining:
  description: >-
    Who was on at the end - those who may not stay, if it failed, and those who may, whose C(result) is C(excluded). As
    RV(winops.rds.win_rds_session_info#module:sessions). Where nothing was done because somebody would stay, those who
    would, and those who may; where it was because the host could not be closed, all who were on.
  returned: with O(state=entered) and O(state=planned), when the host has told it
  type: list
  elements: dict
  sample: []
excluded:
  description: Who was spared, as RV(winops.rds.win_rds_logoff#module:excluded).
  returned: as RV(sessions)
  type: list
  elements: dict
  sample: []
unused_exclusions:
  description: As RV(winops.rds.win_rds_logoff#module:unused_exclusions).
  returned: as RV(sessions)
  type: list
  elements: str
  sample: []
not_found:
  description: Always empty, as no session is asked for by name.
  returned: as RV(sessions)
  type: list
  elements: str
  sample: []
servers:
  description: The host, as RV(winops.rds.win_rds_logoff#module:servers).
  returned: as RV(sessions)
  type: list
  elements: dict
  sample: []
summary:
  description: As RV(winops.rds.win_rds_logoff#module:summary).
  returned: as RV(sessions)
  type: dict
  sample:
    logged_off: 2
deadline:
  description: As RV(winops.rds.win_rds_logoff#module:deadline).
  returned: as RV(sessions)
  type: str
  sample: '2026-11-21T22:15:00Z'
diff:
  description: The logon mode before and after, and with O(state=entered) the sessions as well, as text.
  returned: with C(--diff), when the host has told it
  type: raw
  sample: []
"""
