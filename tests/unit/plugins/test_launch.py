# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is known after a launch: that nothing was launched, or that it is not known; and when it is tried again.

What comes back is put in the place of a host's, in the words that Ansible's wrapper has for it. The connections and the
wrapper themselves are in tests/integration.
"""

from __future__ import annotations

import time
from typing import Any, ClassVar

import pytest
from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.playbook.play_context import PlayContext
from ansible.playbook.task import Task
from ansible_collections.winops.rds.plugins.plugin_utils._launch.action import (
    COMPILE_PAUSES,
    ConnectionLost,
    LaunchAction,
    NothingLaunched,
    NotKnown,
)
from ansible_collections.winops.rds.plugins.plugin_utils._launch.failed import TaskFailed

REPORT = {"servers": []}

#: Of Add-CSharpType in Ansible's wrapper, in English and in German: the words of the compiler are Windows'.
NOT_COMPILED = "Failed to compile C# code:\nerror CS1525: Invalid expression term"
IN_USE = (
    "Failed to compile C# code:\nerror CS0016: Could not write to output file 'c:\\t\\x.dll' -- 'Access is denied.'"
)
SOURCE_IN_USE = "Failed to compile C# code:\nFehler CS1504: Die Quelldatei kann nicht geöffnet werden"
CONSTRAINED = (
    "Cannot invoke method. Method invocation is supported only on core types in this language mode.\n"
    "+ FullyQualifiedErrorId : MethodInvocationNotSupportedInConstrainedLanguage"
)


class Asked:
    """A request of which any report is the answer."""

    called: ClassVar[str] = "the engine"
    module = "winops.rds.engine"
    text = '{"all": true}'
    may_change = True
    if_unanswered = "It may have acted"

    def read(self, answer: Any) -> Any:
        return answer


class Launching(LaunchAction):
    """The base of the action plugins; each launch is answered by the next of these: a result, or an exception."""

    def __init__(self, *answers: dict[str, Any] | BaseException, began: bool = True) -> None:
        super().__init__(Task.load({"action": "winops.rds.win_rds_logoff"}), None, PlayContext(), None, None, None)
        self.answers = [*answers]
        self.began = began
        self.launched: list[tuple[str, dict[str, Any]]] = []
        self.said: list[str] = []

    def _execute_module(self, *, module_name: str, module_args: dict[str, Any], **_: Any) -> dict[str, Any]:
        self.launched.append((module_name, module_args))
        answer = self.answers.pop(0)
        if self.began:
            self.launch_begins()
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        raise NotImplementedError

    def say(self, text: str) -> None:
        self.said.append(text)

    def report(self) -> Any:
        return self.launch(Asked(), {})

    def failure(self) -> TaskFailed:
        with pytest.raises(TaskFailed) as raised:
            self.report()
        return raised.value


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long it was waited; the wait itself is left out."""
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    return slept


def test_a_report_is_what_comes_back() -> None:
    action = Launching({"report": REPORT, "changed": False})
    assert action.report() == REPORT
    assert action.launched == [("winops.rds.engine", {"request": '{"all": true}'})]


@pytest.mark.parametrize("report", [{}, [], "", 0, False], ids=repr)
def test_a_report_that_is_empty_is_one(report: Any) -> None:
    """Whether it can be one is said by who reads it."""
    assert Launching({"report": report}).report() == report


# ---- exceptions


@pytest.mark.parametrize("error", [AnsibleError, OSError, ValueError])
def test_a_failure_before_the_launch_touched_nothing(error: type[Exception]) -> None:
    failure = Launching(error("pywinrm is not\n installed"), began=False).failure()
    assert isinstance(failure, NothingLaunched)
    assert str(failure) == ("the engine was not launched, so nothing was touched on the host: pywinrm is not installed")
    assert "changed" not in failure.result


@pytest.mark.parametrize("error", [AnsibleError, OSError, ValueError])
def test_a_failure_after_the_launch_began_leaves_open_what_was_done(error: type[Exception]) -> None:
    failure = Launching(error("broken\n pipe")).failure()
    assert isinstance(failure, NotKnown)
    assert str(failure) == "no answer from the engine: broken pipe. It may have acted."


def test_a_host_that_is_not_reached_is_unreachable_in_ansibles_words() -> None:
    error = AnsibleConnectionFailure("no\n route")
    with pytest.raises(AnsibleConnectionFailure) as raised:
        Launching(error, began=False).report()
    assert raised.value is error


def test_a_host_that_is_lost_is_unreachable_and_what_was_done_is_not_known() -> None:
    with pytest.raises(ConnectionLost) as raised:
        Launching(AnsibleConnectionFailure("no\n route")).report()
    assert str(raised.value) == "no answer from the engine: no route. It may have acted."


def test_an_earlier_launch_that_began_says_nothing_of_this_one() -> None:
    action = Launching({"report": REPORT}, OSError("gone"))
    action.report()
    action.began = False
    assert isinstance(action.failure(), NothingLaunched)


def test_who_interrupts_is_not_held_up() -> None:
    with pytest.raises(KeyboardInterrupt):
        Launching(KeyboardInterrupt()).report()


# ---- results without a report


