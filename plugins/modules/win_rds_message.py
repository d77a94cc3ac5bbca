# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

# The documentation. The action plugin of this name runs on the controller, and launches the .ps1 beside this file.

DOCUMENTATION = r"""
module: win_rds_message
short_description: Show a message to the users of a Remote Desktop Session Host
description:
  - Shows a message box in the sessions that the options select, in all of them at once, and does not wait until
    somebody has read it. With O(answer_timeout) it waits for the answers, and returns who answered what.
  - A message is no state of the host. So the task never reports a change, and each run shows the message again.
  - One task is one launch on the host, a start of PowerShell. O(server) works on other servers in the same launch.
version_added: 1.0.0
options:
  message:
    description:
      - The text. C({user}) in it becomes the user's name without the domain, C({server}) the server's name,
        C({reason}) the O(reason). Braces may stand for nothing else.
      - It may have several lines.
    type: str
    required: true
    aliases: [msg]
  title:
    description:
      - The title of the box, with the same placeholders as O(message).
    type: str
    default: '{server}'
    aliases: [message_title]
  icon:
    description:
      - The icon in the box. V(info) and V(warn) are taken, too.
    type: str
    choices: [none, error, question, warning, information]
    default: information
  show_for:
    description:
      - How long the message is shown, if nobody closes it. Written as in O(idle_for), or in seconds (V(90)); more
        than nothing, and rounded up to whole seconds.
      - If it is not given, the message stays until it is closed. Contradicts O(answer_timeout).
    type: str
  buttons:
    description:
      - The buttons of the box. If they are not given, V(ok). Only with O(answer_timeout).
    type: str
    choices: [ok, ok_cancel, abort_retry_ignore, yes_no_cancel, yes_no, retry_cancel]
  answer_timeout:
    description:
      - How long to wait for the users' answers; then the message disappears. All users are asked at the same time.
        Written as in O(idle_for), or in seconds (V(90)); more than nothing, and rounded up to whole seconds.
      - If it is not given, no answer is awaited.
      - O(server_timeout) does not count this time.
    type: str
  reason:
    description:
      - Why, such as the number of a change, for C({reason}) in O(message) and O(title). One line, at most 200
        characters.
      - A message changes nothing, so that there is no event of it on the host.
    type: str
notes:
  - "To send a message to another user's session, the connecting account needs the Message permission on it, see
    U(https://learn.microsoft.com/windows/win32/api/wtsapi32/nf-wtsapi32-wtssendmessagew). Where Windows refuses
    for want of a permission, the session is reported as V(denied)."
  - "Only the users of O(states=active) see the message at once. Who is disconnected should find it on coming back, if
    it is shown for so long; no page of Microsoft's says so, and that of C(msg) speaks of active sessions alone."
  - "V(sent) means that Windows took the message, and not that somebody has read it."
  - The console session gets the message like any other.
  - No answer is no failure of the task. Playbooks decide by RV(sessions[].answer).
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
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
  - name: msg
    description: The command of Windows, on Microsoft's pages.
    link: https://learn.microsoft.com/windows-server/administration/windows-commands/msg
  - name: The modules beside win_rds_logoff
    description: What each of them does, and its errors.
    link: https://winops.github.io/rds/docsite/modules.html
author:
  - winops.rds contributors (@winops)
"""

EXAMPLES = r"""
# At a prompt:
#   ansible rdsh -m winops.rds.win_rds_message -a "all=true message='Good morning, {user}.'"
# As `msg *`.
- name: Tell everybody
  winops.rds.win_rds_message:
    all: true
    message: "{user}, {server} will be restarted at 22:00. Please save your work."
    title: Maintenance
    icon: warning

# As `msg alice /time:60`.
- name: Tell one user, for a minute
  winops.rds.win_rds_message:
    users: CONTOSO\alice
    message: Your report is ready.
    show_for: 60

# As `msg * /w`, but all at the same time.
- name: Ask everybody who is working
  winops.rds.win_rds_message:
    states: active
    message: "May {server} be restarted now?"
    icon: question
    buttons: yes_no
    answer_timeout: 2m
  register: asked

- name: Tell who does not want it
  ansible.builtin.debug:
    msg: "{{ asked.sessions | selectattr('answer', 'eq', 'no') | map(attribute='account') | list }}"

- name: Go on only if nobody said no
  ansible.builtin.assert:
    that: asked.sessions | selectattr('answer', 'eq', 'no') | length == 0

# As `msg alice /server:RDSH02`.
- name: Tell a user of another server
  winops.rds.win_rds_message:
    users: alice
    server: RDSH02
    message: "Hello, {user}."
"""

RETURN = r"""
changed:
  description: Always V(false), because a message is no state of the host.
  returned: always
  type: bool
  sample: false
msg:
  description: The outcome in one sentence. If the task failed, which servers and sessions failed, why, what to do.
  returned: always
  type: str
  sample: "3 sessions selected: 2 answered, 1 did not answer."
summary:
  description: The number of sessions for each RV(sessions[].result) that there may be, 0 included.
  returned: when the host has answered
  type: dict
  sample:
    answered: 2
    no_answer: 1
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
  description: The selected sessions and what became of the message, on all servers.
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
        - V(sent) - Windows took the message.
        - V(would_send) - check mode.
        - V(answered) - the user pressed a button, see RV(sessions[].answer).
        - V(no_answer) - nobody did within O(answer_timeout).
        - V(already_gone) - it went by itself, or its ID belongs to another logon now.
        - V(spared) - it no longer matched the options when its turn came.
        - V(protected) - session 0 or a listener.
        - V(denied) - the connecting account may not do this.
        - V(timed_out) - its server stopped answering meanwhile.
        - V(failed) - another error.
      returned: always
      type: str
      sample: answered
    answer:
      description:
        - The button that the user pressed, as V(ok), V(cancel), V(abort), V(retry), V(ignore), V(yes) or V(no); null
          if none was pressed in time, and for a message that asks for no answer.
      returned: always
      type: str
      sample: "yes"
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
          sample: the connecting account may not do this (WTSSendMessage)
        hint:
          description: What to do about it.
          returned: always
          type: str
          sample: >-
            Connect (or become) as an administrator; or grant Query Information and Reset, Disconnect or Message.
    elapsed_seconds:
      description: From the request until the message was taken or answered; 0 if there was no request.
      returned: always
      type: float
      sample: 4.2
"""
