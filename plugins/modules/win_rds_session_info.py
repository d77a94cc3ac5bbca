# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

# The documentation. The action plugin of this name runs on the controller, and launches the .ps1 beside this file.

DOCUMENTATION = r"""
module: win_rds_session_info
short_description: Tell which sessions a Remote Desktop Session Host has
description:
  - Returns the sessions that the options select, with everything that Windows tells about them.
  - Without any option that selects, it returns every session that has a user. Session 0, a listener or a bare logon
    screen is returned if O(sessions) names it by its ID or name.
  - One task is one launch on the host, a start of PowerShell. O(server) asks other servers in the same launch, side
    by side.
version_added: 1.0.0
options:
  processes:
    description:
      - Tells which programs run in each session, too, in RV(sessions[].processes), and how much memory they take. It is
        one more call for each server, and takes more bytes to the host; without it a task sends and does nothing more.
      - B(Other people's programs take a member of the Administrators group), whatever permissions on sessions the
        account has. Where Windows refuses, or tells of no program in a session, they are null and
        RV(sessions[].processes_error) says why. The task warns then, and has not failed.
    type: bool
    default: false
  reason:
    description:
      - Why, such as the number of a change. Nothing is made of it here; so C(group/winops.rds.rds) in
        C(module_defaults) may say it for a whole play.
    type: str
notes:
  - It changes nothing, so that check mode is no different.
  - A session that goes while it is looked at is not returned.
  - "Needs the permission Query Information on the sessions of other users, see
    U(https://learn.microsoft.com/windows/win32/termserv/terminal-services-permissions). A session about which
    Windows refuses to tell is returned as V(denied), with what the list of sessions tells, and the task fails at its
    end. It fails, too, when a server could not be asked, and with O(missing=fail) when a value matches no session."
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
extends_documentation_fragment:
  - winops.rds.session_selection
  - winops.rds.session_module
  - winops.rds.windows_module
  - ansible.builtin.action_common_attributes
  - ansible.builtin.action_common_attributes.flow
seealso:
  - module: winops.rds.win_rds_disconnect
  - module: winops.rds.win_rds_logoff
  - module: winops.rds.win_rds_message
  - name: query session
    description: The command of Windows, on Microsoft's pages.
    link: https://learn.microsoft.com/windows-server/administration/windows-commands/query-session
  - name: The modules beside win_rds_logoff
    description: What each of them does, and its errors.
    link: https://winops.github.io/rds/docsite/modules.html
  - name: Which sessions match
    description: The rules of matching, in one table.
    link: https://winops.github.io/rds/docsite/matching.html
author:
  - winops.rds contributors (@winops)
"""

EXAMPLES = r"""
# At a prompt:
#   ansible rdsh -m winops.rds.win_rds_session_info
- name: See who is on
  winops.rds.win_rds_session_info:
  register: found

- name: Tell them, with what they are doing
  ansible.builtin.debug:
    msg: "{{ item.account }} is {{ item.state }}, idle for {{ item.idle_seconds }} s"
  loop: "{{ found.sessions }}"
  loop_control:
    label: "{{ item.id }}"

# As `quser alice`.
- name: Find the sessions of one user on a list of servers
  winops.rds.win_rds_session_info:
    users: CONTOSO\alice
    server: [RDSH02, RDSH03]

- name: See who has been disconnected for eight hours
  winops.rds.win_rds_session_info:
    disconnected_for: 8h

- name: See what runs in the sessions of one user
  winops.rds.win_rds_session_info:
    users: alice
    processes: true
  register: of_alice

- name: Tell the three programs that take most memory
  ansible.builtin.debug:
    msg: "{{ item.processes[:3] | map(attribute='name') | join(', ') }}"
  loop: "{{ of_alice.sessions | selectattr('processes') }}"
  loop_control:
    label: "{{ item.id }}"

# As `query session`, which lists them too.
- name: Look at the listener and at the services' session
  winops.rds.win_rds_session_info:
    sessions: [rdp-tcp, 0]

- name: See who is on, but for the service accounts
  winops.rds.win_rds_session_info:
    exclude_users: svc-*
  register: people

- name: Say that somebody is still on
  ansible.builtin.debug:
    msg: "{{ people.msg }}"
  when: people.sessions | length > 0
"""

RETURN = r"""
changed:
  description: Always V(false), because nothing is changed.
  returned: always
  type: bool
  sample: false
msg:
  description:
    - Which sessions there are, in one sentence. If the task failed, which servers and sessions failed, why, what to
      do.
  returned: always
  type: str
  sample: "3 sessions selected: 2 active, 1 disconnected."
summary:
  description:
    - The number of sessions for each RV(sessions[].state), 0 included. One about which Windows refused to tell counts
      for its RV(sessions[].result).
  returned: when the host has answered
  type: dict
  sample:
    active: 2
    disconnected: 1
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
sessions:
  description: The selected sessions of all servers.
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
        - V(listed) - as Windows tells it.
        - V(denied) - the connecting account may not see more than this.
        - V(failed) - another error; the rest is not known.
      returned: always
      type: str
      sample: listed
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
          sample: the connecting account may not do this (WTSQuerySessionInformation)
        hint:
          description: What to do about it.
          returned: always
          type: str
          sample: >-
            Connect (or become) as an administrator; or grant Query Information and Reset, Disconnect or Message.
    elapsed_seconds:
      description: V(0), because nothing was asked of the session. Other modules return here how long that took.
      returned: always
      type: float
      sample: 0.0
    processes:
      description:
        - The programs that run in the session, those of Windows itself included. The one that takes most memory comes
          first, and at most 1,000 are listed.
        - Null where they are not known, and never empty for a session. RV(sessions[].processes_error) says why.
      returned: with O(processes=true)
      type: list
      elements: dict
      contains:
        name:
          description:
            - Name of its file, without the folder. Whoever has started the program may have chosen it; a filter such as
              P(winops.rds.displayable#filter) makes it fit to be shown.
          returned: always
          type: str
          sample: winword.exe
        pid:
          description: Process ID.
          returned: always
          type: int
          sample: 4711
        memory_bytes:
          description:
            - Its working set. Windows tells it with 32 bits, so that it is not right for a program with 4 GiB and more.
          returned: always
          type: int
          sample: 268435456
        threads:
          description: How many threads it has.
          returned: always
          type: int
          sample: 24
    process_count:
      description: How many programs run in the session, also beyond those listed; null where that is not known.
      returned: with O(processes=true)
      type: int
      sample: 31
    memory_bytes:
      description:
        - The sum of all their working sets; null where it is not known. Memory that several programs share is counted
          for each of them.
      returned: with O(processes=true)
      type: int
      sample: 912680960
    processes_error:
      description: >-
        Why the programs are not known, in the form of RV(sessions[].error); null where they are.
      returned: with O(processes=true)
      type: dict
      sample: null
"""
