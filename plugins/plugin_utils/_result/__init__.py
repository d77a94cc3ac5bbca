# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From a report to the result of a task: the records of sessions, the errors of Windows in plain words, the sentences
of messages, of ``-v`` and of ``--diff``. Nothing here decides what is done.
"""
