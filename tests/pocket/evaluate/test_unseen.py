"""The held-out style families: out of reach of training, deterministic, told apart, quick."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from pipeline.errors import StyleError
from pipeline.painters import DEFAULTS, PAINTERS, draw_parameters, render
from pipeline.painters.surface import Picture
from pipeline.pocket.data import dataset
from pipeline.pocket.evaluate.measures import LookMeasure
from pipeline.pocket.evaluate.unseen import SITTINGS, UNSEEN, UNSEEN_DEFAULTS, make_unseen_references
from pipeline.pocket.references import draw_scene
from tests.tools.processor_time import measure_against_yardstick

ROOT = Path(__file__).resolve().parents[3]
NAMES = tuple(UNSEEN)
SIDE = 128
CONTENTS = ("drive", "fox", "harbour")


@cache
def content(name: str, side: int = SIDE) -> Picture:
    return cv2.resize(draw_scene(name), (side, side), interpolation=cv2.INTER_AREA)


@cache
def painted(family: str, name: str) -> Picture:
    return UNSEEN[family](content(name), np.random.default_rng(5))


def pixels(picture: Picture) -> np.ndarray:
    return (picture * 255 + 0.5).astype(np.uint8)


def imported(path: Path) -> set[str]:
    """Every module that a file may import, at its top or inside its functions."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in found if name.startswith("pipeline")}


def file_of(module: str) -> Path | None:
    path = ROOT.joinpath(*module.split("."))
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.exists()), None)


def within_reach(*modules: str) -> set[str]:
    """These modules and all that they import, directly or not."""
    seen: set[str] = set()
    waiting = list(modules)
    while waiting:
        module = waiting.pop()
        file = file_of(module)
        if module not in seen and file is not None:
            seen.add(module)
            waiting += imported(file)
    return seen


def test_at_least_eight_families_and_none_is_in_the_library() -> None:
    assert len(UNSEEN) >= 8  # a result is measured against its own reference and seven others
    assert set(UNSEEN) == set(UNSEEN_DEFAULTS) == set(SITTINGS)
    assert not set(UNSEEN) & set(PAINTERS)
    assert not set(UNSEEN) & {folder.name for folder in (ROOT / "styles").iterdir()}
    known = {renderer.paint for renderer in PAINTERS.values()}
    assert not known & {family.paint for family in UNSEEN.values()}  # nor under another name


def test_what_makes_training_pictures_never_imports_them() -> None:
    reach = within_reach(
        "pipeline.pocket.train.__main__",
        "pipeline.pocket.data.dataset",
        "pipeline.pocket.references.__main__",
        "pipeline.studio.studio",
        "app",
    )
    assert {"pipeline.painters", "pipeline.pocket.data.scenes", "pipeline.painters.craft"} <= reach
    assert not {module for module in reach if "unseen" in module}


@pytest.mark.parametrize("name", NAMES)
def test_the_dataset_cannot_wear_one(name: str) -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(StyleError, match=name):
        render(name, content("cat"), UNSEEN_DEFAULTS[name], rng)
    with pytest.raises(StyleError, match=name):
        draw_parameters(name, rng)
    assert name not in DEFAULTS
    for number in (0, 1):
        with pytest.raises((StyleError, KeyError), match=name):
            dataset.draw_look_parameters(dataset.Look(name, number))


