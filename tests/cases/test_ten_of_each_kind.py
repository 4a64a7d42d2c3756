"""Ten more inputs of each kind of the shared cases, made by code; at least nine are read rightly."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from pipeline.errors import CroquisError, SettingError, SketchError
from pipeline.models.catalog import SD15
from pipeline.page.restoring import restore_picture
from pipeline.request.order import parse_order
from pipeline.settings import ROOT
from pipeline.sketch.edges import read_edges
from pipeline.sketch.image_file import open_image
from pipeline.sketch.intake import read_image
from pipeline.styles.reference import crop_reference
from pipeline.values import Sketch
from tests.page.test_restoring import make_picture
from tests.request.test_foreign_data import A1111, FOOOCUS, INVOKE, NOVELAI, make_graph
from tests.tools.icc_profiles import SPACES, make_profile
from tests.tools.mixed_inputs import MixedInput, find_recall, is_told_or_followed, make_ghost, make_shapes
from tests.tools.paper_photos import LOOKS, Look, PaperPhoto, compare_lines, photograph_look

pytestmark = pytest.mark.slow
RIGHT = 0.85  # precision and recall of a reading that is right
HALF = 0.5  # share of the lines that a reading follows which is not right and is not told
SHEET = Sketch(np.full((64, 64, 3), 255, np.uint8), is_drawing=True)
HEIC = (ROOT / "tests" / "data" / "house.heic").read_bytes()


@cache
def load_sketches() -> tuple[Mapping[str, Any], ...]:
    """Load the drawings by another hand that tests/data/sketches holds."""
    files = sorted((ROOT / "tests" / "data" / "sketches").glob("*.json"))
    read = (json.loads(file.read_text(encoding="utf-8")) for file in files)
    canvases = (value.get("canvas", value) for value in read if isinstance(value, dict))
    return tuple(canvas for canvas in canvases if "strokes" in canvas)


def pick_sketch(number: int) -> Mapping[str, Any]:
    return load_sketches()[number % len(load_sketches())]


def is_right(photo: PaperPhoto) -> bool:
    edges = read_edges(read_image(photo.encode()), size=(512, 512))
    return edges.reading == "lines" and min(compare_lines(edges.pixels, photo)) >= RIGHT


@pytest.mark.parametrize("kind", sorted(LOOKS))
def test_photographs_of_drawings(kind: str) -> None:
    number, look = sorted(LOOKS).index(kind), LOOKS[kind]
    photos = [
        photograph_look(pick_sketch(7 * number + 6 * turn), look, np.random.default_rng([91, number, turn]))
        for turn in range(10)
    ]
    wrong = [photo for photo in photos if not is_right(photo)]
    assert len(wrong) <= 1, "at least nine are read rightly"
    assert all(is_told_or_followed(MixedInput(kind, photo.encode(), photo.lines), HALF) for photo in wrong)


@pytest.mark.parametrize("lighter", [False, True], ids=["dark on colours", "light on colours"])
def test_papers_of_any_colour(lighter: bool) -> None:
    right = 0
    for turn in range(10):
        rng = np.random.default_rng([92, turn, lighter])
        paper = np.array(rng.permutation([rng.uniform(150, 225), rng.uniform(60, 190), rng.uniform(40, 150)]))
        paper = paper * (0.8 if lighter else 1)
        ink = (250, 250, 250) if lighter else (20, 20, 25)
        look = Look(paper=tuple(paper.round().astype(int).tolist()), ink=ink, noise=2)
        right += is_right(photograph_look(pick_sketch(5 * turn + 3), look, rng))
    assert right >= 9


def test_pale_shapes_are_followed_or_told() -> None:
    shapes = [given for given in make_shapes() if given.name.startswith("flat")][:10]
    assert len(shapes) == 10 and all(is_told_or_followed(given, RIGHT) for given in shapes)


def test_ghosts_have_outlines() -> None:
    ghosts = [make_ghost(number, soft=number % 2 == 1) for number in range(10)]
    found = [find_recall(read_edges(read_image(ghost.data), size=(512, 512)).pixels, ghost) for ghost in ghosts]
    assert sum(recall >= RIGHT for recall in found) >= 9


def test_lines_on_clear_of_any_colour() -> None:
    right = 0
    for turn in range(10):
        plain = photograph_look(pick_sketch(4 * turn), Look(noise=0), np.random.default_rng(0))
        alpha = 255 - plain.pixels.min(axis=2)
        alpha[alpha < 20] = 0
        grey = np.full_like(alpha, (255, 240, 0, 60, 255)[turn % 5])
        if turn % 5 == 4:
            grey[:, : grey.shape[1] // 2] = 0
        file = io.BytesIO()
        Image.merge("LA", (Image.fromarray(grey), Image.fromarray(alpha))).save(file, "PNG")
        edges = read_edges(read_image(file.getvalue()), size=(512, 512))
        right += min(compare_lines(edges.pixels, plain)) >= RIGHT
    assert right >= 9


def make_swatches(rng: np.random.Generator) -> Image.Image:
    colors = rng.integers(40, 215, (2, 2, 3)).astype(np.uint8)
    return Image.fromarray(colors.repeat(64, axis=0).repeat(64, axis=1))


@pytest.mark.parametrize("space", sorted(SPACES))
def test_colours_of_other_spaces(space: str) -> None:
    right, profile = 0, make_profile(space)
    for turn in range(10):
        swatches = make_swatches(np.random.default_rng([93, turn]))
        stored = ImageCms.profileToProfile(
            swatches, ImageCms.createProfile("sRGB"), ImageCms.ImageCmsProfile(io.BytesIO(profile))
        )
        assert stored is not None
        assert np.abs(np.asarray(stored, int) - np.asarray(swatches, int)).max() > 8  # the numbers are others
        file = io.BytesIO()
        stored.save(file, "PNG", icc_profile=profile)
        reference = crop_reference(open_image(file.getvalue(), "style's picture"))
        found = np.asarray(reference, int)[128::256, 128::256]
        right += np.abs(found - np.asarray(swatches, int)[32::64, 32::64]).max() <= 6
    assert right >= 9


def make_style_picture(turn: int) -> tuple[Image.Image, str]:
    """Return a style's picture of an unusual kind, and the format to store it in."""
    grey = np.tile(np.linspace(0, 1, 96), (96, 1)) ** (1 + turn / 5)
    if turn % 4 == 0:
        return Image.fromarray((grey * 65535).astype(np.uint16)), "PNG"
    if turn % 4 == 1:
        return Image.fromarray((grey * (1.0 if turn < 5 else 255.0)).astype(np.float32)), "TIFF"
    shape = Image.new("LA", (96, 96), (255 if turn % 4 == 2 else 0, 0))
    shape.paste((255 if turn % 4 == 2 else 0, 255), (20, 20, 60 + turn, 60 + turn))
    return shape, "PNG"


