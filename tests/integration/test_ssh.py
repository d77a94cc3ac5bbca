# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The connection ``ssh``: the real ansible-core and OpenSSH, client and server, in front of a simulated host."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from simulator.http_service import CutConnection

from .conftest import COLLECTIONS, Farm

Serve = Callable[..., Farm]

ALICE = {"id": 12, "user": "alice"}
BOB = {"id": 14, "user": "bob", "state": "disconnected"}
CONSOLE = {"id": 1, "name": "console", "user": "operator"}
LOGOFF = "winops.rds.win_rds_logoff"
EVERYBODY = {LOGOFF: {"all": True}}
GRACE = {LOGOFF: {"all": True, "grace": "3s", "message": "Soon"}}
UNHEARD = "Sessions may have been logged off: --check tells who is left; run the task again."

#: A connection for each command.
NOT_SHARED = ("-e", "ansible_ssh_args='-o ControlMaster=no'")

#: From OpenSSH 9.5 on, its client else does not say that a connection was closed before anything had been said.
TELLING = ("-e", "ansible_ssh_extra_args='-o LogLevel=VERBOSE'")


@pytest.fixture
def over_ssh(serve: Serve) -> Serve:
    """Serve a farm that has SSH alone, so that this is what its inventory says."""

    def start(sessions: list[dict[str, Any]], **fields: Any) -> Farm:
        return serve(sessions, http_port=None, https_port=None, ssh_port=0, **fields)

    return start


def commands(farm: Farm) -> list[Any]:
    return farm.simulation.ssh["RDSH01"].commands


def changes(farm: Farm) -> Counter[str]:
    """How often each function was called that changes something."""
    return Counter(call.function for call in farm.simulation.mutating_calls("RDSH01"))


def cut(farm: Farm, moment: str, number: int = 1, *, times: int = 1) -> None:
    """Cut the connection at this moment, for the first time at its so many'th occurrence (counted from 1)."""
    seen = 0

    async def hook(_: str) -> None:
        nonlocal seen
        seen += 1
        if number <= seen < number + times:
            raise CutConnection

    setattr(farm.simulation.ssh["RDSH01"], moment, hook)


@pytest.mark.parametrize(
    ("module", "options", "changed", "called"),
    [
        ("win_rds_logoff", "users=alice", True, {"WTSLogoffSession": 1}),
        ("win_rds_session_info", "", False, {}),
        ("win_rds_disconnect", "users=alice", True, {"WTSDisconnectSession": 1}),
        ("win_rds_message", "all=true message=Hello", False, {"WTSSendMessageW": 3}),
        ("win_rds_logon_mode", "mode=drain", True, {"RegSetValueExW": 1}),
        ("win_rds_logon_mode_info", "", False, {}),
    ],
)
def test_each_module_in_one_launch(
    over_ssh: Serve, module: str, options: str, changed: bool, called: dict[str, int]
) -> None:
    farm = over_ssh([ALICE, BOB, CONSOLE])
    result = farm.adhoc(f"winops.rds.{module}", options).only()
    assert (result.status, result["changed"]) == ("ok", changed), result["msg"]
    assert changes(farm) == called
    assert len(commands(farm)) == 1
    assert len({call.launch for call in farm.simulation.calls("RDSH01")}) == 1


def test_check_mode_asks_for_nothing(over_ssh: Serve) -> None:
    farm = over_ssh([ALICE, BOB])
    assert farm.logoff("all=true", "--check").outcomes() == {12: "would_log_off", 14: "would_log_off"}
    assert farm.simulation.calls("RDSH01")
    assert changes(farm) == {}


def test_failure_keeps_its_words_and_every_record(over_ssh: Serve) -> None:
    farm = over_ssh([ALICE, BOB], faults=[{"call": "WTSLogoffSession", "session": 12, "error": 5}])
    result = farm.logoff("all=true")
    assert result.status == "failed"
    assert result.outcomes() == {12: "denied", 14: "logged_off"}


@pytest.mark.parametrize("shell", ["cmd", "powershell"])
def test_either_default_shell(over_ssh: Serve, shell: str) -> None:
    """What OpenSSH's server gives the command line to on Windows; it has to be told as ``ansible_shell_type``."""
    farm = over_ssh([ALICE], ssh_shell=shell)
    assert farm.logoff("all=true").outcomes() == {12: "logged_off"}


