"""What a person painted keeps its colour; grey pencil, black ink and photographs are no colours."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
from PIL import Image
from skimage.color import deltaE_ciede2000, rgb2lab

from pipeline.inking.ink import ink_drawing
from pipeline.inking.lines import lay_lines
from pipeline.inking.painted import read_painted_colours
from pipeline.pocket.evaluate.coloured_drawings import BLACK, ColouredDrawing, convert_to_jpeg, draw_coloured
from pipeline.sketch.edges import fit_drawing, read_edges
from pipeline.sketch.intake import read_image, read_strokes
from pipeline.values import Painting

pytestmark = pytest.mark.slow

KEPT = 12.0  # CIEDE2000, the bar


def difference(picture: np.ndarray, mask: np.ndarray, colour: tuple[int, int, int]) -> float:
    """CIEDE2000 between the middle colour of a masked place and a colour."""
    middle = np.median(picture[mask], axis=0)[None, None] / 255
    return float(deltaE_ciede2000(rgb2lab(middle), rgb2lab(np.array(colour)[None, None] / 255)).item())


def ink(drawing: ColouredDrawing, seed: int) -> Painting:
    """Ink the drawing with a field that knows nothing of its colours."""
    height, width = drawing.pixels.shape[:2]
    field = cv2.resize(np.random.default_rng(seed).random((6, 6, 3)).astype(np.float32), (64, 64 * height // width))
    edges = read_edges(read_image(Image.fromarray(drawing.pixels)), size=(width, height))
    return ink_drawing(drawing.pixels, edges, field, read_painted_colours(drawing.pixels))


@pytest.mark.parametrize("seed", range(60))
def test_every_painted_place_keeps_its_colour(seed: int) -> None:
    drawing = draw_coloured(seed)
    assert len(drawing.painted) >= 2
    painting = ink(drawing, seed)
    for strength in (0.0, 0.5):
        picture = lay_lines(painting.colours, painting, strength)
        for one in drawing.painted:
            assert difference(picture, one.mask, one.colour) <= KEPT


def test_a_felt_pens_streaks_become_an_even_area() -> None:
    drawing = draw_coloured(0)
    assert drawing.way == "felt"
    painting = ink(drawing, 0)
    picture = lay_lines(painting.colours, painting, 0.5)
    for one in drawing.painted:
        if one.mask.sum() > 400:
            before, after = (image[one.mask].astype(float).std(axis=0).max() for image in (drawing.pixels, picture))
            assert after < 0.5 * before
            assert after < 6


def test_uncoloured_paper_is_the_models() -> None:
    drawing = draw_coloured(1)
    painted = read_painted_colours(drawing.pixels)
    assert painted.mask.mean() < 0.12
    assert not painted.mask[drawing.pixels.min(axis=2) > 245].any()


@pytest.mark.parametrize("ink", [BLACK, (120, 120, 122), (90, 88, 92)])
def test_pencil_and_black_ink_are_no_colours(ink: tuple[int, int, int]) -> None:
    page = np.full((300, 300, 3), 255, np.uint8)
    cv2.circle(page, (150, 150), 80, ink, 4, cv2.LINE_AA)
    cv2.rectangle(page, (120, 120), (160, 160), ink, -1)
    assert not read_painted_colours(page).mask.any()
    assert not read_painted_colours(convert_to_jpeg(page, 60)).mask.any()


@pytest.mark.parametrize("quality", [None, 80])
@pytest.mark.parametrize("pastel", [(255, 225, 230), (245, 222, 205), (255, 250, 220)])
def test_an_even_pastel_is_painted_and_tinted_paper_is_not(pastel: tuple[int, int, int], quality: int | None) -> None:
    page = np.full((400, 400, 3), 255, np.uint8)
    cv2.circle(page, (200, 200), 90, pastel, -1)
    cv2.circle(page, (200, 200), 92, BLACK, 4, cv2.LINE_AA)
    drawn = page if quality is None else convert_to_jpeg(page, quality)
    painted, place = read_painted_colours(drawn), np.zeros((400, 400), bool)
    place[150:250, 150:250] = True
    assert painted.mask[place].all() and not painted.mask[:80].any()
    assert difference(painted.colours, place, pastel) <= 3
    tinted = np.where((page == 255).all(2, keepdims=True), np.array(pastel, np.uint8), page)
    assert not read_painted_colours(tinted).mask.any()


@pytest.mark.parametrize("pastel", ["#ffe1e6", "#f5decd", "#fffadc", "#e8e8e8"])
def test_a_pale_colour_of_the_canvas_keeps_its_hue(pastel: str) -> None:
    area = {"tool": "marker", "size": 90, "color": pastel, "points": [[150, 150, 0.5], [350, 150, 0.5]]}
    line = {"tool": "pen", "size": 5, "color": "#141414", "points": [[90, 60, 0.5], [420, 60, 0.5]]}
    canvas = {"version": 2, "width": 512, "height": 512, "picture": None, "strokes": [area, line]}
    drawing = fit_drawing(read_strokes(json.dumps(canvas)), (512, 512))
    painted, place = read_painted_colours(drawing.pixels, drawing.greys), np.zeros((512, 512), bool)
    place[130:170, 160:340] = True
    assert painted.mask[place].all()
    assert difference(painted.colours, place, tuple(bytes.fromhex(pastel[1:]))) <= 2


def test_a_photograph_has_no_painted_colours() -> None:
    rng = np.random.default_rng(4)
    photograph = cv2.resize(
        rng.integers(20, 220, (12, 16, 3), dtype=np.uint8), (320, 240), interpolation=cv2.INTER_CUBIC
    )
    assert not read_painted_colours(photograph).mask.any()


@pytest.mark.parametrize("quality", [None, 75])
def test_a_page_painted_up_to_its_borders_is_obeyed(quality: int | None) -> None:
    page = np.full((360, 480, 3), (110, 170, 235), np.uint8)
    page[220:] = (90, 160, 70)
    cv2.circle(page, (240, 200), 70, (220, 60, 50), -1, cv2.LINE_AA)
    drawing = page if quality is None else convert_to_jpeg(page, quality)
    painting = ink_drawing(
        drawing,
        read_edges(read_image(Image.fromarray(drawing)), size=(480, 360)),
        np.full((48, 64, 3), 0.5, np.float32),
        read_painted_colours(drawing),
    )
    for y, x in ((40, 40), (300, 60), (200, 240)):
        place = np.zeros(page.shape[:2], bool)
        place[y - 10 : y + 10, x - 10 : x + 10] = True
        assert difference(painting.colours, place, tuple(page[y, x].tolist())) <= KEPT
