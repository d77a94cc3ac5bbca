# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What somebody types who has not read the documentation, and what comes of it.

Each attempt stands beside what is meant by it. What is *taken* is the same task as that. What is *refused* names in its
message whatever is new in it, and it works. A text is typed at a prompt after ``-a``; ``{…}`` is a task's options in
YAML.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml
from ansible.parsing.splitter import parse_kv

LOGOFF, DISCONNECT, MESSAGE, INFO, LOGON_MODE, LOGON_MODE_INFO = (
    f"winops.rds.win_rds_{name}"
    for name in ("logoff", "disconnect", "message", "session_info", "logon_mode", "logon_mode_info")
)

Attempts = dict[str, str]

TAKEN: dict[str, dict[str, Attempts]] = {
    "durations": {
        LOGOFF: {
            "idle_for='2 hours'": "idle_for=2h",
            "idle_for=2hours": "idle_for=2h",
            "idle_for='1 hour'": "idle_for=1h",
            "idle_for=2hrs": "idle_for=2h",
            "idle_for='10 min'": "idle_for=10m",
            "idle_for=10min": "idle_for=10m",
            "idle_for='90 mins'": "idle_for=90m",
            "idle_for='45 minutes'": "idle_for=45m",
            "idle_for=1h30m": "idle_for=90m",
            "idle_for='1 hour 30 minutes'": "idle_for=90m",
            "idle_for='1 hour, 30 minutes'": "idle_for=90m",
            "idle_for='1 hour and 30 minutes'": "idle_for=90m",
            "idle_for=1.5h": "idle_for=90m",
            "idle_for=2H": "idle_for=2h",
            "disconnected_for='1 day'": "disconnected_for=1d",
            "disconnected_for='2 days'": "disconnected_for=2d",
            "disconnected_for='1d 4h'": "disconnected_for=28h",
            "disconnected_for=P1DT4H": "disconnected_for=28h",
            "logged_on_for='1 week'": "logged_on_for=7d",
            "logged_on_for='2 weeks'": "logged_on_for=14d",
            "idle_for=PT30M": "idle_for=30m",
            "all=true timeout=60": "all=true timeout=1m",
            "all=true timeout='5 minutes'": "all=true timeout=5m",
            "all=true server_timeout='10 sec'": "all=true server_timeout=10s",
            "{all: true, timeout: 90}": "{all: true, timeout: 90s}",
            "{idle_for: 2 hours}": "{idle_for: 2h}",
            "{all: true, grace: 10 minutes, message: Bye, reminders: [5 min, 1 minute]}": (
                "{all: true, grace: 10m, message: Bye, reminders: [5m, 1m]}"
            ),
            "all=true grace='10 min' message=Bye reminders='5 min, 1 min'": (
                "all=true grace=10m message=Bye reminders=5m,1m"
            ),
        },
        MESSAGE: {"all=true message=Hi show_for='1 minute'": "all=true message=Hi show_for=60s"},
    },
    "states": {
        LOGOFF: {
            "states=Disc": "states=disconnected",
            "states=disc": "states=disconnected",
            "state=DISC": "states=disconnected",
            "state=Disconnected": "states=disconnected",
            "states=disconnect": "states=disconnected",
            "states=Active,Disc": "states=active,disconnected",
            "states='active, disc'": "states=active,disconnected",
            "states=Conn": "states=connected",
            "states=ConnQ": "states=connect_query",
            "{state: [Active, Conn]}": "{states: [active, connected]}",
            "{states: Disc}": "{states: disconnected}",
        },
        INFO: {"states=Active": "states=active", "state=WTSDisconnected": "states=disconnected"},
    },
    "logon modes": {
        LOGON_MODE: {
            "mode=enable": "mode=enabled",
            "mode=disable": "mode=disabled",
            "mode=/enable": "mode=enabled",
            "mode=/disable": "mode=disabled",
            "mode=/drain": "mode=drain",
            "mode=Drain": "mode=drain",
            "mode=DRAIN": "mode=drain",
            "mode=drainuntilrestart": "mode=drain_until_restart",
            "mode=/drainuntilrestart": "mode=drain_until_restart",
            "mode=DrainUntilRestart": "mode=drain_until_restart",
            "mode=drain-until-restart": "mode=drain_until_restart",
            "{mode: Enabled}": "{mode: enabled}",
            "{mode: /drain}": "{mode: drain}",
        }
    },
    "names of options": {
        LOGOFF: {
            "id=12": "sessions=12",
            "ids=12,14": "sessions=12,14",
            "session_id=12": "sessions=12",
            "session_ids=12,14": "sessions=12,14",
            "session=12": "sessions=12",
            "session_name=rdp-tcp#3": "sessions=rdp-tcp#3",
            "user=alice": "users=alice",
            "username=alice": "users=alice",
            "account=alice": "users=alice",
            "{id: 12}": "{sessions: 12}",
            "{account: 'CONTOSO\\alice'}": "{users: 'CONTOSO\\alice'}",
            "all=true exclude_user=svc-backup": "all=true exclude_users=svc-backup",
            "all=true exclude_session=12": "all=true exclude_sessions=12",
            "all=true exclude_id=12": "all=true exclude_sessions=12",
            "all=true exclude_account=svc-*": "all=true exclude_users=svc-*",
            "client_name=PC-0815": "clients=PC-0815",
            "client_address=10.1.0.0/16": "clients=10.1.0.0/16",
            "all=true grace=10m msg=Bye": "all=true grace=10m message=Bye",
            "all=true grace=10m message=Bye title=IT": "all=true grace=10m message=Bye message_title=IT",
            "all=true servers=RDSH02": "all=true server=RDSH02",
        },
        MESSAGE: {
            "all=true msg=Hello": "all=true message=Hello",
            "all=true msg=Hello message_title=IT": "all=true message=Hello title=IT",
            "id=12 msg=Hello title=IT": "sessions=12 message=Hello title=IT",
        },
        DISCONNECT: {"id=12": "sessions=12", "username=alice": "users=alice"},
        INFO: {"session_id=12": "sessions=12", "exclude_user=alice": "exclude_users=alice"},
    },
    "values": {
        LOGOFF: {
            "users=alice,bob": "{users: [alice, bob]}",
            "users='alice, bob'": "{users: [alice, bob]}",
            'users=["alice","bob"]': "users=alice,bob",
            "users=['alice','bob']": "users=alice,bob",
            "users=[alice,bob]": "users=alice,bob",
            "sessions=[12,14]": "sessions=12,14",
            '{"users": ["alice"]}': "users=alice",
            "sessions='12, 14'": "sessions=12,14",
            "sessions=RDP-Tcp#3": "sessions=RDP-Tcp#3",
            "sessions=console protect_console=no": "sessions=console protect_console=false",
            "sessions=CURRENT": "sessions=current",
            "all=yes": "all=true",
            "all=1": "all=true",
            "all=True": "all=true",
            "all=true locked=yes": "all=true locked=true",
            "all=true protocols=RDP": "all=true protocols=rdp",
            "all=true missing=Fail": "all=true missing=fail",
            "all=true on_timeout=Terminate": "all=true on_timeout=terminate",
            "users=CONTOSO\\\\alice": "{users: 'CONTOSO\\alice'}",
            "users='CONTOSO\\\\alice'": "{users: 'CONTOSO\\alice'}",
            "users=alice@contoso.com": "{users: [alice@contoso.com]}",
            "users=svc-*": "{users: ['svc-*']}",
            "clients=10.1.2.3": "{clients: 10.1.2.3}",
            "clients=10.1.2.3/16": "{clients: 10.1.2.3/16}",
            "all=true server=RDSH02,RDSH03": "{all: true, server: [RDSH02, RDSH03]}",
        },
        MESSAGE: {
            "all=true message=Hi icon=Warning": "all=true message=Hi icon=warning",
            "all=true message=Hi buttons=YesNo answer_timeout=1m": (
                "all=true message=Hi buttons=yes_no answer_timeout=1m"
            ),
        },
    },
    "YAML": {
        LOGOFF: {
            "{users: alice}": "users=alice",
            "{users: [alice, bob]}": "users=alice,bob",
            "{users: 'alice, bob'}": "users=alice,bob",
            "{users: '[\"alice\"]'}": "users=alice",
            "{sessions: 12}": "sessions=12",
            "{sessions: [12, TERM04]}": "sessions=12,TERM04",
            "{sessions: '12,13'}": "sessions=12,13",
            "{all: yes}": "all=true",
            "{all: 'yes'}": "all=true",
            "{locked: on}": "locked=true",
            "{all: true, protect_console: no}": "all=true protect_console=false",
            "{all: true, max_parallel: '4'}": "all=true max_parallel=4",
            "{all: true, exclude_users: [svc-*, 'CONTOSO\\backup']}": (
                "all=true exclude_users=svc-*,CONTOSO\\\\backup"
            ),
            "{users: []}": "{users: [], all: true}",
            "{users: [], idle_for: 2h}": "{users: []}",
            "{users: [], grace: 15m, message: Bye}": "{users: []}",
            "{sessions: []}": "{users: []}",
        },
        INFO: {"{users: []}": "{users: [], all: true}"},
        MESSAGE: {"{users: [], message: Hi}": "{sessions: [], message: Hi}"},
        DISCONNECT: {"{states: [], users: alice}": "{users: []}"},
    },
}

