# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs ansible and ansible-playbook as forks of a process that has imported them.

To import ansible-core, and to read which plugins of ``ansible.builtin`` have moved where, takes half a second, which is
more than a task takes. What a fork runs is the same ``main`` that the program runs, with the arguments and environment
variables of its run.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn, Self

from tests.support import ansible_runs
from tests.support.paths import REPOSITORY

#: What a run may set for itself: nothing that has been imported has read it.
_OF_A_RUN = ("FAKE_CLOCK", "HOST_NAMES", "KRB5CCNAME", "KRB5_CONFIG", "PYTEST_CURRENT_TEST", "RECORD_RESULTS")
#: What these are is the server's, like the settings that ansible-core reads when it is imported.
_OF_THE_SERVER = ("ANSIBLE_HOME",)

_Settings = frozenset[tuple[str, str]]


class ForkServers:
    """A server for each set of environment variables that comes a second time. The first time, the program is run.

    :param folder: for temporary files.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._servers: dict[_Settings, ForkServer] = {}
        self._once: set[_Settings] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for server in self._servers.values():
            server.end()

    def finished(self, command: Sequence[str], variables: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        """Like :func:`tests.support.ansible_runs.finished`, of ``ansible`` or ``ansible-playbook``."""
        own = (*_OF_A_RUN, *_OF_THE_SERVER)
        settings = frozenset((name, value) for name, value in variables.items() if name not in own)
        if settings not in self._once:
            self._once.add(settings)
            return ansible_runs.finished(command, variables)
        if settings not in self._servers:
            folder = self._folder / str(len(self._servers))
            folder.mkdir()
            self._servers[settings] = ForkServer(folder, variables)
        return self._servers[settings].finished(command, variables)


class ForkServer:
    """A process that has imported Ansible, of which each run is a fork."""

    def __init__(self, folder: Path, variables: Mapping[str, str]) -> None:
        self._folder = folder
        self._variables = {**variables, "ANSIBLE_HOME": str(folder / "ansible")}
        self._process = self._start()

    def end(self) -> None:
        self._process.communicate()

    def finished(self, command: Sequence[str], variables: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        own = {name: self._variables[name] for name in _OF_THE_SERVER}
        with tempfile.NamedTemporaryFile(dir=self._folder) as output:
            run = {"command": command, "variables": {**variables, **own}, "output": output.name}
            exit_code = self._fork(run)
            return subprocess.CompletedProcess(command, exit_code, output.read().decode("utf-8"))

    def _start(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "tests.support.fork_server"],
            cwd=REPOSITORY,
            env=self._variables,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def _fork(self, run: Mapping[str, Any]) -> int:
        assert self._process.stdin and self._process.stdout
        try:
            self._process.stdin.write(json.dumps(run) + "\n")
            self._process.stdin.flush()
            return int(self._process.stdout.readline())
        except BaseException:  # a run that takes too long, for example
            os.killpg(self._process.pid, 9)
            self._process.communicate()
            self._process = self._start()
            raise


#: What nearly each run needs.
_MODULES = (
    "ansible.cli.adhoc",
    "ansible.cli.playbook",
    "ansible.executor.playbook_executor",
    "ansible_collections.winops.rds.plugins.action.win_rds_logoff",
    "ansible_collections.winops.rds.plugins.action.win_rds_logon_mode",
)
_PLUGINS = {
    "action": ("set_fact", "assert", "debug"),
    "cache": ("memory",),
    "callback": ("default", "minimal", "junit", "oneline", "tree"),
    "inventory": ("host_list", "script", "auto", "yaml", "ini", "toml"),
    "strategy": ("linear", "free"),
}
#: Of which ansible-playbook reads all, for their options, whatever the play.
_KINDS = ("become", "connection", "shell")
#: Seconds between two looks at whether a task has come to its end. The default, a thousandth, takes a tenth of a
#: processor: https://docs.ansible.com/ansible/latest/reference_appendices/config.html
_POLL_INTERVAL = 0.01


def _import() -> None:
    """Import what each run needs, and leave to it whatever it does itself."""
    from ansible import constants
    from ansible.plugins import loader
    from ansible.utils.collection_loader import _collection_finder
    from ansible.utils.path import cleanup_tmp_file

    # A folder for temporary files is made when Ansible is imported, and at its end each run would remove it.
    atexit.unregister(cleanup_tmp_file)
    loader.init_plugin_loader()
    for name in _MODULES:
        importlib.import_module(name)
    for kind, names in _PLUGINS.items():
        for name in names:
            getattr(loader, f"{kind}_loader").get(name, class_only=True)
    for kind in _KINDS:
        list(getattr(loader, f"{kind}_loader").all(class_only=True))
    constants.DEFAULT_INTERNAL_POLL_INTERVAL = _POLL_INTERVAL
    # Each run makes its own.
    _collection_finder._AnsibleCollectionFinder._remove()
    gc.freeze()  # so that a run does not touch, and with it copy, what it only reads


def _await_run() -> dict[str, Any] | None:
    """Fork for each line on standard input, and say the exit code; return in each fork, what it is to run."""
    for line in sys.stdin:
        process = os.fork()
        if not process:
            run: dict[str, Any] = json.loads(line)
            return run
        print(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), flush=True)
    return None


def _become(run: Mapping[str, Any]) -> None:
    """Be as the program is when it begins."""
    output = os.open(run["output"], os.O_WRONLY)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.environ.clear()
    os.environ.update(run["variables"])
    sys.argv = run["command"]


def _end(exit_code: int) -> NoReturn:
    """End as the program does, but leave all that was imported as it is.

    To take it apart, as Python does last, would copy all the memory that the fork shares with its server, which is half
    of what a run without a task costs.
    """
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(exit_code)


def main() -> int:
    _import()
    run = _await_run()
    if run is None:
        return 0
    _become(run)
    from ansible.cli import adhoc, playbook

    program = {"ansible": adhoc, "ansible-playbook": playbook}[Path(run["command"][0]).name]
    try:
        exit_code = program.main() or 0
    except SystemExit as end:
        exit_code = int(end.code or 0)
    _end(exit_code)


if __name__ == "__main__":
    sys.exit(main())
