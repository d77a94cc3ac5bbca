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
from .._session_action import STANDARD_ERROR, SessionAction
from .._words.displayable import displayable


class TaskHost:
    """Implements a grace period by the connection of an action plugin."""

    def __init__(self, action: SessionAction, task_vars: dict[str, Any]) -> None:
        self._action = action
        self._connection = action._connection
        self._task_vars = task_vars
        self._controller = os.getppid()
        self._broken = False

    def connect(self) -> None:
        if self._broken:
            self._connection.reset()
            self._broken = False
        else:
            self._connection._connect()

    def launch(self, request: EngineRequest) -> Report:
        return self._action.run_engine(request, self._task_vars)

    def may_have_acted(self, error: Exception) -> bool:
        return isinstance(error, (NotKnown, ConnectionLost))

    def disconnect(self) -> None:
        """Delete the WinRM shell or close the runspace. With ssh, OpenSSH keeps the connection as long as
        ControlPersist says; there is nothing of it on the host but that."""
        try:
            self._connection.close()
        except Exception:
            # What the connection plugin still knows of the host (its shell, say) is of no use any more.
            self._broken = True

    def require_controller(self) -> None:
        """A worker lives on when ansible-playbook is killed or loses its terminal."""
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
            # Whatever becomes of the text, the worker ends: an exception could pass for a host that is not reached.
            try:
                if STANDARD_ERROR is not None and not self._action._task.no_log:
                    os.write(STANDARD_ERROR, f"{displayable(text(), None)}\n".encode())
            finally:
                restore()
                signal.raise_signal(number)

        for number in (signal.SIGINT, signal.SIGTERM):
            # What is ignored ends nothing: Ctrl-C, of what a script has started in the background.
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
        # Where a callback's output is to be parsed, verbose_to_stderr keeps lines like these out of it.
        if not self._action._task.no_log:
            self._action._display.display(displayable(text, None), stderr=C.VERBOSE_TO_STDERR)
