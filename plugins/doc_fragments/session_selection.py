# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options that select sessions; their argument spec is ARGUMENT_SPEC of plugin_utils/_options/selection.py."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  sessions:
    description:
      - Session IDs (V(12)), session names (V(TERM04), V(rdp-tcp#3)), as C(query session) lists them, and V(current).
      - A value of digits only is an ID, V(current) the sessions of the account that the task runs as (the one that
        Ansible connects with, or C(become_user)), anything else a name. Names match whole and in any case;
        they take no wildcards.
      - A disconnected session has no name. Select it by its ID, by O(users) or by O(states).
      - Records of sessions are taken, too, as the modules return them, such as C("{{ found.sessions }}") or, in a loop,
        C("{{ item }}"). Each means exactly that logon, by its server, ID, account and logon time. If that has ended,
        the result is V(already_gone), whoever has the ID now. A record of another host than the task works on is an
        error, and nobody is touched.
      - A record whose C(result) is V(spared) or V(excluded) is of somebody whom an earlier task has left alone. They
        are not logged off or disconnected by it, and a warning says so.
      - An ID and a name are those of another session on each server, so that they are refused where O(server) names
        several.
    type: list
    elements: raw
    aliases: [session, id, ids, session_id, session_ids, session_name, session_names]
  users:
    description:
      - Accounts whose sessions are meant.
      - V(alice) is an account of any domain, V(CONTOSO\\alice) that of one domain (by its NetBIOS name), V(.\\alice),
        or V(localhost\\alice), a local account of the host (or of each O(server)).
      - V(*) stands for any text and V(?) for one character, before and after the backslash, as in V(CONTOSO\\temp-*).
        Case does not matter. V(*) alone is refused, see O(all).
      - V(alice@contoso.com) (a user principal name) and a SID (V(S-1-5-21-1004336348-1177238915-682003330-1001)) are
        looked up by the host that Ansible connects to, and so is V(contoso.com\\alice), an account by the DNS name of
        its domain. They take no wildcards. One that does not exist matches nothing. If the look-up itself fails, so
        does the task, and no session is touched.
      - A text that can be no account is refused, as one with C(/) or a character that is not seen. The rules are in
        U(https://winops.github.io/rds/docsite/matching.html#what-is-refused).
      - A number needs quotes, because YAML makes 5349 of V(0012345).
      - An account with several sessions is meant with all of them.
    type: list
    elements: str
    aliases: [user, username, usernames, account, accounts]
  states:
    description:
      - The states of the sessions that are meant; only sessions that have a user.
      - V(down), V(init) and V(reset) also mean sessions that have lost their user, as stuck ones have. Services,
        listeners and logon screens are never meant.
      - Accepted are V(active), V(connected), V(connect_query), V(shadow), V(disconnected), V(idle), V(reset), V(down)
        and V(init), in any case. See
        U(https://learn.microsoft.com/windows/win32/api/wtsapi32/ne-wtsapi32-wts_connectstate_class).
      - They are taken as C(quser) prints them (V(Disc), V(Conn)), too, also in other languages (V(Getr.), V(Actif)).
      - V(idle) is a state in which a session waits for a client. It does not mean that the user does nothing, see
        O(idle_for).
    type: list
    elements: str
    aliases: [state]
  idle_for:
    description:
      - Sessions without input for at least this long, by the clock of the host that has the session.
      - With units (V(30s), V(15m), V(2h), V(1d 4h), V(2 hours), V(10 min); also weeks) or in ISO 8601 (V(PT30M)); more
        than nothing, and at most 366 days. What can mean nothing else is taken, too (V(1h30), V(1,5h), V(half an hour),
        V(2 Stunden), V(1+02:30)).
      - A number alone is refused, because it may be seconds or minutes. C(quser) shows V(2:00) for two hours, and YAML
        takes that for the number 120. So is V(30M), because a capital M that comes first may be months, and V(1.30h),
        which may be an hour and a half.
      - A session is left out where Windows does not know its last input. So is the console session, whose idle time is
        not to be relied on.
    type: str
  disconnected_for:
    description:
      - Sessions that are disconnected, and have been for at least this long. Written as in O(idle_for).
    type: str
  logged_on_for:
    description:
      - Sessions whose users logged on at least this long ago. Written as in O(idle_for).
    type: str
  clients:
    description:
      - The client computers of the sessions that are meant.
      - A name (V(PC-0815)), in which V(*) and V(?) are wildcards and case does not matter; an address (V(192.0.2.15),
        V(2001:db8::15)) or a network (V(10.1.0.0/16) or V(10.1.*), V(2001:db8::/32)). Another address with wildcards
        is refused; give the network.
      - A session is left out where Windows does not tell what its client is.
      - The client itself reports its name and address. Behind NAT it is another than the one that connects, and through
        a Remote Desktop Gateway there may be none. Do not take it for a proof of where somebody is.
    type: list
    elements: str
    aliases: [client, client_name, client_address]
  protocols:
    description:
      - The protocols of the sessions that are meant, V(console), V(rdp) or V(ica), in any case.
      - A disconnected session has none.
    type: list
    elements: str
    aliases: [protocol]
  locked:
    description:
      - Whether the sessions that are meant are locked (V(true)) or not (V(false)).
      - A session is left out in both cases where Windows does not tell whether it is locked.
    type: bool
  all:
    description:
      - Every session that has a user, said explicitly. Other options narrow it, as they narrow each other.
    type: bool
    default: false
  exclude_users:
    description:
      - Accounts whose sessions are left alone, whatever else matches. Written as in O(users).
      - A name without wildcards that fits no session is looked up by the host that Ansible connects to (a local account
        by the host that has it). What names no account, or a group, or an account that Windows writes in other letters
        (with its accents), stops the task before anybody is touched or warned, see O(unknown_exclusions).
    type: list
    elements: str
    aliases: [exclude_user, exclude_username, exclude_account]
  exclude_sessions:
    description:
      - Session IDs, session names and V(current), which are left alone, whatever else matches. Written as in
        O(sessions), records included. The sessions of a user whose name is given here are left alone, too.
    type: list
    elements: raw
    aliases: [exclude_session, exclude_id, exclude_ids, exclude_session_id]
  unknown_exclusions:
    description:
      - What to do if a value of O(exclude_users) fits no session and is the name of no account, or of a group, or of an
        account that Windows writes in other letters.
      - V(fail) stops the task before anybody is touched or warned, because it may be somebody's name, misspelt.
      - V(ignore) looks nobody up. RV(unused_exclusions) names the values that fitted nobody.
    type: str
    choices: [fail, ignore]
    default: fail
  missing:
    description:
      - What to do if a value of O(sessions) or O(users) matches no session of any server.
      - V(ignore) names it in RV(not_found), because the state that was asked for holds already.
      - V(fail) makes the task fail at its end; what does match is dealt with before.
    type: str
    choices: [ignore, fail]
    default: ignore
  server:
    description:
      - Names or addresses of other Remote Desktop Session Hosts, whose sessions are meant instead of those of the
        host that Ansible connects to. They are reached from there by RPC, side by side, in the same launch.
      - To mean the host's own sessions as well, name it too.
      - One that fails is reported in RV(servers) and makes the task fail at its end; the others are dealt with.
      - What it needs (rights, firewall, credentials for the second hop) is told in
        U(https://winops.github.io/rds/docsite/other_servers.html).
    type: list
    elements: str
    aliases: [servers]
  server_timeout:
    description:
      - How long to wait for a server that does not answer a call of the Windows API, the host itself included. Written
        as in O(idle_for), or in seconds (V(90)); more than nothing.
      - Once it is over for a call about one session, that session is reported with an error that has no C(code),
        and the others are done. After three such calls, or one about the server, nothing more is asked of that server.
    type: str
    default: 30s
notes:
  - The options that select sessions narrow each other (C(and)); the values of one option widen it (C(or)); exclusions
    come last. The rules in one table are in U(https://winops.github.io/rds/docsite/matching.html).
  - An empty list in O(sessions), O(users), O(states), O(clients), O(protocols) or O(server) selects nobody, whatever
    else is given. The task is done then, no host is asked, and every list of the result is empty. In O(exclude_users)
    and O(exclude_sessions) it is refused, because it is nearly always a variable that should have held somebody; if
    nobody is meant to be spared, leave the option out, in a template with V(default(omit, true\)). Null and empty text
    are refused in what selects and excludes, and so is a session or user that is both selected and excluded. Beside
    other values, an empty one in what selects is left out.
  - A list may be text, with commas or semicolons (V(alice,bob)) or as JSON (V(["alice","bob"])). A choice may be in any
    case.
"""
