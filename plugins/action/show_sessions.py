# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Show what the hosts of a play have registered as one table. Nothing leaves the controller."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ansible.plugins.action import ActionBase

from ..plugin_utils._options import OptionError, validated_options
from ..plugin_utils._survey import SORTS, survey, survey_text, totals_text
from ..plugin_utils._table import terminal_width
from ..plugin_utils._task_failed import TaskFailed

# Ansible loads this file before it starts the worker.
_WIDTH = terminal_width()


class ActionModule(ActionBase):
    TRANSFERS_FILES = False
    _requires_connection = False
    ARGUMENT_SPEC: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "registered": {"type": "str", "required": True},
        "sort": {"type": "str", "choices": [*SORTS], "default": "server"},
    }

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        variables = task_vars or {}
        try:
            options = validated_options(self._task.args, self.ARGUMENT_SPEC)
        except OptionError as error:
            return {**result, **TaskFailed(str(error)).result}
        hosts = variables["ansible_play_hosts_all"]
        found = survey((host, variables["hostvars"][host].get(options["registered"]) or {}) for host in hosts)
        if not self._task.no_log:
            self._display.display(survey_text(found, options["sort"], _WIDTH))
        return {**result, "changed": False, "msg": totals_text(found), "_ansible_verbose_override": True}
