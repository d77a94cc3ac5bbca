# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is printed for people to try first, in terminals of two widths: nothing wraps, and nothing is JSON."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pexpect
import pytest
from rich.cells import cell_len

from simulator.demo.farm import COMMANDS, HERE, SETTINGS
from simulator.farm import FarmSpec
from tests.support.paths import REPOSITORY

from .conftest import NEVER_ENDS, Farm, served

#: The README's playbook, as it is shown there: with its plan, and with a line a session.
PLAYBOOK = re.search(r"^## The task\n\n```yaml\n(.*?)^```", (REPOSITORY / "README.md").read_text("utf-8"), re.M | re.S)
README = ("ansible-playbook empty.yml --limit RDSH01 --check --diff", "ansible-playbook empty.yml --limit RDSH01 -v")
#: What is as wide as it is whatever the terminal is: Ansible's own last lines, and those of a diff, which come from a
#: process without a terminal; and the rows of quser.
OF_THEIR_OWN_WIDTH = re.compile(r"RDSH\d\d +: ok=|[-+ ]RDSH\d\d  | \w+ .* \d\d/\d\d/\d{4} \d\d:\d\d$")
#: How a line of JSON begins. Ansible's own mark of a warning is none.
JSON = re.compile(r"(?!\[WARNING\]: )\s*[{\[\]}\"]")


@pytest.mark.parametrize("columns", [80, 120])
def test_nothing_wraps_and_nothing_is_json(tmp_path: Path, columns: int) -> None:
    assert PLAYBOOK
    (tmp_path / "empty.yml").write_text(PLAYBOOK[1], "utf-8")
    with served(FarmSpec.load(HERE / "farm.yml")) as simulation:
        farm = Farm(simulation, tmp_path)
        (tmp_path / "build").mkdir()  # which there is where `make farm` serves
        for command in (*COMMANDS, *README):
            shown = in_terminal(command, columns, farm)
            ours = [line for line in shown if not OF_THEIR_OWN_WIDTH.match(line)]
            assert [line for line in ours if cell_len(line) > columns] == [], command
            assert [line for line in shown if JSON.match(line)] == [], command
            assert any("RDSH0" in line for line in shown), command


def in_terminal(command: str, columns: int, farm: Farm) -> list[str]:
    """The lines that are sent to a terminal so wide."""
    environment = {name: value for name, value in farm.environment.items() if name != "COLUMNS"}
    environment |= {name: str(value) for name, value in SETTINGS.items()} | {"ANSIBLE_INVENTORY": str(farm.inventory)}
    output, code = pexpect.run(
        f"{Path(sys.executable).parent}/{command}",
        cwd=farm.folder,
        env=environment,
        dimensions=(24, columns),
        timeout=NEVER_ENDS,
        withexitstatus=True,
        encoding="utf-8",
    )
    assert code == 0, output
    return output.splitlines()
