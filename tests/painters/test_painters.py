"""The styles as code, given plain pictures: same in, same out; outlines stay; looks are told apart; quick enough."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
import pytest

from pipeline.errors import StyleError
from pipeline.painters import COLOURINGS, DEFAULTS, KEEPS_COLOR, PAINTERS, RENDERERS, draw_parameters, render
from pipeline.painters.surface import Picture, Renderer, Span
from pipeline.pocket.references import draw_scene
from tests.tools.processor_time import measure_against_yardstick

pytestmark = pytest.mark.slow

SIDE = 128
CONTENTS = ("drive", "cat", "meadow", "lake")
ASKED_FOR = {"cyberpunk", "ghibli", "industrial", "sketch"}
# Styles whose own texture is as strong as an outline: their figures are read by tone and colour.
LOOSE = {
    "mosaic",
    "cross-stitch",
    "pointillism",
    "pixel-art",
    "handheld",
    "misty",
    "sepia-photo",
    "low-poly",
    "film-noir",
    "pastel",
    "risograph",
}
STYLES = tuple(PAINTERS)


@cache
def content(name: str, side: int = SIDE) -> Picture:
    return cv2.resize(draw_scene(name), (side, side), interpolation=cv2.INTER_AREA)


@cache
def painted(style: str, name: str) -> Picture:
    return render(style, content(name), DEFAULTS[style], np.random.default_rng(5))


def disc(colour: tuple[float, float, float], side: int = SIDE) -> tuple[Picture, np.ndarray]:
    """A plain disc on white and the mask of its inside."""
    picture = np.ones((side, side, 3), np.float32)
    cv2.circle(picture, (side // 2, side // 2), round(side * 0.32), colour, -1, cv2.LINE_AA)
    mask = np.zeros((side, side), np.uint8)
    cv2.circle(mask, (side // 2, side // 2), round(side * 0.26), 1, -1)
    return picture, mask > 0


def contrast_across(picture: Picture, side: int) -> float:
    """How far a picture's colours change over the disc's rim, against how they change elsewhere at that distance."""
    soft = cv2.GaussianBlur(picture, (0, 0), side / 64)
    y, x = np.mgrid[:side, :side] - side / 2 + 0.5
    away = np.hypot(y, x) / side

    def ring(low: float, high: float) -> np.ndarray:
        return soft[(away > low) & (away < high)].mean(axis=0)

    inside, rim, outside = ring(0.2, 0.28), ring(0.31, 0.33), ring(0.36, 0.46)
    return float(max(np.abs(rim - outside).max(), np.abs(rim - inside).max(), np.abs(inside - outside).max()))


def statistics(picture: Picture) -> np.ndarray:
    """Colour and texture of a look: percentiles of Lab, and how strong detail is at three sizes."""
    lab = cv2.cvtColor(picture, cv2.COLOR_RGB2LAB)
    tones = np.percentile(lab.reshape(-1, 3), (5, 25, 50, 75, 95), axis=0).ravel() / 20
    light = lab[..., 0]
    detail = [np.log1p(np.abs(light - cv2.GaussianBlur(light, (0, 0), sigma)).mean()) * 3 for sigma in (0.7, 1.5, 3)]
    return np.array([*tones, *detail])


def hue_of(colour: np.ndarray) -> float:
    return float(cv2.cvtColor(colour.reshape(1, 1, 3).astype(np.float32), cv2.COLOR_RGB2HSV)[0, 0, 0])


def test_at_least_thirty_two_styles_with_the_four_that_were_asked_for() -> None:
    assert len(RENDERERS) >= 32
    assert set(RENDERERS) >= ASKED_FOR
    assert set(DEFAULTS) == set(KEEPS_COLOR) == set(PAINTERS) == {*RENDERERS, *COLOURINGS}


@pytest.mark.parametrize("style", STYLES)
def test_same_seed_same_pixels_and_another_seed_only_moves_the_grain(style: str) -> None:
    first, again, other = (
        render(style, content("drive"), DEFAULTS[style], np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    assert np.array_equal(first, again)
    assert np.abs(first.mean(axis=(0, 1)) - other.mean(axis=(0, 1))).max() < 0.04


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("shape", [(128, 128), (96, 160)])
def test_any_drawn_look_is_finite_and_in_range_and_leaves_its_picture_alone(style: str, shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(3)
    picture = cv2.resize(content("cat"), shape[::-1])
    before = picture.copy()
    for _ in range(3):
        result = render(style, picture, draw_parameters(style, rng), rng)
        assert result.shape == picture.shape
        assert result.dtype == np.float32
        assert np.isfinite(result).all()
        assert result.min() >= 0
        assert result.max() <= 1
    assert np.array_equal(picture, before)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_a_picture_without_any_edge_is_painted_too(style: str, value: float) -> None:
    flat = np.full((64, 64, 3), value, np.float32)
    assert np.isfinite(render(style, flat, DEFAULTS[style], np.random.default_rng(0))).all()


@pytest.mark.parametrize("style", [style for style in STYLES if style != "plain"])
def test_the_style_shows(style: str) -> None:
    assert np.abs(painted(style, "drive") - content("drive")).mean() > 0.025


@pytest.mark.parametrize("style", STYLES)
def test_parameters_change_the_look(style: str) -> None:
    rng = np.random.default_rng(8)
    looks = [render(style, content("drive"), draw_parameters(style, rng), np.random.default_rng(1)) for _ in range(4)]
    assert max(np.abs(look - looks[0]).mean() for look in looks[1:]) > 0.003


@pytest.mark.parametrize("style", STYLES)
def test_a_rim_stays_where_it_was(style: str) -> None:
    """The outline of a disc is still the strongest ring in the picture, within 2 % of the side."""
    picture, _ = disc((0.85, 0.2, 0.15))
    result = render(style, picture, DEFAULTS[style], np.random.default_rng(4))
    assert contrast_across(result, SIDE) > 0.06
    y, x = np.mgrid[:SIDE, :SIDE] - SIDE / 2 + 0.5
    soft = cv2.GaussianBlur(result, (0, 0), 1.0)
    rings = np.stack([soft[np.abs(np.hypot(y, x) - r) < 0.7].mean(axis=0) for r in range(20, 60)])
    steps = np.abs(np.diff(rings, axis=0)).max(axis=1)
    nearest_strong = np.abs(np.flatnonzero(steps > 0.6 * steps.max()) + 20.5 - SIDE * 0.32).min()
    assert nearest_strong <= 0.02 * SIDE


@pytest.mark.parametrize("style", [style for style in STYLES if style not in LOOSE])
def test_most_edges_of_the_picture_are_found_in_the_painted_one(style: str) -> None:
    source, result = edges(content("drive"), 60), edges(painted(style, "drive"), 40)
    near = cv2.distanceTransform((~result).astype(np.uint8), cv2.DIST_L2, 3)
    assert (near[source] <= 0.02 * SIDE).mean() > 0.75


def edges(picture: Picture, low: float) -> np.ndarray:
    bytes_ = (cv2.GaussianBlur(picture, (0, 0), 0.9) * 255).astype(np.uint8)
    found = [cv2.Canny(np.ascontiguousarray(bytes_[..., k]), low, 2.5 * low) for k in range(3)]
    return (found[0] | found[1] | found[2]) > 0


@pytest.mark.parametrize("style", [style for style in STYLES if KEEPS_COLOR[style]])
def test_red_green_and_blue_stay_apart_where_colour_is_kept(style: str) -> None:
    for colour, hue in (((0.85, 0.12, 0.12), 0), ((0.2, 0.65, 0.2), 120), ((0.15, 0.3, 0.85), 223)):
        picture, mask = disc(colour)
        result = render(style, picture, DEFAULTS[style], np.random.default_rng(2))
        turn = (hue_of(np.median(result[mask], axis=0)) - hue + 180) % 360 - 180
        assert abs(turn) < 45, f"{style}: hue {hue} became {hue + turn:.0f}"


def test_a_look_is_nearer_to_itself_on_other_contents_than_to_seven_others() -> None:
    rng = np.random.default_rng(0)
    looks = {style: {name: statistics(painted(style, name)) for name in CONTENTS} for style in STYLES}
    hits = []
    for style in STYLES:
        for shown, reference in (("drive", "cat"), ("cat", "meadow"), ("meadow", "lake"), ("lake", "drive")):
            others = rng.choice([other for other in STYLES if other != style], 7, replace=False)
            away = [np.linalg.norm(looks[style][shown] - looks[other][reference]) for other in (style, *others)]
            hits.append(int(np.argmin(away)) == 0)
    assert np.mean(hits) > 0.65  # one in eight by chance


@pytest.mark.parametrize("style", STYLES)
def test_small_and_large_pictures_wear_the_same_look(style: str) -> None:
    large = render(style, content("drive", 512), DEFAULTS[style], np.random.default_rng(5))
    small = cv2.resize(large, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    assert np.abs(small.mean(axis=(0, 1)) - painted(style, "drive").mean(axis=(0, 1))).max() < 0.12


@pytest.mark.parametrize("style", STYLES)
def test_quick_enough_to_make_training_pictures(style: str) -> None:
    """At most 2 yardsticks here (oil paint); the bar leaves room for a busy machine and still catches a slow loop."""
    render(style, content("drive"), DEFAULTS[style], np.random.default_rng(0))  # tables are computed once
    work = lambda seed: render(style, content("drive"), DEFAULTS[style], np.random.default_rng(seed))  # noqa: E731
    assert measure_against_yardstick(work) < 10


def test_unknown_styles_parameters_and_pictures_are_refused_by_name() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(StyleError, match="gouache"):
        render("gouache", content("cat"), {}, rng)
    with pytest.raises(StyleError, match="dot"):
        render("pointillism", content("cat"), {"dots": 3.0}, rng)
    with pytest.raises(StyleError, match="uint8"):
        render("sketch", np.zeros((64, 64, 3), np.uint8), DEFAULTS["sketch"], rng)  # type: ignore[arg-type]
    with pytest.raises(StyleError, match="32 px"):
        render("sketch", np.zeros((16, 64, 3), np.float32), DEFAULTS["sketch"], rng)


def test_a_span_holds_its_default_and_draws_stay_inside() -> None:
    with pytest.raises(ValueError, match="default"):
        Span(2, 0, 1)
    renderer = Renderer(lambda picture, p, rng: picture, {"weight": Span(0.5, 0.25, 1)}, True)
    drawn = [renderer.draw(np.random.default_rng(seed))["weight"] for seed in range(50)]
    assert min(drawn) >= 0.25
    assert max(drawn) <= 1
    assert np.std(drawn) > 0.1
