# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The host of a task that goes on for a while: reached when there is something to do, let go in between."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from ansible import constants as C

from .._engine.report import Report
from .._engine.requests import EngineRequest
from .._launch.action import ConnectionLost, NotKnown
from .._launch.failed import TaskFailed
from .._launch.task import STANDARD_ERROR
from .._session_action import SessionAction
from .._words.displayable import displayable


class TaskHost:
    """The host, by the connection of an action plugin. What goes wrong there comes as an exception of any kind."""

    def __init__(self, action: SessionAction, task_vars: dict[str, Any]) -> None:
        self._action = action
        self._connection = action._connection
        self._task_vars = task_vars
        self._controller = os.getppid()
        self._broken = False

    def connect(self) -> None:
        """Open the connection."""
        if self._broken:
            self._connection.reset()
            self._broken = False
        else:
            self._connection._connect()

    def launch(self, request: EngineRequest) -> Report:
        """Launch an engine once, and return its report."""
        return self._action.run_engine(request, self._task_vars)

    def may_have_acted(self, error: Exception) -> bool:
        """Whether the engine may have run, although this is all that came of its launch."""
        return isinstance(error, (NotKnown, ConnectionLost))

    def has_timed_out(self, error: BaseException) -> bool:
        """Whether it is that of the task's keyword ``timeout``."""
        return self._action.is_timeout(error)

    @property
    def may_be_acting(self) -> bool:
        """Whether the engine may change something, or have changed it, and has not been heard."""
        return self._action.in_doubt is not None and self._action.in_doubt.may_change

    def disconnect(self) -> None:
        """Leave nothing open on the host: delete the WinRM shell or close the runspace. Raises nothing.

        With ssh, OpenSSH keeps the connection as long as ControlPersist says; there is nothing of it on the host but
        that.
        """
        try:
            self._connection.close()
        except Exception:
            # The connection plugin may still hold a shell that the host has not: the next connect resets it.
            self._broken = True

    def require_controller(self) -> None:
        """Raise if there is nobody any more who could be told what becomes of the sessions: a worker lives on when
        ansible-playbook is killed or loses its terminal."""
        if os.getppid() != self._controller:
            raise TaskFailed("Ansible has ended during the grace period, so nobody is logged off")

    @contextmanager
    def telling_if_interrupted(self, text: Callable[[], str]) -> Iterator[None]:
        """Within, a text is shown before Ctrl-C ends the worker, or Ansible, which sends both signals in turn, or the
        task's keyword ``timeout`` the task."""
        of_ansible: dict[signal.Signals, Any] = {}

        def restore() -> None:
            for number, handler in of_ansible.items():
                signal.signal(number, handler)

        def interrupt(number: int, frame: FrameType | None) -> None:
            for each in of_ansible:
                signal.signal(each, lambda *_: None)
            # The worker ends also where the text cannot be written: an exception would pass for an unreachable host.
            try:
                if STANDARD_ERROR is not None and not self._action._task.no_log:
                    os.write(STANDARD_ERROR, f"{displayable(text(), None)}\n".encode())
            finally:
                restore()
                signal.raise_signal(number)

        for number in (signal.SIGINT, signal.SIGTERM):
            # A signal that is ignored ends nothing: a shell lets programs in the background ignore SIGINT.
            if signal.getsignal(number) != signal.SIG_IGN:
                of_ansible[number] = signal.signal(number, interrupt)
        try:
            yield
        except BaseException as error:
            if self._action.is_timeout(error):
                self.tell(text())
            raise
        finally:
            restore()

    def tell(self, text: str) -> None:
        """Show a line of progress."""
        # Where a callback's output is to be parsed, verbose_to_stderr keeps lines like these out of it.
        if not self._action._task.no_log:
            self._action._display.display(displayable(text, None), stderr=C.VERBOSE_TO_STDERR)
