import numpy as np
import pytest
import skimage.data
from PIL import Image
from scipy import ndimage

from pipeline.errors import SettingError
from pipeline.sketch.edges import read_edges
from pipeline.sketch.intake import read_image, read_strokes
from pipeline.sketch.paper import invert
from pipeline.values import Sketch
from tests.tools.drawings import (
    draw_balls,
    draw_clip_art,
    draw_house,
    light_unevenly,
    make_canvas,
    make_ring,
    make_stroke,
    make_wave,
)

pytestmark = pytest.mark.slow

WIDTHS = [2, 3, 4, 6, 8, 12, 16, 20, 24]


def pieces(edges):
    return ndimage.label(edges.pixels > 0, structure=np.ones((3, 3)))[1]


def enclosed(edges):
    """Areas that the lines close in."""
    return ndimage.label(edges.pixels == 0)[1] - 1


def distances(edges, truth, side):
    """From each line pixel to the nearest point of `truth` (x, y in px of 512), in px of the map."""
    ys, xs = np.nonzero(edges.pixels)
    points = (np.array(truth) * side / 512) - 0.5
    return np.hypot(xs[:, None] - points[None, :, 0], ys[:, None] - points[None, :, 1]).min(axis=1)


@pytest.mark.parametrize("size", WIDTHS)
@pytest.mark.parametrize("side", [128, 512])
def test_n_strokes_give_n_lines(size, side):
    """The bar of issue 2: 2 to 24 px, N lines and not 2N."""
    for count in (1, 5):
        heights = np.linspace(60, 440, count) if count > 1 else [250.0]
        edges = read_edges(
            read_strokes(make_canvas(*(make_stroke(make_wave(y), size) for y in heights))), size=(side, side)
        )
        assert edges.reading == "lines"
        assert pieces(edges) == count
        assert enclosed(edges) == 0
        assert distances(edges, [point for y in heights for point in make_wave(y)], side).max() <= 1.5 + 3 * side / 512


def test_canny_would_have_given_both_rims():
    sketch = read_strokes(make_canvas(*(make_stroke(make_wave(y), 12) for y in (100, 250, 400))))
    assert enclosed(read_edges(sketch, "canny", size=(512, 512))) == 3
    assert enclosed(read_edges(sketch, "lines", size=(512, 512))) == 0


@pytest.mark.parametrize("size", [2, 6, 12, 24])
@pytest.mark.parametrize("radius", [40, 120, 200])
def test_a_closed_ring_stays_one_closed_loop(size, radius):
    sketch = read_strokes(make_canvas(make_stroke(make_ring(radius), size)))
    for side in (128, 512):
        edges = read_edges(sketch, size=(side, side))
        assert (pieces(edges), enclosed(edges)) == (1, 1)
        assert distances(edges, make_ring(radius), side).max() <= 2 + radius * 0.06 * side / 512


@pytest.mark.parametrize("pressure", [0.2, 0.5, 1.0])
def test_pressure_changes_no_line(pressure):
    points = [(x, y, pressure if i % 40 > 20 else 0.5) for i, (x, y) in enumerate(make_wave(250))]
    edges = read_edges(read_strokes(make_canvas(make_stroke(points, 16))), size=(128, 128))
    assert (pieces(edges), enclosed(edges)) == (1, 0)


def test_strokes_that_cross_stay_one_connected_drawing():
    cross = [
        make_stroke([(100 + i, 100 + i) for i in range(300)], 14),
        make_stroke([(400 - i, 100 + i) for i in range(300)], 14),
    ]
    for side in (64, 128, 512):
        edges = read_edges(read_strokes(make_canvas(*cross)), size=(side, side))
        assert (pieces(edges), enclosed(edges)) == (1, 0)


@pytest.mark.parametrize(("width", "height"), [(128, 128), (512, 512), (512, 320), (300, 1024), (64, 64)])
def test_a_map_has_the_size_asked_for_and_lines_do_not_break(width, height):
    sketch = read_strokes(make_canvas(*(make_stroke(make_ring(radius), 6) for radius in (60, 200))))
    edges = read_edges(sketch, size=(width, height))
    assert edges.pixels.shape == (height, width)
    assert (pieces(edges), enclosed(edges)) == (2, 2)


def test_without_a_size_the_map_is_as_large_as_the_sketch():
    sketch = read_image(draw_house(150).resize((300, 200)))
    for reading in ("lines", "canny"):
        assert read_edges(sketch, reading).pixels.shape == (200, 300)


