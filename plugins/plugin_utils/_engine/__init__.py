# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What goes over the wire to the C# on the host and comes back: the acts, a class for each request, and the report,
which is checked before anything else sees it. Nothing here knows Ansible, or words for people: those are in
``_result``.
"""