def test_style_pictures_of_unusual_kinds_can_be_seen() -> None:
    seen = 0
    for turn in range(10):
        image, kind = make_style_picture(turn)
        file = io.BytesIO()
        image.save(file, kind)
        reference = np.asarray(crop_reference(open_image(file.getvalue(), "style's picture")))
        seen += np.ptp(reference) > 200 and reference.std() > 10
    assert seen >= 9


@pytest.mark.parametrize("turn", range(10))
def test_blank_style_pictures_are_refused(turn: int) -> None:
    image = Image.new("RGBA", (80 + turn, 90), ((255 - 20 * turn,) * 3 + (255 if turn % 2 else 0,)))
    with pytest.raises(CroquisError, match="one colour"):
        crop_reference(image)


@pytest.mark.parametrize("turn", range(10))
def test_damaged_heics_are_named(turn: int) -> None:
    with pytest.raises(SketchError, match=r"HEIC|HEIF"):
        open_image(HEIC[: 30 + turn * (len(HEIC) - 60) // 10])


@pytest.mark.parametrize("turn", range(10))
def test_animations_begin_where_something_is_drawn(turn: int) -> None:
    empty = [Image.new("RGB", (120, 120), (255 - number,) * 3) for number in range(turn)]
    drawn = Image.new("RGB", (120, 120), "white")
    drawn.paste("black", (30, 20 + turn, 90, 26 + turn))
    first, *others = [*empty, drawn]
    file = io.BytesIO()
    first.save(file, ("GIF", "WEBP")[turn % 2], save_all=True, append_images=others, duration=50)
    assert read_edges(read_image(file.getvalue())).pixels.any()


def make_seeded_graph(seed: int) -> dict[str, Any]:
    graph = make_graph()
    graph["3"]["inputs"]["seed"] = seed
    return graph


NOTES: tuple[Callable[[int], dict[str, Any]], ...] = (
    lambda turn: {"parameters": A1111.replace("Seed: 7", f"Seed: {turn}")},
    lambda turn: {"parameters": FOOOCUS | {"seed": str(turn)}},
    lambda turn: {"prompt": make_seeded_graph(turn)},
    lambda turn: {"invokeai_metadata": INVOKE | {"seed": turn}},
    lambda turn: {"Comment": NOVELAI | {"seed": turn}},
)


@pytest.mark.parametrize("turn", range(10))
def test_pictures_of_other_programs_come_back(turn: int) -> None:
    restored = restore_picture(SD15, make_picture(**NOTES[turn % 5](100 + turn)))
    assert (restored.settings["prompt"], restored.settings["negative_prompt"]) == ("a fox", "rain")
    assert restored.settings["seed"] == 100 + turn and restored.message


@pytest.mark.parametrize("seed", [2**32, 2**40, 10**15 + 7, -2, -(10**9), 648312782957427, 2**63, 10**30, 1e12, 2**53])
def test_limits_of_numbers_are_readable(seed: float) -> None:
    with pytest.raises(SettingError, match=r"from -1 to 4,294,967,295; .*came"):
        parse_order(SD15, sketch=SHEET, seed=seed)