@pytest.mark.parametrize("name", NAMES)
def test_same_seed_same_pixels_and_another_seed_only_moves_the_grain(name: str) -> None:
    first, again, other = (UNSEEN[name](content("drive"), np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert np.abs(first.mean(axis=(0, 1)) - other.mean(axis=(0, 1))).max() < 0.05


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", [(128, 128), (96, 160), (33, 32)])
def test_any_drawn_look_is_finite_and_in_range_and_leaves_its_picture_alone(name: str, shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(3)
    picture = cv2.resize(content("cat"), shape[::-1])
    before = picture.copy()
    for flat in (picture, np.ones_like(picture), np.zeros_like(picture)):
        result = UNSEEN[name](flat, rng, UNSEEN[name].draw(rng))
        assert result.dtype == np.float32
        assert result.shape == (*shape, 3)
        assert np.isfinite(result).all()
        assert result.min() >= 0
        assert result.max() <= 1
    assert np.array_equal(picture, before)


@pytest.mark.parametrize("name", NAMES)
def test_every_parameter_changes_the_look(name: str) -> None:
    family = UNSEEN[name]
    for parameter, span in family.spans.items():
        low, high = (
            family(content("meadow"), np.random.default_rng(1), {**family.defaults(), parameter: value})
            for value in (span.low, (span.low + span.high) / 2)
        )  # a hue's two ends are the same
        assert np.abs(low - high).mean() > 0.002, parameter


def test_wrong_parameters_and_pictures_are_refused_by_name() -> None:
    family, rng = UNSEEN["batik"], np.random.default_rng(0)
    with pytest.raises(StyleError, match="crackles"):
        family(content("cat"), rng, {"crackles": 1.0})
    with pytest.raises(StyleError, match="uint8"):
        family(np.zeros((64, 64, 3), np.uint8), rng)  # type: ignore[arg-type]
    with pytest.raises(StyleError, match="32 px"):
        family(np.zeros((64, 16, 3), np.float32), rng)
    with pytest.raises(StyleError, match="16"):
        make_unseen_references(16)


def test_references_are_always_the_same_pictures_at_any_side() -> None:
    large, small = make_unseen_references(), make_unseen_references(128)
    assert list(large) == list(small) == sorted(UNSEEN)
    for name in NAMES:
        assert large[name].dtype == small[name].dtype == np.uint8
        assert large[name].shape == (512, 512, 3)
        assert small[name].shape == (128, 128, 3)
        assert large[name].std() > 25  # a picture, not a swatch
    sitting = SITTINGS["delft"]
    again = UNSEEN["delft"](draw_scene(sitting.scene, sitting.mirrored), np.random.default_rng(sitting.seed))
    assert np.array_equal(pixels(again), large["delft"])
    small["delft"][:] = 0  # what a caller does to a reference stays with the caller
    assert make_unseen_references(128)["delft"].any()
    large["delft"][:] = 0
    assert make_unseen_references()["delft"].any()


def library_references() -> dict[str, np.ndarray]:
    found = {}
    for folder in sorted((ROOT / "styles").iterdir()):
        with Image.open(folder / "reference.webp") as image:
            found[folder.name] = np.asarray(image.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BOX))
    return found


def test_a_picture_is_nearer_its_own_reference_than_seven_others() -> None:
    """Other contents than the reference's, rivals from the library as from the other families."""
    own = make_unseen_references(SIDE)
    everything = {**library_references(), **own}
    measure = LookMeasure.standardise(list(everything.values()))
    rng = np.random.default_rng(4)
    hits: dict[str, list[bool]] = {}
    for name in NAMES:
        for scene in (scene for scene in CONTENTS if scene != SITTINGS[name].scene):
            rivals = rng.permutation([other for other in everything if other != name])[:7]
            shelf = [own[name], *(everything[str(rival)] for rival in rivals)]
            hits.setdefault(name, []).append(measure.find_nearest(pixels(painted(name, scene)), shelf) == 0)
    rates = {name: float(np.mean(found)) for name, found in hits.items()}
    assert np.mean(list(rates.values())) > 0.7, rates  # one in eight by chance
    assert min(rates.values()) >= 0.25, rates


@pytest.mark.parametrize("name", NAMES)
def test_small_and_large_pictures_wear_the_same_look(name: str) -> None:
    large = UNSEEN[name](content("drive", 512), np.random.default_rng(5))
    small = cv2.resize(large, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    assert np.abs(small.mean(axis=(0, 1)) - painted(name, "drive").mean(axis=(0, 1))).max() < 0.12


@pytest.mark.parametrize("name", NAMES)
def test_quick_enough(name: str) -> None:
    """At most 2 yardsticks at 256 px here (batik); the bar leaves room for a busy machine."""
    assert measure_against_yardstick(lambda seed: UNSEEN[name](content("drive", 256), np.random.default_rng(seed))) < 10
