# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Sphinx's settings for the site, https://www.sphinx-doc.org/en/master/usage/configuration.html

Nothing is fetched while it is built or read. With ``--tag translation`` and ``--define language=fr``
it is the quick reference alone, which refers to the English site in the folder above.
"""

from __future__ import annotations

import re
from pathlib import Path

import yaml
from babel import Locale
from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

_HERE = Path(__file__).parent
_REPOSITORY = _HERE.parents[1]
_GALAXY = yaml.safe_load((_REPOSITORY / "galaxy.yml").read_text("utf-8"))

project = "winops.rds"
author = "winops.rds contributors"
project_copyright = f"2026, {author}"
version = release = _GALAXY["version"]

extensions = ["sphinx_antsibull_ext"]
nitpicky = True
highlight_language = "yaml+jinja"
pygments_style = "ansible"
# Dashes alone: what stands in quotes may be typed.
smartquotes_action = "D"

html_theme = "furo"
html_title = f"{project} {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_use_index = False

# ---- translations

_TRANSLATED = "docsite/quick_reference"
locale_dirs = [str(_HERE / "locale")]
gettext_compact = False
gettext_location = False
_in_translation = tags.has("translation")  # noqa: F821  Sphinx gives it
if _in_translation:
    root_doc = _TRANSLATED
    include_patterns = [f"{_TRANSLATED}.rst"]
    extensions.append("sphinx.ext.intersphinx")
    intersphinx_mapping = {"site": ("..", str(_REPOSITORY / "build" / "docs" / "objects.inv"))}

templates_path = ["_templates"]


def _as_it_calls_itself(language: str) -> str:
    name = Locale.parse(language).get_display_name()
    return name[0].upper() + name[1:]


_site = "../" if _in_translation else ""
html_context = {
    "translations": {"English": f"{_site}{_TRANSLATED}.html"}
    | {
        _as_it_calls_itself(path.name): f"{_site}{path.name}/{_TRANSLATED}.html"
        for path in sorted((_HERE / "locale").iterdir())
    }
}
# The theme's own, with the translations above the contents.
_SIDEBAR = ["brand", "search", "scroll-start", "translations", "navigation", "scroll-end"]
html_sidebars = {page: [f"sidebar/{part}.html" for part in _SIDEBAR] for page in ("index", _TRANSLATED)}

# ---- references

_GUIDES = f"{_GALAXY['documentation']}docsite/"
_ANSIBLE = "https://docs.ansible.com/projects/ansible/latest/"
#: Labels of Ansible's documentation that generated pages refer to.
_ANSIBLE_PAGES = {
    "action_plugins": "plugins/action.html",
    "ansible_configuration_settings": "reference_appendices/config.html",
    "callback_plugins": "plugins/callback.html",
    "common_return_values": "reference_appendices/common_return_values.html",
}


def _refer_to_ansible(_: Sphinx, __: BuildEnvironment, node: pending_xref, title: nodes.Node) -> nodes.reference | None:
    """In place of intersphinx, which would have to fetch what Ansible's documentation has."""
    target = node["reftarget"]
    page = _ANSIBLE_PAGES.get(target)
    if node["reftype"] == "envvar" and target.startswith("ANSIBLE_"):
        page = f"reference_appendices/config.html#envvar-{target}"
    elif plugin := re.fullmatch(r"ansible_collections\.(ansible)\.(\w+)\.(\w+_[a-z]+)", target):
        page = f"collections/{'/'.join(plugin.groups())}.html"
    return nodes.reference("", "", title, internal=False, refuri=_ANSIBLE + page) if page else None


def _stay_on_the_site(_: Sphinx, document: nodes.document) -> None:
    """Links to a guide by the address of the site, which a terminal needs, lead to its page, which has to be there."""
    for link in list(document.findall(nodes.reference)):
        guide = re.fullmatch(re.escape(_GUIDES) + r"(\w+)\.html(?:#([\w-]+))?", link.get("refuri", ""))
        if guide:
            label = ".".join(["ansible_collections.winops.rds.docsite", *filter(None, guide.groups())]).replace(
                "-", "_"
            )
            reference = pending_xref(
                "", refdomain="std", reftype="ref", reftarget=label, refexplicit=True, refwarn=True
            )
            reference += nodes.inline("", link.astext())
            link.replace_self(reference)


def setup(app: Sphinx) -> None:
    app.connect("missing-reference", _refer_to_ansible)
    app.connect("doctree-read", _stay_on_the_site)
