"""Test what the page is told of styles, the part that wears another one, and the drawing in many."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pipeline.errors import SettingError
from pipeline.models.catalog import POCKET
from pipeline.page.drawn_files import DrawnFiles
from pipeline.page.easel import Easel
from pipeline.page.style_sheet import StyleSheet, read_wish
from pipeline.page.style_shelf import SUGGESTED, Shelf, name_after_file
from pipeline.page.styled_part import read_part, write_part
from pipeline.settings import Settings
from pipeline.studio import thumbnails
from pipeline.studio.studio import Studio
from pipeline.values import Sketch, StyleMask, StyleMix
from tests.page.test_easel import CANVAS, VISITOR
from tests.page.test_quality import page_settings
from tests.tools.drawings import encode_image

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    studio = Studio(Settings(profile="pocket", user_dir=tmp_path_factory.mktemp("user")))
    _ = studio.engine, studio.search
    yield studio


@pytest.fixture
def shelf(studio: Studio) -> Shelf:
    return Shelf(studio)


def ask(shelf: Shelf, action: str, **data: Any) -> dict[str, Any]:
    return dict(shelf.answer(SimpleNamespace(action=action, call=7, **data))[1])  # type: ignore[arg-type]


def make_file(seed: int = 1) -> str:
    pixels = np.random.default_rng(seed).integers(0, 255, (6, 6, 3), np.uint8)
    return base64.b64encode(encode_image(Image.fromarray(pixels).resize((200, 200)), "PNG")).decode()


def test_every_style_is_listed_with_a_thumbnail_of_its_own(shelf: Shelf) -> None:
    cards = shelf.list_cards()
    assert len(cards) >= 46 and [card["id"] for card in cards[: len(SUGGESTED)]] == list(SUGGESTED)
    assert all(card["thumb"].endswith(f"styles/{card['id']}/thumbnail.webp") for card in cards)
    assert not any(card["coming"] for card in cards)


def test_listing_reads_each_added_thumbnail_once(shelf: Shelf, studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    style = studio.add_style(Image.linear_gradient("L").convert("RGB"), "Read once")
    shelf.thumbnails.draw_missing([style])
    read: list[Path] = []
    monkeypatch.setattr(thumbnails, "is_whole", lambda file: read.append(file) or True)
    (card,) = (card for card in shelf.list_cards() if card["id"] == style.id)
    assert card["thumb"] and not card["coming"] and len(read) == 1
    studio.remove_style(style.id)


def test_words_put_their_style_first_and_name_it_only_where_they_do(shelf: Shelf) -> None:
    named = ask(shelf, "look", words="a fox, stained glass")
    assert named["ids"][0] == named["named"] == "stained-glass" and named["call"] == 7
    plain = ask(shelf, "look", words="a fox")
    assert plain["named"] is None and sorted(plain["ids"]) == sorted(named["ids"])
    assert ask(shelf, "look", words="")["ids"][: len(SUGGESTED)] == list(SUGGESTED)
    refused = ask(shelf, "look", words="a fox, not a comic")
    assert refused["ids"][-1] == "comic" and refused["named"] is None


def test_a_style_is_added_named_exported_read_again_and_removed(shelf: Shelf) -> None:
    one, same = (ask(shelf, "add", data=make_file(), name="my-IMG_1.png") for _ in range(2))
    assert (one["name"], same["name"]) == ("My IMG 1", "My IMG 1 2")
    assert ask(shelf, "rename", id=one["id"], name="Patches", words="quilt")["name"] == "Patches"
    file = ask(shelf, "export", id=one["id"])
    assert file["file"].endswith(".croquis-style")
    assert ask(shelf, "add", data=file["data"].partition(",")[2], name="x")["id"] == one["id"]
    assert ask(shelf, "colours", id=one["id"])["palette"].startswith("#")
    for each in (one, same):
        assert ask(shelf, "remove", id=each["id"]) == {"call": 7, "id": each["id"]}
    assert "no style" in ask(shelf, "remove", id=one["id"])["error"]


@pytest.mark.parametrize(
    ("action", "data", "message"),
    [
        ("burn", {}, "The library answers"),
        ("add", {"data": 7}, "at most 20 MB"),
        ("add", {"data": "?"}, "arrived broken"),
        ("resemble", {"data": base64.b64encode(b"GIF").decode()}, "picture"),
        ("remove", {"id": "ghibli"}, "belongs to the program"),
        ("look", {"words": 7}, "words"),
    ],
)
def test_what_cannot_be_done_is_said_in_words(shelf: Shelf, action: str, data: dict[str, Any], message: str) -> None:
    assert message in ask(shelf, action, **data)["error"]


@pytest.mark.parametrize(
    ("name", "style"), [("a_b-c.PNG", "A b c"), ("", "My picture"), ("../..", "My picture"), (None, "None")]
)
def test_a_style_is_called_after_its_file(name: object, style: str) -> None:
    assert name_after_file(name) == style


def test_a_brushed_part_reads_back_and_lies_over_the_drawing(studio: Studio) -> None:
    mask = np.zeros((256, 512), np.uint8)
    mask[:, 256:] = 255
    written = write_part(StyleMask(mask, StyleMix.of(studio.library.get("comic"))))
    square = Sketch(np.full((300, 300, 3), 255, np.uint8), True)
    part = read_part(written, square, (512, 256))
    assert part.mask is not None and part.mask.shape == (256, 256) and part.mask_style == "comic"
    assert (part.mask[:, :120] == 0).all() and (part.mask[:, 136:] == 255).all()
    assert read_part("", square, (512, 256)).mask is None and write_part(None) == ""
    for wrong in (7, "{}", '{"mask": "http://x", "style": "comic"}', "[" * 5000):
        with pytest.raises(SettingError, match="part"):
            read_part(wrong, square, (512, 256))


def test_a_sheet_has_one_seed_and_stops(studio: Studio, tmp_path: Path) -> None:
    easel = Easel(studio, DrawnFiles(str(tmp_path)))
    sheet, settings = StyleSheet(easel), page_settings(POCKET, width=128, height=128).values()

    def draw(**wish: Any) -> Iterator[dict[str, Any]]:
        return sheet.draw(VISITOR, CANVAS, *settings, json.dumps(wish))  # type: ignore[arg-type]

    *_, last = draw(ticket="t", ids=["comic", "ghibli"])
    assert last["state"] == "done" and [id for id, _ in last["pictures"]] == ["comic", "ghibli"]
    requests = [
        studio.read_picture(Path(address.partition("=")[2]).read_bytes()).request for _, address in last["pictures"]
    ]
    assert {request.sampling.seed for request in requests} == {last["seed"]}
    assert [request.styles.parts[0][0].id for request in requests] == ["comic", "ghibli"]
    coming = draw(ticket="u", ids=["comic", "ghibli"])
    next(coming)
    sheet.stop(SimpleNamespace(ticket="u"))  # type: ignore[arg-type]
    assert list(coming)[-1]["state"] == "stopped"
    assert "no style" in list(draw(ticket="v", ids=["nothing"]))[-1]["message"]


@pytest.mark.parametrize("wish", ["", "{}", '{"ticket": "t", "ids": []}', '{"ticket": "t", "ids": ["auto"]}', "[1]"])
def test_what_is_no_sheet(wish: str) -> None:
    with pytest.raises(SettingError, match="sheet"):
        read_wish(wish)
