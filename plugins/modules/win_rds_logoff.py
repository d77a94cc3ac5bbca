# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

# The documentation. The action plugin of this name runs on the controller, and launches the .ps1 beside this file.

DOCUMENTATION = r"""
module: win_rds_logoff
short_description: Log users off a Remote Desktop Session Host
description:
  - Logs off the sessions that the options select, and waits until Windows no longer has them.
  - "Users lose what they have not saved. Microsoft advises to send a message first, see
    U(https://learn.microsoft.com/windows-server/administration/windows-commands/logoff): with O(grace) and O(message)
    they are warned, have time to save their work, and are logged off then. B(Without these two options nobody is
    warned.)"
  - One task is one launch on the host, a start of PowerShell. All logoffs are requested first and awaited together,
    so that the task takes as long as the slowest session. O(server) works on other servers in the same launch. With
    O(grace), each message, each look and the logoff are a launch of their own, and in between nothing is open on the
    host.
version_added: 1.0.0
options:
  grace:
    description:
      - How long users have, from the warning to the logoff. At once O(message) is shown to everybody who would be
        logged off; then the controller waits, and looks now and then who is still on. If nobody is left who would be
        logged off, it ends early.
      - At the end, only those are logged off who were warned, and whom the options still select. Who has left is
        V(already_gone); who does not match any more, such as somebody idle who came back to work, is V(spared).
        About those who log on meanwhile see O(newcomers).
      - Who could not be warned is not logged off, and the task fails at the end.
      - As long as more than an hour is left, there is a look every five minutes, and then one a minute at most.
      - Written as in O(idle_for), more than nothing. Needs O(message), unless O(at_deadline) is V(leave) or V(fail).
    type: str
  at_deadline:
    description:
      - What becomes of those who are still on at the end of O(grace).
      - V(logoff) logs them off.
      - V(leave) logs nobody off then. There is one more look, whoever is on is V(stayed), and RV(msg) names them. The
        task is ok, and changed only if O(disconnected_grace) has logged somebody off.
      - V(fail) does the same, and where somebody has stayed, the task fails.
      - With V(leave) and V(fail), O(message) may be left out; then nobody is told anything. What the message says is
        up to you, so let it promise no logoff. If the last look does not reach the host, the task fails, since it is
        not known who is on.
      - V(leave) and V(fail) need O(grace), and contradict O(newcomers=logoff). Who has logged on meanwhile is none of
        RV(sessions), and is named in RV(msg).
    type: str
    choices: [logoff, leave, fail]
    default: logoff
  disconnected_grace:
    description:
      - Logs those off before the end of O(grace) who have been disconnected for so long, by Windows' own time of the
        disconnection. Nobody who is connected is logged off before the end. Who comes back and disconnects again
        starts anew; where Windows does not know since when a session has been disconnected, it waits for the end.
      - The host reads the session, its state and the time right before the act, and whether the options still select
        it. A session that could not be logged off is not asked again before the end.
      - Within the last minutes of O(grace), as many as O(timeout) has, this is left to the logoff at the end, if there
        is one.
      - Written as in O(idle_for); V(0) is at once. One as long as O(grace) means those alone who were disconnected
        before the task began. Needs O(grace). Without O(message), nobody is told of it.
    type: str
  message:
    description:
      - What is shown to the users at the beginning of O(grace), and at each of O(reminders). C({user}) in it becomes
        the user's name without the domain, C({server}) the server's name, C({minutes}) the minutes that are left (at
        least 1), C({deadline}) the time of the logoff as C(HH:mm) of the server, C({reason}) the O(reason).
        Braces may stand for nothing else.
      - Needs O(grace). Empty text is as none, where O(at_deadline) allows that. To show a message and log nobody off,
        use M(winops.rds.win_rds_message).
    type: str
    aliases: [msg]
  message_title:
    description:
      - The title of the message, with the same placeholders. If it is not given, the server's name. Needs O(grace).
    type: str
    aliases: [title]
  reminders:
    description:
      - When O(message) is shown again; each is a time before the end, written as in O(idle_for), more than nothing
        and less than O(grace). Their order does not matter. Needs O(grace).
    type: list
    elements: str
  newcomers:
    description:
      - What to do about those who log on during O(grace) and whom the options select.
      - V(ignore) leaves them alone.
      - V(logoff) warns them at the next look, reminds them with the others, and logs them off at the end. Who comes
        after the last look is logged off without a warning. Needs O(grace).
    type: str
    choices: [ignore, logoff]
    default: ignore
  protect_console:
    description:
      - Whether the console session, that of the host's own screen and keyboard, is left alone.
      - While it is protected, naming it in O(sessions) is an error. Where another option selects it, it is reported
        with the result V(protected) and the task goes on.
      - On another O(server) it is known by its session name, V(console).
    type: bool
    default: true
  wait:
    description:
      - Whether to wait until the sessions have gone.
      - If V(false), the task ends once Windows has accepted the requests, and reports V(requested), never
        V(logged_off).
    type: bool
    default: true
  timeout:
    description:
      - How long to wait for a session to go, from the request on. O(on_timeout) says what comes then.
      - Written as in O(idle_for), or in seconds (V(90)); more than nothing.
      - If it is not given, two minutes. Contradicts O(wait=false).
    type: str
  on_timeout:
    description:
      - What to do about a session that is still there after O(timeout).
      - V(fail) reports it as V(timed_out), and the task fails. Windows goes on logging it off. What still runs in it is
        in RV(sessions[].running).
      - V(terminate) ends the user's processes in it, and waits O(timeout) once more. B(What these processes have not
        saved is lost.) Those of the system are left alone. What was ended is in
        RV(sessions[].ended_processes). Contradicts O(wait=false).
    type: str
    choices: [fail, terminate]
    default: fail
  max_parallel:
    description:
      - How many logoffs may be in flight on a server at a time; the next begins when one has ended. For hosts whose
        profile storage cannot take them all at once. At least 1.
      - If it is not given, all are requested at once. Contradicts O(wait=false).
    type: int
  reason:
    description:
      - Why, such as the number of a change. It stands in the event that the task leaves on the host, see
        RV(event_logged), and in O(message) and O(message_title) for C({reason}). One line, at most 200 characters.
      - Everybody who may read the Application log can read it, so it is no place for a secret.
    type: str
notes:
  - "To log off another user's session, the connecting account needs the Reset permission on it, see
    U(https://learn.microsoft.com/windows/win32/api/wtsapi32/nf-wtsapi32-wtslogoffsession). Where Windows refuses
    for want of a permission, the session is reported as V(denied)."
  - "For O(message), the account needs the Message permission as well, see
    U(https://learn.microsoft.com/windows/win32/api/wtsapi32/nf-wtsapi32-wtssendmessagew)."
  - With O(grace), each host of a play is waited for by a fork of its own. Where there are more hosts than forks, the
    next host is warned when one is done. Each item of a loop is waited for, one after the other.
  - During O(grace), progress is shown without C(-v). Ctrl-C then logs nobody off.
  - On MultiPoint Services this module does what MultiPoint Manager calls C(End) (a user's session) and
    C(Log off all stations).
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
  - module: ansible.windows.win_reboot
  - name: logoff
    description: The command of Windows, on Microsoft's pages.
    link: https://learn.microsoft.com/windows-server/administration/windows-commands/logoff
  - name: Logging users off
    description: What a task does.
    link: https://winops.github.io/rds/docsite/logoff.html
  - name: Which sessions match
    description: The rules of matching, in one table.
    link: https://winops.github.io/rds/docsite/matching.html
  - name: Other servers
    description: What the option server needs, and how its results look.
    link: https://winops.github.io/rds/docsite/other_servers.html
  - name: Faults
    description: What can go wrong, and what the task then reports.
    link: https://winops.github.io/rds/docsite/faults.html
author:
  - winops.rds contributors (@winops)
"""

