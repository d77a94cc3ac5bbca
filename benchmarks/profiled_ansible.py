# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""``ansible``, with a profile of the worker process that carries the task out, and a copy of what it sends.

    python -m benchmarks.profiled_ansible FOLDER [arguments of ansible]

FOLDER then has ``profile`` (cProfile, of CPU time) and ``payload`` (the input of the program on the host).
"""

from __future__ import annotations

import cProfile
import sys
import time
from pathlib import Path
from typing import Any

from ansible.cli.adhoc import main
from ansible.executor.task_executor import TaskExecutor
from ansible.plugins.action import ActionBase


def install(folder: Path) -> None:
    """Have workers write what they do into a folder."""
    carry_out = TaskExecutor.run
    execute = ActionBase._low_level_execute_command

    def profiled(executor: Any) -> Any:
        profile = cProfile.Profile(time.process_time)
        try:
            return profile.runcall(carry_out, executor)
        finally:
            profile.dump_stats(folder / "profile")

    def copied(action: Any, cmd: Any, *arguments: Any, in_data: Any = None, **options: Any) -> Any:
        if in_data:
            (folder / "payload").write_bytes(in_data if isinstance(in_data, bytes) else in_data.encode())
        return execute(action, cmd, *arguments, in_data=in_data, **options)

    TaskExecutor.run = profiled
    ActionBase._low_level_execute_command = copied


if __name__ == "__main__":
    install(Path(sys.argv[1]))
    main(["ansible", *sys.argv[2:]])
