# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Log sessions off: check the options, warn and wait if that is wanted, tell what became of each session."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ..plugin_utils._grace import logoff
from ..plugin_utils._grace import options as grace_options
from ..plugin_utils._grace.logoff import LogoffAction
from ..plugin_utils._grace.options import Grace
from ..plugin_utils._options.errors import OptionError
from ..plugin_utils._options.selection import ARGUMENT_SPEC


class ActionModule(LogoffAction):
    ARGUMENT_SPEC: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        **ARGUMENT_SPEC,
        **grace_options.ARGUMENT_SPEC,
        **logoff.ARGUMENT_SPEC,
        "wait": {"type": "bool", "default": True},
    }

    def run_task(self, options: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        selection = self.whom_to_act_on(options)
        if not options["wait"]:
            _refuse_waiting(options)
        asked = self.logoff_request(options, selection, check_mode=self._task.check_mode, wait=options["wait"])
        if selection.nobody:
            return {**self.nobody_result(asked, selection.nobody), "deadline": None}
        return self.log_off(asked, Grace.from_options(options), options, task_vars)


def _refuse_waiting(options: dict[str, Any]) -> None:
    for option, given in (
        ("timeout", options["timeout"] is not None),
        ("max_parallel", options["max_parallel"] is not None),
        ("on_timeout=terminate", options["on_timeout"] == "terminate"),
    ):
        if given:
            raise OptionError(f"{option} is about the wait, so it contradicts wait=false: leave one of them out")
