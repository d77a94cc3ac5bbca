# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the task makes of the two values of the registry."""

from __future__ import annotations

import itertools
import json
import re
import subprocess
from typing import Any

import pytest
from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.playbook.task import Task
from ansible_collections.winops.rds.plugins.action.win_rds_logon_mode import ActionModule
from ansible_collections.winops.rds.plugins.action.win_rds_logon_mode_info import ActionModule as InfoModule
from ansible_collections.winops.rds.plugins.plugin_utils._engine.report import RefusedCall, ReportError, read
from ansible_collections.winops.rds.plugins.plugin_utils._launch.action import ConnectionLost
from ansible_collections.winops.rds.plugins.plugin_utils._launch.failed import TaskFailed
from ansible_collections.winops.rds.plugins.plugin_utils._logon_mode import modes
from ansible_collections.winops.rds.plugins.plugin_utils._logon_mode.action import LogonModeAction
from ansible_collections.winops.rds.plugins.plugin_utils._logon_mode.modes import (
    MODES,
    REGISTRY,
    VALUES,
    LogonModeRequest,
    mode_of,
)
from ansible_collections.winops.rds.plugins.plugin_utils._options.errors import OptionError

from tests.support.guides import guide
from tests.unit.plugins.test_documentation import check, plain, spec_of

MODULE = "winops.rds.win_rds_logon_mode"
INFO = "winops.rds.win_rds_logon_mode_info"
PAGE = guide("logon_mode")
REG_SZ, REG_DWORD = 1, 4
DENIED = {"call": "RegSetValueEx TSServerDrainMode", "code": 5}

Reading = dict[str, dict[str, Any] | None]


def reading(drain: str | None = "0", disabled: str | None = "0") -> Reading:
    return {
        "drain_mode": None if drain is None else {"type": REG_DWORD, "text": drain},
        "winstations_disabled": None if disabled is None else {"type": REG_SZ, "text": disabled},
    }


ENABLED, DISABLED, DRAIN, UNTIL_RESTART = reading(), reading("0", "1"), reading("2"), reading("1")
ODD = reading("3")


def report(before: Reading | None, after: Reading | None, *written: str, error: Any = None) -> dict[str, Any]:
    return {
        "before": before,
        "after": after,
        "written": [*written],
        "maintenance": None,
        "error": error,
        "logged": None,
    }


def mode_told(raw: Reading) -> str | None:
    """The mode that values stand for which were reported so."""
    return mode_of(read(modes.Reading, raw, "reading"))


def asked(mode: str) -> dict[str, str | None]:
    """What is to be written for a mode."""
    request = modes.request_for(mode, check_mode=False, trace="")
    return {name: getattr(request, name) for name in VALUES}


class Reporting(LogonModeAction):
    """To be mixed with an action plugin: what comes back from the host."""

    def __init__(self, answer: Any, *, check_mode: bool = False, diff: bool = False) -> None:
        task = Task.load({"action": MODULE, "check_mode": check_mode, "diff": diff})
        super().__init__(task, None, None, None, None, None)
        self.answer = answer
        self.sent: dict[str, Any] = {}
        self.said: list[str] = []

    def _execute_module(self, **launched: Any) -> dict[str, Any]:
        self.sent = launched
        self.launch_begins()
        if isinstance(self.answer, Exception):
            raise self.answer
        return {"report": self.answer} if self.answer else {}

    def say(self, text: str) -> None:
        self.said.append(text)

    def result(self, **options: Any) -> dict[str, Any]:
        """The task's result, failed or not."""
        try:
            result = self.run_task(self.validated(options), {})
        except TaskFailed as failure:
            result = failure.result
        return self.with_event(result)


class Set(Reporting, ActionModule):
    pass


class Read(Reporting, InfoModule):
    pass


# ---- the registry and the mode


@pytest.mark.parametrize(
    ("drain", "disabled", "mode"),
    [
        ("0", "0", "enabled"),
        (None, None, "enabled"),
        (None, "0", "enabled"),
        ("0", None, "enabled"),
        ("2", "0", "drain"),
        ("2", None, "drain"),
        ("1", "0", "drain_until_restart"),
        ("0", "1", "disabled"),
        ("1", "1", "disabled"),
        ("2", "1", "disabled"),
        ("7", "1", "disabled"),
        (None, "1", "disabled"),
        ("3", "0", None),
        ("4294967295", "0", None),
        ("0", "", None),
        ("0", "2", None),
        ("0", "yes", None),
        ("2", "01", None),
    ],
)
def test_mode_of(drain: str | None, disabled: str | None, mode: str | None) -> None:
    assert mode_told(reading(drain, disabled)) == mode