EXAMPLES = r"""
- name: Log everybody off before maintenance, but for the service accounts
  winops.rds.win_rds_logoff:
    all: true
    exclude_users:
      - svc-*
      - CONTOSO\backup
    timeout: 10m

- name: Warn everybody, remind them twice, and log off who is left after a quarter of an hour
  winops.rds.win_rds_logoff:
    all: true
    grace: 15m
    reminders: [5m, 1m]
    message: |-
      {user}, {server} is going down for maintenance at {deadline}.
      You will be logged off in {minutes} min. Please save your work.

- name: Log off who has been idle for two hours, unless they come back to work within ten minutes
  winops.rds.win_rds_logoff:
    idle_for: 2h
    grace: 10m
    message: You have been idle for two hours and will be logged off in {minutes} min.
    message_title: "{server}: are you still there?"

- name: Empty the host, whoever logs on meanwhile
  winops.rds.win_rds_logoff:
    all: true
    grace: 30m
    reminders: [10m, 5m, 1m]
    message: Maintenance begins at {deadline}. Please save your work and log off.
    newcomers: logoff

- name: Let a shift leave by itself, end what it leaves disconnected, and fail if somebody is still on
  winops.rds.win_rds_logoff:
    all: true
    grace: 6h
    message: |-
      {user}, please log off from {server} by {deadline}.
      Sessions that are only disconnected end after half an hour.
    reminders: [1h, 15m]
    disconnected_grace: 30m
    at_deadline: fail

- name: Wait for two hours at most until everybody has left, and tell nobody
  winops.rds.win_rds_logoff:
    all: true
    grace: 2h
    at_deadline: leave
  register: waited

- name: Name those who are still on
  ansible.builtin.debug:
    msg: "{{ waited.sessions | selectattr('result', 'eq', 'stayed') | map(attribute='account') | list }}"

# At a prompt:
#   ansible rdsh -m winops.rds.win_rds_logoff -a "users=alice"
- name: Log one user off, wherever the session is
  winops.rds.win_rds_logoff:
    users: alice

- name: Log off session 12, and the session named TERM04
  winops.rds.win_rds_logoff:
    sessions:
      - 12
      - TERM04

- name: Log off sessions that their users left without logging off
  winops.rds.win_rds_logoff:
    states: disconnected

- name: Log off the disconnected sessions of one domain
  winops.rds.win_rds_logoff:
    users: CONTOSO\*
    states: disconnected

- name: Log off sessions from one network that had no input for two hours
  winops.rds.win_rds_logoff:
    idle_for: 2h
    clients: 10.1.0.0/16

- name: Log off sessions that have been disconnected for eight hours, unless a service account has them
  winops.rds.win_rds_logoff:
    disconnected_for: 8h
    exclude_users: svc-*

- name: Log off sessions of more than a day
  winops.rds.win_rds_logoff:
    logged_on_for: 1d

- name: Log off an account by its user principal name, and another by its SID
  winops.rds.win_rds_logoff:
    users:
      - alice@contoso.com
      - S-1-5-21-1004336348-1177238915-682003330-1001

# As `logoff` without arguments does for whoever types it.
- name: Log off the sessions of the account that Ansible connects with
  winops.rds.win_rds_logoff:
    sessions: current

# As `logoff 12 /server:RDSH02`.
- name: Log off session 12 of another server
  winops.rds.win_rds_logoff:
    sessions: 12
    server: RDSH02

- name: Log one user off a list of other servers
  winops.rds.win_rds_logoff:
    users: CONTOSO\alice
    server:
      - RDSH02
      - RDSH03
      - rdsh04.contoso.com
    server_timeout: 10s
  # The connection's credentials usually do not reach a second server; those of become do.
  become: true
  become_method: ansible.builtin.runas
  become_user: CONTOSO\farmadmin
  vars:
    ansible_become_password: "{{ farmadmin_password }}"

- name: Log everybody off, four at a time, and end the programs of sessions that hang
  winops.rds.win_rds_logoff:
    all: true
    timeout: 3m
    on_timeout: terminate
    max_parallel: 4

- name: Fail if one of two users has no session
  winops.rds.win_rds_logoff:
    users: [alice, bob]
    missing: fail

- name: Log off the user at the console, too
  winops.rds.win_rds_logoff:
    all: true
    protect_console: false

- name: Ask all to log off, and do not wait
  winops.rds.win_rds_logoff:
    all: true
    wait: false

- name: See who would be logged off
  winops.rds.win_rds_logoff:
    all: true
  check_mode: true
  register: preview

- name: Show them
  ansible.builtin.debug:
    msg: "{{ preview.sessions | map(attribute='account') | list }}"

- name: Log everybody off
  winops.rds.win_rds_logoff:
    all: true
    protect_console: false
  register: logoff

# A session that could not be logged off fails the task above, so that the host is not restarted. Whoever is excluded
# is still on.
- name: Restart the host
  ansible.windows.win_reboot:
  when: logoff.excluded | length == 0

- name: Tell who was logged off
  ansible.builtin.debug:
    msg: "{{ logoff.sessions | selectattr('result', 'eq', 'logged_off') | map(attribute='account') | list }}"
"""

