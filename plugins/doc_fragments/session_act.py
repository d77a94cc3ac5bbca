# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What holds for every module that does something to the sessions it selects."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options: {}
notes:
  - At least one of O(sessions), O(users), O(states), O(idle_for), O(disconnected_for), O(logged_on_for), O(clients),
    O(protocols), O(locked) and O(all) is required.
  - Session 0, which runs the services of Windows, and listeners are never touched. Naming one in O(sessions) is an
    error.
  - "A session is its ID, its account and its logon time. All three are read again immediately before anything is done
    to it, so that an ID which now belongs to somebody else is left alone."
  - A session that fails stops no other. The task fails at the end, with every session in RV(sessions).
  - "A task fails when a session is V(denied), V(timed_out) or V(failed), when one named in O(sessions) by its ID or
    name is V(protected), and when a server could not be dealt with. A value that matches no session is a failure
    only with O(missing=fail)."
"""
