# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The grace period of a logoff: its options, when what comes, who was warned and is still on, the period itself, and
the host that is let go between two steps. The logoff at its end is the same request as without a grace period.
"""