def test_a_value_of_another_type_stands_for_nothing() -> None:
    assert mode_told({**ENABLED, "winstations_disabled": {"type": REG_DWORD, "text": "0"}}) is None
    assert mode_told({**ENABLED, "drain_mode": {"type": REG_SZ, "text": "0"}}) is None
    assert mode_told({**DISABLED, "drain_mode": {"type": 3, "text": "00"}}) == "disabled"
    assert mode_of(None) is None


@pytest.mark.parametrize("mode", MODES)
def test_what_is_written_for_a_mode_is_that_mode(mode: str) -> None:
    """Whatever was there before."""
    for drain, disabled in itertools.product([None, "0", "1", "2", "9"], [None, "0", "1", "x"]):
        before = reading(drain, disabled)
        written = {
            name: {"type": modes.TYPES[name], "text": text} for name, text in asked(mode).items() if text is not None
        }
        assert mode_told({**before, **written}) == mode


def test_what_is_sent() -> None:
    assert asked("disabled") == {"drain_mode": None, "winstations_disabled": "1"}
    assert asked("drain") == {"drain_mode": "2", "winstations_disabled": "0"}
    for check_mode in False, True:
        action = Set(report(ENABLED, ENABLED), check_mode=check_mode)
        action.result(mode="disabled")
        assert action.sent["module_name"] == LogonModeRequest.module
        assert action.sent["module_args"].keys() == {"request"}
        sent = json.loads(action.sent["module_args"]["request"])
        assert sent.pop("trace").endswith('"reason":null,"mode":"disabled","written":[')
        assert sent == {"check_mode": check_mode, **asked("disabled")}
        reading = Read(report(ENABLED, ENABLED), check_mode=check_mode)
        reading.result()
        assert reading.sent["module_name"] == LogonModeRequest.module
        sent = json.loads(reading.sent["module_args"]["request"])
        assert sent == {"check_mode": True, "drain_mode": None, "winstations_disabled": None, "trace": None}


# ---- results


def test_reading() -> None:
    result = Read(report(DRAIN, DRAIN)).result()
    assert result == {
        "changed": False,
        "mode": "drain",
        "accepts_logons": False,
        "maintenance": None,
        "error": None,
        "msg": "The logon mode is drain: users reconnect to their sessions, and get no new ones.",
    }
    assert Read(report(ENABLED, ENABLED)).result()["accepts_logons"] is True


def test_a_change() -> None:
    action = Set(report(ENABLED, DRAIN, "drain_mode"), diff=True)
    result = action.result(mode="drain")
    assert (result["changed"], result["mode"], result["previous_mode"]) == (True, "drain", "enabled")
    assert result["msg"].startswith("The logon mode was enabled and is now drain: ")
    assert (result["diff"]["before"], result["diff"]["after"]) == ("enabled\n", "drain\n")
    assert action.said == [result["msg"]]


def test_nothing_to_change() -> None:
    result = Set(report(DISABLED, DISABLED)).result(mode="disabled")
    assert (result["changed"], result["msg"]) == (
        False,
        "The logon mode is already disabled: nobody logs on or reconnects.",
    )


def test_check_mode() -> None:
    result = Set(report(ENABLED, ENABLED), check_mode=True).result(mode="disabled")
    assert (result["changed"], result["mode"], result["previous_mode"]) == (True, "disabled", "enabled")
    assert result["msg"].startswith("The logon mode is enabled and would be disabled: ")
    assert Set(report(DRAIN, DRAIN), check_mode=True).result(mode="drain")["changed"] is False
    assert Read(report(DRAIN, DRAIN), check_mode=True).result()["changed"] is False


