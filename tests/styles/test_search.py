from __future__ import annotations

import json
import math
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageOps

from pipeline.prompt_syntax import Prompt
from pipeline.styles.encoders import PocketEncoder
from pipeline.styles.library import StyleLibrary
from pipeline.styles.search import DEFAULT_MIX, Finding, StyleSearch
from tests.tools.bag_of_words_encoder import BagOfWordsEncoder
from tests.tools.style_folders import write_style

SHIPPED = Path(__file__).resolve().parents[2] / "styles"
PROMPTS = json.loads((Path(__file__).parents[1] / "data" / "style_prompts.json").read_text(encoding="utf-8"))
PICTURE = ImageOps.expand(Image.new("RGB", (180, 180), "red"), 10, "white")


@pytest.fixture(scope="module")
def encoder() -> PocketEncoder:
    return PocketEncoder(Path("no-such-folder"))


@pytest.fixture(scope="module")
def search(encoder: PocketEncoder, tmp_path_factory: pytest.TempPathFactory) -> StyleSearch:
    folder = tmp_path_factory.mktemp("search")
    return StyleSearch(StyleLibrary(SHIPPED, folder / "added"), encoder, folder / "cache")


@pytest.fixture
def small(tmp_path: Path) -> StyleSearch:
    """Three styles read by an exact encoder."""
    write_style(tmp_path / "builtin", "ghibli", words=["gentle painted meadows"])
    write_style(tmp_path / "builtin", "watercolor", words=["wet washes"])
    write_style(tmp_path / "builtin", "zinc", words=["dull metal plates"])
    library = StyleLibrary(tmp_path / "builtin", tmp_path / "added")
    return StyleSearch(library, BagOfWordsEncoder(), tmp_path / "cache")


def right_ones(row: dict[str, Any]) -> list[str]:
    return [row["style"]] if isinstance(row["style"], str) else row["style"]


def rank_of_right(finding: Finding, row: dict[str, Any]) -> int:
    found = [match.style.id for match in finding.matches]
    return min((found.index(id) for id in right_ones(row) if id in found), default=len(found))


def test_the_labelled_prompts_are_what_they_should_be() -> None:
    rows = PROMPTS["labelled"]
    ids = {folder.name for folder in SHIPPED.iterdir()}
    assert len({row["prompt"] for row in rows}) == len(rows) >= 240
    for id in ids:
        own = [row for row in rows if right_ones(row)[0] == id]
        assert len(own) >= 6 and sum(row["held_out"] for row in own) * 3 == len(own), id
    assert all(set(right_ones(row)) <= ids for row in rows)


def test_no_style_copies_a_held_out_prompt() -> None:
    held = [row["prompt"].lower() for row in PROMPTS["labelled"] if row["held_out"]]
    words = [word.lower() for file in SHIPPED.glob("*/style.json") for word in json.loads(file.read_text())["words"]]
    copied = [word for word in words if len(word.split()) >= 3 and any(word in prompt for prompt in held)]
    assert not copied


def test_held_out_prompts_find_their_style(search: StyleSearch) -> None:
    rows = [row for row in PROMPTS["labelled"] if row["held_out"]]
    ranks = [rank_of_right(search.find(Prompt(row["prompt"]), 3), row) for row in rows]
    assert len(rows) >= 80
    assert sum(rank == 0 for rank in ranks) / len(rows) >= 0.88
    assert sum(rank < 3 for rank in ranks) / len(rows) >= 0.96


def test_whether_a_style_is_asked_for(search: StyleSearch) -> None:
    """Measured on the held-out third: 9 of 120 asked for and not noticed, 2 of 16 noticed and not asked for."""
    asked = [search.find(Prompt(row["prompt"]), 1).asks_for_style for row in PROMPTS["labelled"] if row["held_out"]]
    plain = [search.find(Prompt(row["prompt"]), 1).asks_for_style for row in PROMPTS["styleless"]]
    assert sum(asked) / len(asked) >= 0.9
    assert sum(plain) / len(plain) <= 0.1


@pytest.mark.parametrize(
    ("prompt", "style"),
    [
        ("a cat in watercolour", "watercolor"),
        ("a dog in watercolor", "watercolor"),
        ("LOW POLY FOX!!!", "low-poly"),
        ("a red fox in a neon city", "cyberpunk"),
        ("pixel-art", "pixel-art"),
        ("stained glass", "stained-glass"),
        (
            "an extremely detailed, lovely and quite old fashioned house with a garden that is drawn as a blueprint",
            "blueprint",
        ),
    ],
)
def test_the_look_and_not_the_subject(search: StyleSearch, prompt: str, style: str) -> None:
    finding = search.find(Prompt(prompt))
    assert finding.asks_for_style and finding.matches[0].style.id == style
    assert search.choose_mix(finding).parts[0][0].id == style


def test_each_style_is_found_by_its_name(search: StyleSearch) -> None:
    for style in search._library.all():
        assert search.find(Prompt(f"a cat, {style.name} style"), 1).matches[0].style == style


