"""A picture in a person's own style opens on a Croquis that lacks it, is worn and drawn there, and can be kept."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pipeline.page.drawn_files import DrawnFiles
from pipeline.page.easel import Easel
from pipeline.page.lent_styles import LentShelf
from pipeline.page.page_order import SETTINGS
from pipeline.page.style_shelf import Shelf
from pipeline.request.order import parse_order
from pipeline.settings import read_settings
from pipeline.sketch.intake import read_strokes
from pipeline.studio.studio import Studio
from tests.tools.picture_files import make_random_canvas


def start_studio(folder: Path) -> Studio:
    studio = Studio(read_settings(["--profile", "pocket", "--user-dir", str(folder)], {}))
    studio.start_loading()
    return studio


@pytest.fixture(scope="module")
def travelled(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A picture file drawn where its style is at home."""
    studio = start_studio(tmp_path_factory.mktemp("home"))
    patches = np.random.default_rng(4).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    style = studio.add_style(Image.fromarray(patches).resize((300, 300), Image.Resampling.BICUBIC), "My wool", "wool")
    canvas = json.dumps(make_random_canvas(1))
    order = parse_order(studio.profile, sketch=read_strokes(canvas), prompt="a ball", style=style.id, seed=7)
    return studio.write_picture(studio.draw(order)).read_bytes()


def test_it_is_worn_drawn_and_kept_elsewhere(travelled: bytes, tmp_path: Path) -> None:
    studio = start_studio(tmp_path)
    before = studio.library.all()
    reopened = studio.read_picture(travelled)
    (lent,) = reopened.lent
    assert lent.name == "My wool" and studio.library.all() == before, "the library grew by itself"
    again = studio.redraw(reopened.request)
    order = parse_order(
        studio.profile, sketch=read_strokes(str(reopened.canvas)), prompt="a ball", style=lent.id, seed=7
    )
    assert np.array_equal(studio.draw(order).image, again.image)
    kept = studio.keep_lent_style(lent.id)
    assert kept in studio.library.all() and (kept.name, kept.words) == ("My wool", ("wool",))


def test_the_page_tells_of_it(travelled: bytes, tmp_path: Path) -> None:
    studio = start_studio(tmp_path)
    reopened = studio.read_picture(travelled)
    _, *settings, strip, picture = Easel(studio, DrawnFiles(str(tmp_path)))._restore_page(reopened, travelled)
    assert dict(zip(SETTINGS, settings, strict=True))["style"].startswith("my-wool-lent-")
    assert strip["lent"] == [{"id": reopened.lent[0].id, "name": "My wool"}] and picture["state"] == "done"
    assert any("“My wool” is not on this Croquis" in notice for notice in strip["notices"])


def test_its_card_is_found_by_its_id_until_it_is_kept(travelled: bytes, tmp_path: Path) -> None:
    studio = start_studio(tmp_path)
    (style,) = studio.read_picture(travelled).lent
    shelf, strip = LentShelf(studio), {"notices": [], "lent": [{"id": style.id, "name": style.name}]}
    asked: Any = SimpleNamespace(action="lent", call=1, ids=[style.id, "ghibli", "no-style-lent-0123456789", 5])
    _, answer = Shelf(studio).answer(asked)
    assert [card["id"] for card in answer["cards"]] == [style.id]
    asked.ids = "ghibli"
    assert "is a list" in Shelf(studio).answer(asked)[1]["error"]
    event: Any = SimpleNamespace(id=style.id)
    cards, chosen, after = shelf.keep_style(event, strip)
    assert chosen == "my-wool" in [card["id"] for card in cards] and after["lent"] == []
    unknown: Any = SimpleNamespace(id="nothing")
    assert "here no more" in shelf.keep_style(unknown, strip)[2]["notices"][0]


def test_it_outlasts_the_program(travelled: bytes, tmp_path: Path) -> None:
    (style,) = start_studio(tmp_path).read_picture(travelled).lent
    assert Studio(read_settings(["--user-dir", str(tmp_path)], {})).find_lent_style(style.id) == style
    reference = next((tmp_path / "cache" / "lent" / style.id).glob("reference.*[!6]"))
    content = bytearray(reference.read_bytes())
    content[-20] ^= 1
    reference.write_bytes(content)
    assert Studio(read_settings(["--user-dir", str(tmp_path)], {})).find_lent_style(style.id) is None