RETURN = r"""
changed:
  description:
    - Whether Windows accepted the logoff of a session, or in check mode would be asked for one. This holds for a
      session that is then V(timed_out), too. A message is no change.
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
  sample: "3 sessions selected: 2 logged off, 1 protected."
summary:
  description: The number of sessions for each RV(sessions[].result) that there may be, 0 included.
  returned: when the host has answered
  type: dict
  sample:
    logged_off: 2
    protected: 1
deadline:
  description: >-
    When the grace period was or would be over, by the controller's clock, in ISO 8601 (UTC); null without O(grace).
  returned: when the host has answered
  type: str
  sample: '2026-11-21T22:15:00Z'
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
      description: Those of them that were not logged off.
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
        - V(logged_off) - Windows no longer has the session.
        - V(would_log_off) - check mode.
        - V(requested) - Windows accepted the logoff, and it was not awaited (O(wait=false)).
        - V(already_gone) - it went by itself, or its ID belongs to another logon now. Where an answer to the logoff at
          the end of a grace period was lost, the message says that it may have been logged off.
        - V(stayed) - it was still on at the end of O(grace), and O(at_deadline) leaves it alone. In check mode it is
          on, and nobody would log it off.
        - V(spared) - it no longer matched the options when its turn came.
        - V(protected) - the console (see O(protect_console)), session 0 or a listener.
        - V(denied) - the connecting account may not do this.
        - V(timed_out) - Windows still had the session after O(timeout), or its server stopped answering meanwhile.
          RV(sessions[].error) says whether Windows had accepted the logoff.
        - V(failed) - another error.
      returned: always
      type: str
      sample: logged_off
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
          sample: the connecting account may not do this (WTSLogoffSession)
        hint:
          description: What to do about it.
          returned: always
          type: str
          sample: >-
            Connect (or become) as an administrator; or grant Query Information and Reset, Disconnect or Message.
    elapsed_seconds:
      description: From the request until the session had gone or was given up; 0 if there was no request.
      returned: always
      type: float
      sample: 2.3
    warnings:
      description: How many messages Windows accepted for the session during O(grace); 0 without it.
      returned: always
      type: int
      sample: 3
    ended_processes:
      description: The processes that were ended because of O(on_timeout=terminate).
      returned: always
      type: list
      elements: dict
      contains:
        id:
          description: Process ID.
          returned: always
          type: int
          sample: 4711
        name:
          description: Name of its program.
          returned: always
          type: str
          sample: winword.exe
    running:
      description:
        - The names of the programs that still ran in a session that is V(timed_out), those that take most memory
          first, each once, and at most 20. Programs of Windows itself are named only where there are no others.
        - They are asked for once more after O(timeout), and only then. Null where nobody asked, and where they are not
          known - the account is no administrator there, say, or the host did not answer. That alone is no failure.
      returned: always
      type: list
      elements: str
      sample: [winword.exe, hung.exe]
"""
