# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""win_rds_logon_mode and win_rds_logon_mode_info as people use them: the real Ansible against a simulated host."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from typing import Any

import pytest

from simulator.farm import Change
from simulator.registry import DISABLED, DRAIN_MODE
from simulator.session_table import State
from tests.support.guides import guide
from tests.support.paths import MODULES

from .examples import examples

Serve = Callable[..., Any]

MODULE = "winops.rds.win_rds_logon_mode"
INFO = "winops.rds.win_rds_logon_mode_info"
#: The modes, and each other way to write them.
FORMS = {
    "enabled": "/enable",
    "disabled": "/disable",
    "drain": "/drain",
    "drain_until_restart": "/drainuntilrestart",
}
#: Hosts, and the mode that each has.
HOSTS = {f"RDSH0{number}": mode for number, mode in enumerate(FORMS, 1)}
TURNS = ("first", "second")
ALICE, BOB = {"id": 12, "user": "alice"}, {"id": 14, "user": "bob", "state": "disconnected"}
READS = {"RegOpenKeyExW", "RegQueryValueExW", "RegCloseKey"}
#: The two values are read first; the third key that is opened is opened for writing.
#: After both values and whether the host is in maintenance have been read.
FIRST_WRITE = {"call": "RegOpenKeyEx", "after": 3, "times": 1}


def farm_in(serve: Serve, mode: str, *sessions: dict[str, Any], faults: list[dict[str, Any]] | None = None) -> Any:
    """A farm of one host, which is in a mode."""
    return serve(hosts=[{"name": "RDSH01", "logon_mode": mode, "sessions": [*sessions], "faults": faults or []}])


def farm_of_all(serve: Serve, *sessions: dict[str, Any]) -> Any:
    """A farm of four hosts, each in the mode that its name tells."""
    return serve(hosts=[{"name": host, "logon_mode": mode, "sessions": [*sessions]} for host, mode in HOSTS.items()])


def set_mode(farm: Any, mode: str, *flags: str) -> Any:
    """Ad hoc on the only host, and its result."""
    return farm.adhoc(MODULE, f"mode={mode}", *flags).only()


def mode_of(farm: Any, host: str = "RDSH01") -> str:
    mode: str = farm.simulation.hosts[host].registry.logon_mode
    return mode


def writes(farm: Any) -> list[tuple[str, str]]:
    """Each value that was to be written, with what."""
    calls = farm.simulation.mutating_calls("RDSH01")
    assert {call.function for call in calls} <= {"RegSetValueExW"}
    return [(call.arguments[1], call.arguments[3]) for call in calls]


def test_reading_changes_nothing(serve: Serve) -> None:
    """``change logon /query``"""
    farm = farm_of_all(serve)
    for result in [*farm.adhoc(INFO).results, *farm.adhoc(INFO, "", "--check").results]:
        mode = HOSTS[result.host]
        assert (result["mode"], result["changed"]) == (mode, False)
        assert result["accepts_logons"] == (mode == "enabled")
        assert result["error"] is None
        assert result["msg"].startswith(f"The logon mode is {mode}: ")
        assert {call.function for call in farm.simulation.calls(result.host)} == READS
        assert mode_of(farm, result.host) == mode


def test_each_mode_from_each_other(serve: Serve) -> None:
    """Each mode after each other; then the same once more, which changes and writes nothing."""
    order = ["drain", "enabled", "disabled", "drain_until_restart", "enabled", "drain", "disabled", "enabled"]
    order += ["drain_until_restart", "disabled", "drain", "drain_until_restart", "drain"]
    assert {*itertools.pairwise(order)} == {*itertools.permutations(FORMS, 2)}
    farm = farm_in(serve, order[0])
    changes = [*itertools.pairwise(order)]
    tasks = [{"name": f"{index} {turn}", MODULE: {"mode": m}} for index, (_, m) in enumerate(changes) for turn in TURNS]
    run = farm.playbook(tasks)
    assert run.exit_code == 0, run.output
    for index, (before, after) in enumerate(changes):
        first, second = (run.of(f"{index} {turn}") for turn in TURNS)
        assert (first["previous_mode"], first["mode"], first["changed"]) == (before, after, True)
        assert (second["previous_mode"], second["mode"], second["changed"]) == (after, after, False)
        assert second["accepts_logons"] == (after == "enabled")
        assert second["msg"].startswith(f"The logon mode is already {after}: ")
    assert mode_of(farm) == order[-1]
    # The launches that wrote are those of the tasks that say that they changed something.
    launches = [*dict.fromkeys(call.launch for call in farm.simulation.calls("RDSH01"))]
    wrote = {call.launch for call in farm.simulation.mutating_calls("RDSH01")}
    assert [launch in wrote for launch in launches] == [result["changed"] for result in run.results]


