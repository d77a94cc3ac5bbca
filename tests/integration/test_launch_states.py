# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Nothing was launched, not known, or done and told: what a task says, held against what the host saw."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .conftest import Farm, Run

Serve = Callable[..., Farm]

ALICE = {"id": 12, "user": "alice"}
LOGOFF = "winops.rds.win_rds_logoff"
TASK = {LOGOFF: {"all": True}}

IN_USE = "error CS0016: Could not write to output file 'c:\\temp\\a.dll' -- 'Der Prozess kann nicht zugreifen. '"
FORBIDDEN = "error CS1567: Error generating Win32 resource: Access is denied."


def launches(farm: Farm) -> int:
    return sum(exchange.action == "Command" for exchange in farm.simulation.traffic("RDSH01"))


def asked(farm: Farm) -> list[str]:
    return [call.function for call in farm.simulation.api.mutating_calls_on(farm.simulation.hosts["RDSH01"])]


@pytest.mark.parametrize("times", [1, 2])
def test_a_file_in_use_is_tried_again(serve: Serve, times: int) -> None:
    hosts = [{"name": "RDSH01", "sessions": [ALICE], "launch_faults": [{"compile_error": IN_USE}] * times}]
    farm = serve(hosts=hosts)
    run = farm.playbook([TASK], "-v")
    assert run.only().outcomes() == {12: "logged_off"}
    assert run.output.count("could not be compiled, because a file was in use; it is launched again") == times
    assert (launches(farm), asked(farm)) == (times + 1, ["WTSLogoffSession"])


@pytest.mark.parametrize(
    ("errors", "tries", "words"),
    [([IN_USE] * 9, 3, "An antivirus or an indexer held it"), ([FORBIDDEN], 1, "Check the policy for applications")],
    ids=["in use", "forbidden"],
)
@pytest.mark.parametrize("grace", [{}, {"grace": "1m", "message": "Soon"}], ids=["at once", "grace"])
def test_a_host_that_cannot_compile(
    serve: Serve, errors: list[str], tries: int, words: str, grace: dict[str, str]
) -> None:
    farm = serve(
        hosts=[{"name": "RDSH01", "sessions": [ALICE], "launch_faults": [{"compile_error": error} for error in errors]}]
    )
    result = farm.playbook([{LOGOFF: {"all": True, **grace}}]).only()
    assert (result.status, result["changed"]) == ("failed", False)
    assert "could not be compiled, so nothing was touched" in result["msg"]
    assert errors[0].split(":")[0] in result["msg"] and words in result["msg"]
    assert (launches(farm), asked(farm), farm.users()) == (tries, [], {12: "alice"})


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"ansible_winrm_transport": "telepathy"}, "telepathy"),
        ({"ansible_become": True, "ansible_become_method": "sudo", "ansible_become_user": "x"}, "sudo"),
    ],
    ids=["transport", "become"],
)
@pytest.mark.parametrize("check", [[], ["--check"]], ids=["run", "check"])
def test_what_ansible_itself_refuses(serve: Serve, variables: dict[str, Any], words: str, check: list[str]) -> None:
    farm = serve([ALICE])
    run: Run = farm.playbook([TASK], *check, vars=variables)
    result = run.only()
    assert result.status in ("failed", "unreachable")
    assert words in result["msg"]
    assert "may have been" not in result["msg"]
    if result.status == "failed":
        assert "nothing was touched" in result["msg"]
    assert asked(farm) == []


@pytest.mark.parametrize(
    "fault", [{"killed": True}, {"cut": 0}, {"cut": 1}, {"cut": 40}, {"cut": 700}], ids=lambda fault: str(fault)
)
@pytest.mark.parametrize("check", [False, True], ids=["run", "check"])
def test_output_that_does_not_come_whole(serve: Serve, fault: dict[str, Any], check: bool) -> None:
    """As when PowerShell is killed. Whether it had acted by then, nobody can tell."""
    farm = serve(hosts=[{"name": "RDSH01", "sessions": [ALICE], "launch_faults": [fault]}])
    result = farm.playbook([TASK], *(["--check"] if check else [])).only()
    assert (result.status, result["changed"]) == ("failed", not check)
    assert "what it did is not known" in result["msg"]
    assert ("Nothing was changed" if check else "Sessions may have been logged off") in result["msg"]
    assert asked(farm) == ([] if check or "killed" in fault else ["WTSLogoffSession"])


@pytest.mark.parametrize("fault", [{"killed": True}, {"cut": 40}], ids=str)
def test_output_that_does_not_come_whole_after_a_grace_period(serve: Serve, fault: dict[str, Any]) -> None:
    """The logoff is asked for again; who is gone before it may have been logged off by the one that was not heard."""
    whole = {"cut": 2**40}
    farm = serve(hosts=[{"name": "RDSH01", "sessions": [ALICE], "launch_faults": [whole, fault]}])
    result = farm.playbook([{LOGOFF: {"all": True, "grace": "2s", "message": "Soon"}}]).only()
    assert result["changed"] is True
    assert result.outcomes() == {12: "logged_off" if "killed" in fault else "already_gone"}
    assert "may have been logged off by this task" in result["msg"]
    assert farm.users() == {}
