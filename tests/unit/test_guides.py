# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the guides and the READMEs print can be typed, and their links into this repository lead somewhere.

Links between guides are checked where the site is made of them (``make docs``); what commands do, by
tests/integration/test_guides.py.
"""

from __future__ import annotations

import configparser
import functools
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.guides import CodeBlock, guide, markdown_code_blocks
from tests.support.paths import GUIDES, REPOSITORY

READMES = [REPOSITORY / path for path in ("README.md", "roles/maintenance/README.md", "simulator/README.md")]


@functools.cache
def blocks() -> dict[str, CodeBlock]:
    """Those of all pages. To read them takes seconds, which only the processes spend that run these tests."""
    pages = {
        **{path.stem: guide(path.stem).code_blocks() for path in sorted(GUIDES.glob("*.rst"))},
        **{str(path.relative_to(REPOSITORY)): markdown_code_blocks(path) for path in READMES},
    }
    return {f"{page}-{i}": block for page, of_page in pages.items() for i, block in enumerate(of_page)}


def of(*languages: str) -> dict[str, CodeBlock]:
    return {name: block for name, block in blocks().items() if block.language in languages}


class Loader(yaml.SafeLoader):
    """Takes ``!vault`` and the like for text."""


Loader.add_multi_constructor("!", lambda loader, suffix, node: loader.construct_scalar(node))


def test_each_block_says_what_it_is() -> None:
    languages = {"bash", "c", "console", "csharp", "ini", "powershell", "python", "text", "yaml", "yaml+jinja"}
    assert {block.language for block in blocks().values()} <= languages


def test_yaml(tmp_path: Path) -> None:
    """Each is read by YAML. Plays, and tasks in a play, are what ``ansible-playbook --syntax-check`` takes."""
    playbooks = []
    for name, block in of("yaml", "yaml+jinja").items():
        content: Any = yaml.load(block.text, Loader)
        assert content, name
        if not isinstance(content, list) or not isinstance(content[0], dict) or "name" not in content[0]:
            continue
        text = block.text
        if "hosts" not in content[0]:
            text = "- hosts: rdsh\n  tasks:\n" + "".join(f"    {line}\n" for line in text.splitlines())
        playbooks.append(tmp_path / f"{name.replace('/', '-')}.yml")
        playbooks[-1].write_text(text, "utf-8")
    assert len(playbooks) > 10
    subprocess.run(["ansible-playbook", "-i", "rdsh,", "--syntax-check", *playbooks], check=True)


def test_ini() -> None:
    for block in of("ini").values():
        parser = configparser.ConfigParser(interpolation=None, allow_no_value=True, delimiters=("=",))
        parser.read_string(block.text)
        assert parser.sections()


PARSE = """
$errors = $null
$null = [Management.Automation.Language.Parser]::ParseInput([Console]::In.ReadToEnd(), [ref]$null, [ref]$errors)
$errors | ForEach-Object Message
"""


@pytest.mark.skipif(not shutil.which("pwsh"), reason="pwsh is not on PATH")
def test_powershell() -> None:
    for name, block in of("powershell").items():
        command = ["pwsh", "-NoProfile", "-NonInteractive", "-Command", PARSE]
        parsed = subprocess.run(command, input=block.text, capture_output=True, text=True, check=True)
        assert not parsed.stdout, f"{name}: {parsed.stdout}"


def test_commands_are_what_a_shell_takes() -> None:
    for name, block in of("bash", "console").items():
        lines = block.text.splitlines()
        if block.language == "console" and any(line.startswith("$ ") for line in lines):
            lines = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
        checked = subprocess.run(["bash", "-n"], input="\n".join(lines), capture_output=True, text=True, check=False)
        assert not checked.stderr, f"{name}: {checked.stderr}"


#: Files of this repository as others link to them.
LINK = re.compile(r"https://github\.com/winops/rds/blob/main/([\w./-]+\w)(?:#([\w-]+))?")
LINKING = [
    *READMES,
    REPOSITORY / "CONTRIBUTING.md",
    *GUIDES.glob("*.rst"),
    *REPOSITORY.glob("plugins/**/*.yml"),
    *REPOSITORY.glob("plugins/**/*.py"),
]


def test_links_into_the_repository() -> None:
    links = {link for page in LINKING for link in LINK.findall(page.read_text("utf-8"))}
    assert len(links) > 5
    for path, anchor in links:
        target = REPOSITORY / path
        assert target.is_file(), path
        assert not anchor or anchor in map(anchor_of, titles(target)), f"{path}#{anchor}"


SITE = re.compile(
    re.escape(yaml.safe_load((REPOSITORY / "galaxy.yml").read_text("utf-8"))["documentation"])
    + r"docsite/(\w+)\.html(?:#([\w-]+))?"
)


def test_links_to_the_site() -> None:
    """They lead to pages that ``make docs`` makes, since GitHub shows the roles of Sphinx in their sources raw."""
    links = {link for page in LINKING for link in SITE.findall(page.read_text("utf-8"))}
    assert len(links) > 10
    for page, anchor in links:
        assert not anchor or anchor in map(anchor_of, guide(page).titles()), f"{page}#{anchor}"
    sources = [page.name for page in LINKING if "blob/main/docs/docsite/rst" in page.read_text("utf-8")]
    assert sources == []


def test_the_readme_begins_with_what_to_type_and_ends_soon() -> None:
    lines = (REPOSITORY / "README.md").read_text("utf-8").splitlines()
    assert len(lines) <= 150
    assert {"make demo", "make farm"} <= {*lines[:40]}


def titles(page: Path) -> list[str]:
    if page.suffix == ".rst":
        return guide(page.stem).titles()
    return re.findall(r"^#+ (.*)$", page.read_text("utf-8"), re.M)


def anchor_of(title: str) -> str:
    """As GitHub makes them."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
