# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whatever a task is given, it says in one line what is wrong with it, or launches the engine with sound options."""

from __future__ import annotations

import json
import re
from types import SimpleNamespace
from typing import Any

from ansible.playbook.task import Task
from ansible_collections.winops.rds.plugins.action.win_rds_logoff import ActionModule
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.reports import raw_report, raw_server

UINT32, INT64 = 2**32, 2**63


class Asked(ActionModule):
    """The action plugin, up to the launch."""

    def __init__(self, options: Any) -> None:
        task = Task()
        task.action = "winops.rds.win_rds_logoff"
        task.args = options
        windows = SimpleNamespace(_shell=SimpleNamespace(_IS_WINDOWS=True, tmpdir=None))
        super().__init__(task, windows, None, None, None, None)
        self.asked: dict[str, Any] | None = None

    def _execute_module(self, *, module_args: dict[str, Any], **_: Any) -> dict[str, Any]:
        self.asked = json.loads(module_args["request"])
        servers = [raw_server(server=server, computer_name="") for server in self.asked["servers"]]
        return {"report": raw_report(*servers)}

    def say(self, text: str) -> None:
        assert text.isprintable()


TEXT = st.one_of(
    st.text(max_size=40),
    st.text(alphabet="0123456789.,:/-+_\\@*?SPTdhms\0\n\x7f\u202e ́", max_size=20),
    st.sampled_from(["alice", "CONTOSO\\alice", "alice@contoso.com", "current", "S-1-5-21-1-2-3-1104", "10.0.0.0/8"]),
    st.sampled_from(
        ["::/0", "fe80::1%eth0", "1.2.3.4/255.0.0.0", "S-1-5-" + "9" * 30, "1e308", "9" * 400, "٣", "²", "1_0"]
    ),
    st.sampled_from(["a" * 3_000, "P1Y", "inf", "nan", "\ud800", "yes", "null", "2m", "active", "fail", "RDSH02"]),
)
PLAIN = st.one_of(
    TEXT, st.integers(), st.integers(-5, 70_000), st.floats(), st.booleans(), st.none(), st.binary(max_size=9)
)
VALUE = st.recursive(PLAIN, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=3))
SPELLINGS = [
    alias for name, option in ActionModule.ARGUMENT_SPEC.items() for alias in (name, *option.get("aliases", ()))
]
LIKELY = {
    "users": st.lists(TEXT, min_size=1, max_size=3),
    "sessions": st.lists(TEXT | st.integers(0, 70_000), min_size=1, max_size=3),
    "idle_for": st.integers(0, 99).map("{}m".format),
    "all": st.just(True),
}


def check(options: Any) -> bool:
    """Run a task with these options; return whether it came to the launch."""
    action = Asked(options)
    result = action.run(None, {"inventory_hostname": "rdsh01"})
    if action.asked is None:
        assert result.get("failed") or result["msg"].startswith("Nobody was meant: ")
        assert isinstance(result["msg"], str) and result["msg"]
        assert len(result["msg"].splitlines()) == 1, result["msg"]
        assert len(result["msg"]) < 1000
        assert "Traceback" not in result["msg"]
        return False
    assert not result.get("failed") or options.get("missing") == "fail"
    _check_request(action.asked)
    return True


def _check_request(asked: dict[str, Any]) -> None:
    """The engine takes it as it is: a number that it cannot read would stop it."""
    for option in ("session_ids", "exclude_session_ids"):
        assert all(0 <= value < UINT32 for value in asked[option])
    for option in ("idle_for", "disconnected_for", "logged_on_for", "server_timeout_ms", "timeout_ms", "max_parallel"):
        assert asked[option] is None or 0 <= asked[option] < INT64
    for network in asked["client_networks"]:
        assert re.fullmatch("4:[01]{0,32}|16:[01]{0,128}", network)
    for name in (*asked["users"], *asked["exclude_users"]):
        assert "\\" in name or "@" in name or name.upper().startswith("S-1-")
    assert asked["servers"]


@settings(max_examples=400, deadline=None)
@given(st.dictionaries(st.sampled_from(SPELLINGS), VALUE, max_size=4))
def test_any_value_of_any_option(options: dict[str, Any]) -> None:
    check(options)


@settings(max_examples=200, deadline=None)
@given(st.fixed_dictionaries({}, optional=LIKELY), st.dictionaries(st.sampled_from(SPELLINGS), PLAIN, max_size=1))
def test_one_odd_value_among_sound_ones(sound: dict[str, Any], odd: dict[str, Any]) -> None:
    check(sound | odd)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(TEXT | st.integers() | st.none(), VALUE, max_size=3))
def test_any_name_of_an_option(options: dict[Any, Any]) -> None:
    check(options)


def test_very_long_lists() -> None:
    assert check({"users": [f"user{n}" for n in range(20_000)], "sessions": [*range(20_000)]})
