# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Many hosts as one: what callbacks are told of a run, and the table of all sessions of a farm."""
