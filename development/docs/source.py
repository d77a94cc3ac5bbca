#!/usr/bin/env python3
# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Write what Sphinx makes the site of, into a folder that is emptied first: ``source.py FOLDER``.

That is the guides and a page of each module, role and plugin, as antsibull-docs lays them out, a page of each playbook,
and the front page. ``make link`` has to have run.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import jinja2
import yaml

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]
DOCSITE = REPOSITORY / "docs" / "docsite"
#: Where `make link` puts the collection.
COLLECTIONS = REPOSITORY / ".venv" / "collections"
RECORDS = REPOSITORY / "acceptance" / "records"
COLLECTION = "winops.rds"
#: What the sidebar lists, and how the names of the pages end.
KINDS = {
    "Modules": "module",
    "Roles": "role",
    "Playbooks": "playbook",
    "Callback plugins": "callback",
    "Filters": "filter",
    "Lookups": "lookup",
}


def main() -> None:
    folder = Path(sys.argv[1])
    shutil.rmtree(folder, ignore_errors=True)
    # antsibull-docs refuses a folder that others may write to.
    folder.mkdir(mode=0o755, parents=True)
    reference_pages(folder)
    # What an action plugin launches is nobody's to call.
    for page in folder.glob("*_engine_module.rst"):
        page.unlink()
    for page in folder.rglob("*.rst"):
        # The theme shows the contents of each page beside it.
        page.write_text(page.read_text("utf-8").replace(".. contents::\n   :local:\n   :depth: 1\n", ""), "utf-8")
    # It copies the text of the guides alone.
    no_text = shutil.ignore_patterns("*.rst")
    shutil.copytree(DOCSITE / "rst", folder / "docsite", dirs_exist_ok=True, ignore=no_text)
    for playbook in (REPOSITORY / "playbooks").glob("*.yml"):
        (folder / f"{playbook.stem}_playbook.rst").write_text(playbook_page(playbook), "utf-8")
    # antsibull-docs says nothing of what Ansible does not find.
    for kind in KINDS.values():
        if not pages(folder, kind):
            sys.exit(f"There is no page of any {kind}.")
    records = [yaml.safe_load(path.read_text("utf-8")) for path in sorted(RECORDS.glob("*.yml"))]
    (folder / "index.rst").write_text(front_page(folder, records), "utf-8")


def reference_pages(folder: Path) -> None:
    """Those of antsibull-docs.

    Ansible finds no role where ``ansible_collections`` is in its path twice, as it is by ``.venv/collections`` where
    the repository itself is in such a folder. So it gets a link from elsewhere.
    """
    options = ["--use-current", "--squash-hierarchy", "--fail-on-error", "--no-add-antsibull-docs-version"]
    command = ["antsibull-docs", "collection", *options, "--dest-dir", folder, COLLECTION]
    with tempfile.TemporaryDirectory() as scratch:
        (Path(scratch) / "ansible_collections").symlink_to(COLLECTIONS / "ansible_collections")
        subprocess.run(command, env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": scratch}, check=True)


def front_page(folder: Path, records: list[dict[str, Any]]) -> str:
    """In place of the one of antsibull-docs, which cannot have more than a list.

    :param records: of acceptance tests on real hosts.
    """
    sections: list[dict[str, Any]] = yaml.safe_load((DOCSITE / "extra-docs.yml").read_text("utf-8"))["sections"]
    guides = [(section["title"], [f"docsite/{name}" for name in section["toctree"]]) for section in sections]
    reference = [(title, pages(folder, kind)) for title, kind in KINDS.items()]
    links = yaml.safe_load((DOCSITE / "links.yml").read_text("utf-8"))
    galaxy = yaml.safe_load((REPOSITORY / "galaxy.yml").read_text("utf-8"))
    template = jinja2.Template((HERE / "index.rst.j2").read_text("utf-8"), undefined=jinja2.StrictUndefined)
    forums = links["communication"]["forums"]
    return template.render(guides=guides, reference=reference, forums=forums, galaxy=galaxy, records=records)


def pages(folder: Path, kind: str) -> list[str]:
    names = sorted(page.stem for page in folder.glob(f"*_{kind}.rst"))
    return [f"{name.removesuffix(f'_{kind}')} <{name}>" for name in names]


def playbook_page(playbook: Path) -> str:
    """The comment at a playbook's head, which says how to run it, and the playbook."""
    name = f"{COLLECTION}.{playbook.stem}"
    text = playbook.read_text("utf-8")
    head, _, plays = text.partition("\n\n")
    comment = re.findall(r"^#(?: (.*))?$", head.partition("\n#\n")[2], re.M)
    title = f"{name} playbook"
    lines = [f".. _ansible_collections.{name}_playbook:", "", title, "=" * len(title), ""]
    for paragraph in "\n".join(comment).split("\n\n"):
        if paragraph.startswith("  "):
            lines += [".. code-block:: bash", "", paragraph]
        elif re.match(r"\S+  ", paragraph):
            lines += variables(paragraph)
        else:
            lines += [paragraph]
        lines += [""]
    lines += [".. code-block:: yaml+jinja", "", *(f"    {line}".rstrip() for line in plays.splitlines()), ""]
    return "\n".join(lines)


def variables(paragraph: str) -> list[str]:
    """``name  what it is``, which may go on below, as a list of definitions."""
    rows = re.findall(r"^(\S+)  +((?:.+\n? *)+?)(?=^\S|\Z)", paragraph, re.M)
    escaped = ((name, " ".join(meaning.split()).replace("*", r"\*")) for name, meaning in rows)
    return [f"``{name}``\n    {meaning}" for name, meaning in escaped]


if __name__ == "__main__":
    main()