def test_a_registry_that_stands_for_no_mode(monkeypatch: pytest.MonkeyPatch) -> None:
    action = Read(report(ODD, ODD))
    warnings: list[str] = []
    monkeypatch.setattr(action._display, "warning", warnings.append)
    result = action.result()
    assert (result["mode"], result["accepts_logons"], result["changed"]) == (None, None, False)
    assert result["msg"] == (
        r"The registry stands for no logon mode: HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server"
        r"\TSServerDrainMode is REG_DWORD '3', HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon"
        r"\WinStationsDisabled is REG_SZ '0'. Set one with winops.rds.win_rds_logon_mode."
    )
    assert warnings == [result["msg"]]
    healed = Set(report(ODD, ENABLED, "drain_mode")).result(mode="enabled")
    assert (healed["changed"], healed["mode"]) == (True, "enabled")
    assert healed["msg"].startswith("The logon mode was none that is known and is now enabled: ")


@pytest.mark.parametrize("code", [5, 2, 1450])
def test_windows_refuses(code: int) -> None:
    result = Set(report(ENABLED, ENABLED, error={**DENIED, "code": code})).result(mode="drain")
    assert result["failed"]
    assert (result["changed"], result["mode"], result["error"]["code"]) == (False, "enabled", code)
    assert result["msg"].startswith("the logon mode could not be set to drain: ")
    assert f" (RegSetValueEx TSServerDrainMode) [{code} {result['error']['name']}]. " in result["msg"]
    assert result["msg"].endswith(" It is enabled.")


def test_windows_refuses_half_way() -> None:
    half = reading("2", "1")
    result = Set(report(DISABLED, half, "drain_mode", error=DENIED)).result(mode="drain")
    assert (result["failed"], result["changed"], result["mode"]) == (True, True, "disabled")


def test_what_was_written_cannot_be_read_again() -> None:
    result = Set(report(ENABLED, None, "drain_mode", error=DENIED)).result(mode="drain")
    assert (result["failed"], result["changed"], result["mode"], result["accepts_logons"]) == (True, True, None, None)
    assert "It is" not in result["msg"]


def test_what_cannot_be_read() -> None:
    for check_mode in False, True:
        action = Set(report(None, None, error=DENIED), check_mode=check_mode, diff=True)
        result = action.result(mode="drain")
        assert (result["failed"], result["changed"]) == (True, False)
        assert (result["previous_mode"], result["diff"]["before"]) == (None, "unknown\n")
    result = Read(report(None, None, error=DENIED)).result()
    assert result["msg"].startswith("the logon mode could not be read: the connecting account may not do this ")
    assert (result["failed"], result["mode"], result["accepts_logons"]) == (True, None, None)


def test_something_else_sets_it_back() -> None:
    result = Set(report(ENABLED, ENABLED, "drain_mode")).result(mode="drain")
    assert (result["failed"], result["changed"], result["mode"]) == (True, True, "enabled")
    assert result["error"]["code"] is None
    assert "drain was written, and the registry now stands for enabled. Look for " in result["msg"]


# ---- what is no answer


@pytest.mark.parametrize(
    "answer",
    [
        {"before": None, "after": None, "written": []},
        report(None, None),
        report(ENABLED, None, "drain_mode"),
        report(ENABLED, ENABLED, "another"),
        report({"drain_mode": None}, ENABLED),
        report({**ENABLED, "drain_mode": {"type": "4", "text": "0"}}, ENABLED),
        report({**ENABLED, "drain_mode": {"type": 4}}, ENABLED),
        report(ENABLED, ENABLED, error={"call": "RegOpenKeyEx"}),
        "report",
    ],
    ids=str,
)
def test_an_answer_that_is_none(answer: Any) -> None:
    with pytest.raises(ReportError):
        modes.read_report(modes.Report, answer)
    result = Set(answer).result(mode="drain")
    assert result["msg"].startswith("the logon mode engine's answer cannot be read: report")
    assert result["msg"].endswith("The mode may have been set; run the task again, with -vvv to see the answer.")
    assert result["changed"] is True


def test_a_launch_that_failed() -> None:
    unheard = Set(None).result(mode="drain")["msg"]
    assert unheard == (
        "no report came from the logon mode engine, so what it did is not known: no output. The mode may have been "
        "set; run the task again."
    )
    broken = Set(AnsibleError("broken pipe")).result(mode="drain")["msg"]
    assert broken == (
        "no answer from the logon mode engine: broken pipe. The mode may have been set; run the task again."
    )
    assert "may have been set" not in Read(AnsibleError("broken pipe")).result()["msg"]
    assert Set(None).result(mode="drain")["changed"] is True
    with pytest.raises(ConnectionLost):
        Read(AnsibleConnectionFailure("no route")).result()


