"""A picture on the sheet is whole, keeps its proportions, and nothing beside it is read as a line."""

from __future__ import annotations

import base64

import numpy as np
import pytest
import skimage.data
from PIL import Image

from pipeline.settings import ROOT
from pipeline.sketch.edges import read_edges
from pipeline.sketch.fitting import fit_whole
from pipeline.sketch.intake import EVENED_OUT, WHITE_ON_NOTHING, WHITE_SHAPES, read_image, read_strokes
from tests.tools.drawings import draw_house, encode_image, make_canvas
from tests.tools.mixed_inputs import make_transparent

pytestmark = pytest.mark.slow
CASES = ROOT / "tests" / "data" / "cases"


def place(data: bytes) -> dict:
    return make_canvas(picture=f"data:image/png;base64,{base64.b64encode(data).decode()}")


@pytest.mark.parametrize("size", [(400, 200), (200, 400), (64, 500), (512, 512), (700, 699)])
def test_a_picture_is_whole_and_in_the_middle(size: tuple[int, int]) -> None:
    picture = Image.new("RGB", size, "#8090a0")
    picture.paste("red", (0, 0, 8, 8))
    picture.paste("lime", (size[0] - 8, size[1] - 8, size[0], size[1]))
    sheet = fit_whole(np.asarray(picture), (512, 512)).astype(int)
    assert sheet.shape == (512, 512, 3)
    scale = 512 / max(size)
    left, top = (512 - size[0] * scale) / 2, (512 - size[1] * scale) / 2
    at = 4 * scale
    assert sheet[round(top + at), round(left + at)] == pytest.approx([255, 0, 0], abs=60)
    assert sheet[round(511 - top - at), round(511 - left - at)] == pytest.approx([0, 255, 0], abs=60)


@pytest.mark.parametrize("name", ["coffee", "rocket", "cat"])
def test_a_photograph_has_no_frame_of_edges(name: str) -> None:
    photo = Image.fromarray(getattr(skimage.data, name)()).crop((0, 0, 400, 240))
    edges = read_edges(read_strokes(place(encode_image(photo))), size=(512, 512))
    top = (512 - round(512 * 240 / 400)) // 2
    for row in (top, 512 - top):
        assert (edges.pixels[row - 3 : row + 4] > 0).any(axis=0).mean() < 0.3
    assert (edges.pixels[: top - 30] > 0).mean() < 0.002


def test_a_wide_drawing_on_the_sheet_is_read_as_it_is_by_itself() -> None:
    wide = Image.new("RGB", (400, 200), "white")
    wide.paste(draw_house(200), (100, 0))
    alone = read_edges(read_image(wide), size=(512, 512)).pixels > 0
    placed = read_edges(read_strokes(place(encode_image(wide))), size=(512, 512)).pixels > 0
    assert (alone != placed).mean() < 0.01


def test_the_whole_figure_is_on_the_canvas() -> None:
    """Shared case: the page cut off half of the head and both feet."""
    stored = (CASES / "figure_portrait_photo.jpg").read_bytes()
    jpeg = make_canvas(picture=f"data:image/jpeg;base64,{base64.b64encode(stored).decode()}")
    sketch = read_strokes(jpeg)
    alone, placed = (read_edges(each, size=(512, 512)).pixels > 0 for each in (read_image(stored), sketch))
    assert EVENED_OUT in sketch.notices
    for found in (alone, placed):
        rows = np.flatnonzero(found.any(axis=1))
        assert rows[0] < 25 and rows[-1] > 480
    assert abs(int(alone.sum()) - int(placed.sum())) < 0.06 * alone.sum()


def test_transparency_reaches_the_server() -> None:
    for given in list(make_transparent())[::4]:
        told = read_strokes(place(given.data)).notices
        assert set(told) & {WHITE_ON_NOTHING, WHITE_SHAPES} == set(read_image(given.data).notices), given.name
