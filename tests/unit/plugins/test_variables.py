# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which variables are taken for misspelt ones, and which are somebody else's."""

from __future__ import annotations

from importlib import import_module

import pytest
from ansible_collections.winops.rds.plugins.filter.shorter_than import shorter_than
from ansible_collections.winops.rds.plugins.plugin_utils._options.variables import OPTIONS, misspelt

ROLE = ("maintenance_grace", "maintenance_exclude_users", "maintenance_idle_for", "maintenance_mode")
PLAYBOOK = ("target", "disconnected_for", "exclude_users")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("maintenance_exclude_user", "maintenance_exclude_users"),
        ("maintenance_exlcude_users", "maintenance_exclude_users"),
        ("Maintenance_Exclude_Users", "maintenance_exclude_users"),
        ("maintainance_grace", "maintenance_grace"),
        ("maintenance_window", ""),  # like none, and of the role all the same
        # Of other owners
        ("app_maintenance_mode", None),
        ("exclude_users", None),
        ("idle_for", None),
        ("_maintenance_closing", None),
    ],
)
def test_variables_of_the_role(name: str, meant: str | None) -> None:
    assert misspelt([name], [], ROLE, "maintenance_").get(name) == meant


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("exclude_users", "maintenance_exclude_users"),
        ("idle_for", "maintenance_idle_for"),
        ("kb", None),
        ("ansible_port", None),
    ],
)
def test_variables_that_were_typed_for_the_role(name: str, meant: str | None) -> None:
    assert misspelt([name], [name], ROLE, "maintenance_").get(name) == meant


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("disconected_for", "disconnected_for"),
        ("exclude_user", "exclude_users"),
        ("excluded_users", "exclude_users"),
        ("exclude", "exclude_users"),
        ("exclude_accounts", "exclude_users"),
        ("maintenance_exclude_users", "exclude_users"),
        ("targets", "target"),
        ("target_hosts", "target"),
        ("hosts", "target"),
        ("limit", "target"),
        ("ansible_user", None),
        ("vault_password", None),
    ],
)
def test_variables_that_were_typed_for_a_playbook(name: str, meant: str | None) -> None:
    assert misspelt([name], [name], PLAYBOOK).get(name) == meant


#: What Ansible itself defines, and an inventory for Windows.
USUAL = (
    *("ansible_user", "ansible_host", "ansible_port", "ansible_connection", "ansible_winrm_transport"),
    *("inventory_hostname", "inventory_file", "inventory_dir", "group_names", "groups", "hostvars", "playbook_dir"),
    *("play_hosts", "ansible_play_hosts", "role_path", "role_name", "omit", "environment", "vars", "users", "server"),
)  # fmt: skip


def test_usual_variables_are_nobodys_slip() -> None:
    assert misspelt(USUAL, [], PLAYBOOK) == misspelt(USUAL, [], ROLE, "maintenance_") == {}


def test_durations_that_are_shorter() -> None:
    assert shorter_than(["5m", "1m"], "2m") == ["1m"]
    assert shorter_than(["5m", "1m"], "1m") == []
    for no_duration in (None, "", "soon", "none", 90):
        assert shorter_than(["5m", "1m"], no_duration) == ["5m", "1m"]


ACTIONS = ("disconnect", "logoff", "logon_mode", "maintenance", "message", "session_info")


def test_options_that_are_known_are_those_of_the_modules() -> None:
    modules = [*(f"win_rds_{name}" for name in ACTIONS), "show_sessions"]
    specs = [
        import_module(f"ansible_collections.winops.rds.plugins.action.{module}").ActionModule.ARGUMENT_SPEC
        for module in modules
    ]
    spelt = {name for spec in specs for option, how in spec.items() for name in (option, *how.get("aliases", ()))}
    assert spelt == {*OPTIONS}
