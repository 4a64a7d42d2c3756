"""What makes some styles be what they are: a set of pens, facets in the dark, few colours, stitches, dots on white."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from pipeline.painters import DEFAULTS, paint
from pipeline.painters.colouring import MARKERS, choose_markers
from pipeline.painters.surface import rgb
from pipeline.pocket.data.colors import measure_color_share
from pipeline.values import Painting

pytestmark = pytest.mark.slow


def bare(colours: np.ndarray) -> Painting:
    """A painting of a ground alone, without lines."""
    shape = colours.shape[:2]
    return Painting(colours.astype(np.uint8), np.zeros(shape, np.uint8), np.zeros(shape, np.int32))


def flat(colour: tuple[int, int, int], side: int = 256) -> Painting:
    return bare(np.full((side, side, 3), colour))


def slope(above: tuple[int, int, int], below: tuple[int, int, int], side: int = 256) -> Painting:
    """A ground that changes evenly from top to bottom."""
    share = np.linspace(0, 1, side)[:, None, None]
    return bare(np.broadcast_to(np.array(above) * (1 - share) + np.array(below) * share, (side, side, 3)))


def thing(colour: tuple[int, int, int], ground: tuple[int, int, int], side: int = 256) -> Painting:
    """A square of one colour, half as wide as the picture, in the middle of a ground."""
    colours, regions = np.full((side, side, 3), ground, np.uint8), np.zeros((side, side), np.int32)
    middle = (slice(side // 4, side * 3 // 4),) * 2
    colours[middle], regions[middle] = colour, 1
    return Painting(colours, np.zeros((side, side), np.uint8), regions)


def look(style: str, painting: Painting) -> np.ndarray:
    return paint(painting, style, DEFAULTS[style], 1.0, 3).astype(np.float32)


def test_a_felt_pen_is_one_of_a_set() -> None:
    pens = np.stack([rgb(pen) for pen in MARKERS])
    shades = np.linspace(0, 1, 24 * 24 * 3, dtype=np.float32).reshape(24, 24, 3)[:, ::-1]
    chosen = choose_markers(np.ascontiguousarray(shades))
    assert np.abs(chosen.reshape(-1, 1, 3) - pens).max(axis=2).min(axis=1).max() < 1e-6
    pale, sky, white = (
        choose_markers(np.full((2, 2, 3), rgb(colour)))[0, 0] for colour in ("#f3d9d2", "#cfe3f2", "#ffffff")
    )
    assert np.ptp(pale) > 0.25
    assert np.ptp(sky) > 0.25
    assert np.array_equal(white, pens[-1])


def test_a_slow_change_of_colour_is_steps_of_felt_pens() -> None:
    """Half of all rows have the colour of the row above; a soft change would have it in none."""
    rows = np.median(look("felt-pen", slope((60, 130, 230), (250, 220, 60))), axis=1)
    assert (np.abs(np.diff(rows, axis=0)).max(axis=1) < 6).mean() > 0.5
    assert np.abs(np.diff(rows, axis=0)).max() > 20


def test_facets_show_in_the_dark() -> None:
    dark, light = (look("low-poly", flat(colour)).mean(axis=2).std() for colour in ((24, 26, 48), (200, 210, 220)))
    assert dark > 3
    assert light > 8


def test_pixel_art_has_few_colours_that_differ_and_leaves_one_colour_alone() -> None:
    inside = look("pixel-art", thing((200, 60, 50), (90, 160, 220)))[120:136, 120:136]
    assert len(np.unique(inside.reshape(-1, 3), axis=0)) == 1
    many = np.unique(look("pixel-art", slope((120, 190, 240), (240, 230, 210))).reshape(-1, 3), axis=0)
    assert 2 <= len(many) <= 32
    apart = np.abs(many[:, None] - many[None]).max(axis=2) + 255 * np.eye(len(many))
    assert apart.min() > 0.1 * 255


def test_pixel_art_lays_a_board_between_two_tones_and_no_sparse_dots() -> None:
    """A row of pixels has one colour, or two in turn."""
    pixels = look("pixel-art", slope((120, 190, 240), (240, 230, 210)))[2::4, 2::4]
    changes = (np.abs(np.diff(pixels, axis=1)).max(axis=2) > 0).mean(axis=1)
    assert ((changes == 0) | (changes == 1)).all()
    assert 0.1 < (changes == 1).mean() < 0.9


def test_stitches_show_on_a_small_picture() -> None:
    small = cv2.resize(look("cross-stitch", flat((90, 140, 200), 512)), (128, 128), interpolation=cv2.INTER_AREA)
    assert small.mean(axis=2).std() > 7.1


def test_white_is_dotted_with_pale_colours() -> None:
    dots = look("pointillism", flat((255, 255, 255), 512))
    chroma = dots.max(axis=2) - dots.min(axis=2)
    assert np.percentile(chroma, 75) > 15
    assert dots.mean() > 205


@pytest.mark.parametrize("word", ["black", "brown"])
def test_dark_dots_do_not_lean_to_another_colour(word: str) -> None:
    colour = {"black": (30, 31, 36), "brown": (122, 76, 40)}[word]
    inside = look("pointillism", thing(colour, (200, 220, 240), 512))[160:352, 160:352]
    assert measure_color_share(word, inside.astype(np.uint8)) > 0.8


def ways_of(light: np.ndarray) -> float:
    """The direction of the strokes in a texture (H, W), degrees in [0, 180)."""
    dx, dy = (cv2.Sobel(cv2.GaussianBlur(light, (0, 0), 1), cv2.CV_32F, a, b) for a, b in ((1, 0), (0, 1)))
    return float(np.degrees(0.5 * np.arctan2(2 * (dx * dy).mean(), (dx * dx - dy * dy).mean())) + 90) % 180


def test_every_coloured_pencil_hatches_in_a_direction_of_its_own() -> None:
    """The pens next to red and to green are drawn at 52 degrees from each other at least."""
    found = [
        ways_of(look("coloured-pencil", thing(colour, (236, 240, 244), 512))[200:312, 200:312].mean(axis=2))
        for colour in ((238, 51, 50), (44, 159, 70), (34, 114, 221))
    ]
    apart = [abs((one - other + 90) % 180 - 90) for one in found for other in found]
    assert max(apart) > 30


def test_pencil_strokes_bend_over_what_swells() -> None:
    light = look("coloured-pencil", thing((238, 51, 50), (236, 240, 244), 512)).mean(axis=2)
    left, right = (ways_of(light[170:342, columns]) for columns in (slice(134, 180), slice(332, 378)))
    assert abs((left - right + 90) % 180 - 90) > 12


def test_hatching_behind_things_ends_before_the_paper_s_rim() -> None:
    picture = look("coloured-pencil", thing((238, 51, 50), (90, 150, 220), 512))
    assert picture[:6].mean() > 235
    assert picture[60:100, 100:400].mean() < 215


def test_pastel_s_paper_shows_between_strokes_behind_things_too() -> None:
    ground = look("pastel", flat((120, 170, 230), 512))
    small = cv2.resize(ground, (128, 128), interpolation=cv2.INTER_AREA).mean(axis=2)
    assert (small - cv2.GaussianBlur(small, (0, 0), 2)).std() > 4.5


def hue_of(picture: np.ndarray) -> float:
    """The hue of the mean colour in CIELAB, degrees."""
    mean = (picture.mean(axis=(0, 1)) / 255).astype(np.float32)[None, None]
    _, a, b = cv2.cvtColor(mean, cv2.COLOR_RGB2LAB)[0, 0]
    return float(np.degrees(np.arctan2(b, a)))


@pytest.mark.parametrize(
    "colour", [(210, 50, 50), (128, 60, 190), (40, 60, 130), (120, 75, 45), (60, 150, 70), (245, 160, 60)]
)
def test_a_risograph_s_three_inks_give_the_colour_s_own_hue(colour: tuple[int, int, int]) -> None:
    """Purple is pink and blue, navy has no yellow in it, brown is no blue."""
    inside = look("risograph", thing(colour, (250, 248, 240)))[72:184, 72:184]
    turned = hue_of(inside) - hue_of(flat(colour).colours.astype(np.float32))
    assert abs((turned + 180) % 360 - 180) < 25


TINTED = ("cartoon-3d", "childrens-book", "coloured-pencil", "felt-pen", "oil-painting", "pastel", "pixel-art")


@pytest.mark.parametrize("style", [*TINTED, "pointillism", "risograph", "watercolor"])
def test_bare_paper_behind_things_is_tinted(style: str) -> None:
    picture = look(style, flat((252, 252, 252), 512))
    above, below = picture[40:120].mean(axis=(0, 1)), picture[400:480].mean(axis=(0, 1))
    assert above[2] - above[0] > below[2] - below[0] + 15


def test_a_bare_page_is_a_slab_of_clay() -> None:
    red, _, blue = look("clay", flat((252, 252, 252))).mean(axis=(0, 1))
    assert red - blue > 25


@pytest.mark.parametrize(
    ("style", "least"),
    [
        ("cartoon-3d", 75),
        ("childrens-book", 95),
        ("clay", 80),
        ("coloured-pencil", 190),
        ("comic", 60),
        ("crayon", 75),
        ("cross-stitch", 80),
        ("felt", 70),
        ("felt-pen", 80),
        ("ghibli", 80),
        ("low-poly", 70),
        ("oil-painting", 100),
        ("pastel", 95),
        ("pointillism", 85),
        ("risograph", 45),
        ("watercolor", 105),
    ],
)
def test_a_night_is_as_light_as_the_paint_is_and_a_thing_stays_as_dark_as_it_is(style: str, least: float) -> None:
    picture = look(style, thing((20, 20, 24), (22, 24, 66)))
    around, inside = picture[24:40, 64:192].mean(), picture[100:156, 100:156].mean()
    assert around > least
    assert inside < 75


def test_dark_panes_have_light_behind_them() -> None:
    dark = look("stained-glass", flat((22, 26, 80)))
    assert np.percentile(dark.max(axis=2), 75) > 120


def test_things_reach_over_the_rim_of_a_picture_book_s_page() -> None:
    colours, regions = np.full((256, 256, 3), (90, 160, 90), np.uint8), np.zeros((256, 256), np.int32)
    colours[110:130, :128], regions[110:130, :128] = (210, 50, 50), 1
    picture = look("childrens-book", Painting(colours, np.zeros((256, 256), np.uint8), regions))
    red, green, _ = np.moveaxis(picture, 2, 0)
    assert (red - green)[115:125, 1:5].mean() > 60
    assert picture[1:5, 1:5].min() > 200


@pytest.mark.parametrize("colour", [(134, 134, 134), (122, 76, 40)])
def test_a_risograph_prints_things_without_strong_colours_in_flat_tints(colour: tuple[int, int, int]) -> None:
    inside = look("risograph", thing(colour, (200, 220, 240), 512))[160:352, 160:352]
    assert inside.std(axis=(0, 1)).max() < 22


def test_dark_felt_pens_leave_paper_and_black_ones_do_not() -> None:
    navy = look("felt-pen", flat((48, 56, 156))).min(axis=2)
    assert (navy[20:-20, 20:-20] > 180).mean() > 0.02
    red = look("felt-pen", flat((225, 40, 40))).max(axis=2)
    inside = (slice(20, -20), slice(20, -20))
    black = look("felt-pen", thing((30, 28, 36), (225, 40, 40)))[72:184, 72:184]
    assert black.max() < 120
    assert (look("felt-pen", flat((225, 40, 40))).min(axis=2)[inside] > 180).mean() > 0.01
    assert red.max() > 230


def test_each_felt_pen_is_drawn_in_a_direction_of_its_own() -> None:
    """The strongest slopes of a blue and of a green half are turned by more than 15 degrees."""

    def direction(part: np.ndarray) -> float:
        light = cv2.GaussianBlur(part.mean(axis=2), (0, 0), 1.5)
        dx, dy = cv2.Sobel(light, cv2.CV_32F, 1, 0), cv2.Sobel(light, cv2.CV_32F, 0, 1)
        return float(np.degrees(np.arctan2(2 * (dx * dy).sum(), (dx * dx - dy * dy).sum()) / 2))

    colours = np.full((512, 512, 3), (34, 114, 221))
    colours[:, 256:] = (44, 159, 70)
    regions = np.zeros((512, 512), np.int32)
    regions[:, 256:] = 1
    picture = look("felt-pen", Painting(colours.astype(np.uint8), np.zeros((512, 512), np.uint8), regions))
    turn = direction(picture[30:-30, 30:220]) - direction(picture[30:-30, 290:-30])
    assert abs((turn + 90) % 180 - 90) > 15


def test_a_picture_book_s_brush_leaves_a_pupil_dark() -> None:
    colours = flat((60, 110, 190), 512).colours.copy()
    cv2.circle(colours, (256, 256), 8, (20, 20, 26), -1)
    assert look("childrens-book", bare(colours))[252:260, 252:260].mean() < 75


def test_black_is_not_dithered_in_pixel_art() -> None:
    dark = look("pixel-art", slope((22, 22, 26), (62, 60, 70)))
    changes = (np.abs(np.diff(dark, axis=1)).max(axis=2) > 8).mean()
    assert changes < 0.01
