# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Launch a ``module`` of the collection as its action plugin does, with a request that its engine refuses."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):  # type: ignore[misc]
    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        launched: dict[str, Any] = self._execute_module(
            module_name=self._task.args["module"], module_args={"request": "{}"}, task_vars=task_vars
        )
        return launched
