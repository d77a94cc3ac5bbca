# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What options are called by people who have not read their names: in other modules, in PowerShell, in ``quser``.

A name that can only mean one option is an alias of it, in the argument specs. These here are refused, because they may
mean more than one thing, or say it in another way; the message says what to write.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from ansible.module_utils.parsing.convert_bool import BOOLEANS

from .._words.wts import state_meant
from .choices import choice_meant
from .durations import Duration, is_duration
from .errors import OptionError
from .names import check_account, check_client, check_server, check_session

_EXAMPLE = re.compile(r"(?P<option>\w+)=\{(?P<value>[^}]*)\}")
_FREE_TEXTS = ("message", "message_title", "reason", "title")
_CHECKS: dict[str, Callable[[str], None]] = {
    "users": lambda value: check_account("users", value),
    "exclude_users": lambda value: check_account("exclude_users", value),
    "sessions": lambda value: check_session("sessions", value),
    "clients": check_client,
    "server": check_server,
}
_EACH_MEMBER = "alice,bob (each member, because a group has no session)"
_DURATIONS = "idle_for={1d}, disconnected_for={1d} or logged_on_for={1d}, by what is meant"

#: The option that a module has to have, what to write there, and the names. The first that fits counts. In braces
#: stands an example, where what was typed comes in its place if the option accepts it.
_NAMES: tuple[tuple[str, str, str], ...] = (
    ("exclude_users", f"exclude_users={_EACH_MEMBER}", "exclude_group exclude_groups skip_groups"),
    (
        "exclude_users",
        "exclude_users={alice}",
        "but but_not except except_for except_users exceptions excluded excluded_users excludes exclude exclude_name "
        "exclude_names exclude_admin exclude_admins exempt ignore ignore_user ignore_users ignored_users keep "
        "keep_user keep_users leave not not_user not_users omit_users protect protected_users protect_users skip "
        "skip_user skip_users spare spare_users whitelist allowlist without",
    ),
    (
        "exclude_users",
        "exclude_users=alice or exclude_sessions=12 (nothing else excludes)",
        "exclude_client exclude_clients exclude_protocol exclude_protocols exclude_server exclude_servers "
        "exclude_state exclude_states exclude_status exclude_locked exclude_idle",
    ),
    ("users", f"users={_EACH_MEMBER}", "ad_group ad_groups group groups member member_of members ou role"),
    ("users", r"users='CONTOSO\*'", "domain domains"),
    (
        "users",
        "users={alice}",
        "email login login_name logins logon logon_name person people recipient recipients samaccountname sid sids to "
        "upn user_id user_name user_names who whom",
    ),
    ("users", "users={alice} for a user, or sessions={TERM04} for a session's name", "name names"),
    ("all", "all=true", "all_sessions all_users any any_user every everybody everyone everything"),
    (
        "sessions",
        "sessions=current (those of the account that Ansible connects with)",
        "current current_session current_user me mine my_session my_sessions myself own self",
    ),
    ("sessions", "sessions={12}", "no nr number session_number tty unified_session_id winstation winstation_name"),
    (
        "idle_for",
        "idle_for={30m}",
        "idle idle_hours idle_limit idle_longer_than idle_min idle_mins idle_minutes idle_more_than idle_over "
        "idle_seconds idle_since idle_time idle_timeout inactive inactive_for inactivity max_idle max_idle_time "
        "idle_gt min_idle min_idle_time",
    ),
    ("states", "states=disconnected", "disconnected disc"),
    ("states", "states={active}", "active connection_state connectstate session_state session_states status"),
    (
        "disconnected_for",
        "disconnected_for={8h}",
        "disc_for disc_time disconnect_time disconnected_hours disconnected_longer_than disconnected_minutes "
        "disconnected_more_than disconnected_seconds disconnected_since disconnected_time max_disconnected",
    ),
    (
        "logged_on_for",
        "logged_on_for={1d}",
        "connected_for logged_in_for logged_in logged_on logged_on_since login_time logon_age logon_time max_age "
        "max_session session_age session_time uptime",
    ),
    ("idle_for", _DURATIONS, "days hours minutes age longer_than min_age more_than older older_than"),
    (
        "clients",
        "clients={PC-0815} (a name, an address or a network)",
        "address addresses client_addresses client_computer client_ip client_names client_workstation device from ip "
        "ips network networks pc source source_ip station subnet workstation workstations",
    ),
    (
        "server",
        "server={RDSH02} (seen from the host; the hosts of Ansible are those of the command or the play)",
        "computer computer_name computer_names computers host host_name host_server hosts machine node rdsh "
        "remote_host server_list server_name server_names session_host session_hosts target targets",
    ),
    (
        "grace",
        "grace={15m} and message='…'",
        "advance_warning countdown delay grace_minutes grace_period grace_seconds grace_time minutes_before notice "
        "notify notify_users pre_warn wait_minutes warn warn_minutes warn_users warning warning_minutes warning_time",
    ),
    (
        "at_deadline",
        "at_deadline=leave or at_deadline=fail (with grace)",
        "after_grace at_end deadline_action on_deadline on_expiry on_grace_end then",
    ),
    (
        "disconnected_grace",
        "disconnected_grace={30m} (with grace)",
        "disconnect_grace disconnected_after grace_disconnected log_off_disconnected_after",
    ),
    (
        "grace",
        "grace=15m and message='…' (how long users have; at_deadline says what becomes of those who stay)",
        "after at before by deadline end end_time in logoff_at time until when",
    ),
    ("reminders", "reminders=5m,1m", "interval remind remind_at reminder repeat"),
    (
        "on_timeout",
        "on_timeout=terminate to end what keeps a session from ending, or leave it out",
        "end_processes force force_logoff forced hard kill kill_processes terminate timeout_action",
    ),
    (
        "show_for",
        "show_for={1m}, or answer_timeout={1m} to wait for an answer",
        "close_after display_time duration seconds show show_time time timeout timeout_seconds wait",
    ),
    (
        "timeout",
        "timeout={3m}",
        "logoff_timeout max_wait time_out timeout_minutes timeout_sec timeout_seconds wait_for wait_seconds "
        "wait_time wait_timeout",
    ),
    ("server_timeout", "server_timeout={30s}", "rpc_timeout timeout timeout_seconds"),
    ("wait", "wait=false", "async background no_wait"),
    ("wait", "wait=true", "wait_for_logoff wait_until_gone"),
    (
        "max_parallel",
        "max_parallel={4}",
        "at_once batch batch_size concurrency forks max_concurrent parallel serial throttle",
    ),
    (
        "missing",
        "missing=ignore or missing=fail",
        "fail_if_missing fail_on_missing if_missing ignore_missing ignore_not_found missing_ok must_exist not_found",
    ),
    ("unknown_exclusions", "unknown_exclusions=ignore", "ignore_unknown ignore_unknown_exclusions"),
    (
        "protect_console",
        "protect_console=false to include the console, or true to leave it alone",
        "console exclude_console ignore_console include_console keep_console log_off_console protected skip_console "
        "spare_console",
    ),
    ("protocols", "protocols=console", "console"),
    ("locked", "locked=true", "is_locked lock lock_state screen_locked"),
    ("locked", "locked=false", "unlocked"),
    (
        "message",
        "message={'…'}",
        "body content message_body message_text messages msg_text notification text warn_message warning_message words",
    ),
    ("title", "title={'…'}", "caption header heading msg_title subject"),
    ("message_title", "message_title={'…'}", "caption header heading msg_title subject"),
    ("icon", "icon={warning}", "level severity style type"),
    ("buttons", "buttons=yes_no with answer_timeout", "answer answers button choices"),
    (
        "keep_closed",
        "state=entered or state=exited",
        "action enter entered exit exited maintenance maintenance_mode maintenance_state present",
    ),
    ("mode", "mode=drain", "drain draining drainuntilrestart drain_mode drain_until_restart maintenance"),
    ("mode", "mode=disabled or mode=enabled", "disable disabled enable enabled accept_logons logons accepts_logons"),
    (
        "reason",
        "reason={'CHG-4711 patching'}",
        "because cause change change_id change_number comment description justification note rfc ticket ticket_id "
        "ticket_number why",
    ),
    (
        "processes",
        "processes=true",
        "applications apps include_processes memory process programs show_processes tasks with_processes",
    ),
    (
        "mode",
        "mode={drain} (or enabled, disabled, drain_until_restart)",
        "change_logon logon logon_mode logonmode new_connections new_connection_allowed state status value",
    ),
)

