# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the collection costs, next to what else there is: ``make bench``.

The results are in docs/docsite/rst/performance.rst.
"""
