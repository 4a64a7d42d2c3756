from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.styles.lexicon import (
    CLAUSE,
    UNKNOWN,
    Language,
    fold,
    read_common_words,
    read_english,
    read_languages,
    read_names,
)

ROOT = Path(__file__).resolve().parents[2]
STYLES = {folder.name for folder in (ROOT / "styles").iterdir()}
PROMPTS = json.loads((ROOT / "tests" / "data" / "word_prompts.json").read_text(encoding="utf-8"))
LANGUAGES = (*read_languages(), read_english())
LETTERS = {"Russian": "\u0400-\u04ff", "Korean": "\uac00-\ud7a3"}


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda each: each.name)
def test_each_language_has_words_for_every_style(language: Language) -> None:
    assert {phrase.style for phrase in language.phrases} == STYLES
    assert len(language.phrases) >= 100


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda each: each.name)
def test_each_phrase_finds_its_style(language: Language) -> None:
    """The round trip: what the file holds, read as a prompt holds it, gives the style it stands under."""
    file = ROOT / "pipeline" / "styles" / "words" / f"{language.name.lower()}.json"
    wrong = []
    for style, written in json.loads(file.read_text(encoding="utf-8"))["styles"].items():
        for phrase in written:
            clause = next(iter(CLAUSE.findall(fold(phrase.lstrip("~").replace("*", "")))))
            found = language.find_phrases(clause)
            if [named.phrase.style for named in found][:1] != [style]:
                wrong.append((style, phrase, [named.phrase.style for named in found]))
    assert not wrong


def test_prompts_in_ten_languages_find_their_style() -> None:
    """Measured at the first reading: 147 of the first 150; none of them was used to choose words.

    Of the 14 of the six later styles one showed a missing phrase ("a giz de cera"), which was added.
    """
    rows = PROMPTS["foreign"]
    assert len(rows) == 164 and len({row["language"] for row in rows}) == 10
    readings = [read_names(row["prompt"]) for row in rows]
    right = [reading.styles[:1] == (row["style"],) for reading, row in zip(readings, rows, strict=True)]
    known = [reading.language == row["language"] for reading, row in zip(readings, rows, strict=True)]
    assert sum(right) / len(rows) >= 0.95 and sum(known) / len(rows) >= 0.95


def test_english_prompts_are_not_taken_for_another_language() -> None:
    library = json.loads((ROOT / "tests" / "data" / "style_prompts.json").read_text(encoding="utf-8"))
    rows = [*library["labelled"], *library["styleless"], *PROMPTS["styled"]]
    assert not [row["prompt"] for row in rows if read_names(row["prompt"]).language]


@pytest.mark.parametrize(
    ("prompt", "language"),
    [
        ("ein rotes Haus und ein Hund", "German"),
        ("un perro y un gato en el jardín", "Spanish"),
        ("czerwony dom na wzgórzu", "Polish"),
        ("ett rött hus vid sjön", "Swedish"),
        ("赤い家と木", "Japanese"),
        ("빨간 집", "Korean"),
        ("красный дом", "Russian"),
        ("一座红色的房子", "Chinese"),
        ("قطة حمراء", UNKNOWN),
        ("a red house", None),
        ("fox", None),
        ("🦊", None),
        ("", None),
    ],
)
def test_languages_are_known(prompt: str, language: str | None) -> None:
    reading = read_names(prompt)
    assert (reading.language, reading.styles) == (language, ())


@pytest.mark.parametrize(
    ("prompt", "styles", "refused"),
    [
        ("ein Haus, kein Aquarell", (), ("watercolor",)),
        ("ein Haus als Kohlezeichnung, nicht als Aquarell", ("charcoal",), ("watercolor",)),
        ("ein Haus nicht als Aquarell, sondern in Öl", ("oil-painting",), ("watercolor",)),
        ("une maison, pas une aquarelle", (), ("watercolor",)),
        ("une maison sans chapeau à l'aquarelle", ("watercolor",), ()),
        ("un perro sin sombrero en acuarela", ("watercolor",), ()),
        ("una casa al óleo en vez de acuarela", ("oil-painting",), ("watercolor",)),
        ("una casa senza acquerello", (), ("watercolor",)),
        ("uma casa sem aquarela", (), ("watercolor",)),
        ("een huis, geen aquarel", (), ("watercolor",)),
        ("дом, не акварель", (), ("watercolor",)),
        ("水彩画ではない家、油絵", ("oil-painting",), ("watercolor",)),
        ("不要水彩，一座房子，油画", ("oil-painting",), ("watercolor",)),
        ("수채화 말고 유화로 그린 집", ("oil-painting",), ("watercolor",)),
    ],
)
def test_refusals_in_other_languages(prompt: str, styles: tuple[str, ...], refused: tuple[str, ...]) -> None:
    reading = read_names(prompt)
    assert (reading.styles, reading.refused) == (styles, refused)


def test_words_that_english_has_too_do_not_tell_a_short_prompt() -> None:
    assert read_names("comic book store").styles == ("comic",)
    assert read_names("comic book store", frozenset(["comic"])).styles == ()
    assert read_names("Aquarell, Fuchs", frozenset(["comic"])).styles == ("watercolor",)


def test_languages_without_phrases_have_common_words() -> None:
    assert {"Polish", "Swedish", "Turkish", "German", "Korean"} <= set(read_common_words())


@given(st.text(max_size=200))
def test_any_text_is_read(prompt: str) -> None:
    reading = read_names(prompt)
    assert not set(reading.styles) & set(reading.refused)
