"""A picture that another one starts from: its colours, as far as they stay, and its lines, kept apart."""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.inking.started import Start, ink_started
from pipeline.sketch.edges import CANNY, is_textured, read_edges
from pipeline.sketch.plain_colours import find_plain_colours
from pipeline.values import EdgeMap, Painting, Sketch
from tests.sketch.test_plain_colours import SKY, WALL, lay_dots, lay_lead, paint_house

FIELD = np.full((64, 64, 3), (0.2, 0.7, 0.3), np.float32)
PLACES = {"wall": (340, 250), "sky": (60, 60)}


def read(picture: np.ndarray) -> EdgeMap:
    return read_edges(Sketch(picture, is_drawing=False, is_start=True))


def ink(picture: np.ndarray, strength: float) -> Painting:
    textured = is_textured(picture, *CANNY)
    start = Start(picture, find_plain_colours(picture, textured), textured)
    return ink_started(start, read(picture), FIELD, strength)


def find_tone(painting: Painting, place: str) -> np.ndarray:
    row, column = PLACES[place]
    part = painting.colours[row - 20 : row + 20, column - 20 : column + 20].reshape(-1, 3)
    return np.median(part, axis=0)


def test_strength_moves_smoothly_from_the_pictures_colours_to_the_models() -> None:
    glass = lay_lead(paint_house(512, 512))
    for place, colour in (("wall", WALL), ("sky", SKY)):
        tones = np.array([find_tone(ink(glass, strength), place) for strength in (0, 0.25, 0.5, 0.75, 1)])
        assert np.abs(tones[0] - colour).max() < 8
        assert np.abs(tones[-1] - 255 * FIELD[0, 0]).max() < 40, "light and grain of the picture stay"
        steps = np.linalg.norm(np.diff(tones, axis=0), axis=1)
        assert steps.min() > 0.15 * steps.sum(), f"{place}: {tones}"


def test_lines_are_kept_apart_in_their_own_colour() -> None:
    drawn = paint_house(512, 512)
    cv2.rectangle(drawn, (128, 170), (383, 500), (70, 20, 20), 5)
    painting = ink(drawn, 0)
    assert painting.lines[400, 128] > 150 and painting.lines[400, 250] == 0 and painting.lines[60, 60] == 0
    assert painting.pen is not None and np.abs(painting.pen[400, 128].astype(int) - (70, 20, 20)).max() < 12
    wall, sky = (painting.regions[PLACES[place]] for place in PLACES)
    assert wall != sky


def test_dots_are_no_lines() -> None:
    dots = lay_dots(paint_house(512, 512))
    assert not ink(dots, 0).lines.any()