def test_names_of_any_script_arrive(over_ssh: Serve) -> None:
    farm = over_ssh([{"id": 3, "user": "élodie"}, {"id": 4, "user": "иванова"}, {"id": 5, "user": "王小明"}])
    result = farm.playbook([{LOGOFF: {"users": ["ÉLODIE", "王*"]}}]).only()
    assert {record["user"]: record["result"] for record in result["sessions"]} == {
        "élodie": "logged_off",
        "王小明": "logged_off",
    }
    assert farm.users() == {4: "иванова"}


@pytest.mark.skipif(
    not (COLLECTIONS / "ansible_collections/ansible/windows").exists(),
    reason="ansible.windows is not installed (make setup)",
)
def test_win_ping(over_ssh: Serve) -> None:
    assert over_ssh([ALICE]).adhoc("ansible.windows.win_ping").only()["ping"] == "pong"


def test_raw_gives_output_and_exit_code(over_ssh: Serve) -> None:
    farm = over_ssh([ALICE])
    assert " alice " in farm.adhoc("ansible.builtin.raw", "quser").only()["stdout_lines"][1]
    nobody = farm.adhoc("ansible.builtin.raw", "quser bob").only()
    assert (nobody.status, nobody["rc"]) == ("failed", 1)
    assert "No User exists for bob" in nobody["stderr"]


@pytest.mark.parametrize(("flags", "connections"), [((), 1), (NOT_SHARED, 2)], ids=["ControlPersist", "not shared"])
def test_tasks_share_a_connection(over_ssh: Serve, flags: tuple[str, ...], connections: int) -> None:
    farm = over_ssh([ALICE, BOB])
    run = farm.playbook([{"name": "first", **EVERYBODY}, {"name": "second", **EVERYBODY}], *flags)
    assert run.of("first").outcomes() == {12: "logged_off", 14: "logged_off"}
    assert run.of("second")["changed"] is False
    assert len(commands(farm)) == 2
    assert len({command.client_port for command in commands(farm)}) == connections


@pytest.mark.parametrize(("persist", "connections"), [("60s", 1), ("1s", 2)])
def test_a_grace_period_keeps_what_control_persist_keeps(over_ssh: Serve, persist: str, connections: int) -> None:
    farm = over_ssh([ALICE, BOB])
    arguments = f"ansible_ssh_args='-o ControlMaster=auto -o ControlPersist={persist}'"
    result = farm.playbook([GRACE], "-e", arguments).only()
    assert result.outcomes() == {12: "logged_off", 14: "logged_off"}
    assert changes(farm) == {"WTSSendMessageW": 2, "WTSLogoffSession": 2}
    assert len({command.client_port for command in commands(farm)}) == connections


@pytest.mark.parametrize("flags", [(), NOT_SHARED, ("-e", "ansible_ssh_retries=3")], ids=["shared", "own", "retries"])
@pytest.mark.parametrize("moment", ["before_run", "before_reply"])
@pytest.mark.parametrize("check", [False, True], ids=["run", "check"])
def test_a_connection_that_is_lost(over_ssh: Serve, moment: str, flags: tuple[str, ...], check: bool) -> None:
    """Whether the engine had run by then, nobody can tell. It is not launched again before that was said."""
    farm = over_ssh([ALICE, BOB])
    cut(farm, moment)
    result = farm.logoff("all=true", *flags, *(["--check"] if check else []))
    assert result.status == "unreachable"
    words = "Nothing was changed" if check else UNHEARD
    how = "Connection to 127.0.1.1 closed by remote host" if flags == NOT_SHARED else "the connection was lost"
    assert f"no answer from the session engine: {how}. {words}" in result["msg"]
    assert result["changed"] is not check
    assert len(commands(farm)) == 1
    assert changes(farm) == ({} if check or moment == "before_run" else {"WTSLogoffSession": 2})
    assert farm.logoff("all=true").status == "ok"
    assert farm.users() == {}


