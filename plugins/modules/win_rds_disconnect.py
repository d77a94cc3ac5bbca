# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

# The documentation. The action plugin of this name runs on the controller, and launches the .ps1 beside this file.

DOCUMENTATION = r"""
module: win_rds_disconnect
short_description: Disconnect sessions of a Remote Desktop Session Host
description:
  - Disconnects the sessions that the options select, and waits until Windows shows them as disconnected.
  - A disconnected session stays in memory with all its programs. Its user can come back to it, until the session is
    logged off or the host restarts. This is what MultiPoint Manager calls C(Suspend).
  - A session that is disconnected already is left as it is.
  - One task is one launch on the host, a start of PowerShell. All sessions are asked first and awaited together.
    O(server) works on other servers in the same launch.
version_added: 1.0.0
options:
  protect_console:
    description:
      - Whether the console session, that of the host's own screen and keyboard, is left alone.
      - While it is protected, naming it in O(sessions) is an error. Where another option selects it, it is reported
        with the result V(protected) and the task goes on.
      - "Where it is not, Windows decides: the page of C(tsdiscon) says that the console session cannot be
        disconnected. What Windows answers is reported."
    type: bool
    default: true
  timeout:
    description:
      - How long to wait until a session is disconnected, from the request on. One that is not by then is reported as
        V(timed_out), and the task fails.
      - Written as in O(idle_for), or in seconds (V(90)); more than nothing.
    type: str
    default: 30s
  reason:
    description:
      - Why, such as the number of a change. It stands in the event that the task leaves on the host, see
        RV(event_logged). One line, at most 200 characters.
      - Everybody who may read the Application log can read it, so it is no place for a secret.
    type: str
notes:
  - "To disconnect another user's session, the connecting account needs the Disconnect permission on it, see
    U(https://learn.microsoft.com/windows/win32/api/wtsapi32/nf-wtsapi32-wtsdisconnectsession). Where Windows refuses
    for want of a permission, the session is reported as V(denied)."
  - The user may come back at once, on a drained host too. Only V(disabled) of M(winops.rds.win_rds_logon_mode) keeps
    users away.
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
extends_documentation_fragment:
  - winops.rds.session_selection
  - winops.rds.session_act
  - winops.rds.session_module
  - winops.rds.windows_module
  - ansible.builtin.action_common_attributes
  - ansible.builtin.action_common_attributes.flow
seealso:
  - module: winops.rds.win_rds_logoff
  - module: winops.rds.win_rds_session_info
  - name: tsdiscon
    description: The command of Windows, on Microsoft's pages.
    link: https://learn.microsoft.com/windows-server/administration/windows-commands/tsdiscon
  - name: Suspend and leave user session active
    description: The same in MultiPoint Manager, on Microsoft's pages.
    link: https://learn.microsoft.com/windows-server/remote/multipoint-services/suspend-and-leave-user-session-active
  - name: The modules beside win_rds_logoff
    description: What each of them does, and its errors.
    link: https://winops.github.io/rds/docsite/modules.html
author:
  - winops.rds contributors (@winops)
"""

EXAMPLES = r"""
# At a prompt:
#   ansible rdsh -m winops.rds.win_rds_disconnect -a "users=alice"
- name: Disconnect one user, who can go on later
  winops.rds.win_rds_disconnect:
    users: alice

# As `tsdiscon 12` and `tsdiscon TERM04`.
- name: Disconnect session 12, and the session named TERM04
  winops.rds.win_rds_disconnect:
    sessions:
      - 12
      - TERM04

- name: Suspend everybody at closing time, but for the service accounts
  winops.rds.win_rds_disconnect:
    all: true
    exclude_users: svc-*

- name: Disconnect sessions without input for half an hour
  winops.rds.win_rds_disconnect:
    idle_for: 30m
    states: active

# As `tsdiscon 12 /server:RDSH02`.
- name: Disconnect session 12 of another server
  winops.rds.win_rds_disconnect:
    sessions: 12
    server: RDSH02
    timeout: 10s

- name: See who would be disconnected
  winops.rds.win_rds_disconnect:
    all: true
  check_mode: true
  register: preview

- name: Show them
  ansible.builtin.debug:
    msg: "{{ preview.sessions | selectattr('result', 'eq', 'would_disconnect') | map(attribute='account') | list }}"
"""

