# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

# Ansible finds the documentation, win_rds_logon_mode_info.yml, by this file. What runs is the action plugin of that
# name.
