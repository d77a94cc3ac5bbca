# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The acceptance tests without a Windows: a simulated host in the role of a real one, and programs that log on to it.

What is rehearsed does not know: it finds another ``xfreerdp`` and another ``Xvfb`` on PATH.
"""