def test_what_is_written(serve: Serve) -> None:
    """Only what is different, and what keeps users out comes first."""
    farm = farm_in(serve, "disabled")
    farm.playbook([{MODULE: {"mode": mode}} for mode in ("drain", "drain_until_restart", "disabled", "enabled")])
    assert writes(farm) == [
        *[("TSServerDrainMode", "2"), ("WinStationsDisabled", "0")],
        ("TSServerDrainMode", "1"),
        ("WinStationsDisabled", "1"),
        *[("TSServerDrainMode", "0"), ("WinStationsDisabled", "0")],
    ]
    assert [launch.leaks for launch in farm.simulation.api.launches] == [0] * 4


@pytest.mark.parametrize("mode", ["drain", "enabled"])
def test_check_mode_writes_nothing_and_tells_what_a_run_would_do(serve: Serve, mode: str) -> None:
    farm = farm_of_all(serve)
    for result in farm.adhoc(MODULE, f"mode={mode}", "--check").results:
        assert result["changed"] == (HOSTS[result.host] != mode)
        assert (result["previous_mode"], result["mode"]) == (HOSTS[result.host], mode)
        assert result["accepts_logons"] == (mode == "enabled")
        assert farm.simulation.mutating_calls(result.host) == []
        assert {call.function for call in farm.simulation.calls(result.host)} == READS
        assert mode_of(farm, result.host) == HOSTS[result.host]


def test_diff(serve: Serve) -> None:
    farm = farm_in(serve, "enabled")
    for flags in (("--diff", "--check"), ("--diff",)):
        assert "\n-enabled\n+drain\n" in farm.adhoc(MODULE, "mode=drain", *flags).output
    unchanged = farm.adhoc(MODULE, "mode=drain", "--diff")
    assert "-enabled" not in unchanged.output and "+drain" not in unchanged.output


def test_verbose_run_tells_the_mode_in_words(serve: Serve) -> None:
    farm = farm_in(serve, "enabled")
    run = farm.adhoc(MODULE, "mode=disabled", "-v")
    assert "The logon mode was enabled and is now disabled: nobody logs on or reconnects." in run.output


def test_one_launch(serve: Serve) -> None:
    farm = farm_in(serve, "enabled")
    set_mode(farm, "drain")
    assert len({call.launch for call in farm.simulation.calls("RDSH01")}) == 1


def test_over_psrp(serve: Serve) -> None:
    farm = farm_in(serve, "enabled")
    result = set_mode(farm, "drain", "-e", "ansible_connection=psrp")
    assert (result["changed"], result["mode"], mode_of(farm)) == (True, "drain", "drain")


# ---- the mode and the users


def test_who_gets_in(serve: Serve) -> None:
    """Each host gets its mode from the task, and then has a user who comes and one who comes back."""
    farm = serve(hosts=[{"name": host, "logon_mode": "drain", "sessions": [ALICE, BOB]} for host in HOSTS])
    assert farm.playbook([{MODULE: {"mode": "{{ modes[inventory_hostname] }}"}}], vars={"modes": HOSTS}).exit_code == 0
    got_in = {}
    for name, mode in HOSTS.items():
        host = farm.simulation.hosts[name]
        host.apply([Change.model_validate({"logon": {"id": 30, "user": "carol"}}), Change(reconnect=14)])
        got_in[mode] = ("carol" in farm.users(name).values(), host.table.get(14).state is State.ACTIVE)
        assert farm.users(name).items() >= {12: "alice", 14: "bob"}.items()  # nobody is sent away
    assert got_in == {
        "enabled": (True, True),
        "disabled": (False, False),
        "drain": (False, True),
        "drain_until_restart": (False, True),
    }


def test_restart(serve: Serve) -> None:
    farm = farm_of_all(serve, ALICE, BOB)
    for host in farm.simulation.hosts.values():
        host.apply([Change(restart=True)])
        assert farm.users(host.name) == {}
    modes = {HOSTS[result.host]: result["mode"] for result in farm.adhoc(INFO).results}
    assert modes == {
        **dict.fromkeys(FORMS, "enabled"),
        "drain": "drain",
    }


def test_drain_then_empty_a_host(serve: Serve) -> None:
    """What people do before maintenance; whoever comes meanwhile is refused."""
    newcomer = {"call": "WTSLogoffSession", "times": 1, "then": [{"logon": {"id": 30, "user": "carol"}}]}
    farm = farm_in(serve, "enabled", ALICE, BOB, faults=[newcomer])
    run = farm.playbook([{MODULE: {"mode": "drain"}}, {"winops.rds.win_rds_logoff": {"all": True}}])
    assert run.exit_code == 0, run.output
    assert farm.users() == {}


# ---- what the command shows, which has a table of its own


