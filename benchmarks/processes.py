# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs a command, and tells what it cost by the operating system's own accounts. Leaves no process behind."""

from __future__ import annotations

import os
import re
import select
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

_CPUS = sorted(os.sched_getaffinity(0))
#: The simulated hosts, and the benchmark itself, have a processor of their own where there are two or more.
HOST_CPUS = {_CPUS[-1]}
CONTROLLER_CPUS = set(_CPUS[:-1] or _CPUS)

_LONGEST_RUN = 900.0  # seconds


class RunFailed(RuntimeError):
    """A command that is measured did not do its work; the message ends with what it printed."""


@dataclass(frozen=True)
class Cost:
    """What a command cost, with all the processes that it started and waited for."""

    wall: float
    """Seconds."""
    cpu: float
    """Seconds, of user and system."""
    memory: int
    """The highest of the samples of memory that were asked for, in bytes."""


def own_peak(pid: int) -> int:
    """The most memory that a process had so far, without its children (bytes; VmHWM of proc_pid_status(5)).

    Not ru_maxrss, in which Linux counts the process that it was forked from.
    """
    found = re.search(r"^VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text("ascii", "replace"), re.MULTILINE)
    return int(found[1]) * 1024 if found else 0


def of_tree(pid: int) -> int:
    """The memory that a process and all that it started have now (bytes). What they share counts once: it is the sum of
    their proportional set sizes."""
    total = 0
    for member in _family(pid):
        try:
            total += member.memory_full_info().pss
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue  # it has just ended
    return total


def run(
    command: Sequence[str | Path],
    output: Path,
    *,
    environment: Mapping[str, str] | None = None,
    stdin: bytes = b"",
    memory: Callable[[int], int] | None = None,
    every: float = 0.5,
) -> Cost:
    """Run a command on the controller's processors; what it prints goes to a file.

    :param memory: takes a sample of the memory of the process with this ID, on the other processor.
    :param every: seconds between samples.
    :raises RunFailed: it ended with another exit code than 0, or not at all.
    """
    source = output.with_suffix(".in")
    source.write_bytes(stdin)
    with output.open("wb") as sink, source.open("rb") as given:
        began = time.monotonic()
        process = subprocess.Popen(
            [*map(str, command)],
            env={**os.environ, **(environment or {})},
            stdin=given,
            stdout=sink,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for the benchmark, which then ends them all
        )
        try:
            os.sched_setaffinity(process.pid, CONTROLLER_CPUS)
            peak = _wait(process.pid, began + _LONGEST_RUN, memory, every)
            wall = time.monotonic() - began
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        finally:
            end(process)
    if process.returncode:
        text = output.read_text("utf-8", "replace")[-3000:]
        raise RunFailed(f"{' '.join(map(str, command))[:500]}\nended with {process.returncode}:\n{text}")
    return Cost(wall, usage.ru_utime + usage.ru_stime, peak)


def end(process: subprocess.Popen[bytes]) -> None:
    """End a process that still runs, and all that it has started."""
    if process.returncode is not None:
        return
    for member in _family(process.pid):
        try:
            member.kill()
        except psutil.NoSuchProcess:
            continue
    process.wait()


def _family(pid: int) -> list[psutil.Process]:
    try:
        root = psutil.Process(pid)
        return [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _wait(pid: int, deadline: float, memory: Callable[[int], int] | None, every: float) -> int:
    """Wait until a process ends, and leave it to be reaped; return the highest sample."""
    highest = 0
    descriptor = os.pidfd_open(pid)
    try:
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        while not poll.poll(every * 1000):
            if time.monotonic() > deadline:
                raise RunFailed(f"a command did not end within {_LONGEST_RUN:g} s")
            if memory:
                highest = max(highest, memory(pid))
    finally:
        os.close(descriptor)
    return highest
