# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The report on a farm as a web page and as a table for spreadsheets: what it shows, and the files that it is written
to. The table in a terminal is in ``_farm``.
"""
