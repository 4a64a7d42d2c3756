"""What a wrong model file is said to be, is said in every language of the page."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import pytest

from pipeline.models.file_kinds import identify_file
from pipeline.page.languages import LANGUAGES, read_catalogue
from tests.models.wrong_files import WRONG_FILES
from tests.tools.visible_sentences import ROOT

SENTENCE_END = re.compile(r"(?<=[.!?”\"’]) ")  # as assets/words.js cuts what the server tells
CUT = re.compile(r"[.!?] .*[^.!?”\"’]$", re.DOTALL)  # a sentence, and the beginning of another one
WORDS = re.compile(r"\b[a-z]{2,} [a-z]{2,}\b")  # within what varies: words that are translated, too


@pytest.fixture(scope="module")
def faults(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return what is said of each wrong file, by its name."""
    folder, said = tmp_path_factory.mktemp("wrong"), {}
    for wrong in WRONG_FILES:
        wrong.write(folder / wrong.name)
        said[wrong.name] = identify_file(folder / wrong.name).fault
    return said


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_sentence_is_in_the_catalogue(faults: Mapping[str, str], language: str) -> None:
    catalogue = read_catalogue(ROOT / "assets", language)
    lacking = {name: list(find_untranslated(fault, catalogue, name)) for name, fault in faults.items()}
    assert {name: words for name, words in lacking.items() if words} == {}


def test_a_sentence_that_is_not_there_is_found_out(faults: Mapping[str, str]) -> None:
    name, fault = next(iter(faults.items()))
    assert list(find_untranslated(fault, {}, name))


def find_untranslated(text: str, catalogue: Mapping[str, str], name: str) -> Iterator[str]:
    """Yield the sentences of a text that a catalogue has neither whole nor as a template, nor the words in them."""
    sentences = SENTENCE_END.split(text)
    while sentences:
        lengths = range(len(sentences), 0, -1)
        found = ((n, match_template(" ".join(sentences[:n]), catalogue)) for n in lengths)
        length, values = next(((n, values) for n, values in found if values is not None), (1, None))
        if values is None:
            yield sentences[0]
        for value in values or ():
            if name not in value and WORDS.search(value) and match_template(value, catalogue) is None:
                yield value
        sentences = sentences[length:]


def match_template(text: str, catalogue: Mapping[str, str]) -> tuple[str, ...] | None:
    """Return what stands in a template's places where the catalogue has one for the text; None where it has none."""
    if text in catalogue:
        return ()
    for template in sorted(catalogue, key=len, reverse=True):
        pattern = "(.+?)".join(map(re.escape, re.split(r"\{\d+\}", template)))
        found = re.fullmatch(pattern, text, re.DOTALL) if "{0}" in template else None
        if found and not any(CUT.search(value) for value in found.groups()):
            return found.groups()
    return None