@pytest.mark.parametrize(
    ("result", "words"),
    [
        ({"refused": True, "engine": True, "failed": True, "msg": "Unexpected member 'x'"},
         ["the engine refused the request, and touched nothing: Unexpected member 'x'.", "a bug"]),
        ({"failed": True, "msg": NOT_COMPILED},
         ["the engine could not be compiled, so nothing was touched: Failed to compile C# ", "CS1525", "AppLocker"]),
        ({"failed": True, "msg": "MODULE FAILURE", "module_stderr": NOT_COMPILED}, ["be compiled", "AppLocker"]),
        ({"failed": True, "msg": CONSTRAINED},
         ["PowerShell is in constrained language mode, so the engine was not started and nothing was touched: Cannot"]),
        ({"failed": True, "module_stderr": CONSTRAINED, "msg": "MODULE FAILURE"}, ["constrained language mode"]),
    ],
    ids=lambda value: "",
)  # fmt: skip
def test_what_proves_that_nothing_ran(result: dict[str, Any], words: list[str]) -> None:
    failure = Launching({**result, "changed": False}).failure()
    assert isinstance(failure, NothingLaunched)
    assert [word for word in words if word not in str(failure)] == []
    assert "\n" not in str(failure) and "may have acted" not in str(failure)


@pytest.mark.parametrize(
    "result",
    [
        {},
        {"report": None},
        {"failed": True, "msg": "MODULE FAILURE", "module_stdout": "", "module_stderr": "", "rc": 1},
        {"failed": True, "msg": "ParserError", "rc": 1},
        {"unreachable": True, "msg": "ntlm: the specified credentials were rejected"},
        # Names from the host may be on stdout, and whoever logs on chooses them.
        {"failed": True, "msg": "MODULE FAILURE", "module_stdout": NOT_COMPILED},
        {"failed": True, "msg": "MODULE FAILURE", "module_stdout": CONSTRAINED},
        # What the engine says, it says while it runs.
        {"failed": True, "engine": True, "msg": NOT_COMPILED},
        {"failed": True, "engine": True, "msg": CONSTRAINED},
        {"failed": True, "engine": True, "msg": "x", "module_stderr": IN_USE},
        {"failed": True, "engine": True, "refused": False, "msg": "boom"},
        # The code of a compiler alone.
        {"failed": True, "msg": "error CS0016"},
    ],
    ids=str,
)
def test_whatever_else_comes_back_leaves_open_what_was_done(result: dict[str, Any]) -> None:
    action = Launching(result)
    failure = action.failure()
    assert isinstance(failure, NotKnown)
    assert str(failure).startswith("no report came from the engine, so what it did is not known: ")
    assert str(failure).endswith(". It may have acted.")
    assert len(action.launched) == 1


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ({}, "no output"),
        ({"msg": "", "module_stderr": " \n"}, "no output"),
        ({"module_stderr": "first\n  second"}, "first second"),
        ({"msg": "MODULE\nFAILURE", "module_stderr": "x"}, "MODULE FAILURE"),
        ({"engine": True}, "no output"),
        ({"msg": "x" * 9000}, "x" * 299 + "…"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_in_which_words(result: dict[str, Any], said: str) -> None:
    assert f"is not known: {said}. It may" in str(Launching(result).failure())


def test_the_words_of_ansible_are_kept_in_the_result() -> None:
    result = {"failed": True, "changed": False, "msg": "MODULE FAILURE", "module_stdout": "a\nb", "rc": 1}
    failure = Launching(result).failure()
    assert failure.result == {"failed": True, "changed": True, "msg": str(failure), "module_stdout": "a\nb", "rc": 1}


# ---- a file in use


TEMPORARY_IN_USE = (
    "Failed to compile C# code:\nerror CS1610: Could not delete temporary file used for default Win32 resource"
)


@pytest.mark.parametrize("words", [IN_USE, SOURCE_IN_USE, TEMPORARY_IN_USE])
def test_a_file_in_use_is_awaited(words: str, pauses: list[float]) -> None:
    action = Launching({"failed": True, "msg": words}, {"report": REPORT})
    assert action.report() == REPORT
    assert pauses == [2.0]
    assert action.launched[0] == action.launched[1]
    assert action.said == ["the engine could not be compiled, because a file was in use; it is launched again in 2s"]


def test_a_file_that_stays_in_use(pauses: list[float]) -> None:
    """Nothing ran in any of the launches."""
    failure = Launching(*[{"failed": True, "msg": IN_USE}] * 9).failure()
    assert pauses == [*COMPILE_PAUSES]
    assert isinstance(failure, NothingLaunched)
    assert "CS0016" in str(failure) and "ansible_remote_tmp" in str(failure) and "antivirus" in str(failure)


def test_what_follows_a_file_in_use_counts(pauses: list[float]) -> None:
    action = Launching({"failed": True, "msg": IN_USE}, {"failed": True, "msg": "MODULE FAILURE"})
    assert isinstance(action.failure(), NotKnown)
    assert pauses == [2.0]


@pytest.mark.parametrize(
    "result",
    [
        {"msg": NOT_COMPILED},
        {"msg": NOT_COMPILED + " (XCS0016)"},
        {"msg": CONSTRAINED},
        {"msg": IN_USE, "engine": True},
        {"msg": "MODULE FAILURE", "module_stdout": IN_USE},
        {"msg": "x", "refused": True},
    ],
    ids=str,
)
def test_nothing_else_is_launched_again(result: dict[str, Any], pauses: list[float]) -> None:
    action = Launching({"failed": True, **result}, {"report": REPORT})
    action.failure()
    assert (len(action.launched), pauses) == (1, [])
