# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A host in maintenance: what its engine is asked and tells, and the words for it. What stands on the host meanwhile,
which the logon mode's modules tell as well, is in ``_logon_mode``; the steps are those of the action plugin.
"""