REFUSED: dict[str, dict[str, Attempts]] = {
    "durations": {
        LOGOFF: {
            "idle_for=7200": "idle_for=2h",
            "{idle_for: 7200}": "{idle_for: 5d}",
            "idle_for=90": "idle_for='1h 30m'",
            "all=true grace=600 message=Bye": "all=true grace=10m message=Bye",
            "{all: true, grace: 15, message: Bye}": "{all: true, grace: 15m, message: Bye}",
            "{all: true, grace: 15m, message: Bye, reminders: [10, 1]}": (
                "{all: true, grace: 15m, message: Bye, reminders: 10m}"
            ),
            "{idle_for: 2:00}": "{idle_for: 2h}",
            "idle_for=2:00": "idle_for=2h",
            "idle_for=02:30:00": "idle_for='2h 30m'",
            "disconnected_for=1+02:30": "disconnected_for='1d 2h 30m'",
            "idle_for=2 hours": "idle_for='2 hours'",
            "idle_for=1d 4h": "idle_for='1d 4h'",
            "idle_for=1h30": "idle_for='1h 30m'",
            "idle_for=1,5h": "idle_for='1h 30m'",
            "idle_for='>2h'": "idle_for=2h",
            "idle_for='half an hour'": "idle_for=30m",
            "idle_for='2 Stunden'": "idle_for='2 hours'",
            "disconnected_for='1 month'": "disconnected_for=30d",
            "disconnected_for=P1M": "disconnected_for=30d",
            "disconnected_for=1M": "disconnected_for=1m",
            "idle_for=soon": "idle_for='2 hours'",
            "{idle_for: {hours: 2}}": "{idle_for: 2 hours}",
            "{idle_for: [2h]}": "{idle_for: 2h}",
            "idle_for=0h": "all=true",
            "all=true timeout=1:30": "all=true timeout='1m 30s'",
        }
    },
    "states": {
        LOGOFF: {
            "states=Getr.": "states=disconnected",
            "states=getrennt": "states=disconnected",
            "states=Aktiv": "states=active",
            "states=Déco": "states=disconnected",
            "states=Deco": "states=disconnected",
            "states=Actif": "states=active",
            "states=Ativo": "states=active",
            "states=Активно": "states=active",
            "states=Диск": "states=disconnected",
            "{states: '4'}": "{states: disconnected}",
            "states=locked": "locked=true",
            "states=inactive": "idle_for=30m",
            "states=online": "states=active",
            "states='Disc Active'": "states=Disc,Active",
            "states=disconected": "states=disconnected",
            "states=all": "all=true",
            "states=!active": "{states: [connected, disconnected]}",
            "states=Disc*": "states=disconnected",
            "states=Desconectado": "states=disconnected",
            "{state: absent, users: alice}": "{users: alice, states: active}",
        }
    },
    "logon modes": {
        LOGON_MODE: {
            "mode=off": "mode=disabled",
            "{mode: off}": "{mode: drain}",
            "{mode: on}": "{mode: enabled}",
            "{mode: no}": "{mode: drain}",
            "mode=closed": "mode=drain",
            "mode=open": "mode=enabled",
            "mode=maintenance": "mode=drain_until_restart",
            "/drain": "mode=drain",
            "drain": "mode=drain",
            "enable": "mode=enabled",
            "/drainuntilrestart": "mode=drain_until_restart",
            "drain=true": "mode=drain",
            "state=drain": "mode=drain",
            "logon_mode=disable": "mode=disabled",
            "enabled=no": "mode=disabled",
            "mode=drian": "mode=drain",
            "mode=drain until restart": "mode=drain_until_restart",
            "mode drain": "mode=drain",
            "change logon /drain": "mode=drain",
            "mode=normal": "mode=enabled",
            "{mode: [drain]}": "{mode: drain}",
        }
    },
    "names of options": {
        LOGOFF: {
            "all=true warn=15m": "all=true grace=15m message='…'",
            "all=true delay=15m": "all=true grace=15m message='…'",
            "all=true grace_minutes=15": "all=true grace=15m message='…'",
            "all=true force=true": "all=true on_timeout=terminate",
            "all=true kill=true": "all=true on_timeout=terminate",
            "idle_minutes=30": "idle_for=30m",
            "idle_time=30m": "idle_for=30m",
            "idle=30m": "idle_for=30m",
            "inactive_for=30m": "idle_for=30m",
            "older_than=1d": "logged_on_for=1d",
            "groups=Sales": "users=alice",
            "all=true except=alice": "all=true exclude_users=alice",
            "all=true skip_users=alice": "all=true exclude_users=alice",
            "all=true whitelist=alice": "all=true exclude_users=alice",
            "all=true ignore_users=alice": "all=true exclude_users=alice",
            "all=true keep=alice": "all=true exclude_users=alice",
            "all=true exclude=alice": "all=true exclude_users=alice",
            "all=true exclude_states=active": "all=true exclude_sessions=12",
            "all=true exclude_groups=Admins": "all=true exclude_users=alice",
            "everyone=true": "all=true",
            "all_users=true": "all=true",
            "name=alice": "users=alice",
            "name=TERM04": "sessions=TERM04",
            "me=true": "sessions=current",
            "all=true computer_name=RDSH02": "all=true server=RDSH02",
            "all=true ComputerName=RDSH02": "all=true server=RDSH02",
            "all=true host=RDSH02": "all=true server=RDSH02",
            "id=12 /server:RDSH02": "id=12 server=RDSH02",
            "all=true grace=10m text=Bye": "all=true grace=10m message='…'",
            "all=true wait_timeout=3m": "all=true timeout=3m",
            "all=true dry_run=true": "all=true",
            "all=true check_mode=true": "all=true",
            "all=true parallel=4": "all=true max_parallel=4",
            "all=true console=true": "all=true protect_console=false",
            "users=alice ignore_missing=true": "users=alice missing=ignore",
            "all=true async=true": "all=true wait=false",
            "ip=10.1.2.3": "clients=10.1.0.0/16",
            "disconnected=true": "states=disconnected",
            "status=active": "states=active",
            "domain=CONTOSO": r"users='CONTOSO\\*'",
            "servername=RDSH02 all=true": "server=RDSH02 all=true",
            "all=true limit=RDSH01": "all=true",
            "all=true exclude_admins=true": "all=true exclude_users=alice",
            "all=true exclude_clients=PC1": "all=true exclude_users=alice",
            "userid=alice": "users=alice",
            "all=true include_console=true": "all=true protect_console=false",
            "all=true reboot=true": "all=true",
            "all=true reminder=5m grace=15m message=Bye": "all=true grace=15m message=Bye reminders=5m,1m",
            "session-id=12": "session_id=12",
            "usrs=alice": "users=alice",
            "idle-for=2h": "idle_for=2h",
            "Users=alice": "users=alice",
        },
        MESSAGE: {
            "all=true text=Hello": "all=true message='…'",
            "all=true body=Hello": "all=true message='…'",
            "all=true message=Hi timeout=60": "all=true message=Hi show_for=1m",
            "all=true message=Hi subject=IT": "all=true message=Hi title='…'",
            "all=true message=Hi style=warning": "all=true message=Hi icon=warning",
        },
        DISCONNECT: {"id=12 force=true": "id=12"},
        INFO: {"console=true": "protocols=console", "timeout=10s": "server_timeout=30s"},
    },
    "values": {
        LOGOFF: {
            "users=alice;bob": "users=alice,bob",
            "users='alice; bob'": "users=alice,bob",
            "users='alice|bob'": "users=alice,bob",
            "users=alice bob": "users=alice,bob",
            "sessions=12;14": "sessions=12,14",
            "sessions='12 14'": "sessions=12,14",
            "sessions=12-14": "sessions=12,14",
            "all=true,exclude_users=alice": "all=true exclude_users=alice",
            "all: true": "all=true",
            "users: alice": "users=alice",
            "users:alice": "users=alice",
            "users = alice": "users=alice",
            "--users alice": "users=alice",
            "-u alice": "users=alice",
            "idle_for>2h": "idle_for=2h",
            "logoff 12": "sessions=12",
            "all=true --check": "all=true",
            "all=true server=rdp://RDSH02": "all=true server=RDSH02",
            "all=true server=RDSH02:3389": "all=true server=RDSH02",
            "users=me": "sessions=current",
            "all=true exclude_users=me": "all=true exclude_sessions=current",
            "users=current": "sessions=current",
            "sessions=me": "sessions=current",
            "users=all": "all=true",
            "users=everyone": "all=true",
            "users=*": "all=true",
            "sessions=*": "all=true",
            "sessions=all": "all=true",
            "sessions=disconnected": "states=disconnected",
            "sessions=CONTOSO\\\\alice": "users=alice",
            "users=CONTOSO/alice": "users=CONTOSO\\\\alice",
            "users=console": "sessions=console",
            "all=true exclude_users=none": "all=true",
            "all=true exclude_users=None": "all=true",
            "clients=10.1.*": "clients=192.0.2.0/24",
            "clients='PC1;PC2'": "clients=PC1,PC2",
            "all=true server='RDSH02;RDSH03'": "all=true server=RDSH02,RDSH03",
            "all=true server=\\\\\\\\RDSH02": "all=true server=RDSH02",
            "all=true protocols=rdp-tcp": "all=true protocols=rdp",
            "all=true missing=warn": "all=true missing=ignore",
            "all=true on_timeout=kill": "all=true on_timeout=terminate",
            "users=alice user=bob": "users=alice",
            "users=": "{users: []}",
            "alice": "users=alice",
            "CONTOSO\\\\alice": "users=CONTOSO\\\\alice",
            "12": "sessions=12",
            "12 14": "sessions=12,14",
            "rdp-tcp#3": "sessions=rdp-tcp#3",
            "12 /server:RDSH02": "sessions=12 server=RDSH02",
            "all": "all=true",
            "everyone": "all=true",
            "me": "sessions=current",
            "Disc": "states=disconnected",
        },
        MESSAGE: {
            "all=true message=Please log off": "all=true message='Please log off'",
            "all=true msg=Please log off": "all=true msg='Please log off'",
            "all=true Hello": "all=true message=Hello",
        },
        DISCONNECT: {"alice": "users=alice"},
    },
    "YAML": {
        LOGOFF: {
            "{users: 1234}": "{users: '1234'}",
            "{users: [alice, 0012345]}": "{users: [alice, '0012345']}",
            "{users: yes}": "{users: 'yes'}",
            "{users: null}": "{users: []}",
            "{users: ''}": "{users: []}",
            "{users: null, idle_for: 2h}": "{users: [], idle_for: 2h}",
            "{users: ['alice;bob']}": "{users: [alice, bob]}",
            "{users: ['alice,bob']}": "{users: [alice, bob]}",
            "{users: {name: alice}}": "{users: alice}",
            "{users: [[alice, bob]]}": "{users: [alice, bob]}",
            '{users: "CONTOSO\\alice"}': "{users: 'CONTOSO\\alice'}",
            "{all: true, exclude_users: []}": "{all: true}",
            "{all: true, exclude_users: null}": "{all: true}",
            "{all: true, exclude_users: ''}": "{all: true}",
            "{all: true, grace: 15m, message: yes}": "{all: true, grace: 15m, message: 'yes'}",
            "{all: true, message: Bye}": "{all: true, grace: 15m, message: Bye}",
            "{all: true, grace: 15m}": (
                "{all: true, grace: 15m, message: 'You will be logged off in {minutes} min. Please save your work.'}"
            ),
            "{all: false}": "{all: true}",
            "{}": "{all: true}",
            "{exclude_users: alice}": "{exclude_users: alice, all: true}",
            "{users: alice, exclude_users: alice}": "{users: alice}",
            "{all: true, wait: 30s}": "{all: true, timeout: 30s}",
        }
    },
}


def options(text: str) -> dict[str, Any]:
    """What Ansible makes of an attempt."""
    parsed: dict[str, Any] = yaml.safe_load(text) if text.startswith("{") else dict(parse_kv(text))
    return parsed


def new_words(typed: str, works: str) -> list[str]:
    """The names and values of what works that were not typed so."""
    before, after = (_texts(options(text)) for text in (typed, works))
    changed = {name: values for name, values in after.items() if values != before.get(name)}
    return [word for name, values in changed.items() for word in (name, *(v for v in values if v not in typed))]


def _texts(given: Mapping[str, Any]) -> dict[str, list[str]]:
    return {name: [*map(str, value if isinstance(value, list) else [value])] for name, value in given.items()}