RETURN = r"""
changed:
  description:
    - Whether Windows accepted to disconnect a session, or in check mode would be asked to. This holds for a session
      that is then V(timed_out), too.
  returned: always
  type: bool
  sample: true
event_logged:
  description:
    - >-
      Whether there is an event in the host's Application log for each launch that has changed something, with the
      source C(Ansible) and the ID 3389. It tells which account ran which module, O(reason), and each session that was
      acted on, by its ID, the SID of its account, and what became of it; with C(no_log), without the SIDs.
    - V(null) if nothing was changed, and in check mode. If the log could not be written, V(false), and a warning says
      why; the task does not fail for it.
  returned: always
  type: bool
  sample: true
msg:
  description: The outcome in one sentence. If the task failed, which servers and sessions failed, why, what to do.
  returned: always
  type: str
  sample: "3 sessions selected: 2 disconnected, 1 already disconnected."
summary:
  description: The number of sessions for each RV(sessions[].result) that there may be, 0 included.
  returned: when the host has answered
  type: dict
  sample:
    disconnected: 2
    already_disconnected: 1
not_found:
  description:
    - The values of O(sessions) and O(users) that match no session of any server, in the order given. A server that
      could not be asked counts as having none, see RV(servers).
  returned: when the host has answered
  type: list
  elements: str
  sample: [bob]
excluded:
  description:
    - A record for each session that would have been selected and that O(exclude_users) or O(exclude_sessions) spared,
      as those of RV(sessions), with the result V(excluded).
    - Times are null where Windows did not tell them. Such a session is not judged by them then.
  returned: when the host has answered
  type: list
  elements: dict
  sample: []
unused_exclusions:
  description: The values of O(exclude_sessions) and O(exclude_users) that fitted no session of any server.
  returned: when the host has answered
  type: list
  elements: str
  sample: [svc-backup]
servers:
  description: The servers that were worked on; without O(server) the host itself.
  returned: when the host has answered
  type: list
  elements: dict
  contains:
    server:
      description: As in RV(sessions[].server).
      returned: always
      type: str
      sample: RDSH02
    error:
      description:
        - Why its sessions could not be listed or dealt with, in the form of RV(sessions[].error); null if they could.
      returned: always
      type: dict
      contains:
        code:
          description: The Win32 error code; null if the error is not one of Windows.
          returned: always
          type: int
          sample: 1722
        name:
          description: The code's name in Windows' header files; null if there is no code.
          returned: always
          type: str
          sample: RPC_S_SERVER_UNAVAILABLE
        message:
          description: What it means here.
          returned: always
          type: str
          sample: the server's Remote Desktop Services do not answer (WTSEnumerateSessionsEx)
        hint:
          description: What to do about it.
          returned: always
          type: str
          sample: >-
            Check that it is up, that TermService runs, and that its firewall lets RPC in (TCP 135, 445).
diff:
  description: The selected sessions before and after, as text.
  returned: with C(--diff), when the host has answered
  type: dict
  contains:
    before_header:
      description: Title of RV(diff.before).
      returned: always
      type: str
      sample: sessions before
    before:
      description: The selected sessions, a line each.
      returned: always
      type: str
    after_header:
      description: Title of RV(diff.after).
      returned: always
      type: str
      sample: sessions after
    after:
      description: The same sessions, those that were disconnected with that state and without a name.
      returned: always
      type: str
sessions:
  description: The selected sessions and what became of them, on all servers.
  returned: when the host has answered
  type: list
  elements: dict
  contains:
    server:
      description:
        - The name as in O(server). Without that option the host's NetBIOS name, or the one in the inventory if
          Windows does not tell it.
      returned: always
      type: str
      sample: RDSH01
    id:
      description: Session ID.
      returned: always
      type: int
      sample: 12
    name:
      description: Session name; empty while the session is disconnected.
      returned: always
      type: str
      sample: rdp-tcp#3
    user:
      description: The user's name without the domain; empty if nobody is logged on.
      returned: always
      type: str
      sample: alice
    domain:
      description: NetBIOS name of the domain, or of the host for a local account.
      returned: always
      type: str
      sample: CONTOSO
    account:
      description: Domain and user.
      returned: always
      type: str
      sample: CONTOSO\alice
    state:
      description: The state in which the session was selected, in the words of O(states); V(listen) for a listener.
      returned: always
      type: str
      sample: active
    protocol:
      description: V(console), V(rdp) or V(ica); null for a disconnected session and where Windows does not tell.
      returned: always
      type: str
      sample: rdp
    client_name:
      description: Name of the client computer; null if there is none.
      returned: always
      type: str
      sample: PC-0815
    client_address:
      description: Address of the client computer; null if there is none.
      returned: always
      type: str
      sample: 192.0.2.15
    locked:
      description: Whether the session is locked; null if Windows does not know.
      returned: always
      type: bool
      sample: false
    logon_time:
      description: When the user logged on, as all times in UTC; null if unknown.
      returned: always
      type: str
      sample: "2026-01-31T08:02:11Z"
    connect_time:
      description: When a client last connected; null if unknown.
      returned: always
      type: str
      sample: "2026-01-31T08:02:09Z"
    disconnect_time:
      description: When the client last disconnected; null if unknown.
      returned: always
      type: str
      sample: null
    last_input_time:
      description: When the user last pressed a key or moved the mouse; null if unknown.
      returned: always
      type: str
      sample: "2026-01-31T17:58:40Z"
    idle_seconds:
      description: The time since RV(sessions[].last_input_time), by the host's clock; null if unknown.
      returned: always
      type: int
      sample: 325
    incoming_bytes:
      description: RDP data from the client, uncompressed, in bytes; Windows counts with 32 bits.
      returned: always
      type: int
      sample: 48211
    outgoing_bytes:
      description: RDP data to the client, uncompressed, in bytes; Windows counts with 32 bits.
      returned: always
      type: int
      sample: 3190554
    matched_by:
      description: What selected the session, as C(option=value).
      returned: always
      type: list
      elements: str
      sample: [users=alice, states=disconnected, idle_for=2h]
    result:
      description:
        - V(disconnected) - Windows shows it as disconnected.
        - V(would_disconnect) - check mode.
        - V(already_disconnected) - there was nothing to do.
        - V(already_gone) - it went by itself, or its ID belongs to another logon now.
        - V(spared) - it no longer matched the options when its turn came.
        - V(protected) - the console (see O(protect_console)), session 0 or a listener.
        - V(denied) - the connecting account may not do this.
        - V(timed_out) - it was still connected after O(timeout), or its server stopped answering meanwhile.
          RV(sessions[].error) says whether Windows had accepted the request.
        - V(failed) - another error.
      returned: always
      type: str
      sample: disconnected
    error:
      description: What went wrong; null if nothing did.
      returned: always
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
          sample: the connecting account may not do this (WTSDisconnectSession)
        hint:
          description: What to do about it.
          returned: always
          type: str
          sample: >-
            Connect (or become) as an administrator; or grant Query Information and Reset, Disconnect or Message.
    elapsed_seconds:
      description: From the request until the session was disconnected or was given up; 0 if there was no request.
      returned: always
      type: float
      sample: 0.2
"""