@pytest.mark.parametrize("prompt", ["a red fox", "the moon", "a stone bridge", "an ice cream", "my grandmother"])
def test_a_prompt_without_a_style_gets_the_default(search: StyleSearch, prompt: str) -> None:
    finding = search.find(Prompt(prompt))
    assert not finding.asks_for_style and len(finding.matches) == 5
    assert [(style.id, weight) for style, weight in search.choose_mix(finding).parts] == list(DEFAULT_MIX)


def test_two_styles_asked_for_are_mixed(search: StyleSearch) -> None:
    mix = search.choose_mix(search.find(Prompt("a fox in watercolour and charcoal")))
    assert {style.id for style, _ in mix.parts} == {"watercolor", "charcoal"}
    assert len(search.choose_mix(search.find(Prompt("a pixel art fox"))).parts) == 1


def test_similarities_fall_and_stay_in_range(search: StyleSearch) -> None:
    for prompt in ("charcoal", "a red fox", "zzz qqq", "🦊", "狐狸", "a " * 400, "?!", "0"):
        similarities = [match.similarity for match in search.find(Prompt(prompt), 46).matches]
        assert similarities == sorted(similarities, reverse=True) and len(similarities) == 46
        assert all(math.isfinite(value) and -1 <= value <= 1 for value in similarities)


def test_an_empty_prompt(search: StyleSearch) -> None:
    finding = search.find(Prompt("  \n"))
    assert finding == Finding((), asks_for_style=False)
    assert len(search.choose_mix(finding).parts) == len(DEFAULT_MIX)


def test_exact_similarities(small: StyleSearch) -> None:
    finding = small.find(Prompt("zinc"), 3)
    assert finding.matches[0].style.id == "zinc"
    assert finding.matches[0].similarity == pytest.approx(1, abs=1e-4) and finding.pieces[0] == "zinc"
    assert finding.matches[1].similarity < 0.2


def test_fewer_styles_than_asked_for(small: StyleSearch) -> None:
    assert len(small.find(Prompt("zinc"), 100).matches) == 3


def test_a_library_without_the_default_styles(tmp_path: Path) -> None:
    write_style(tmp_path / "builtin", "zinc")
    search = StyleSearch(
        StyleLibrary(tmp_path / "builtin", tmp_path / "added"), BagOfWordsEncoder(), tmp_path / "cache"
    )
    for prompt in ("", "a red fox"):
        assert [style.id for style, _ in search.choose_mix(search.find(Prompt(prompt))).parts] == ["zinc"]


def test_an_added_style_is_searched_at_once(small: StyleSearch, tmp_path: Path) -> None:
    added = small._library.add(PICTURE, "Grandma's wallpaper", "tiny roses, faded")
    assert small.find(Prompt("a cat, grandma's wallpaper")).matches[0].style == added
    assert small.find(Prompt("a cat with tiny roses")).matches[0].style == added
    restarted = StyleSearch(
        StyleLibrary(tmp_path / "builtin", tmp_path / "added"), BagOfWordsEncoder(), tmp_path / "cache"
    )
    assert restarted.find(Prompt("tiny roses")).matches[0].style == added
    small._library.remove(added.id)
    assert added not in [match.style for match in small.find(Prompt("tiny roses"), 10).matches]


def test_an_added_style_without_words_is_found_by_its_look(small: StyleSearch) -> None:
    added = small._library.add(PICTURE, "Untitled")
    assert small.find(Prompt("something crimson")).matches[0].style == added  # what the encoder calls that red


def test_pictures_without_words_are_found_by_the_trained_tower(shipped_folder: Path, tmp_path: Path) -> None:
    """Ten styles stand in the library as pictures only; measured: right one first for 57 % of the tuning prompts."""
    ids = [
        "watercolor",
        "cyberpunk",
        "stained-glass",
        "blueprint",
        "sepia-photo",
        "thermal",
        "pixel-art",
        "ice",
        "linocut",
        "gold-lacquer",
    ]
    shutil.copytree(SHIPPED, tmp_path / "builtin", ignore=shutil.ignore_patterns(*ids))
    library = StyleLibrary(tmp_path / "builtin", tmp_path / "added")
    for n, id in enumerate(ids):
        library.add(Image.open(SHIPPED / id / "reference.webp"), f"Mine {n}")
    search = StyleSearch(library, PocketEncoder(shipped_folder / "image_encoder"), tmp_path / "cache")
    rows = [row for row in PROMPTS["labelled"] if row["style"] in ids and not row["held_out"]]
    found = [search.find(Prompt(row["prompt"]), 1).matches[0].style.id for row in rows]
    right = sum(id == f"mine-{ids.index(row['style'])}" for id, row in zip(found, rows, strict=True))
    assert right / len(rows) >= 0.4  # by chance 0.02


def test_searches_while_styles_come_and_go(small: StyleSearch) -> None:
    def find(_: int) -> str:
        return small.find(Prompt("wet washes"), 1).matches[0].style.id

    with ThreadPoolExecutor(3) as threads:
        found = threads.map(find, range(120))
        for n in range(4):
            small._library.remove(small._library.add(PICTURE, f"Mine {n}").id)
    assert set(found) == {"watercolor"}
