# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A controller that is suspended in a grace period, as a laptop or a container: each of its processes is stopped, and
goes on later."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .test_grace import ALICE, LOGOFF, NEVER_ENDS, SEND, background, calls, graced

Serve = Callable[..., Any]

#: Seconds by which a step may be late (_grace/period.py).
TOLERANCE = 20


def processes(pid: int) -> Iterator[int]:
    """A process and those that it has started, which are in sessions of their own."""
    yield pid
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in children.read_text("utf-8").split():
            yield from processes(int(child))


@contextmanager
def suspended(pid: int) -> Iterator[None]:
    stopped = [*processes(pid)]
    for each in stopped:
        os.kill(each, signal.SIGSTOP)
    try:
        yield
    finally:
        for each in reversed(stopped):
            os.kill(each, signal.SIGCONT)


def test_whoever_is_still_on_is_warned_again(serve: Serve) -> None:
    """Nobody is logged off by a promise that has passed."""
    farm = serve([ALICE])
    with background(farm, "run", graced({"grace": "10s"})) as run:
        run.wait_for("1 session warned: alice")
        with suspended(run.process.pid):
            time.sleep(10 + TOLERANCE + 3)
            assert calls(farm, LOGOFF) == []
        run.wait_for("this comes later than promised, so the logoff is put off: there are 10s left")
        run.process.wait(NEVER_ENDS)
        assert "1 session warned again: alice" in run.output
        assert run.result.outcomes() == {12: "logged_off"}, run.output
        assert [record["warnings"] for record in run.result["sessions"]] == [2]
    _first, again = calls(farm, SEND)
    (logoff,) = calls(farm, LOGOFF)
    assert logoff.time - again.time >= 10


def test_a_pause_that_leaves_the_promise_as_it_is(serve: Serve) -> None:
    farm = serve([ALICE])
    with background(farm, "run", graced({"grace": "12s"})) as run:
        run.wait_for("1 session warned: alice")
        with suspended(run.process.pid):
            time.sleep(4)
        run.process.wait(NEVER_ENDS)
        assert run.result.outcomes() == {12: "logged_off"}, run.output
    (warning,) = calls(farm, SEND)
    (logoff,) = calls(farm, LOGOFF)
    assert logoff.time - warning.time >= 12