def test_the_command_reads_what_we_write_and_we_read_what_it_writes(serve: Serve) -> None:
    farm = serve(hosts=[{"name": host} for host in HOSTS])
    of_host = {"vars": {"modes": HOSTS, "forms": FORMS, "mode": "{{ modes[inventory_hostname] }}"}}
    raw = "ansible.builtin.raw"
    run = farm.playbook(
        [
            {"name": "our write", MODULE: {"mode": "{{ mode }}"}},
            {"name": "their read", raw: "change logon /query", "failed_when": False},
            {raw: "change logon {{ '/disable' if mode == 'enabled' else '/enable' }}"},
            {"name": "our read", INFO: {}},
            {"name": "their write", raw: "change logon {{ forms[mode] }}"},
            {"name": "our write again", MODULE: {"mode": "{{ mode }}"}},
        ],
        **of_host,
    )
    assert run.exit_code == 0, run.output
    for host, mode in HOSTS.items():
        assert run.of("their read", host)["stdout"] == run.of("their write", host)["stdout"]
        assert run.of("our read", host)["mode"] == ("disabled" if mode == "enabled" else "enabled")
        assert run.of("our write again", host)["changed"] is False
    assert len({run.of("their read", host)["stdout"] for host in HOSTS}) == len(HOSTS)


def test_a_command_that_writes_nothing(serve: Serve) -> None:
    """Then nobody sees in the registry that the host is closed, as was seen on Windows Server 2022."""
    farm = serve(hosts=[{"name": "RDSH01", "change_logon_disable": "memory"}])
    host, query = farm.simulation.hosts["RDSH01"], "change logon /query"
    farm.playbook([{"ansible.builtin.raw": "change logon /disable"}])
    assert "DISABLED" in farm.adhoc("ansible.builtin.raw", query).only()["stdout"]
    assert farm.adhoc(INFO).only()["mode"] == "enabled"
    assert (host.logon_mode, host.accepts_logons, host.accepts_reconnections) == ("disabled", False, False)
    farm.playbook([{"ansible.builtin.raw": "change logon /enable"}])
    assert "ENABLED" in farm.adhoc("ansible.builtin.raw", query).only()["stdout"]
    host.logon_mode = "disabled"
    host.restart()
    assert host.accepts_logons


# ---- when Windows refuses


def test_access_denied(serve: Serve) -> None:
    farm = farm_in(serve, "enabled", faults=[{**FIRST_WRITE, "error": 5}])
    result = set_mode(farm, "drain")
    assert result.status == "failed"
    assert (result["changed"], result["mode"], result["previous_mode"]) == (False, "enabled", "enabled")
    assert (result["error"]["code"], result["error"]["name"]) == (5, "ERROR_ACCESS_DENIED")
    assert result["msg"] == (
        "the logon mode could not be set to drain: the connecting account may not do this "
        "(RegOpenKeyEx SYSTEM\\CurrentControlSet\\Control\\Terminal Server) [5 ERROR_ACCESS_DENIED]. "
        "Connect (or become) as an administrator of the host. It is enabled."
    )
    assert farm.simulation.mutating_calls("RDSH01") == []


def test_access_denied_half_way(serve: Serve) -> None:
    """What was written before is told."""
    farm = farm_in(serve, "disabled", faults=[{"call": "RegSetValueEx", "after": 1, "error": 5}])
    result = set_mode(farm, "drain")
    assert result.status == "failed"
    assert (result["changed"], result["mode"], result["error"]["code"]) == (True, "disabled", 5)
    assert "(RegSetValueEx WinStationsDisabled) [5 ERROR_ACCESS_DENIED]" in result["msg"]
    assert farm.simulation.hosts["RDSH01"].registry.get(*DRAIN_MODE) == 2
    farm.simulation.hosts["RDSH01"].faults.clear()
    assert (set_mode(farm, "drain")["mode"], mode_of(farm)) == ("drain", "drain")


def test_unreadable(serve: Serve) -> None:
    farm = farm_in(serve, "enabled", faults=[{"call": "RegQueryValueEx", "error": 5}])
    result = farm.adhoc(INFO).only()
    assert result.status == "failed"
    assert (result["mode"], result["accepts_logons"], result["changed"]) == (None, None, False)
    assert result["msg"].startswith("the logon mode could not be read: the connecting account may not do this")


def test_unreadable_after_the_change(serve: Serve) -> None:
    farm = farm_in(serve, "enabled", faults=[{"call": "RegQueryValueEx", "after": 2, "error": 1450}])
    result = set_mode(farm, "drain")
    assert result.status == "failed"
    assert (result["changed"], result["previous_mode"], result["mode"]) == (True, "enabled", None)
    assert "[1450 WIN32_1450]" in result["msg"]


