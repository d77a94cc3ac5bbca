# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options that select sessions; their argument spec is ARGUMENT_SPEC of plugin_utils/_selection.py."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  sessions:
    description:
      - Session IDs (V(12)) and session names (V(TERM04), V(rdp-tcp#3)), as C(query session) lists them.
      - A value of digits only is an ID, anything else a name. Names match whole and in any case; they take no
        wildcards.
      - A disconnected session has no name. Select it by its ID, by O(users) or by O(states).
      - Session 0, which runs the services of Windows, and listeners are never touched. Naming one here is an error.
    type: list
    elements: str
    aliases: [session]
  users:
    description:
      - Accounts whose sessions are meant.
      - V(alice) is an account of any domain, V(CONTOSO\\alice) that of one domain (by its NetBIOS name), V(.\\alice) a
        local account of the host.
      - V(*) stands for any text and V(?) for one character, before and after the backslash, as in V(CONTOSO\\temp-*).
        Case does not matter.
      - An account with several sessions is meant with all of them.
    type: list
    elements: str
    aliases: [user]
  states:
    description:
      - The states of the sessions that are meant; only sessions that have a user.
      - Accepted are V(active), V(connected), V(connect_query), V(shadow), V(disconnected), V(idle), V(reset), V(down)
        and V(init), in any case. See
        U(https://learn.microsoft.com/windows/win32/api/wtsapi32/ne-wtsapi32-wts_connectstate_class).
      - V(idle) is a state in which a session waits for a client. It does not mean that the user does nothing.
    type: list
    elements: str
    aliases: [state]
  all:
    description:
      - Every session that has a user, said explicitly.
      - Contradicts O(sessions), O(users) and O(states), which would narrow it.
    type: bool
    default: false
  exclude_users:
    description:
      - Accounts whose sessions are left alone, whatever else matches. Written as in O(users).
    type: list
    elements: str
  exclude_sessions:
    description:
      - Session IDs and names that are left alone, whatever else matches. Written as in O(sessions).
    type: list
    elements: str
notes:
  - At least one of O(sessions), O(users), O(states) and O(all) is required. These options narrow each other
    (C(and)); the values of one option widen it (C(or)); exclusions come last.
  - An empty list or an empty value is refused, because it is nearly always a variable that should have held something.
    A session or user that is both selected and excluded is refused too.
"""