#: What belongs to another module, or to Ansible.
_ELSEWHERE = (
    (
        "write it in the task beside the module, or after the quotes of -a",
        "become become_user ignore_errors register run_as tags verbose when",
    ),
    (
        "give it to the connection, as ansible_user and ansible_password of the inventory",
        "credential credentials password",
    ),
    (
        "no broker is asked: the hosts of the play are the session hosts themselves",
        "broker collection collection_name connection_broker",
    ),
    (
        "run the command with --check, or give the task check_mode: true",
        "check check_mode dry_run dryrun no_op noop preview simulate test what_if whatif",
    ),
    ("let a task of ansible.windows.win_reboot follow", "reboot restart shutdown"),
    ("let a task of winops.rds.win_rds_message come before", "message message_title msg text title"),
    (
        "use winops.rds.win_rds_logoff, which has grace and on_timeout",
        "at_deadline countdown deadline delay disconnected_grace grace grace_minutes grace_period newcomers on_timeout "
        "reminders warn warning",
    ),
    ("use winops.rds.win_rds_session_info, which has processes", "apps memory process processes programs"),
    (
        "use the playbook winops.rds.who_is_on, or winops.rds.show_sessions, which has it",
        "idle_limit mask order order_by report sort sort_by",
    ),
    ("use winops.rds.win_rds_maintenance, which has it", "keep_closed"),
    ("leave it out: the module does it without asking", "action confirm force logoff quiet yes"),
    ("give the command --limit RDSH01", "limit"),
    ("use winops.rds.win_rds_logon_mode, which sets it", "drain drain_mode mode logon_mode"),
)


