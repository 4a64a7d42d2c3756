"""Eyes and other small marks stay clear in every material, and no colour turns to mud."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from pipeline.painters import DEFAULTS, paint
from pipeline.painters.source import Source
from pipeline.values import Painting

pytestmark = pytest.mark.slow

SIDE = 512
BROWN = (192, 142, 104)


def face(colour: tuple[int, int, int], strength: float = 0.8, side: int = SIDE) -> Painting:
    """A round head with two dots of eyes and a filled nose, its lines drawn softly."""
    colours, lines = np.full((1024, 1024, 3), 250, np.uint8), np.zeros((1024, 1024), np.uint8)
    regions = np.zeros((1024, 1024), np.uint8)
    for picture, value in ((colours, colour), (regions, 1)):
        cv2.circle(picture, (512, 512), 360, value, -1)
    cv2.circle(lines, (512, 512), 360, 255, 13)
    for x in (380, 644):
        cv2.circle(lines, (x, 450), 11, 255, -1)
    cv2.circle(colours, (512, 600), 34, (0, 0, 0), -1)
    cv2.circle(regions, (512, 600), 34, 2, -1)
    cv2.circle(lines, (512, 600), 34, 255, 13)
    shrink = {"dsize": (side, side), "interpolation": cv2.INTER_AREA}
    small = cv2.resize(regions, (side, side), interpolation=cv2.INTER_NEAREST).astype(np.int32)
    soft = np.asarray(cv2.resize(lines, **shrink) * np.float32(strength) + 0.5, np.uint8)
    return Painting(np.asarray(cv2.resize(colours, **shrink), np.uint8), soft, small)


def paint_face(style: str, colour: tuple[int, int, int] = BROWN, side: int = SIDE) -> np.ndarray:
    return paint(face(colour, side=side), style, DEFAULTS[style], 1.0, 7)


def ring(y: float, x: float, near: float, far: float, side: int = SIDE) -> np.ndarray:
    """The places from `near` to `far` px of 512 round a point of the drawing of 1024."""
    rows, columns = np.mgrid[:side, :side] * (512 / side)
    away = np.hypot(rows - y / 2, columns - x / 2)
    return np.asarray((away >= near) & (away < far))


@pytest.mark.parametrize("side", [256, 512])
def test_the_knife_leaves_room_round_an_eye(side: int) -> None:
    light = cv2.cvtColor(paint_face("linocut", side=side), cv2.COLOR_RGB2GRAY)
    for x in (380, 644):
        assert (light[ring(450, x, 7.5, 10, side)] > 180).mean() > 0.95
    cut = light[ring(750, 512, 0, 30, side)]
    assert (cut < 110).mean() > 0.15, "the cheeks are cut as before"


def test_a_block_prints_in_one_ink() -> None:
    """Soft lines were paler than the cuts beside them; the nose was hollow."""
    light = cv2.cvtColor(paint_face("linocut"), cv2.COLOR_RGB2GRAY)
    source = Source(face(BROWN))
    line = light[(source.pen_distance < -1.5)]
    assert np.median(line) < 72
    assert np.median(light[ring(600, 512, 0, 12)]) < 72


def test_softer_lines_of_a_block_are_thinner() -> None:
    inked = []
    for strength in (0.4, 0.8, 1.0):
        picture = paint(face((250, 250, 250), strength), "linocut", DEFAULTS["linocut"], 1.0, 7)
        inked.append(float(255 - cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)[ring(512, 512, 170, 190)].mean()))
    assert inked[0] < inked[1] - 3 < inked[2] - 4


def test_joints_of_a_mosaic_do_not_cut_a_pupil() -> None:
    light = cv2.cvtColor(paint_face("mosaic"), cv2.COLOR_RGB2GRAY)
    assert np.percentile(light[ring(600, 512, 0, 13)], 98) < 75


def test_brown_glows_under_neon() -> None:
    """A dog was a dull dark brown: chroma and light of its face, away from its lines."""
    seen = paint_face("cyberpunk")[ring(512, 512, 60, 120)].astype(np.float32)
    assert np.median(seen.max(axis=1) - seen.min(axis=1)) > 62
    assert np.median(seen.max(axis=1)) > 95


def test_warm_colours_in_ice_are_not_mud() -> None:
    """Orange in blue ice was grey: neither colour was left."""
    seen = paint_face("ice", (240, 120, 40))[ring(512, 512, 60, 120)].astype(np.float32)
    assert np.median(seen[:, 2] - seen[:, 0]) > 70


@pytest.mark.parametrize("side", [256, 512, 1024])
def test_strokes_that_meet_at_a_sharp_angle_are_no_filled_area(side: int) -> None:
    """Gold and neon lines had dark knots where a banana's edges met."""
    lines = np.zeros((2048, 2048), np.uint8)
    for ends in (((300, 600), (1700, 700)), ((300, 740), (1700, 640)), ((950, 200), (1010, 1200))):
        cv2.line(lines, *ends, 255, 28)
    cv2.circle(lines, (1500, 1500), 50, 255, -1)
    small = np.asarray(cv2.resize(lines, (side, side), interpolation=cv2.INTER_AREA), np.uint8)
    blots = Source(Painting(np.full((side, side, 3), 255, np.uint8), small, np.zeros((side, side), np.int32))).blots
    at = round(1500 / 2048 * side)
    assert blots[at, at] == 1 and blots[: side // 2].max() < 0.15
