# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

# The documentation. The action plugin of this name runs on the controller, and that is all.

DOCUMENTATION = r"""
module: show_sessions
short_description: Show the sessions of all hosts of a play as one table, and write a report of them
version_added: 1.0.0
description:
  - Prints what the hosts of a play have registered from M(winops.rds.win_rds_session_info), or another module of this
    collection that works on sessions, as one table, as C(quser) does for one host. The servers that could not be
    asked are named at its end.
  - Works on the controller, and contacts no host. Use it with C(run_once).
  - The table is as wide as the terminal at most. Where the output is no terminal it is as wide as it has to be; the
    environment variable E(COLUMNS) sets another width.
  - Names are shown as by the filter P(winops.rds.displayable#filter).
options:
  registered:
    description:
      - The variables in which each host of the play registered its results. The first is of a module that works on
        sessions. Another may be of M(winops.rds.win_rds_logon_mode_info), which tells of hosts in maintenance; for a
        report also of M(winops.rds.win_rds_logon_mode).
      - Of a loop, the results of its items are taken. A variable that no host has is an error.
    type: list
    elements: str
    required: true
  sort:
    description:
      - The column by which the table is sorted. Of V(idle), who has been idle for longest comes first; of
        V(logged_on), who has been on for longest; of V(memory), who takes most. What is not known comes last.
      - Memory is known of what M(winops.rds.win_rds_session_info) returned with
        O(winops.rds.win_rds_session_info#module:processes=true). The table and the report name the programs that take
        most of it then.
    type: str
    choices: [server, account, state, idle, logged_on, client, memory]
    default: server
  report:
    description:
      - A page to write on the controller, such as V(farm.html), with the same as CSV beside it. It needs no network.
        C(%Y-%m-%d) and the like, as in C(strftime), stand for the time when it is written.
      - It is written in check mode, too. The files can be read by nobody but who has made them.
    type: str
  title:
    description: The title of the page.
    type: str
    default: Who is on
  idle_limit:
    description: The page counts the sessions that have been idle for so long. A duration with its unit.
    type: str
    default: 2h
  mask:
    description:
      - Leaves names of people, computers and programs, and addresses, out of the report. Names of servers stay.
      - Without it, they can be hidden in the browser; the file still holds them then.
    type: bool
    default: false
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  platform:
    platforms: all
  action:
    support: full
  async:
    support: none
  bypass_host_loop:
    support: none
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
  - ansible.builtin.action_common_attributes.flow
seealso:
  - module: winops.rds.win_rds_session_info
  - plugin: winops.rds.session_report
    plugin_type: callback
  - plugin: winops.rds.session_report
    plugin_type: filter
author:
  - winops.rds contributors (@winops)
"""

EXAMPLES = r"""
# The playbook winops.rds.who_is_on does this.
- name: Ask the hosts
  winops.rds.win_rds_session_info:
  register: found

- name: Show who has been idle for longest
  winops.rds.show_sessions:
    registered: found
    sort: idle
  run_once: true

- name: Ask the hosts what runs in the sessions
  winops.rds.win_rds_session_info:
    processes: true
  register: heavy

- name: Show who takes most memory
  winops.rds.show_sessions:
    registered: heavy
    sort: memory
  run_once: true

- name: Write a report without names
  winops.rds.show_sessions:
    registered: found
    report: /srv/reports/%Y-%m-%d.html
    mask: true
  run_once: true
"""

RETURN = r"""
files:
  description: The page and the CSV that were written.
  returned: always
  type: list
  elements: str
  sample: [farm.html, farm.csv]
msg:
  description: How many sessions there are, in which states, on how many servers.
  returned: always
  type: str
  sample: "7 sessions on 3 servers: 4 active, 3 disconnected."
"""
