from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from pipeline.models.catalog import POCKET
from pipeline.pocket.evaluate import showcase
from pipeline.pocket.evaluate.drawings import load_drawings
from pipeline.pocket.evaluate.showcase import (
    BEFORE_STYLES,
    CELL,
    GAP,
    HEAD,
    LEAST,
    MARGIN,
    SEED,
    SHEETS,
    STYLES,
    choose_evenly,
    lay_out,
    main,
    read_hand_drawings,
)
from tests.tools.draw_functions import STYLES as LIBRARY

pytestmark = pytest.mark.slow


class RecordingStudio:
    """A studio that paints each order in one tone, told by its style."""

    def __init__(self) -> None:
        self.profile, self.orders = POCKET, []
        self.settings = SimpleNamespace(assets=Path("assets"))
        self.library = SimpleNamespace(all=lambda: LIBRARY)

    def draw(self, order) -> SimpleNamespace:
        self.orders.append(order)
        return SimpleNamespace(image=Image.new("RGB", (64, 64), (len(self.orders) % 256, 0, 0)))


def cell(sheet: Image.Image, row: int, column: int) -> tuple[int, ...]:
    x, y = MARGIN + GAP + column * (CELL + GAP) + CELL // 2, HEAD + GAP + row * (CELL + GAP) + CELL // 2
    return sheet.getpixel((x, y))


def test_drawings_and_styles_are_chosen_by_rule() -> None:
    assert choose_evenly(range(75), 8) == [0, 9, 18, 28, 37, 46, 56, 65] and choose_evenly("ab", 8) == ["a", "b"]
    assert [one.name for one in read_hand_drawings(3)] == [load_drawings()[i].id for i in (0, 25, 50)]
    known = {style.id for style in LIBRARY}
    assert set(STYLES) <= known and set(BEFORE_STYLES) <= known
    assert all(pair.split()[1] in known for pair in LEAST)
    assert {pair.split()[0] for pair in LEAST} <= {drawing.id for drawing in load_drawings()}


def test_cells_lie_in_rows_under_their_heads() -> None:
    tones = [Image.new("RGB", (CELL, CELL), (10 * n, 0, 0)) for n in range(4)]
    sheet = lay_out(["one", "two"], [("first", tones[:2]), ("second", tones[2:])])
    assert [cell(sheet, row, column)[0] for row in (0, 1) for column in (0, 1)] == [0, 10, 20, 30]
    assert np.asarray(sheet)[:HEAD, MARGIN:].min() < 128  # the words


def test_the_hand_sheet_is_eight_by_eight_with_one_seed() -> None:
    studio = RecordingStudio()
    sheet = SHEETS["hand"](studio, ())
    assert len(studio.orders) == 64 and {order.sampling.seed for order in studio.orders} == {SEED}
    assert len({order.style for order in studio.orders}) == 8
    assert cell(sheet, 1, 0) == (1, 0, 0) and cell(sheet, 8, 7) == (64, 0, 0)


def test_what_was_is_shown_over_what_is() -> None:
    studio = RecordingStudio()
    sheet = SHEETS["before"](studio, ())
    assert len(studio.orders) == 8 * len(BEFORE_STYLES)
    with Image.open(showcase.FOLDER / showcase.BEFORE) as kept:
        old = kept.convert("RGB")
        assert old.size == (8 * CELL, len(BEFORE_STYLES) * CELL)
        assert cell(sheet, 3, 2) == old.getpixel((2 * CELL + CELL // 2, CELL + CELL // 2))
    assert cell(sheet, 2, 0) == (1, 0, 0) and cell(sheet, 4, 0) == (9, 0, 0)


def test_the_least_liked_are_drawn_beside_their_drawings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    studio = RecordingStudio()
    monkeypatch.setattr(showcase, "Studio", lambda settings: studio)
    main(["--into", str(tmp_path), "--only", "least", "--least", "cat manga", "apple ice"])
    assert [order.style[0][0] for order in studio.orders] == ["manga", "ice"]
    with Image.open(tmp_path / "least.webp") as made:
        assert made.width == MARGIN + 4 * (CELL + GAP) + GAP
    with pytest.raises(KeyError):
        main(["--into", str(tmp_path), "--only", "least", "--least", "nobody ice"])
