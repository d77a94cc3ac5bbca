# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What values are called and how they are shown: durations, the names and times of Windows' session API, text from a
host made fit for a terminal, tables. Nothing here knows a task, a request or a result.
"""
