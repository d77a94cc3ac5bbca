# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The commands of the README and the guides, typed as they are printed, say what is printed below them."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.winops.rds.plugins.plugin_utils._words.wts import time_of

from tests.support.ansible_runs import finished
from tests.support.guides import CodeBlock, guide, markdown_code_blocks
from tests.support.paths import REPOSITORY

Serve = Callable[..., Any]

PAGES = {
    "README": markdown_code_blocks(REPOSITORY / "README.md"),
    **{name: guide(name).code_blocks() for name in ("logon_mode", "maintenance", "other_servers", "output")},
}

DEMO = yaml.safe_load((REPOSITORY / "simulator" / "demo" / "farm.yml").read_text("utf-8"))
#: The hosts of the README, on which nothing happens by itself.
RDSH01, RDSH02, RDSH03 = ({**host, "faults": []} for host in DEMO["hosts"])


def without_console(host: dict[str, Any]) -> dict[str, Any]:
    return {**host, "sessions": [one for one in host["sessions"] if one.get("name") != "console"]}


def typed(block: CodeBlock) -> list[tuple[str, list[str]]]:
    """The commands of Ansible in a block, and what is printed below each."""
    prompt = "$ " if "$ " in block.text else ""
    parts = re.findall(rf"^{re.escape(prompt)}(ansible.*)\n((?:(?!\$ |ansible).*\n)*)", block.text, re.M)
    return [(command, printed.splitlines()) for command, printed in parts]


def block_with(page: str, words: str) -> CodeBlock:
    (block,) = (block for block in PAGES[page] if words in block.text)
    return block


def run(farm: Any, command: str) -> str:
    """In a shell, where the files lie that the guides name. A grace period passes at once."""
    for name in "inventory", "hosts.ini":
        (farm.folder / name).unlink(missing_ok=True)
        (farm.folder / name).symlink_to(farm.inventory)
    (farm.folder / "patch.yml").write_text("- ansible.builtin.debug:\n    msg: Patched\n", "utf-8")
    variables = {
        **farm.environment,
        "ANSIBLE_INVENTORY": str(farm.inventory),
        "FAKE_CLOCK": str(farm.folder / "clock"),
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
    }
    done = finished(["bash", "-c", command], variables, farm.folder)
    return f"{done.stdout}\nexit code {done.returncode}"


def comparable(text: str) -> str:
    """Without dates, durations, and the address that Ansible's ``-v`` puts before a line."""
    text = re.sub(r"[A-Z][a-z]{2} \d\d \d\d:\d\d", "Nov 21 00:00", text)
    return re.sub(r"^<[\d.]+> ", "", re.sub(r"after [\d.]+s", "after 2s", text), flags=re.M)


def check_printed(printed: list[str], output: str) -> None:
    """Each line came, in this order, maybe with others in between."""
    came = iter(comparable(output).splitlines())
    for line in filter(None, printed):
        if "…" not in line:
            assert comparable(line) in came, f"{line}\n\nis not in\n\n{output}"


def test_who_is_on(serve: Serve) -> None:
    farm = serve(hosts=[RDSH01, RDSH02, RDSH03], domain="CONTOSO")
    ((command, printed),) = typed(block_with("README", "winops.rds.who_is_on -i"))
    check_printed(printed, run(farm, command))


def test_empty_the_farm(serve: Serve) -> None:
    farm = serve(hosts=[RDSH01])
    (farm.folder / "empty.yml").write_text(block_with("README", "Empty the farm before").text, "utf-8")
    for command, printed in typed(block_with("README", "empty.yml --check")):
        check_printed(printed, run(farm, command))
    assert farm.users() == {1: "operator"}


def test_warn_first(serve: Serve) -> None:
    farm = serve(hosts=[RDSH01, RDSH02])
    (block,) = (block for block in guide("grace").code_blocks() if "Log off whoever has been idle" in block.text)
    task = yaml.safe_load(block.text)
    checked = farm.playbook(task, "--check")
    assert checked.exit_code == 0, checked.output
    assert checked.of(task[0]["name"], "RDSH01").counts() == {"would_log_off": 3}


def test_until_a_time_of_day(serve: Serve) -> None:
    farm = serve(hosts=[RDSH01])
    (block,) = (block for block in guide("grace").code_blocks() if "off at six" in block.text)
    checked = farm.playbook(yaml.safe_load(block.text), "--check").only()
    ends = time_of(checked["deadline"]).astimezone()
    assert checked.counts() == {"would_log_off": 3, "protected": 1}
    assert timedelta() < ends - datetime.now().astimezone() <= timedelta(days=1)
    assert abs(ends.replace(hour=6, minute=0, second=0) - ends) < timedelta(minutes=1)


def test_maintenance_night(serve: Serve) -> None:
    farm = serve(hosts=[without_console(RDSH01), RDSH02])
    tasks = yaml.safe_load(block_with("README", "state: entered").text)
    checked = farm.playbook(tasks, "--check")
    assert checked.exit_code == 0, checked.output
    entered = checked.of(tasks[0]["name"], "RDSH01")
    assert entered.counts() == {"would_log_off": 3}
    assert entered["mode"] == "drain"


def test_other_servers(serve: Serve) -> None:
    rdsh02 = {"name": "RDSH02", "sessions": [{"id": 13, "user": "alice"}]}
    farm = serve(
        hosts=[
            {"name": "mgmt01"},
            rdsh02,
            {"name": "RDSH03", "faults": [{"call": "WTSEnumerateSessionsEx", "error": 1722}]},
            {"name": "RDSH04", "faults": [{"call": "WTSEnumerateSessionsEx", "delay": "never"}]},
        ]
    )
    ((command, printed),) = typed(block_with("other_servers", "ansible mgmt01"))
    check_printed(printed, run(farm, command))


ELSEWHERE = "who_is_on", "empty.yml", "mgmt01"
COMMANDS = {command for blocks in PAGES.values() for block in blocks for command, _ in typed(block)}
COMMANDS |= {row["command of Ansible"] for row in guide("quick_reference").section("The commands").rows()}
OTHERS = sorted(command for command in COMMANDS if not any(word in command for word in (*ELSEWHERE, "galaxy")))


@pytest.mark.parametrize("command", OTHERS, ids=str)
def test_commands(serve: Serve, command: str) -> None:
    # With somebody at the console, a night is not begun.
    farm = serve(hosts=[without_console(RDSH01)])
    output = run(farm, command)
    # `change logon /query` ends with 1: see simulator/console/change_logon.py.
    assert "Session logins are currently ENABLED" in output if "/query" in command else output.endswith("exit code 0")
    assert "CHANGED" in output or "win_rds_logoff" not in command
