# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module without WinRM and without waiting: the action plugin and the engines are the shipped ones, and each launch
may go wrong in each way in which one can."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from ansible.errors import AnsibleConnectionFailure
from ansible.playbook.task import Task
from ansible_collections.winops.rds.plugins.action.win_rds_maintenance import ActionModule
from ansible_collections.winops.rds.plugins.plugin_utils._grace import schedule
from ansible_collections.winops.rds.plugins.plugin_utils._maintenance import engine as engine_of_maintenance

from simulator.registry import LogonMode
from tests.support.loops import LoopThread
from tests.unit.faults.hosts import LastingFarm, WitnessedApi, farm_of
from tests.unit.grace.direct import Connection, FakeClock
from tests.unit.maintenance.kept_host import CutApi, MaintainedHost

COMMAND = "ansible RDSH01 -m winops.rds.win_rds_maintenance -a state=exited"

#: How a launch goes wrong.
NOT_REACHED = "not reached"
NOT_LAUNCHED = "not launched"
LOST = "carried out, and the connection lost"
UNHEARD = "carried out, and no answer"
CUT = "cut off in the middle, and no answer"
TIMEOUT = "carried out, and the keyword timeout"
CONTROLLER = "carried out, and the controller gone"
WAYS = (NOT_REACHED, NOT_LAUNCHED, LOST, UNHEARD, CUT, TIMEOUT, CONTROLLER)


class ControllerGone(BaseException):
    """The worker ends, as by SIGKILL: nothing of the task is done any more."""


class TaskTimeoutError(BaseException):
    """As ansible-core's, whose module is another in each version."""


class WitnessedCutApi(CutApi, WitnessedApi):
    pass


class MaintainedFarm(MaintainedHost, LastingFarm):
    """Simulated hosts; the first is the one that tasks run on."""

    def __init__(self, api: WitnessedApi, loop: LoopThread) -> None:
        super().__init__(api, loop)
        self.begin("enabled")

    def begin(self, mode: LogonMode, *sessions: dict[str, Any]) -> None:
        self.clock = FakeClock()
        super().begin(mode, *sessions)

    def task(self, *, check: bool = False, name: str = "RDSH01", run: str = "1", **options: Any) -> MaintenanceTask:
        return MaintenanceTask(self, options, check=check, name=name, mark=run)


class MaintenanceTask(ActionModule):
    """One task.

    :ivar wrong: the launches that go wrong, by their number, and how.
    """

    def __init__(self, farm: MaintainedFarm, options: dict[str, Any], *, check: bool, name: str, mark: str) -> None:
        task = Task()
        task.action = "winops.rds.win_rds_maintenance"
        task.args = options
        task.check_mode = check
        task.diff = True
        task.timeout = 1800
        super().__init__(task, Connection(), SimpleNamespace(remote_addr=name), None, None, None)
        self._farm = farm
        self._name = name
        self._mark = mark
        self.wrong: dict[int, str] = {}
        self.cut_after = 30
        self.launches: list[str] = []
        self.said: list[str] = []

    def result(self) -> dict[str, Any]:
        """:raises AnsibleConnectionFailure, TaskTimeoutError, ControllerGone: as Ansible gets them."""
        with (
            patch.object(schedule, "clock", self._farm.clock),
            patch.object(engine_of_maintenance, "RUN", self._mark),
        ):
            return self.run(None, {"inventory_hostname": self._name})

    def outcome(self) -> dict[str, Any]:
        """The result as Ansible makes it of what an action plugin raises."""
        try:
            return self.result()
        except AnsibleConnectionFailure as error:
            return {"unreachable": True, "changed": False, "msg": str(error)}
        except TaskTimeoutError as error:
            return {"failed": True, "changed": False, "timedout": {}, "msg": str(error)}
        except ControllerGone:
            return {}

    def _execute_module(self, *, module_name: str, module_args: dict[str, Any], **_: Any) -> dict[str, Any]:
        how = self.wrong.get(len(self.launches))
        engine = module_name.rpartition(".")[2]
        self.launches.append(engine)
        if how == NOT_REACHED:
            raise AnsibleConnectionFailure("the host is down")
        if how == NOT_LAUNCHED:
            raise ValueError("the payload could not be sent")
        self.launch_begins()
        api = self._farm.api
        assert isinstance(api, WitnessedCutApi)
        api.calls_left = self.cut_after if how == CUT else None
        answer = self._farm.launch(engine, module_args["request"], "C.UTF-8")
        api.calls_left = None
        if how == LOST:
            raise AnsibleConnectionFailure("the connection was closed")
        if how in (UNHEARD, CUT):
            return {"failed": True, "msg": "", "module_stdout": "", "module_stderr": ""}
        if how == TIMEOUT:
            raise TaskTimeoutError("The action failed to execute in the expected time frame (1800)")
        if how == CONTROLLER:
            raise ControllerGone
        return answer

    def is_timeout(self, error: BaseException) -> bool:
        return isinstance(error, TaskTimeoutError)

    def say(self, text: str) -> None:
        assert text.isprintable()
        self.said.append(text)


@contextmanager
def maintained() -> Iterator[MaintainedFarm]:
    """A farm of one host."""
    with (
        patch("tests.unit.faults.hosts.WitnessedApi", WitnessedCutApi),
        farm_of(MaintainedFarm, {"name": "RDSH01"}) as farm,
    ):
        yield farm
