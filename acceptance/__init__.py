# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Proof on real Windows: the acceptance tests, and the facts that the collection rests on. Nothing of it is shipped."""