def written_here(name: str, spec: Mapping[str, Mapping[str, Any]], value: Any = None) -> str:
    """Return what to do instead of giving an unknown option; "" where nobody knows.

    :param spec: the options of the module.
    :param value: what was given for it.
    """
    bare = _bare(name)
    if bare in map(_bare, spec):
        return ""
    here = (f"write {written}" for option, written, names in _NAMES if option in spec and bare in _bare(names).split())
    elsewhere = (written for written, names in _ELSEWHERE if bare in _bare(names).split())
    return _EXAMPLE.sub(lambda found: _filled(found, spec, value), next(here, "") or next(elsewhere, ""))


def _filled(example: re.Match[str], spec: Mapping[str, Mapping[str, Any]], value: Any) -> str:
    """An option with what was given, or with the example."""
    text = str(value).strip() if isinstance(value, (str, int)) and not isinstance(value, bool) else ""
    name = example["option"]
    # At a prompt, quotes and backslashes would have to be escaped.
    if not text or set(text) & {"'", "\\"} or not _accepts(name, spec.get(name, {}), text):
        return f"{name}={example['value']}"
    return f"{name}='{text}'" if re.search(r"\s", text) else f"{name}={text}"


def _accepts(name: str, option: Mapping[str, Any], text: str) -> bool:
    if isinstance(option.get("type"), Duration):
        return is_duration(text)
    if name in _FREE_TEXTS:
        return True
    if name == "states":
        return state_meant(text) is not None
    if option.get("type") == "int":
        return text.isdigit()
    try:
        if "choices" in option:
            return choice_meant(option, text) in option["choices"]
        if text.lower() in BOOLEANS:
            return False
        for each in text.split(","):
            _CHECKS[name](each.strip())
    except OptionError:
        return False
    return True


def _bare(names: str) -> str:
    return re.sub("[_-]", "", names).lower()
