"""A painting in, a picture out: sizes, strength, the drawn lines, and the time it takes."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import cv2
import numpy as np
import pytest

from pipeline.errors import StyleError
from pipeline.painters import DEFAULTS, KEEPS_COLOR, PAINTERS, paint
from pipeline.painters.pieces import cell_means
from pipeline.painters.source import Source
from pipeline.values import Painting
from tests.tools.processor_time import measure_against_yardstick

pytestmark = pytest.mark.slow

STYLES = tuple(PAINTERS)
WITHOUT_CHANCE = {"handheld", "vaporwave"}  # nothing in them falls where it may
SKY, GRASS, COAT, CHEST = (150, 200, 235), (130, 180, 80), (215, 110, 50), (245, 235, 220)


@cache
def painting(side: int = 256, pen: bool = True) -> Painting:
    """A round animal with eyes and whiskers on grass, drawn at four times its size and averaged down."""
    big = 4 * side
    colours = np.zeros((big, big, 3), np.uint8)
    colours[:], colours[round(0.75 * big) :] = SKY, GRASS
    lines, regions = np.zeros((big, big), np.uint8), np.zeros((big, big), np.uint8)

    def at(x: float, y: float) -> tuple[int, int]:
        return round(x * big), round(y * big)

    def form(label: int, x: float, y: float, across: float, down: float, colour: tuple[int, int, int]) -> None:
        size = at(across, down)
        cv2.ellipse(colours, at(x, y), size, 0, 0, 360, colour, -1)
        cv2.ellipse(regions, at(x, y), size, 0, 0, 360, label, -1)
        cv2.ellipse(lines, at(x, y), size, 0, 0, 360, 255, round(0.012 * big))

    form(1, 0.5, 0.62, 0.24, 0.3, COAT)
    form(2, 0.5, 0.7, 0.12, 0.18, CHEST)
    for label, x in ((3, 0.42), (4, 0.58)):
        form(label, x, 0.42, 0.04, 0.04, (255, 255, 255))
        cv2.circle(lines, at(x, 0.42), round(0.016 * big), 255, -1)
    for x in (0.18, 0.82):
        cv2.line(lines, at(0.5 + 0.3 * (x - 0.5), 0.5), at(x, 0.48), 255, round(0.008 * big))
    shrink = {"dsize": (side, side), "interpolation": cv2.INTER_AREA}
    small = cv2.resize(regions, (side, side), interpolation=cv2.INTER_NEAREST).astype(np.int32)
    return Painting(cv2.resize(colours, **shrink), cv2.resize(lines, **shrink) * np.uint8(pen), small)


def plain_bytes() -> np.ndarray:
    return np.asarray(Source(painting()).plain * 255 + 0.5, np.uint8)


def test_a_cell_s_mean_is_that_of_its_pixels() -> None:
    rng = np.random.default_rng(3)
    picture, labels = rng.random((9, 7, 3), np.float32), rng.integers(0, 4, (9, 7)).astype(np.int32)
    means, plane = cell_means(picture, labels, 6), cell_means(picture[..., 1], labels, 6)
    for label in range(4):
        assert means[label] == pytest.approx(picture[labels == label].mean(axis=0), abs=1e-6)
    assert plane.shape == (6, 1) and np.array_equal(plane[:, 0], means[:, 1]) and not means[4:].any()


def soft(picture: np.ndarray, side: int = 64) -> np.ndarray:
    return cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA).astype(np.float32) / 255


@pytest.mark.parametrize("style", STYLES)
def test_no_painter_changes_what_the_next_one_reads(style: str) -> None:
    """A mixture's styles share what is read of the painting."""
    shared = Source(painting(64))
    first = paint(shared, style, DEFAULTS[style], 1.0, 5)
    for plane in vars(shared).values():
        if isinstance(plane, np.ndarray):
            plane.flags.writeable = False
    assert np.array_equal(paint(shared, style, DEFAULTS[style], 1.0, 5), first)
    assert np.array_equal(paint(painting(64), style, DEFAULTS[style], 1.0, 5), first)


