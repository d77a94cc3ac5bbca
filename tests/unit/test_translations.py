# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The quick reference says in each language what it says in English."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import GUIDES, REPOSITORY

pytest.importorskip("sphinx", reason="Sphinx and Babel are not installed: make docs")
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

SETTINGS = REPOSITORY / "development" / "docs"
PAGE = Path("docsite", "quick_reference")
TRANSLATIONS = {path.name: path / "LC_MESSAGES" / PAGE.with_suffix(".po") for path in SETTINGS.glob("locale/*")}

each_language = pytest.mark.parametrize("language", sorted(TRANSLATIONS))


@pytest.fixture(scope="module")
def english(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The texts of the page as it is now."""
    folder = tmp_path_factory.mktemp("gettext")
    source = (folder / "source" / PAGE).with_suffix(".rst")
    source.parent.mkdir(parents=True)
    source.write_text((GUIDES / source.name).read_text("utf-8"), "utf-8")
    command = [sys.executable, "-m", "sphinx", "--quiet", "--tag", "translation", "--builder", "gettext"]
    subprocess.run([*command, "--conf-dir", SETTINGS, folder / "source", folder / "pot"], check=True)
    return set(texts(catalog((folder / "pot" / PAGE).with_suffix(".pot"))))


def catalog(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file)


def texts(messages: Catalog) -> dict[str, str]:
    """What is translated, but not what is only thought to be."""
    return {message.id: message.string for message in messages if message.id and not message.fuzzy}


def test_languages() -> None:
    assert set(TRANSLATIONS) == {"fr", "pt_BR", "ru", "zh_TW"}


@each_language
def test_each_text_is_translated_and_none_is_left_over(language: str, english: set[str]) -> None:
    translated = texts(catalog(TRANSLATIONS[language]))
    assert set(translated) == english
    assert all(translated.values())


@each_language
def test_what_is_typed_or_referred_to_is_the_same(language: str) -> None:
    """Code, numbers, targets of references, and names that are no words of a language."""
    parts = re.compile(
        r"``[^`]+``|\d+|<[^>]+>|'(?:current|net|whoami)[^']*'|[a-z]+(?:_[a-z]+)+(?:=[a-z]+)?|TermService|[A-Z][a-z]+-[A-Z]\w+"
    )
    for text, translation in texts(catalog(TRANSLATIONS[language])).items():
        assert sorted(parts.findall(translation)) == sorted(parts.findall(text)), translation
