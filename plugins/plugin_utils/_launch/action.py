# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One launch of an engine, and what is known after it.

A launch goes through these states. A connection that breaks, an exception of a library and the task's keyword
``timeout`` can end it in each of them, and what is told then depends on the state alone:

===============  ==========================================  ====================================================
state            entered by                                  what is known if it ends here
===============  ==========================================  ====================================================
connecting       ``launch``                                  nothing was launched: NothingLaunched, or unreachable
begun            ``launch_begins``, before the first         not known: NotKnown, or ConnectionLost, which counts
                 command that may be the launch              as changed if the request may change something. Where
                                                             ``ssh`` or ``winrm`` proves it: as while connecting
answered         a result of Ansible's wrapper               NothingLaunched if the C# was not compiled, PowerShell
                                                             may not run it, or it refused the request; else NotKnown
told             a report that answers the request           done and told
===============  ==========================================  ====================================================

``connecting`` is not always the first state of a task: a grace period launches several times, and what an earlier
launch may have done stays in doubt (``in_doubt``) until a later one has told.
"""

from __future__ import annotations

import functools
import re
import time
import traceback
from collections.abc import Mapping
from typing import Any, ClassVar, Protocol, TypeVar

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.action import ActionBase

from .._engine.report import ReportError
from .._words.displayable import displayable, one_line
from . import ssh, winrm
from .failed import TaskFailed

#: Seconds. A host that could not write the compiled engine to a file is launched again after each of these pauses: an
#: antivirus that holds new files lets go of them soon (ansible-collections/ansible.windows issue 657).
COMPILE_PAUSES = (2.0, 5.0)

LONGEST_REASON = 300  # characters

R_co = TypeVar("R_co", covariant=True)


class Request(Protocol[R_co]):
    """What a launch has to know of what it launches."""

    called: ClassVar[str]
    """How messages name what answers."""

    @property
    def module(self) -> str:
        """The script that is launched."""

    @property
    def text(self) -> str:
        """What the script is given: JSON."""

    @property
    def may_change(self) -> bool:
        """Whether the task counts as changed, if what was done is not known."""

    @property
    def if_unanswered(self) -> str:
        """What a message says of the host, if no answer comes from it."""

    def read(self, answer: Any) -> R_co:
        """Return the report in an answer.

        :raises ReportError: it is none that answers this request.
        """


#: Of Ansible's wrapper (ansible/executor/powershell), which compiles all C# before the module's first statement.
_NOT_COMPILED = "Failed to compile C# code"
#: What the compiler says of a file that it cannot write, read or make: CS0016 and CS2012 of the output, CS1504 and
#: CS2001 of a source file, CS0006, CS0009 and CS0041 of a library or of debugging information, CS1610 of a temporary
#: file, CS1566 and CS1583 of a resource. The words beside it are in the language of Windows.
#: https://learn.microsoft.com/dotnet/csharp/language-reference/compiler-messages/
_FILE_IN_USE = re.compile(r"\bCS(0006|0009|0016|0041|1504|1566|1583|1610|2001|2012)\b")
#: In the identifiers of PowerShell's errors where a policy allows it only a part of its language, in any language:
#: https://learn.microsoft.com/powershell/module/microsoft.powershell.core/about/about_language_modes
_CONSTRAINED = "ConstrainedLanguage"


class NothingLaunched(TaskFailed):
    """The engine was not started, so that nothing on the host was touched."""


class NotKnown(TaskFailed):
    """The engine may have been started and was not heard, so that what it did is not known."""


class ConnectionLost(AnsibleConnectionFailure):  # type: ignore[misc]
    """As NotKnown, where the connection plugin says that the host is unreachable."""

    may_have_changed = False
    """Whether the task counts as changed."""


class LaunchAction(ActionBase):  # type: ignore[misc]
    """Base of action plugins that launch an engine."""

    _launch_began = False
    _carried_out = False
    """Whether a command of this launch has ended."""
    _makes_folder = False
    _request: Request[Any]
    #: The request of a launch that has begun and was not told; None: there is none.
    in_doubt: Request[Any] | None = None

    def say(self, text: str) -> None:
        """Show a line with ``-v``."""
        if not self._task.no_log:
            self._display.v(displayable(text, None), host=self._play_context.remote_addr)

    def launch_begins(self) -> None:
        """From here on the host may have begun to work."""
        self._launch_began = True
        self.in_doubt = self._request

    def launch(self, request: Request[R_co], task_vars: dict[str, Any]) -> R_co:
        """Launch a script on the target, once, and return its report.

        :raises NothingLaunched: the engine was not started.
        :raises NotKnown: it may have been started, and no report came that can be read.
        :raises AnsibleConnectionFailure: the host is not reached; ConnectionLost: not any more.
        """
        self._request = request
        try:
            answer = self._answer(request, task_vars)
            try:
                report = request.read(answer)
            except ReportError as error:
                raise NotKnown(
                    f"{request.called}'s answer cannot be read: {error}. {request.if_unanswered}, with -vvv to see "
                    "the answer."
                ) from None
        except NotKnown as failure:
            failure.result["changed"] = request.may_change
            raise
        except ConnectionLost as failure:
            failure.may_have_changed = request.may_change
            raise
        self.in_doubt = None
        return report

    def _answer(self, request: Request[Any], task_vars: dict[str, Any]) -> Any:
        """Launch a script until it could be compiled, and return its answer."""
        pauses = iter(COMPILE_PAUSES)
        while True:
            result = self._launch_once(request, task_vars)
            if result.get("report") is not None:
                return result["report"]
            pause = next(pauses, None)
            if pause is None or not (_was_not_compiled(result) and _FILE_IN_USE.search(_wrapper_words(result))):
                raise _without_report(request, result)
            self.say(
                f"{request.called} could not be compiled, because a file was in use; it is launched again in "
                f"{pause:.0f}s"
            )
            time.sleep(pause)

    def _launch_once(self, request: Request[Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        self._launch_began = self._carried_out = False
        try:
            result: dict[str, Any] = self._execute_module(
                module_name=request.module, module_args={"request": request.text}, task_vars=task_vars
            )
        except AnsibleConnectionFailure as error:
            if self._never_started(error):
                raise  # Ansible says that the host is unreachable
            words = one_line(ssh.words(error) if self._is_ssh else error, LONGEST_REASON).rstrip(".")
            raise ConnectionLost(f"no answer from {request.called}: {words}. {request.if_unanswered}.") from None
        except Exception as error:
            # Each connection plugin has exceptions of its own, and lets those of the libraries below it through.
            if not self._task.no_log:
                self._display.vvv(traceback.format_exc())
            reason = one_line(error, LONGEST_REASON)
            if self._never_started(error):
                raise NothingLaunched(
                    f"{request.called} was not launched, so nothing was touched on the host: {reason}"
                ) from None
            raise NotKnown(f"no answer from {request.called}: {reason}. {request.if_unanswered}.") from None
        return result

    def _never_started(self, error: Exception) -> bool:
        if not self._launch_began:
            return True
        if self._is_ssh:
            return isinstance(error, AnsibleConnectionFailure) and ssh.never_connected(error)
        return not self._carried_out and winrm.never_started(error)

    def _make_tmp_path(self, *arguments: Any, **others: Any) -> Any:
        """Extended to know what is no launch: where a module is not sent on stdin, its folder is made first."""
        self._makes_folder = True
        try:
            return super()._make_tmp_path(*arguments, **others)
        finally:
            self._makes_folder = False

    def _low_level_execute_command(self, *arguments: Any, **others: Any) -> Any:
        """Extended to know when the launch begins: a connection that cannot be opened has launched nothing. Whatever
        else is carried out may be the launch."""
        execute = functools.partial(super()._low_level_execute_command, *arguments, **others)
        if self._makes_folder:
            return execute()
        connection = self._connection
        if not connection.connected:
            connection._connect()

        # Up to 2.18, ansible-core builds the command of a `become` that Windows does not know here, and fails.
        def exec_command(*command: Any, **how: Any) -> Any:
            self.launch_begins()
            return type(connection).exec_command(connection, *command, **how)

        connection.exec_command = exec_command
        try:
            result = ssh.run_once(connection, execute) if self._is_ssh else execute()
        finally:
            del connection.exec_command
        self._carried_out = True
        return result

    @property
    def _is_ssh(self) -> bool:
        return getattr(self._connection, "transport", None) == "ssh"


def _without_report(request: Request[Any], result: Mapping[str, Any]) -> TaskFailed:
    """What a launch without a report proves. Its own words are kept in the result."""
    name, words = request.called, _wrapper_words(result)
    first = (one_line(result.get("msg") or words, LONGEST_REASON) or "no output").rstrip(". ")
    kept = {key: value for key, value in result.items() if key not in ("msg", "changed", "failed", "refused")}
    if result.get("refused"):
        return NothingLaunched(f"{name} refused the request, and touched nothing: {first}. This is a bug.", **kept)
    if _was_not_compiled(result):
        advice = (
            "An antivirus or an indexer held it: exclude the folder for temporary files (ansible_remote_tmp) from it, "
            "or run the task again"
            if _FILE_IN_USE.search(words)
            else "Check the policy for applications (App Control, AppLocker), and the folder for temporary files "
            "(ansible_remote_tmp)"
        )
        return NothingLaunched(f"{name} could not be compiled, so nothing was touched: {first}. {advice}.", **kept)
    if _CONSTRAINED in words:
        return NothingLaunched(
            f"PowerShell is in constrained language mode, so {name} was not started and nothing was touched: {first}. "
            "Ansible needs full language mode: allow the connecting account in the policy (App Control, AppLocker).",
            **kept,
        )
    return NotKnown(
        f"no report came from {name}, so what it did is not known: {first}. {request.if_unanswered}.", **kept
    )


def _was_not_compiled(result: Mapping[str, Any]) -> bool:
    return _NOT_COMPILED in _wrapper_words(result)


def _wrapper_words(result: Mapping[str, Any]) -> str:
    """What Ansible's wrapper said. Not what stands on stdout, where names from the host may be, nor what the engine
    says, which runs then."""
    if result.get("engine"):
        return ""
    return f"{result.get('msg', '')}\n{result.get('module_stderr', '')}"
