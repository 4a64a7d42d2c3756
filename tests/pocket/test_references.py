"""Test the style folders: complete, of one size, remade by the code that made them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.painters import PAINTERS
from pipeline.painters.source import Source
from pipeline.pocket.references import SCENES, SITTINGS, draw_scene, draw_shapes, paint_reference
from pipeline.pocket.references.inked import ink_shapes

pytestmark = pytest.mark.slow

STYLES = Path(__file__).resolve().parents[2] / "styles"
FOLDERS = tuple(sorted(folder for folder in STYLES.iterdir() if folder.is_dir()))


def read_reference(folder: Path) -> np.ndarray:
    """Read a style's reference as float32 (512, 512, 3) RGB in [0, 1]."""
    with Image.open(folder / "reference.webp") as image:
        assert image.mode == "RGB"
        return np.asarray(image, np.float32) / 255


def test_every_painter_has_a_folder_and_a_scene() -> None:
    assert len(FOLDERS) >= 32
    assert {folder.name for folder in FOLDERS} == set(PAINTERS) == set(SITTINGS)
    assert {sitting.scene for sitting in SITTINGS.values()} <= set(SCENES)
    assert {"cyberpunk", "ghibli", "industrial", "sketch"} <= {folder.name for folder in FOLDERS}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_folder_holds_words_a_template_and_a_square_picture(folder: Path) -> None:
    data = json.loads((folder / "style.json").read_text())
    assert list(data) == ["id", "name", "words", "template", "licence", "credit"]
    assert data["id"] == folder.name
    assert data["name"].strip() == data["name"] != ""
    assert 4 <= len(data["words"]) <= 40
    assert len(set(data["words"])) == len(data["words"])
    assert data["template"].count("{prompt}") == 1
    assert data["licence"] == "CC0-1.0"
    assert read_reference(folder).shape == (512, 512, 3)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_reference_is_what_the_code_paints(folder: Path) -> None:
    """WebP is lossy, so equal up to its noise."""
    painted = paint_reference(folder.name).astype(np.float32) / 255
    assert np.abs(read_reference(folder) - painted).mean() < 0.03


@pytest.mark.parametrize("name", SCENES)
def test_a_scene_is_inked_as_a_drawing(name: str) -> None:
    """Its regions have one colour each or nearly so, and pen lines part those that differ."""
    painting = ink_shapes(draw_shapes(name))
    source = Source(painting)
    assert painting.lines.shape == (512, 512)
    assert 0.03 < (painting.lines > 128).mean() < 0.2
    assert 10 < painting.regions.max() < 160
    assert source.outlined
    apart = source.borders & (source.border_strength > 0.5)
    assert (source.pen_distance[apart] < 2).mean() > 0.9


def test_mirroring_mirrors_the_whole_painting() -> None:
    plain, mirrored = (ink_shapes(draw_shapes("fox"), turned) for turned in (False, True))
    assert np.array_equal(plain.colours[:, ::-1], mirrored.colours)
    assert np.corrcoef(plain.lines[:, ::-1].ravel(), mirrored.lines.ravel())[0, 1] > 0.9


def test_references_differ_from_each_other() -> None:
    small = np.stack([read_reference(folder)[4::8, 4::8] for folder in FOLDERS])
    for k, one in enumerate(small):
        assert min(np.abs(one - other).mean() for j, other in enumerate(small) if j != k) > 0.05


@pytest.mark.parametrize("name", SCENES)
def test_a_scene_is_a_picture_and_always_the_same(name: str) -> None:
    scene = draw_scene(name)
    assert np.array_equal(scene, draw_scene(name))
    assert np.array_equal(scene[:, ::-1], draw_scene(name, mirrored=True))
    light = scene.mean(axis=2)
    assert light.std() > 0.1
    assert np.abs(np.diff(light, axis=1)).max() > 0.3  # shapes with borders, not a swatch
    assert len(np.unique((scene[::8, ::8] * 15).astype(int).reshape(-1, 3), axis=0)) > 25
