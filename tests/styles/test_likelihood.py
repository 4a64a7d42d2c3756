from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline.prompt_syntax import Prompt
from pipeline.settings import ROOT
from pipeline.styles.encoders import PocketEncoder
from pipeline.styles.library import StyleLibrary
from pipeline.styles.likelihood import FOUND_FROM, estimate, gather_evidence
from pipeline.styles.search import StyleSearch

PROMPTS = json.loads((ROOT / "tests" / "data" / "word_prompts.json").read_text(encoding="utf-8"))
ALIKE = {"score": 0.7, "gain": 0.9, "nearness": 0.95, "to_things": 0.6}


@pytest.fixture(scope="module")
def search(tmp_path_factory: pytest.TempPathFactory) -> StyleSearch:
    folder = tmp_path_factory.mktemp("search")
    encoder = PocketEncoder(Path("no-such-folder"), words=ROOT / "assets" / "words.npz")
    return StyleSearch(StyleLibrary(ROOT / "styles", folder / "added"), encoder, folder / "cache")


def test_a_look_is_likelier_than_a_thing() -> None:
    cup, piece = (gather_evidence(prompt, "chalk", **ALIKE) for prompt in ("a cup in chalk", "chalk cliffs by the sea"))
    assert estimate(cup) > 0.5 > estimate(piece)
    assert (cup.behind_look, cup.at_end, piece.behind_look, piece.at_end) == (True, True, False, False)


def test_places_of_a_piece() -> None:
    assert gather_evidence("a mosaic of a dolphin", "mosaic", **ALIKE).before_of
    assert gather_evidence("a fox, low poly", "low poly", **ALIKE).later_clause
    assert gather_evidence("a lion carved in marble", "carved in marble", **ALIKE).crafted
    assert gather_evidence("misty forest", "misty forest", **ALIKE).is_whole
    assert gather_evidence("", "", **ALIKE).is_whole


def test_hardly_any_prompt_without_a_style_has_one_found(search: StyleSearch) -> None:
    """Held out from the fit; measured: 3 of 142."""
    rows = [row["prompt"] for row in PROMPTS["plain"] if row["held_out"]]
    found = [prompt for prompt in rows if search.find(Prompt(prompt), 1).asks_for_style]
    assert len(rows) >= 120 and len(found) / len(rows) <= 0.03, found


def test_styles_asked_for_are_found(search: StyleSearch) -> None:
    rows = [row for row in PROMPTS["styled"] if row["held_out"]]
    first = [search.find(Prompt(row["prompt"]), 1) for row in rows]
    right = [
        found.asks_for_style and found.matches[0].style.id == row["style"]
        for found, row in zip(first, rows, strict=True)
    ]
    assert sum(right) / len(rows) >= 0.95


def test_prompts_in_other_languages_are_found_by_the_search(search: StyleSearch) -> None:
    found = [(search.find(Prompt(row["prompt"]), 1), row["style"]) for row in PROMPTS["foreign"]]
    right = [each.asks_for_style and each.matches[0].style.id == style for each, style in found]
    assert sum(right) / len(right) >= 0.85


@pytest.mark.parametrize(
    "prompt",
    [
        "RAW photo, film grain",
        "masterpiece, best quality, 8k",
        "a comic book on a table",
        "🦊",
        "ein rotes Haus",
        "赤い家",
        "czerwony dom na wzgórzu",
        "a fox, not watercolor",
        "a fox, (watercolor:0)",
        "a fox, no manga, no pixel art",
        "a fox without pixel art",
    ],
)
def test_noise_is_never_a_find(search: StyleSearch, prompt: str) -> None:
    finding = search.find(Prompt(prompt), 46)
    assert not finding.asks_for_style and len(finding.matches) == 46


@pytest.mark.parametrize(
    "prompt",
    [
        "a plain wooden table",
        "a plain white shirt",
        "plain yoghurt in a bowl",
        "a zebra on the plain",
        "the plain",
        "a plain fox in watercolour",
        "plain",
    ],
)
def test_a_plain_thing_does_not_ask_for_plain_colours(search: StyleSearch, prompt: str) -> None:
    finding = search.find(Prompt(prompt), 46)
    assert "plain" not in [match.style.id for match in finding.matches if match.probability >= FOUND_FROM]


@pytest.mark.parametrize(
    "prompt",
    ["a fox, just colour it", "a fox, no style", "a fox without any style", "ein Fuchs, nur ausmalen", "猫，只上色"],
)
def test_plain_colours_can_be_asked_for(search: StyleSearch, prompt: str) -> None:
    mix = search.choose_mix(search.find(Prompt(prompt)))
    assert [style.id for style, _ in mix.parts] == ["plain"]


@pytest.mark.parametrize(
    ("prompt", "refused"),
    [
        ("a fox, not watercolor", "watercolor"),
        ("a fox, (watercolor:0)", "watercolor"),
        ("a fox, (in watercolour:0)", "watercolor"),
        ("ein Fuchs, (Aquarell:0)", "watercolor"),
        ("a fox, anything but ghibli", "ghibli"),
        ("a fox in the studio, no ghibli look", "ghibli"),
        ("ein Fuchs, kein Aquarell", "watercolor"),
        ("кот, не акварель", "watercolor"),
    ],
)
def test_a_refused_style_is_neither_found_nor_worn(search: StyleSearch, prompt: str, refused: str) -> None:
    finding = search.find(Prompt(prompt), 46)
    assert finding.matches[-1].style.id == refused and finding.matches[-1].probability == 0
    assert refused not in [style.id for style, _ in search.choose_mix(finding).parts]


@pytest.mark.parametrize(
    ("prompt", "style"), [("ein rotes Haus als Aquarell", "watercolor"), ("赤い家、水彩画", "watercolor")]
)
def test_words_of_other_languages_choose_their_style(search: StyleSearch, prompt: str, style: str) -> None:
    finding = search.find(Prompt(prompt), 5)
    assert finding.asks_for_style and finding.matches[0].style.id == "watercolor"
    assert finding.matches[0].probability > 0.9 and finding.matches[1].probability < 0.1