@pytest.mark.parametrize("reading", ["lines", "canny"])
def test_a_wide_drawing_lies_whole_and_centred_in_a_square(reading):
    image = Image.new("RGB", (400, 200), "white")
    image.paste(draw_house(200), (100, 0))
    edges = read_edges(read_image(image), reading, size=(128, 128)).pixels
    assert not edges[:32].any() and not edges[96:].any()  # no line where the picture meets its margin
    ys, xs = np.nonzero(edges)
    assert xs.min() + xs.max() == pytest.approx(127, abs=2)
    assert ys.min() == pytest.approx(32 + 0.15 * 64, abs=2)
    assert ys.max() == pytest.approx(32 + 0.9 * 64, abs=2)


def test_lines_are_thin_at_128_and_two_pixels_wide_at_512():
    sketch = read_strokes(make_canvas(make_stroke([(x, 250) for x in range(60, 460, 4)], 24)))
    for side, wide in ((128, 1), (256, 1), (512, 2), (1024, 4)):
        column = read_edges(sketch, size=(side, side)).pixels[:, side // 2]
        assert (column > 0).sum() == wide


def test_a_filled_shape_gives_its_outline_with_its_corners():
    image = Image.new("RGB", (512, 512), "white")
    image.paste("black", (150, 150, 350, 350))
    edges = read_edges(read_image(image), "lines", size=(512, 512))
    assert (pieces(edges), enclosed(edges)) == (1, 1)
    ys, xs = np.nonzero(edges.pixels)
    assert (xs.min(), xs.max(), ys.min(), ys.max()) == pytest.approx((150, 350, 150, 350), abs=4)
    for corner in ((150, 150), (150, 350), (350, 150), (350, 350)):
        assert np.hypot(ys - corner[0], xs - corner[1]).min() < 8


def test_a_stroke_that_leads_to_a_filled_shape_meets_its_outline():
    image = Image.new("RGB", (512, 512), "white")
    image.paste("black", (150, 150, 350, 350))
    image.paste("black", (340, 245, 500, 255))
    edges = read_edges(read_image(image), "lines", size=(512, 512))
    assert pieces(edges) == 1
    assert edges.pixels[245:256, 480].any()


def test_a_large_dot_is_drawn_by_its_outline_and_a_small_one_as_a_point():
    sketch = read_strokes(make_canvas(make_stroke([(150, 250)], 24), make_stroke([(350, 250)], 8)))
    edges = read_edges(sketch, size=(512, 512))
    assert (pieces(edges), enclosed(edges)) == (2, 1)
    assert (edges.pixels[:, 256:] > 0).sum() <= 9 * 9


@pytest.mark.parametrize("gap", [2, 3, 4])
def test_a_pupil_near_its_outline_stays_apart(gap):
    """An eye: a pupil of 16 px in a ring of 9 px, and little white between both."""
    rows, columns = np.mgrid[:512, :512] + 0.5
    apart = np.hypot(rows - 256, columns - 256)
    paper = np.where((apart < 8) | ((apart > 8 + gap) & (apart < 17 + gap)), 30, 255).astype(np.uint8)
    edges = read_edges(read_image(Image.fromarray(np.repeat(paper[..., None], 3, axis=2))), "lines")
    assert (pieces(edges), enclosed(edges)) == (2, 2)


@pytest.mark.parametrize("color", ["#e0b000", "#d02020", "#40c0ff", "#b0b0b0"])
def test_pale_and_coloured_strokes_are_read_beside_black_ones(color):
    sketch = read_strokes(
        make_canvas(
            make_stroke(make_wave(120), 6), make_stroke(make_wave(250), 6, color=color), make_stroke(make_wave(380), 4)
        )
    )
    edges = read_edges(sketch, size=(128, 128))
    assert (edges.reading, pieces(edges)) == ("lines", 3)


def test_pencil_on_photographed_paper_gives_its_lines():
    drawn = read_strokes(make_canvas(*(make_stroke(make_wave(y), 5) for y in (100, 250, 400)))).pixels
    grain = np.random.default_rng(2).uniform(0.6, 1, (512, 512, 1))
    photo = light_unevenly((255 - (255 - drawn) * 0.5 * grain).astype(np.uint8), 0.6, noise=3)
    edges = read_edges(read_image(Image.fromarray(photo)), size=(128, 128))
    assert (edges.reading, pieces(edges), enclosed(edges)) == ("lines", 3, 0)


def test_a_line_of_one_pixel_in_a_huge_picture_does_not_fade():
    image = Image.new("RGB", (4000, 3000), "white")
    image.paste("black", (500, 1500, 3500, 1501))
    edges = read_edges(read_image(image), size=(128, 128))
    assert (edges.reading, pieces(edges)) == ("lines", 1)
    assert (edges.pixels > 0).any(axis=0).sum() == pytest.approx(96, abs=3)


def test_a_tiny_drawing_is_read():
    edges = read_edges(read_image(draw_house(64)), size=(128, 128))
    assert edges.reading == "lines"
    assert enclosed(edges) >= 2


@pytest.mark.parametrize(
    "make",
    [
        lambda: draw_balls(255),
        lambda: draw_balls(140, 6),
        draw_clip_art,
        skimage.data.astronaut,
        skimage.data.coffee,
        skimage.data.rocket,
    ],
    ids=["shaded", "noisy", "clip art", "portrait", "coffee", "night"],
)
def test_auto_reads_pictures_by_canny(make):
    edges = read_edges(read_image(Image.fromarray(make())), size=(128, 128))
    assert edges.reading == "canny"
    assert edges.pixels.any()


def test_canny_obeys_its_thresholds():
    sketch = read_image(Image.fromarray(skimage.data.astronaut()))
    ink = [
        int((read_edges(sketch, "canny", low, high, (128, 128)).pixels > 0).sum())
        for low, high in ((0, 30), (50, 150), (150, 255))
    ]
    assert ink[0] > 1.2 * ink[1] > 1.4 * ink[2] > 0


def test_a_photograph_may_be_read_as_lines_all_the_same():
    edges = read_edges(read_image(Image.fromarray(skimage.data.coffee())), "lines", size=(128, 128))
    assert edges.reading == "lines"
    assert 0.005 < (edges.pixels > 0).mean() < 0.4


def test_equal_sketches_give_equal_maps_and_chalk_the_same_as_ink():
    drawn = read_image(draw_house(300))
    for reading in ("lines", "canny"):
        assert read_edges(drawn, reading) == read_edges(read_image(draw_house(300)), reading)
    chalk = read_image(Image.fromarray(invert(np.asarray(draw_house(300)))))
    assert read_edges(chalk, size=(128, 128)) == read_edges(drawn, size=(128, 128))


@pytest.mark.parametrize(("size", "message"), [((4, 128), "4 x 128"), ((128, 5000), "128 x 5000")])
def test_a_map_of_another_size_than_can_be_drawn_is_refused(size, message):
    with pytest.raises(SettingError, match=message):
        read_edges(read_image(draw_house(100)), size=size)


@pytest.mark.parametrize("is_drawing", [True, False])
def test_auto_goes_by_what_the_sketch_says(is_drawing):
    edges = read_edges(Sketch(np.asarray(draw_house(100)), is_drawing))
    assert edges.reading == ("lines" if is_drawing else "canny")


def test_nothing_but_paper_gives_an_empty_map():
    edges = read_edges(Sketch(np.full((100, 100, 3), 255, np.uint8), is_drawing=True), size=(128, 128))
    assert not edges.pixels.any()


def draw_in_dots(side: int = 512) -> Sketch:
    """A disc and a box in ink on paper that is printed in dots."""
    rows, columns = np.indices((side, side)) * 512 / side
    dots = np.hypot(rows % 8 - 4, columns % 8 - 4) < 2.4
    picture = np.where(dots[..., None], np.uint8((200, 70, 60)), np.uint8((250, 240, 220)))
    ring = np.abs(np.hypot(rows - 256, columns - 256) - 150) < 3.5
    picture[ring] = 25
    return Sketch(picture, is_drawing=False)


def measure_outside(edges) -> float:
    """The share of edges farther than 10 px of 512 from the ring."""
    rows, columns = np.nonzero(edges.pixels)
    scale = 512 / edges.pixels.shape[0]
    away = np.abs(np.hypot(rows * scale - 256, columns * scale - 256) - 150)
    return float((away > 10).mean())


@pytest.mark.parametrize("side", [256, 512, 1024])
def test_a_picture_in_dots_is_read_by_its_outlines(side):
    """A picture of dots had 28 of 100 px as edges, no region was left, and pocket painted it grey."""
    sketch = draw_in_dots()
    edges = read_edges(sketch, size=(side, side))
    assert edges.reading == "canny"
    assert measure_outside(edges) < 0.1
    assert enclosed(edges) >= 1, "the ring is closed"
    assert measure_outside(read_edges(sketch, "canny", size=(side, side))) > 0.7, "who asks for Canny's edges has all"


@pytest.mark.parametrize("name", ["astronaut", "coffee", "chelsea", "rocket"])
def test_photographs_are_read_as_before(name):
    sketch = Sketch(getattr(skimage.data, name)(), is_drawing=False)
    assert np.array_equal(read_edges(sketch).pixels, read_edges(sketch, "canny").pixels)
