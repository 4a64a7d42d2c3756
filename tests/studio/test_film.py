"""A film of a drawing: its strokes in their order, the pictures that followed, a size it keeps to, and a way out."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pipeline.errors import Cancelled, SettingError
from pipeline.models.catalog import POCKET
from pipeline.picture.png_file import write_picture
from pipeline.request.order import parse_order
from pipeline.settings import ROOT
from pipeline.sketch.canvas import Stroke, read_canvas
from pipeline.sketch.intake import read_strokes
from pipeline.studio.film import FRAMES, GAP, LAST_MS, MOST_BYTES, SIDE, cut_drawing, make_film, paint_scene
from pipeline.studio.studio import Studio
from tests.sketch.test_sheet_start import GREEN, LINE, write_start
from tests.studio.test_studio import make_order, settings, studio  # noqa: F401 - fixtures


@pytest.fixture(scope="module")
def drawing() -> dict[str, Any]:
    file = next((ROOT / "assets" / "examples").glob("1-*.json"))
    return dict(json.loads(file.read_text())["canvas"])


@pytest.fixture(scope="module")
def data(studio: Studio, drawing: dict[str, Any]) -> bytes:  # noqa: F811
    order = parse_order(POCKET, sketch=read_strokes(json.dumps(drawing)), prompt="a cat", style="comic", seed=3)
    return write_picture(studio.draw(order))


def test_the_drawing_grows_point_by_point_to_the_whole(drawing: dict[str, Any]) -> None:
    canvas = read_canvas(json.dumps(drawing))
    scenes = list(cut_drawing(canvas))
    points = [sum(len(each.points) for each in scene.canvas.strokes if isinstance(each, Stroke)) for scene in scenes]
    assert len(scenes) == FRAMES and points == sorted(points) and points[0] > 0
    assert scenes[-1].canvas == canvas and scenes[0].canvas != canvas


def test_a_picture_to_start_from_lies_beneath_the_strokes() -> None:
    pixels = np.asarray(paint_scene(read_canvas(write_start(LINE)), (512, 512)))
    assert tuple(pixels[450, 20]) == GREEN and pixels[60, 200].max() < 60


def test_a_film_shows_strokes_and_pictures_and_ends_with_the_finished_one(
    studio: Studio,  # noqa: F811
    data: bytes,
) -> None:
    told: list[tuple[int, int]] = []
    film = make_film(studio, data, on_step=told.append, is_cancelled=lambda: False)
    assert len(film) < MOST_BYTES and told[-1] == (FRAMES, FRAMES)
    with Image.open(io.BytesIO(film)) as moving:
        count = moving.n_frames  # type: ignore[attr-defined]
        assert moving.format == "WEBP" and moving.size == (2 * SIDE + 3 * GAP, SIDE + 2 * GAP)
        frames, durations = [], []
        for number in range(count):
            moving.seek(number)
            frames.append(np.asarray(moving.convert("RGB"), np.int16))
            durations.append(moving.info["duration"])
    right = [frame[GAP:-GAP, 2 * GAP + SIDE : -GAP] for frame in frames]
    ink = [int((frame[GAP:-GAP, GAP : GAP + SIDE].max(-1) < 100).sum()) for frame in frames]
    assert ink[0] < ink[count // 2] < ink[-1]
    with Image.open(io.BytesIO(data)) as opened:
        finished = np.asarray(opened.convert("RGB").resize((SIDE, SIDE), Image.Resampling.LANCZOS), np.int16)
    assert np.abs(right[-1] - finished).mean() < 8
    assert np.abs(right[0] - np.array((244, 241, 234))).mean() < 4, "there is no picture before the first strokes"
    shown = {int(each.astype(np.int64).sum()) // 50_000 for each in right}
    assert len(shown) >= 4, "the pictures that followed the strokes are missing"
    assert durations[-1] == LAST_MS


def test_it_stops(studio: Studio, data: bytes) -> None:  # noqa: F811
    with pytest.raises(Cancelled):
        make_film(studio, data, on_step=lambda _: None, is_cancelled=lambda: True)


def test_a_picture_without_strokes_has_no_film(studio: Studio) -> None:  # noqa: F811
    picture = studio.draw(make_order(width=128, height=128))
    with pytest.raises(SettingError, match="made from an image"):
        make_film(
            studio, write_picture(replace(picture, canvas=None)), on_step=lambda _: None, is_cancelled=lambda: False
        )