@pytest.mark.parametrize("style", STYLES)
def test_equal_arguments_give_equal_bytes_of_the_paintings_size(style: str) -> None:
    first, again, other = (paint(painting(), style, DEFAULTS[style], 1.0, seed) for seed in (5, 5, 6))
    assert first.dtype == np.uint8
    assert first.shape == (256, 256, 3)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other) or style in WITHOUT_CHANCE


@pytest.mark.parametrize("style", STYLES)
def test_a_picture_looks_alike_at_256_512_and_1024(style: str) -> None:
    looks = [paint(painting(side), style, DEFAULTS[style], 1.0, 3) for side in (256, 512, 1024)]
    small = [soft(look) for look in looks]
    for other in small[1:]:
        assert np.abs(small[0] - other).mean() < 0.05
        assert np.corrcoef(small[0].ravel(), other.ravel())[0, 1] > 0.93
    detail = [np.abs(fine - cv2.GaussianBlur(fine, (0, 0), 2)).mean() for fine in (soft(look, 256) for look in looks)]
    assert min(detail) > 0.5 * max(detail)


@pytest.mark.parametrize("style", [style for style in STYLES if style != "plain"])
def test_strength_moves_smoothly_from_the_plain_picture_to_the_whole_style(style: str) -> None:
    steps = [soft(paint(painting(), style, DEFAULTS[style], k / 4, 3), 256) for k in range(5)]
    whole = np.abs(steps[4] - steps[0]).mean()
    for before, after in pairwise(steps):
        assert 0.15 * whole < np.abs(after - before).mean() < 0.35 * whole


@pytest.mark.parametrize("style", STYLES)
def test_a_drawn_eye_is_still_an_eye(style: str) -> None:
    """The white of an eye stands out from its pupil: no line is so thick that it closes the eye."""
    side = 512
    picture = cv2.cvtColor(paint(painting(side), style, DEFAULTS[style], 1.0, 3), cv2.COLOR_RGB2LAB).astype(np.float32)
    y, x = np.mgrid[:side, :side] / side
    for column in (0.42, 0.58):
        away = np.hypot(x - column, y - 0.42)
        pupil, white = picture[away < 0.012].mean(axis=0), picture[(away > 0.021) & (away < 0.032)].mean(axis=0)
        assert np.linalg.norm(pupil - white) > 9


@pytest.mark.parametrize("style", [style for style in STYLES if style != "linocut"])  # whose cuts run along lines
def test_no_line_is_drawn_twice(style: str) -> None:
    """Across the body's outline the picture has one line and not a second one beside it."""
    drawn, bare = (paint(painting(512, pen), style, DEFAULTS[style], 1.0, 3) for pen in (True, False))
    assert np.abs(drawn.astype(np.float32) - bare).mean() > 0.4  # the pen is seen
    before, after = (cv2.GaussianBlur(picture.astype(np.float32), (0, 0), 1) for picture in (bare, drawn))
    change = np.abs(after - before).mean(axis=2)
    y, x = np.mgrid[:512, :512] / 512
    away = np.abs(np.hypot((x - 0.5) / 0.24, (y - 0.62) / 0.3) - 1) * 0.27
    above = y < 0.55
    assert change[(away < 0.006) & above].mean() > 1.1 * change[(away > 0.02) & (away < 0.03) & above].mean()


@pytest.mark.parametrize("style", STYLES)
def test_without_any_line_there_is_a_picture_too(style: str) -> None:
    flat = Painting(np.full((48, 64, 3), 200, np.uint8), np.zeros((48, 64), np.uint8), np.zeros((48, 64), np.int32))
    assert paint(flat, style, DEFAULTS[style], 1.0, 1).shape == (48, 64, 3)
    assert np.abs(soft(paint(painting(pen=False), style, DEFAULTS[style], 1.0, 1)) - 0.5).max() <= 0.5


