"""Every sentence of the page is there in every language, with what varies in it."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from pipeline.errors import CroquisError
from pipeline.page.languages import LANGUAGES, mark_texts, read_catalogue
from tests.tools.visible_sentences import (
    NODE,
    ROOT,
    collect_script_sentences,
    collect_sentences,
    collect_server_sentences,
    list_variables,
)

needs_node_packages = pytest.mark.skipif(
    not (NODE / "node_modules" / "acorn").is_dir(), reason="python -m tests installs what reads the scripts"
)


@pytest.fixture(scope="module")
def sentences() -> set[str]:
    return collect_sentences()


@needs_node_packages
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_catalogue_has_every_sentence_and_no_other(language: str, sentences: set[str]) -> None:
    known = set(read_catalogue(ROOT / "assets", language))
    assert sentences - known == set(), f"python -m tests.tools.visible_sentences {language} lists what is missing"
    assert known - sentences == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_keeps_what_varies(language: str) -> None:
    catalogue = read_catalogue(ROOT / "assets", language)
    assert [text for text, other in catalogue.items() if list_variables(text) != list_variables(other)] == []
    assert [text for text, other in catalogue.items() if not other.strip()] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_catalogue_names_no_sentence_twice(language: str) -> None:
    text = (ROOT / "assets" / "languages" / f"{language}.json").read_text("utf-8")
    names = Counter(name for name, _ in json.loads(text, object_pairs_hook=list))
    assert [name for name, count in names.items() if count > 1] == []


@needs_node_packages
def test_scripts_show_nothing_that_cannot_be_translated() -> None:
    said, unsaid = collect_script_sentences()
    assert unsaid == []
    assert len(said) > 100


def test_server_sentences_are_found_as_they_vary() -> None:
    found = collect_server_sentences()
    assert "There is nothing on the paper yet: draw something first, or choose a picture." in found
    assert "A picture wears at most {0} styles; {1} came." in found


def test_a_broken_catalogue_is_told(tmp_path: Path) -> None:
    (tmp_path / "languages").mkdir()
    (tmp_path / "languages" / "de.json").write_text('{"Undo": 1}')
    with pytest.raises(CroquisError, match="object of texts"):
        read_catalogue(tmp_path, "de")
    with pytest.raises(CroquisError, match="cannot be read"):
        read_catalogue(tmp_path, "fr")


def test_only_texts_are_marked() -> None:
    marked = mark_texts({"info": "How much", "minimum": 1, "label": None})
    assert marked["info"].key == "How much" and marked["minimum"] == 1 and marked["label"] is None