def test_something_else_sets_it_back(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    farm = farm_in(serve, "enabled")
    monkeypatch.setattr(farm.simulation.hosts["RDSH01"].registry, "set", lambda *_: None)
    result = set_mode(farm, "drain")
    assert result.status == "failed"
    assert (result["mode"], result["error"]["code"]) == ("enabled", None)
    assert "drain was written, and the registry now stands for enabled." in result["msg"]


def test_values_that_are_not_there_are_as_0(serve: Serve) -> None:
    farm = farm_in(serve, "enabled")
    registry = farm.simulation.hosts["RDSH01"].registry
    registry.remove(*DRAIN_MODE)
    registry.remove(*DISABLED)
    result = set_mode(farm, "enabled")
    assert (result["mode"], result["changed"]) == ("enabled", False)
    assert farm.simulation.mutating_calls("RDSH01") == []


def test_values_that_stand_for_no_mode(serve: Serve) -> None:
    farm = farm_in(serve, "enabled")
    farm.simulation.hosts["RDSH01"].registry.set(*DISABLED, 1)  # a number, where Windows keeps a text
    run = farm.adhoc(INFO)
    assert (run.only()["mode"], run.only()["changed"], run.exit_code) == (None, False, 0)
    assert "The registry stands for no logon mode:" in run.output
    assert "WinStationsDisabled is REG_DWORD '1'" in " ".join(run.output.split())
    healed = set_mode(farm, "disabled")
    assert (healed["mode"], healed["previous_mode"], healed["changed"]) == ("disabled", None, True)


def test_a_windows_without_remote_desktop_services(serve: Serve) -> None:
    farm = farm_in(serve, "enabled")
    farm.simulation.hosts["RDSH01"].registry.remove_key(DRAIN_MODE[0])
    result = set_mode(farm, "drain")
    assert result.status == "failed"
    assert "the host does not have this registry key (RegOpenKeyEx SYSTEM" in result["msg"]
    assert "[2 ERROR_FILE_NOT_FOUND]" in result["msg"]


def test_refusals_before_the_host_is_contacted(serve: Serve) -> None:
    refusals = {
        "value of mode must be one of: enabled, disabled, drain, drain_until_restart, got: half": {"mode": "half"},
        "mode: 'off' is not a logon mode; write one of disabled (nobody logs on or reconnects), drain ": {
            "mode": "off"
        },
        "mode: False is not a logon mode; write one of disabled": {"mode": False},
        "mode is what is set. To read the mode, use winops.rds.win_rds_logon_mode_info": {"mode": "/query"},
        "mode is null": {"mode": None},
        "unknown option mod; did you mean mode instead of mod? accepted are mode": {"mod": "drain"},
    }
    to_read = "mode is required. To read the mode, use winops.rds.win_rds_logon_mode_info"
    refusals[to_read] = {"mode": "{{ omit }}"}
    farm = farm_in(serve, "enabled")
    run = farm.playbook(
        [{"name": words, MODULE: options, "ignore_errors": True} for words, options in refusals.items()]
    )
    for words in refusals:
        assert run.of(words).status == "failed"
        assert words in run.of(words)["msg"]
    assert to_read in farm.adhoc(MODULE).only()["msg"]
    assert "unknown option mode; this module has none" in farm.adhoc(INFO, "mode=drain").only()["msg"]
    assert farm.simulation.traffic("RDSH01") == []


# ---- what the documentation shows


def test_the_examples_are_run(serve: Serve) -> None:
    """In one play, with a restart after it as the simulator does it."""
    farm = farm_in(serve, "enabled", ALICE, BOB)
    tasks = examples("win_rds_logon_mode_info") + examples("win_rds_logon_mode")
    assert len(tasks) >= 6
    run = farm.playbook(tasks)
    assert run.exit_code == 0, run.output
    assert [r["mode"] for r in run.results if "mode" in r.values] == [
        *("enabled", "drain", "disabled", "disabled", "enabled", "drain_until_restart"),
    ]
    assert "\n-drain\n+disabled\n" in run.output
    farm.simulation.hosts["RDSH01"].restart()
    assert farm.adhoc(INFO).only()["mode"] == "enabled"


def test_the_commands_of_the_documentation_are_run(serve: Serve) -> None:
    """Each ``ansible rdsh -m … -a …`` of the examples and of the guide to logon modes."""
    texts = [
        *((MODULES / f"win_rds_logon_mode{suffix}.py").read_text("utf-8") for suffix in ("", "_info")),
        guide("logon_mode").text,
    ]
    commands = [
        found
        for text in texts
        for found in re.findall(rf'ansible \w+ -m ({INFO}|{MODULE})(?: -a "([^"]*)")?((?: -v| --check| --diff)*)', text)
    ]
    assert len(commands) >= 3
    farm = farm_in(serve, "enabled")
    for module, options, flags in commands:
        run = farm.adhoc(module, options, *flags.split())
        assert run.exit_code == 0, run.output
        assert not options or run.only()["mode"] == options.removeprefix("mode=")