@pytest.mark.parametrize("style", [style for style in STYLES if KEEPS_COLOR[style]])
def test_a_coloured_pen_keeps_its_hue(style: str) -> None:
    plain = painting()
    blue = np.broadcast_to(np.array([40, 70, 220], np.uint8), plain.colours.shape).copy()
    result = paint(Painting(plain.colours, plain.lines, plain.regions, blue), style, DEFAULTS[style], 1.0, 3)
    red, _, strongest = result[plain.lines > 220].astype(np.float32).mean(axis=0)
    assert strongest > red + 50


@pytest.mark.parametrize("strength", [1.6, -0.1, float("nan")])
def test_a_strength_out_of_range_is_refused(strength: float) -> None:
    with pytest.raises(StyleError, match="strength"):
        paint(painting(), "comic", DEFAULTS["comic"], strength, 1)


def test_small_paintings_and_strange_styles_are_refused() -> None:
    with pytest.raises(StyleError, match="gouache"):
        paint(painting(), "gouache", {}, 1.0, 1)
    with pytest.raises(StyleError, match="dot"):
        paint(painting(), "pointillism", {"dots": 3.0}, 1.0, 1)
    tiny = Painting(np.zeros((16, 64, 3), np.uint8), np.zeros((16, 64), np.uint8), np.zeros((16, 64), np.int32))
    with pytest.raises(StyleError, match="32 px"):
        paint(tiny, "comic", DEFAULTS["comic"], 1.0, 1)


def test_the_ground_is_what_reaches_the_rim_and_is_flat() -> None:
    source = Source(painting())
    assert source.ground[5, 5] == source.ground[250, 250] == 1
    assert source.ground[150, 128] == 0
    assert source.outlined
    height = source.swell(40)
    assert height[150, 100] > 0.5
    assert height[5, 5] < 0.02


def test_a_linocut_s_lines_are_cleared_from_the_cuts_beside_them() -> None:
    """A dog's eyes, two dots on a brown face, were lost between the gouges."""
    fur = painting(512)
    dark = Painting(np.where(fur.regions[..., None] == 1, np.uint8(60), fur.colours), fur.lines, fur.regions)
    source = Source(dark)
    printed = paint(dark, "linocut", DEFAULTS["linocut"], 1.0, 3)
    beside = (source.pen_distance > 1.6) & (source.pen_distance < 2.6) & (dark.regions == 1)
    assert (cv2.cvtColor(printed, cv2.COLOR_RGB2GRAY)[beside] > 190).mean() > 0.6


@pytest.mark.parametrize("side", [256, 512])
def test_broad_strokes_that_meet_are_no_filled_area(side: int) -> None:
    """A marker of 10 px of 512: where two strokes met, gold and light lines had black knots."""
    lines = np.zeros((1024, 1024), np.uint8)
    for ends in (
        ((100, 100), (900, 900)),
        ((100, 900), (900, 100)),
        ((100, 650), (900, 650)),
        ((250, 100), (250, 900)),
    ):
        cv2.line(lines, *ends, 255, 20)
    crossed = lines.copy()
    cv2.circle(lines, (700, 200), 32, 255, -1)
    for drawn, least, most in ((crossed, 0.0, 0.4), (lines, 1.0, 1.0)):
        small = np.asarray(cv2.resize(drawn, (side, side), interpolation=cv2.INTER_AREA), np.uint8)
        paper = np.full((side, side, 3), 255, np.uint8)
        source = Source(Painting(paper, small, np.zeros((side, side), np.int32)))
        assert source.stroke_width == pytest.approx(10, abs=1.5)
        assert least <= source.blots.max() <= most
    assert source.blots[round(0.195 * side), round(0.684 * side)] == 1


@pytest.mark.parametrize("style", STYLES)
def test_quick_enough_for_a_person_who_waits(style: str) -> None:
    """At most 3 yardsticks at 256 px here (oil paint); the bar leaves room for a busy machine."""
    paint(painting(), style, DEFAULTS[style], 1.0, 0)
    assert measure_against_yardstick(lambda seed: paint(painting(), style, DEFAULTS[style], 1.0, seed)) < 15