@pytest.mark.parametrize("answer", [None, "report", AnsibleError("broken pipe")], ids=repr)
def test_where_nothing_is_written_nothing_may_have_been_set(answer: Any) -> None:
    results = [
        Read(answer).result(),
        Read(answer, check_mode=True).result(),
        Set(answer, check_mode=True).result(mode="drain"),
    ]
    for result in results:
        assert "Nothing was changed; run the task again" in result["msg"]
        assert result["changed"] is False


def test_who_leaves_the_mode_out_is_told_what_reads_it() -> None:
    with pytest.raises(OptionError, match=r"required. To read the mode, use winops\.rds\.win_rds_logon_mode_info"):
        Set(report(ENABLED, ENABLED)).result()


def test_the_module_that_reads_has_no_options() -> None:
    for given in {"mode": "drain"}, {"_raw_params": "drain"}:
        with pytest.raises(OptionError, match="this module has none"):
            Read(report(ENABLED, ENABLED)).result(**given)


# ---- documentation


@pytest.fixture(scope="module")
def documentation() -> dict[str, Any]:
    command = ["ansible-doc", "--json", "--type", "module", MODULE, INFO]
    loaded: dict[str, Any] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return loaded


def test_documented_options(documentation: dict[str, Any]) -> None:
    assert spec_of(documentation[MODULE]["doc"]["options"]) == spec_of({**ActionModule.ARGUMENT_SPEC})
    assert documentation[INFO]["doc"]["options"] == {**InfoModule.ARGUMENT_SPEC} == {}


def test_documented_modes(documentation: dict[str, Any]) -> None:
    """Each with its form of the command."""
    described = documentation[MODULE]["doc"]["options"]["mode"]["description"]
    forms = dict(re.findall(r"V\((\w+)\), as C\(change logon /(\w+)\)", plain(described)))
    assert [*forms] == [*MODES]
    assert [*forms.values()] == ["enable", "disable", "drain", "drainuntilrestart"]


def test_documented_results(documentation: dict[str, Any]) -> None:
    returned = documentation[MODULE]["return"]
    failed = Set(report(ENABLED, ENABLED, error=DENIED), diff=True).result(mode="drain")
    assert failed.pop("failed")
    for result in failed, Set(report(ENABLED, DRAIN, "drain_mode"), diff=True).result(mode="drain"):
        check(returned, result)
        check(returned["diff"]["contains"], result["diff"])
    check(returned["error"]["contains"], failed["error"])


def test_documented_results_of_the_module_that_reads(documentation: dict[str, Any]) -> None:
    returned = documentation[INFO]["return"]
    failed = Read(report(None, None, error=DENIED)).result()
    assert failed.pop("failed")
    for result in failed, Read(report(DRAIN, DRAIN)).result():
        check(returned, result)
    check(returned["error"]["contains"], failed["error"])


def test_documented_errors() -> None:
    documented = [[*row.values()] for row in PAGE.section("Errors").tables()[0]]
    for code, (message, hint) in modes._ERRORS.items():
        assert [str(code), modes.windows_error(RefusedCall("", code))["name"], message, hint] in documented


def test_documented_registry() -> None:
    """The tables of the guide are what is written."""
    values, written, _ = PAGE.section("What is read and written").tables()
    letters = {"drain_mode": "A", "winstations_disabled": "B"}
    for name, letter in letters.items():
        key, _, value = VALUES[name].removeprefix("HKLM\\").rpartition("\\")
        assert [letter, key, value, {1: "REG_SZ", 4: "REG_DWORD"}[modes.TYPES[name]]] in [
            [*row.values()] for row in values
        ]
    assert written == [
        {
            "mode": mode,
            "A": texts.get("drain_mode", "does not matter, and is left alone"),
            "B": texts["winstations_disabled"],
        }
        for mode, texts in REGISTRY.items()
    ]


def test_examples_are_options_that_there_are(documentation: dict[str, Any]) -> None:
    assert "mode: " in documentation[MODULE]["examples"]
    modes = re.findall(r"^    mode: (\w+)$", documentation[MODULE]["examples"], re.M)
    assert {*modes} == {*MODES}
