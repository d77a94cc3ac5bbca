# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One launch of a script on the host, and what is known after it. What is sent and what comes back is in ``_engine``;
when a launch is repeated because users have time to leave, in ``_grace``.
"""