@pytest.mark.parametrize("task", [EVERYBODY, GRACE], ids=["at once", "grace"])
def test_a_host_that_is_not_reached(over_ssh: Serve, task: dict[str, Any]) -> None:
    """Nothing was launched, and no word says that something may have been."""
    farm = over_ssh([ALICE])
    cut(farm, "before_logon", times=99)
    result = farm.playbook([task], *TELLING).only()
    assert result.status == "unreachable"
    assert "kex_exchange_identification" in result["msg"] and "may have been" not in result["msg"]
    assert (commands(farm), farm.users()) == ([], {12: "alice"})


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"ansible_port": 1}, "Connection refused"),
        ({"ansible_host": "no-such-host.invalid"}, "Could not resolve hostname"),
        ({"ansible_user": "nobody"}, "Permission denied (publickey)."),
        ({"ansible_ssh_extra_args": "-o HostKeyAlias=another"}, "Host key verification failed."),
        ({"ansible_ssh_extra_args": "-o Ciphers=aes128-ctr -o MACs=hmac-md5"}, "Unable to negotiate"),
        ({"ansible_control_path": "/tmp/" + "x" * 90}, "too long for Unix domain socket"),
        ({"ansible_control_path": "/tmp/" + "x" * 110}, "ControlPath too long"),
    ],
    ids=["port", "name", "account", "host key", "algorithms", "socket", "control path"],
)
def test_a_logon_that_fails(over_ssh: Serve, variables: dict[str, Any], words: str) -> None:
    farm = over_ssh([ALICE])
    result = farm.playbook([EVERYBODY], vars=variables).only()
    assert result.status == "unreachable"
    # Where the client has ended before it has read the payload, the plugin may see no more than that.
    assert (words in result["msg"] or "Broken pipe" in result["msg"]) and "may have been" not in result["msg"]
    assert commands(farm) == []


def test_a_client_that_is_gone_before_it_has_the_payload(over_ssh: Serve, tmp_path: Path) -> None:
    """The plugin may see that its input is closed before it sees that the client has ended, and says only so."""
    client = tmp_path / "ssh"
    client.write_text("#!/bin/sh\nexec <&-\nsleep 2\nexit 255\n")
    client.chmod(0o700)
    farm = over_ssh([ALICE])
    result = farm.logoff("all=true", "-e", f"ansible_ssh_executable={client}")
    assert result.status == "unreachable"
    assert "Data could not be sent" in result["msg"] and "may have been" not in result["msg"]


def test_connecting_is_repeated_as_often_as_the_inventory_says(over_ssh: Serve) -> None:
    farm = over_ssh([ALICE])
    cut(farm, "before_logon", times=2)
    assert farm.logoff("all=true", "-e", "ansible_ssh_retries=2", *TELLING).outcomes() == {12: "logged_off"}
    assert len(commands(farm)) == 1


@pytest.mark.parametrize("moment", ["before_run", "before_reply"])
def test_a_warning_that_is_not_heard_logs_nobody_off(over_ssh: Serve, moment: str) -> None:
    """Who was told is not known then, and nobody is logged off who may not have been."""
    farm = over_ssh([ALICE, BOB])
    cut(farm, moment)
    result = farm.playbook([GRACE]).only()
    assert result.status == "unreachable"
    assert changes(farm) == ({} if moment == "before_run" else {"WTSSendMessageW": 2})
    assert farm.users() == {12: "alice", 14: "bob"}


@pytest.mark.parametrize("moment", ["before_run", "before_reply"])
def test_a_connection_that_is_lost_at_the_end_of_a_grace_period(over_ssh: Serve, moment: str) -> None:
    """The second attempt finds who is left. Each logoff is asked for once; one that was not answered is not claimed."""
    farm = over_ssh([ALICE, BOB])
    cut(farm, moment, 2)
    result = farm.playbook([GRACE]).only()
    is_lost = moment == "before_reply"
    assert (result.status, result["changed"]) == ("ok", True)
    assert result.outcomes() == dict.fromkeys((12, 14), "already_gone" if is_lost else "logged_off")
    if is_lost:
        assert "may have been logged off by this task" in result["msg"]
    assert farm.users() == {}
    assert changes(farm) == {"WTSSendMessageW": 2, "WTSLogoffSession": 2}


def test_a_host_that_is_gone_at_the_end_of_a_grace_period(over_ssh: Serve) -> None:
    farm = over_ssh([ALICE, BOB])
    cut(farm, "before_logon", 2, times=99)
    result = farm.playbook([GRACE], *NOT_SHARED, *TELLING).only()
    assert (result.status, result["changed"]) == ("failed", False)
    assert result["msg"].startswith("alice, bob had been warned of a logoff at ")
    assert "nobody was logged off" in result["msg"]
    assert changes(farm) == {"WTSSendMessageW": 2}
