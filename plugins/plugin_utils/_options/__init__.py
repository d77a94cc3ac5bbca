# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From what was typed to values that are known to be sound, or an OptionError. Nothing here contacts a host.

``given`` does this for a task's options as a whole, ``selection`` for those that say which sessions are meant,
``names``, ``choices`` and ``message`` for single values. What was probably meant by what is refused is in ``free_form``
and ``other_names``. The options of a grace period are in ``_grace``, those of one module in
its action plugin.
"""
